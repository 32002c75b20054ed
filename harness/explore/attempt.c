/* SPDX-License-Identifier: MIT */
/* Orders, and following them within limits. */
#include "explore/attempt.h"

#include <stdlib.h>

#include "base/str.h"
#include "os/clock.h"

void lp_order_clear(struct lp_order *order)
{
    order->count = 0;
}

void lp_order_add(struct lp_order *order, unsigned worker)
{
    order->workers = lp_grow(order->workers, &order->cap, order->count + 1, sizeof *order->workers);
    order->workers[order->count++] = worker;
}

void lp_order_of(struct lp_order *order, const struct lp_trace *trace)
{
    lp_order_clear(order);
    for (size_t i = 0; i < trace->count; i++)
        lp_order_add(order, trace->moves[i].worker);
}

void lp_order_release(struct lp_order *order)
{
    free(order->workers);
    *order = (struct lp_order){0};
}

bool lp_attempt_spent(const struct lp_attempt *attempt)
{
    const struct lp_shrink_limits *limits = attempt->limits;
    return (limits->schedules_max && attempt->schedules >= limits->schedules_max) ||
           (limits->until_ns && lp_clock_ns() >= limits->until_ns);
}

int lp_attempt_follow(struct lp_attempt *attempt, const struct lp_order *order, struct lp_err *err)
{
    attempt->schedules++;
    return lp_follow(attempt->world, order->workers, order->count, LP_FOLLOW_LOOSE, false,
                     attempt->limits->steps_max, &attempt->tried, err);
}

void lp_attempt_release(struct lp_attempt *attempt)
{
    lp_followed_release(&attempt->tried);
}
