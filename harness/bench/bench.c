/* SPDX-License-Identifier: MIT */
/* The order of cells, and carrying them out. */
#include "bench/bench.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "base/str.h"
#include "base/units.h"
#include "bench/collect.h"
#include "bench/noise.h"
#include "bench/worker.h"
#include "os/file.h"
#include "run/folder.h"

#define SLICE_NS (250 * LP_US)
#define ROUNDS_A_REPEAT 120
/* Fewer hand-overs than this prove nothing; `held` of a run needs as many meetings. */
#define HANDOVERS_MIN 30

const char *const lp_bench_verdict_names[] = {"held", "broken", "untested", "failed", "skipped"};
const char *const lp_loop_names[] = {"bare", "off", "timed", "sampled", "full"};
const char *const lp_cpus_names[] = {"any", "one", "spread"};

/* Is it a lock at all? A few workers that give way inside and outside the lock. */
#define CHECK_WORKERS 4
#define CHECK_NS (60 * LP_MS)
#define CHECK_HOLD_NS (20 * LP_US)
#define CHECK_THINK_NS (20 * LP_US)

/* One cell to come. */
struct turn {
    struct lp_bench_lock *lock;
    enum lp_cell_kind kind;
    struct lp_point *point; /* of LP_CELL_POINT */
};

/* ---- before ---- */

static void make_points(struct lp_bench *bench, struct lp_bench_lock *lock)
{
    const struct lp_bench_plan *plan = &bench->plan;
    struct lp_arena *arena = &bench->arena;
    lock->points = lp_arena_array(arena, plan->worker_count, sizeof *lock->points);
    for (size_t i = 0; i < plan->worker_count; i++) {
        struct lp_point *point = &lock->points[i];
        point->workers = plan->workers[i];
        point->samples = lp_arena_array(arena, plan->repeats, sizeof *point->samples);
        point->shares = lp_arena_array(arena, point->workers, sizeof *point->shares);
    }
    for (unsigned loop = 0; loop < LP_LOOP_COUNT; loop++) {
        size_t rounds = (size_t)plan->repeats * ROUNDS_A_REPEAT;
        lock->overhead.ratios[loop] = lp_arena_array(arena, rounds, sizeof(double));
        lock->overhead.pairs[loop] = lp_arena_array(arena, rounds, sizeof(double));
    }
}

static unsigned processors_allowed(void)
{
    cpu_set_t allowed;
    return sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? (unsigned)CPU_COUNT(&allowed) : 1;
}

int lp_bench_prepare(struct lp_bench *bench, struct lp_err *err)
{
    const struct lp_bench_plan *plan = &bench->plan;
    struct lp_folders folders = {.history_fd = -1};
    if (lp_scratch_choose(&folders, plan->workdir, &bench->arena, err) == -1)
        return -1;
    char *real = realpath(plan->run_dir, NULL);
    if (!real)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to find '%s'", plan->run_dir);
    bench->host = (struct lp_bench_host){
        .registry = plan->registry,
        .run_dir = lp_arena_strdup(&bench->arena, real),
        .workdir = folders.workdir,
        .interrupt_fd = plan->interrupt_fd,
    };
    free(real);
    bench->processors = processors_allowed();
    lp_boot_id(bench->host.boot_id, sizeof bench->host.boot_id);
    lp_clock_stamp(bench->started, sizeof bench->started);
    lp_filesystem_name(folders.workdir, bench->filesystem, sizeof bench->filesystem);
    lp_ticks_init(&bench->host.ticks);
    for (unsigned cpus = 0; cpus < LP_ARRAY_LEN(bench->wake); cpus++)
        if (lp_wake_measure(&bench->wake[cpus], (enum lp_cpus)cpus, err) == -1)
            return -1;
    for (size_t i = 0; i < bench->lock_count; i++)
        make_points(bench, &bench->locks[i]);
    return 0;
}

/* ---- during ---- */

