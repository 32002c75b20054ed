/* SPDX-License-Identifier: MIT */
/*
 * Who certainly held what from when to when; struct lp_hold says what ends certainty. How long a
 * lock may possibly have been held is kept apart (release_complete_ns): proofs that a lock was held
 * use the one, proofs that it was free use the other.
 */
#include "check/parts.h"

#include <stdlib.h>
#include <string.h>

/* A lease's clock runs on the server; it may be faster or slower than ours by this part. */
#define LEASE_CLOCK_PART 100

/* One worker's walk through its own operations. Holds are remembered by index: the array grows. */
struct walk {
    struct lp_checks *checks;
    size_t open[LP_HISTORY_LOCKS]; /* hold that may still be held, or LP_NOWHERE */
    size_t tx;                     /* the same for a transaction */
    bool in_tx;
    bool tx_failed; /* a statement of it was not ok: the backend may have rolled back */
};

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static struct lp_hold *hold_at(const struct walk *walk, size_t index)
{
    return &walk->checks->holds[index];
}

static size_t add_hold(struct walk *walk, size_t acquire, uint8_t lock)
{
    struct lp_checks *checks = walk->checks;
    const struct lp_op *op = &checks->history->ops[acquire];
    checks->holds =
        lp_grow(checks->holds, &checks->hold_cap, checks->hold_count + 1, sizeof *checks->holds);
    checks->holds[checks->hold_count] = (struct lp_hold){
        .acquire = acquire,
        .release = LP_NOWHERE,
        .ended_by = LP_NOWHERE,
        .from_ns = op->record->complete_ns,
        .until_ns = UINT64_MAX,
        .invoked_ns = lp_op_attempt_ns(op),
        .release_complete_ns = UINT64_MAX,
        .lease_end_ns = UINT64_MAX,
        .lease_over_ns = UINT64_MAX,
        .domain = op->record->domain,
        .object = op->record->object,
        .worker = op->worker,
        .lock = lock,
    };
    return checks->hold_count++;
}

/* From here on its holder does not rely on it, or must not. */
static void end_hold(struct walk *walk, size_t index, size_t by, enum lp_hold_end end)
{
    struct lp_hold *hold = hold_at(walk, index);
    if (hold->ended_by != LP_NOWHERE)
        return;
    hold->ended_by = by;
    hold->end = end;
    hold->until_ns = earlier(hold->until_ns, walk->checks->history->ops[by].record->invoke_ns);
}

static void set_lease(struct lp_hold *hold, uint64_t invoked_ns, uint64_t granted_ns,
                      int64_t ttl_ns)
{
    if (ttl_ns <= 0)
        return;
    uint64_t ttl = earlier((uint64_t)ttl_ns, LP_HISTORY_TIME_MAX);
    uint64_t slack_ns = ttl / LEASE_CLOCK_PART;
    hold->lease_end_ns = invoked_ns + ttl - slack_ns;
    hold->lease_over_ns = granted_ns + ttl + slack_ns;
    hold->until_ns = earlier(hold->until_ns, hold->lease_end_ns);
    hold->release_complete_ns = earlier(hold->release_complete_ns, hold->lease_over_ns);
}

static void take_grant(struct walk *walk, size_t index)
{
    const struct lp_record *record = walk->checks->history->ops[index].record;
    size_t before = walk->open[record->lock];
    if (before != LP_NOWHERE)
        end_hold(walk, before, index, LP_HOLD_REACQUIRED);
    size_t hold = add_hold(walk, index, record->lock);
    hold_at(walk, hold)->shared = record->kind != LP_STEP_UPGRADE && record->flags & LP_FLAG_SHARED;
    set_lease(hold_at(walk, hold), hold_at(walk, hold)->invoked_ns, record->complete_ns,
              record->value);
    walk->open[record->lock] = hold;
}

/* Its backend says that the lease began again, or that it is lost; when nobody knows, it may have
   begun again for a time that nobody knows. */
