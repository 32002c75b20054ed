/* SPDX-License-Identifier: MIT */
/*
 * The driver `skeleton`: where to begin with one of your own. It is a real one, lock and store in
 * one: a file of eight bytes that holds the counter, and flock(2) on that file. Copy it, rename it,
 * and replace what is between the braces; each comment says when a hook is called, what it must do,
 * and whether it may be left out. docs/DRIVER.md is the tour, drivers/driver.h the reference.
 *
 *     cc -shared -fPIC -I. -Iharness drivers/skeleton.c -o skeleton.so
 *     lockproof run --driver ./skeleton.so my.yaml
 *
 * It is no part of the program. The conformance test loads it and asks it what it asks all drivers.
 */
#include "drivers/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a scenario may set, parsed for you before prepare() and open(). */
struct params {
    const char *path;
};

static const struct lp_param params[] = {
    /* name, type, for which roles, where it goes, default (NULL: required), choices, help */
    {"path", LP_PARAM_PATH, LP_ROLE_LOCK | LP_ROLE_STORE, offsetof(struct params, path), NULL, NULL,
     "the file that holds the counter and is locked"},
};

/* One client's own; zeroed before open(). Never a static variable: clients share a process under
   placement `thread`. */
struct state {
    int fd; /* 0: closed; open() sees to it that no file gets that number */
};

static const char *path_of(const struct lp_client *client)
{
    return ((const struct params *)client->params)->path;
}

/* Opens `path` anew, on a descriptor above 0. */
static int open_file(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0666);
    if (fd != 0)
        return fd;
    fd = fcntl(0, F_DUPFD_CLOEXEC, 1);
    close(0);
    return fd;
}

/* ---- life ---- */

/* Required. Once in each container before any worker, one container after the other. Makes what is
   missing and changes nothing that is there: the second container finds what the first one made. */
static enum lp_outcome prepare(struct lp_client *client, unsigned role, int64_t start)
{
    struct stat status;
    enum lp_outcome outcome = LP_OK;
    (void)role; /* lock and store are the same file here */
    int fd = open_file(path_of(client), O_RDWR | O_CREAT);
    if (fd == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to make '%s'", path_of(client));
    if (fstat(fd, &status) == -1 ||
        (status.st_size == 0 && pwrite(fd, &start, sizeof start, 0) != sizeof start))
        outcome = lp_fail(client, LP_FAIL, errno, "unable to write '%s'", path_of(client));
    close(fd);
    return outcome;
}

/* Required. Once for each worker. What it opens is this client's own. */
static enum lp_outcome open_client(struct lp_client *client, unsigned role)
{
    struct state *state = client->state;
    (void)role;
    state->fd = open_file(path_of(client), O_RDWR);
    if (state->fd == -1) {
        state->fd = 0;
        return lp_fail(client, LP_FAIL, errno, "unable to open '%s'", path_of(client));
    }
    return LP_OK;
}

/* Required. Also after an open() that failed, and of a lock that is still held: it is lost then, as
   it would be at the end of the process. */
static void close_client(struct lp_client *client)
{
    struct state *state = client->state;
    if (state->fd > 0)
        close(state->fd);
    state->fd = 0;
}

/* Which object is it really? From what is open, not from the path, which may lead to another file
   by now. `kind` keeps apart what does not exclude each other: this lock and the data. */
static void identify(const struct state *state, const char *kind, struct lp_identity *identity)
{
    struct stat status = {.st_ino = 0};
    fstat(state->fd, &status);
    identity->domain = status.st_dev;
    identity->object = (unsigned long long)status.st_ino << 1 | (kind[0] == 'f');
    snprintf(identity->text, sizeof identity->text, "%s, inode %llu", kind,
             (unsigned long long)status.st_ino);
}

/* ---- the lock ---- */

/* Required. One try that does not block: LP_OK with grant->identity (and token, ttl_ns where there
   are such), LP_BUSY when somebody else has it, LP_FAIL on any other refusal, LP_UNKNOWN when it
   may have been granted. A try that fails leaves everything as it was. */
static enum lp_outcome acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                   struct lp_grant *grant)
{
    struct state *state = client->state;
    if (flock(state->fd, (mode == LP_SHARED ? LOCK_SH : LOCK_EX) | LOCK_NB) == -1)
        return errno == EWOULDBLOCK ? LP_BUSY : lp_fail(client, LP_FAIL, errno, "flock");
    identify(state, "flock", &grant->identity);
    return LP_OK;
}

/* Required. LP_FAIL when the backend says that this client does not hold it: that is no mistake of
   the driver but evidence. */
static enum lp_outcome release(struct lp_client *client)
{
    struct state *state = client->state;
    return flock(state->fd, LOCK_UN) == 0 ? LP_OK : lp_fail(client, LP_FAIL, errno, "flock");
}

/* Optional, with reopen(): lets go of the handle without unlocking, as a program does that closes a
   file. */
static enum lp_outcome drop(struct lp_client *client)
{
    close_client(client);
    return LP_OK;
}

static enum lp_outcome reopen(struct lp_client *client)
{
    return open_client(client, 0);
}

static const struct lp_lock_ops lock = {
    .acquire_try = acquire_try, .release = release, .drop = drop, .reopen = reopen,
    /* Optional and not here, so the harness polls acquire_try: acquire_wait, for backends that
       queue; still_held, asked before a release; upgrade; capacity, of a semaphore. */
};

/* ---- the store ---- */

/* Required. It changes nothing, so one that did not work out is LP_FAIL. */
static enum lp_outcome read_counter(struct lp_client *client, int64_t *value)
{
    const struct state *state = client->state;
    if (pread(state->fd, value, sizeof *value, 0) != sizeof *value)
        return lp_fail(client, LP_FAIL, errno, "unable to read the counter");
    return LP_OK;
}

/* Required. LP_FAIL only when it certainly had no effect: an I/O error may come after some of it.
 */
static enum lp_outcome write_counter(struct lp_client *client, int64_t value)
{
    const struct state *state = client->state;
    if (pwrite(state->fd, &value, sizeof value, 0) != sizeof value)
        return lp_fail(client, LP_UNKNOWN, errno, "unable to write the counter");
    return LP_OK;
}

/* Required. Of the data that this client has open now. */
static enum lp_outcome identify_store(struct lp_client *client, struct lp_identity *identity)
{
    identify(client->state, "counter", identity);
    return LP_OK;
}

static const struct lp_store_ops store = {
    .read = read_counter,
    .write = write_counter,
    .identify = identify_store,
    .drop = drop,
    .reopen = reopen,
    /* Optional and not here: add and cas, when the backend has them as one operation; begin, commit
       and rollback, all three, for transactions. */
};

/* ---- the table ---- */

static const struct lp_driver driver = {
    .magic = LP_DRIVER_MAGIC,
    .abi = LP_DRIVER_ABI,
    .size = sizeof(struct lp_driver),
    .roles = LP_ROLE_LOCK | LP_ROLE_STORE,
    .abilities = LP_ATOMIC_ACQUIRE | LP_SHARED_MODE | LP_ATOMIC_WRITE,
    .owner = LP_OWNER_DESCRIPTION, /* flock belongs to the open file, not to the process */
    .name = "skeleton",
    .summary = "an example: flock on a file that holds the counter",
    .params = params,
    .param_count = sizeof params / sizeof params[0],
    .params_size = sizeof(struct params),
    .state_size = sizeof(struct state),
    .prepare = prepare,
    .open = open_client,
    .close = close_client,
    .lock = &lock,
    .store = &store,
};

LP_DRIVER_EXPORT(driver);
