/* SPDX-License-Identifier: MIT */
/*
 * The lock `pidfile`: a file that holds its owner's process number, made whole by link(2). Who
 * finds it taken asks kill(pid, 0) whether the owner lives, and takes over from a dead one. The
 * number means something in one PID namespace only: seen from another container the owner is dead,
 * or is somebody else.
 *
 * Between a look at the file and its removal the owner may release it and end, and another one take
 * it: then a live lock would be removed. So who found the owner dead looks once more, and removes
 * under a flock on the folder: a dead owner releases nothing, and nobody else removes without it.
 */
#include "drivers/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>
#include "drivers/builtin.h"
#include "drivers/name/named.h"

#define KIND "PID file"
#define NAME_MAX_BYTES 256

struct params {
    const char *path;
};

struct state {
    struct lp_named named;
    char own[NAME_MAX_BYTES]; /* name of the file that is linked to the lock's name */
};

static const struct lp_param param_table[] = {
    {"path", LP_PARAM_PATH, LP_ROLE_LOCK, offsetof(struct params, path), NULL, NULL,
     "the PID file"},
};

static enum lp_outcome prepare(struct lp_client *client, unsigned role, int64_t start)
{
    const struct params *params = client->params;
    (void)role, (void)start;
    return lp_named_prepare(client, params->path);
}

/* The file with the own number lies ready before it is ever linked: a reader never sees half. */
static enum lp_outcome write_own(struct lp_client *client, struct state *state)
{
    const struct lp_named *named = &state->named;
    char text[32];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    snprintf(state->own, sizeof state->own, "%.200s.%llu", named->name,
             (unsigned long long)client->worker);
    int fd = openat(named->folder_fd, state->own, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd == -1 || write(fd, text, (size_t)len) != len) {
        int failed = errno;
        if (fd != -1)
            close(fd);
        return lp_fail(client, LP_FAIL, failed, "unable to write '%s'", state->own);
    }
    close(fd);
    return LP_OK;
}

static enum lp_outcome reopen(struct lp_client *client)
{
    const struct params *params = client->params;
    struct state *state = client->state;
    enum lp_outcome outcome = lp_named_open(client, &state->named, KIND, params->path);
    return outcome == LP_OK ? write_own(client, state) : outcome;
}

static enum lp_outcome open_client(struct lp_client *client, unsigned role)
{
    (void)role;
    return reopen(client);
}

static void close_client(struct lp_client *client)
{
    struct state *state = client->state;
    if (state->named.live && state->named.folder_fd != -1 && state->own[0])
        unlinkat(state->named.folder_fd, state->own, 0);
    lp_named_close(&state->named);
}

/* The number in the file; 0 when the file is gone, -1 when it cannot be read. */
static long read_owner(const struct lp_named *named)
{
    char text[32];
    int fd = openat(named->folder_fd, named->name, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return errno == ENOENT ? 0 : -1;
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    if (len <= 0)
        return -1;
    text[len] = '\0';
    return strtol(text, NULL, 10);
}

/* LP_OK: made; LP_BUSY: it is there. */
static enum lp_outcome make(struct lp_client *client, struct lp_grant *grant)
{
    const struct state *state = client->state;
    const struct lp_named *named = &state->named;
    if (linkat(named->folder_fd, state->own, named->folder_fd, named->name, 0) == -1) {
        if (errno == EEXIST)
            return LP_BUSY;
        return lp_fail(client, LP_FAIL, errno, "unable to make '%s'", named->name);
    }
    grant->identity = named->identity;
    return LP_OK;
}

/* The file of an owner who was dead before this; LP_BUSY: somebody else's lies there by now. */
static enum lp_outcome remove_dead(struct lp_client *client, long owner)
{
    const struct lp_named *named = &((const struct state *)client->state)->named;
    int failed = 0;
    while (flock(named->folder_fd, LOCK_EX) == -1)
        if (errno != EINTR)
            return lp_fail(client, LP_FAIL, errno, "unable to lock the folder of '%s'",
                           named->name);
    bool same = read_owner(named) == owner;
    if (same && unlinkat(named->folder_fd, named->name, 0) == -1)
        failed = errno;
    flock(named->folder_fd, LOCK_UN);
    if (failed)
        return lp_fail(client, LP_FAIL, failed, "unable to remove '%s'", named->name);
    return same ? LP_OK : LP_BUSY;
}

static enum lp_outcome acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                   struct lp_grant *grant)
{
    const struct lp_named *named = &((const struct state *)client->state)->named;
    if (mode != LP_EXCLUSIVE)
        return lp_fail(client, LP_FAIL, 0, "a PID file has no shared mode");
    enum lp_outcome outcome = make(client, grant);
    if (outcome != LP_BUSY)
        return outcome;
    lp_point(client, "found it taken");
    long owner = read_owner(named);
    if (owner <= 0 || kill((pid_t)owner, 0) == 0 || errno != ESRCH)
        return LP_BUSY;
    lp_point(client, "found its owner dead");
    outcome = remove_dead(client, owner);
    if (outcome != LP_OK)
        return outcome;
    lp_point(client, "removed it");
    return make(client, grant);
}

static enum lp_outcome release(struct lp_client *client)
{
    const struct lp_named *named = &((const struct state *)client->state)->named;
    if (read_owner(named) != (long)getpid())
        return lp_fail(client, LP_FAIL, 0, "'%s' is not this one's", named->name);
    lp_point(client, "found it its own");
    if (unlinkat(named->folder_fd, named->name, 0) == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to remove '%s'", named->name);
    return LP_OK;
}

static enum lp_outcome drop(struct lp_client *client)
{
    close_client(client);
    return LP_OK;
}

static const struct lp_lock_ops lock_ops = {
    .acquire_try = acquire_try,
    .release = release,
    .drop = drop,
    .reopen = reopen,
};

const struct lp_driver lp_driver_pidfile = {
    .magic = LP_DRIVER_MAGIC,
    .abi = LP_DRIVER_ABI,
    .size = sizeof(struct lp_driver),
    .roles = LP_ROLE_LOCK,
    .abilities = LP_ATOMIC_ACQUIRE,
    .owner = LP_OWNER_PROCESS, /* its number is what others ask for */
    .name = "pidfile",
    .summary = "a file with its owner's process number; a dead owner's is taken over",
    .params = param_table,
    .param_count = sizeof param_table / sizeof param_table[0],
    .params_size = sizeof(struct params),
    .state_size = sizeof(struct state),
    .prepare = prepare,
    .open = open_client,
    .close = close_client,
    .lock = &lock_ops,
};
