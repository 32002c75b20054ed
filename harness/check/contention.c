/* SPDX-License-Identifier: MIT */
/*
 * How often did workers really meet? A lock that nobody contested was not tested. What counts is
 * the try, not the wait: a loser that sleeps between its tries is not trying, and a try that found
 * the lock taken meets nothing but a lock that works so far. See struct lp_contention.
 */
#include "check/parts.h"

#include <stdlib.h>
#include <string.h>

#include "check/spans.h"

#define PLACES (LP_HISTORY_LOCKS + 1) /* locks, and transactions */
#define TX_PLACE LP_HISTORY_LOCKS

struct grant {
    size_t hold;      /* LP_NOWHERE: an acquire whose outcome nobody knows */
    uint64_t from_ns; /* certain begin; of an unknown one its invocation */
    uint64_t attempt_ns;
    uint64_t over_ns; /* after this it certainly is not held */
    uint32_t worker;
    bool shared;
};

/* One lock's tries and grants. */
struct place {
    struct lp_spans all;       /* every try */
    struct lp_spans exclusive; /* those for an exclusive hold */
    struct grant *grants;
    size_t count, cap;
};

/* Latest ends of the holds so far, of two different keys. */
struct ends {
    uint64_t best_ns, other_ns;
    uint32_t best_key;
};

struct meetings {
    struct lp_checks *checks;
    struct place places[PLACES];
    bool across; /* between containers only */
};

static uint32_t key_of(const struct meetings *meetings, uint32_t worker)
{
    return meetings->across ? meetings->checks->history->workers[worker].header->container : worker;
}

static void add_try(struct meetings *meetings, size_t place, uint64_t from_ns, uint64_t to_ns,
                    uint32_t worker, bool shared)
{
    uint32_t key = key_of(meetings, worker);
    lp_spans_add(&meetings->places[place].all, from_ns, to_ns, key);
    if (!shared)
        lp_spans_add(&meetings->places[place].exclusive, from_ns, to_ns, key);
}

static void add_grant(struct meetings *meetings, size_t place, const struct grant *grant)
{
    struct place *it = &meetings->places[place];
    it->grants = lp_grow(it->grants, &it->cap, it->count + 1, sizeof *it->grants);
    it->grants[it->count++] = *grant;
}

static void add_holds(struct meetings *meetings)
{
    const struct lp_checks *checks = meetings->checks;
    for (size_t i = 0; i < checks->hold_count; i++) {
        const struct lp_hold *hold = &checks->holds[i];
        if (hold->deferred)
            continue; /* took its lock by a write: counts as an update */
        size_t place = hold->lock == LP_LOCK_TX ? TX_PLACE : hold->lock;
        struct grant grant = {.hold = i,
                              .from_ns = hold->from_ns,
                              .attempt_ns = hold->invoked_ns,
                              .over_ns = hold->release_complete_ns,
                              .worker = hold->worker,
                              .shared = hold->shared};
        add_grant(meetings, place, &grant);
        add_try(meetings, place, hold->invoked_ns, hold->from_ns, hold->worker, hold->shared);
    }
}

static void add_unknown(struct meetings *meetings, size_t place, const struct lp_op *op,
                        bool shared)
{
    struct grant grant = {.hold = LP_NOWHERE,
                          .from_ns = op->record->invoke_ns,
                          .over_ns = UINT64_MAX,
                          .worker = op->worker,
                          .shared = shared};
    add_grant(meetings, place, &grant);
}

/* Tries that were not granted. A LOCK's are recorded one by one; they ask for its mode. */
static void add_failed(struct meetings *meetings, const struct lp_op *op, bool *lock_shared)
{
    const struct lp_record *record = op->record;
    struct lp_contention *contention = &meetings->checks->contention;
    bool shared = record->flags & LP_FLAG_SHARED;
    switch (record->kind) {
    case LP_STEP_LOCK:
        lock_shared[op->worker] = shared;
        contention->blocked += record->busy;
        if (lp_op_result(op) == LP_UNKNOWN)
            add_unknown(meetings, record->lock, op, shared);
        break;
    case LP_STEP_TRY:
        if (lp_op_done(op))
            add_try(meetings, record->lock, record->invoke_ns, record->complete_ns, op->worker,
                    lock_shared[op->worker]);
        break;
    case LP_STEP_TRYLOCK:
        if (lp_op_result(op) == LP_UNKNOWN)
            add_unknown(meetings, record->lock, op, shared);
        if (lp_op_result(op) != LP_BUSY)
            break;
        contention->blocked++;
        add_try(meetings, record->lock, record->invoke_ns, record->complete_ns, op->worker, shared);
        break;
    case LP_STEP_BEGIN:
        if (!(record->flags & LP_FLAG_BEGIN_MASK))
            break;
        if (lp_op_result(op) == LP_UNKNOWN)
            add_unknown(meetings, TX_PLACE, op, false);
        if (lp_op_result(op) != LP_BUSY)
            break;
        contention->blocked++;
        add_try(meetings, TX_PLACE, record->invoke_ns, record->complete_ns, op->worker, false);
        break;
    }
}

static int by_from(const void *a, const void *b)
{
    const struct grant *left = a, *right = b;
    return (left->from_ns > right->from_ns) - (left->from_ns < right->from_ns);
}

static void remember(struct ends *ends, uint64_t end_ns, uint32_t key)
{
    if (end_ns > ends->best_ns) {
        if (key != ends->best_key)
            ends->other_ns = ends->best_ns;
        ends->best_ns = end_ns;
        ends->best_key = key;
    } else if (key != ends->best_key && end_ns > ends->other_ns) {
        ends->other_ns = end_ns;
    }
}