static void take_renew(struct walk *walk, size_t index)
{
    const struct lp_op *op = &walk->checks->history->ops[index];
    size_t open = walk->open[op->record->lock];
    if (open == LP_NOWHERE)
        return;
    struct lp_hold *hold = hold_at(walk, open);
    if (hold->lease_end_ns == UINT64_MAX || hold->ended_by != LP_NOWHERE)
        return;
    if (lp_op_result(op) == LP_UNKNOWN) {
        hold->lease_over_ns = UINT64_MAX;
        hold->release_complete_ns = UINT64_MAX;
    } else if (lp_op_ok(op) && op->record->value > 0) {
        hold->until_ns = UINT64_MAX;
        hold->release_complete_ns = UINT64_MAX;
        set_lease(hold, op->record->invoke_ns, op->record->complete_ns, op->record->value);
    }
}

static void take_token(struct walk *walk, size_t index)
{
    const struct lp_record *record = walk->checks->history->ops[index].record;
    size_t open = walk->open[record->lock];
    if (open != LP_NOWHERE)
        hold_at(walk, open)->token = record->token;
}

static void take_upgrade(struct walk *walk, size_t index)
{
    const struct lp_op *op = &walk->checks->history->ops[index];
    size_t before = walk->open[op->record->lock];
    if (before != LP_NOWHERE)
        end_hold(walk, before, index, LP_HOLD_UPGRADED);
    if (!lp_op_ok(op))
        return; /* the shared lock may be held still, or may have been dropped */
    if (before != LP_NOWHERE) {
        struct lp_hold *shared = hold_at(walk, before);
        shared->release_complete_ns = earlier(shared->release_complete_ns, op->record->complete_ns);
    }
    take_grant(walk, index);
}

static void take_unlock(struct walk *walk, size_t index)
{
    const struct lp_op *op = &walk->checks->history->ops[index];
    size_t open = walk->open[op->record->lock];
    if (open == LP_NOWHERE)
        return;
    struct lp_hold *hold = hold_at(walk, open);
    bool disowned = op->record->flags & LP_FLAG_HELD_NO;
    if (hold->ended_by == LP_NOWHERE)
        hold->lost = disowned;
    end_hold(walk, open, index, LP_HOLD_RELEASED);
    if (!lp_op_ok(op) && !disowned)
        return;
    hold->release = index;
    hold->release_complete_ns = earlier(hold->release_complete_ns, lp_op_end_ns(op));
    walk->open[op->record->lock] = LP_NOWHERE;
}

/* ---- transactions ---- */

static void take_begin(struct walk *walk, size_t index)
{
    const struct lp_op *op = &walk->checks->history->ops[index];
    if (!lp_op_ok(op))
        return;
    if (walk->tx != LP_NOWHERE)
        end_hold(walk, walk->tx, index, LP_HOLD_REACQUIRED);
    walk->in_tx = true;
    walk->tx_failed = false;
    walk->tx = LP_NOWHERE;
    if (op->record->flags & LP_FLAG_BEGIN_MASK)
        walk->tx = add_hold(walk, index, LP_LOCK_TX);
}

static void take_statement(struct walk *walk, size_t index)
{
    const struct lp_op *op = &walk->checks->history->ops[index];
    if (!walk->in_tx || !(op->record->flags & LP_FLAG_IN_TX))
        return;
    if (!lp_op_ok(op)) {
        walk->tx_failed = true;
        if (walk->tx != LP_NOWHERE) {
            struct lp_hold *hold = hold_at(walk, walk->tx);
            hold->until_ns = earlier(hold->until_ns, op->record->invoke_ns);
        }
    } else if (op->record->kind != LP_STEP_READ && walk->tx == LP_NOWHERE && !walk->tx_failed) {
        walk->tx = add_hold(walk, index, LP_LOCK_TX);
        hold_at(walk, walk->tx)->deferred = true;
    }
}

static void take_tx_end(struct walk *walk, size_t index)
{
    const struct lp_op *op = &walk->checks->history->ops[index];
    if (walk->tx != LP_NOWHERE) {
        end_hold(walk, walk->tx, index, LP_HOLD_RELEASED);
        struct lp_hold *hold = hold_at(walk, walk->tx);
        if (lp_op_ok(op)) {
            hold->release = index;
            hold->release_complete_ns = op->record->complete_ns;
            hold->committed = op->record->kind == LP_STEP_COMMIT;
        }
    }
    if (lp_op_result(op) == LP_BUSY)
        return; /* still open */
    walk->in_tx = false;
    walk->tx = LP_NOWHERE;
}

