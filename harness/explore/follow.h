/* SPDX-License-Identifier: MIT */
/*
 * Carrying out a schedule that is given: an order of workers, one a step. For repeating what was
 * found, for shrinking it, and for schedules written by hand.
 */
#ifndef LP_EXPLORE_FOLLOW_H
#define LP_EXPLORE_FOLLOW_H

#include "explore/trace.h"

/* What to do where the given order cannot be kept: the worker has to wait or is at its end. When
   the order is over before the workers are, they go on in turn, each as long as it can. */
enum lp_follow_rule {
    LP_FOLLOW_STRICT, /* end there: it diverged */
    LP_FOLLOW_LOOSE,  /* leave that step out */
};

struct lp_followed {
    struct lp_trace trace; /* what was really done */
    enum lp_ending ending;
    struct lp_outcome_seen seen;
    bool diverged;
    size_t diverged_at; /* index into the given order */
};

/* The world is reset first. `followed` is used again: zeroed at first, released at last. -1 only
   when the world failed. */
int lp_follow(const struct lp_world *world, const unsigned *order, size_t count,
              enum lp_follow_rule rule, bool fresh, size_t steps_max, struct lp_followed *followed,
              struct lp_err *err) LP_MUST_CHECK;
void lp_followed_release(struct lp_followed *followed); /* takes a zeroed struct too */

#endif
