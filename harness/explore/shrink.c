/* SPDX-License-Identifier: MIT */
/* Simpler schedules that still lose. */
#include "explore/shrink.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "os/clock.h"

struct shrink {
    const struct lp_world *world;
    const struct lp_shrink_limits *limits;
    struct lp_trace *best;
    struct lp_followed tried;
    unsigned *order; /* of best, and room for a changed copy */
    unsigned *changed;
    size_t cap, changed_cap;
    uint64_t schedules;
};

static void order_of(const struct lp_trace *trace, unsigned **order, size_t *cap)
{
    *order = lp_grow(*order, cap, trace->count + 1, sizeof **order);
    for (size_t i = 0; i < trace->count; i++)
        (*order)[i] = trace->moves[i].worker;
}

static bool spent(const struct shrink *shrink)
{
    const struct lp_shrink_limits *limits = shrink->limits;
    return (limits->schedules_max && shrink->schedules >= limits->schedules_max) ||
           (limits->until_ns && lp_clock_ns() >= limits->until_ns);
}

static int follow(struct shrink *shrink, const unsigned *order, size_t count, struct lp_err *err)
{
    shrink->schedules++;
    return lp_follow(shrink->world, order, count, LP_FOLLOW_LOOSE, false,
                     shrink->limits->steps_max, &shrink->tried, err);
}

static bool simpler(const struct lp_trace *a, const struct lp_trace *b)
{
    size_t a_switches = lp_trace_switches(a), b_switches = lp_trace_switches(b);
    return a_switches < b_switches || (a_switches == b_switches && a->count < b->count);
}

/* Tries the changed order; `kept` when it is simpler and still loses. */
static int attempt(struct shrink *shrink, size_t count, bool *kept, struct lp_err *err)
{
    if (follow(shrink, shrink->changed, count, err) == -1)
        return -1;
    *kept = shrink->tried.seen.found == LP_FOUND_VIOLATION &&
            simpler(&shrink->tried.trace, shrink->best);
    if (*kept) {
        lp_trace_copy(shrink->best, &shrink->tried.trace);
        order_of(shrink->best, &shrink->order, &shrink->cap);
    }
    return 0;
}

/* A run of steps by one worker, [from, to). */
static size_t run_end(const unsigned *order, size_t count, size_t from)
{
    size_t to = from + 1;
    while (to < count && order[to] == order[from])
        to++;
    return to;
}

/* The run [from, to) put in front of step `at`, which is before it or behind it. */
static void move_run(struct shrink *shrink, size_t from, size_t to, size_t at)
{
    size_t length = to - from, rest = 0, count = shrink->best->count;
    shrink->changed =
        lp_grow(shrink->changed, &shrink->changed_cap, count + 1, sizeof *shrink->changed);
    for (size_t i = 0; i <= count; i++) {
        if (i == at)
            for (size_t k = 0; k < length; k++)
                shrink->changed[rest++] = shrink->order[from];
        if (i < count && (i < from || i >= to))
            shrink->changed[rest++] = shrink->order[i];
    }
}

/* Each run is moved to its worker's run before it, and to the one behind it. */
static int move_runs(struct shrink *shrink, bool *improved, struct lp_err *err)
{
    for (size_t from = 0; from < shrink->best->count && !spent(shrink);) {
        size_t count = shrink->best->count;
        size_t to = run_end(shrink->order, count, from);
        bool kept = false;
        size_t before = from;
        while (before > 0 && shrink->order[before - 1] != shrink->order[from])
            before--;
        if (before > 0) {
            move_run(shrink, from, to, before);
            if (attempt(shrink, count, &kept, err) == -1)
                return -1;
        }
        size_t behind = to;
        while (!kept && behind < count && shrink->order[behind] != shrink->order[from])
            behind++;
        if (!kept && behind < count) {
            move_run(shrink, from, to, behind);
            if (attempt(shrink, count, &kept, err) == -1)
                return -1;
        }
        *improved |= kept;
        from = kept ? 0 : to;
    }
    return 0;
}

static void shrink_release(struct shrink *shrink)
{
    lp_followed_release(&shrink->tried);
    free(shrink->order);
    free(shrink->changed);
}

int lp_shrink(const struct lp_world *world, struct lp_trace *losing,
              const struct lp_shrink_limits *limits, struct lp_err *err)
{
    struct shrink shrink = {.world = world, .limits = limits, .best = losing};
    bool improved = true;
    int status = 0;
    order_of(losing, &shrink.order, &shrink.cap);
    while (improved && status == 0 && !spent(&shrink)) {
        improved = false;
        status = move_runs(&shrink, &improved, err);
    }
    shrink_release(&shrink);
    return status;
}

static int try_swap(struct shrink *shrink, size_t at, bool *saves, struct lp_err *err)
{
    size_t count = shrink->best->count;
    shrink->changed =
        lp_grow(shrink->changed, &shrink->changed_cap, count + 1, sizeof *shrink->changed);
    memcpy(shrink->changed, shrink->order, count * sizeof *shrink->changed);
    shrink->changed[at] = shrink->order[at + 1];
    shrink->changed[at + 1] = shrink->order[at];
    if (follow(shrink, shrink->changed, count, err) == -1)
        return -1;
    *saves = shrink->tried.seen.found == LP_FOUND_NOTHING &&
             shrink->tried.ending == LP_ENDING_ALL;
    return 0;
}

int lp_find_swap(const struct lp_world *world, const struct lp_trace *losing,
                 const struct lp_shrink_limits *limits, struct lp_swap *swap, struct lp_err *err)
{
    struct lp_trace own = {0};
    struct shrink shrink = {.world = world, .limits = limits, .best = &own};
    int status = 0;
    *swap = (struct lp_swap){0};
    lp_trace_copy(&own, losing);
    order_of(&own, &shrink.order, &shrink.cap);
    for (size_t i = 0; i + 1 < own.count && status == 0 && !swap->found && !spent(&shrink); i++) {
        const struct lp_move *first = &own.moves[i], *second = &own.moves[i + 1];
        if (first->worker == second->worker ||
            !lp_intents_dependent(&first->intent, &second->intent))
            continue;
        status = try_swap(&shrink, i, &swap->found, err);
        swap->first = i;
    }
    shrink_release(&shrink);
    lp_trace_release(&own);
    return status;
}

int lp_reproduce(const struct lp_world *world, const struct lp_trace *losing, unsigned times,
                 size_t steps_max, unsigned *reproduced, struct lp_err *err)
{
    struct lp_followed followed = {0};
    unsigned *order = NULL;
    size_t cap = 0;
    int status = 0;
    *reproduced = 0;
    order_of(losing, &order, &cap);
    for (unsigned i = 0; i < times && status == 0; i++) {
        status = lp_follow(world, order, losing->count, LP_FOLLOW_STRICT, true, steps_max,
                           &followed, err);
        *reproduced += status == 0 && !followed.diverged &&
                       followed.seen.found == LP_FOUND_VIOLATION &&
                       lp_trace_same(&followed.trace, losing);
    }
    lp_followed_release(&followed);
    free(order);
    return status;
}
