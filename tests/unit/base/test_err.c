/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tests/unit/unit.h"

START_TEST(set_fills_kind_and_text)
{
    struct lp_err err;

    memset(&err, 'x', sizeof(err));
    ck_assert_int_eq(lp_err_set(&err, LP_ERR_USAGE, "%s has %d", "it", 3), -1);
    ck_assert_int_eq(err.kind, LP_ERR_USAGE);
    ck_assert_str_eq(err.text, "it has 3");
    ck_assert_str_eq(err.remedy, "");
}
END_TEST

START_TEST(sys_ends_with_the_reason)
{
    struct lp_err err;

    ck_assert_int_eq(lp_err_sys(&err, LP_ERR_SELF, ENOENT, "open \"%s\"", "f"), -1);
    ck_assert_str_eq(err.text, "open \"f\": No such file or directory");
    ck_assert_int_eq(err.kind, LP_ERR_SELF);
}
END_TEST

START_TEST(wrap_keeps_kind_and_remedy)
{
    struct lp_err err;

    lp_err_set(&err, LP_ERR_NEED, "no server");
    strcpy(err.remedy, "install it");
    ck_assert_int_eq(lp_err_wrap(&err, "driver \"%s\"", "redis"), -1);
    ck_assert_str_eq(err.text, "driver \"redis\": no server");
    ck_assert_int_eq(err.kind, LP_ERR_NEED);
    ck_assert_str_eq(err.remedy, "install it");
}
END_TEST

START_TEST(the_old_text_may_be_an_argument)
{
    struct lp_err err;

    lp_err_set(&err, LP_ERR_SELF, "inner");
    lp_err_set(&err, LP_ERR_USAGE, "outer (%s)", err.text);
    ck_assert_str_eq(err.text, "outer (inner)");
}
END_TEST

/* With n letters before it the text of two-byte characters is cut inside one, or between two. */
START_TEST(a_long_text_is_cut_between_characters)
{
    struct lp_err err;
    char text[1200] = "";

    memset(text, 'a', (size_t)_i);
    while (strlen(text) + 3 < sizeof(text))
        strcat(text, "\xc3\xa9");
    lp_err_set(&err, LP_ERR_USAGE, "%s", text);
    const size_t len = strlen(err.text);
    ck_assert_uint_lt(len, sizeof(err.text));
    ck_assert_uint_ge(len, sizeof(err.text) - 2);
    ck_assert_str_eq(err.text + len - 3, "...");
    ck_assert_int_eq((unsigned char)err.text[len - 4], 0xa9);
}
END_TEST

START_TEST(a_text_that_just_fits_is_not_cut)
{
    struct lp_err err;
    char text[sizeof(err.text)];

    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    lp_err_set(&err, LP_ERR_USAGE, "%s", text);
    ck_assert_str_eq(err.text, text);
}
END_TEST

START_TEST(a_bug_aborts)
{
    LP_BUG("meant");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("base/err");
    TCase *tcase = tcase_create("err");

    tcase_add_test(tcase, set_fills_kind_and_text);
    tcase_add_test(tcase, sys_ends_with_the_reason);
    tcase_add_test(tcase, wrap_keeps_kind_and_remedy);
    tcase_add_test(tcase, the_old_text_may_be_an_argument);
    tcase_add_loop_test(tcase, a_long_text_is_cut_between_characters, 0, 2);
    tcase_add_test(tcase, a_text_that_just_fits_is_not_cut);
    tcase_add_test_raise_signal(tcase, a_bug_aborts, SIGABRT);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
