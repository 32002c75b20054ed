/* SPDX-License-Identifier: MIT */
/*
 * Inside the room: the schedule that is being carried out, with what the search knows at each place
 * of it. Node k is the state before step k; the last node has no step yet.
 */
#ifndef LP_EXPLORE_PATH_H
#define LP_EXPLORE_PATH_H

#include "explore/search.h"

typedef uint32_t lp_mask; /* a set of workers */
#define LP_NOBODY UINT32_MAX

static inline lp_mask lp_bit(unsigned worker)
{
    return (lp_mask)1 << worker;
}

struct lp_node {
    lp_mask runnable;  /* not at their end */
    lp_mask blocked;   /* of these, known to have to wait here */
    lp_mask backtrack; /* to be tried here */
    lp_mask tried;     /* were tried here, those that had to wait included */
    lp_mask explored;  /* were tried here and could go on */
    lp_mask sleep;     /* a step of theirs here would only repeat what was tried before */
    lp_mask raced;     /* in `backtrack` to reverse a race */
    unsigned last;     /* who made the step before; LP_NOBODY at the start */
    uint32_t preemptions;
};

/* Happened-before of a step: how many steps of each worker come before it or are it (vector clock;
   Fidge 1988, Mattern 1989). */
struct lp_clock {
    uint32_t sum; /* of all `steps`: step i with i + 1 comes after all before it */
    uint32_t steps[LP_EXPLORE_WORKERS_MAX];
};

struct lp_path {
    const struct lp_world *world;
    struct lp_trace trace;
    struct lp_node *nodes; /* trace.count + 1 are in use */
    size_t node_cap;
    struct lp_clock *clocks; /* one a step */
    size_t clock_cap;
    struct lp_intent pending[LP_EXPLORE_WORKERS_MAX]; /* of those who are runnable */
    struct lp_clock worker[LP_EXPLORE_WORKERS_MAX];   /* of the last step of each */
    bool reducing;
    uint64_t steps; /* ever taken */
};

void lp_path_init(struct lp_path *path, const struct lp_world *world, bool reducing);
void lp_path_release(struct lp_path *path);

/* Puts the world back; what nodes know of choices stays. */
int lp_path_restart(struct lp_path *path, bool fresh, struct lp_err *err);
static inline struct lp_node *lp_path_here(const struct lp_path *path)
{
    return &path->nodes[path->trace.count];
}

/* Lets the worker take its step. When it could, the path is one longer, and its new last node is
   fresh, or with `again` the one that was there. When it has to wait, the node knows. */
int lp_path_step(struct lp_path *path, unsigned worker, bool again, struct lp_effect *effect,
                 struct lp_err *err);

/* Equal for all schedules of one equivalence class, different (but for accidents of hashing) for
   those of two. */
uint64_t lp_path_class(const struct lp_path *path);

/* Time, if there is any, and those for whom it waits. */
static inline lp_mask lp_time_bit(const struct lp_world *world)
{
    return world->in_time ? lp_bit(world->workers - 1) : 0;
}
static inline lp_mask lp_in_time(const struct lp_world *world)
{
    return world->in_time ? ~(lp_mask)0 >> (LP_EXPLORE_WORKERS_MAX - world->in_time) : 0;
}

static inline lp_mask lp_ready(const struct lp_world *world, lp_mask runnable, lp_mask blocked)
{
    lp_mask ready = runnable & ~blocked;
    return ready & lp_in_time(world) ? ready & ~lp_time_bit(world) : ready;
}

/* Those who can go on here as far as is known. */
static inline lp_mask lp_node_ready(const struct lp_path *path, const struct lp_node *node)
{
    return lp_ready(path->world, node->runnable, node->blocked);
}

/* ---- reduce.c ---- */

/* The clock of a new last step. */
void lp_clock_of_step(struct lp_path *path);
/* Notes at earlier nodes who has to be tried there so that each race of the new last step, and of
   what its worker would do next, is also seen the other way round. */
void lp_find_races(struct lp_path *path);
/* The worker has to wait at node `at`, and so at those before it from which nothing has changed
   that. */
void lp_mark_blocked(struct lp_path *path, size_t at, unsigned worker);

#endif
