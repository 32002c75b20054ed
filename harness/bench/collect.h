/* SPDX-License-Identifier: MIT */
/* What a cell measured, into the figures of its lock. */
#ifndef LP_BENCH_COLLECT_H
#define LP_BENCH_COLLECT_H

#include "bench/bench.h"

/* All take a cell that did not fail. */
void lp_collect_point(struct lp_point *point, const struct lp_cell *cell,
                      const struct lp_measured *measured);
/* Adds the cell's rounds; figures are made by lp_collect_overhead_end(). */
void lp_collect_overhead(struct lp_overhead *overhead, const struct lp_cell *cell,
                         const struct lp_measured *measured);
void lp_collect_overhead_end(struct lp_overhead *overhead, const struct lp_driver *driver);

/* Exclusion, of any cell, failed or not. */
void lp_collect_exclusion(struct lp_bench_lock *lock, const struct lp_cell *cell,
                          const struct lp_measured *measured, unsigned number);

#endif
