/* SPDX-License-Identifier: MIT */
/* Paired comparison, and what intervals decide. */
#include "bench/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/str.h"
#include "base/units.h"
#include "bench/collect.h"

/* One worker's slices can be short; several have to start and end them together. */
#define SLICE_ALONE_NS (250 * LP_US)
#define SLICE_TOGETHER_NS (15 * LP_MS)
#define ROUNDS_ALONE 120
#define ROUNDS_TOGETHER 20
#define PAIRS_MAX 20000
/* The interval is looked at after each cell, and each look may err; with so much confidence in each
   of at most some twenty, the whole errs in less than 5 %. In doubt it goes on, and not wrong. */
#define CONFIDENCE 0.998

const char *const lp_gate_answer_names[] = {"pass", "regression", "cannot tell"};

enum lp_gate_answer lp_gate_decide(const struct lp_figure *ratio, double regress_max)
{
    if (ratio->high <= 1 + regress_max)
        return LP_GATE_PASS;
    return ratio->low > 1 + regress_max ? LP_GATE_REGRESSION : LP_GATE_CANNOT_TELL;
}

/* ---- one cell ---- */

/* ns a pair of all workers together, in one slice. */
static double slice_ns(const struct lp_cell *cell, const struct lp_area *area, unsigned round,
                       unsigned lock)
{
    double rate = 0;
    for (unsigned i = 0; i < cell->workers; i++) {
        const struct lp_slice *slice = &area->lanes[i].slices[round][lock];
        if (slice->elapsed_ns)
            rate += (double)slice->pairs / (double)slice->elapsed_ns;
    }
    return rate > 0 ? 1 / rate : 0;
}

static size_t add_ratios(const struct lp_cell *cell, const struct lp_area *area, double *ratios,
                         size_t count)
{
    for (unsigned round = 0; round < cell->rounds && count < PAIRS_MAX; round++) {
        const struct lp_slice *own = area->lanes[0].slices[round];
        if (cell->workers == 1 && (own[0].disturbed || own[1].disturbed))
            continue;
        double before = slice_ns(cell, area, round, 0), now = slice_ns(cell, area, round, 1);
        if (before > 0 && now > 0)
            ratios[count++] = now / before;
    }
    return count;
}

static struct lp_cell pair_cell(const struct lp_bench_plan *plan, const struct lp_bench_lock *lock,
                                const struct lp_bench_lock *against, unsigned workers)
{
    return (struct lp_cell){
        .kind = LP_CELL_PAIR,
        .locks = {&against->against, &lock->resource},
        .workers = workers,
        .containers = plan->containers < workers ? plan->containers : workers,
        .placement = plan->placement,
        .cpus = plan->cpus,
        .duration_ns = workers == 1 ? SLICE_ALONE_NS : SLICE_TOGETHER_NS,
        .rounds = workers == 1 ? ROUNDS_ALONE : ROUNDS_TOGETHER,
        /* One worker's pause would only hide what the lock costs. */
        .hold_ns = workers == 1 ? 0 : plan->hold_ns,
        .think_ns = workers == 1 ? 0 : plan->think_ns,
    };
}

/* ---- one row ---- */

static void explain(struct lp_comparison_row *row, double regress_max)
{
    const struct lp_figure *ratio = &row->ratio;
    switch (row->answer) {
    case LP_GATE_PASS:
        snprintf(row->why, sizeof row->why,
                 "%u worker(s): takes %.3f times as long (%.3f to %.3f), not more than %.2f",
                 row->workers, ratio->median, ratio->low, ratio->high, 1 + regress_max);
        break;
    case LP_GATE_REGRESSION:
        snprintf(row->why, sizeof row->why,
                 "%u worker(s): takes %.3f times as long (%.3f to %.3f), more than %.2f",
                 row->workers, ratio->median, ratio->low, ratio->high, 1 + regress_max);
        break;
    case LP_GATE_CANNOT_TELL:
        if (row->why[0] == '\0')
            snprintf(row->why, sizeof row->why,
                     "%u worker(s): %.3f to %.3f times as long after %zu pairs: too noisy to tell",
                     row->workers, ratio->low, ratio->high, row->pairs);
        break;
    }
}

