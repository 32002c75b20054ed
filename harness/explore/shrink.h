/* SPDX-License-Identifier: MIT */
/*
 * Making a losing schedule simple, and finding what it hangs on. To shrink is to try schedules with
 * fewer switches from one worker to another, or fewer steps, and to keep what still loses, until
 * nothing simpler is found (as delta debugging does: Zeller, Hildebrandt, TSE 2002). Fewer workers
 * and fewer rounds are other worlds: a caller tries those first.
 */
#ifndef LP_EXPLORE_SHRINK_H
#define LP_EXPLORE_SHRINK_H

#include "explore/follow.h"

struct lp_shrink_limits {
    uint64_t schedules_max;
    uint64_t until_ns; /* lp_clock_ns; 0: no limit */
    size_t steps_max;
};

/* `losing` shows a violation and is replaced by the simplest one found that does too. -1 only when
   the world failed. */
int lp_shrink(const struct lp_world *world, struct lp_trace *losing,
              const struct lp_shrink_limits *limits, struct lp_err *err) LP_MUST_CHECK;

/* The one pair of neighbours, steps of different workers, that makes the difference: with the two
   swapped, and all else in the same order as far as it can be, nothing is lost. Where no two
   neighbours in `losing` do that, it is put into an equivalent order in which two are neighbours
   that do. */
struct lp_swap {
    bool found;
    size_t first; /* index of the earlier of the two; the later is the next one */
};
int lp_find_swap(const struct lp_world *world, struct lp_trace *losing,
                 const struct lp_shrink_limits *limits, struct lp_swap *swap,
                 struct lp_err *err) LP_MUST_CHECK;

/* How often of `times` the schedule is carried out to the same violation. */
int lp_reproduce(const struct lp_world *world, const struct lp_trace *losing, unsigned times,
                 size_t steps_max, unsigned *reproduced, struct lp_err *err) LP_MUST_CHECK;

#endif
