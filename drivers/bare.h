/* SPDX-License-Identifier: MIT */
/*
 * What `lockproof bench` measures against: for a backend, the loop that a program without us would
 * write, over the same handle and with the same calls. The difference to the same work through the
 * driver is the harness's own cost.
 *
 * And the work itself, the same in every loop that is compared: a critical section that finds out
 * whether somebody else was in it, and a pause outside it.
 */
#ifndef LP_DRIVERS_BARE_H
#define LP_DRIVERS_BARE_H

#include <stdatomic.h>
#include "drivers/driver.h"

/* The data that the lock under test protects. Plain loads and stores (relaxed atomics: the same
   instructions): only the lock keeps additions from being lost. */
struct lp_protected {
    _Atomic uint64_t counter;
    _Atomic uint32_t owner;      /* who entered last; 0: nobody yet */
} __attribute__((aligned(128))); /* a pair of cache lines: adjacent ones are fetched together */

/* One worker's use of it. */
struct lp_work {
    struct lp_protected *data;
    uint32_t self; /* counts from 1 */
    uint64_t hold_ns, think_ns;
    bool gives_way;      /* lets others run in the middle of both: finds out what does not lock */
    uint64_t random;     /* of the pauses: not 0 */
    uint64_t entered;    /* critical sections */
    uint64_t handovers;  /* of these: another worker had it last */
    uint64_t intrusions; /* of these: another worker entered meanwhile */
};

/* Lets hold_ns pass. */
void lp_work_hold(const struct lp_work *work);
/* Lets between nothing and twice think_ns pass, evenly. */
void lp_work_pause(struct lp_work *work);

/* The critical section. */
static inline void lp_work_inside(struct lp_work *work)
{
    struct lp_protected *data = work->data;
    uint32_t last = atomic_load_explicit(&data->owner, memory_order_relaxed);
    atomic_store_explicit(&data->owner, work->self, memory_order_relaxed);
    uint64_t value = atomic_load_explicit(&data->counter, memory_order_relaxed);
    if (work->hold_ns)
        lp_work_hold(work);
    atomic_store_explicit(&data->counter, value + 1, memory_order_relaxed);
    work->entered++;
    work->handovers += last != work->self && last != 0;
    work->intrusions += atomic_load_explicit(&data->owner, memory_order_relaxed) != work->self;
}

static inline void lp_work_outside(struct lp_work *work)
{
    if (work->think_ns)
        lp_work_pause(work);
}

struct lp_bare {
    const struct lp_driver *driver;
    /* Whether the loop below does what the driver does with the client's parameters; NULL: always.
     */
    bool (*fits)(const struct lp_client *client);
    /* `pairs` times acquire, inside, release, outside, on the handle of an open client. 0, or the
       errno of a call that failed. */
    int (*loop)(struct lp_client *client, struct lp_work *work, uint32_t pairs);
};

extern const struct lp_bare lp_bare_flock, lp_bare_posix, lp_bare_ofd, lp_bare_lockfile,
    lp_bare_mkdir, lp_bare_mutex, lp_bare_robust, lp_bare_semaphore, lp_bare_sqlite;

/* For an open client; NULL: there is none, since it is of a plug-in or has unusual parameters. */
const struct lp_bare *lp_bare_find(const struct lp_client *client);

#endif