static struct lp_cell cell_of(const struct lp_bench *bench, const struct turn *turn, uint64_t seed)
{
    const struct lp_bench_plan *plan = &bench->plan;
    struct lp_cell cell = {
        .kind = turn->kind,
        .locks = {&turn->lock->resource},
        .placement = plan->placement,
        .cpus = plan->cpus,
        .seed = seed,
    };
    switch (turn->kind) {
    case LP_CELL_POINT:
        cell.workers = turn->point->workers;
        cell.duration_ns = plan->duration_ns;
        cell.hold_ns = plan->hold_ns;
        cell.think_ns = plan->think_ns;
        break;
    case LP_CELL_CHECK:
        cell.workers = CHECK_WORKERS;
        cell.duration_ns = CHECK_NS;
        cell.hold_ns = CHECK_HOLD_NS;
        cell.think_ns = CHECK_THINK_NS;
        break;
    case LP_CELL_OVERHEAD:
    case LP_CELL_PAIR:
        cell.workers = 1;
        cell.duration_ns = SLICE_NS;
        cell.rounds = ROUNDS_A_REPEAT;
        break;
    }
    cell.containers = plan->containers < cell.workers ? plan->containers : cell.workers;
    return cell;
}

static void note_trouble(struct lp_bench_lock *lock, struct lp_point *point,
                         const struct lp_err *trouble)
{
    if (point)
        snprintf(point->trouble, sizeof point->trouble, "%.180s", trouble->text);
    if (lock->trouble[0] == '\0')
        snprintf(lock->trouble, sizeof lock->trouble, "%.180s", trouble->text);
    if (trouble->kind != LP_ERR_NEED)
        return;
    lock->verdict = LP_BENCH_SKIPPED;
    snprintf(lock->remedy, sizeof lock->remedy, "%.120s", trouble->remedy);
}

/* The quickest of all: what they cost when nothing comes in between. */
static void note_costs(struct lp_bench *bench, const struct lp_lane *lane)
{
    if (bench->event_ns <= 0 || lane->event_ns < bench->event_ns)
        bench->event_ns = lane->event_ns;
    if (bench->clock_ns <= 0 || lane->clock_ns < bench->clock_ns)
        bench->clock_ns = lane->clock_ns;
    if (bench->tsc_ns <= 0 || lane->tsc_ns < bench->tsc_ns)
        bench->tsc_ns = lane->tsc_ns;
}

static void collect(struct lp_bench *bench, const struct turn *turn, const struct lp_cell *cell,
                    const struct lp_measured *measured)
{
    if (turn->kind == LP_CELL_POINT)
        lp_collect_point(turn->point, cell, measured);
    if (turn->kind != LP_CELL_OVERHEAD)
        return;
    lp_collect_overhead(&turn->lock->overhead, cell, measured);
    note_costs(bench, &measured->area->lanes[0]);
}

static int do_turn(struct lp_bench *bench, const struct turn *turn, uint64_t seed,
                   struct lp_err *err)
{
    struct lp_cell cell = cell_of(bench, turn, seed);
    struct lp_measured measured;
    struct lp_point *point = turn->point;
    if (turn->lock->verdict == LP_BENCH_SKIPPED)
        return 0;
    if (lp_cell_run(&measured, &cell, &bench->host, err) == -1)
        return -1;
    bench->interrupted |= measured.interrupted;
    uint64_t lost = turn->lock->lost, intrusions = turn->lock->intrusions;
    lp_collect_exclusion(turn->lock, &cell, &measured, 0);
    if (point) {
        point->lost += turn->lock->lost - lost;
        point->intrusions += turn->lock->intrusions - intrusions;
    }
    if (measured.failed)
        note_trouble(turn->lock, point, &measured.trouble);
    else if (!measured.interrupted)
        collect(bench, turn, &cell, &measured);
    lp_measured_release(&measured);
    return 0;
}

