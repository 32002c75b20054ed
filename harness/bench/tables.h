/* SPDX-License-Identifier: MIT */
/* The tables of a benchmark; text and markdown show the same ones. */
#ifndef LP_BENCH_TABLES_H
#define LP_BENCH_TABLES_H

#include "bench/grid.h"
#include "bench/report.h"

/* One row a lock: the lock alone, and what the harness adds. */
void lp_table_uncontended(struct lp_grid *grid, const struct lp_bench *bench);
/* One row a lock at one worker count (index into the plan's). */
void lp_table_point(struct lp_grid *grid, const struct lp_bench *bench, size_t index);
/* One row a comparison. */
void lp_table_gate(struct lp_grid *grid, const struct lp_comparison *gate);

/* "4,711 of 52,310 additions lost, 12 intrusions" */
void lp_bench_exclusion_text(const struct lp_bench_lock *lock, struct lp_str *out);

#endif
