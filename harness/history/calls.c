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
