/* SPDX-License-Identifier: MIT */
/*
 * Locks: a hold certainly lasts from the return of its acquire to the invocation of its release.
 * Releases come in order of their invocation, so holds come in order of their ends, and none
 * overlap if each begins no earlier than the one before ends. Then the acquires can take effect as
 * late, and the releases as early, as they can: that is an order. O(n), one pass.
 */
#include "check/express.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

#define NONE UINT32_MAX

struct hold {
    uint64_t from_ns;
    uint32_t acquire; /* NONE: the process holds nothing */
    bool vague;       /* a release of its process has an unknown outcome */
};

struct locks {
    const struct lp_calls *calls;
    struct hold *of;
    size_t of_cap, of_count;
    uint64_t until_ns; /* of the hold that ended last */
    struct hold last;
};

#define LOCK_RULE "holds do not overlap"

static void more_processes(struct locks *locks, uint32_t process)
{
    locks->of = lp_grow(locks->of, &locks->of_cap, process + 1u, sizeof *locks->of);
    for (; locks->of_count < locks->of_cap; locks->of_count++)
        locks->of[locks->of_count].acquire = NONE;
}

/* Whoever releases: more acquires had returned by `time_ns` than releases been invoked, and one. */
static bool too_many(const struct lp_calls *calls, uint64_t time_ns, struct lp_decision *decision)
{
    size_t acquires = 0, releases = 0, count = 0;
    for (; count < calls->count && calls->calls[count].invoke_ns <= time_ns; count++) {
        const struct lp_call *call = &calls->calls[count];
        if (call->key != calls->calls[0].key)
            return false;
        if (call->outcome != LP_OK && call->outcome != LP_UNKNOWN)
            continue;
        acquires +=
            call->kind == LP_CALL_ACQUIRE && call->outcome == LP_OK && call->return_ns <= time_ns;
        releases += call->kind == LP_CALL_RELEASE;
    }
    if (acquires <= releases + 1)
        return false;
    lp_express_decide(decision, LP_DECIDED_BROKEN, LOCK_RULE);
    decision->key = calls->calls[0].key;
    snprintf(decision->detail, sizeof decision->detail,
             "granted while another process certainly held it");
    decision->witness = lp_alloc(acquires, sizeof *decision->witness);
    for (size_t i = 0; i < count; i++) {
        const struct lp_call *call = &calls->calls[i];
        if (call->kind == LP_CALL_ACQUIRE && call->outcome == LP_OK && call->return_ns <= time_ns)
            decision->witness[decision->witness_count++] = i;
    }
    return true;
}

/* The hold in `hold`, until `until_ns`, began before the last one ended. */
static bool overlap(const struct locks *locks, enum lp_model_kind kind, const struct hold *hold,
                    uint64_t until_ns, struct lp_decision *decision)
{
    const struct hold *last = &locks->last;
    if (hold->from_ns >= locks->until_ns || last->from_ns >= until_ns)
        return false; /* they touch: not plain */
    if (kind == LP_MODEL_MUTEX)
        return too_many(locks->calls, hold->from_ns > last->from_ns ? hold->from_ns : last->from_ns,
                        decision);
    if (hold->vague || last->vague)
        return false; /* a release that never returned may have ended it after all */
    return lp_express_broken(decision, locks->calls->calls[0].key, LOCK_RULE,
                             "granted while another process certainly held it", last->acquire,
                             hold->acquire);
}

/* Holds that never ended. */
static bool end_locks(struct locks *locks, enum lp_model_kind kind, struct lp_decision *decision)
{
    for (size_t i = 0; i < locks->of_count; i++) {
        const struct hold *hold = &locks->of[i];
        if (hold->acquire == NONE)
            continue;
        if (hold->from_ns < locks->until_ns)
            return overlap(locks, kind, hold, LP_CALL_NEVER, decision);
        locks->until_ns = LP_CALL_NEVER;
        locks->last = *hold;
    }
    lp_express_decide(decision, LP_DECIDED_HELD, LOCK_RULE);
    return true;
}

/* A process is granted what it holds already. */
static bool acquire_again(const struct lp_calls *calls, enum lp_model_kind kind,
                          const struct hold *hold, uint32_t index, struct lp_decision *decision)
{
    const struct lp_call *call = &calls->calls[index];
    if (kind == LP_MODEL_MUTEX)
        return too_many(calls, call->return_ns, decision);
    if (kind != LP_MODEL_OWNED_MUTEX || hold->vague || hold->from_ns > call->invoke_ns)
        return false;
    return lp_express_broken(decision, call->key, LOCK_RULE,
                             "granted to a process that certainly held it", hold->acquire, index);
}

/* An acquire of unknown outcome need not have happened; a release of unknown outcome may have. */
static bool pass_locks(struct locks *locks, enum lp_model_kind kind, struct lp_decision *decision)
{
    const struct lp_calls *calls = locks->calls;
    uint32_t key = calls->calls[0].key;
    for (size_t i = 0; i < calls->count; i++) {
        const struct lp_call *call = &calls->calls[i];
        bool unknown = call->outcome == LP_UNKNOWN && call->return_ns == LP_CALL_NEVER;
        if (call->outcome == LP_FAIL)
            continue;
        if ((call->outcome != LP_OK && !unknown) || call->key != key ||
            (call->kind != LP_CALL_ACQUIRE && call->kind != LP_CALL_RELEASE))
            return false;
        if (call->process >= locks->of_count)
            more_processes(locks, call->process);
        struct hold *hold = &locks->of[call->process];
        decision->judged++;
        if (call->kind == LP_CALL_ACQUIRE) {
            if (unknown)
                continue;
            if (hold->acquire != NONE)
                return acquire_again(calls, kind, hold, (uint32_t)i, decision);
            hold->from_ns = call->return_ns;
            hold->acquire = (uint32_t)i;
            continue;
        }
        if (hold->acquire == NONE || hold->from_ns > call->invoke_ns)
            return false;
        if (hold->from_ns < locks->until_ns)
            return overlap(locks, kind, hold, call->invoke_ns, decision);
        locks->until_ns = call->invoke_ns;
        locks->last = *hold;
        hold->acquire = NONE;
        hold->vague |= unknown;
    }
    return end_locks(locks, kind, decision);
}

bool lp_express_locks(enum lp_model_kind kind, const struct lp_calls *calls,
                      struct lp_decision *decision)
{
    struct locks locks = {.calls = calls};
    bool decided = pass_locks(&locks, kind, decision);
    free(locks.of);
    return decided;
}
