/* SPDX-License-Identifier: MIT */
/*
 * The cause of one loss, from where its two updates lay in the holds of their own workers. Decided
 * for each pair by itself, never for the scenario: between two polite workers the lock failed,
 * whatever a rogue did elsewhere.
 *
 *     both covered    the lock's fault: another lock, dropped, released by a stranger, outlived its
 *                     lease, or granted twice
 *     one not at all  it went round the lock
 *     neither         no lock, if nobody takes one
 *     one in part     the scope is too narrow, or its read was of an earlier snapshot
 */
#include "verdict/evidence.h"

#define AROUND_MAX 8
#define RESTORED_WITHIN 1000 /* updates that are looked at */

static const struct lp_update *side(const struct lp_evidence_base *base,
                                    const struct lp_finding *finding, unsigned index)
{
    return &base->checks->updates[finding->update[index]];
}

static const struct lp_hold *hold_of(const struct lp_evidence_base *base,
                                     const struct lp_finding *finding, unsigned index)
{
    return &base->checks->holds[finding->hold[index]];
}

static const struct lp_record *op_of(const struct lp_evidence_base *base, size_t op)
{
    return base->history->ops[op].record;
}

static bool same_object(const struct lp_hold *a, const struct lp_hold *b)
{
    bool known = (a->domain || a->object) && (b->domain || b->object);
    return a->lock == b->lock && (!known || (a->domain == b->domain && a->object == b->object));
}

void lp_finding_init(struct lp_finding *finding)
{
    *finding = (struct lp_finding){.cause = LP_CAUSE_NONE,
                                   .update = {LP_NOWHERE, LP_NOWHERE},
                                   .hold = {LP_NOWHERE, LP_NOWHERE},
                                   .other_op = LP_NOWHERE};
}

/* ---- both sides held a lock ---- */

/* A release by somebody who did not hold the lock, done before the second grant and not certainly
   before the first: a grant takes effect somewhere between its try and its answer. */
static size_t foreign_release(const struct lp_evidence_base *base, const struct lp_hold *first,
                              const struct lp_hold *second)
{
    for (size_t i = 0; i < base->void_release_count; i++) {
        const struct lp_op *op = &base->history->ops[base->void_releases[i]];
        if (op->record->lock == first->lock && op->worker != first->worker &&
            op->record->invoke_ns <= second->from_ns &&
            op->record->complete_ns >= first->invoked_ns)
            return base->void_releases[i];
    }
    return LP_NOWHERE;
}

static bool closed_store_inside(const struct lp_evidence_base *base, const struct lp_hold *hold)
{
    const struct lp_trail *trail = &base->checks->trail;
    const struct lp_op *acquire = &base->history->ops[hold->acquire];
    size_t at = trail->first[hold->worker] + acquire->sequence;
    for (; at < trail->first[hold->worker + 1] && trail->ops[at] != hold->ended_by; at++) {
        const struct lp_record *record = op_of(base, trail->ops[at]);
        if (record->kind == LP_STEP_CLOSE && record->flags & LP_FLAG_STORE)
            return true;
    }
    return false;
}

/* Lost without a lease, and by its own holder's doing: this very hold shows it, or others of the
   same lock do. A hold that another worker's release took away is a consequence of a double grant.
 */
static bool was_dropped(const struct lp_evidence_base *base, const struct lp_hold *hold)
{
    if (hold->severed && hold->lease_end_ns == UINT64_MAX)
        return true;
    if (!hold->lost || hold->lease_end_ns != UINT64_MAX || hold->lock == LP_LOCK_TX)
        return false;
    return hold->dropped || base->checks->drops[hold->lock] || closed_store_inside(base, hold);
}

/* Both had the lock, one after the other, and yet the second read what the first had overwritten:
   its transaction had begun, and seen, before it was granted the lock. */
