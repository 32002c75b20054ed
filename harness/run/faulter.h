/* SPDX-License-Identifier: MIT */
/*
 * The process that does faults: it waits until each is due, chooses whom to strike, strikes, looks
 * whether it struck, writes that down, and lifts it when it is over. A fault that did not land is
 * written down too, and forbids the verdict `held`.
 */
#ifndef LP_RUN_FAULTER_H
#define LP_RUN_FAULTER_H

#include "run/backends.h"

struct lp_faulter {
    struct lp_child child;  /* pid 0: there are no faults */
    int finish_fd;          /* closed: come to an end */
    int gather_fd, give_fd; /* workers give their pidfds */
};

/* In the runner, before containers are started: where workers leave what names them. `plan` gets
   the end that is theirs. */
int lp_faulter_init(struct lp_faulter *faulter, struct lp_container_plan *plan,
                    struct lp_err *err) LP_MUST_CHECK;
/* In a worker's own process. */
int lp_faulter_introduce(int give_fd, uint32_t worker, struct lp_err *err) LP_MUST_CHECK;
/* In the runner, when all workers are ready and before the gate opens. */
int lp_faulter_start(struct lp_faulter *faulter, struct lp_backends *backends,
                     const struct lp_container_plan *plan, struct lp_err *err) LP_MUST_CHECK;
/* Lifts what still lasts and waits for its end. Takes one that was never started. */
void lp_faulter_finish(struct lp_faulter *faulter);

#endif
