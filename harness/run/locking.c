/* SPDX-License-Identifier: MIT */
/* The steps of locks. A grant is recorded with what was really locked, as the backend names it. */
#include "run/doing.h"

#include <errno.h>
#include <sched.h>

#include "base/units.h"
#include "os/clock.h"

/* Tries beyond these are counted but not recorded one by one; fewer recorded tries can only make a
   run prove less. */
#define TRIES_RECORDED_MAX 64
_Static_assert(TRIES_RECORDED_MAX <= LP_RECORDER_NESTED,
               "recorded inside the acquire's own record");
/* A polling acquire yields so often before it starts to sleep between tries. */
#define TRIES_YIELDING 8
#define POLL_SLEEP_MIN_NS (20 * LP_US)
#define POLL_SLEEP_MAX_NS (200 * LP_US)

static void note_try(struct lp_worker *worker, uint8_t lock, uint64_t invoke_ns,
                     uint64_t complete_ns)
{
    struct lp_record record = {.invoke_ns = invoke_ns,
                               .complete_ns = complete_ns,
                               .kind = LP_STEP_TRY,
                               .outcome = LP_BUSY,
                               .lock = lock};
    lp_recorder_note(&worker->recorder, &record);
}

void lp_step_poll_pause(struct lp_random *random, unsigned tries)
{
    if (tries < TRIES_YIELDING)
        sched_yield();
    else
        lp_clock_sleep_until(lp_clock_ns() +
                             lp_random_between(random, POLL_SLEEP_MIN_NS, POLL_SLEEP_MAX_NS));
}

/* Tries until granted. The wait between tries is no attempt: what counts is when the granted try
   began. The deadline is looked at after a try, so that it ends with one. */
static enum lp_outcome poll_lock(struct lp_worker *worker, struct lp_client *client,
                                 const struct lp_step *step, uint64_t deadline_ns,
                                 struct lp_record *record, struct lp_grant *grant)
{
    const struct lp_lock_ops *ops = client->driver->lock;
    uint8_t lock = (uint8_t)step->target;
    for (unsigned tries = 0;; tries++) {
        uint64_t invoke_ns = lp_clock_before();
        enum lp_outcome outcome = ops->acquire_try(client, (enum lp_lock_mode)step->mode, grant);
        uint64_t complete_ns = lp_clock_after();
        record->attempt_ns = invoke_ns;
        if (outcome != LP_BUSY)
            return outcome;
        if (record->busy < UINT16_MAX)
            record->busy++;
        if (tries < TRIES_RECORDED_MAX)
            note_try(worker, lock, invoke_ns, complete_ns);
        if (complete_ns >= deadline_ns || lp_told_to_stop(worker))
            return LP_BUSY;
        lp_step_poll_pause(&worker->random, tries);
    }
}

/* Under direction a lock is only tried, and tried again when the director says so. To be told to
   give up is to have waited to the deadline. */
static enum lp_outcome try_as_directed(struct lp_worker *worker, struct lp_client *client,
                                       const struct lp_step *step, struct lp_record *record,
                                       struct lp_grant *grant)
{
    for (;;) {
        enum lp_outcome outcome =
            client->driver->lock->acquire_try(client, (enum lp_lock_mode)step->mode, grant);
        if (outcome != LP_BUSY)
            return outcome;
        enum lp_waited waited = worker->direction->wait(worker);
        if (waited == LP_WAIT_REFUSED)
            return lp_fail(client, LP_FAIL, EDEADLK, "the kernel refuses to wait");
        if (waited == LP_WAIT_NO_MORE) {
            record->flags |= LP_FLAG_DEADLINE;
            return outcome;
        }
        record->attempt_ns = lp_recorder_before(&worker->recorder);
    }
}

/* The mistake that people make: what the lock said is not looked at. */
static bool goes_on_without(const struct lp_worker *worker)
{
    return worker->group->on_error == LP_ON_ERROR_CONTINUE;
}

/* A wait that a director ends is the end of its schedule, and no time-out to ignore. */
static enum lp_flow after_lock(struct lp_worker *worker, const struct lp_step *step,
                               enum lp_outcome outcome, bool too_late)
{
    switch (outcome) {
    case LP_OK:
        worker->held[step->target] = true;
        lp_set_inside(worker);
        return LP_FLOW_NEXT;
    case LP_BUSY:
        if (step->kind == LP_STEP_TRYLOCK)
            return goes_on_without(worker) ? LP_FLOW_NEXT : LP_FLOW_END_ROUND;
        if (too_late && goes_on_without(worker) && !worker->direction)
            return LP_FLOW_NEXT;
        return too_late ? LP_FLOW_DEADLINE : LP_FLOW_STOPPED;
    case LP_FAIL:
    case LP_UNKNOWN:
        lp_complain(worker, worker->locks[step->target]);
        break;
    }
    return goes_on_without(worker) ? LP_FLOW_NEXT : LP_FLOW_END_ROUND;
}

