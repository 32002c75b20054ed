/* SPDX-License-Identifier: MIT */
/*
 * An obviously right judge of small histories, and a verifier of orders. Neither shares a line with
 * harness/check: objects are written down anew, as plainly as can be, and every order is tried.
 */
#ifndef LP_TESTS_MODEL_ORACLE_H
#define LP_TESTS_MODEL_ORACLE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "check/model.h"

#define ORACLE_CALLS 24
#define ORACLE_PROCESSES 8

/* Any of the objects. */
struct oracle_object {
    int exclusive[ORACLE_PROCESSES]; /* holds by process */
    int shared[ORACLE_PROCESSES];
    int held;         /* of a mutex or semaphore: whoever holds */
    long long number; /* counter, register */
    bool granted, written;
    long long token, token_written;
    uint32_t token_of;
};

static inline struct oracle_object oracle_begin(const struct lp_model *model, int64_t start)
{
    struct oracle_object object;
    memset(&object, 0, sizeof object);
    object.number = model->kind == LP_MODEL_COUNTER && start == LP_CALL_NOTHING ? 0 : start;
    return object;
}

static inline int oracle_sum(const int *holds, int except)
{
    int sum = 0;
    for (int i = 0; i < ORACLE_PROCESSES; i++)
        sum += i == except ? 0 : holds[i];
    return sum;
}

/* One holder; how often it may hold depends. */
static inline bool oracle_owned(struct oracle_object *object, const struct lp_call *call,
                                bool again)
{
    int me = (int)call->process;
    int others = oracle_sum(object->exclusive, me), mine = object->exclusive[me];
    if (call->kind == LP_CALL_RELEASE) {
        if (mine == 0)
            return false;
        object->exclusive[me]--;
        return true;
    }
    bool refused = others > 0 || (mine > 0 && !again);
    if (call->outcome == LP_BUSY)
        return refused;
    object->exclusive[me]++;
    return !refused;
}

static inline bool oracle_counted(struct oracle_object *object, const struct lp_call *call, int max)
{
    if (call->kind == LP_CALL_RELEASE) {
        object->held--;
        return object->held >= 0;
    }
    if (call->outcome == LP_BUSY)
        return object->held == max;
    object->held++;
    return object->held <= max;
}

static inline bool oracle_rw(struct oracle_object *object, const struct lp_call *call)
{
    int me = (int)call->process;
    int other_readers = oracle_sum(object->shared, me);
    int other_writers = oracle_sum(object->exclusive, me);
    if (call->outcome == LP_BUSY)
        return other_readers + other_writers + object->shared[me] + object->exclusive[me] > 0;
    if (call->kind == LP_CALL_ACQUIRE) {
        if (other_readers || other_writers || object->exclusive[me])
            return false;
        object->shared[me] = 0;
        object->exclusive[me] = 1;
    } else if (call->kind == LP_CALL_ACQUIRE_SHARED) {
        if (other_writers)
            return false;
        object->exclusive[me] = 0;
        object->shared[me]++;
    } else if (object->exclusive[me]) {
        object->exclusive[me] = 0;
    } else {
        object->shared[me]--;
        return object->shared[me] >= 0;
    }
    return true;
}

static inline bool oracle_fenced(struct oracle_object *object, const struct lp_call *call)
{
    if (call->kind == LP_CALL_ACQUIRE) {
        bool newer = !object->granted || call->a > object->token;
        bool again =
            object->granted && call->a == object->token && call->process == object->token_of;
        object->granted = true;
        object->token = call->a;
        object->token_of = call->process;
        return newer || again;
    }
    bool stale = object->written && call->b < object->token_written;
    object->written = true;
    object->token_written = call->b;
    return !stale;
}

static inline bool oracle_number(struct oracle_object *object, const struct lp_call *call)
{
    long long before = object->number;
    switch (call->kind) {
    case LP_CALL_READ:
        return before == call->a;
    case LP_CALL_WRITE:
        object->number = call->a;
        return true;
    case LP_CALL_ADD:
        object->number = before + call->a;
        return call->outcome != LP_OK || call->b == LP_CALL_NOTHING || call->b == object->number;
    default: /* CAS */
        if (call->outcome == LP_BUSY)
            return before != call->a;
        object->number = call->b;
        return before == call->a;
    }
}

