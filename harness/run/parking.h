/* SPDX-License-Identifier: MIT */
/*
 * Where workers and whoever does faults to them meet. A fault that strikes `after` a step is armed
 * here; the first worker that fits and has done the step waits until it is let go. So a holder that
 * is stopped, killed or disowned between its read and its write is caught there every time, not
 * when the timing happens to be right. Workers also count here which steps they did, which ends
 * faults that last `until` others have done something.
 *
 * In a run without faults it costs one relaxed load a step.
 */
#ifndef LP_RUN_PARKING_H
#define LP_RUN_PARKING_H

#include <stdbool.h>
#include <stdint.h>

#define LP_PARKING_KINDS 16 /* steps that scenarios can name, by their number */

/* What a worker says of itself. */
struct lp_passer {
    uint32_t worker;
    uint32_t group;
    uint32_t container;
    bool inside;
};

/* Who is meant; each 1 + its number, 0: any. */
struct lp_wanted {
    uint32_t worker, group, container;
    bool inside; /* only one that holds a lock or is in a transaction */
};

struct lp_parking {
    _Atomic uint32_t active; /* there are faults in this run */
    _Atomic uint32_t step;   /* armed for this step; 0: not armed. Set last, cleared by who parks */
    struct lp_wanted wanted; /* set before `step` */
    _Atomic uint32_t parked; /* 1 + who waits here; 0: nobody. Futex */
    _Atomic uint64_t done[LP_PARKING_KINDS]; /* steps that were done, over all workers */
};

/* The worker has done a step; comes back when it may go on. `stop`: the run's word for an early
   end. */
void lp_parking_pass(struct lp_parking *parking, const struct lp_passer *passer, uint32_t step,
                     _Atomic uint32_t *stop);

/* The other side. */
void lp_parking_arm(struct lp_parking *parking, uint32_t step, const struct lp_wanted *wanted);
/* Nobody is meant any more; one who is parked stays. */
void lp_parking_disarm(struct lp_parking *parking);
void lp_parking_let_go(struct lp_parking *parking);

#endif