enum lp_flow lp_do_lock(struct lp_worker *worker, const struct lp_step *step)
{
    struct lp_client *client = worker->locks[step->target];
    const struct lp_lock_ops *ops = client->driver->lock;
    uint64_t deadline_ns = worker->direction ? UINT64_MAX : lp_deadline(worker);
    struct lp_grant grant = {0};
    enum lp_outcome outcome;
    uint8_t flags = step->mode == LP_SHARED ? LP_FLAG_SHARED : 0;
    struct lp_record *record =
        lp_recorder_begin(&worker->recorder, step->kind, (uint8_t)step->target, flags);
    if (!record)
        return LP_FLOW_FULL;
    record->attempt_ns = record->invoke_ns;
    if (step->kind == LP_STEP_TRYLOCK)
        outcome = ops->acquire_try(client, (enum lp_lock_mode)step->mode, &grant);
    else if (worker->direction)
        outcome = try_as_directed(worker, client, step, record, &grant);
    else if (ops->acquire_wait)
        outcome = ops->acquire_wait(client, (enum lp_lock_mode)step->mode, deadline_ns, &grant);
    else
        outcome = poll_lock(worker, client, step, deadline_ns, record, &grant);
    uint64_t complete_ns = lp_recorder_after(&worker->recorder);
    if (outcome == LP_OK) {
        lp_set_identity(worker, record, &grant.identity);
        record->value = (int64_t)grant.ttl_ns;
    }
    bool too_late = outcome == LP_BUSY && (complete_ns >= deadline_ns || worker->direction);
    if (too_late && step->kind == LP_STEP_LOCK)
        record->flags |= LP_FLAG_DEADLINE;
    lp_recorder_end_at(record, outcome, complete_ns);
    worker->tokens[step->target] = grant.token;
    if (outcome == LP_OK && grant.token)
        lp_recorder_token(&worker->recorder, (uint8_t)step->target, grant.token, complete_ns);
    return after_lock(worker, step, outcome, too_late);
}

enum lp_flow lp_do_unlock(struct lp_worker *worker, int lock)
{
    struct lp_client *client = worker->locks[lock];
    const struct lp_lock_ops *ops = client->driver->lock;
    uint8_t flags = 0;
    bool asked = !worker->direction || worker->direction->thorough;
    if (asked && ops->still_held && worker->held[lock]) {
        enum lp_held held = ops->still_held(client);
        flags = held == LP_HELD_YES ? LP_FLAG_HELD_YES : held == LP_HELD_NO ? LP_FLAG_HELD_NO : 0;
    }
    struct lp_record *record =
        lp_recorder_begin(&worker->recorder, LP_STEP_UNLOCK, (uint8_t)lock, flags);
    if (!record)
        return LP_FLOW_FULL;
    lp_recorder_end(&worker->recorder, record, ops->release(client));
    worker->held[lock] = false;
    lp_set_inside(worker);
    return LP_FLOW_NEXT;
}

enum lp_flow lp_do_upgrade(struct lp_worker *worker, const struct lp_step *step)
{
    struct lp_client *client = worker->locks[step->target];
    uint64_t deadline_ns = lp_deadline(worker);
    struct lp_grant grant = {0};
    struct lp_record *record =
        lp_recorder_begin(&worker->recorder, LP_STEP_UPGRADE, (uint8_t)step->target, 0);
    if (!record)
        return LP_FLOW_FULL;
    record->attempt_ns = record->invoke_ns;
    enum lp_outcome outcome = client->driver->lock->upgrade(client, deadline_ns, &grant);
    uint64_t complete_ns = lp_recorder_after(&worker->recorder);
    if (outcome == LP_OK)
        lp_set_identity(worker, record, &grant.identity);
    else if (outcome == LP_BUSY && (complete_ns >= deadline_ns || worker->direction))
        record->flags |= LP_FLAG_DEADLINE;
    lp_recorder_end_at(record, outcome, complete_ns);
    if (outcome == LP_BUSY)
        return LP_FLOW_DEADLINE;
    if (outcome == LP_OK)
        return LP_FLOW_NEXT;
    lp_complain(worker, client);
    return goes_on_without(worker) ? LP_FLOW_NEXT : LP_FLOW_END_ROUND;
}

/* A lease that is lost ends the round, unless the group makes the mistake of going on: what it
   protected may be somebody else's. */
enum lp_flow lp_do_renew(struct lp_worker *worker, int lock)
{
    struct lp_client *client = worker->locks[lock];
    struct lp_grant grant = {0};
    struct lp_record *record =
        lp_recorder_begin(&worker->recorder, LP_STEP_RENEW, (uint8_t)lock, 0);
    if (!record)
        return LP_FLOW_FULL;
    enum lp_outcome outcome = client->driver->lock->renew(client, &grant);
    uint64_t complete_ns = lp_recorder_after(&worker->recorder);
    if (outcome == LP_OK)
        record->value = (int64_t)grant.ttl_ns;
    lp_recorder_end_at(record, outcome, complete_ns);
    bool goes_on = outcome == LP_OK || goes_on_without(worker);
    return goes_on ? LP_FLOW_NEXT : LP_FLOW_END_ROUND;
}
