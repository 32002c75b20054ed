/* SPDX-License-Identifier: MIT */
/* One count over the calls, then a few questions. */
#include "check/infer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define CHOICES                                                                                    \
    "mutex, owned-mutex, reentrant, fenced, semaphore:N, rw-lock, lease, counter, register, "      \
    "cas-register"

struct tally {
    size_t kinds[LP_CALL_KINDS];
    size_t grants, tokens, leases;
    size_t fenced_writes;
    size_t texts;   /* reads that are neither numbers nor nil */
    size_t nested;  /* grants to a process that had not let go of the lock */
    size_t foreign; /* releases by a process that had not acquired */
};

static bool is_text(const struct lp_calls *calls, int64_t value)
{
    return value != LP_CALL_NOTHING &&
           (uint64_t)value - (uint64_t)LP_CALL_TEXT(0) < calls->text_count;
}

/* Holds by process and object, in a process's own order. */
struct holds {
    uint64_t *slots; /* (process, key) + 1 of who holds; open addressing */
    size_t mask;
};

static size_t slot_of(const struct holds *holds, const struct lp_call *call)
{
    uint64_t name = ((uint64_t)call->process << 32 | call->key) + 1;
    size_t at = (name * UINT64_C(0x9e3779b97f4a7c15)) >> 20 & holds->mask;
    while (holds->slots[2 * at] && holds->slots[2 * at] != name)
        at = (at + 1) & holds->mask;
    holds->slots[2 * at] = name;
    return 2 * at + 1;
}

static void count_lock(struct tally *tally, struct holds *holds, const struct lp_call *call)
{
    bool ok = call->outcome == LP_OK;
    if (!ok && call->outcome != LP_UNKNOWN)
        return;
    uint64_t *held = &holds->slots[slot_of(holds, call)];
    if (call->kind == LP_CALL_RELEASE) {
        tally->foreign += ok && *held == 0;
        *held = 0;
        return;
    }
    tally->grants += ok;
    tally->tokens += ok && call->a != LP_CALL_NOTHING;
    tally->leases += ok && call->lease_ns > 0;
    tally->nested += ok && *held != 0;
    *held = 1;
}

static void count(struct tally *tally, const struct lp_calls *calls)
{
    struct holds holds = {.mask = 63};
    size_t pairs = calls->count;
    while (holds.mask < 2 * pairs)
        holds.mask = 2 * holds.mask + 1;
    holds.slots = lp_alloc(2 * (holds.mask + 1), sizeof *holds.slots);
    for (size_t i = 0; i < calls->count; i++) {
        const struct lp_call *call = &calls->calls[i];
        tally->kinds[call->kind]++;
        if (call->kind <= LP_CALL_RELEASE)
            count_lock(tally, &holds, call);
        if (call->kind == LP_CALL_WRITE)
            tally->fenced_writes += call->b != LP_CALL_NOTHING;
        if (call->kind == LP_CALL_READ && call->outcome == LP_OK)
            tally->texts += is_text(calls, call->a);
    }
    free(holds.slots);
}

static int settle(struct lp_inference *inference, enum lp_model_kind kind, const char *why)
{
    inference->model = (struct lp_model){.kind = kind, .capacity = 1};
    snprintf(inference->why, sizeof inference->why, "%s", why);
    return 0;
}

static int refuse(struct lp_err *err, const char *why, const char *choices)
{
    return lp_err_set(err, LP_ERR_USAGE,
                      "which model is meant is not plain: %s; name it with --model: %s", why,
                      choices);
}

