/* SPDX-License-Identifier: MIT */
/* What does not lock is never shown as fast: in no table, no plot; and it decides the exit status.
 */
#include "bench/report.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bench/plotdata.h"
#include "bench/tables.h"
#include "os/file.h"
#include "tests/unit/unit.h"

static struct lp_bench bench;
static struct lp_bench_lock locks[2];
static struct lp_point points[2];
static struct lp_sample samples[2][3];
static double shares[2][2];
static struct lp_bench_report report;
static const struct lp_driver good_driver = {.name = "flock", .summary = "good"};
static const struct lp_driver bad_driver = {.name = "broken-noop", .summary = "bad, \"fast\""};
static struct lp_str out;

static void fill_point(struct lp_point *point, struct lp_sample *of, double *share, double rate)
{
    *point = (struct lp_point){
        .workers = 2, .samples = of, .sample_count = 3, .shares = share, .entered = 1000};
    for (size_t i = 0; i < 3; i++)
        of[i] = (struct lp_sample){.acquires_per_s = rate + (double)i,
                                   .handovers_per_s = rate / 2,
                                   .handover_share = 0.5,
                                   .jain = 1};
    share[0] = 1.25;
    share[1] = 0.75;
    for (uint64_t ns = 100; ns <= 1000; ns++)
        lp_histogram_add(&point->acquire_ns, ns);
    point->bins[7] = (struct lp_bin){.count = 2, .wait_ns = 300, .wait_ns_max = 200};
}

static void set_up(void)
{
    memset(&bench, 0, sizeof bench);
    lp_arena_init(&bench.arena);
    locks[0] = (struct lp_bench_lock){
        .text = "flock", .driver = &good_driver, .points = &points[0], .verdict = LP_BENCH_HELD};
    locks[1] = (struct lp_bench_lock){.text = "broken-noop",
                                      .driver = &bad_driver,
                                      .points = &points[1],
                                      .verdict = LP_BENCH_BROKEN,
                                      .entered = 54321,
                                      .lost = 4711,
                                      .intrusions = 12};
    fill_point(&points[0], samples[0], shares[0], 11111);
    fill_point(&points[1], samples[1], shares[1], 77777777);
    bench.locks = locks;
    bench.lock_count = 2;
    bench.plan.workers[0] = 2;
    bench.plan.worker_count = 1;
    bench.plan.duration_ns = 60000000;
    bench.plan.placement = LP_PLACE_PROCESS;
    report =
        (struct lp_bench_report){.bench = &bench, .command = "lockproof bench", .exit_status = 1};
    lp_str_init(&out);
}

static void tear_down(void)
{
    lp_str_release(&out);
    lp_arena_release(&bench.arena);
}

static void broken_without_speed(void)
{
    ck_assert_ptr_nonnull(strstr(out.ptr, "broken-noop DOES NOT LOCK"));
    ck_assert_ptr_nonnull(strstr(out.ptr, "4,711 of 54,321 additions lost"));
    ck_assert_ptr_nonnull(strstr(out.ptr, "BROKEN"));
    ck_assert_ptr_null(strstr(out.ptr, "77.8M"));
    ck_assert_ptr_nonnull(strstr(out.ptr, "11.1k"));
}

START_TEST(text_and_markdown_give_a_broken_lock_no_speed)
{
    lp_bench_write_text(&report, &out);
    broken_without_speed();
    lp_str_clear(&out);
    lp_bench_write_markdown(&report, &out);
    broken_without_speed();
}
END_TEST

START_TEST(json_says_it_all)
{
    lp_bench_write_json(&report, &out);
    json_t *root = json_loads(out.ptr, 0, NULL);
    ck_assert_ptr_nonnull(root);
    const json_t *all = json_object_get(root, "locks"), *bad = json_array_get(all, 1);
    ck_assert_str_eq(json_string_value(json_object_get(root, "kind")), "bench");
    ck_assert_uint_eq(json_array_size(all), 2);
    ck_assert_str_eq(json_string_value(json_object_get(bad, "verdict")), "broken");
    ck_assert_int_eq(json_integer_value(json_object_get(bad, "lost")), 4711);
    ck_assert(json_is_null(json_object_get(bad, "overhead")));
    const json_t *point = json_array_get(json_object_get(json_array_get(all, 0), "points"), 0);
    const json_t *rate = json_object_get(point, "acquires_per_s");
    ck_assert_double_eq(json_number_value(json_object_get(rate, "median")), 11112);
    ck_assert_double_eq(json_number_value(json_object_get(rate, "low")), 11111);
    ck_assert_uint_eq(json_array_size(json_object_get(point, "waits")), 1);
    const json_t *curve = json_object_get(point, "curve");
    const json_t *last = json_array_get(curve, json_array_size(curve) - 1);
    ck_assert_int_eq(json_integer_value(json_array_get(last, 1)), 1000);
    json_decref(root);
}
END_TEST