static int do_row(struct lp_comparison *gate, struct lp_comparison_row *row, struct lp_bench *bench,
                  struct lp_bench_lock *lock, struct lp_bench_lock *against, uint64_t budget_ns,
                  struct lp_err *err)
{
    double *ratios = lp_alloc(PAIRS_MAX, sizeof *ratios);
    double *sorted = lp_alloc(PAIRS_MAX, sizeof *sorted);
    struct lp_cell cell = pair_cell(&bench->plan, lock, against, row->workers);
    const uint64_t until_ns = lp_clock_ns() + budget_ns;
    int result = 0;
    row->answer = LP_GATE_CANNOT_TELL;
    for (uint64_t turn = 0; row->answer == LP_GATE_CANNOT_TELL && lp_clock_ns() < until_ns;
         turn++) {
        struct lp_measured measured;
        cell.seed = lp_mix(bench->plan.seed, turn);
        result = lp_cell_run(&measured, &cell, &bench->host, err);
        if (result == -1)
            break;
        bench->interrupted |= measured.interrupted;
        lp_collect_exclusion(against, &cell, &measured, 0);
        lp_collect_exclusion(lock, &cell, &measured, 1);
        if (measured.failed)
            snprintf(row->why, sizeof row->why, "%u worker(s): %.150s", row->workers,
                     measured.trouble.text);
        else if (!measured.interrupted)
            row->pairs = add_ratios(&cell, measured.area, ratios, row->pairs);
        bool over = measured.failed || measured.interrupted || row->pairs == PAIRS_MAX;
        lp_measured_release(&measured);
        memcpy(sorted, ratios, row->pairs * sizeof *ratios);
        row->ratio = lp_figure_interval(sorted, row->pairs, CONFIDENCE);
        if (over)
            break;
        row->answer = lp_gate_decide(&row->ratio, gate->regress_max);
    }
    explain(row, gate->regress_max);
    free(ratios);
    free(sorted);
    return result;
}

int lp_gate_paired(struct lp_comparison *gate, struct lp_bench *bench,
                   struct lp_bench_lock *against, uint64_t budget_ns, struct lp_err *err)
{
    const struct lp_bench_plan *plan = &bench->plan;
    gate->paired = true;
    gate->rows = lp_alloc(bench->lock_count * plan->worker_count, sizeof *gate->rows);
    for (size_t i = 0; i < bench->lock_count && !bench->interrupted; i++) {
        struct lp_bench_lock *lock = &bench->locks[i];
        for (size_t k = 0; lock->driver && k < plan->worker_count && !bench->interrupted; k++) {
            struct lp_comparison_row *row = &gate->rows[gate->row_count++];
            *row = (struct lp_comparison_row){
                .lock = lock->text, .reference = against->text, .workers = plan->workers[k]};
            if (plan->progress)
                plan->progress(plan->progress_context, gate->row_count - 1,
                               bench->lock_count * plan->worker_count, lock->text);
            if (do_row(gate, row, bench, lock, against, budget_ns, err) == -1)
                return -1;
        }
    }
    return 0;
}

void lp_comparison_release(struct lp_comparison *gate)
{
    free(gate->rows);
    *gate = (struct lp_comparison){0};
}

int lp_gate_exit_status(const struct lp_comparison *gate)
{
    int status = 0;
    for (size_t i = 0; i < gate->row_count; i++) {
        if (gate->rows[i].answer == LP_GATE_REGRESSION)
            return 1;
        if (gate->rows[i].answer == LP_GATE_CANNOT_TELL)
            status = 3;
    }
    return status;
}