static void blame_snapshot(struct lp_finding *finding, const struct lp_evidence_base *base)
{
    if (finding->update[1] == LP_NOWHERE)
        return;
    const struct lp_update *update = side(base, finding, 1);
    const struct lp_op *ops = base->history->ops;
    if (update->begin == LP_NOWHERE || update->hold == LP_NOWHERE ||
        ops[update->begin].sequence > ops[hold_of(base, finding, 1)->acquire].sequence)
        return;
    finding->cause = LP_CAUSE_STALE_SNAPSHOT;
    finding->reason = LP_REASON_ISOLATION;
}

static void classify_holds(struct lp_finding *finding, const struct lp_evidence_base *base)
{
    if (hold_of(base, finding, 0)->from_ns > hold_of(base, finding, 1)->from_ns) {
        size_t hold = finding->hold[0], update = finding->update[0];
        finding->hold[0] = finding->hold[1];
        finding->update[0] = finding->update[1];
        finding->hold[1] = hold;
        finding->update[1] = update;
    }
    const struct lp_hold *first = hold_of(base, finding, 0), *second = hold_of(base, finding, 1);
    finding->blamed = 1;
    if (!same_object(first, second)) {
        finding->cause = LP_CAUSE_DIFFERENT_LOCK;
        return;
    }
    if (second->from_ns >= first->release_complete_ns && first->lease_end_ns == UINT64_MAX) {
        blame_snapshot(finding, base);
        return; /* one after the other: not the lock's doing */
    }
    finding->other_op = foreign_release(base, first, second);
    if (finding->other_op != LP_NOWHERE)
        finding->cause = LP_CAUSE_FOREIGN_RELEASE;
    else if (second->from_ns >= first->lease_end_ns)
        finding->cause = LP_CAUSE_LEASE_EXPIRED;
    else if (was_dropped(base, first))
        finding->cause = LP_CAUSE_DROPPED_LOCK;
    else
        finding->cause = LP_CAUSE_DOUBLE_GRANT;
}

/* The exclusive hold of one lock that spans the update, or LP_NOWHERE. */
static size_t spanning(const struct lp_checks *checks, const struct lp_update *update, uint8_t lock)
{
    size_t found[AROUND_MAX];
    size_t end = lp_update_end(update);
    size_t count = lp_holds_around(checks, update->read, end, lock, found, AROUND_MAX);
    for (size_t i = 0; i < count; i++)
        if (!checks->holds[found[i]].shared &&
            lp_hold_spans(checks, &checks->holds[found[i]], update->read, end))
            return found[i];
    return LP_NOWHERE;
}

/* Under several locks the one that both had is the one that failed; if it is one object, all the
   more. */
static void choose_holds(struct lp_finding *finding, const struct lp_evidence_base *base)
{
    const struct lp_checks *checks = base->checks;
    uint32_t locks = lp_history_any_header(base->history)->lock_count;
    bool common = false;
    finding->hold[0] = side(base, finding, 0)->hold;
    finding->hold[1] = side(base, finding, 1)->hold;
    for (uint32_t i = 0; i <= locks; i++) {
        uint8_t lock = i < locks ? (uint8_t)i : LP_LOCK_TX;
        size_t first = spanning(checks, side(base, finding, 0), lock);
        size_t second = spanning(checks, side(base, finding, 1), lock);
        if (first == LP_NOWHERE || second == LP_NOWHERE)
            continue;
        bool same = same_object(&checks->holds[first], &checks->holds[second]);
        if (same || !common) {
            finding->hold[0] = first;
            finding->hold[1] = second;
        }
        if (same)
            return;
        common = true;
    }
}

/* ---- one side was not covered ---- */

/* Its read and its write are of one transaction, which took its lock with the write: safe where
   the store keeps transactions apart. */
static bool in_one_transaction(const struct lp_evidence_base *base, const struct lp_update *update)
{
    uint32_t flags = lp_history_any_header(base->history)->store_flags;
    return !(flags & LP_STORE_WEAK_TX) && update->begin != LP_NOWHERE &&
           update->begin < update->read && update->commit != LP_NOWHERE && !update->carried;
}

