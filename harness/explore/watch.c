/* SPDX-License-Identifier: MIT */
#include "explore/watch.h"

#include <stdatomic.h>
#include <time.h>

/* True: it is to end. */
static bool wait_a_second(struct lp_watch *watch)
{
    struct timespec until;
    int failed = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_mutex_lock(&watch->mutex);
    while (!watch->end && failed == 0)
        failed = pthread_cond_timedwait(&watch->changed, &watch->mutex, &until);
    bool end = watch->end;
    pthread_mutex_unlock(&watch->mutex);
    return end;
}

static void *look(void *context)
{
    struct lp_watch *watch = context;
    uint64_t seen = 0;
    for (unsigned seconds = 0; !wait_a_second(watch);) {
        uint64_t turns = atomic_load(&watch->board->turns);
        bool same = turns == seen && turns % 2 == 1;
        seconds = same ? seconds + 1 : 0;
        seen = turns;
        if (seconds == LP_STEP_SECONDS_MAX)
            watch->late(watch->context);
    }
    return NULL;
}

int lp_watch_start(struct lp_watch *watch, struct lp_err *err)
{
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&watch->mutex, NULL);
    pthread_cond_init(&watch->changed, &clock);
    pthread_condattr_destroy(&clock);
    watch->end = false;
    if (pthread_create(&watch->thread, NULL, look, watch) == 0)
        return 0;
    return lp_err_set(err, LP_ERR_SELF, "unable to start a thread");
}

void lp_watch_stop(struct lp_watch *watch)
{
    pthread_mutex_lock(&watch->mutex);
    watch->end = true;
    pthread_cond_signal(&watch->changed);
    pthread_mutex_unlock(&watch->mutex);
    pthread_join(watch->thread, NULL);
    pthread_cond_destroy(&watch->changed);
    pthread_mutex_destroy(&watch->mutex);
}
