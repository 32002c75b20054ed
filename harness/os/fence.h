/* SPDX-License-Identifier: MIT */
/*
 * The fences beside a clock read. Both are compiler barriers too.
 *
 * lp_fence_begin() stands behind the read: nothing that follows starts before the read has ended
 * (x86: LFENCE; Intel SDM vol. 2, RDTSC). Earlier stores may still be on their way; that does no
 * harm, since they belong to what was stamped as over before.
 *
 * lp_fence_end() stands before the read: everything before it has ended, its stores are visible to
 * others. A locked instruction empties the store buffer (SDM vol. 3, 8.2.2) at less than MFENCE
 * costs, and LFENCE keeps the read behind it.
 */
#ifndef LP_OS_FENCE_H
#define LP_OS_FENCE_H

#include <stdatomic.h>

static inline void lp_fence_begin(void)
{
#if defined(__x86_64__)
    __asm__ __volatile__("lfence" ::: "memory");
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

static inline void lp_fence_end(void)
{
#if defined(__x86_64__)
    __asm__ __volatile__("lock; orl $0, -4(%%rsp)\n\tlfence" ::: "memory", "cc");
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

#endif
