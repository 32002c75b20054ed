/* SPDX-License-Identifier: MIT */
/*
 * The plain case, at the speed of memory: one object, every outcome known, each process its calls
 * in order. What is not plain is left to the rules that can do more (false is returned, and nothing
 * is said); so these passes decide little but never guess.
 */
#include "check/express.h"
#include "check/model_parts.h"

#include <stdio.h>

#include "base/str.h"

void lp_express_decide(struct lp_decision *decision, enum lp_decided decided, const char *rule)
{
    decision->decided = decided;
    decision->rule = rule;
    decision->keys = 1;
    decision->keys_held = decided == LP_DECIDED_HELD;
    decision->keys_broken = decided == LP_DECIDED_BROKEN;
}

bool lp_express_broken(struct lp_decision *decision, uint32_t key, const char *rule,
                       const char *detail, size_t a, size_t b)
{
    lp_express_decide(decision, LP_DECIDED_BROKEN, rule);
    decision->key = key;
    snprintf(decision->detail, sizeof decision->detail, "%s", detail);
    decision->witness = lp_alloc(2, sizeof *decision->witness);
    decision->witness[0] = a < b ? a : b;
    decision->witness[1] = a < b ? b : a;
    decision->witness_count = 2;
    return true;
}

/* Where nothing could be judged nothing has held. */
static bool is_empty(const struct lp_model *model, const struct lp_calls *calls)
{
    for (size_t i = 0; i < calls->count; i++)
        if (lp_model_tells(model->kind, &calls->calls[i]) != LP_TELLS_NOTHING)
            return false;
    return true;
}

bool lp_express(const struct lp_model *model, const struct lp_calls *calls,
                struct lp_decision *decision)
{
    if (calls->count == 0 || calls->count >= UINT32_MAX || calls->uncertainty_ns != 0)
        return false;
    bool decided = false;
    switch (model->kind) {
    case LP_MODEL_MUTEX:
    case LP_MODEL_OWNED_MUTEX:
    case LP_MODEL_REENTRANT:
        decided = lp_express_locks(model->kind, calls, decision);
        break;
    case LP_MODEL_FENCED:
        decided = lp_express_tokens(calls, decision);
        break;
    case LP_MODEL_COUNTER:
        decided = lp_express_counter(calls, decision);
        break;
    default:
        break;
    }
    if (decided && !is_empty(model, calls))
        return true;
    *decision = (struct lp_decision){.rule = ""};
    return false;
}
