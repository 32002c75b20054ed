/* SPDX-License-Identifier: MIT */
/*
 * A deadline for system calls that take none, such as flock(2) and fcntl(2) F_SETLKW: from the
 * deadline on, the calling thread's blocking calls end with EINTR, every 5 ms again until disarmed.
 * Again and again, because a single signal that comes between the last look at the clock and the
 * call itself would be lost, and the call would never end.
 *
 * One struct serves one thread: its timer is made once, by that thread, and only re-armed for each
 * wait. The handler is empty; it exists because a signal that is ignored interrupts nothing.
 */
#ifndef LP_OS_ALARM_H
#define LP_OS_ALARM_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include "base/err.h"

struct lp_alarm {
    bool made;
    timer_t timer;
};

/* Makes the calling thread's timer and lets the signal through in this thread. After a fork the
   child needs one of its own: timers are not inherited. LP_ERR_SELF on failure. */
int lp_alarm_init(struct lp_alarm *alarm, struct lp_err *err) LP_MUST_CHECK;
void lp_alarm_release(struct lp_alarm *alarm); /* takes a zeroed struct too */

/* `deadline_ns` of CLOCK_MONOTONIC; one that has passed counts from now on. */
void lp_alarm_arm(struct lp_alarm *alarm, uint64_t deadline_ns);
void lp_alarm_disarm(struct lp_alarm *alarm);

#endif