/* Would the object have answered so? */
static inline bool oracle_step(const struct lp_model *model, struct oracle_object *object,
                               const struct lp_call *call)
{
    switch (model->kind) {
    case LP_MODEL_MUTEX:
        return oracle_counted(object, call, 1);
    case LP_MODEL_SEMAPHORE:
        return oracle_counted(object, call, (int)model->capacity);
    case LP_MODEL_OWNED_MUTEX:
        return oracle_owned(object, call, false);
    case LP_MODEL_REENTRANT:
        return oracle_owned(object, call, true);
    case LP_MODEL_RW_LOCK:
        return oracle_rw(object, call);
    case LP_MODEL_FENCED:
        return oracle_fenced(object, call);
    default:
        return oracle_number(object, call);
    }
}

static inline bool oracle_is_lock(enum lp_model_kind kind)
{
    return kind <= LP_MODEL_LEASE;
}

/* Does the call say anything to a model of this kind? */
static inline bool oracle_counts(enum lp_model_kind kind, const struct lp_call *call)
{
    bool of_lock = call->kind <= LP_CALL_RELEASE;
    if (call->outcome == LP_FAIL)
        return false;
    if (kind == LP_MODEL_FENCED) {
        if (call->outcome != LP_OK)
            return false;
        return (call->kind == LP_CALL_ACQUIRE && call->a != LP_CALL_NOTHING) ||
               (call->kind == LP_CALL_WRITE && call->b != LP_CALL_NOTHING);
    }
    if (of_lock != oracle_is_lock(kind))
        return false;
    if (call->outcome == LP_BUSY)
        return call->kind == LP_CALL_ACQUIRE || call->kind == LP_CALL_CAS;
    return call->outcome == LP_OK || call->kind != LP_CALL_READ;
}

/* Calls of one group are of one object. Grants and writes of a fenced one are two. */
static inline uint32_t oracle_group(enum lp_model_kind kind, const struct lp_call *call)
{
    return 2 * call->key + (kind == LP_MODEL_FENCED && call->kind == LP_CALL_WRITE);
}

static inline bool oracle_before(const struct lp_calls *calls, size_t a, size_t b)
{
    const struct lp_call *first = &calls->calls[a], *second = &calls->calls[b];
    if (first->return_ns == LP_CALL_NEVER)
        return false;
    if (first->process == second->process)
        return a < b && first->return_ns <= second->invoke_ns;
    return first->return_ns + 2 * calls->uncertainty_ns < second->invoke_ns;
}

/* Can the calls of `left` (those of unknown outcome: or some of them) follow? */
static inline bool oracle_try(const struct lp_model *model, const struct lp_calls *calls,
                              uint32_t left, struct oracle_object object)
{
    bool all_optional = true;
    for (size_t i = 0; i < calls->count; i++)
        if (left >> i & 1 && calls->calls[i].outcome != LP_UNKNOWN)
            all_optional = false;
    if (all_optional)
        return true;
    for (size_t i = 0; i < calls->count; i++) {
        bool is_next = (left >> i & 1) != 0;
        uint32_t missed = 0; /* calls of unknown outcome that it is too late for then */
        for (size_t j = 0; j < calls->count && is_next; j++)
            if (left >> j & 1 && oracle_before(calls, j, i)) {
                missed |= 1u << j;
                if (calls->calls[j].outcome != LP_UNKNOWN)
                    is_next = false;
            }
        struct oracle_object after = object;
        if (is_next && oracle_step(model, &after, &calls->calls[i]) &&
            oracle_try(model, calls, left & ~(missed | 1u << i), after))
            return true;
    }
    return false;
}

