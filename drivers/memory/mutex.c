/* SPDX-License-Identifier: MIT */
/*
 * The locks `mutex` and `robust`: a pthread mutex in shared memory. `pshared: no` is the classic
 * mistake: it works between threads, and between processes wake-ups are lost, because a private
 * futex is known by its address in one process only (futex(2), FUTEX_PRIVATE_FLAG).
 *
 * A wait ends as pthread_mutex_clocklock() ended it: one more try after ETIMEDOUT would find the
 * lock free after a lost wake-up and hide it.
 */
#include "drivers/driver.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>
#include "base/units.h"
#include "drivers/bare.h"
#include "drivers/builtin.h"
#include "drivers/memory/map.h"

struct params {
    const char *path;
    bool pshared;
    unsigned kind; /* index into kind_choices */
    unsigned init; /* enum lp_map_init */
};

struct state {
    struct lp_map map;
    bool held;
};

static const char *const kind_choices[] = {"normal", "errorcheck", "recursive", "adaptive", NULL};
static const int kinds[] = {
    PTHREAD_MUTEX_NORMAL,
    PTHREAD_MUTEX_ERRORCHECK,
    PTHREAD_MUTEX_RECURSIVE,
    PTHREAD_MUTEX_ADAPTIVE_NP,
};

static const struct lp_param param_table[] = {
    {"path", LP_PARAM_PATH, LP_ROLE_LOCK, offsetof(struct params, path), NULL, NULL,
     "the file that holds the mutex; a container's own when in /dev/shm"},
    {"pshared", LP_PARAM_BOOL, LP_ROLE_LOCK, offsetof(struct params, pshared), "yes", NULL,
     "PTHREAD_PROCESS_SHARED, as it must be between processes"},
    {"kind", LP_PARAM_CHOICE, LP_ROLE_LOCK, offsetof(struct params, kind), "normal", kind_choices,
     "type of the mutex"},
    {"init", LP_PARAM_CHOICE, LP_ROLE_LOCK, offsetof(struct params, init), "once",
     lp_map_init_choices, LP_MAP_INIT_HELP},
};

static int init_with(pthread_mutex_t *mutex, const struct params *params, int robust)
{
    pthread_mutexattr_t attr;
    int failed = pthread_mutexattr_init(&attr);
    if (failed)
        return failed;
    failed = pthread_mutexattr_settype(&attr, kinds[params->kind]);
    if (!failed)
        failed = pthread_mutexattr_setpshared(&attr, params->pshared ? PTHREAD_PROCESS_SHARED
                                                                     : PTHREAD_PROCESS_PRIVATE);
    if (!failed)
        failed = pthread_mutexattr_setrobust(&attr, robust);
    if (!failed)
        failed = pthread_mutex_init(mutex, &attr);
    pthread_mutexattr_destroy(&attr);
    return failed;
}

static int init_stalled(void *object, const struct lp_client *client, int64_t start)
{
    (void)start;
    return init_with(object, client->params, PTHREAD_MUTEX_STALLED);
}

static int init_robust(void *object, const struct lp_client *client, int64_t start)
{
    (void)start;
    return init_with(object, client->params, PTHREAD_MUTEX_ROBUST);
}

static const struct lp_map_kind stalled_kind = {"mutex", init_stalled};
static const struct lp_map_kind robust_kind = {"robust mutex", init_robust};

static bool is_robust(const struct lp_client *client)
{
    return client->driver == &lp_driver_robust;
}

static const struct lp_map_kind *kind_of(const struct lp_client *client)
{
    return is_robust(client) ? &robust_kind : &stalled_kind;
}

static enum lp_outcome prepare(struct lp_client *client, unsigned role, int64_t start)
{
    const struct params *params = client->params;
    (void)role;
    return lp_map_prepare(client, kind_of(client), params->path, start);
}

static enum lp_outcome reopen(struct lp_client *client)
{
    const struct params *params = client->params;
    struct state *state = client->state;
    enum lp_outcome outcome = lp_map_open(client, &state->map, kind_of(client), params->path);
    return outcome == LP_OK && params->init == LP_MAP_INIT_EACH
               ? lp_map_init_again(client, &state->map, kind_of(client))
               : outcome;
}

static enum lp_outcome open_client(struct lp_client *client, unsigned role)
{
    struct state *state = client->state;
    (void)role;
    state->held = false;
    return reopen(client);
}

static void close_client(struct lp_client *client)
{
    struct state *state = client->state;
    /* A robust mutex that is held is on a list in its thread, which the kernel walks when the
       thread ends to tell the next owner (set_robust_list(2)): it has to stay mapped until then. */
    if (is_robust(client) && state->held)
        return;
    lp_map_close(&state->map);
}

static enum lp_outcome granted(struct lp_client *client, struct lp_grant *grant)
{
    struct state *state = client->state;
    state->held = true;
    lp_identity_grant(grant, &state->map.identity);
    return LP_OK;
}

static enum lp_outcome outcome_of(struct lp_client *client, int failed, struct lp_grant *grant)
{
    struct state *state = client->state;

