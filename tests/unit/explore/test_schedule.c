/* SPDX-License-Identifier: MIT */
/* Schedule files: what is read, what is refused and where, and that what is written is read. */
#include <string.h>

#include "explore/schedule.h"
#include "tests/unit/unit.h"

#define HEAD "lockproof schedule 1\n"

static int parse(struct lp_schedule *schedule, const char *text, struct lp_err *err)
{
    return lp_schedule_parse(schedule, text, strlen(text), "race.schedule", err);
}

START_TEST(a_schedule_is_read)
{
    struct lp_schedule schedule;
    struct lp_err err = {0};
    const char *text = HEAD "# a comment\n"
                            "scenario: sqlite-naive   # the bundled one\n"
                            "workers: 2\n"
                            "\n"
                            "0: begin   deferred => ok\n"
                            "  1: lock a => <waiting>\r\n"
                            "1:\n"
                            "1: read\n"
                            "fault: kill 1 => ok\n"
                            "0: openat \"a#b\" => 3";
    ck_assert_msg(parse(&schedule, text, &err) == 0, "%s", err.text);
    ck_assert_uint_eq(schedule.key_count, 2);
    ck_assert_str_eq(lp_schedule_find(&schedule, "scenario")->value, "sqlite-naive");
    ck_assert_uint_eq(lp_schedule_find(&schedule, "workers")->line, 4);
    ck_assert_uint_eq(lp_schedule_find(&schedule, "workers")->column, 10);
    ck_assert_ptr_null(lp_schedule_find(&schedule, "rounds"));
    ck_assert_uint_eq(schedule.line_count, 6);
    const struct lp_schedule_line *lines = schedule.lines;
    ck_assert_str_eq(lines[0].step, "begin deferred");
    ck_assert_str_eq(lines[0].result, "ok");
    ck_assert_uint_eq(lines[1].worker, 1);
    ck_assert(lines[1].waiting);
    ck_assert_uint_eq(lines[1].column, 3);
    ck_assert_uint_eq(lines[1].step_column, 6);
    ck_assert_uint_eq(lines[1].result_column, 16);
    ck_assert_str_eq(lines[2].step, "");
    ck_assert_ptr_null(lines[2].result);
    ck_assert(!lines[2].waiting);
    ck_assert_ptr_null(lines[3].result);
    ck_assert_str_eq(lines[4].actor, "fault");
    ck_assert_str_eq(lines[4].step, "kill 1");
    ck_assert_str_eq(lines[5].step, "openat \"a#b\"");
    ck_assert_str_eq(lines[5].result, "3");
    lp_schedule_release(&schedule);
}
END_TEST

static const struct {
    const char *text;
    const char *where; /* how the message goes on after the file's name */
} bad[] = {
    {"", ":1:1: expected 'lockproof schedule 1' as the first line"},
    {"scenario: a\n", ":1:1: expected 'lockproof"},
    {"lockproof schedule 2\n", ":1:1: expected 'lockproof"},
    {HEAD "scenario a\n", ":2:1: expected 'KEY: VALUE' or"},
    {HEAD "scenario: a\nscenario: b\n", ":3:1: given a second time: 'scenario'"},
    {HEAD "scenario:\n", ":2:1: no value for 'scenario'"},
    {HEAD "workers: 2\n\n0: read\n", ":4:1: neither 'scenario: NAME' nor"},
    {HEAD "scenario: a\nprogram: b\n", ":3:10: both 'scenario' and 'program'"},
    {HEAD "scenario: a\n: read\n", ":3:1: nothing before the colon"},
    {HEAD "scenario: a\n0: read =>\n", ":3:11: nothing behind '=>'"},
    {HEAD "scenario: a\n0: r\xc3\xa9"
          "ad => <waitin>\n",
     ":3:12: expected <waiting>, not '<waitin>'"},
    {HEAD "scenario: a\x1b[31m\nx\x1b[31my\n", ":3:1: expected 'KEY: VALUE' or 'WORKER: STEP => "
                                               "RESULT', not 'x?[31my'"},
};

