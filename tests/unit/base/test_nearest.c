/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/attr.h"
#include "base/nearest.h"
#include "tests/unit/unit.h"

static const struct row {
    const char *name;
    int other;
} rows[] = {{"lock", 1}, {"trylock", 2}, {"unlock", 3}, {"upgrade", 4},
            {"read", 5}, {"write", 6},   {"add", 7},    {"immediate", 8}};

static const struct {
    const char *word;
    const char *nearest;
} cases[] = {
    {"lokc", "lock"},                            /* swapped: one slip, not two */
    {"lck", "lock"},                             /* left out */
    {"loock", "lock"},                           /* doubled */
    {"lick", "lock"},                            /* another letter */
    {"LOCK", "lock"},                            /* capitals */
    {"imediat", "immediate"}, {"up", "upgrade"}, /* a beginning */
    {"wrtie", "write"},       {"reed", "read"},  {"unlokc", "unlock"}, {"", NULL},
    {"zzzz", NULL},           {"wxyte", NULL}, /* two of five: further than a third */
    {"think", NULL},          {"ck", NULL},    /* an end is no beginning */
};

START_TEST(a_slip_finds_its_name)
{
    const char *name = lp_nearest(cases[_i].word, rows, LP_ARRAY_LEN(rows), sizeof(rows[0]));

    if (!cases[_i].nearest)
        ck_assert_msg(name == NULL, "%s found %s", cases[_i].word, name);
    else
        ck_assert_msg(name && strcmp(name, cases[_i].nearest) == 0, "%s found %s", cases[_i].word,
                      name ? name : "nothing");
}
END_TEST

START_TEST(words_and_names_may_be_very_long)
{
    char word[200];
    const char *const names[] = {word, "lock"};

    memset(word, 'l', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    ck_assert_ptr_null(lp_nearest(word, names, 2, sizeof(names[0])));
    ck_assert_str_eq(lp_nearest("lokc", names, 2, sizeof(names[0])), "lock");
    word[64] = '\0'; /* the longest that is compared */
    char other[65];
    strcpy(other, word);
    other[63] = 'x';
    ck_assert_ptr_eq(lp_nearest(other, names, 2, sizeof(names[0])), word);
}
END_TEST

START_TEST(no_names_no_nearest)
{
    ck_assert_ptr_null(lp_nearest("lock", NULL, 0, sizeof(char *)));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("base/nearest");
    TCase *tcase = tcase_create("nearest");

    tcase_add_loop_test(tcase, a_slip_finds_its_name, 0, LP_ARRAY_LEN(cases));
    tcase_add_test(tcase, words_and_names_may_be_very_long);
    tcase_add_test(tcase, no_names_no_nearest);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
