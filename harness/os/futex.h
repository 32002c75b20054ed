/* SPDX-License-Identifier: MIT */
/*
 * Gates and barriers between processes that share a mapping, without sleeping (futex(2), not the
 * private kind). Every wait has a deadline in CLOCK_MONOTONIC ns; LP_FOREVER for none.
 */
#ifndef LP_OS_FUTEX_H
#define LP_OS_FUTEX_H

#include <stdbool.h>
#include <stdint.h>

#define LP_FOREVER UINT64_MAX

/* Waits while *word == value. False: the deadline passed and it still is. */
bool lp_futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t deadline_ns);
void lp_futex_wake_all(_Atomic uint32_t *word);

/*
 * A barrier whose members may leave, also by dying: the others do not wait for them. Zeroed memory
 * is a barrier with no members.
 */
struct lp_barrier {
    _Atomic uint64_t count;      /* members in the high half, arrived ones in the low half */
    _Atomic uint32_t generation; /* futex: grows each time that everybody arrived */
};

void lp_barrier_join(struct lp_barrier *barrier, uint32_t members);
/* Waits until all members have arrived or left, or somebody calls lp_barrier_open(). */
void lp_barrier_arrive(struct lp_barrier *barrier, uint64_t deadline_ns);
void lp_barrier_leave(struct lp_barrier *barrier);
/* Lets all who wait now go on. */
void lp_barrier_open(struct lp_barrier *barrier);

#endif
