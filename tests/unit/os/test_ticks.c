/* SPDX-License-Identifier: MIT */
#include "os/ticks.h"

#include "base/units.h"
#include "tests/unit/unit.h"

static struct lp_ticks ticks;

static void set_up(void)
{
    lp_ticks_init(&ticks);
}

START_TEST(time_does_not_go_back)
{
    uint64_t last = lp_ticks_after(&ticks);
    for (int i = 0; i < 100000; i++) {
        uint64_t before = lp_ticks_before(&ticks);
        uint64_t after = lp_ticks_after(&ticks);
        ck_assert_uint_le(last, before);
        ck_assert_uint_le(before, after);
        last = after;
    }
}
END_TEST

/* Each read of the one lies between two reads of the other, give or take what the calibration may
   be wrong by: a ten-thousandth. */
START_TEST(it_runs_with_the_system_s_clock)
{
    uint64_t first = lp_clock_ns();
    uint64_t began = lp_ticks_before(&ticks);
    lp_clock_sleep_until(first + 50 * LP_MS);
    uint64_t ended = lp_ticks_after(&ticks);
    uint64_t last = lp_clock_ns();
    ck_assert_uint_ge(began + 20 * LP_US, first);
    ck_assert_uint_le(ended, last + 20 * LP_US);
    ck_assert_uint_le(ended - began, last - first + (last - first) / 10000 + 1000);
}
END_TEST

/* Where the counter is not to be trusted the system's clock takes its place. */
START_TEST(without_a_counter_it_is_the_system_s_clock)
{
    struct lp_ticks plain = {.tsc = false};
    uint64_t first = lp_clock_ns();
    uint64_t between = lp_ticks_before(&plain);
    uint64_t after = lp_ticks_after(&plain);
    ck_assert_uint_le(first, between);
    ck_assert_uint_le(between, after);
    ck_assert_uint_le(after, lp_clock_ns());
    ck_assert_str_eq(lp_ticks_name(&plain), "monotonic");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("ticks");
    TCase *test_case = tcase_create("all");
    tcase_add_checked_fixture(test_case, set_up, NULL);
    tcase_add_test(test_case, time_does_not_go_back);
    tcase_add_test(test_case, it_runs_with_the_system_s_clock);
    tcase_add_test(test_case, without_a_counter_it_is_the_system_s_clock);
    suite_add_tcase(suite, test_case);
    return suite;
}

LP_UNIT_MAIN(make_suite)
