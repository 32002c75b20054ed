/* SPDX-License-Identifier: MIT */
/*
 * Inside the room: a step that does not come back. Its backend waits inside, for something that
 * only another worker could do, and says nothing of it to its driver; so nobody else is ever told
 * to go on. A thread looks whether the leader is still in the same step.
 */
#ifndef LP_EXPLORE_WATCH_H
#define LP_EXPLORE_WATCH_H

#include <pthread.h>
#include "explore/board.h"

#define LP_STEP_SECONDS_MAX 15

struct lp_watch {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool end;
    const struct lp_board *board;
    /* Called by the thread, while the leader is in its step; does not come back. */
    void (*late)(void *context);
    void *context;
};

int lp_watch_start(struct lp_watch *watch, struct lp_err *err) LP_MUST_CHECK;
void lp_watch_stop(struct lp_watch *watch);

#endif
