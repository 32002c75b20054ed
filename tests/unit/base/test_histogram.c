/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/attr.h"
#include "base/histogram.h"
#include "base/random.h"
#include "tests/unit/unit.h"

static struct lp_histogram histogram;

static void set_up(void)
{
    lp_histogram_init(&histogram);
}

START_TEST(an_empty_one_says_zero)
{
    ck_assert_uint_eq(lp_histogram_quantile(&histogram, 0.5), 0);
    ck_assert_uint_eq(lp_histogram_quantile(&histogram, 1), 0);
}
END_TEST

START_TEST(small_values_are_exact)
{
    for (uint64_t value = 1; value <= 50; value++)
        lp_histogram_add(&histogram, value);
    ck_assert_uint_eq(lp_histogram_quantile(&histogram, 0), 1);
    ck_assert_uint_eq(lp_histogram_quantile(&histogram, 0.02), 1);
    ck_assert_uint_eq(lp_histogram_quantile(&histogram, 0.021), 2);
    ck_assert_uint_eq(lp_histogram_quantile(&histogram, 0.5), 25);
    ck_assert_uint_eq(lp_histogram_quantile(&histogram, 0.99), 50);
    ck_assert_uint_eq(lp_histogram_quantile(&histogram, 1), 50);
}
END_TEST

/* Every power of two and its neighbours, up to the last of 64 bits. */
START_TEST(any_value_comes_back_at_most_3_2_percent_high)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        for (int offset = -1; offset <= 1; offset++) {
            const uint64_t value = (UINT64_C(1) << bit) + (uint64_t)offset;
            lp_histogram_init(&histogram);
            lp_histogram_add(&histogram, value);
            lp_histogram_add(&histogram, UINT64_MAX); /* so that max does not help */
            const uint64_t told = lp_histogram_quantile(&histogram, 0.5);
            ck_assert_uint_ge(told, value);
            ck_assert_uint_le(told - value, value / 32);
        }
    }
}
END_TEST

START_TEST(no_quantile_is_above_the_largest_value)
{
    lp_histogram_add(&histogram, 1000001);
    ck_assert_uint_eq(lp_histogram_quantile(&histogram, 0.5), 1000001);
    ck_assert_uint_eq(lp_histogram_quantile(&histogram, 0.999), 1000001);
}
END_TEST

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

START_TEST(quantiles_agree_with_sorting)
{
    enum { COUNT = 10000 };
    static const double quantiles[] = {0.001, 0.25, 0.5, 0.9, 0.99, 0.999};
    static uint64_t values[COUNT];
    struct lp_random random;

    lp_random_init(&random, 9, 9);
    for (size_t i = 0; i < COUNT; i++) {
        values[i] = lp_random_next(&random) >> lp_random_between(&random, 1, 60);
        lp_histogram_add(&histogram, values[i]);
    }
    qsort(values, COUNT, sizeof(values[0]), by_size);
    for (size_t i = 0; i < LP_ARRAY_LEN(quantiles); i++) {
        const uint64_t exact = values[(size_t)(quantiles[i] * COUNT + 0.5) - 1];
        const uint64_t told = lp_histogram_quantile(&histogram, quantiles[i]);
        ck_assert_uint_ge(told, exact);
        ck_assert_uint_le(told - exact, exact / 32);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("base/histogram");
    TCase *tcase = tcase_create("histogram");

    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, an_empty_one_says_zero);
    tcase_add_test(tcase, small_values_are_exact);
    tcase_add_test(tcase, any_value_comes_back_at_most_3_2_percent_high);
    tcase_add_test(tcase, no_quantile_is_above_the_largest_value);
    tcase_add_test(tcase, quantiles_agree_with_sorting);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
