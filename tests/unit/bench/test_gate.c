/* SPDX-License-Identifier: MIT */
/* What an interval decides, and what a stored result can tell. */
#include "bench/gate.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "os/file.h"
#include "tests/unit/unit.h"

static char folder[64], file[96];
static struct lp_bench bench;
static struct lp_bench_lock lock;
static const struct lp_driver driver = {.name = "flock"};

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/lp-gate-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/result.json", folder);
    lock = (struct lp_bench_lock){.text = "flock", .driver = &driver};
    bench = (struct lp_bench){.locks = &lock, .lock_count = 1, .processors = 2};
    snprintf(bench.filesystem, sizeof bench.filesystem, "tmpfs");
}

static void tear_down(void)
{
    lp_folder_remove(folder);
}

/* Now: the bare pair takes `bare_ns` (0: there is no bare loop), the driver's `times` as long. */
static void measure_now(double bare_ns, double times)
{
    struct lp_overhead *overhead = &lock.overhead;
    *overhead = (struct lp_overhead){.measured = true, .has_bare = bare_ns > 0};
    double base = bare_ns > 0 ? bare_ns : 1000;
    overhead->pair_ns[LP_LOOP_BARE] = (struct lp_figure){base, base, base};
    overhead->pair_ns[LP_LOOP_OFF] = (struct lp_figure){base * times, base, base};
    overhead->ratio[LP_LOOP_OFF] = (struct lp_figure){1 / times, 0.999 / times, 1.001 / times};
}

/* Then: the same, in a file, of a machine with this name. */
static void store(const char *host, double bare_ns, double pair_ns, double ratio)
{
    char text[1024], bare[128] = "";
    struct lp_err err;
    if (bare_ns > 0)
        snprintf(bare, sizeof bare, "{\"loop\":\"bare\",\"pair_ns\":{\"median\":%f}},", bare_ns);
    snprintf(text, sizeof text,
             "{\"kind\":\"bench\",\"machine\":{\"host\":\"%s\",\"filesystem\":\"tmpfs\","
             "\"processors\":2},\"wake_ns\":{\"any\":{\"p50\":2000}},\"locks\":[{\"name\":"
             "\"flock\",\"overhead\":{\"loops\":[%s{\"loop\":\"off\",\"pair_ns\":{\"median\":%f},"
             "\"ratio\":{\"median\":%f,\"low\":%f,\"high\":%f}}]}}]}",
             host, bare, pair_ns, ratio, ratio * 0.999, ratio * 1.001);
    ck_assert_int_eq(lp_file_write(file, text, strlen(text), &err), 0);
}

static const char *this_host(void)
{
    static struct utsname host;
    uname(&host);
    return host.nodename;
}

static enum lp_gate_answer answer(void)
{
    struct lp_comparison gate = {.regress_max = 0.10};
    struct lp_err err = {0};
    ck_assert_msg(lp_gate_stored(&gate, &bench, file, &err) == 0, "%s", err.text);
    ck_assert_uint_eq(gate.row_count, 1);
    ck_assert_uint_eq(gate.wake_then_ns, 2000);
    enum lp_gate_answer given = gate.rows[0].answer;
    ck_assert(gate.rows[0].why[0] != '\0');
    lp_comparison_release(&gate);
    return given;
}

START_TEST(only_a_whole_interval_decides)
{
    const struct lp_figure below = {1.0, 0.9, 1.10}, above = {1.3, 1.101, 1.5},
                           around = {1.1, 1.05, 1.15}, few = {1.3, 0, 1e300};
    ck_assert_int_eq(lp_gate_decide(&below, 0.10), LP_GATE_PASS);
    ck_assert_int_eq(lp_gate_decide(&above, 0.10), LP_GATE_REGRESSION);
    ck_assert_int_eq(lp_gate_decide(&around, 0.10), LP_GATE_CANNOT_TELL);
    ck_assert_int_eq(lp_gate_decide(&few, 0.10), LP_GATE_CANNOT_TELL);
}
END_TEST

START_TEST(a_stored_result_of_a_like_machine_passes_and_fails)
{
    store(this_host(), 1000, 1020, 1 / 1.02);
    measure_now(1010, 1.03);
    ck_assert_int_eq(answer(), LP_GATE_PASS);
    measure_now(1010, 1.35);
    ck_assert_int_eq(answer(), LP_GATE_REGRESSION);
}
END_TEST

