/* SPDX-License-Identifier: MIT */
/*
 * Which holds lie around an update. Decided by the worker's own order of operations, not by times:
 * a worker that acquired before its read and released after its write did what a lock asks for,
 * even if the lock did not keep its promise.
 */
#include "check/parts.h"

#include <stdlib.h>

static const struct lp_op *acquire_of(const struct lp_checks *checks, size_t hold)
{
    return &checks->history->ops[checks->holds[hold].acquire];
}

/* Negative: `hold` comes before (worker, lock, sequence) in the index. */
static int compare(const struct lp_checks *checks, size_t hold, uint32_t worker, uint8_t lock,
                   uint32_t sequence)
{
    const struct lp_hold *it = &checks->holds[hold];
    if (it->worker != worker)
        return it->worker < worker ? -1 : 1;
    if (it->lock != lock)
        return it->lock < lock ? -1 : 1;
    uint32_t own = acquire_of(checks, hold)->sequence;
    return (own > sequence) - (own < sequence);
}

static int by_worker(const void *a, const void *b, void *checks)
{
    size_t left = *(const size_t *)a, right = *(const size_t *)b;
    const struct lp_checks *all = checks;
    const struct lp_hold *it = &all->holds[right];
    return compare(all, left, it->worker, it->lock, acquire_of(all, right)->sequence);
}

void lp_index_holds(struct lp_checks *checks)
{
    checks->holds_by_worker = lp_alloc(checks->hold_count, sizeof *checks->holds_by_worker);
    for (size_t i = 0; i < checks->hold_count; i++)
        checks->holds_by_worker[i] = i;
    qsort_r(checks->holds_by_worker, checks->hold_count, sizeof *checks->holds_by_worker, by_worker,
            checks);
}

static uint32_t last_sequence(const struct lp_checks *checks, const struct lp_hold *hold)
{
    return hold->ended_by == LP_NOWHERE ? UINT32_MAX
                                        : checks->history->ops[hold->ended_by].sequence;
}

/* How many holds of the index come before or at (worker, lock, sequence). */
static size_t upper_bound(const struct lp_checks *checks, uint32_t worker, uint8_t lock,
                          uint32_t sequence)
{
    size_t low = 0, high = checks->hold_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(checks, checks->holds_by_worker[middle], worker, lock, sequence) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t lp_holds_around(const struct lp_checks *checks, size_t from, size_t to, uint8_t lock,
                       size_t *found, size_t max)
{
    const struct lp_op *first = &checks->history->ops[from];
    size_t count = 0;
    size_t at = upper_bound(checks, first->worker, lock, checks->history->ops[to].sequence);
    while (at-- > 0 && count < max) {
        size_t index = checks->holds_by_worker[at];
        const struct lp_hold *hold = &checks->holds[index];
        if (hold->worker != first->worker || hold->lock != lock ||
            last_sequence(checks, hold) < first->sequence)
            break;
        found[count++] = index;
    }
    return count;
}

bool lp_hold_spans(const struct lp_checks *checks, const struct lp_hold *hold, size_t from,
                   size_t to)
{
    const struct lp_op *ops = checks->history->ops;
    uint32_t acquired = ops[hold->acquire].sequence;
    /* A deferred transaction is locked by the very write, after it was carried out; but `add`,
       the whole update in one statement, is then under its own lock. */
    if (acquired > ops[from].sequence)
        return false;
    return last_sequence(checks, hold) >= ops[to].sequence;
}

static bool holds_at(const struct lp_checks *checks, const struct lp_hold *hold, size_t op)
{
    uint32_t sequence = checks->history->ops[op].sequence;
    return checks->history->ops[hold->acquire].sequence <= sequence &&
           sequence <= last_sequence(checks, hold);
}

static void find_cover(struct lp_checks *checks, struct lp_update *update)
{
    static const uint8_t tx = LP_LOCK_TX;
    size_t found[8];
    size_t end = lp_update_end(update);
    uint32_t locks = lp_history_any_header(checks->history)->lock_count;
    for (uint32_t i = 0; i <= locks; i++) {
        uint8_t lock = i < locks ? (uint8_t)i : tx;
        size_t count = lp_holds_around(checks, update->read, end, lock, found, 8);
        while (count-- > 0) {
            const struct lp_hold *hold = &checks->holds[found[count]];
            bool spans = lp_hold_spans(checks, hold, update->read, end);
            if (spans && !hold->shared) {
                update->cover = LP_COVER_FULL;
                update->hold = found[count];
                return;
            }
            bool touches = spans || holds_at(checks, hold, update->read) ||
                           holds_at(checks, hold, update->write);
            if (touches && update->cover == LP_COVER_NONE) {
                update->cover = LP_COVER_PARTLY;
                update->hold = found[count];
            }
        }
    }
}

void lp_find_cover(struct lp_checks *checks)
{
    for (size_t i = 0; i < checks->update_count; i++)
        find_cover(checks, &checks->updates[i]);
}
