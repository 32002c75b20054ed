/* SPDX-License-Identifier: MIT */
/* What right scenarios become: members, defaults, places. */
#include <stdio.h>

#include "base/str.h"
#include "drivers/driver.h"
#include "tests/unit/scenario/samples.h"
#include "tests/unit/scenario/vocabulary.h"
#include "tests/unit/unit.h"

static struct lp_scenario scenario;

static void parse(const char *text, const char *file)
{
    struct lp_err err = {0};

    ck_assert_msg(lp_scenario_parse(&scenario, text, strlen(text), file, &test_vocabulary, &err) ==
                      0,
                  "%s", err.text);
}

static const char *refusal(const char *text)
{
    static struct lp_err err;

    ck_assert_int_eq(
        lp_scenario_parse(&scenario, text, strlen(text), "f.yaml", &test_vocabulary, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_USAGE);
    ck_assert_ptr_null(scenario.arena.last);
    return err.text;
}

START_TEST(every_sample_is_accepted)
{
    parse(samples[_i].text, samples[_i].name);
    lp_scenario_release(&scenario);
    lp_scenario_release(&scenario); /* a second time does no harm */
}
END_TEST

START_TEST(what_is_not_given_has_its_default)
{
    parse("store: {driver: word}\nsteps: [add]\n", "folder.yaml/tiny.yaml");
    ck_assert_str_eq(scenario.file, "folder.yaml/tiny.yaml");
    ck_assert_str_eq(scenario.name, "tiny");
    ck_assert_str_eq(scenario.title, "tiny");
    ck_assert_str_eq(scenario.summary, "");
    ck_assert_ptr_null(scenario.why);
    ck_assert_ptr_null(scenario.fix);
    ck_assert_ptr_null(scenario.cause);
    ck_assert_int_eq(scenario.expect, LP_EXPECT_HELD);
    ck_assert_uint_eq(scenario.lock_count, 0);
    ck_assert_uint_eq(scenario.containers, 1);
    ck_assert_int_eq(scenario.placement, LP_PLACE_AUTO);
    ck_assert(!scenario.placement_needed && !scenario.misuse);
    ck_assert_uint_eq(scenario.rounds, 200);
    ck_assert_uint_eq(scenario.duration_ns, 0);
    ck_assert_int_eq(scenario.start, 0);
    ck_assert_uint_eq(scenario.deadline_ns, 10 * LP_SEC);
    ck_assert_uint_eq(scenario.timeout_ns, 60 * LP_SEC);
    ck_assert_uint_eq(scenario.min_meetings, 30);
    ck_assert_uint_eq(scenario.burst, 16);
    ck_assert_uint_eq(scenario.seed, 0);
    ck_assert_uint_eq(scenario.group_count, 1);
    const struct lp_group *group = &scenario.groups[0];
    ck_assert_str_eq(group->name, "workers");
    ck_assert_uint_eq(group->workers, 8);
    ck_assert_uint_eq(group->pause.min_ns, 0);
    ck_assert_uint_eq(group->pause.max_ns, 300 * LP_US);
    ck_assert_int_eq(group->container, -1);
    ck_assert_int_eq(group->on_error, LP_ON_ERROR_END_ROUND);
    ck_assert_int_eq(group->on_busy, LP_ON_BUSY_RETRY_ROUND);
    lp_scenario_release(&scenario);
}
END_TEST

START_TEST(a_duration_alone_leaves_rounds_open)
{
    parse("store: {driver: word}\nsteps: [add]\nduration: 2s\n", "x");
    ck_assert_uint_eq(scenario.rounds, 0);
    ck_assert_uint_eq(scenario.duration_ns, 2 * LP_SEC);
    lp_scenario_release(&scenario);
}
END_TEST

START_TEST(the_story_becomes_what_it_says)
{
    parse(samples[1].text, "advisory.yml");
    ck_assert_str_eq(scenario.name, "advisory");
    ck_assert_str_eq(scenario.title, "One writer ignores the flock");
    ck_assert_str_eq(scenario.fix, "Lock there too.");
    ck_assert_int_eq(scenario.expect, LP_EXPECT_BROKEN);
    ck_assert_str_eq(scenario.cause, "advisory-bypass");
    ck_assert_str_eq(scenario.store.name, "store");
    ck_assert_str_eq(scenario.store.driver, "file");
    ck_assert_uint_eq(scenario.store.driver_index, 0);
    ck_assert_uint_eq(scenario.store.setting_count, 2);
    ck_assert_str_eq(scenario.store.settings[0].key, "path");
    ck_assert_str_eq(scenario.store.settings[0].value, "{shared}/counter");
    ck_assert_uint_eq(scenario.store.settings[0].value_mark.line, 12);
    ck_assert_uint_eq(scenario.store.settings[0].value_mark.column, 29);
    ck_assert_uint_eq(scenario.lock_count, 1);
    ck_assert_str_eq(scenario.locks[0].name, "lock");
    ck_assert_str_eq(scenario.locks[0].driver, "flock");
    ck_assert_uint_eq(scenario.locks[0].driver_index, 1);
    ck_assert_str_eq(scenario.locks[0].settings[0].value, "{private}/{node}/{run}");
    ck_assert_uint_eq(scenario.group_count, 2);
    const struct lp_group *rogue = &scenario.groups[1];
    ck_assert_str_eq(rogue->name, "rogue");
    ck_assert_uint_eq(rogue->workers, 1);
    ck_assert_int_eq(rogue->container, 1);
    ck_assert_uint_eq(rogue->pause.max_ns, 0);
    ck_assert_int_eq(rogue->on_error, LP_ON_ERROR_CONTINUE);
    ck_assert_uint_eq(rogue->step_count, 3);
    ck_assert_int_eq(rogue->steps[1].kind, LP_STEP_THINK);
    ck_assert_uint_eq(rogue->steps[1].think.min_ns, 1500);
    ck_assert_uint_eq(rogue->steps[1].think.max_ns, 3600 * LP_SEC);
    ck_assert_uint_eq(rogue->steps[1].mark.line, 24);
    ck_assert_uint_eq(rogue->steps[1].mark.column, 9);
    lp_scenario_release(&scenario);
}
END_TEST

START_TEST(steps_find_their_locks_and_modes)
{
    static const struct {
        enum lp_step_kind kind;
        int target;
        unsigned mode;
    } expected[] = {
        {LP_STEP_LOCK, 0, LP_SHARED},
        {LP_STEP_UPGRADE, 0, 0},
        {LP_STEP_TRYLOCK, 1, LP_EXCLUSIVE},
        {LP_STEP_LOCK, 2, LP_SHARED},
        {LP_STEP_READ, -1, 0},
        {LP_STEP_CAS, -1, 0},
        {LP_STEP_READ, -1, 0},
        {LP_STEP_WRITE, -1, 0},
        {LP_STEP_BEGIN, -1, LP_BEGIN_DEFERRED},
        {LP_STEP_ROLLBACK, -1, 0},
        {LP_STEP_CLOSE, 2, 0},
        {LP_STEP_CLOSE, 0, 0},
        {LP_STEP_CLOSE, -1, 0},
        {LP_STEP_REOPEN, 0, 0},
        {LP_STEP_REOPEN, -1, 0},
        {LP_STEP_REOPEN, 2, 0},
        {LP_STEP_UNLOCK, 1, 0},
    };

    parse(samples[3].text, "x");
    ck_assert_uint_eq(scenario.groups[0].step_count, LP_ARRAY_LEN(expected));
    for (size_t i = 0; i < LP_ARRAY_LEN(expected); i++) {
        const struct lp_step *step = &scenario.groups[0].steps[i];
        ck_assert_int_eq(step->kind, expected[i].kind);
        ck_assert_int_eq(step->target, expected[i].target);
        ck_assert_uint_eq(step->mode, expected[i].mode);
    }
    lp_scenario_release(&scenario);
}
END_TEST

START_TEST(tokens_are_shown_of_the_lock_that_is_named)
{
    parse(
        "store: {driver: word}\nlocks: {a: {driver: flock, path: x}, b: {driver: flock, path: y}}\n"
        "steps: [lock a, lock b, read fenced b, renew a, write fenced a, read, write, unlock b, "
        "unlock a]\n",
        "x");
    const struct lp_step *steps = scenario.groups[0].steps;
    ck_assert_uint_eq(steps[2].fence, 2);
    ck_assert_int_eq(steps[2].target, -1);
    ck_assert_int_eq(steps[3].kind, LP_STEP_RENEW);
    ck_assert_int_eq(steps[3].target, 0);
    ck_assert_uint_eq(steps[4].fence, 1);
    ck_assert_uint_eq(steps[5].fence, 0);
    struct lp_str text;
    lp_str_init(&text);
    lp_scenario_write(&scenario, &text);
    ck_assert_ptr_nonnull(strstr(text.ptr, "read fenced b, renew a, write fenced a, read, write"));
    lp_str_release(&text);
    lp_scenario_release(&scenario);
}
END_TEST

START_TEST(begin_modes_are_those_of_the_driver_interface)
{
    parse("store: {driver: sqlite, path: x}\nsteps: [begin deferred, commit, begin immediate, "
          "commit, begin exclusive, rollback]\n",
          "x");
    ck_assert_uint_eq(scenario.groups[0].steps[0].mode, LP_BEGIN_DEFERRED);
    ck_assert_uint_eq(scenario.groups[0].steps[2].mode, LP_BEGIN_IMMEDIATE);
    ck_assert_uint_eq(scenario.groups[0].steps[4].mode, LP_BEGIN_EXCLUSIVE);
    lp_scenario_release(&scenario);
}
END_TEST

static const char *const misuses[] = {
    "[unlock]",
    "[lock, lock, unlock]",
    "[lock, read, write]",
    "[upgrade, unlock]",
    "[renew]",
    "[lock, upgrade, unlock]",
    "[lock shared, upgrade, upgrade, unlock]",
    "[commit]",
    "[rollback]",
    "[begin deferred]",
    "[begin deferred, begin deferred, commit]",
    "[close store]",
    "[reopen lock]",
    "[close lock, lock, unlock, reopen lock]",
    "[close store, read, reopen store]",
};

/* Each must be refused without, and accepted with, `misuse: true`. */
START_TEST(misuse_is_accepted_only_when_it_is_meant)
{
    static const char head[] = "store: {driver: sqlite, path: x}\n"
                               "lock: {driver: flock, path: y}\n";
    char text[256];

    snprintf(text, sizeof(text), "%ssteps: %s\n", head, misuses[_i]);
    ck_assert_ptr_nonnull(strstr(refusal(text), "misuse: true"));
    snprintf(text, sizeof(text), "%ssteps: %s\nmisuse: true\n", head, misuses[_i]);
    parse(text, "x");
    lp_scenario_release(&scenario);
}
END_TEST

static const char *const rounds[] = {
    "[lock, read, write, close lock, reopen lock]", /* closing lets go */
    "[begin immediate, read, write, close store, reopen store]",
    "[read, write, read, write]",
    "[lock shared, read, upgrade, write, unlock]",
    "[read, begin deferred, write, commit]",
    "[begin deferred, read, rollback, write]",
    "[lock, unlock, lock, unlock]",
    "[lock lock shared, unlock lock]",
    "[add, add]",
};

/* The nearest right neighbours of what the corpus of malformed ones holds. */
START_TEST(lawful_rounds_are_accepted)
{
    char text[256];

    snprintf(text, sizeof(text),
             "store: {driver: sqlite, path: x}\nlock: {driver: flock, path: y}\nsteps: %s\n",
             rounds[_i]);
    parse(text, "x");
    lp_scenario_release(&scenario);
}
END_TEST

static const struct {
    const char *line;
    bool accepted;
} cases[] = {
    {"workers: 10000", true},
    {"workers: 10001", false},
    {"containers: 1000", true},
    {"containers: 1001", false},
    {"start: -1000000000000000", true},
    {"start: -1000000000000001", false},
    {"seed: 18446744073709551615", true},
    {"seed: 18446744073709551616", false},
    {"burst: 0", true},
    {"deadline: 1us", true},
    {"deadline: 999ns", false},
    {"timeout: 24h", true},
    {"timeout: 86400.000000001s", false},
    {"pause: 5us..5us", true},
    {"pause: 1h", true},
    {"pause: 3600.000000001s", false},
    {"misuse: no", true},
    {"misuse: 0", false},
};

START_TEST(numbers_end_where_they_should)
{
    char text[256];

    snprintf(text, sizeof(text), "store: {driver: word}\nsteps: [add]\n%s\n", cases[_i].line);
    if (cases[_i].accepted) {
        parse(text, "x");
        lp_scenario_release(&scenario);
    } else {
        ck_assert_ptr_nonnull(strstr(refusal(text), "f.yaml:3:"));
    }
}
END_TEST

START_TEST(a_file_of_no_bytes_is_empty)
{
    struct lp_err err = {0};

    ck_assert_int_eq(lp_scenario_parse(&scenario, "", 0, "f.yaml", &test_vocabulary, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "f.yaml:1:1: the file is empty"));
}
END_TEST

START_TEST(text_is_not_read_beyond_its_length)
{
    static const char text[] = "store: {driver: word}\nsteps: [add]\n!";
    struct lp_err err = {0};

    ck_assert_int_eq(
        lp_scenario_parse(&scenario, text, sizeof(text) - 2, "x", &test_vocabulary, &err), 0);
    lp_scenario_release(&scenario);
}
END_TEST

START_TEST(a_huge_file_is_refused_at_once)
{
    const size_t len = (1u << 16) + 1;
    char *text = malloc(len);
    struct lp_err err = {0};

    ck_assert_ptr_nonnull(text);
    memset(text, '[', len);
    ck_assert_int_eq(lp_scenario_parse(&scenario, text, len, "f.yaml", &test_vocabulary, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "expected at most 65536"));
    /* The largest allowed, nested as deep as it goes. */
    ck_assert_int_eq(lp_scenario_parse(&scenario, text, len - 1, "f.yaml", &test_vocabulary, &err),
                     -1);
    ck_assert_ptr_nonnull(strstr(err.text, "f.yaml:1:17: nested too deep"));
    free(text);
}
END_TEST

START_TEST(a_long_path_leaves_place_and_message)
{
    char path[4096];
    struct lp_err err = {0};

    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    ck_assert_int_eq(lp_scenario_parse(&scenario, "[]", 2, path, &test_vocabulary, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "x:1:1: the scenario is a list, expected a mapping"));
}
END_TEST

START_TEST(control_characters_do_not_reach_the_terminal)
{
    const char *text = refusal("store: {driver: \"\\e[31mfile\"}\nsteps: [add]\n");

    ck_assert_ptr_null(strchr(text, '\033'));
    ck_assert_ptr_nonnull(strstr(text, "1:17: unknown driver `?[31mfile`"));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("scenario/parse");
    TCase *tcase = tcase_create("parse");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, every_sample_is_accepted, 0, LP_ARRAY_LEN(samples));
    tcase_add_test(tcase, what_is_not_given_has_its_default);
    tcase_add_test(tcase, a_duration_alone_leaves_rounds_open);
    tcase_add_test(tcase, the_story_becomes_what_it_says);
    tcase_add_test(tcase, steps_find_their_locks_and_modes);
    tcase_add_test(tcase, tokens_are_shown_of_the_lock_that_is_named);
    tcase_add_test(tcase, begin_modes_are_those_of_the_driver_interface);
    tcase_add_loop_test(tcase, misuse_is_accepted_only_when_it_is_meant, 0, LP_ARRAY_LEN(misuses));
    tcase_add_loop_test(tcase, lawful_rounds_are_accepted, 0, LP_ARRAY_LEN(rounds));
    tcase_add_loop_test(tcase, numbers_end_where_they_should, 0, LP_ARRAY_LEN(cases));
    tcase_add_test(tcase, a_file_of_no_bytes_is_empty);
    tcase_add_test(tcase, text_is_not_read_beyond_its_length);
    tcase_add_test(tcase, a_huge_file_is_refused_at_once);
    tcase_add_test(tcase, a_long_path_leaves_place_and_message);
    tcase_add_test(tcase, control_characters_do_not_reach_the_terminal);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