START_TEST(csv_has_as_many_fields_in_each_row)
{
    lp_bench_write_csv(&report, &out);
    size_t fields[3] = {0}, row = 0;
    for (const char *at = out.ptr; *at; at++) {
        fields[row] += *at == ',';
        if (*at == '\n')
            row++;
        ck_assert_uint_le(row, 3);
    }
    ck_assert_uint_eq(row, 3);
    ck_assert_uint_eq(fields[0], fields[1]);
    ck_assert_uint_eq(fields[0], fields[2]);
}
END_TEST

START_TEST(csv_quotes_what_would_be_two_fields)
{
    locks[0].text = "sqlite:journal=wal,mode=exclusive";
    lp_bench_write_csv(&report, &out);
    ck_assert_ptr_nonnull(strstr(out.ptr, "\n\"sqlite:journal=wal,mode=exclusive\",flock,held"));
}
END_TEST

START_TEST(plots_have_the_good_one_only)
{
    char folder[] = "/tmp/lp-plot-XXXXXX", file[96];
    struct lp_err err = {0};
    size_t count = 0;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_msg(lp_plotdata_write(&bench, folder, &count, &err) == 0, "%s", err.text);
    ck_assert_uint_eq(count, 1);
    snprintf(file, sizeof file, "%s/locks.gp", folder);
    ck_assert_int_eq(lp_file_read(file, 1 << 16, &out, &err), 0);
    ck_assert_ptr_nonnull(strstr(out.ptr, "array lock[1] = ['flock']"));
    ck_assert_ptr_null(strstr(out.ptr, "noop"));
    lp_folder_remove(folder);
}
END_TEST

START_TEST(the_exit_status_follows_the_worst)
{
    ck_assert_int_eq(lp_bench_exit_status(&bench), 1);
    locks[1].verdict = LP_BENCH_SKIPPED;
    ck_assert_int_eq(lp_bench_exit_status(&bench), 3);
    locks[1].verdict = LP_BENCH_UNTESTED;
    ck_assert_int_eq(lp_bench_exit_status(&bench), 0);
}
END_TEST

START_TEST(a_hog_is_warned_of_and_one_that_takes_turns_is_not)
{
    struct lp_str lines[8];
    locks[1].verdict = LP_BENCH_HELD;
    ck_assert_uint_eq(lp_bench_warnings(&report, lines, 8), 0);
    for (size_t i = 0; i < 3; i++)
        samples[0][i].handover_share = 0.01;
    ck_assert_uint_eq(lp_bench_warnings(&report, lines, 8), 1);
    ck_assert_ptr_nonnull(strstr(lines[0].ptr, "hand-overs of flock:"));
    lp_str_release(&lines[0]);
}
END_TEST

START_TEST(a_driver_has_one_colour)
{
    ck_assert_str_eq(lp_bench_color("flock"), lp_bench_color("flock"));
    ck_assert_str_ne(lp_bench_color("flock"), lp_bench_color("mutex"));
    ck_assert_uint_eq(strlen(lp_bench_color("somebody-elses")), 7);
}
END_TEST

START_TEST(rates_have_three_digits)
{
    char text[16];
    ck_assert_str_eq(lp_rate_format(0, text, sizeof text), "0.00");
    ck_assert_str_eq(lp_rate_format(999, text, sizeof text), "999");
    ck_assert_str_eq(lp_rate_format(12345, text, sizeof text), "12.3k");
    ck_assert_str_eq(lp_rate_format(1850000, text, sizeof text), "1.85M");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("bench report");
    TCase *test_case = tcase_create("all");
    tcase_add_checked_fixture(test_case, set_up, tear_down);
    tcase_add_test(test_case, text_and_markdown_give_a_broken_lock_no_speed);
    tcase_add_test(test_case, json_says_it_all);
    tcase_add_test(test_case, csv_has_as_many_fields_in_each_row);
    tcase_add_test(test_case, csv_quotes_what_would_be_two_fields);
    tcase_add_test(test_case, plots_have_the_good_one_only);
    tcase_add_test(test_case, the_exit_status_follows_the_worst);
    tcase_add_test(test_case, a_hog_is_warned_of_and_one_that_takes_turns_is_not);
    tcase_add_test(test_case, a_driver_has_one_colour);
    tcase_add_test(test_case, rates_have_three_digits);
    suite_add_tcase(suite, test_case);
    return suite;
}

LP_UNIT_MAIN(make_suite)
