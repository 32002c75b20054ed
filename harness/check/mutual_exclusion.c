/* SPDX-License-Identifier: MIT */
/*
 * Were two certain holds of one lock there at once that exclude each other? One sweep per lock over
 * the holds in order of their grants. Among those granted before, the one that lasts longest
 * overlaps the next if any does; so it is enough to remember that one, and the longest of any other
 * worker, for exclusive and for shared holds. A lock of capacity N counts how many last still (a
 * heap).
 *
 * Holds under one name count as one lock whatever their identities: the user believes that they
 * are. Transactions do not have a name, so theirs is the store's identity; those that lock with
 * their first write only count if they committed, because an optimistic store lets them overlap and
 * refuses one of them at its end.
 */
#include "check/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define OVERLAPS_KEPT 1024

/* The two holds that last longest, of different workers. */
struct longest {
    size_t best, other; /* indexes into holds, or LP_NOWHERE */
};

struct sweep {
    struct lp_checks *checks;
    struct longest exclusive, shared;
    uint64_t *ends; /* heap of ends of exclusive holds; only for capacity above 1 */
    size_t end_count;
    uint32_t capacity;
};

static void remember(const struct lp_checks *checks, struct longest *longest, size_t index)
{
    const struct lp_hold *holds = checks->holds;
    uint64_t until_ns = holds[index].until_ns;
    if (longest->best == LP_NOWHERE || holds[longest->best].worker == holds[index].worker) {
        if (longest->best == LP_NOWHERE || until_ns > holds[longest->best].until_ns)
            longest->best = index;
    } else if (until_ns > holds[longest->best].until_ns) {
        longest->other = longest->best;
        longest->best = index;
    } else if (longest->other == LP_NOWHERE || until_ns > holds[longest->other].until_ns) {
        longest->other = index;
    }
}

/* The longest of another worker that lasts beyond the grant of `index`; or LP_NOWHERE. */
static size_t still_there(const struct lp_checks *checks, const struct longest *longest,
                          size_t index)
{
    const struct lp_hold *holds = checks->holds;
    size_t found = longest->best;
    if (found != LP_NOWHERE && holds[found].worker == holds[index].worker)
        found = longest->other;
    if (found == LP_NOWHERE || holds[found].until_ns <= holds[index].from_ns)
        return LP_NOWHERE;
    return found;
}

static void swap(uint64_t *a, uint64_t *b)
{
    uint64_t kept = *a;
    *a = *b;
    *b = kept;
}

static void push_end(struct sweep *sweep, uint64_t end)
{
    size_t at = sweep->end_count++;
    sweep->ends[at] = end;
    for (; at > 0 && sweep->ends[(at - 1) / 2] > sweep->ends[at]; at = (at - 1) / 2)
        swap(&sweep->ends[(at - 1) / 2], &sweep->ends[at]);
}

static void pop_end(struct sweep *sweep)
{
    uint64_t *ends = sweep->ends;
    ends[0] = ends[--sweep->end_count];
    for (size_t at = 0;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
            if (child < sweep->end_count && ends[child] < ends[least])
                least = child;
        if (least == at)
            return;
        swap(&ends[least], &ends[at]);
        at = least;
    }
}

/* Does one more make more exclusive holds at once than the lock has places? */
static bool is_full(struct sweep *sweep, const struct lp_hold *hold)
{
    if (sweep->capacity <= 1)
        return true;
    while (sweep->end_count > 0 && sweep->ends[0] <= hold->from_ns)
        pop_end(sweep);
    bool full = sweep->end_count >= sweep->capacity;
    push_end(sweep, hold->until_ns);
    return full;
}

static size_t find_conflict(struct sweep *sweep, size_t index)
{
    const struct lp_hold *hold = &sweep->checks->holds[index];
    size_t with_shared =
        hold->shared ? LP_NOWHERE : still_there(sweep->checks, &sweep->shared, index);
    size_t with_exclusive = still_there(sweep->checks, &sweep->exclusive, index);
    if (!hold->shared && !is_full(sweep, hold))
        with_exclusive = LP_NOWHERE;
    return with_exclusive != LP_NOWHERE ? with_exclusive : with_shared;
}

