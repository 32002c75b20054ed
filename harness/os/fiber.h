/* SPDX-License-Identifier: MIT */
/*
 * A second stack in one thread: code that runs until it leaves, and goes on there when it is
 * entered again (a coroutine; Conway 1963). With it a worker can be stopped in the middle of a
 * driver's call, at the price of a few loads and stores instead of a hand-over between threads.
 *
 * One thread enters and leaves; a fiber does not enter another. What belongs to the thread (errno,
 * thread-local variables, the thread's id and its locks) is shared by all of its fibers.
 */
#ifndef LP_OS_FIBER_H
#define LP_OS_FIBER_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

struct lp_fiber;

/* `main` never returns: it leaves for the last time. LP_ERR_SELF when there is no memory. */
struct lp_fiber *lp_fiber_make(size_t stack_size, void (*main)(void *argument), void *argument,
                               struct lp_err *err);
/* Whatever is on its stack is dropped. Takes NULL too. Not from inside. */
void lp_fiber_free(struct lp_fiber *fiber);

/* Goes on in the fiber; comes back when it leaves. */
void lp_fiber_enter(struct lp_fiber *fiber);
/* From inside: back to who entered. Comes back when it is entered again. */
void lp_fiber_leave(struct lp_fiber *fiber);

#endif