    switch (failed) {
    case 0:
        return granted(client, grant);
    case EOWNERDEAD:
        /* Granted; what the dead owner left undone is for the user of the data to see. */
        failed = pthread_mutex_consistent(state->map.object);
        if (failed)
            return lp_fail(client, LP_UNKNOWN, failed, "unable to mend the mutex of a dead owner");
        return granted(client, grant);
    case EBUSY:
    case ETIMEDOUT:
        return LP_BUSY;
    default:
        return lp_fail(client, LP_FAIL, failed, "the mutex refused");
    }
}

static enum lp_outcome acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                   struct lp_grant *grant)
{
    struct state *state = client->state;
    if (mode != LP_EXCLUSIVE)
        return lp_fail(client, LP_FAIL, 0, "a mutex has no shared mode");
    return outcome_of(client, pthread_mutex_trylock(state->map.object), grant);
}

/* The ThreadSanitizer of gcc 12 does not know pthread_mutex_clocklock(3), so it is told. */
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#define TOLD_LOCKED(mutex, failed)                                                                 \
    do {                                                                                           \
        if ((failed) == 0 || (failed) == EOWNERDEAD) {                                             \
            __tsan_mutex_pre_lock(mutex, 0);                                                       \
            __tsan_mutex_post_lock(mutex, 0, 0);                                                   \
        }                                                                                          \
    } while (0)
#else
#define TOLD_LOCKED(mutex, failed) ((void)(mutex), (void)(failed))
#endif

/* The try finds a free mutex at once; only who waits needs the time in another form. */
static enum lp_outcome acquire_wait(struct lp_client *client, enum lp_lock_mode mode,
                                    uint64_t deadline_ns, struct lp_grant *grant)
{
    struct state *state = client->state;
    if (mode != LP_EXCLUSIVE)
        return lp_fail(client, LP_FAIL, 0, "a mutex has no shared mode");
    int failed = pthread_mutex_trylock(state->map.object);
    if (failed == EBUSY) {
        const struct timespec until = {.tv_sec = (time_t)(deadline_ns / LP_SEC),
                                       .tv_nsec = (long)(deadline_ns % LP_SEC)};
        failed = pthread_mutex_clocklock(state->map.object, CLOCK_MONOTONIC, &until);
        TOLD_LOCKED(state->map.object, failed);
    }
    return outcome_of(client, failed, grant);
}

static enum lp_outcome release(struct lp_client *client)
{
    struct state *state = client->state;
    int failed = pthread_mutex_unlock(state->map.object);
    if (failed)
        return lp_fail(client, LP_FAIL, failed, "unable to unlock the mutex");
    state->held = false;
    return LP_OK;
}

static enum lp_outcome drop(struct lp_client *client)
{
    close_client(client);
    return LP_OK;
}

static const struct lp_lock_ops stalled_ops = {
    .acquire_try = acquire_try,
    .acquire_wait = acquire_wait,
    .release = release,
    .drop = drop,
    .reopen = reopen,
};

/* No drop: see close_client(). */
static const struct lp_lock_ops robust_ops = {
    .acquire_try = acquire_try,
    .acquire_wait = acquire_wait,
    .release = release,
};

#define MUTEX_DRIVER(driver_name, driver_lock, driver_summary)                                     \
    {                                                                                              \
        .magic = LP_DRIVER_MAGIC, .abi = LP_DRIVER_ABI, .size = sizeof(struct lp_driver),          \
        .roles = LP_ROLE_LOCK, .abilities = LP_ATOMIC_ACQUIRE, .owner = LP_OWNER_THREAD,           \
        .name = (driver_name), .summary = (driver_summary), .params = param_table,                 \
        .param_count = sizeof param_table / sizeof param_table[0],                                 \
        .params_size = sizeof(struct params), .state_size = sizeof(struct state),                  \
        .prepare = prepare, .open = open_client, .close = close_client, .lock = (driver_lock),     \
    }

const struct lp_driver lp_driver_mutex =
    MUTEX_DRIVER("mutex", &stalled_ops, "a pthread mutex in shared memory");
const struct lp_driver lp_driver_robust =
    MUTEX_DRIVER("robust", &robust_ops, "a pthread mutex that survives the death of its owner");

/* ---- what a program without us would do, for `lockproof bench` ---- */

static int bare_loop(struct lp_client *client, struct lp_work *work, uint32_t pairs)
{
    pthread_mutex_t *mutex = ((struct state *)client->state)->map.object;
    for (; pairs > 0; pairs--) {
        int failed = pthread_mutex_lock(mutex);
        if (failed == EOWNERDEAD)
            failed = pthread_mutex_consistent(mutex);
        if (failed)
            return failed;
        lp_work_inside(work);
        failed = pthread_mutex_unlock(mutex);
        if (failed)
            return failed;
        lp_work_outside(work);
    }
    return 0;
}

const struct lp_bare lp_bare_mutex = {&lp_driver_mutex, NULL, bare_loop};
const struct lp_bare lp_bare_robust = {&lp_driver_robust, NULL, bare_loop};
