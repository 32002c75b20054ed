/* SPDX-License-Identifier: MIT */
/* The table of bare loops, and burning time. */
#include "drivers/bare.h"

#include <sched.h>
#include <time.h>

static const struct lp_bare *const all[] = {
    &lp_bare_flock, &lp_bare_posix,  &lp_bare_ofd,       &lp_bare_lockfile, &lp_bare_mkdir,
    &lp_bare_mutex, &lp_bare_robust, &lp_bare_semaphore, &lp_bare_sqlite,
};

const struct lp_bare *lp_bare_find(const struct lp_client *client)
{
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i]->driver == client->driver)
            return !all[i]->fits || all[i]->fits(client) ? all[i] : NULL;
    return NULL;
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* Burns it: a sleep would cost more than most pauses last. */
static void spend(uint64_t duration_ns, bool gives_way)
{
    uint64_t until = now_ns() + duration_ns;
    do {
        if (gives_way)
            sched_yield();
    } while (now_ns() < until);
}

void lp_work_hold(const struct lp_work *work)
{
    spend(work->hold_ns, work->gives_way);
}

void lp_work_pause(struct lp_work *work)
{
    /* xorshift64 (Marsaglia 2003) */
    work->random ^= work->random << 13;
    work->random ^= work->random >> 7;
    work->random ^= work->random << 17;
    spend(work->random % (2 * work->think_ns + 1), work->gives_way);
}
