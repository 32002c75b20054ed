/* SPDX-License-Identifier: MIT */
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "tests/unit/unit.h"

static struct lp_arena arena;

static void set_up(void)
{
    lp_arena_init(&arena);
}

static void tear_down(void)
{
    lp_arena_release(&arena);
    lp_arena_release(&arena); /* a second time does no harm */
}

START_TEST(memory_is_zeroed_aligned_and_its_own)
{
    enum { COUNT = 3000 };
    unsigned char *parts[COUNT];

    for (size_t i = 0; i < COUNT; i++) {
        const size_t size = i % 97;
        parts[i] = lp_arena_alloc(&arena, size);
        ck_assert_uint_eq((uintptr_t)parts[i] % alignof(max_align_t), 0);
        for (size_t j = 0; j < size; j++)
            ck_assert_uint_eq(parts[i][j], 0);
        memset(parts[i], (int)(i % 251) + 1, size);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < i % 97; j++)
            ck_assert_uint_eq(parts[i][j], i % 251 + 1);
}
END_TEST

START_TEST(large_parts_fit_between_small_ones)
{
    char *small = lp_arena_strdup(&arena, "small");
    char *large = lp_arena_array(&arena, 1000, 1000);
    char *after = lp_arena_strdup(&arena, "after");

    memset(large, 'x', 1000000);
    ck_assert_str_eq(small, "small");
    ck_assert_str_eq(after, "after");
}
END_TEST

START_TEST(texts_are_copied)
{
    ck_assert_str_eq(lp_arena_strndup(&arena, "abcdef", 3), "abc");
    ck_assert_str_eq(lp_arena_strndup(&arena, "", 0), "");
    ck_assert_str_eq(lp_arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
    ck_assert_uint_eq(strlen(lp_arena_printf(&arena, "%9000d", 1)), 9000);
}
END_TEST

/* AddressSanitizer would end the program by itself; it asks this function. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

START_TEST(an_absurd_array_ends_the_program_with_4)
{
    volatile size_t absurd = SIZE_MAX / 2;

    lp_arena_array(&arena, absurd, 4);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("base/arena");
    TCase *tcase = tcase_create("arena");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, memory_is_zeroed_aligned_and_its_own);
    tcase_add_test(tcase, large_parts_fit_between_small_ones);
    tcase_add_test(tcase, texts_are_copied);
    tcase_add_exit_test(tcase, an_absurd_array_ends_the_program_with_4, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
