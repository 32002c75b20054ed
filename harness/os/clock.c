/* SPDX-License-Identifier: MIT */
/* Clock reads with fences, and waiting for time to pass. */
#include "os/clock.h"

#include <errno.h>
#include <time.h>

#include "base/units.h"
#include "os/fence.h"

/* A sleep costs a timer interrupt and a wake-up, some 50 us; shorter times are burned. */
#define SPIN_MAX_NS (50 * LP_US)

uint64_t lp_clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * LP_SEC + (uint64_t)now.tv_nsec;
}

uint64_t lp_clock_before(void)
{
    uint64_t now = lp_clock_ns();
    lp_fence_begin();
    return now;
}

uint64_t lp_clock_after(void)
{
    lp_fence_end();
    return lp_clock_ns();
}

void lp_clock_sleep_until(uint64_t until_ns)
{
    struct timespec until = {.tv_sec = (time_t)(until_ns / LP_SEC),
                             .tv_nsec = (long)(until_ns % LP_SEC)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

void lp_clock_spend(uint64_t duration_ns)
{
    if (duration_ns == 0)
        return;
    uint64_t until = lp_clock_ns() + duration_ns;
    if (duration_ns >= SPIN_MAX_NS) {
        lp_clock_sleep_until(until);
        return;
    }
    while (lp_clock_ns() < until)
        ;
}

char *lp_clock_stamp(char *buf, unsigned long size)
{
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(buf, size, "%Y%m%dT%H%M%SZ", &utc);
    return buf;
}