static void visit(struct sweep *sweep, size_t index)
{
    struct lp_mutual_exclusion *result = &sweep->checks->mutual_exclusion;
    size_t conflict = find_conflict(sweep, index);
    if (conflict != LP_NOWHERE) {
        result->overlaps_total++;
        if (result->overlap_count < OVERLAPS_KEPT) {
            result->overlaps = lp_grow(result->overlaps, &result->overlap_cap,
                                       result->overlap_count + 1, sizeof *result->overlaps);
            result->overlaps[result->overlap_count++] =
                (struct lp_overlap){.first = conflict, .second = index};
        }
    }
    remember(sweep->checks, sweep->checks->holds[index].shared ? &sweep->shared : &sweep->exclusive,
             index);
}

static bool is_promise(const struct lp_hold *hold)
{
    return !hold->deferred || hold->committed;
}

static bool same_store(const struct lp_hold *a, const struct lp_hold *b)
{
    return a->domain == b->domain && a->object == b->object;
}

static int by_group(const void *a, const void *b, void *checks)
{
    size_t left = *(const size_t *)a, right = *(const size_t *)b;
    const struct lp_hold *holds = ((const struct lp_checks *)checks)->holds;
    const struct lp_hold *x = &holds[left], *y = &holds[right];
    if (x->lock != y->lock)
        return x->lock < y->lock ? -1 : 1;
    if (x->lock == LP_LOCK_TX && !same_store(x, y)) {
        if (x->domain != y->domain)
            return x->domain < y->domain ? -1 : 1;
        return x->object < y->object ? -1 : 1;
    }
    return (left > right) - (left < right); /* holds are in order of their grants */
}

static bool same_group(const struct lp_hold *a, const struct lp_hold *b)
{
    return a->lock == b->lock && (a->lock != LP_LOCK_TX || same_store(a, b));
}

/* A transaction whose store is not known may be of any store. What was at no time certainly held
   excludes nobody. */
static bool is_swept(const struct lp_hold *hold)
{
    if (hold->uncertain)
        return false;
    return hold->lock != LP_LOCK_TX || (is_promise(hold) && (hold->domain || hold->object));
}

static void sweep_all(struct lp_checks *checks)
{
    size_t count = 0;
    size_t *order = lp_alloc(checks->hold_count, sizeof *order);
    struct sweep sweep = {.checks = checks};
    sweep.ends = lp_alloc(checks->hold_count, sizeof *sweep.ends);
    for (size_t i = 0; i < checks->hold_count; i++)
        if (is_swept(&checks->holds[i]))
            order[count++] = i;
    qsort_r(order, count, sizeof *order, by_group, checks);
    for (size_t i = 0; i < count; i++) {
        const struct lp_hold *hold = &checks->holds[order[i]];
        if (i == 0 || !same_group(hold, &checks->holds[order[i - 1]])) {
            sweep.exclusive = sweep.shared = (struct longest){LP_NOWHERE, LP_NOWHERE};
            sweep.end_count = 0;
            sweep.capacity = lp_lock_capacity(checks->history, hold->lock);
        }
        visit(&sweep, order[i]);
    }
    free(order);
    free(sweep.ends);
}

static void add_hold(struct lp_checks *checks, const struct lp_hold *hold)
{
    struct lp_mutual_exclusion *result = &checks->mutual_exclusion;
    lp_witness_add(&result->witness, &result->witness_count, hold->acquire);
    if (hold->ended_by != LP_NOWHERE)
        lp_witness_add(&result->witness, &result->witness_count, hold->ended_by);
}

void lp_check_mutual_exclusion(struct lp_checks *checks)
{
    struct lp_mutual_exclusion *result = &checks->mutual_exclusion;
    result->holds = checks->hold_count;
    if (checks->hold_count == 0) {
        result->result = LP_NOT_APPLICABLE;
        return;
    }
    sweep_all(checks);
    if (result->overlaps_total > 0) {
        result->result = LP_VIOLATED;
        snprintf(result->detail, sizeof result->detail,
                 "%" PRIu64 " of %" PRIu64 " holds were granted while another that excludes them "
                 "was certainly held",
                 result->overlaps_total, result->holds);
        add_hold(checks, &checks->holds[result->overlaps[0].first]);
        add_hold(checks, &checks->holds[result->overlaps[0].second]);
    } else if (checks->history->damaged) {
        result->result = LP_UNDECIDED;
        snprintf(result->detail, sizeof result->detail, "%s", checks->history->damage);
    } else {
        result->result = LP_PASS;
    }
}
