/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "tests/unit/unit.h"

START_TEST(a_new_text_is_empty_and_ended)
{
    struct lp_str str;

    lp_str_init(&str);
    ck_assert_str_eq(str.ptr, "");
    ck_assert_uint_eq(str.len, 0);
    lp_str_release(&str);
    lp_str_release(&str);
}
END_TEST

START_TEST(texts_grow_to_any_length)
{
    struct lp_str str;

    lp_str_init(&str);
    for (int i = 0; i < 1000; i++) {
        lp_str_addf(&str, "%03d", i);
        ck_assert_uint_eq(strlen(str.ptr), str.len);
    }
    ck_assert_uint_eq(str.len, 3000);
    ck_assert_str_eq(str.ptr + 2994, "998999");
    lp_str_release(&str);
}
END_TEST

START_TEST(one_long_format_is_not_cut)
{
    /* Around the first capacity: the '\0' is what one forgets. */
    for (int len = 60; len < 70; len++) {
        struct lp_str str;
        lp_str_init(&str);
        lp_str_addf(&str, "%*d", len, 7);
        ck_assert_uint_eq(str.len, len);
        ck_assert_uint_eq(strlen(str.ptr), len);
        ck_assert_int_eq(str.ptr[len - 1], '7');
        lp_str_release(&str);
    }
}
END_TEST

START_TEST(bytes_may_hold_zeros)
{
    struct lp_str str;

    lp_str_init(&str);
    lp_str_add_bytes(&str, "a\0b", 3);
    lp_str_add_bytes(&str, NULL, 0);
    lp_str_add(&str, "c");
    ck_assert_uint_eq(str.len, 4);
    ck_assert_mem_eq(str.ptr, "a\0bc", 5);
    lp_str_release(&str);
}
END_TEST

START_TEST(clear_keeps_the_memory)
{
    struct lp_str str;

    lp_str_init(&str);
    lp_str_addf(&str, "%500d", 1);
    const char *before = str.ptr;
    lp_str_clear(&str);
    ck_assert_str_eq(str.ptr, "");
    lp_str_addf(&str, "%500d", 2);
    ck_assert_ptr_eq(str.ptr, before);
    lp_str_release(&str);
}
END_TEST

START_TEST(detach_hands_the_text_over)
{
    struct lp_str str;

    lp_str_init(&str);
    lp_str_add(&str, "mine");
    char *text = lp_str_detach(&str);
    lp_str_add(&str, "new");
    ck_assert_str_eq(text, "mine");
    ck_assert_str_eq(str.ptr, "new");
    free(text);
    lp_str_release(&str);
}
END_TEST

START_TEST(growing_keeps_old_elements_and_zeroes_new_ones)
{
    size_t cap = 0;
    int *numbers = lp_grow(NULL, &cap, 1, sizeof(*numbers));

    ck_assert_uint_ge(cap, 1);
    for (size_t i = 0; i < cap; i++)
        numbers[i] = 1;
    const size_t before = cap;
    ck_assert_ptr_eq(lp_grow(numbers, &cap, cap, sizeof(*numbers)), numbers);
    numbers = lp_grow(numbers, &cap, cap + 1, sizeof(*numbers));
    ck_assert_uint_ge(cap, 2 * before);
    for (size_t i = 0; i < cap; i++)
        ck_assert_int_eq(numbers[i], i < before);
    free(numbers);
}
END_TEST

START_TEST(strdup_copies)
{
    char text[] = "abc";
    char *copy = lp_strdup(text);

    text[0] = 'x';
    ck_assert_str_eq(copy, "abc");
    free(copy);
}
END_TEST

/* AddressSanitizer would end the program by itself; it asks this function. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

START_TEST(no_memory_ends_the_program_with_4)
{
    volatile size_t absurd = SIZE_MAX;

    free(lp_alloc(absurd, 2));
}
END_TEST

START_TEST(growing_beyond_memory_ends_the_program_with_4)
{
    size_t cap = 0;
    volatile size_t absurd = SIZE_MAX / 2 + 2;

    free(lp_grow(NULL, &cap, absurd, 16));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("base/str");
    TCase *tcase = tcase_create("str");

    tcase_add_test(tcase, a_new_text_is_empty_and_ended);
    tcase_add_test(tcase, texts_grow_to_any_length);
    tcase_add_test(tcase, one_long_format_is_not_cut);
    tcase_add_test(tcase, bytes_may_hold_zeros);
    tcase_add_test(tcase, clear_keeps_the_memory);
    tcase_add_test(tcase, detach_hands_the_text_over);
    tcase_add_test(tcase, growing_keeps_old_elements_and_zeroes_new_ones);
    tcase_add_test(tcase, strdup_copies);
    tcase_add_exit_test(tcase, no_memory_ends_the_program_with_4, 4);
    tcase_add_exit_test(tcase, growing_beyond_memory_ends_the_program_with_4, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
