/* SPDX-License-Identifier: MIT */
/* `--sweep placement`: the same scenario under each placement, one table of verdicts. */
#ifndef LP_CLI_SWEEP_H
#define LP_CLI_SWEEP_H

#include "reports/result.h"

/* From the least isolated to the most; results come scenario by scenario in this order. */
extern const enum lp_placement lp_sweep_placements[];
extern const size_t lp_sweep_placement_count;

/* Prints the table, and below it the evidence of the first placement at which each stops holding.
   LP_ERR_SELF when it could not be written. */
int lp_sweep_print(const struct lp_report_set *set, struct lp_err *err) LP_MUST_CHECK;

#endif
