/* SPDX-License-Identifier: MIT */
/* A growable array of moves. */
#include "explore/trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct lp_move *lp_trace_add(struct lp_trace *trace)
{
    trace->moves = lp_grow(trace->moves, &trace->cap, trace->count + 1, sizeof *trace->moves);
    return &trace->moves[trace->count++];
}

void lp_trace_copy(struct lp_trace *to, const struct lp_trace *from)
{
    to->moves = lp_grow(to->moves, &to->cap, from->count, sizeof *to->moves);
    if (from->count)
        memcpy(to->moves, from->moves, from->count * sizeof *to->moves);
    to->count = from->count;
}

void lp_trace_clear(struct lp_trace *trace)
{
    trace->count = 0;
}

void lp_trace_release(struct lp_trace *trace)
{
    free(trace->moves);
    *trace = (struct lp_trace){0};
}

size_t lp_trace_switches(const struct lp_trace *trace)
{
    size_t switches = 0;
    for (size_t i = 1; i < trace->count; i++)
        switches += trace->moves[i].worker != trace->moves[i - 1].worker;
    return switches;
}

bool lp_move_same(const struct lp_move *a, const struct lp_move *b)
{
    if (a->worker != b->worker || a->effect.went != b->effect.went ||
        a->effect.result != b->effect.result || a->intent.count != b->intent.count ||
        a->intent.everything != b->intent.everything)
        return false;
    for (unsigned i = 0; i < a->intent.count; i++)
        if (a->intent.access[i].object != b->intent.access[i].object ||
            a->intent.access[i].kind != b->intent.access[i].kind)
            return false;
    return true;
}

bool lp_trace_same(const struct lp_trace *a, const struct lp_trace *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!lp_move_same(&a->moves[i], &b->moves[i]))
            return false;
    return true;
}