/* `previous_key` is UINT32_MAX before the first grant. `free_ns`: from then on no other worker can
   have held it. */
static bool is_contested(const struct meetings *meetings, const struct place *place,
                         const struct grant *grant, uint32_t previous_key, uint64_t free_ns)
{
    uint32_t key = key_of(meetings, grant->worker);
    const struct lp_spans *tries = grant->shared ? &place->exclusive : &place->all;
    bool passed = previous_key != UINT32_MAX && previous_key != key;
    if (passed && lp_spans_overlap(tries, grant->attempt_ns, grant->from_ns, key, 0))
        return true;
    return free_ns < grant->from_ns &&
           lp_spans_overlap(tries, grant->attempt_ns, grant->from_ns, key, free_ns);
}

static uint64_t sweep_place(struct meetings *meetings, struct place *place)
{
    struct lp_contention *contention = &meetings->checks->contention;
    struct ends ends = {.best_key = UINT32_MAX};
    uint32_t previous_worker = UINT32_MAX, previous_key = UINT32_MAX;
    uint64_t contested = 0;
    if (place->count > 1)
        qsort(place->grants, place->count, sizeof *place->grants, by_from);
    lp_spans_sort(&place->all);
    lp_spans_sort(&place->exclusive);
    for (size_t i = 0; i < place->count; i++) {
        const struct grant *grant = &place->grants[i];
        uint64_t free_ns = ends.best_key == grant->worker ? ends.other_ns : ends.best_ns;
        remember(&ends, grant->over_ns, grant->worker);
        if (grant->hold == LP_NOWHERE)
            continue;
        contention->acquires++;
        contention->handovers += previous_worker != UINT32_MAX && previous_worker != grant->worker;
        contested += is_contested(meetings, place, grant, previous_key, free_ns);
        previous_worker = grant->worker;
        previous_key = key_of(meetings, grant->worker);
    }
    return contested;
}

/* ---- updates ---- */

static uint64_t window_from(const struct lp_checks *checks, const struct lp_update *update)
{
    const struct lp_op *ops = checks->history->ops;
    size_t first =
        update->begin != LP_NOWHERE && update->begin < update->read ? update->begin : update->read;
    /* A `cas` that matched is one instruction; one that did not saw a change since the read. */
    if (lp_kind_of(checks, update->write) == LP_STEP_CAS && !update->refused)
        first = update->write;
    return ops[first].record->invoke_ns;
}

static uint64_t window_to(const struct lp_checks *checks, const struct lp_update *update)
{
    uint64_t end_ns = lp_effect_to(checks, update);
    return end_ns == UINT64_MAX ? checks->history->ops[update->write].record->invoke_ns : end_ns;
}

/* A plain write has nothing that could protect it but a lock, and then grants are counted; nor has
   an `add` that the store carries out in several steps. */
static bool can_meet(const struct lp_checks *checks, const struct lp_update *update)
{
    unsigned kind = lp_kind_of(checks, update->write);
    bool in_tx = checks->history->ops[update->write].record->flags & LP_FLAG_IN_TX;
    bool atomic_add = lp_history_any_header(checks->history)->store_flags & LP_STORE_ATOMIC_ADD;
    bool defended = in_tx || kind == LP_STEP_CAS || (kind == LP_STEP_ADD && atomic_add);
    return (update->outcome == LP_OK || update->refused) && defended;
}

static void count_updates(struct meetings *meetings)
{
    const struct lp_checks *checks = meetings->checks;
    struct lp_contention *contention = &meetings->checks->contention;
    struct lp_spans by_key = {0}, by_worker = {0};
    for (size_t i = 0; i < checks->update_count; i++) {
        const struct lp_update *update = &checks->updates[i];
        uint64_t from_ns = window_from(checks, update), to_ns = window_to(checks, update);
        lp_spans_add(&by_key, from_ns, to_ns, key_of(meetings, update->worker));
        lp_spans_add(&by_worker, from_ns, to_ns, update->worker);
    }
    lp_spans_sort(&by_key);
    lp_spans_sort(&by_worker);
    for (size_t i = 0; i < checks->update_count; i++) {
        const struct lp_update *update = &checks->updates[i];
        uint64_t from_ns = window_from(checks, update), to_ns = window_to(checks, update);
        bool acknowledged = update->outcome == LP_OK;
        contention->windows += acknowledged;
        contention->windows_overlapped +=
            acknowledged && lp_spans_overlap(&by_worker, from_ns, to_ns, update->worker, 0);
        contention->meetings +=
            contention->counts_updates && can_meet(checks, update) &&
            lp_spans_overlap(&by_key, from_ns, to_ns, key_of(meetings, update->worker), 0);
    }
    lp_spans_release(&by_key);
    lp_spans_release(&by_worker);
}

void lp_find_contention(struct lp_checks *checks)
{
    const struct lp_history *history = checks->history;
    struct meetings meetings = {.checks = checks, .across = history->containers > 1};
    bool *lock_shared = lp_alloc(history->worker_count, sizeof *lock_shared);
    add_holds(&meetings);
    for (size_t i = 0; i < history->op_count; i++)
        add_failed(&meetings, &history->ops[i], lock_shared);
    free(lock_shared);
    uint64_t most = 0;
    for (size_t i = 0; i < PLACES; i++) {
        uint64_t contested = sweep_place(&meetings, &meetings.places[i]);
        most = contested > most ? contested : most;
    }
    checks->contention.counts_updates = checks->contention.acquires == 0;
    checks->contention.meetings = most;
    count_updates(&meetings);
    for (size_t i = 0; i < PLACES; i++) {
        lp_spans_release(&meetings.places[i].all);
        lp_spans_release(&meetings.places[i].exclusive);
        free(meetings.places[i].grants);
    }
}
