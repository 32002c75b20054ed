/* SPDX-License-Identifier: MIT */
/* How busy the machine was with other things while it was measured. */
#ifndef LP_BENCH_NOISE_H
#define LP_BENCH_NOISE_H

#include "bench/bench.h"

struct lp_noise_watch {
    uint64_t total, idle; /* of /proc/stat, in ticks over all processors; 0: not readable */
    uint64_t own_ns;      /* processor time of this process and its children that ended */
};

void lp_noise_begin(struct lp_noise_watch *watch);
/* Fills bench->noise; the points must be there. */
void lp_noise_end(const struct lp_noise_watch *watch, struct lp_bench *bench);

#endif
