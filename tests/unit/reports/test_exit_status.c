/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include "reports/tally.h"

enum { HELD_OK, HELD_BAD, BROKEN_OK, BROKEN_BAD, OPEN, SKIPPED, NONE };

static const struct kind {
    enum lp_verdict verdict;
    bool as_expected;
} kinds[] = {
    [HELD_OK] = {LP_HELD, true},       [HELD_BAD] = {LP_HELD, false},
    [BROKEN_OK] = {LP_BROKEN, true},   [BROKEN_BAD] = {LP_BROKEN, false},
    [OPEN] = {LP_INCONCLUSIVE, false}, [SKIPPED] = {LP_SKIPPED, true},
};

static const struct exit_case {
    int results[3]; /* ended by NONE */
    bool named, require;
    int status;
} cases[] = {
    {{HELD_OK, BROKEN_OK, NONE}, false, false, 0},
    {{HELD_OK, BROKEN_OK, HELD_BAD}, false, false, 1},
    {{BROKEN_BAD, NONE, NONE}, true, false, 1},
    {{OPEN, BROKEN_BAD, SKIPPED}, true, true, 1}, /* a contradiction outranks */
    {{OPEN, HELD_OK, NONE}, false, false, 3},
    {{HELD_OK, SKIPPED, NONE}, false, false, 0},
    {{HELD_OK, SKIPPED, NONE}, true, false, 3},
    {{HELD_OK, SKIPPED, NONE}, false, true, 3},
    {{SKIPPED, SKIPPED, NONE}, false, false, 3}, /* nothing was decided */
    {{NONE, NONE, NONE}, false, false, 3},
    {{HELD_OK, NONE, NONE}, true, true, 0},
};

START_TEST(exit_status_follows_the_verdicts)
{
    struct lp_judgement judgements[3] = {0};
    struct lp_run_result *results = lp_alloc(3, sizeof(*results));
    const struct lp_run_result *pointers[3];
    size_t count = 0;

    while (count < 3 && cases[_i].results[count] != NONE) {
        const struct kind *kind = &kinds[cases[_i].results[count]];
        judgements[count].verdict = kind->verdict;
        results[count].judgement = &judgements[count];
        results[count].as_expected = kind->as_expected;
        pointers[count] = &results[count];
        count++;
    }
    ck_assert_int_eq(lp_report_exit_status(pointers, count, cases[_i].named, cases[_i].require),
                     cases[_i].status);
    free(results);
}
END_TEST

static Suite *exit_status_suite(void)
{
    Suite *suite = suite_create("reports/exit_status");
    TCase *tests = tcase_create("exit status");

    tcase_add_loop_test(tests, exit_status_follows_the_verdicts, 0, (int)LP_ARRAY_LEN(cases));
    suite_add_tcase(suite, tests);
    return suite;
}

LP_UNIT_MAIN(exit_status_suite)