static void take_close(struct walk *walk, size_t index)
{
    const struct lp_record *record = walk->checks->history->ops[index].record;
    size_t open = record->flags & LP_FLAG_STORE ? walk->tx : walk->open[record->lock];
    if (open != LP_NOWHERE)
        end_hold(walk, open, index, LP_HOLD_CLOSED);
    if (!(record->flags & LP_FLAG_STORE))
        return;
    walk->in_tx = false;
    walk->tx = LP_NOWHERE;
}

static void take(struct walk *walk, size_t index)
{
    const struct lp_op *op = &walk->checks->history->ops[index];
    switch (op->record->kind) {
    case LP_STEP_LOCK:
    case LP_STEP_TRYLOCK:
        if (lp_op_ok(op))
            take_grant(walk, index);
        break;
    case LP_STEP_UPGRADE:
        take_upgrade(walk, index);
        break;
    case LP_STEP_UNLOCK:
        take_unlock(walk, index);
        break;
    case LP_STEP_RENEW:
        take_renew(walk, index);
        break;
    case LP_STEP_TOKEN:
        take_token(walk, index);
        break;
    case LP_STEP_CLOSE:
        take_close(walk, index);
        break;
    case LP_STEP_BEGIN:
        take_begin(walk, index);
        break;
    case LP_STEP_COMMIT:
    case LP_STEP_ROLLBACK:
        take_tx_end(walk, index);
        break;
    case LP_STEP_READ:
    case LP_STEP_WRITE:
    case LP_STEP_ADD:
    case LP_STEP_CAS:
        take_statement(walk, index);
        break;
    }
}

/* A fault ended the session in the middle of it. What the server promised ended there, and nobody
   told the holder. */
static void sever(struct lp_checks *checks, struct lp_hold *hold)
{
    const struct lp_history *history = checks->history;
    uint32_t number = history->workers[hold->worker].header->worker;
    for (size_t i = 0; i < history->fault_count; i++) {
        const struct lp_fault_record *fault = &history->faults[i];
        bool ends_session =
            strcmp(fault->fault, "reset") == 0 || strcmp(fault->fault, "expire") == 0;
        if (!ends_session || fault->worker != number || fault->outcome != LP_OK ||
            fault->invoke_ns < hold->from_ns || fault->invoke_ns > hold->until_ns)
            continue;
        hold->severed = true;
        hold->until_ns = fault->invoke_ns;
        hold->lease_end_ns = hold->lease_end_ns == UINT64_MAX ? UINT64_MAX : fault->invoke_ns;
    }
}

static void walk_worker(struct lp_checks *checks, size_t worker)
{
    struct walk walk = {.checks = checks, .tx = LP_NOWHERE};
    size_t own = checks->hold_count;
    for (size_t i = 0; i < LP_HISTORY_LOCKS; i++)
        walk.open[i] = LP_NOWHERE;
    for (size_t i = checks->trail.first[worker]; i < checks->trail.first[worker + 1]; i++)
        take(&walk, checks->trail.ops[i]);
    for (size_t i = own; i < checks->hold_count; i++) {
        struct lp_hold *hold = &checks->holds[i];
        hold->until_ns = earlier(hold->until_ns, checks->history->workers[worker].last_ns);
        if (hold->lock != LP_LOCK_TX)
            sever(checks, hold);
        hold->uncertain = hold->until_ns < hold->from_ns;
        if (hold->uncertain)
            hold->until_ns = hold->from_ns; /* never certain */
    }
}

static int by_from(const void *a, const void *b)
{
    const struct lp_hold *left = a, *right = b;
    if (left->from_ns != right->from_ns)
        return left->from_ns < right->from_ns ? -1 : 1;
    return (left->acquire > right->acquire) - (left->acquire < right->acquire);
}

void lp_find_holds(struct lp_checks *checks)
{
    for (size_t i = 0; i < checks->history->worker_count; i++)
        walk_worker(checks, i);
    if (checks->hold_count > 1)
        qsort(checks->holds, checks->hold_count, sizeof *checks->holds, by_from);
}

uint32_t lp_lock_capacity(const struct lp_history *history, uint8_t lock)
{
    const struct lp_history_header *header = lp_history_any_header(history);
    if (lock >= LP_HISTORY_LOCKS || header->locks[lock].capacity == 0)
        return 1;
    return header->locks[lock].capacity;
}
