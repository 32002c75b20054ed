/* SPDX-License-Identifier: MIT */
/* The table of models, and what a call tells each of them. */
#include "check/model.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/units.h"
#include "check/model_parts.h"

#define BIT(call) (1u << LP_CALL_##call)
#define LOCK_CALLS (BIT(ACQUIRE) | BIT(RELEASE))

static const struct row {
    const char *name;
    const char *summary;
    unsigned calls;  /* kinds it says something about */
    unsigned errors; /* kinds that it must not ignore and cannot judge */
} rows[LP_MODEL_KINDS] = {
    [LP_MODEL_MUTEX] = {"mutex", "one holder at a time, whoever releases", LOCK_CALLS,
                        BIT(ACQUIRE_SHARED)},
    [LP_MODEL_OWNED_MUTEX] = {"owned-mutex", "one holder at a time, and only it releases",
                              LOCK_CALLS, BIT(ACQUIRE_SHARED)},
    [LP_MODEL_REENTRANT] = {"reentrant", "one holder at a time, which may acquire again",
                            LOCK_CALLS, BIT(ACQUIRE_SHARED)},
    [LP_MODEL_FENCED] = {"fenced", "tokens grow; no write with an older one than was accepted",
                         BIT(ACQUIRE) | BIT(WRITE), 0},
    [LP_MODEL_SEMAPHORE] = {"semaphore", "at most N holders at a time", LOCK_CALLS,
                            BIT(ACQUIRE_SHARED)},
    [LP_MODEL_RW_LOCK] = {"rw-lock", "many shared holders or one exclusive one",
                          LOCK_CALLS | BIT(ACQUIRE_SHARED), 0},
    [LP_MODEL_LEASE] = {"lease", "holds end by themselves too; they never certainly overlap",
                        LOCK_CALLS, BIT(ACQUIRE_SHARED)},
    [LP_MODEL_COUNTER] = {"counter", "add, add-and-get, read", BIT(ADD) | BIT(READ), 0},
    [LP_MODEL_REGISTER] = {"register", "read, write", BIT(READ) | BIT(WRITE), BIT(ADD) | BIT(CAS)},
    [LP_MODEL_CAS_REGISTER] = {"cas-register", "read, write, compare-and-set",
                               BIT(READ) | BIT(WRITE) | BIT(CAS), BIT(ADD)},
};

static int parse_capacity(struct lp_model *model, const char *text, const char *number,
                          struct lp_err *err)
{
    uint64_t capacity;
    if (number == NULL || lp_number_parse(number, 1, UINT32_MAX, &capacity) == -1)
        return lp_err_set(err, LP_ERR_USAGE,
                          "model '%s': how many may hold it at once? such as semaphore:3", text);
    model->capacity = (uint32_t)capacity;
    return 0;
}

int lp_model_parse(struct lp_model *model, const char *text, struct lp_err *err)
{
    const char *colon = strchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    *model = (struct lp_model){.kind = LP_MODEL_KINDS, .capacity = 1};
    for (unsigned kind = 0; kind < LP_MODEL_KINDS; kind++)
        if (strlen(rows[kind].name) == length && memcmp(rows[kind].name, text, length) == 0)
            model->kind = (enum lp_model_kind)kind;
    if (model->kind == LP_MODEL_SEMAPHORE)
        return parse_capacity(model, text, colon ? colon + 1 : NULL, err);
    if (model->kind < LP_MODEL_KINDS && colon == NULL)
        return 0;
    const char *nearest = lp_nearest(text, rows, LP_MODEL_KINDS, sizeof rows[0]);
    if (nearest)
        return lp_err_set(err, LP_ERR_USAGE, "no model '%s'; did you mean '%s'?", text, nearest);
    return lp_err_set(err, LP_ERR_USAGE,
                      "no model '%s'; one of mutex, owned-mutex, reentrant, fenced, semaphore:N, "
                      "rw-lock, lease, counter, register, cas-register",
                      text);
}

void lp_model_name(const struct lp_model *model, struct lp_str *out)
{
    lp_str_add(out, rows[model->kind].name);
    if (model->kind == LP_MODEL_SEMAPHORE)
        lp_str_addf(out, ":%" PRIu32, model->capacity);
}

const char *lp_model_summary(enum lp_model_kind kind)
{
    return (unsigned)kind < LP_MODEL_KINDS ? rows[kind].summary : NULL;
}

bool lp_model_judges(enum lp_model_kind kind, enum lp_call_kind call)
{
    return (rows[kind].calls >> call & 1) != 0;
}

static bool is_number(int64_t value)
{
    return value > LP_CALL_TEXT(UINT32_MAX);
}

bool lp_model_refuses(enum lp_model_kind kind, const struct lp_call *call)
{
    if (call->outcome == LP_FAIL || call->outcome == LP_BUSY ||
        (call->kind == LP_CALL_READ && call->outcome != LP_OK))
        return false;
    if (kind == LP_MODEL_COUNTER && (call->kind == LP_CALL_ADD || call->kind == LP_CALL_READ))
        return !is_number(call->a) || (call->kind == LP_CALL_ADD && call->outcome == LP_OK &&
                                       call->b != LP_CALL_NOTHING && !is_number(call->b));
    return (rows[kind].errors >> call->kind & 1) != 0;
}

/* Of the kinds that the model judges. */
static enum lp_tells tells_busy(enum lp_model_kind kind, const struct lp_call *call)
{
    /* A shared try may be refused because a writer waits, a lease may be over by then, and a store
       with fences refuses what is stale: none of these contradicts anything. */
    if (call->kind == LP_CALL_ACQUIRE && kind != LP_MODEL_LEASE && kind != LP_MODEL_FENCED)
        return LP_TELLS_STATE;
    return call->kind == LP_CALL_CAS ? LP_TELLS_STATE : LP_TELLS_NOTHING;
}

enum lp_tells lp_model_tells(enum lp_model_kind kind, const struct lp_call *call)
{
    if (!lp_model_judges(kind, (enum lp_call_kind)call->kind))
        return LP_TELLS_NOTHING;
    switch (call->outcome) {
    case LP_BUSY:
        return tells_busy(kind, call);
    case LP_OK:
        if (kind == LP_MODEL_FENCED &&
            (call->kind == LP_CALL_ACQUIRE ? call->a : call->b) == LP_CALL_NOTHING)
            return LP_TELLS_NOTHING;
        return call->kind == LP_CALL_READ ? LP_TELLS_STATE : LP_TELLS_EFFECT;
    case LP_UNKNOWN:
        /* What a grant or a write of unknown outcome did to the tokens, nobody saw; and a grant
           that nobody had is no hold. */
        if (call->kind == LP_CALL_READ || kind == LP_MODEL_FENCED ||
            (kind == LP_MODEL_LEASE && call->kind == LP_CALL_ACQUIRE))
            return LP_TELLS_NOTHING;
        return LP_TELLS_EFFECT;
    default:
        return LP_TELLS_NOTHING;
    }
}

void lp_call_relax(struct lp_call *call)
{
    bool observes = call->kind == LP_CALL_READ || call->outcome != LP_OK;
    if (call->outcome == LP_UNKNOWN || call->outcome == LP_FAIL)
        return;
    call->outcome = observes ? LP_FAIL : LP_UNKNOWN;
    if (call->kind == LP_CALL_ADD)
        call->b = LP_CALL_NOTHING;
}
