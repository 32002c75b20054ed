/* SPDX-License-Identifier: MIT */
/*
 * Which two steps the loss hangs on. A pair of dependent steps that no third one orders can be made
 * neighbours: first what does not come after the earlier of them, then the two, then the rest. That
 * order is equivalent to the one that was found.
 */
#include "explore/shrink.h"

#include <stdlib.h>

#include "base/str.h"
#include "explore/attempt.h"

#define STEPS_MAX 2000 /* the table of orders grows with the square */

/* after[i * count + k]: step k comes after step i, i < k, in every equivalent order. */
struct orders {
    bool *after;
    size_t count;
};

static bool comes_after(const struct orders *orders, size_t i, size_t k)
{
    return orders->after[i * orders->count + k];
}

static void orders_init(struct orders *orders, const struct lp_trace *trace)
{
    size_t count = trace->count;
    *orders = (struct orders){.after = lp_alloc(count * count + 1, 1), .count = count};
    for (size_t k = 0; k < count; k++) {
        const struct lp_move *later = &trace->moves[k];
        for (size_t i = k; i-- > 0;) {
            const struct lp_move *earlier = &trace->moves[i];
            if (comes_after(orders, i, k) ||
                (earlier->worker != later->worker &&
                 !lp_intents_dependent(&earlier->intent, &later->intent)))
                continue;
            orders->after[i * count + k] = true;
            for (size_t before = 0; before < i; before++)
                orders->after[before * count + k] |= comes_after(orders, before, i);
        }
    }
}

/* Dependent, and nothing in between makes them so already. */
static bool is_race(const struct orders *orders, const struct lp_trace *trace, size_t i, size_t k)
{
    if (trace->moves[i].worker == trace->moves[k].worker || !comes_after(orders, i, k))
        return false;
    for (size_t between = i + 1; between < k; between++)
        if (comes_after(orders, i, between) && comes_after(orders, between, k))
            return false;
    return true;
}

/* The equivalent order with i and k as neighbours, or swapped. Returns where the first of them is.
 */
static size_t make_neighbours(const struct orders *orders, const struct lp_trace *trace, size_t i,
                              size_t k, bool swapped, struct lp_order *order)
{
    lp_order_clear(order);
    for (size_t at = 0; at < k; at++)
        if (at != i && !(at > i && comes_after(orders, i, at)))
            lp_order_add(order, trace->moves[at].worker);
    size_t first = order->count;
    lp_order_add(order, trace->moves[swapped ? k : i].worker);
    lp_order_add(order, trace->moves[swapped ? i : k].worker);
    for (size_t at = i + 1; at < trace->count; at++)
        if (at > k || (at < k && comes_after(orders, i, at)))
            lp_order_add(order, trace->moves[at].worker);
    return first;
}

static int try_pair(struct lp_attempt *attempt, const struct orders *orders,
                    struct lp_trace *losing, size_t i, size_t k, struct lp_swap *swap,
                    struct lp_err *err)
{
    struct lp_order order = {0};
    const struct lp_followed *tried = &attempt->tried;
    make_neighbours(orders, losing, i, k, true, &order);
    int status = lp_attempt_follow(attempt, &order, err);
    bool saves = status == 0 && tried->seen.found == LP_FOUND_NOTHING;
    if (saves) {
        size_t first = make_neighbours(orders, losing, i, k, false, &order);
        status = lp_attempt_follow(attempt, &order, err);
        if (status == 0 && tried->seen.found == LP_FOUND_VIOLATION &&
            tried->trace.count == losing->count) {
            lp_trace_copy(losing, &tried->trace);
            *swap = (struct lp_swap){.found = true, .first = first};
        }
    }
    lp_order_release(&order);
    return status;
}

/* Pairs `distance` apart: neighbours first, so that the order changes only where it must. */
static int try_distance(struct lp_attempt *attempt, const struct orders *orders,
                        struct lp_trace *losing, size_t distance, struct lp_swap *swap,
                        struct lp_err *err)
{
    for (size_t i = 0; i + distance < losing->count && !swap->found; i++) {
        if (lp_attempt_spent(attempt))
            return 0;
        if (is_race(orders, losing, i, i + distance) &&
            try_pair(attempt, orders, losing, i, i + distance, swap, err) == -1)
            return -1;
    }
    return 0;
}

int lp_find_swap(const struct lp_world *world, struct lp_trace *losing,
                 const struct lp_shrink_limits *limits, struct lp_swap *swap, struct lp_err *err)
{
    struct lp_attempt attempt = {.world = world, .limits = limits};
    struct orders orders;
    int status = 0;
    *swap = (struct lp_swap){0};
    if (losing->count > STEPS_MAX)
        return 0;
    orders_init(&orders, losing);
    for (size_t distance = 1; distance < losing->count && status == 0 && !swap->found; distance++)
        status = try_distance(&attempt, &orders, losing, distance, swap, err);
    free(orders.after);
    lp_attempt_release(&attempt);
    return status;
}
