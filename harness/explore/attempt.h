/* SPDX-License-Identifier: MIT */
/* Inside the room: trying changed orders of a losing schedule, within limits. */
#ifndef LP_EXPLORE_ATTEMPT_H
#define LP_EXPLORE_ATTEMPT_H

#include "explore/shrink.h"

/* An order of workers, one a step. */
struct lp_order {
    unsigned *workers;
    size_t count, cap;
};

void lp_order_of(struct lp_order *order, const struct lp_trace *trace);
void lp_order_clear(struct lp_order *order);
void lp_order_add(struct lp_order *order, unsigned worker);
void lp_order_release(struct lp_order *order);

struct lp_attempt {
    const struct lp_world *world;
    const struct lp_shrink_limits *limits;
    struct lp_followed tried;
    uint64_t schedules;
};

bool lp_attempt_spent(const struct lp_attempt *attempt);
/* Follows the order as far as it can be; what came of it is in attempt->tried. */
int lp_attempt_follow(struct lp_attempt *attempt, const struct lp_order *order, struct lp_err *err);
void lp_attempt_release(struct lp_attempt *attempt);

#endif
