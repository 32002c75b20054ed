/* SPDX-License-Identifier: MIT */
/* A worker of a cell: what runs in place of lp_worker_main. */
#ifndef LP_BENCH_WORKER_H
#define LP_BENCH_WORKER_H

#include "bench/cell.h"
#include "run/worker.h"

/* What the task of the crew points to. */
struct lp_bench_task {
    const struct lp_cell *cell;
    const struct lp_bench_host *host;
    struct lp_area *area;
    const char *scratch; /* histories are written here, and go with it */
};

void lp_bench_worker_main(const struct lp_crew *crew, uint32_t index);

/* Keeps the calling thread on the processor that is its own; 0, or -1 with errno. */
int lp_cpus_apply(enum lp_cpus cpus, unsigned index);

#endif