/* The same lock, and a machine that is a third slower: nothing to be told about the lock. */
START_TEST(a_machine_that_moved_is_no_answer)
{
    store(this_host(), 1000, 1020, 1 / 1.02);
    measure_now(1330, 1.02);
    ck_assert_int_eq(answer(), LP_GATE_CANNOT_TELL);
    measure_now(750, 1.02);
    ck_assert_int_eq(answer(), LP_GATE_CANNOT_TELL);
    measure_now(1330, 1.33);
    ck_assert_int_eq(answer(), LP_GATE_CANNOT_TELL);
}
END_TEST

START_TEST(without_a_bare_loop_only_a_great_change_is_told)
{
    store(this_host(), 0, 1000, 1);
    measure_now(0, 1.3);
    ck_assert_int_eq(answer(), LP_GATE_CANNOT_TELL);
    measure_now(0, 1.0);
    ck_assert_int_eq(answer(), LP_GATE_CANNOT_TELL);
    measure_now(0, 2.0);
    ck_assert_int_eq(answer(), LP_GATE_REGRESSION);
}
END_TEST

START_TEST(another_machine_is_no_answer)
{
    store("some-other-host", 1000, 1020, 1 / 1.02);
    measure_now(1000, 2);
    ck_assert_int_eq(answer(), LP_GATE_CANNOT_TELL);
}
END_TEST

static void refused(const char *text, const char *expected)
{
    struct lp_comparison gate = {.regress_max = 0.10};
    struct lp_err err = {0};
    ck_assert_int_eq(lp_file_write(file, text, strlen(text), &err), 0);
    ck_assert_int_eq(lp_gate_stored(&gate, &bench, file, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_USAGE);
    ck_assert_msg(strstr(err.text, expected) != NULL, "%s", err.text);
    lp_comparison_release(&gate);
}

START_TEST(what_is_no_result_is_refused)
{
    measure_now(1000, 1);
    refused("", "is no result.json");
    refused("[]", "is no result.json");
    refused("{\"kind\":\"bench\"", "is no result.json");
    refused("{\"kind\":7}", "is no result.json");
    refused("{\"kind\":\"bench\"}", "holds none of these locks");
    refused("{\"kind\":\"bench\",\"locks\":[7,{}]}", "holds none of these locks");
}
END_TEST

START_TEST(a_result_with_holes_is_no_answer)
{
    char text[256];
    struct lp_err err;
    measure_now(1000, 1);
    snprintf(
        text, sizeof text,
        "{\"kind\":\"bench\",\"wake_ns\":{\"any\":{\"p50\":2000}},\"machine\":{\"host\":\"%s\","
        "\"filesystem\":\"tmpfs\",\"processors\":2},\"locks\":[{\"name\":\"flock\"}]}",
        this_host());
    ck_assert_int_eq(lp_file_write(file, text, strlen(text), &err), 0);
    ck_assert_int_eq(answer(), LP_GATE_CANNOT_TELL);
}
END_TEST

START_TEST(a_regression_outranks_what_cannot_be_told)
{
    struct lp_comparison_row rows[3] = {{.answer = LP_GATE_PASS}};
    struct lp_comparison gate = {.rows = rows, .row_count = 3};
    ck_assert_int_eq(lp_gate_exit_status(&gate), 0);
    rows[1].answer = LP_GATE_CANNOT_TELL;
    ck_assert_int_eq(lp_gate_exit_status(&gate), 3);
    rows[2].answer = LP_GATE_REGRESSION;
    ck_assert_int_eq(lp_gate_exit_status(&gate), 1);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("bench gate");
    TCase *test_case = tcase_create("all");
    tcase_add_checked_fixture(test_case, set_up, tear_down);
    tcase_add_test(test_case, only_a_whole_interval_decides);
    tcase_add_test(test_case, a_stored_result_of_a_like_machine_passes_and_fails);
    tcase_add_test(test_case, a_machine_that_moved_is_no_answer);
    tcase_add_test(test_case, without_a_bare_loop_only_a_great_change_is_told);
    tcase_add_test(test_case, another_machine_is_no_answer);
    tcase_add_test(test_case, what_is_no_result_is_refused);
    tcase_add_test(test_case, a_result_with_holes_is_no_answer);
    tcase_add_test(test_case, a_regression_outranks_what_cannot_be_told);
    suite_add_tcase(suite, test_case);
    return suite;
}

LP_UNIT_MAIN(make_suite)
