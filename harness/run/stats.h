/* SPDX-License-Identifier: MIT */
/* Figures of a run from its history: latencies, rates, fairness. */
#ifndef LP_RUN_STATS_H
#define LP_RUN_STATS_H

#include "reports/result.h"

/* Fills acquire_ns, hold_ns, rounds_per_s, jain and wait_ns_max; elapsed_ns must be set. */
void lp_stats_fill(struct lp_run_result *result, const struct lp_checks *checks);

#endif
