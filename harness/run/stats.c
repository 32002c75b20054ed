/* SPDX-License-Identifier: MIT */
/*
 * Figures of a run. Fairness is Jain's index (Jain, Chiu, Hawe 1984) over how often each worker was
 * served: 1 when all equally, 1/n when one took all.
 */
#include "run/stats.h"

#include <stdlib.h>

#include "base/units.h"

static bool is_acquire(const struct lp_record *record)
{
    if (record->outcome != LP_OK)
        return false;
    if (record->kind == LP_STEP_BEGIN)
        return (record->flags & LP_FLAG_BEGIN_MASK) != 0; /* deferred takes no lock */
    return record->kind == LP_STEP_LOCK || record->kind == LP_STEP_TRYLOCK;
}

static double jain(const uint64_t *served, size_t count)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)served[i];
        squares += (double)served[i] * (double)served[i];
    }
    return squares > 0 ? sum * sum / ((double)count * squares) : -1;
}

static void add_acquires(struct lp_run_result *result, const struct lp_history *history,
                         uint64_t *served)
{
    for (size_t i = 0; i < history->op_count; i++) {
        const struct lp_record *record = history->ops[i].record;
        if (!is_acquire(record))
            continue;
        uint64_t wait_ns = record->complete_ns - record->invoke_ns;
        lp_histogram_add(&result->acquire_ns, wait_ns);
        if (wait_ns > result->wait_ns_max)
            result->wait_ns_max = wait_ns;
        served[history->ops[i].worker]++;
    }
}

void lp_stats_fill(struct lp_run_result *result, const struct lp_checks *checks)
{
    const struct lp_history *history = checks->history;
    uint64_t *served = lp_alloc(history->worker_count + 1, sizeof *served);
    lp_histogram_init(&result->acquire_ns);
    lp_histogram_init(&result->hold_ns);
    add_acquires(result, history, served);
    if (result->acquire_ns.count == 0)
        for (size_t i = 0; i < checks->update_count; i++)
            served[checks->updates[i].worker] += checks->updates[i].outcome == LP_OK;
    for (size_t i = 0; i < checks->hold_count; i++) {
        const struct lp_hold *hold = &checks->holds[i];
        if (hold->until_ns > hold->from_ns)
            lp_histogram_add(&result->hold_ns, hold->until_ns - hold->from_ns);
    }
    uint64_t rounds = 0;
    for (size_t i = 0; i < history->worker_count; i++)
        rounds += history->workers[i].header->rounds_done;
    if (result->elapsed_ns)
        result->rounds_per_s = (double)rounds / ((double)result->elapsed_ns / (double)LP_SEC);
    result->jain = jain(served, history->worker_count);
    free(served);
}