/* Covered, or as good as that. */
static bool is_guarded(const struct lp_evidence_base *base, const struct lp_update *update)
{
    return update->cover == LP_COVER_FULL || in_one_transaction(base, update);
}

static enum lp_reason reason_of(const struct lp_evidence_base *base, const struct lp_update *update)
{
    if (update->carried)
        return LP_REASON_ROLLED_BACK;
    if (update->cover != LP_COVER_PARTLY)
        return in_one_transaction(base, update) ? LP_REASON_ISOLATION : LP_REASON_NONE;
    const struct lp_hold *hold = &base->checks->holds[update->hold];
    const struct lp_op *ops = base->history->ops;
    uint32_t read = ops[update->read].sequence, write = ops[update->write].sequence;
    uint32_t from = ops[hold->acquire].sequence;
    uint32_t to = hold->ended_by == LP_NOWHERE ? UINT32_MAX : ops[hold->ended_by].sequence;
    if (hold->end == LP_HOLD_UPGRADED && from <= read && to > read && to < write)
        return LP_REASON_UPGRADED;
    if (in_one_transaction(base, update))
        return LP_REASON_ISOLATION;
    if (hold->shared && lp_hold_spans(base->checks, hold, update->read, lp_update_end(update)))
        return LP_REASON_SHARED;
    if (from > read)
        return LP_REASON_WRITE_ONLY;
    /* Does another hold take the write? */
    size_t found[AROUND_MAX];
    bool again = lp_holds_around(base->checks, update->write, update->write, hold->lock, found,
                                 AROUND_MAX) > 0;
    return again ? LP_REASON_GAP : LP_REASON_READ_ONLY;
}

static bool closed_inside(const struct lp_evidence_base *base, const struct lp_update *update)
{
    return update->cover == LP_COVER_PARTLY &&
           base->checks->holds[update->hold].end == LP_HOLD_CLOSED;
}

static bool is_add(const struct lp_evidence_base *base, const struct lp_update *update)
{
    return op_of(base, update->write)->kind == LP_STEP_ADD;
}

static void blame(struct lp_finding *finding, unsigned index, enum lp_cause cause,
                  enum lp_reason reason)
{
    finding->blamed = index;
    finding->cause = cause;
    finding->reason = reason;
}

static bool blame_part(struct lp_finding *finding, const struct lp_evidence_base *base)
{
    /* The later write is the one that overwrote: look at it first. */
    for (unsigned i = 2; i-- > 0;) {
        const struct lp_update *update = side(base, finding, i);
        enum lp_reason reason = reason_of(base, update);
        if (closed_inside(base, update)) {
            blame(finding, i, LP_CAUSE_DROPPED_LOCK, reason);
            return true;
        }
        if (!is_guarded(base, update) &&
            (reason == LP_REASON_ROLLED_BACK || reason == LP_REASON_UPGRADED)) {
            blame(finding, i, LP_CAUSE_STALE_SNAPSHOT, reason);
            return true;
        }
    }
    for (unsigned i = 2; i-- > 0;) {
        const struct lp_update *update = side(base, finding, i);
        if (update->cover == LP_COVER_PARTLY && !is_guarded(base, update)) {
            blame(finding, i, LP_CAUSE_NARROW_SCOPE, reason_of(base, update));
            return true;
        }
    }
    return false;
}

/* A write round all locks that put back what the second one read, and may have come behind the
   first one's: then nothing was wrong between those two. Updates are in order of their writes. */