static int infer_lock(const struct lp_calls *calls, const struct tally *tally,
                      struct lp_inference *inference, struct lp_err *err)
{
    if (tally->kinds[LP_CALL_ACQUIRE_SHARED] > 0)
        return settle(inference, LP_MODEL_RW_LOCK, "it has shared and exclusive acquires");
    if (calls->capacity > 1) {
        settle(inference, LP_MODEL_SEMAPHORE, "the history says how many may hold at once");
        inference->model.capacity = calls->capacity;
        return 0;
    }
    if (tally->leases > 0)
        return settle(inference, LP_MODEL_LEASE, "grants end by themselves");
    if (tally->tokens > 0 && tally->tokens == tally->grants)
        return refuse(err, "each grant has a number, which may be a fencing token",
                      "fenced (tokens grow), owned-mutex or mutex (holds exclude each other)");
    if (tally->nested > 0)
        return refuse(err, "a process was granted what it had not released",
                      "reentrant (lawful), owned-mutex or mutex (a violation), semaphore:N");
    if (tally->foreign > 0)
        return settle(inference, LP_MODEL_MUTEX,
                      "it has acquires and releases, some by who had not acquired");
    return settle(inference, LP_MODEL_OWNED_MUTEX,
                  "it has acquires and releases, each by who had acquired");
}

static int infer_data(const struct tally *tally, struct lp_inference *inference, struct lp_err *err)
{
    const size_t *kinds = tally->kinds;
    if (kinds[LP_CALL_ADD] > 0) {
        if (kinds[LP_CALL_WRITE] + kinds[LP_CALL_CAS] > 0)
            return refuse(err, "adds and writes of one value are of no model here",
                          "counter, register or cas-register for a history without the others");
        if (tally->texts > 0)
            return refuse(err, "it has adds, but its reads are no numbers",
                          "none here decides sets");
        return settle(inference, LP_MODEL_COUNTER, "it has adds and reads of numbers");
    }
    if (kinds[LP_CALL_CAS] > 0)
        return settle(inference, LP_MODEL_CAS_REGISTER, "it has compare-and-sets");
    if (kinds[LP_CALL_WRITE] > 0)
        return settle(inference, LP_MODEL_REGISTER, "it has reads and writes");
    return refuse(err, "it has reads only", "register, cas-register or counter");
}

int lp_model_infer(const struct lp_calls *calls, struct lp_inference *inference, struct lp_err *err)
{
    struct tally tally = {0};
    *inference = (struct lp_inference){0};
    count(&tally, calls);
    size_t locks = tally.kinds[LP_CALL_ACQUIRE] + tally.kinds[LP_CALL_ACQUIRE_SHARED] +
                   tally.kinds[LP_CALL_RELEASE];
    if (calls->count == 0)
        return refuse(err, "it has no operation that a model here knows", CHOICES);
    if (locks == 0)
        return infer_data(&tally, inference, err);
    if (tally.fenced_writes > 0)
        return settle(inference, LP_MODEL_FENCED, "its writes show fencing tokens");
    if (locks < calls->count)
        return refuse(err, "it has operations of a lock and of data",
                      "owned-mutex or mutex for the lock, register, cas-register or counter for "
                      "the data");
    return infer_lock(calls, &tally, inference, err);
}

/* ---- what a model cannot judge ---- */

static bool is_of_lock(enum lp_model_kind kind)
{
    return lp_model_judges(kind, LP_CALL_ACQUIRE);
}

static int refuse_call(const struct lp_calls *calls, const struct lp_call *call, const char *name,
                       const char *why, struct lp_err *err)
{
    return lp_err_set(err, LP_ERR_USAGE, "%s:%u: %s (process %s)", name, call->source, why,
                      calls->processes[call->process]);
}

int lp_model_suits(const struct lp_model *model, const struct lp_calls *calls, const char *name,
                   struct lp_err *err)
{
    for (size_t i = 0; i < calls->foreign_count; i++) {
        const struct lp_foreign *foreign = &calls->foreign[i];
        if (foreign->data && is_of_lock(model->kind))
            continue;
        return lp_err_set(err, LP_ERR_USAGE,
                          "%s:%u: operation '%.80s' (%zu of them) is none that a model here knows",
                          name, foreign->source, foreign->name, foreign->count);
    }
    for (size_t i = 0; i < calls->count && model->kind == LP_MODEL_COUNTER; i++) {
        const struct lp_call *call = &calls->calls[i];
        if (call->kind == LP_CALL_READ && call->outcome == LP_OK && is_text(calls, call->a))
            return refuse_call(calls, call, name, "a counter was read as what is no number", err);
    }
    return 0;
}
