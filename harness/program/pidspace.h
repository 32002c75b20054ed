/* SPDX-License-Identifier: MIT */
/*
 * A PID namespace for the copies of one schedule, so that their process numbers are the same in
 * each: programs write them into files, and decide by them. Where it is not allowed (an ordinary
 * user) numbers differ from schedule to schedule.
 */
#ifndef LP_PROGRAM_PIDSPACE_H
#define LP_PROGRAM_PIDSPACE_H

#include <stdbool.h>
#include "base/attr.h"
#include "os/process.h"

struct lp_pidspace {
    bool entered;
    struct lp_child holder; /* its first process, which only reaps */
    int own_fd;             /* the namespace to go back to */
};

/* What the caller forks from now on lives in a new namespace; the caller itself does not. */
void lp_pidspace_enter(struct lp_pidspace *space);
/* Back, and whatever still lives in it is killed. Takes a zeroed struct too. */
void lp_pidspace_leave(struct lp_pidspace *space);

#endif