static size_t restored_between(const struct lp_evidence_base *base,
                               const struct lp_finding *finding)
{
    const struct lp_update *first = side(base, finding, 0), *second = side(base, finding, 1);
    const struct lp_update *updates = base->checks->updates;
    uint64_t from_ns = op_of(base, first->write)->invoke_ns;
    uint64_t to_ns = op_of(base, second->read)->complete_ns;
    for (size_t i = finding->update[1], looked = 0; i-- > 0 && looked < RESTORED_WITHIN; looked++) {
        const struct lp_update *update = &updates[i];
        const struct lp_record *end = op_of(base, lp_update_end(update));
        if (update->outcome == LP_OK && update->worker != second->worker &&
            update->worker != first->worker && update->value_written == second->value_read &&
            !is_guarded(base, update) && op_of(base, update->write)->invoke_ns < to_ns &&
            end->complete_ns > from_ns)
            return i;
    }
    return LP_NOWHERE;
}

static void classify_uncovered(struct lp_finding *finding, const struct lp_evidence_base *base)
{
    if (is_guarded(base, side(base, finding, 0)) && is_guarded(base, side(base, finding, 1))) {
        size_t between = restored_between(base, finding);
        if (between != LP_NOWHERE) {
            finding->update[1] = between;
            finding->hold[1] = side(base, finding, 1)->hold;
        }
    }
    const struct lp_update *first = side(base, finding, 0), *second = side(base, finding, 1);
    if (blame_part(finding, base))
        return;
    bool guarded[2] = {is_guarded(base, first), is_guarded(base, second)};
    if (guarded[0] && guarded[1]) {
        unsigned stale = in_one_transaction(base, second) ? 1 : 0;
        blame(finding, stale, LP_CAUSE_STALE_SNAPSHOT, LP_REASON_ISOLATION);
    } else if (guarded[0] != guarded[1]) {
        blame(finding, guarded[0] ? 1 : 0, LP_CAUSE_ADVISORY_BYPASS, LP_REASON_NONE);
    } else if (base->anybody_locks) {
        blame(finding, 1, LP_CAUSE_ADVISORY_BYPASS, LP_REASON_NONE);
    } else if (is_add(base, first) && is_add(base, second)) {
        blame(finding, 1, LP_CAUSE_NON_ATOMIC_UPDATE, LP_REASON_NONE);
    } else {
        blame(finding, 1, LP_CAUSE_NO_LOCK, LP_REASON_NONE);
    }
}

void lp_classify_pair(struct lp_finding *finding, const struct lp_evidence_base *base,
                      const struct lp_losing_pair *pair)
{
    lp_finding_init(finding);
    finding->update[0] = pair->first;
    finding->update[1] = pair->second;
    const struct lp_update *first = side(base, finding, 0), *second = side(base, finding, 1);
    finding->hold[0] = first->hold;
    finding->hold[1] = second->hold;
    if (lp_stores_coexist(base, op_of(base, first->write), op_of(base, second->write))) {
        blame(finding, 1, LP_CAUSE_DIFFERENT_STORE, LP_REASON_NONE);
    } else if (first->cover == LP_COVER_FULL && second->cover == LP_COVER_FULL) {
        choose_holds(finding, base);
        classify_holds(finding, base);
    } else {
        classify_uncovered(finding, base);
    }
}

void lp_classify_overlap(struct lp_finding *finding, const struct lp_evidence_base *base,
                         const struct lp_overlap *overlap)
{
    lp_finding_init(finding);
    finding->hold[0] = overlap->first;
    finding->hold[1] = overlap->second;
    classify_holds(finding, base);
}

void lp_classify_stuck(struct lp_finding *finding, const struct lp_stuck *stuck)
{
    lp_finding_init(finding);
    finding->stuck = stuck;
    finding->hold[0] = stuck->hold;
    switch (stuck->reason) {
    case LP_STUCK_FREE_LOCK:
        finding->cause = LP_CAUSE_STARVATION;
        break;
    case LP_STUCK_ORPHAN:
        finding->cause = LP_CAUSE_ORPHANED_LOCK;
        break;
    case LP_STUCK_CYCLE:
        finding->cause = LP_CAUSE_DEADLOCK;
        break;
    case LP_STUCK_OTHER:
        break;
    }
}