START_TEST(a_mistake_is_told_with_its_place)
{
    struct lp_schedule schedule;
    struct lp_err err = {0};
    ck_assert_int_eq(parse(&schedule, bad[_i].text, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_USAGE);
    ck_assert_msg(strncmp(err.text, "race.schedule", 13) == 0 &&
                      strncmp(err.text + 13, bad[_i].where, strlen(bad[_i].where)) == 0,
                  "%s", err.text);
}
END_TEST

START_TEST(a_zero_byte_is_no_text)
{
    struct lp_schedule schedule;
    struct lp_err err = {0};
    ck_assert_int_eq(lp_schedule_parse(&schedule, HEAD "\0", sizeof HEAD, "x", &err), -1);
    ck_assert_str_eq(err.text, "x: not a text file");
}
END_TEST

START_TEST(keys_that_nobody_knows_are_refused)
{
    static const char *const names[] = {"scenario", "workers", NULL};
    struct lp_schedule schedule;
    struct lp_err err = {0};
    ck_assert_int_eq(parse(&schedule, HEAD "scenario: a\nwokers: 2\n", &err), 0);
    ck_assert_int_eq(lp_schedule_allow(&schedule, names, &err), -1);
    ck_assert_str_eq(err.text, "race.schedule:3:1: unknown key 'wokers', did you mean 'workers'?");
    lp_schedule_release(&schedule);
    ck_assert_int_eq(parse(&schedule, HEAD "scenario: a\nworkers: 2\n", &err), 0);
    ck_assert_int_eq(lp_schedule_allow(&schedule, names, &err), 0);
    lp_schedule_release(&schedule);
}
END_TEST

START_TEST(what_is_written_is_read)
{
    struct lp_schedule schedule;
    struct lp_err err = {0};
    struct lp_str out;
    lp_str_init(&out);
    lp_schedule_write_head(&out);
    lp_schedule_write_comment(&out, "two\nlines");
    lp_schedule_write_key(&out, "scenario", "a file # with a hash.yaml");
    lp_schedule_write_line(&out, NULL, 0, "read", "ok 0");
    lp_schedule_write_line(&out, NULL, 12, "write \"a => b\n\"", NULL);
    lp_schedule_write_line(&out, "fault", 0, "kill 1", "ok");
    lp_schedule_write_line(&out, NULL, 1, "lock a", LP_SCHEDULE_WAITING);
    lp_schedule_write_line(&out, NULL, 1, "", NULL);
    ck_assert_msg(parse(&schedule, out.ptr, &err) == 0, "%s\n%s", err.text, out.ptr);
    ck_assert_str_eq(schedule.keys[0].value, "a file . with a hash.yaml");
    ck_assert_uint_eq(schedule.line_count, 5);
    ck_assert_str_eq(schedule.lines[0].result, "ok 0");
    ck_assert_uint_eq(schedule.lines[1].worker, 12);
    ck_assert_str_eq(schedule.lines[1].step, "write \"a .> b.\"");
    ck_assert_str_eq(schedule.lines[2].actor, "fault");
    ck_assert(schedule.lines[3].waiting);
    ck_assert_str_eq(schedule.lines[4].step, "");
    lp_schedule_release(&schedule);
    lp_str_release(&out);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("schedule");
    TCase *tcase = tcase_create("schedule");
    tcase_add_test(tcase, a_schedule_is_read);
    tcase_add_loop_test(tcase, a_mistake_is_told_with_its_place, 0, (int)LP_ARRAY_LEN(bad));
    tcase_add_test(tcase, a_zero_byte_is_no_text);
    tcase_add_test(tcase, keys_that_nobody_knows_are_refused);
    tcase_add_test(tcase, what_is_written_is_read);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
