/* SPDX-License-Identifier: MIT */
/*
 * The lock `semaphore`: a POSIX semaphore in shared memory (sem_overview(7)). It has no owner, so a
 * post too many cannot be refused: it lets two in from then on.
 */
#include "drivers/driver.h"

#include <errno.h>
#include <limits.h>
#include <semaphore.h>
#include <time.h>
#include "base/units.h"
#include "drivers/bare.h"
#include "drivers/builtin.h"
#include "drivers/memory/map.h"

struct params {
    const char *path;
    uint64_t value;
    bool pshared;
    unsigned init; /* enum lp_map_init */
};

static const struct lp_param param_table[] = {
    {"path", LP_PARAM_PATH, LP_ROLE_LOCK, offsetof(struct params, path), NULL, NULL,
     "the file that holds the semaphore; a container's own when in /dev/shm"},
    {"value", LP_PARAM_NUMBER, LP_ROLE_LOCK, offsetof(struct params, value), "1", NULL,
     "start value: how many may hold it at once"},
    {"pshared", LP_PARAM_BOOL, LP_ROLE_LOCK, offsetof(struct params, pshared), "yes", NULL,
     "made for use between processes, as it must be there"},
    {"init", LP_PARAM_CHOICE, LP_ROLE_LOCK, offsetof(struct params, init), "once",
     lp_map_init_choices, LP_MAP_INIT_HELP},
};

static int init_semaphore(void *object, const struct lp_client *client, int64_t start)
{
    const struct params *params = client->params;
    (void)start;
    if (params->value > SEM_VALUE_MAX)
        return EINVAL;
    return sem_init(object, params->pshared, (unsigned)params->value) == 0 ? 0 : errno;
}

static const struct lp_map_kind map_kind = {"semaphore", init_semaphore};

static enum lp_outcome prepare(struct lp_client *client, unsigned role, int64_t start)
{
    const struct params *params = client->params;
    (void)role;
    return lp_map_prepare(client, &map_kind, params->path, start);
}

static enum lp_outcome reopen(struct lp_client *client)
{
    const struct params *params = client->params;
    enum lp_outcome outcome = lp_map_open(client, client->state, &map_kind, params->path);
    return outcome == LP_OK && params->init == LP_MAP_INIT_EACH
               ? lp_map_init_again(client, client->state, &map_kind)
               : outcome;
}

static enum lp_outcome open_client(struct lp_client *client, unsigned role)
{
    (void)role;
    return reopen(client);
}

static void close_client(struct lp_client *client)
{
    lp_map_close(client->state);
}

/* A post too many stays; nobody waits or holds it now. */
static enum lp_outcome reset(struct lp_client *client, unsigned role, int64_t start)
{
    const struct lp_map *map = client->state;
    (void)role;
    int failed = init_semaphore(map->object, client, start);
    return failed ? lp_fail(client, LP_FAIL, failed, "unable to reset the semaphore") : LP_OK;
}

static enum lp_outcome outcome_of(struct lp_client *client, int failed, struct lp_grant *grant)
{
    const struct lp_map *map = client->state;
    if (failed == EAGAIN || failed == ETIMEDOUT)
        return LP_BUSY;
    if (failed)
        return lp_fail(client, LP_FAIL, failed, "the semaphore refused");
    lp_identity_grant(grant, &map->identity);
    return LP_OK;
}

static enum lp_outcome acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                   struct lp_grant *grant)
{
    const struct lp_map *map = client->state;
    if (mode != LP_EXCLUSIVE)
        return lp_fail(client, LP_FAIL, 0, "a semaphore has no shared mode");
    int failed = sem_trywait(map->object) == 0 ? 0 : errno;
    return outcome_of(client, failed, grant);
}

/* No try after ETIMEDOUT: a lost wake-up must show. */
static enum lp_outcome acquire_wait(struct lp_client *client, enum lp_lock_mode mode,
                                    uint64_t deadline_ns, struct lp_grant *grant)
{
    const struct lp_map *map = client->state;
    if (mode != LP_EXCLUSIVE)
        return lp_fail(client, LP_FAIL, 0, "a semaphore has no shared mode");
    int failed = sem_trywait(map->object) == 0 ? 0 : errno;
    if (failed == EAGAIN) {
        const struct timespec until = {.tv_sec = (time_t)(deadline_ns / LP_SEC),
                                       .tv_nsec = (long)(deadline_ns % LP_SEC)};
        do {
            failed = sem_clockwait(map->object, CLOCK_MONOTONIC, &until) == 0 ? 0 : errno;
        } while (failed == EINTR);
    }
    return outcome_of(client, failed, grant);
}

static enum lp_outcome release(struct lp_client *client)
{
    const struct lp_map *map = client->state;
    if (sem_post(map->object) == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to post the semaphore");
    return LP_OK;
}

static enum lp_outcome drop(struct lp_client *client)
{
    close_client(client);
    return LP_OK;
}

static uint64_t capacity(const void *params)
{
    return ((const struct params *)params)->value;
}

static const struct lp_lock_ops lock_ops = {
    .acquire_try = acquire_try,
    .acquire_wait = acquire_wait,
    .release = release,
    .drop = drop,
    .reopen = reopen,
    .capacity = capacity,
};

const struct lp_driver lp_driver_semaphore = {
    .magic = LP_DRIVER_MAGIC,
    .abi = LP_DRIVER_ABI,
    .size = sizeof(struct lp_driver),
    .roles = LP_ROLE_LOCK,
    .abilities = LP_ATOMIC_ACQUIRE,
    .owner = LP_OWNER_NAME,
    .name = "semaphore",
    .summary = "a POSIX semaphore in shared memory",
    .params = param_table,
    .param_count = sizeof param_table / sizeof param_table[0],
    .params_size = sizeof(struct params),
    .state_size = sizeof(struct lp_map),
    .prepare = prepare,
    .open = open_client,
    .close = close_client,
    .reset = reset,
    .lock = &lock_ops,
};

/* ---- what a program without us would do, for `lockproof bench` ---- */

static int bare_loop(struct lp_client *client, struct lp_work *work, uint32_t pairs)
{
    sem_t *semaphore = ((struct lp_map *)client->state)->object;
    for (; pairs > 0; pairs--) {
        while (sem_wait(semaphore) == -1)
            if (errno != EINTR)
                return errno;
        lp_work_inside(work);
        if (sem_post(semaphore) == -1)
            return errno;
        lp_work_outside(work);
    }
    return 0;
}

const struct lp_bare lp_bare_semaphore = {&lp_driver_semaphore, NULL, bare_loop};
