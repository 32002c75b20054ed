/* SPDX-License-Identifier: MIT */
/* The life of a struct lp_calls; readers fill it through history/intern.h. */
#include "history/calls.h"

#include <stdlib.h>

#include "base/str.h"

void lp_calls_init(struct lp_calls *calls)
{
    *calls = (struct lp_calls){.start = LP_CALL_NOTHING};
    lp_arena_init(&calls->arena);
    calls->keys = lp_alloc(1, sizeof *calls->keys);
    calls->keys[LP_CALL_NO_KEY] = "";
    calls->key_count = 1;
}

void lp_calls_release(struct lp_calls *calls)
{
    free(calls->calls);
    free(calls->keys);
    free(calls->processes);
    free(calls->texts);
    free(calls->foreign);
    lp_arena_release(&calls->arena);
    *calls = (struct lp_calls){0};
}

static int by_invocation(const void *a, const void *b)
{
    const struct lp_call *left = a, *right = b;
    if (left->invoke_ns != right->invoke_ns)
        return left->invoke_ns < right->invoke_ns ? -1 : 1;
    return (left->source > right->source) - (left->source < right->source);
}

void lp_calls_sort(struct lp_calls *calls)
{
    for (size_t i = 1; i < calls->count; i++)
        if (by_invocation(&calls->calls[i - 1], &calls->calls[i]) > 0) {
            qsort(calls->calls, calls->count, sizeof *calls->calls, by_invocation);
            return;
        }
}
