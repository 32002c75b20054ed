/* SPDX-License-Identifier: MIT */
/*
 * One wait that ended at its deadline, explained by who could have held the lock during its last
 * half:
 *
 *  - nobody: a wake-up was lost. A polling waiter tries once more at its deadline and a woken one
 * is granted the lock however late it runs, so no load of the machine looks like this;
 *  - only workers that had gone before: the lock was orphaned;
 *  - a worker that certainly held it while it waited for one that leads back here: a cycle, by the
 *    wait-for graph of Coffman, Elphick and Shoshani (1971). Two that both wait to upgrade the
 * shared lock that they hold are such a cycle too, and so is one that waits for nobody but itself.
 *
 * Anything else proves nothing: whoever may hold a lock lawfully makes others wait.
 */
#include "check/waits.h"

#include "base/units.h"
#include "check/parts.h"

/* A free lock must have been free so long. A waiter that a signal or a timer takes out of its sleep
   at its deadline may have been woken for the lock an instant before. */
#define FREE_MIN_NS (100 * LP_MS)

struct wait {
    const struct lp_checks *checks;
    const struct lp_op *op;
    uint64_t from_ns, to_ns; /* its last half */
    uint8_t lock;
    bool shared;
    const struct lp_hold *known; /* any hold of the lock, which tells the object; or NULL */
    /* who may have held it then: */
    size_t orphan;   /* hold of a worker that had gone; or LP_NOWHERE */
    size_t upgrader; /* hold whose worker waited all the time to upgrade it */
    size_t own;      /* hold of the waiting worker itself */
    bool blocked;    /* by somebody of whom nothing is certain */
};

static bool is_gone(const struct lp_history_worker *worker, uint64_t time_ns)
{
    if (worker->exited)
        return worker->exit_ns <= time_ns;
    return worker->header->finished != 0 && worker->last_ns <= time_ns;
}

/* Did the operation that ended this hold, an UPGRADE, wait all through the last half? */
static bool waits_to_upgrade(const struct wait *wait, const struct lp_hold *hold)
{
    if (hold->end != LP_HOLD_UPGRADED || hold->release_complete_ns != UINT64_MAX)
        return false;
    const struct lp_op *upgrade = &wait->checks->history->ops[hold->ended_by];
    return upgrade->record->invoke_ns <= wait->from_ns && lp_op_end_ns(upgrade) >= wait->to_ns;
}

/* Another name may lead to the same object, and certainly does not only where both are known. */
static bool may_be_alias(const struct wait *wait, const struct lp_hold *hold)
{
    if (hold->lock == wait->lock || hold->lock == LP_LOCK_TX)
        return false;
    bool known = wait->known && (hold->domain || hold->object);
    return !known || (wait->known->domain == hold->domain && wait->known->object == hold->object);
}

static void look_at_hold(struct wait *wait, size_t index)
{
    const struct lp_hold *hold = &wait->checks->holds[index];
    const struct lp_history *history = wait->checks->history;
    bool alias = may_be_alias(wait, hold);
    if ((hold->lock != wait->lock && !alias) || !lp_modes_conflict(hold->shared, wait->shared) ||
        hold->invoked_ns > wait->to_ns || hold->release_complete_ns < wait->from_ns)
        return;
    if (alias) {
        wait->blocked = true;
    } else if (hold->worker == wait->op->worker) {
        /* Its own shared lock does not keep it from upgrading. */
        if (hold->ended_by != (size_t)(wait->op - history->ops))
            wait->own = index;
    } else if (waits_to_upgrade(wait, hold)) {
        wait->upgrader = index;
    } else if (hold->end != LP_HOLD_REACQUIRED && hold->end != LP_HOLD_UPGRADED &&
               hold->release == LP_NOWHERE &&
               is_gone(&history->workers[hold->worker], wait->from_ns)) {
        wait->orphan = index;
    } else {
        wait->blocked = true;
    }
}

/* An acquire whose outcome nobody knows may have been granted. */
static void look_at_acquire(struct wait *wait, const struct lp_op *op)
{
    const struct lp_record *record = op->record;
    bool acquires = record->kind == LP_STEP_LOCK || record->kind == LP_STEP_TRYLOCK ||
                    record->kind == LP_STEP_UPGRADE;
    bool may_hold = acquires && record->lock == wait->lock && op != wait->op &&
                    lp_op_result(op) == LP_UNKNOWN && record->invoke_ns <= wait->to_ns;
    wait->blocked |= may_hold;
}

static const struct lp_hold *any_hold(const struct lp_checks *checks, uint8_t lock)
{
    for (size_t i = 0; i < checks->hold_count; i++) {
        const struct lp_hold *hold = &checks->holds[i];
        if (hold->lock == lock && (hold->domain || hold->object))
            return hold;
    }
    return NULL;
}

static void find_blockers(struct wait *wait)
{
    const struct lp_checks *checks = wait->checks;
    wait->known = any_hold(checks, wait->lock);
    wait->blocked = checks->history->damaged; /* by somebody whose history is missing */
    for (size_t i = 0; i < checks->hold_count && !wait->blocked; i++)
        look_at_hold(wait, i);
    for (size_t i = 0; i < checks->history->op_count && !wait->blocked; i++)
        look_at_acquire(wait, &checks->history->ops[i]);
}

/* ---- cycles ---- */

