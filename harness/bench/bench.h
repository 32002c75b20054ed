/* SPDX-License-Identifier: MIT */
/*
 * A benchmark of locks: which cells are carried out in which order, and what comes of them. Plain
 * structs that the reports read (bench/report.h). docs/BENCH.md says what the figures mean.
 *
 * Cells of all locks and worker counts are carried out in a mixed order, and the whole of it
 * several times, so that a disturbance of the machine hits all alike; figures are medians over the
 * repeats.
 */
#ifndef LP_BENCH_BENCH_H
#define LP_BENCH_BENCH_H

#include "base/arena.h"
#include "bench/cell.h"
#include "bench/statistics.h"
#include "bench/wake.h"
#include "drivers/registry.h"

#define LP_BENCH_COUNTS_MAX 16
#define LP_BENCH_WORKERS_MAX 256

/* What one repeat of a point gave. */
struct lp_sample {
    double acquires_per_s;
    double handovers_per_s; /* acquires whose lock another worker had last */
    double handover_share;  /* 0..1 of all acquires */
    double p50_ns, p90_ns, p99_ns, p999_ns, max_ns; /* of an acquire */
    double hold_p50_ns;
    double cpu_ns;        /* an acquire, with the work inside and outside the lock */
    double voluntary;     /* context switches an acquire */
    double involuntary;   /* the same */
    double waiting_share; /* 0..1 of the workers' time spent in acquires */
    double jain;
    double busiest, idlest; /* acquires of that worker over an equal share */
};

/* One row a figure: how reports call it. Searched by name. */
struct lp_metric {
    const char *name;
    size_t offset; /* into struct lp_sample; a double */
};
extern const struct lp_metric lp_metrics[];
extern const size_t lp_metric_count;

struct lp_point {
    unsigned workers;
    struct lp_sample *samples;
    size_t sample_count;
    struct lp_histogram acquire_ns, hold_ns; /* of all repeats */
    double *shares; /* of the last repeat: each worker's acquires over an equal share */
    struct lp_bin bins[LP_BENCH_BINS]; /* of the last repeat */
    uint64_t entered, handovers, lost, intrusions, refusals;
    char trouble[192]; /* why a repeat failed; else "" */
};

/* The uncontended lock, and what the harness adds to it. Ratios are of speeds to the reference's in
   the same round: 0.98 is 2 % slower. */
struct lp_overhead {
    bool measured;
    bool has_bare; /* the reference is the bare loop; otherwise LP_LOOP_OFF */
    struct lp_figure pair_ns[LP_LOOP_COUNT]; /* smallest and largest are those of slices */
    struct lp_figure ratio[LP_LOOP_COUNT];   /* with the 95 % interval of the median */
    double aim[LP_LOOP_COUNT];               /* of the ratio; 0: none */
    struct lp_histogram acquire_ns;          /* of the timed loop */
    double *ratios[LP_LOOP_COUNT], *pairs[LP_LOOP_COUNT]; /* of each round; private */
    size_t round_count;
};

enum lp_bench_verdict {
    LP_BENCH_HELD,     /* no addition was lost, nobody came into another's section, workers met */
    LP_BENCH_BROKEN,   /* one of them happened */
    LP_BENCH_UNTESTED, /* neither, but hardly anybody met */
    LP_BENCH_FAILED,   /* the lock or its driver failed: `trouble` */
    LP_BENCH_SKIPPED,  /* something is missing: `trouble`, `remedy` */
};
extern const char *const lp_bench_verdict_names[];

struct lp_bench_lock {
    const char *text; /* as given: "flock", "sqlite:journal=wal" */
    const struct lp_driver *driver;
    struct lp_resource resource, against; /* `against`: the same, with paths of its own */
    const char *server;                   /* that it needs, or NULL */
    struct lp_point *points;              /* one a worker count */
    struct lp_overhead overhead;
    enum lp_bench_verdict verdict;
    uint64_t entered, handovers, lost, intrusions;
    char trouble[192];
    char remedy[128];
};

struct lp_bench_plan {
    const struct lp_registry *registry;
    const char *run_dir; /* is there */
    const char *workdir; /* NULL: chosen */
    unsigned workers[LP_BENCH_COUNTS_MAX];
    size_t worker_count;
    uint64_t duration_ns, hold_ns, think_ns;
    unsigned repeats, containers;
    enum lp_placement placement;
    enum lp_cpus cpus;
    uint64_t seed;
    int interrupt_fd;
    /* Called before each cell; NULL: not. */
    void (*progress)(void *context, size_t done, size_t total, const char *what);
    void *progress_context;
};

/* What else the machine did meanwhile. */
struct lp_noise {
    double others; /* processor time of others and of the hypervisor, over all processors: 0..1 */
    double spread; /* median over points of their fastest repeat over their slowest one */
    bool noisy;
};

struct lp_bench {
    struct lp_bench_plan plan;
    struct lp_bench_lock *locks;
    size_t lock_count;
    struct lp_bench_host host;
    struct lp_wake wake[3]; /* by enum lp_cpus */
    unsigned processors;
    struct lp_noise noise;
    double event_ns, clock_ns, tsc_ns; /* of a record, of a bare read of each clock */
    uint64_t elapsed_ns;
    char started[32]; /* UTC */
    char filesystem[32];
    bool interrupted;
    struct lp_arena arena;
};

/* "DRIVER" or "DRIVER:PARAM=VALUE,..."; texts go to `arena`. LP_ERR_USAGE names the nearest right
   one; a lock that lets several in at once is refused. */
int lp_bench_lock_parse(struct lp_bench_lock *lock, const char *text, size_t number,
                        const struct lp_registry *registry, struct lp_arena *arena,
                        struct lp_err *err) LP_MUST_CHECK;

/* Fills host, machine and wake cost. The plan must be set. */
int lp_bench_prepare(struct lp_bench *bench, struct lp_err *err) LP_MUST_CHECK;
/* Carries everything out. 0, also when locks failed or it was interrupted; -1: lockproof itself
   failed. */
int lp_bench_measure(struct lp_bench *bench, struct lp_err *err) LP_MUST_CHECK;
void lp_bench_release(struct lp_bench *bench); /* takes a zeroed struct too */

/* The median over the repeats, with smallest and largest. */
struct lp_figure lp_point_figure(const struct lp_point *point, const struct lp_metric *metric);
const struct lp_metric *lp_metric_find(const char *name);
extern const char *const lp_loop_names[];
extern const char *const lp_cpus_names[];

/* 1 a lock lost an update; 3 one failed or is missing; else 0. */
int lp_bench_exit_status(const struct lp_bench *bench);

#endif
