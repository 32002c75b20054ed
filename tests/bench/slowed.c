/* SPDX-License-Identifier: MIT */
/*
 * A plug-in for testing the gate of `lockproof bench`: flock(2), made slower by a given part of
 * what a pair costs here. How much that is, it finds out when it is opened: the quickest of many
 * pairs, so that a busy machine does not make it slower than it should be.
 */
#include "drivers/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

struct params {
    const char *path;
    uint64_t percent;
};

struct state {
    int fd;
    uint64_t turns; /* of the loop below, a pair */
};

static const struct lp_param params[] = {
    {"path", LP_PARAM_PATH, LP_ROLE_LOCK, offsetof(struct params, path), NULL, NULL, "lock file"},
    {"percent", LP_PARAM_NUMBER, LP_ROLE_LOCK, offsetof(struct params, percent), "0", NULL,
     "how much slower than flock"},
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void spin(uint64_t turns)
{
    for (volatile uint64_t i = 0; i < turns; i++)
        ;
}

static void lock_and_unlock(int fd, uint64_t count)
{
    for (; count > 0; count--) {
        flock(fd, LOCK_EX);
        flock(fd, LOCK_UN);
    }
}

static enum lp_outcome prepare(struct lp_client *client, unsigned role, int64_t start)
{
    const struct params *own = client->params;
    (void)role, (void)start;
    int fd = open(own->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to make '%s'", own->path);
    close(fd);
    return LP_OK;
}

/* On a file of its own kind that nobody else has: others that open must not be in the way. */
static void calibrate(struct state *state, const struct params *own)
{
    enum { PAIRS = 200, TURNS = 20000, LOOKS = 60 };
    char path[] = "/tmp/lp-slowed-XXXXXX";
    uint64_t pairs_ns = UINT64_MAX, turns_ns = UINT64_MAX;
    int fd = mkstemp(path);
    if (fd == -1)
        return;
    unlink(path);
    for (int i = 0; i < LOOKS; i++) {
        uint64_t start = now_ns();
        lock_and_unlock(fd, PAIRS);
        uint64_t middle = now_ns();
        spin(TURNS);
        uint64_t end = now_ns();
        pairs_ns = middle - start < pairs_ns ? middle - start : pairs_ns;
        turns_ns = end - middle < turns_ns ? end - middle : turns_ns;
    }
    close(fd);
    state->turns = pairs_ns * own->percent * TURNS / (turns_ns * 100 * PAIRS);
}

static enum lp_outcome open_client(struct lp_client *client, unsigned role)
{
    const struct params *own = client->params;
    struct state *state = client->state;
    (void)role;
    state->fd = open(own->path, O_RDWR | O_CLOEXEC);
    if (state->fd == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to open '%s'", own->path);
    calibrate(state, own);
    return LP_OK;
}

static void close_client(struct lp_client *client)
{
    struct state *state = client->state;
    if (state->fd > 0)
        close(state->fd);
    state->fd = 0;
}

static enum lp_outcome acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                   struct lp_grant *grant)
{
    struct state *state = client->state;
    (void)mode;
    grant->identity.domain = 1;
    grant->identity.object = 1;
    if (flock(state->fd, LOCK_EX | LOCK_NB) == 0)
        return LP_OK;
    return errno == EWOULDBLOCK ? LP_BUSY : lp_fail(client, LP_FAIL, errno, "flock");
}

static enum lp_outcome release(struct lp_client *client)
{
    struct state *state = client->state;
    spin(state->turns);
    return flock(state->fd, LOCK_UN) == 0 ? LP_OK : lp_fail(client, LP_FAIL, errno, "flock");
}

static const struct lp_lock_ops ops = {.acquire_try = acquire_try, .release = release};

static const struct lp_driver driver = {
    .magic = LP_DRIVER_MAGIC,
    .abi = LP_DRIVER_ABI,
    .size = sizeof(struct lp_driver),
    .roles = LP_ROLE_LOCK,
    .abilities = LP_ATOMIC_ACQUIRE,
    .owner = LP_OWNER_DESCRIPTION,
    .name = "slowed",
    .summary = "flock(2) made slower on purpose",
    .params = params,
    .param_count = sizeof params / sizeof params[0],
    .params_size = sizeof(struct params),
    .state_size = sizeof(struct state),
    .prepare = prepare,
    .open = open_client,
    .close = close_client,
    .lock = &ops,
};

LP_DRIVER_EXPORT(driver);
