/* SPDX-License-Identifier: MIT */
/*
 * Carrying out steps, and recording them. Whatever the backend answers, the record says no more
 * than is certain: LP_FAIL and LP_BUSY only on a refusal.
 */
#include "run/worker.h"

#include <stdatomic.h>

#include "base/units.h"
#include "os/clock.h"
#include "run/doing.h"

#define RETRY_SLEEP_MAX_NS (200 * LP_US)

uint64_t lp_deadline(const struct lp_worker *worker)
{
    return lp_clock_ns() + worker->crew->scenario->deadline_ns;
}

bool lp_told_to_stop(const struct lp_worker *worker)
{
    return atomic_load_explicit(&worker->crew->control->stop, memory_order_relaxed) != 0;
}

void lp_set_inside(struct lp_worker *worker)
{
    uint32_t inside = worker->in_transaction;
    for (size_t i = 0; i < worker->crew->scenario->lock_count; i++)
        inside |= worker->held[i];
    atomic_store_explicit(&worker->slot->inside, inside, memory_order_relaxed);
}

void lp_set_identity(struct lp_worker *worker, struct lp_record *record,
                     const struct lp_identity *identity)
{
    record->domain = identity->domain;
    record->object = identity->object;
    lp_recorder_identity(&worker->recorder, identity);
}

/* Keeps the first refusal's words for the report; what it means for the verdict is in the record.
 */
void lp_complain(const struct lp_worker *worker, const struct lp_client *client)
{
    struct lp_err err;
    lp_err_set(&err, LP_ERR_SELF, "%s: %s", client->driver->name,
               client->error[0] ? client->error : "operation failed");
    lp_trouble_set(&worker->crew->control->complaint, &err);
}

static enum lp_flow do_handle(struct lp_worker *worker, const struct lp_step *step)
{
    bool store = step->target < 0;
    struct lp_client *client = store ? worker->store : worker->locks[step->target];
    const struct lp_driver *driver = client->driver;
    enum lp_outcome (*act)(struct lp_client *) =
        step->kind == LP_STEP_CLOSE ? (store ? driver->store->drop : driver->lock->drop)
                                    : (store ? driver->store->reopen : driver->lock->reopen);
    struct lp_record *record =
        lp_recorder_begin(&worker->recorder, step->kind, store ? 0xff : (uint8_t)step->target,
                          store ? LP_FLAG_STORE : 0);
    if (!record)
        return LP_FLOW_FULL;
    enum lp_outcome outcome = act(client);
    lp_recorder_end(&worker->recorder, record, outcome);
    if (step->kind == LP_STEP_CLOSE && outcome == LP_OK && !store)
        worker->held[step->target] = false;
    lp_set_inside(worker);
    return outcome == LP_OK ? LP_FLOW_NEXT : LP_FLOW_ERROR;
}

/* ---- transactions ---- */

static enum lp_flow do_rollback(struct lp_worker *worker)
{
    struct lp_record *record = lp_recorder_begin(&worker->recorder, LP_STEP_ROLLBACK, 0xff, 0);
    if (!record)
        return LP_FLOW_FULL;
    lp_recorder_end(&worker->recorder, record,
                    worker->store->driver->store->rollback(worker->store));
    worker->in_transaction = false;
    lp_set_inside(worker);
    return LP_FLOW_NEXT;
}

/* What follows an operation of the store that was not done. */
static enum lp_flow after_refusal(const struct lp_worker *worker, enum lp_outcome outcome)
{
    if (outcome == LP_OK)
        return LP_FLOW_NEXT;
    if (outcome == LP_BUSY && worker->group->on_busy != LP_ON_BUSY_END_ROUND)
        return LP_FLOW_RETRY;
    if (outcome != LP_BUSY)
        lp_complain(worker, worker->store);
    return LP_FLOW_END_ROUND;
}

static void store_identity(struct lp_worker *worker, struct lp_identity *identity)
{
    *identity = (struct lp_identity){0};
    if (worker->store->driver->store->identify(worker->store, identity) != LP_OK)
        *identity = (struct lp_identity){0};
}

static enum lp_flow do_begin(struct lp_worker *worker, enum lp_begin_mode mode)
{
    struct lp_identity identity;
    store_identity(worker, &identity);
    struct lp_record *record = lp_recorder_begin(&worker->recorder, LP_STEP_BEGIN, 0xff,
                                                 (uint8_t)(mode << LP_FLAG_BEGIN_SHIFT));
    if (!record)
        return LP_FLOW_FULL;
    record->attempt_ns = record->invoke_ns;
    enum lp_outcome outcome = worker->store->driver->store->begin(worker->store, mode);
    uint64_t complete_ns = lp_recorder_after(&worker->recorder);
    lp_set_identity(worker, record, &identity);
    lp_recorder_end_at(record, outcome, complete_ns);
    if (outcome == LP_OK) {
        worker->in_transaction = true;
        worker->begin_mode = mode;
        lp_set_inside(worker);
    }
    return after_refusal(worker, outcome);
}

static enum lp_flow do_commit(struct lp_worker *worker)
{
    struct lp_record *record = lp_recorder_begin(&worker->recorder, LP_STEP_COMMIT, 0xff, 0);
    if (!record)
        return LP_FLOW_FULL;
    enum lp_outcome outcome = worker->store->driver->store->commit(worker->store);
    lp_recorder_end(&worker->recorder, record, outcome);
    /* A commit that was refused with busy leaves the transaction open. */
    if (outcome == LP_OK || outcome == LP_UNKNOWN)
        worker->in_transaction = false;
    lp_set_inside(worker);
    return after_refusal(worker, outcome);
}

/* ---- the store ---- */

