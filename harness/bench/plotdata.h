/* SPDX-License-Identifier: MIT */
/* The files that the gnuplot scripts read. */
#ifndef LP_BENCH_PLOTDATA_H
#define LP_BENCH_PLOTDATA_H

#include "bench/bench.h"

/* Writes locks.gp and *.dat into `folder`, of the locks that lock; *count: how many those are. */
int lp_plotdata_write(struct lp_bench *bench, const char *folder, size_t *count,
                      struct lp_err *err) LP_MUST_CHECK;

#endif
