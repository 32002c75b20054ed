/* SPDX-License-Identifier: MIT */
/* Simpler schedules that still lose: runs of one worker are put together. */
#include "explore/shrink.h"

#include "base/str.h"
#include "explore/attempt.h"

struct shrink {
    struct lp_attempt attempt;
    struct lp_trace *best;
    struct lp_order order;   /* of best */
    struct lp_order changed; /* what is tried */
};

static bool simpler(const struct lp_trace *a, const struct lp_trace *b)
{
    size_t a_switches = lp_trace_switches(a), b_switches = lp_trace_switches(b);
    return a_switches < b_switches || (a_switches == b_switches && a->count < b->count);
}

/* Tries the changed order; `kept` when it is simpler and still loses. */
static int try_changed(struct shrink *shrink, bool *kept, struct lp_err *err)
{
    const struct lp_followed *tried = &shrink->attempt.tried;
    if (lp_attempt_follow(&shrink->attempt, &shrink->changed, err) == -1)
        return -1;
    *kept = tried->seen.found == LP_FOUND_VIOLATION && simpler(&tried->trace, shrink->best);
    if (*kept) {
        lp_trace_copy(shrink->best, &tried->trace);
        lp_order_of(&shrink->order, shrink->best);
    }
    return 0;
}

/* The run [from, to) put in front of step `at`, which is before it or behind it. */
static void move_run(struct shrink *shrink, size_t from, size_t to, size_t at)
{
    const struct lp_order *order = &shrink->order;
    lp_order_clear(&shrink->changed);
    for (size_t i = 0; i <= order->count; i++) {
        if (i == at)
            for (size_t k = from; k < to; k++)
                lp_order_add(&shrink->changed, order->workers[k]);
        if (i < order->count && (i < from || i >= to))
            lp_order_add(&shrink->changed, order->workers[i]);
    }
}

/* To its worker's run before it, or else to the one behind it. */
static int join_run(struct shrink *shrink, size_t from, size_t to, bool *kept, struct lp_err *err)
{
    const unsigned *workers = shrink->order.workers;
    size_t before = from, behind = to;
    *kept = false;
    while (before > 0 && workers[before - 1] != workers[from])
        before--;
    if (before > 0) {
        move_run(shrink, from, to, before);
        if (try_changed(shrink, kept, err) == -1)
            return -1;
    }
    while (!*kept && behind < shrink->order.count && workers[behind] != workers[from])
        behind++;
    if (!*kept && behind < shrink->order.count) {
        move_run(shrink, from, to, behind);
        return try_changed(shrink, kept, err);
    }
    return 0;
}

static int join_runs(struct shrink *shrink, struct lp_err *err)
{
    for (size_t from = 0; from < shrink->order.count && !lp_attempt_spent(&shrink->attempt);) {
        const struct lp_order *order = &shrink->order;
        size_t to = from + 1;
        bool kept;
        while (to < order->count && order->workers[to] == order->workers[from])
            to++;
        if (join_run(shrink, from, to, &kept, err) == -1)
            return -1;
        from = kept ? 0 : to; /* what could not be joined before may be now */
    }
    return 0;
}

int lp_shrink(const struct lp_world *world, struct lp_trace *losing,
              const struct lp_shrink_limits *limits, struct lp_err *err)
{
    struct shrink shrink = {.attempt = {.world = world, .limits = limits}, .best = losing};
    lp_order_of(&shrink.order, losing);
    int status = join_runs(&shrink, err);
    lp_attempt_release(&shrink.attempt);
    lp_order_release(&shrink.order);
    lp_order_release(&shrink.changed);
    return status;
}

int lp_reproduce(const struct lp_world *world, const struct lp_trace *losing, unsigned times,
                 size_t steps_max, unsigned *reproduced, struct lp_err *err)
{
    struct lp_followed followed = {0};
    struct lp_order order = {0};
    int status = 0;
    *reproduced = 0;
    lp_order_of(&order, losing);
    for (unsigned i = 0; i < times && status == 0; i++) {
        status = lp_follow(world, order.workers, order.count, LP_FOLLOW_STRICT, true, steps_max,
                           &followed, err);
        *reproduced += status == 0 && !followed.diverged &&
                       followed.seen.found == LP_FOUND_VIOLATION &&
                       lp_trace_same(&followed.trace, losing);
    }
    lp_followed_release(&followed);
    lp_order_release(&order);
    return status;
}
