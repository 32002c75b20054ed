/* SPDX-License-Identifier: MIT */
/* A schedule that was carried out: who stepped, in which order, and what came of it. */
#ifndef LP_EXPLORE_TRACE_H
#define LP_EXPLORE_TRACE_H

#include "explore/world.h"

struct lp_move {
    unsigned worker;
    struct lp_intent intent;
    struct lp_effect effect; /* never LP_WENT_BLOCKED */
};

struct lp_trace {
    struct lp_move *moves;
    size_t count, cap;
};

struct lp_move *lp_trace_add(struct lp_trace *trace);
void lp_trace_copy(struct lp_trace *to, const struct lp_trace *from); /* `to` is used again */
void lp_trace_clear(struct lp_trace *trace);
void lp_trace_release(struct lp_trace *trace); /* takes a zeroed struct too */

/* How often the next step is another worker's. */
size_t lp_trace_switches(const struct lp_trace *trace);
/* The same steps with the same results? */
bool lp_move_same(const struct lp_move *a, const struct lp_move *b);
bool lp_trace_same(const struct lp_trace *a, const struct lp_trace *b);

#endif
