/* SPDX-License-Identifier: MIT */
/*
 * Trying the schedules of a world (world.h), each from its start, without a model of it: stateless
 * search (Godefroid, VeriSoft, POPL 1997).
 *
 *   exhaustive, reduction none   every schedule once: where no step blocks, as many as the
 *                                multinomial coefficient says
 *   exhaustive, reduction dpor   at least one schedule of each equivalence class. Two schedules are
 *                                equivalent when one becomes the other by swapping neighbours that
 *                                are independent (Mazurkiewicz 1977). Dynamic partial-order
 *                                reduction (Flanagan, Godefroid, POPL 2005), which is sound for
 *                                steps that block; of the workers that would reverse a race one
 *                                that is already to be tried will do (source sets: Abdulla,
 *                                Aronis, Jonsson, Sagonas, POPL 2014); sleep sets (Godefroid
 *                                1996) leave out nearly all second schedules of a class
 *   preemption bound             every schedule that takes a worker off at most so many times while
 *                                it could have gone on (Musuvathi, Qadeer, PLDI 2007). Reduction is
 *                                off: its backtrack points may lie beyond the bound, and classes
 *                                would be lost (Coons, Musuvathi, McKinley, OOPSLA 2013)
 *   random                       at each step any worker that can go on
 *   pct                          priorities with `depth` - 1 points of change (Burckhardt, Kothari,
 *                                Musuvathi, Nagarakatte, ASPLOS 2010): a bug that needs `depth`
 *                                orderings is found in one schedule with probability at least
 *                                1 / (workers * steps ^ (depth - 1))
 *
 * Which steps are dependent, and why leaving out the rest loses nothing, is said in world.h.
 */
#ifndef LP_EXPLORE_SEARCH_H
#define LP_EXPLORE_SEARCH_H

#include "explore/trace.h"
#include "explore/world.h"

enum lp_strategy {
    LP_STRATEGY_EXHAUSTIVE,
    LP_STRATEGY_RANDOM,
    LP_STRATEGY_PCT,
};
const char *lp_strategy_name(enum lp_strategy strategy);

enum lp_reduction {
    LP_REDUCTION_NONE,
    LP_REDUCTION_DPOR,
};

#define LP_NO_BOUND UINT32_MAX

struct lp_search_options {
    enum lp_strategy strategy;
    enum lp_reduction reduction; /* of exhaustive search without a preemption bound */
    uint32_t preemptions;        /* LP_NO_BOUND: any number */
    unsigned pct_depth;          /* 0: 3 */
    uint64_t seed;               /* random, pct */
    uint64_t schedules_max;      /* 0: no limit; random and pct need one, or a time */
    uint64_t until_ns;           /* lp_clock_ns; 0: no limit */
    size_t steps_max;            /* of one schedule; 0: 10,000 */
    uint64_t fresh_every; /* each so many schedules one is repeated on fresh state; 0: none */
    bool keep_going;      /* past the first violation */
    /* Asked after each schedule, with its end; true ends the search. NULL: not asked. */
    bool (*after)(void *context, const struct lp_trace *trace, enum lp_ending ending,
                  const struct lp_outcome_seen *seen);
    void *context;
};

struct lp_search_result {
    uint64_t schedules;  /* carried out to their end */
    uint64_t classes;    /* equivalence classes among them */
    uint64_t outcomes;   /* different outcomes */
    uint64_t violations; /* schedules that showed one */
    uint64_t open;       /* schedules of which the world could not say */
    uint64_t deadlocks;
    uint64_t cut;      /* ended by steps_max */
    uint64_t repeated; /* given up half-way: the rest was the same as one before */
    uint64_t unstable; /* went another way the second time: the world is not deterministic */
    uint64_t renewed;  /* repeated on fresh state with the same end */
    uint64_t steps;    /* carried out in all, those that only lead to a place included */
    size_t longest;    /* steps */
    /* Everything was tried that the strategy leaves no choice about: no schedule is left out but
       for what the reduction proves to be equivalent. Never with a preemption bound. */
    bool exhaustive;
    bool bound_complete; /* everything within the preemption bound was tried */
    double probability;  /* pct: lower bound for finding a bug of the depth; else -1 */
    /* The first violation. */
    struct lp_trace losing;
    enum lp_ending losing_ending;
    struct lp_outcome_seen losing_seen;
    /* The first schedule that went another way the second time: where. */
    struct lp_trace unstable_at;
};

/* 0, also with a violation; -1 when the world failed: *err. */
int lp_search(const struct lp_world *world, const struct lp_search_options *options,
              struct lp_search_result *result, struct lp_err *err) LP_MUST_CHECK;
void lp_search_result_release(struct lp_search_result *result); /* takes a zeroed struct too */

#endif
