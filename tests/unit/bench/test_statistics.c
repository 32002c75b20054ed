/* SPDX-License-Identifier: MIT */
#include "bench/statistics.h"

#include <math.h>

#include "base/attr.h"
#include "tests/unit/unit.h"

START_TEST(nothing_is_nought)
{
    struct lp_figure figure = lp_figure_of(NULL, 0);
    ck_assert_double_eq(figure.median, 0);
    ck_assert_double_eq(figure.high, 0);
}
END_TEST

START_TEST(medians_of_odd_and_even_counts)
{
    double odd[] = {3, 1, 2}, even[] = {4, 1, 3, 2};
    struct lp_figure figure = lp_figure_of(odd, LP_ARRAY_LEN(odd));
    ck_assert_double_eq(figure.median, 2);
    ck_assert_double_eq(figure.low, 1);
    ck_assert_double_eq(figure.high, 3);
    ck_assert_double_eq(lp_figure_of(even, LP_ARRAY_LEN(even)).median, 2.5);
}
END_TEST

/* Tables of the sign test: of 20 the 6th and the 15th value are the 95 % interval of the median. */
START_TEST(the_interval_is_that_of_the_sign_test)
{
    double values[20];
    for (size_t i = 0; i < 20; i++)
        values[i] = (double)((i * 7) % 20 + 1);
    struct lp_figure figure = lp_figure_interval(values, 20, 0.95);
    ck_assert_double_eq(figure.median, 10.5);
    ck_assert_double_eq(figure.low, 6);
    ck_assert_double_eq(figure.high, 15);
}
END_TEST

START_TEST(five_are_too_few_for_95_percent_and_six_are_not)
{
    double values[] = {1, 2, 3, 4, 5, 6};
    struct lp_figure five = lp_figure_interval(values, 5, 0.95);
    ck_assert_double_eq(five.low, 0);
    ck_assert(isinf(five.high));
    struct lp_figure six = lp_figure_interval(values, 6, 0.95);
    ck_assert_double_eq(six.low, 1);
    ck_assert_double_eq(six.high, 6);
}
END_TEST

START_TEST(thousands_of_values_do_not_underflow)
{
    enum { COUNT = 5000 };
    static double values[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        values[i] = (double)i;
    struct lp_figure figure = lp_figure_interval(values, COUNT, 0.998);
    /* About 3.09 deviations of sqrt(5000) / 2 to each side. */
    ck_assert_double_eq_tol(figure.low, 2500 - 109, 2);
    ck_assert_double_eq_tol(figure.high, 2499 + 109, 2);
}
END_TEST

START_TEST(one_outlier_moves_nothing)
{
    double values[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1e9};
    struct lp_figure figure = lp_figure_interval(values, LP_ARRAY_LEN(values), 0.95);
    ck_assert_double_eq(figure.median, 1);
    ck_assert_double_eq(figure.high, 1);
}
END_TEST

START_TEST(jain_is_one_for_equals_and_one_nth_for_a_hog)
{
    const double equal[] = {2, 2, 2, 2}, hog[] = {8, 0, 0, 0}, none[] = {0, 0};
    ck_assert_double_eq(lp_jain(equal, 4), 1);
    ck_assert_double_eq(lp_jain(hog, 4), 0.25);
    ck_assert_double_eq(lp_jain(none, 2), 1);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("bench statistics");
    TCase *test_case = tcase_create("all");
    tcase_add_test(test_case, nothing_is_nought);
    tcase_add_test(test_case, medians_of_odd_and_even_counts);
    tcase_add_test(test_case, the_interval_is_that_of_the_sign_test);
    tcase_add_test(test_case, five_are_too_few_for_95_percent_and_six_are_not);
    tcase_add_test(test_case, thousands_of_values_do_not_underflow);
    tcase_add_test(test_case, one_outlier_moves_nothing);
    tcase_add_test(test_case, jain_is_one_for_equals_and_one_nth_for_a_hog);
    suite_add_tcase(suite, test_case);
    return suite;
}

LP_UNIT_MAIN(make_suite)
