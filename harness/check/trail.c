/* SPDX-License-Identifier: MIT */
/* Each worker's own order, which no clock can blur: what was held around what is read off it. */
#include "check/parts.h"

#include <stdlib.h>

void lp_trail_init(struct lp_trail *trail, const struct lp_history *history)
{
    trail->ops = lp_alloc(history->op_count, sizeof *trail->ops);
    trail->first = lp_alloc(history->worker_count + 1, sizeof *trail->first);
    for (size_t i = 0; i < history->worker_count; i++)
        trail->first[i + 1] = trail->first[i] + history->workers[i].record_count;
    for (size_t i = 0; i < history->op_count; i++) {
        const struct lp_op *op = &history->ops[i];
        trail->ops[trail->first[op->worker] + op->sequence] = i;
    }
}

void lp_trail_release(struct lp_trail *trail)
{
    free(trail->ops);
    free(trail->first);
    *trail = (struct lp_trail){0};
}
