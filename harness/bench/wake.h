/* SPDX-License-Identifier: MIT */
/*
 * What it costs to wake another process: the figure that decides how fast anything is that blocks.
 * Two processes wake each other by turns through a futex; half of a round trip is one wake. It
 * differs by more than ten times with where the scheduler puts them, and from machine to machine,
 * so it is measured at the start of every benchmark and kept with the results.
 */
#ifndef LP_BENCH_WAKE_H
#define LP_BENCH_WAKE_H

#include "base/err.h"
#include "bench/cell.h"

struct lp_wake {
    uint64_t p50_ns, p99_ns;
};

/* About 0.1 s. SPREAD with one processor only is measured as ONE. */
int lp_wake_measure(struct lp_wake *wake, enum lp_cpus cpus, struct lp_err *err) LP_MUST_CHECK;

#endif