/* The least end of a hold that was granted at `granted`. */
static inline uint64_t oracle_lease_end(const struct lp_calls *calls, size_t acquire,
                                        uint64_t granted)
{
    const struct lp_call *call = &calls->calls[acquire];
    uint64_t end = UINT64_MAX;
    if (call->lease_ns != 0)
        end = call->invoke_ns + call->lease_ns - call->lease_ns / 100;
    for (size_t i = acquire + 1; i < calls->count; i++) {
        const struct lp_call *other = &calls->calls[i];
        if (other->key == call->key && other->process == call->process &&
            other->kind == LP_CALL_RELEASE &&
            (other->outcome == LP_OK || other->outcome == LP_UNKNOWN) && other->invoke_ns < end)
            end = other->invoke_ns;
    }
    return end > granted ? end : granted;
}

/* May the two holds have been one after the other? Every pair of moments is tried. */
static inline bool oracle_lease_pair(const struct lp_calls *calls, size_t a, size_t b)
{
    const struct lp_call *first = &calls->calls[a], *second = &calls->calls[b];
    uint64_t slack = 2 * calls->uncertainty_ns;
    for (uint64_t s = first->invoke_ns; s <= first->return_ns; s++)
        for (uint64_t t = second->invoke_ns; t <= second->return_ns; t++) {
            uint64_t s_end = oracle_lease_end(calls, a, s), t_end = oracle_lease_end(calls, b, t);
            if ((s_end != UINT64_MAX && s_end <= t + slack) ||
                (t_end != UINT64_MAX && t_end <= s + slack))
                return true;
        }
    return false;
}

static inline bool oracle_lease(const struct lp_calls *calls, uint32_t key)
{
    for (size_t i = 0; i < calls->count; i++)
        for (size_t j = 0; j < i; j++) {
            const struct lp_call *a = &calls->calls[i], *b = &calls->calls[j];
            if (a->key == key && b->key == key && a->kind == LP_CALL_ACQUIRE &&
                b->kind == LP_CALL_ACQUIRE && a->outcome == LP_OK && b->outcome == LP_OK &&
                a->process != b->process && !oracle_lease_pair(calls, i, j))
                return false;
        }
    return true;
}

/* Is there an order that explains every answer? */
static inline bool oracle_holds(const struct lp_model *model, const struct lp_calls *calls)
{
    for (uint32_t group = 0; group < 8; group++) {
        uint32_t left = 0;
        for (size_t i = 0; i < calls->count; i++)
            if (oracle_group(model->kind, &calls->calls[i]) == group &&
                oracle_counts(model->kind, &calls->calls[i]))
                left |= 1u << i;
        bool holds = model->kind == LP_MODEL_LEASE
                         ? oracle_lease(calls, group / 2)
                         : oracle_try(model, calls, left, oracle_begin(model, calls->start));
        if (!holds)
            return false;
    }
    return true;
}

/* Does this order explain every answer? NULL, or what is wrong with it. Any number of calls. */
static inline const char *oracle_verify(const struct lp_model *model, const struct lp_calls *calls,
                                        const size_t *order, size_t count)
{
    size_t demanded = 0, found = 0;
    struct oracle_object object = oracle_begin(model, calls->start);
    for (size_t i = 0; i < calls->count; i++)
        demanded +=
            oracle_counts(model->kind, &calls->calls[i]) && calls->calls[i].outcome != LP_UNKNOWN;
    for (size_t i = 0; i < count; i++) {
        const struct lp_call *call = &calls->calls[order[i]];
        uint32_t group = oracle_group(model->kind, call);
        if (i > 0 && group != oracle_group(model->kind, &calls->calls[order[i - 1]]))
            object = oracle_begin(model, calls->start);
        for (size_t j = 0; j < i; j++) {
            if (order[j] == order[i])
                return "one call stands twice";
            if (oracle_group(model->kind, &calls->calls[order[j]]) == group &&
                oracle_before(calls, order[i], order[j]))
                return "a call stands behind a later one";
        }
        if (!oracle_counts(model->kind, call))
            return "a call that cannot have happened";
        if (!oracle_step(model, &object, call))
            return "the object would have answered otherwise";
        found += call->outcome != LP_UNKNOWN;
    }
    return found == demanded ? NULL : "a call is missing";
}

#endif
