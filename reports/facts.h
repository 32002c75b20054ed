/* SPDX-License-Identifier: MIT */
/* Facts for the table of evidence.c: each adds its text, or nothing when there is nothing to say.
 */
#ifndef LP_REPORTS_FACTS_H
#define LP_REPORTS_FACTS_H

#include "base/str.h"
#include "reports/result.h"

void lp_fact_explored(const struct lp_run_result *result, struct lp_str *out);
void lp_fact_waits(const struct lp_run_result *result, struct lp_str *out);
void lp_fact_swap(const struct lp_run_result *result, struct lp_str *out);
void lp_fact_replay(const struct lp_run_result *result, struct lp_str *out);
void lp_fact_traced(const struct lp_run_result *result, struct lp_str *out);
void lp_fact_printed(const struct lp_run_result *result, struct lp_str *out);

#endif
