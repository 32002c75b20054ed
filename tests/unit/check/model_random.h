/* SPDX-License-Identifier: MIT */
/*
 * Random small histories that are neither nearly always right nor nearly always wrong: an object is
 * really used, calls take effect at a moment that is known here, and then a little is spoilt.
 */
#ifndef LP_TESTS_MODEL_RANDOM_H
#define LP_TESTS_MODEL_RANDOM_H

#include <stdlib.h>

#include "base/random.h"
#include "tests/unit/check/model_oracle.h"

struct random_shape {
    unsigned calls_max, processes_max;
};

static inline uint64_t pick(struct lp_random *random, uint64_t low, uint64_t high)
{
    return lp_random_between(random, low, high);
}

static inline bool chance(struct lp_random *random, unsigned percent)
{
    return pick(random, 1, 100) <= percent;
}

static inline void random_kind(struct lp_random *random, enum lp_model_kind kind, unsigned distinct,
                               struct lp_call *call)
{
    static int64_t fresh;
    call->a = call->b = LP_CALL_NOTHING;
    int64_t value = distinct ? ++fresh % 1000 + 3 : (int64_t)pick(random, 0, 2);
    if (kind == LP_MODEL_RW_LOCK && chance(random, 40)) {
        call->kind = LP_CALL_ACQUIRE_SHARED;
    } else if (kind == LP_MODEL_FENCED) {
        call->kind = chance(random, 60) ? LP_CALL_ACQUIRE : LP_CALL_WRITE;
    } else if (kind <= LP_MODEL_LEASE) {
        call->kind = chance(random, 55) ? LP_CALL_ACQUIRE : LP_CALL_RELEASE;
    } else if (kind == LP_MODEL_COUNTER) {
        call->kind = chance(random, 60) ? LP_CALL_ADD : LP_CALL_READ;
        call->a = 1;
    } else if (chance(random, 40)) {
        call->kind = LP_CALL_READ;
    } else if (kind == LP_MODEL_REGISTER || chance(random, 50)) {
        call->kind = LP_CALL_WRITE;
        call->a = value;
    } else {
        call->kind = LP_CALL_CAS;
        call->a = (int64_t)pick(random, 0, 2);
        call->b = value;
    }
}

/* What the call would have answered: fills `a`, `b` and the outcome. */
static inline void random_answer(struct lp_random *random, const struct lp_model *model,
                                 struct oracle_object *object, struct lp_call *call, int64_t *token)
{
    call->outcome = LP_OK;
    if (model->kind == LP_MODEL_FENCED) {
        if (call->kind == LP_CALL_ACQUIRE)
            call->a = *token += chance(random, 90);
        else
            call->b = *token - (int64_t)chance(random, 15);
        return;
    }
    if (call->kind == LP_CALL_READ) {
        call->a = object->number;
        return;
    }
    if (call->kind == LP_CALL_CAS && chance(random, 60))
        call->a = object->number;
    struct oracle_object after = *object;
    if (oracle_step(model, &after, call)) {
        *object = after;
        if (call->kind == LP_CALL_ADD && chance(random, 50))
            call->b = object->number;
        return;
    }
    call->outcome = call->kind == LP_CALL_RELEASE || chance(random, 30) ? LP_FAIL : LP_BUSY;
}

static inline void random_spoil(struct lp_random *random, const struct lp_model *model,
                                struct lp_call *call, unsigned percent)
{
    if (chance(random, 12)) {
        call->outcome = LP_UNKNOWN;
        if (chance(random, 85))
            call->return_ns = LP_CALL_NEVER;
        if (call->kind == LP_CALL_READ)
            call->a = LP_CALL_NOTHING;
        if (call->kind == LP_CALL_ADD)
            call->b = LP_CALL_NOTHING;
    } else if (chance(random, percent)) {
        static const enum lp_outcome outcomes[] = {LP_OK, LP_OK, LP_BUSY, LP_FAIL};
        call->outcome = (uint8_t)outcomes[pick(random, 0, 3)];
        if (call->a != LP_CALL_NOTHING && call->kind != LP_CALL_ADD && chance(random, 50))
            call->a += (int64_t)pick(random, 0, 2) - 1;
        if (call->b != LP_CALL_NOTHING && chance(random, 50))
            call->b += (int64_t)pick(random, 0, 2) - 1;
    }
    if (call->kind == LP_CALL_ADD && model->kind == LP_MODEL_COUNTER &&
        call->b == LP_CALL_NOTHING && percent > 15)
        call->a = (int64_t)pick(random, 0, 3) - 1;
}

static inline int by_invocation(const void *a, const void *b)
{
    const struct lp_call *left = a, *right = b;
    if (left->invoke_ns != right->invoke_ns)
        return left->invoke_ns < right->invoke_ns ? -1 : 1;
    return (left->source > right->source) - (left->source < right->source);
}

static inline void random_lease(struct lp_random *random, struct lp_call *call)
{
    if (call->kind == LP_CALL_ACQUIRE && chance(random, 60))
        call->lease_ns = pick(random, 1, 8);
}

/* Calls take effect one after the other, at `now`; each lasts from a little before to a little
   after, as far as its process is free. */
static inline void random_calls(struct lp_calls *calls, struct lp_random *random,
                                const struct lp_model *model, const struct random_shape *shape)
{
    uint64_t free_at[4][ORACLE_PROCESSES] = {{0}};
    struct oracle_object objects[4];
    int64_t token[4] = {1, 1, 1, 1};
    unsigned count = (unsigned)pick(random, 1, shape->calls_max);
    unsigned processes = (unsigned)pick(random, 1, shape->processes_max);
    unsigned keys = chance(random, 12) ? 2 : 1, distinct = chance(random, 50);
    static const unsigned spoils[] = {5, 25, 60};
    unsigned spread = (unsigned)pick(random, 0, 4), percent = spoils[pick(random, 0, 2)];
    uint64_t now = 10;
    lp_calls_init(calls);
    calls->calls = calloc(count, sizeof *calls->calls);
    calls->uncertainty_ns = chance(random, 10);
    if (model->kind == LP_MODEL_COUNTER && chance(random, 20))
        calls->start = (int64_t)pick(random, 0, 2) - 1;
    for (unsigned key = 0; key < 4; key++)
        objects[key] = oracle_begin(model, calls->start);
    for (unsigned i = 0; i < count; i++) {
        struct lp_call *call = &calls->calls[calls->count];
        call->key = (uint32_t)pick(random, 0, keys - 1);
        call->process = (uint32_t)pick(random, 0, processes - 1);
        uint64_t *from = &free_at[0][call->process];
        now += pick(random, 0, 2);
        if (*from > now)
            continue;
        call->invoke_ns = now - pick(random, 0, spread);
        if (call->invoke_ns < *from)
            call->invoke_ns = *from;
        call->return_ns = now + pick(random, 0, spread);
        call->source = (uint32_t)calls->count++;
        random_kind(random, model->kind, distinct, call);
        random_answer(random, model, &objects[call->key], call, &token[call->key]);
        random_spoil(random, model, call, percent);
        if (model->kind == LP_MODEL_LEASE)
            random_lease(random, call);
        *from = call->return_ns == LP_CALL_NEVER ? now : call->return_ns;
    }
    qsort(calls->calls, calls->count, sizeof *calls->calls, by_invocation);
}

#endif