static enum lp_outcome call_store(struct lp_worker *worker, enum lp_step_kind kind,
                                  struct lp_fence *fence, int64_t *value)
{
    struct lp_client *client = worker->store;
    const struct lp_store_ops *ops = client->driver->store;
    if (fence)
        return kind == LP_STEP_READ ? ops->read_fenced(client, fence, value)
                                    : ops->write_fenced(client, fence, *value);
    switch (kind) {
    case LP_STEP_READ:
        return ops->read(client, value);
    case LP_STEP_WRITE:
        return ops->write(client, *value);
    case LP_STEP_ADD:
        return ops->add(client, 1, value);
    default: /* LP_STEP_CAS: lp_step_do sends nothing else here */
        return ops->cas(client, worker->value_read, *value);
    }
}

/* `fenced`: 1 + the lock whose token is shown, or 0. */
static enum lp_outcome access_store(struct lp_worker *worker, enum lp_step_kind kind,
                                    unsigned fenced, enum lp_flow *flow)
{
    struct lp_identity identity;
    struct lp_fence fence = {.token = fenced ? worker->tokens[fenced - 1] : 0};
    store_identity(worker, &identity);
    int64_t value = kind == LP_STEP_WRITE || kind == LP_STEP_CAS ? worker->value_read + 1 : 0;
    struct lp_record *record = lp_recorder_begin(&worker->recorder, kind, 0xff,
                                                 worker->in_transaction ? LP_FLAG_IN_TX : 0);
    if (!record) {
        *flow = LP_FLOW_FULL;
        return LP_FAIL;
    }
    record->value = value; /* what may have been written, should nothing be heard of it again */
    lp_set_identity(worker, record, &identity);
    record->token = fence.token;
    enum lp_outcome outcome = call_store(worker, kind, fenced ? &fence : NULL, &value);
    uint64_t complete_ns = lp_recorder_after(&worker->recorder);
    record->value = value;
    if (fence.stale && outcome == LP_FAIL)
        record->flags |= LP_FLAG_STALE;
    lp_recorder_end_at(record, outcome, complete_ns);
    if (kind == LP_STEP_READ && outcome == LP_OK)
        worker->value_read = value;
    *flow = after_refusal(worker, outcome);
    return outcome;
}

static void pass_between(struct lp_worker *worker, const char *name)
{
    if (worker->direction)
        worker->direction->between(worker, name);
}

/* The mistake of LP_ON_BUSY_RETRY_WRITE: the value that was read before the refusal is written in a
   new transaction, until it is taken. */
static enum lp_flow retry_write_only(struct lp_worker *worker)
{
    uint64_t deadline_ns = lp_deadline(worker);
    enum lp_flow flow;
    do {
        bool again = worker->in_transaction;
        pass_between(worker, "was refused");
        if (again && (flow = do_rollback(worker)) != LP_FLOW_NEXT)
            return flow;
        pass_between(worker, "rolled back");
        if (again && (flow = do_begin(worker, worker->begin_mode)) == LP_FLOW_FULL)
            return flow;
        pass_between(worker, "began again");
        if (access_store(worker, LP_STEP_WRITE, 0, &flow) != LP_BUSY)
            return flow;
        if (!worker->direction)
            lp_clock_spend(lp_random_between(&worker->random, 0, RETRY_SLEEP_MAX_NS));
    } while (lp_clock_ns() < deadline_ns && !lp_told_to_stop(worker));
    return LP_FLOW_STOPPED;
}

static enum lp_flow do_store(struct lp_worker *worker, const struct lp_step *step)
{
    enum lp_flow flow;
    enum lp_outcome outcome = access_store(worker, step->kind, step->fence, &flow);
    if (outcome == LP_BUSY && step->kind == LP_STEP_WRITE &&
        worker->group->on_busy == LP_ON_BUSY_RETRY_WRITE)
        return retry_write_only(worker);
    return flow;
}

static enum lp_flow do_think(struct lp_worker *worker, const struct lp_range *range)
{
    lp_clock_spend(lp_random_between(&worker->random, range->min_ns, range->max_ns));
    return LP_FLOW_NEXT;
}

enum lp_flow lp_step_do(struct lp_worker *worker, const struct lp_step *step)
{
    switch (step->kind) {
    case LP_STEP_LOCK:
    case LP_STEP_TRYLOCK:
        return lp_do_lock(worker, step);
    case LP_STEP_UNLOCK:
        return lp_do_unlock(worker, step->target);
    case LP_STEP_UPGRADE:
        return lp_do_upgrade(worker, step);
    case LP_STEP_RENEW:
        return lp_do_renew(worker, step->target);
    case LP_STEP_BEGIN:
        return do_begin(worker, (enum lp_begin_mode)step->mode);
    case LP_STEP_COMMIT:
        return do_commit(worker);
    case LP_STEP_ROLLBACK:
        return do_rollback(worker);
    case LP_STEP_READ:
    case LP_STEP_WRITE:
    case LP_STEP_ADD:
    case LP_STEP_CAS:
        return do_store(worker, step);
    case LP_STEP_THINK:
        return do_think(worker, &step->think);
    case LP_STEP_CLOSE:
    case LP_STEP_REOPEN:
        return do_handle(worker, step);
    case LP_STEP_NONE:
    case LP_STEP_TRY:
    case LP_STEP_OBSERVE:
    case LP_STEP_EXIT:
    case LP_STEP_TOKEN:
        break;
    }
    LP_BUG("a step that cannot be carried out");
}

void lp_step_let_go(struct lp_worker *worker)
{
    if (worker->in_transaction)
        do_rollback(worker);
    for (size_t i = 0; i < worker->crew->scenario->lock_count; i++)
        if (worker->held[i])
            lp_do_unlock(worker, (int)i);
}
