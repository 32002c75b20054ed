/* SPDX-License-Identifier: MIT */
/* Inside the room: who is to step next, where the strategy leaves it to chance. */
#ifndef LP_EXPLORE_CHOOSE_H
#define LP_EXPLORE_CHOOSE_H

#include "base/random.h"
#include "explore/path.h"

#define LP_PCT_DEPTH 3
#define LP_PCT_DEPTH_MAX 16

/* PCT (Burckhardt et al. 2010, section 2): each worker has a random priority above all points of
   change; the one of highest priority steps; at the point of change number i, a random step, the
   worker that was about to step falls to priority i. */
struct lp_pct {
    unsigned depth;
    size_t steps; /* of a schedule, at most, as far as is known: the k of the bound */
    uint64_t priority[LP_EXPLORE_WORKERS_MAX];
    size_t change[LP_PCT_DEPTH_MAX];
    double miss; /* probability that all schedules so far missed a bug of this depth, at most */
};

void lp_pct_init(struct lp_pct *pct, unsigned depth);
/* Before each schedule. */
void lp_pct_deal(struct lp_pct *pct, const struct lp_world *world, struct lp_random *random);
/* After each schedule of `steps` steps. */
void lp_pct_count(struct lp_pct *pct, const struct lp_world *world, size_t steps);
unsigned lp_pct_choose(struct lp_pct *pct, const struct lp_path *path, lp_mask ready);

/* Any of `ready`, which is not empty, each as likely. */
unsigned lp_random_choose(struct lp_random *random, lp_mask ready);

/* For systematic search: who made the last step goes on, so that the first schedules have few
   switches. Before a release those who wait for it are asked first: that they have to wait is then
   known where it matters, and a lock that lets them in is found at once. */
unsigned lp_steady_choose(const struct lp_path *path, lp_mask ready);

#endif
