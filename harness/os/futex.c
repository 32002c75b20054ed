/* SPDX-License-Identifier: MIT */
/* Shared futexes: waiting for a word to change, and a barrier that members may leave. */
#include "os/futex.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"

/* FUTEX_WAIT_BITSET takes an absolute time, FUTEX_WAIT a relative one: the former cannot drift. */
static long wait_once(_Atomic uint32_t *word, uint32_t value, uint64_t deadline_ns)
{
    struct timespec until = {.tv_sec = (time_t)(deadline_ns / LP_SEC),
                             .tv_nsec = (long)(deadline_ns % LP_SEC)};
    return syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value,
                   deadline_ns == LP_FOREVER ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
}

bool lp_futex_wait(_Atomic uint32_t *word, uint32_t value, uint64_t deadline_ns)
{
    while (atomic_load_explicit(word, memory_order_acquire) == value) {
        if (wait_once(word, value, deadline_ns) == -1 && errno == ETIMEDOUT)
            return atomic_load_explicit(word, memory_order_acquire) != value;
    }
    return true;
}

void lp_futex_wake_all(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

#define MEMBER (UINT64_C(1) << 32)
#define ARRIVED(count) ((uint32_t)(count))
#define MEMBERS(count) ((uint32_t)((count) >> 32))

void lp_barrier_join(struct lp_barrier *barrier, uint32_t members)
{
    atomic_fetch_add(&barrier->count, (uint64_t)members * MEMBER);
}

void lp_barrier_open(struct lp_barrier *barrier)
{
    atomic_fetch_add(&barrier->generation, 1);
    lp_futex_wake_all(&barrier->generation);
}

/* Applies one arrival or one departure; true when it was the last that the others waited for. Both
   halves change in one step, so that a departure and an arrival cannot miss each other. */
static bool move(struct lp_barrier *barrier, uint64_t leave, uint32_t arrive)
{
    uint64_t old = atomic_load(&barrier->count);
    uint64_t new;
    bool last;
    do {
        uint32_t members = MEMBERS(old) - (leave ? 1 : 0);
        uint32_t arrived = ARRIVED(old) + arrive;
        last = arrived > 0 && arrived >= members;
        new = (uint64_t)members *MEMBER + (last ? 0 : arrived);
    } while (!atomic_compare_exchange_weak(&barrier->count, &old, new));
    return last;
}

void lp_barrier_arrive(struct lp_barrier *barrier, uint64_t deadline_ns)
{
    uint32_t generation = atomic_load(&barrier->generation);
    if (move(barrier, 0, 1))
        lp_barrier_open(barrier);
    else
        lp_futex_wait(&barrier->generation, generation, deadline_ns);
}

void lp_barrier_leave(struct lp_barrier *barrier)
{
    if (move(barrier, 1, 0))
        lp_barrier_open(barrier);
}
