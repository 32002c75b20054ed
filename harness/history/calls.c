/* SPDX-License-Identifier: MIT */
#include "history/calls.h"

#include <stdlib.h>
#include <string.h>

void lp_calls_init(struct lp_calls *calls)
{
    memset(calls, 0, sizeof *calls);
    lp_arena_init(&calls->arena);
}

void lp_calls_release(struct lp_calls *calls)
{
    free(calls->calls);
    lp_arena_release(&calls->arena);
    memset(calls, 0, sizeof *calls);
}
