/* SPDX-License-Identifier: MIT */
/* What became of all scenarios of a run, counted, and one scenario's result put into a word or two.
 */
#ifndef LP_REPORTS_TALLY_H
#define LP_REPORTS_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "reports/result.h"

enum lp_standing {
    LP_AS_EXPECTED,
    LP_CONTRADICTED, /* held or broken, and the scenario says otherwise, or names another cause */
    LP_UNDECIDED_RUN,
    LP_NOT_RUN,
};

enum lp_standing lp_standing(const struct lp_run_result *result);

struct lp_tally {
    size_t verdicts[LP_SKIPPED + 1];
    size_t contradicted;
    bool unasked;        /* nothing was expected of them */
    uint64_t elapsed_ns; /* sum */
};

struct lp_tally lp_tally_count(const struct lp_run_result *const *results, size_t count);

/* "4 scenarios: 2 held, 1 broken, 1 skipped; 1 not as expected" */
void lp_tally_text(const struct lp_tally *tally, struct lp_str *out);

/* The cause that the diagnosis put first, or NULL. */
const char *lp_result_cause(const struct lp_run_result *result);

/* What the verdict rests on, short: "1,204 meetings", "312 lost", "3 of 30 meetings". */
void lp_result_proof(const struct lp_run_result *result, struct lp_str *out);

/* What was expected: "held", "broken by no-lock". */
void lp_result_expected(const struct lp_run_result *result, struct lp_str *out);

/* "redis-server: apt-get install redis-server; ..." or, without needs, the reason. */
void lp_result_needs(const struct lp_run_result *result, struct lp_str *out);

/* Adds a number with thousands separated. */
void lp_add_number(struct lp_str *out, uint64_t number);

#endif
