/* SPDX-License-Identifier: MIT */
/* One place for one worker: the step word is taken by a compare-and-exchange. */
#include "run/parking.h"

#include <stdatomic.h>

#include "base/units.h"
#include "os/clock.h"
#include "os/futex.h"

/* Whoever is told to stop looks up so often. */
#define LOOK_UP_NS (20 * LP_MS)

static bool is_meant(const struct lp_parking *parking, const struct lp_passer *passer)
{
    const struct lp_wanted *wanted = &parking->wanted;
    return (wanted->group == 0 || wanted->group == passer->group + 1) &&
           (wanted->worker == 0 || wanted->worker == passer->worker + 1) &&
           (wanted->container == 0 || wanted->container == passer->container + 1) &&
           (!wanted->inside || passer->inside);
}

void lp_parking_pass(struct lp_parking *parking, const struct lp_passer *passer, uint32_t step,
                     _Atomic uint32_t *stop)
{
    if (atomic_load_explicit(&parking->active, memory_order_relaxed) == 0 ||
        step >= LP_PARKING_KINDS)
        return;
    atomic_fetch_add(&parking->done[step], 1);
    uint32_t armed = step;
    if (atomic_load(&parking->step) != step || !is_meant(parking, passer) ||
        !atomic_compare_exchange_strong(&parking->step, &armed, 0))
        return;
    uint32_t me = passer->worker + 1;
    atomic_store(&parking->parked, me);
    lp_futex_wake_all(&parking->parked);
    while (atomic_load(&parking->parked) == me && atomic_load(stop) == 0)
        lp_futex_wait(&parking->parked, me, lp_clock_ns() + LOOK_UP_NS);
}

void lp_parking_arm(struct lp_parking *parking, uint32_t step, const struct lp_wanted *wanted)
{
    parking->wanted = *wanted;
    atomic_store(&parking->step, step);
}

void lp_parking_disarm(struct lp_parking *parking)
{
    atomic_store(&parking->step, 0);
}

void lp_parking_let_go(struct lp_parking *parking)
{
    atomic_store(&parking->parked, 0);
    lp_futex_wake_all(&parking->parked);
}
