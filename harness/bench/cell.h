/* SPDX-License-Identifier: MIT */
/*
 * A cell: one start of workers that measure something and end. Many short cells in a mixed order
 * make a benchmark. Workers live in the same places, behind the same gate and with the same clients
 * as those of `lockproof run`; what they do in between is a loop of its own (bench/loop.h).
 */
#ifndef LP_BENCH_CELL_H
#define LP_BENCH_CELL_H

#include <stdbool.h>
#include <stdint.h>
#include "base/histogram.h"
#include "drivers/bare.h"
#include "os/ticks.h"
#include "place/place.h"
#include "run/control.h"
#include "scenario/scenario.h"

#define LP_BENCH_ROUNDS_MAX 128
#define LP_BENCH_BINS 60

/* Which processors workers run on. */
enum lp_cpus {
    LP_CPUS_ANY,    /* the scheduler's choice */
    LP_CPUS_ONE,    /* all on one, servers too */
    LP_CPUS_SPREAD, /* dealt to all that we may use */
};

/* The loops that are compared with each other. Exclusion is checked in all of them. */
enum lp_loop {
    LP_LOOP_BARE,    /* what a program without us would do */
    LP_LOOP_OFF,     /* through the driver; nothing timed, nothing recorded */
    LP_LOOP_TIMED,   /* each acquire and hold into a histogram: what the points are measured with */
    LP_LOOP_SAMPLED, /* one pair of many recorded */
    LP_LOOP_FULL,    /* each acquire and release recorded, as `run` does */
    LP_LOOP_COUNT,
};

enum lp_cell_kind {
    LP_CELL_POINT,    /* the timed loop for a duration: one point of the curves */
    LP_CELL_OVERHEAD, /* one lock, slices of all loops in turn */
    LP_CELL_CHECK,    /* the timed loop again, with workers that make room for each other in the
                         middle of it: not fast, but nothing that does not lock comes through */
    LP_CELL_PAIR,     /* two locks, slices of LP_LOOP_OFF on the one and the other in turn */
};

struct lp_cell {
    enum lp_cell_kind kind;
    const struct lp_resource *locks[2]; /* the second one only of LP_CELL_PAIR */
    unsigned workers, containers;
    enum lp_placement placement; /* not AUTO */
    enum lp_cpus cpus;
    uint64_t duration_ns; /* POINT, CHECK: how long; others: of one slice */
    unsigned rounds;      /* others: slices of each loop, at most LP_BENCH_ROUNDS_MAX */
    uint64_t hold_ns, think_ns;
    uint64_t seed;
};

/* So many pairs took so long. */
struct lp_slice {
    uint64_t pairs;
    uint64_t elapsed_ns;
    bool disturbed; /* somebody else was given the processor meanwhile */
};

struct lp_bin {
    uint64_t count;
    uint64_t wait_ns, wait_ns_max;
};

/* What one worker measured. Written by it alone, read when it has ended. */
struct lp_lane {
    uint64_t entered[2]; /* critical sections under each lock */
    uint64_t handovers, intrusions[2];
    uint64_t acquires;               /* POINT: granted before the end */
    uint64_t refusals;               /* releases that the backend refused: not held any more */
    uint64_t wait_ns;                /* POINT: sum of all acquires */
    uint64_t elapsed_ns;             /* from the open gate to its own end */
    uint64_t cpu_ns;                 /* user and system */
    uint64_t voluntary, involuntary; /* context switches */
    struct lp_histogram acquire_ns, hold_ns;
    struct lp_bin bins[LP_BENCH_BINS]; /* POINT: acquires by the time of their end */
    struct lp_slice slices[LP_BENCH_ROUNDS_MAX][LP_LOOP_COUNT]; /* PAIR: of lock 0 and lock 1 */
    bool has_bare;
    double event_ns, clock_ns, tsc_ns; /* OVERHEAD: a record, a bare read of each clock */
    bool failed;                       /* `error` says how */
    char error[192];
} __attribute__((aligned(128)));

/* What the workers of a cell share. */
struct lp_area {
    struct lp_protected data[2];
    size_t size;
    struct lp_lane lanes[];
};

/* What all cells of a benchmark have in common. */
struct lp_bench_host {
    const struct lp_registry *registry;
    const char *run_dir; /* absolute */
    const char *workdir; /* the scratch folders lie here */
    struct lp_ticks ticks;
    char boot_id[40];
    int interrupt_fd; /* a signalfd, or -1 */
};

/* A cell that was carried out. */
struct lp_measured {
    struct lp_area *area; /* NULL: none */
    bool interrupted;
    bool failed; /* the cell, or a worker: `trouble` says how */
    struct lp_err trouble;
};

/* Carries the cell out. 0, also when workers failed; -1 with *err: not even started. */
int lp_cell_run(struct lp_measured *measured, const struct lp_cell *cell,
                const struct lp_bench_host *host, struct lp_err *err) LP_MUST_CHECK;
void lp_measured_release(struct lp_measured *measured); /* takes a zeroed struct too */

/* Additions that are not in the counter, and sections that somebody else came into. */
uint64_t lp_measured_lost(const struct lp_measured *measured, const struct lp_cell *cell,
                          unsigned lock);
uint64_t lp_measured_intrusions(const struct lp_measured *measured, const struct lp_cell *cell,
                                unsigned lock);

#endif
