/* SPDX-License-Identifier: MIT */
/*
 * flock(2): a lock on an open file description. Two of its habits are scenarios of their own:
 *
 * - A lock file that its holder unlinks leaves the waiters with a lock on a file that has no name,
 *   while newcomers make and lock a new one (`unlink: yes`). Right is to compare, once granted,
 * what was locked with what the path names now, and to start again when they differ (`recheck:
 * yes`).
 * - A child has the descriptor too, and with it the lock. When it closes its copy nothing happens;
 *   when it unlocks, the parent has lost the lock (`child: unlocks`).
 * - A shared lock is not converted to an exclusive one in place: it is given up first, so that
 *   another one may have come and gone in between, and it stays lost when the deadline passes.
 */
#include "drivers/driver.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "drivers/bare.h"
#include "drivers/builtin.h"
#include "drivers/file/handle.h"

#define KIND "flock"
#define PROC_TABLE "FLOCK"

enum child {
    CHILD_NONE,
    CHILD_CLOSES,
    CHILD_UNLOCKS,
};

static const char *const child_choices[] = {"none", "closes", "unlocks", NULL};

struct params {
    const char *path;
    unsigned open;  /* enum lp_open_when */
    unsigned child; /* enum child */
    bool unlink;
    bool recheck;
};

struct state {
    struct lp_handle handle;
    bool exclusive; /* of the latest grant */
};

static const struct lp_param param_table[] = {
    {"path", LP_PARAM_PATH, LP_ROLE_LOCK, offsetof(struct params, path), NULL, NULL,
     "the lock file"},
    {"open", LP_PARAM_CHOICE, LP_ROLE_LOCK, offsetof(struct params, open), "once", lp_open_choices,
     LP_OPEN_HELP},
    {"unlink", LP_PARAM_BOOL, LP_ROLE_LOCK, offsetof(struct params, unlink), "no", NULL,
     "remove the lock file before releasing"},
    {"recheck", LP_PARAM_BOOL, LP_ROLE_LOCK, offsetof(struct params, recheck), "no", NULL,
     "once granted, start again unless the path still names the locked file"},
    {"child", LP_PARAM_CHOICE, LP_ROLE_LOCK, offsetof(struct params, child), "none", child_choices,
     "once granted, fork a child that closes its copy of the descriptor, or unlocks it"},
};

static enum lp_outcome prepare(struct lp_client *client, unsigned role, int64_t start)
{
    const struct params *params = client->params;
    (void)role, (void)start;
    return lp_handle_prepare(client, params->path);
}

static enum lp_outcome open_once(struct lp_client *client)
{
    const struct params *params = client->params;
    struct state *state = client->state;
    if (params->open == LP_OPEN_EACH)
        return LP_OK;
    return lp_handle_open(client, &state->handle, KIND, params->path);
}

static enum lp_outcome open_client(struct lp_client *client, unsigned role)
{
    struct state *state = client->state;
    (void)role;
    lp_handle_init(&state->handle);
    return open_once(client);
}

static void close_client(struct lp_client *client)
{
    struct state *state = client->state;
    lp_handle_close(&state->handle);
}

static bool names_locked_file(const struct state *state, const char *path)
{
    struct stat locked, named;
    /* The locked file is open, so its inode number cannot have been given again. */
    return fstat(state->handle.fd, &locked) == 0 && stat(path, &named) == 0 &&
           locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
}

static int try_flock(int fd, int operation)
{
    return flock(fd, operation | LOCK_NB);
}

static const struct lp_handle_calls calls = {.block = flock, .attempt = try_flock};

static inline __attribute__((always_inline)) enum lp_outcome
grab(struct lp_client *client, int operation, const uint64_t *deadline_ns)
{
    struct state *state = client->state;
    int failed = try_flock(state->handle.fd, operation) == 0 ? 0 : errno;
    if (failed == EWOULDBLOCK && deadline_ns)
        failed = lp_handle_block(client, &calls, state->handle.fd, operation, *deadline_ns);
    if (failed == EWOULDBLOCK || failed == EINTR)
        return LP_BUSY;
    if (failed)
        return lp_fail(client, LP_FAIL, failed, "flock");
    return LP_OK;
}

/* What a helper does that was started under the lock; it is over when this returns. */
static enum lp_outcome have_child(struct lp_client *client)
{
    const struct params *params = client->params;
    int fd = ((struct state *)client->state)->handle.fd;
    pid_t child = fork();
    if (child == 0) {
        if (params->child == CHILD_UNLOCKS)
            flock(fd, LOCK_UN);
        close(fd);
        _exit(0);
    }
    if (child == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to fork");
    while (waitpid(child, NULL, 0) == -1 && errno == EINTR)
        ;
    return LP_OK;
}

/* `deadline_ns` NULL: one try. */
static inline __attribute__((always_inline)) enum lp_outcome acquire(struct lp_client *client,
                                                                     enum lp_lock_mode mode,
                                                                     const uint64_t *deadline_ns,
                                                                     struct lp_grant *grant)
{
    const struct params *params = client->params;
    struct state *state = client->state;

