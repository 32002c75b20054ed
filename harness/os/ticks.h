/* SPDX-License-Identifier: MIT */
/*
 * Time stamps for measuring: the processor's time-stamp counter where it can be trusted to be one
 * clock for all processors, CLOCK_MONOTONIC otherwise. Both tell ns of one time line: the counter's
 * is laid over CLOCK_MONOTONIC's when it is calibrated, and runs beside it from then on, so that it
 * is good for differences over seconds, not for deadlines.
 *
 * The counter is trusted when the kernel itself takes its time from it: then it has found it to be
 * constant, unstopped and the same on all processors (clocksource "tsc"; Intel SDM vol. 3, 18.17).
 * Calibrate once and hand the struct on: stamps of different calibrations are not to be compared.
 */
#ifndef LP_OS_TICKS_H
#define LP_OS_TICKS_H

#include <stdbool.h>
#include <stdint.h>
#include "os/clock.h"
#include "os/fence.h"

struct lp_ticks {
    bool tsc;
    uint64_t base_tsc, base_ns;
    uint64_t scale; /* ns a tick, with 32 bits behind the point */
};

/* Takes 20 ms when the counter is usable. */
void lp_ticks_init(struct lp_ticks *ticks);
/* "tsc" or "monotonic". */
const char *lp_ticks_name(const struct lp_ticks *ticks);

/* The counter as it is, with nothing around it; 0 where there is none. */
static inline uint64_t lp_ticks_raw(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    return 0;
#endif
}

static inline uint64_t lp_ticks_to_ns(const struct lp_ticks *ticks, uint64_t raw)
{
    return ticks->base_ns +
           (uint64_t)((unsigned __int128)(raw - ticks->base_tsc) * ticks->scale >> 32);
}

/* Read before anything of what follows begins. */
static inline uint64_t lp_ticks_before(const struct lp_ticks *ticks)
{
#if defined(__x86_64__)
    if (ticks->tsc) {
        uint64_t raw = lp_ticks_raw();
        lp_fence_begin();
        return lp_ticks_to_ns(ticks, raw);
    }
#endif
    return lp_clock_before();
}

/* Read after everything before it has ended and is visible to others. */
static inline uint64_t lp_ticks_after(const struct lp_ticks *ticks)
{
#if defined(__x86_64__)
    if (ticks->tsc) {
        lp_fence_end();
        return lp_ticks_to_ns(ticks, lp_ticks_raw());
    }
#endif
    return lp_clock_after();
}

#endif
