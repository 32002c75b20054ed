/* SPDX-License-Identifier: MIT */
#include <stdbool.h>

#include "base/attr.h"
#include "base/random.h"
#include "tests/unit/unit.h"

/* The authors' C code (prng.di.unimi.it/xoshiro256starstar.c) with the state {1, 2, 3, 4}. */
START_TEST(the_sequence_is_xoshiro256starstar)
{
    static const uint64_t expected[] = {11520, 0, 1509978240, 1215971899390074240};
    struct lp_random random = {{1, 2, 3, 4}};

    for (size_t i = 0; i < LP_ARRAY_LEN(expected); i++)
        ck_assert_uint_eq(lp_random_next(&random), expected[i]);
}
END_TEST

START_TEST(seed_and_stream_decide_the_sequence)
{
    struct lp_random a, b, other_stream, other_seed, swapped;

    lp_random_init(&a, 1, 2);
    lp_random_init(&b, 1, 2);
    lp_random_init(&other_stream, 1, 3);
    lp_random_init(&other_seed, 2, 2);
    lp_random_init(&swapped, 2, 1);
    const uint64_t first = lp_random_next(&a);
    ck_assert_uint_eq(first, lp_random_next(&b));
    ck_assert_uint_ne(first, lp_random_next(&other_stream));
    ck_assert_uint_ne(first, lp_random_next(&other_seed));
    ck_assert_uint_ne(first, lp_random_next(&swapped));
}
END_TEST

START_TEST(a_seed_of_zero_is_as_good_as_any)
{
    struct lp_random random;

    lp_random_init(&random, 0, 0);
    ck_assert_uint_ne(random.s[0] | random.s[1] | random.s[2] | random.s[3], 0);
    ck_assert_uint_ne(lp_random_next(&random), lp_random_next(&random));
}
END_TEST

START_TEST(numbers_stay_in_their_range_and_reach_its_ends)
{
    struct lp_random random;
    unsigned seen[7] = {0};

    lp_random_init(&random, 5, 5);
    for (int i = 0; i < 70000; i++) {
        const uint64_t number = lp_random_between(&random, 10, 16);
        ck_assert_uint_ge(number, 10);
        ck_assert_uint_le(number, 16);
        seen[number - 10]++;
    }
    /* 10,000 each; the standard deviation is 93: ten of them never happen by chance. */
    for (size_t i = 0; i < LP_ARRAY_LEN(seen); i++)
        ck_assert_msg(seen[i] > 9070 && seen[i] < 10930, "%zu: %u", i, seen[i]);
}
END_TEST

START_TEST(narrow_and_full_ranges_work)
{
    struct lp_random random;
    uint64_t all = 0;

    lp_random_init(&random, 6, 0);
    ck_assert_uint_eq(lp_random_between(&random, 7, 7), 7);
    ck_assert_uint_eq(lp_random_between(&random, UINT64_MAX, UINT64_MAX), UINT64_MAX);
    ck_assert_uint_ge(lp_random_between(&random, UINT64_MAX - 1, UINT64_MAX), UINT64_MAX - 1);
    for (int i = 0; i < 1000; i++)
        all |= lp_random_between(&random, 0, UINT64_MAX);
    ck_assert_uint_eq(all, UINT64_MAX);
    /* Just over half of all: nearly every second number is thrown away. */
    for (int i = 0; i < 1000; i++)
        ck_assert_uint_le(lp_random_between(&random, 0, UINT64_C(1) << 63), UINT64_C(1) << 63);
}
END_TEST

START_TEST(one_bit_changes_half_of_the_mix)
{
    unsigned changed = 0;

    for (unsigned bit = 0; bit < 64; bit++) {
        const uint64_t one = UINT64_C(1) << bit;
        changed += (unsigned)__builtin_popcountll(lp_mix(0, 0) ^ lp_mix(one, 0));
        changed += (unsigned)__builtin_popcountll(lp_mix(0, 0) ^ lp_mix(0, one));
        ck_assert_uint_ne(lp_mix(one, 0), lp_mix(0, one));
    }
    ck_assert_uint_gt(changed, 128 * 28);
    ck_assert_uint_lt(changed, 128 * 36);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("base/random");
    TCase *tcase = tcase_create("random");

    tcase_add_test(tcase, the_sequence_is_xoshiro256starstar);
    tcase_add_test(tcase, seed_and_stream_decide_the_sequence);
    tcase_add_test(tcase, a_seed_of_zero_is_as_good_as_any);
    tcase_add_test(tcase, numbers_stay_in_their_range_and_reach_its_ends);
    tcase_add_test(tcase, narrow_and_full_ranges_work);
    tcase_add_test(tcase, one_bit_changes_half_of_the_mix);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