    for (;;) {
        bool was_open = state->handle.fd != -1;
        enum lp_outcome outcome = lp_handle_open(client, &state->handle, KIND, params->path);
        if (outcome != LP_OK)
            return outcome;
        if (!was_open)
            lp_point(client, "opened");
        outcome = grab(client, mode == LP_SHARED ? LOCK_SH : LOCK_EX, deadline_ns);
        if (outcome != LP_OK) {
            /* The end of a wait is the end of the acquire; a try may have others after it. */
            if (deadline_ns && params->open == LP_OPEN_EACH)
                lp_handle_close(&state->handle);
            return outcome;
        }
        if (!params->recheck)
            break;
        lp_point(client, "locked");
        if (names_locked_file(state, params->path))
            break;
        lp_handle_close(&state->handle);
        lp_point(client, "was stale");
    }
    state->exclusive = mode == LP_EXCLUSIVE;
    if (!lp_is_led(client) || params->child != CHILD_NONE)
        lp_fdinfo_learn(&state->handle.info, state->handle.fd, PROC_TABLE, state->exclusive);
    lp_identity_grant(grant, &state->handle.identity);
    return params->child == CHILD_NONE ? LP_OK : have_child(client);
}

static enum lp_outcome acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                   struct lp_grant *grant)
{
    return acquire(client, mode, NULL, grant);
}

static enum lp_outcome acquire_wait(struct lp_client *client, enum lp_lock_mode mode,
                                    uint64_t deadline_ns, struct lp_grant *grant)
{
    return acquire(client, mode, &deadline_ns, grant);
}

static enum lp_outcome upgrade(struct lp_client *client, uint64_t deadline_ns,
                               struct lp_grant *grant)
{
    const struct params *params = client->params;
    struct state *state = client->state;

    if (state->handle.fd == -1)
        return lp_fail(client, LP_FAIL, 0, "the lock file is not open");
    enum lp_outcome outcome = grab(client, LOCK_EX, &deadline_ns);
    if (outcome == LP_BUSY)
        return lp_fail(client, LP_BUSY, 0, "not granted; flock has given up the shared lock");
    if (outcome != LP_OK)
        return outcome;
    if (params->recheck)
        lp_point(client, "locked");
    if (params->recheck && !names_locked_file(state, params->path)) {
        lp_handle_close(&state->handle);
        return acquire(client, LP_EXCLUSIVE, &deadline_ns, grant);
    }
    state->exclusive = true;
    lp_identity_grant(grant, &state->handle.identity);
    return LP_OK;
}

static enum lp_outcome release(struct lp_client *client)
{
    const struct params *params = client->params;
    struct state *state = client->state;

    if (state->handle.fd == -1)
        return lp_fail(client, LP_FAIL, 0, "the lock file is not open");
    if (params->unlink) {
        /* Another holder may have removed it first; that is the mistake this option shows. */
        if (unlink(params->path) == -1 && errno != ENOENT)
            return lp_fail(client, LP_FAIL, errno, "unable to remove '%s'", params->path);
        lp_point(client, "unlinked");
    }
    if (flock(state->handle.fd, LOCK_UN) == -1)
        return lp_fail(client, LP_FAIL, errno, "flock");
    if (params->open == LP_OPEN_EACH)
        lp_handle_close(&state->handle);
    return LP_OK;
}

static enum lp_held still_held(struct lp_client *client)
{
    struct state *state = client->state;
    if (state->handle.fd == -1)
        return LP_HELD_NO;
    return lp_fdinfo_held(&state->handle.info, state->handle.fd, PROC_TABLE, state->exclusive);
}

static enum lp_outcome drop(struct lp_client *client)
{
    close_client(client);
    return LP_OK;
}

static const struct lp_lock_ops lock_ops = {
    .acquire_try = acquire_try,
    .acquire_wait = acquire_wait,
    .release = release,
    .still_held = still_held,
    .upgrade = upgrade,
    .drop = drop,
    .reopen = open_once,
};

const struct lp_driver lp_driver_flock = {
    .magic = LP_DRIVER_MAGIC,
    .abi = LP_DRIVER_ABI,
    .size = sizeof(struct lp_driver),
    .roles = LP_ROLE_LOCK,
    .abilities = LP_ATOMIC_ACQUIRE | LP_SHARED_MODE,
    .owner = LP_OWNER_DESCRIPTION,
    .name = "flock",
    .summary = "flock(2) on a lock file",
    .params = param_table,
    .param_count = sizeof param_table / sizeof param_table[0],
    .params_size = sizeof(struct params),
    .state_size = sizeof(struct state),
    .prepare = prepare,
    .open = open_client,
    .close = close_client,
    .lock = &lock_ops,
};

/* ---- what a program without us would do, for `lockproof bench` ---- */

static bool bare_fits(const struct lp_client *client)
{
    const struct params *params = client->params;
    return params->open == LP_OPEN_ONCE && !params->unlink && !params->recheck &&
           params->child == CHILD_NONE;
}

static int bare_loop(struct lp_client *client, struct lp_work *work, uint32_t pairs)
{
    const struct state *state = client->state;
    for (; pairs > 0; pairs--) {
        if (flock(state->handle.fd, LOCK_EX) == -1)
            return errno;
        lp_work_inside(work);
        if (flock(state->handle.fd, LOCK_UN) == -1)
            return errno;
        lp_work_outside(work);
    }
    return 0;
}

const struct lp_bare lp_bare_flock = {&lp_driver_flock, bare_fits, bare_loop};
