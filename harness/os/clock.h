/* SPDX-License-Identifier: MIT */
/*
 * Time stamps that the measured operation cannot slip past. All are CLOCK_MONOTONIC ns, which is
 * one clock for all processes and containers of a host.
 *
 * lp_clock_before() is read before anything of the operation begins; lp_clock_after() after its
 * last store is visible to others. Without the fences a processor may run a lock's first load
 * before the clock was read, or keep its last store in the store buffer while the clock is read,
 * and two holds that never overlapped would seem to (Intel SDM vol. 3, 8.2 and RDTSC in vol. 2).
 */
#ifndef LP_OS_CLOCK_H
#define LP_OS_CLOCK_H

#include <stdint.h>

uint64_t lp_clock_ns(void);
uint64_t lp_clock_before(void);
uint64_t lp_clock_after(void);

/* Sleeps until `until_ns`, or a little longer; returns early only on a signal. */
void lp_clock_sleep_until(uint64_t until_ns);

/* Lets `duration_ns` pass: burns it when it is too short to sleep for, sleeps otherwise. */
void lp_clock_spend(uint64_t duration_ns);

/* "20260131T101502Z" of now, in UTC; `buf` of at least 17 bytes. Returns buf. */
char *lp_clock_stamp(char *buf, unsigned long size);

#endif