/* What a worker waits for at a time: its LOCK or UPGRADE that was invoked and not over; or NULL. */
static const struct lp_op *waits_for(const struct lp_checks *checks, uint32_t worker,
                                     uint64_t time_ns)
{
    const struct lp_op *ops = checks->history->ops;
    size_t low = checks->trail.first[worker], high = checks->trail.first[worker + 1];
    size_t first = low;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ops[checks->trail.ops[middle]].record->invoke_ns <= time_ns)
            low = middle + 1;
        else
            high = middle;
    }
    while (low > first && ops[checks->trail.ops[low - 1]].record->kind == LP_STEP_TRY)
        low--; /* tries belong to the LOCK before them */
    if (low == first)
        return NULL;
    const struct lp_op *op = &ops[checks->trail.ops[low - 1]];
    bool waiting = (op->record->kind == LP_STEP_LOCK || op->record->kind == LP_STEP_UPGRADE) &&
                   lp_op_end_ns(op) > time_ns;
    return waiting ? op : NULL;
}

static bool is_shared_wait(const struct lp_op *op)
{
    return op->record->kind == LP_STEP_LOCK && op->record->flags & LP_FLAG_SHARED;
}

/* A hold that certainly stood in the way of `op` at a time; or LP_NOWHERE. Not its own worker's:
   some locks let their owner in again. */
static size_t holder_at(const struct lp_checks *checks, const struct lp_op *op, uint64_t time_ns)
{
    if (lp_lock_capacity(checks->history, op->record->lock) > 1)
        return LP_NOWHERE;
    for (size_t i = 0; i < checks->hold_count && checks->holds[i].from_ns <= time_ns; i++) {
        const struct lp_hold *hold = &checks->holds[i];
        if (hold->lock == op->record->lock && hold->worker != op->worker &&
            hold->until_ns >= time_ns && lp_modes_conflict(hold->shared, is_shared_wait(op)))
            return i;
    }
    return LP_NOWHERE;
}

/* Follows holder and wait until they lead back to the worker; the hold that it waits for. */
static size_t find_cycle(const struct lp_checks *checks, const struct lp_op *start)
{
    uint64_t time_ns = start->record->complete_ns;
    time_ns -= time_ns > start->record->invoke_ns;
    size_t first = LP_NOWHERE;
    const struct lp_op *op = start;
    for (size_t hops = 0; hops < checks->history->worker_count && op; hops++) {
        size_t hold = holder_at(checks, op, time_ns);
        if (hold == LP_NOWHERE)
            return LP_NOWHERE;
        if (first == LP_NOWHERE)
            first = hold;
        if (checks->holds[hold].worker == start->worker)
            return first;
        op = waits_for(checks, checks->holds[hold].worker, time_ns);
    }
    return LP_NOWHERE;
}

/* ---- the answer ---- */

static uint64_t count_served(const struct lp_checks *checks, const struct lp_op *op)
{
    uint64_t served = 0;
    for (size_t i = 0; i < checks->hold_count; i++) {
        const struct lp_hold *hold = &checks->holds[i];
        served += hold->lock == op->record->lock && hold->worker != op->worker &&
                  hold->from_ns >= op->record->invoke_ns && hold->from_ns <= lp_op_end_ns(op);
    }
    return served;
}

static size_t find_last_release(const struct lp_checks *checks, const struct lp_op *op)
{
    size_t found = LP_NOWHERE;
    const struct lp_op *ops = checks->history->ops;
    for (size_t i = 0; i < checks->hold_count; i++) {
        const struct lp_hold *hold = &checks->holds[i];
        if (hold->lock != op->record->lock || hold->release == LP_NOWHERE ||
            ops[hold->release].record->invoke_ns > lp_op_end_ns(op))
            continue;
        if (found == LP_NOWHERE || hold->release > found)
            found = hold->release;
    }
    return found;
}

bool lp_explain_wait(const struct lp_checks *checks, size_t acquire, struct lp_stuck *stuck)
{
    const struct lp_op *op = &checks->history->ops[acquire];
    const struct lp_record *record = op->record;
    uint64_t half_ns = (record->complete_ns - record->invoke_ns) / 2;
    struct wait wait = {
        .checks = checks,
        .op = op,
        .from_ns = record->complete_ns - half_ns,
        .to_ns = record->complete_ns,
        .lock = record->lock,
        .shared = is_shared_wait(op),
        .orphan = LP_NOWHERE,
        .upgrader = LP_NOWHERE,
        .own = LP_NOWHERE,
    };
    *stuck = (struct lp_stuck){.worker = op->worker,
                               .acquire = acquire,
                               .hold = LP_NOWHERE,
                               .last_release = LP_NOWHERE,
                               .served = count_served(checks, op)};
    find_blockers(&wait);
    size_t cycle = find_cycle(checks, op);
    if (cycle == LP_NOWHERE && !wait.blocked)
        cycle = record->kind == LP_STEP_UPGRADE ? wait.upgrader : wait.own;
    if (cycle != LP_NOWHERE) {
        stuck->reason = LP_STUCK_CYCLE;
        stuck->hold = cycle;
        return true;
    }
    if (wait.blocked || wait.upgrader != LP_NOWHERE || wait.own != LP_NOWHERE ||
        half_ns < FREE_MIN_NS)
        return false;
    stuck->reason = wait.orphan == LP_NOWHERE ? LP_STUCK_FREE_LOCK : LP_STUCK_ORPHAN;
    stuck->hold = wait.orphan;
    if (stuck->reason == LP_STUCK_FREE_LOCK)
        stuck->last_release = find_last_release(checks, op);
    return true;
}