static void shuffle(struct lp_random *random, struct turn *turns, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t k = (size_t)lp_random_between(random, 0, i - 1);
        struct turn kept = turns[i - 1];
        turns[i - 1] = turns[k];
        turns[k] = kept;
    }
}

/* An interrupt between two cells. */
static void look_for_interrupt(struct lp_bench *bench)
{
    struct pollfd polled = {.fd = bench->plan.interrupt_fd, .events = POLLIN};
    if (polled.fd != -1 && poll(&polled, 1, 0) == 1)
        bench->interrupted = true;
}

static int do_repeats(struct lp_bench *bench, struct turn *turns, size_t count, struct lp_err *err)
{
    const struct lp_bench_plan *plan = &bench->plan;
    struct lp_random random;
    lp_random_init(&random, plan->seed, 0);
    for (size_t repeat = 0; repeat < plan->repeats; repeat++) {
        shuffle(&random, turns, count);
        for (size_t i = 0; i < count; i++) {
            look_for_interrupt(bench);
            if (bench->interrupted)
                return 0;
            if (plan->progress)
                plan->progress(plan->progress_context, repeat * count + i, plan->repeats * count,
                               turns[i].lock->text);
            if (do_turn(bench, &turns[i], lp_random_next(&random), err) == -1)
                return -1;
        }
    }
    return 0;
}

/* ---- after ---- */

static void judge(struct lp_bench_lock *lock)
{
    if (lock->lost || lock->intrusions)
        lock->verdict = LP_BENCH_BROKEN;
    else if (lock->verdict == LP_BENCH_SKIPPED)
        return;
    else if (lock->trouble[0])
        lock->verdict = LP_BENCH_FAILED;
    else
        lock->verdict = lock->handovers < HANDOVERS_MIN ? LP_BENCH_UNTESTED : LP_BENCH_HELD;
}

static void finish(struct lp_bench *bench)
{
    for (size_t i = 0; i < bench->lock_count; i++) {
        struct lp_bench_lock *lock = &bench->locks[i];
        if (lock->driver)
            lp_collect_overhead_end(&lock->overhead, lock->driver);
        judge(lock);
    }
}

int lp_bench_measure(struct lp_bench *bench, struct lp_err *err)
{
    const struct lp_bench_plan *plan = &bench->plan;
    struct turn *turns = lp_alloc(bench->lock_count * (plan->worker_count + 2), sizeof *turns);
    size_t count = 0;
    for (size_t i = 0; i < bench->lock_count; i++) {
        struct lp_bench_lock *lock = &bench->locks[i];
        turns[count++] = (struct turn){lock, LP_CELL_OVERHEAD, NULL};
        turns[count++] = (struct turn){lock, LP_CELL_CHECK, NULL};
        for (size_t k = 0; k < plan->worker_count; k++)
            turns[count++] = (struct turn){lock, LP_CELL_POINT, &lock->points[k]};
    }
    struct lp_noise_watch watch;
    lp_noise_begin(&watch);
    uint64_t start_ns = lp_clock_ns();
    int result = do_repeats(bench, turns, count, err);
    bench->elapsed_ns = lp_clock_ns() - start_ns;
    free(turns);
    if (result == -1)
        return -1;
    finish(bench);
    lp_noise_end(&watch, bench);
    return 0;
}

void lp_bench_release(struct lp_bench *bench)
{
    free(bench->locks);
    lp_arena_release(&bench->arena);
    *bench = (struct lp_bench){0};
}

int lp_bench_exit_status(const struct lp_bench *bench)
{
    int status = 0;
    for (size_t i = 0; i < bench->lock_count; i++) {
        enum lp_bench_verdict verdict = bench->locks[i].verdict;
        if (verdict == LP_BENCH_BROKEN)
            return 1;
        if (verdict == LP_BENCH_FAILED || verdict == LP_BENCH_SKIPPED)
            status = 3;
    }
    return status;
}
