/* SPDX-License-Identifier: MIT */
/* Dependency of steps. */
#include "explore/world.h"

static bool accesses_conflict(const struct lp_access *a, const struct lp_access *b)
{
    return a->object == b->object && !(a->kind == LP_ACCESS_READ && b->kind == LP_ACCESS_READ);
}

bool lp_intents_dependent(const struct lp_intent *a, const struct lp_intent *b)
{
    if (a->everything || b->everything)
        return true;
    for (unsigned i = 0; i < a->count; i++)
        for (unsigned k = 0; k < b->count; k++)
            if (accesses_conflict(&a->access[i], &b->access[k]))
                return true;
    return false;
}

bool lp_intent_waits_for(const struct lp_intent *a, const struct lp_intent *b)
{
    for (unsigned i = 0; i < a->count; i++)
        for (unsigned k = 0; k < b->count; k++)
            if (a->access[i].kind == LP_ACCESS_LOCK && b->access[k].kind == LP_ACCESS_UNLOCK &&
                a->access[i].object == b->access[k].object)
                return true;
    return false;
}
