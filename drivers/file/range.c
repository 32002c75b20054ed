/* SPDX-License-Identifier: MIT */
/*
 * fcntl(2) record locks on the whole of a file, in their two forms: `posix`, owned by the process,
 * and `ofd`, owned by the open file description. They share one lock table in the kernel and
 * exclude each other, so they have one kind of identity.
 *
 * What makes `posix` a trap: threads of one process do not exclude each other, and closing *any*
 * descriptor of the file drops the locks of the whole process.
 */
#include "drivers/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "drivers/bare.h"
#include "drivers/builtin.h"
#include "drivers/file/handle.h"

#define KIND "fcntl range"
#define PROC_TABLE "OFDLCK"

struct params {
    const char *path;
    unsigned open; /* enum lp_open_when */
};

struct state {
    struct lp_handle handle;
    bool exclusive; /* of the latest grant */
    bool asked;     /* posix: the query below was tried after a grant, */
    bool trusted;   /*   and it found the lock */
};

static const struct lp_param param_table[] = {
    {"path", LP_PARAM_PATH, LP_ROLE_LOCK, offsetof(struct params, path), NULL, NULL,
     "the lock file"},
    {"open", LP_PARAM_CHOICE, LP_ROLE_LOCK, offsetof(struct params, open), "once", lp_open_choices,
     LP_OPEN_HELP},
};

static bool is_posix(const struct lp_client *client)
{
    return client->driver->owner == LP_OWNER_PROCESS;
}

/* The whole file, however long it becomes. l_pid must be 0 for the OFD commands. */
static inline __attribute__((always_inline)) int control(int fd, int command, int type)
{
    struct flock range = {.l_type = (short)type, .l_whence = SEEK_SET};
    return fcntl(fd, command, &range);
}

static int try_posix(int fd, int type)
{
    return control(fd, F_SETLK, type);
}

static int try_ofd(int fd, int type)
{
    return control(fd, F_OFD_SETLK, type);
}

static int wait_posix(int fd, int type)
{
    return control(fd, F_SETLKW, type);
}

static int wait_ofd(int fd, int type)
{
    return control(fd, F_OFD_SETLKW, type);
}

static const struct lp_handle_calls posix_calls = {.block = wait_posix, .attempt = try_posix};
static const struct lp_handle_calls ofd_calls = {.block = wait_ofd, .attempt = try_ofd};

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

/*
 * A query for an OFD lock conflicts with this process's own POSIX lock, unlike F_GETLK, and names
 * its owner. For an exclusive hold only others' write locks matter; a shared hold is asked for with
 * a write query, which reports any one of the readers.
 */
static enum lp_held ask_posix(const struct state *state)
{
    struct flock query = {.l_type = state->exclusive ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(state->handle.fd, F_OFD_GETLK, &query) == -1)
        return LP_HELD_UNKNOWN;
    if (query.l_type == F_UNLCK)
        return LP_HELD_NO;
    if (query.l_pid == getpid())
        return !state->exclusive || query.l_type == F_WRLCK ? LP_HELD_YES : LP_HELD_NO;
    /* A writer beside an exclusive hold proves that it is gone; another reader proves nothing. */
    return query.l_type == F_WRLCK ? LP_HELD_NO : LP_HELD_UNKNOWN;
}

/* As with fdinfo: "no" is believed only where "yes" was seen right after a grant. */
static void learn_posix(struct state *state)
{
    state->asked = true;
    state->trusted = ask_posix(state) == LP_HELD_YES;
}

static inline void learn(struct lp_client *client)
{
    struct state *state = client->state;
    if (!is_posix(client))
        lp_fdinfo_learn(&state->handle.info, state->handle.fd, PROC_TABLE, state->exclusive);
    else if (!state->asked)
        learn_posix(state);
}

static enum lp_held still_held(struct lp_client *client)
{
    struct state *state = client->state;
    if (state->handle.fd == -1)
        return LP_HELD_NO;
    if (!is_posix(client))
        return lp_fdinfo_held(&state->handle.info, state->handle.fd, PROC_TABLE, state->exclusive);
    return state->trusted ? ask_posix(state) : LP_HELD_UNKNOWN;
}

/* `deadline_ns` NULL: one try. F_SETLKW itself comes after a failed try: only it looks for
   deadlocks, so polling it away would hang where a program gets EDEADLK. */
static inline __attribute__((always_inline)) enum lp_outcome set(struct lp_client *client, int type,
                                                                 const uint64_t *deadline_ns)
{
    struct state *state = client->state;

    const struct lp_handle_calls *calls = is_posix(client) ? &posix_calls : &ofd_calls;
    int failed = calls->attempt(state->handle.fd, type) == 0 ? 0 : errno;
    if (failed == EACCES)
        failed = EAGAIN; /* POSIX allows either */
    if (failed == EAGAIN && deadline_ns)
        failed = lp_handle_block(client, calls, state->handle.fd, type, *deadline_ns);
    if (failed == EAGAIN || failed == EINTR)
        return LP_BUSY;
    if (failed == EDEADLK)
        return lp_fail(client, LP_FAIL, failed, "the kernel refused to wait");
    if (failed)
        return lp_fail(client, LP_FAIL, failed, "fcntl");
    return LP_OK;
}

static inline __attribute__((always_inline)) enum lp_outcome acquire(struct lp_client *client,
                                                                     enum lp_lock_mode mode,
                                                                     const uint64_t *deadline_ns,
                                                                     struct lp_grant *grant)
{
    const struct params *params = client->params;
    struct state *state = client->state;

    bool was_open = state->handle.fd != -1;
    enum lp_outcome outcome = lp_handle_open(client, &state->handle, KIND, params->path);
    if (outcome != LP_OK)
        return outcome;
    if (!was_open)
        lp_point(client, "opened");
    outcome = set(client, mode == LP_SHARED ? F_RDLCK : F_WRLCK, deadline_ns);
    if (outcome != LP_OK) {
        if (deadline_ns && params->open == LP_OPEN_EACH)
            lp_handle_close(&state->handle);
        return outcome;
    }
    state->exclusive = mode == LP_EXCLUSIVE;
    learn(client);
    lp_identity_grant(grant, &state->handle.identity);
    return LP_OK;
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

/* Unlike flock's, this conversion keeps the shared lock until the exclusive one is granted. */
static enum lp_outcome upgrade(struct lp_client *client, uint64_t deadline_ns,
                               struct lp_grant *grant)
{
    struct state *state = client->state;

    if (state->handle.fd == -1)
        return lp_fail(client, LP_FAIL, 0, "the lock file is not open");
    enum lp_outcome outcome = set(client, F_WRLCK, &deadline_ns);
    if (outcome != LP_OK)
        return outcome;
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
    if (control(state->handle.fd, is_posix(client) ? F_SETLK : F_OFD_SETLK, F_UNLCK) == -1)
        return lp_fail(client, LP_FAIL, errno, "fcntl");
    if (params->open == LP_OPEN_EACH)
        lp_handle_close(&state->handle);
    return LP_OK;
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

/* The two differ in their owner alone; everything else follows from it. */
#define RANGE_DRIVER(driver_name, driver_owner, driver_ability, driver_summary)                    \
    {                                                                                              \
        .magic = LP_DRIVER_MAGIC, .abi = LP_DRIVER_ABI, .size = sizeof(struct lp_driver),          \
        .roles = LP_ROLE_LOCK, .abilities = LP_ATOMIC_ACQUIRE | LP_SHARED_MODE | (driver_ability), \
        .owner = (driver_owner), .name = (driver_name), .summary = (driver_summary),               \
        .params = param_table, .param_count = sizeof param_table / sizeof param_table[0],          \
        .params_size = sizeof(struct params), .state_size = sizeof(struct state),                  \
        .prepare = prepare, .open = open_client, .close = close_client, .lock = &lock_ops,         \
    }

const struct lp_driver lp_driver_posix =
    RANGE_DRIVER("posix", LP_OWNER_PROCESS, LP_FINDS_DEADLOCK,
                 "fcntl(2) F_SETLK on a lock file, owned by the process");
const struct lp_driver lp_driver_ofd = RANGE_DRIVER(
    "ofd", LP_OWNER_DESCRIPTION, 0, "fcntl(2) F_OFD_SETLK on a lock file, owned by the descriptor");

/* ---- what a program without us would do, for `lockproof bench` ---- */

static bool bare_fits(const struct lp_client *client)
{
    return ((const struct params *)client->params)->open == LP_OPEN_ONCE;
}

static int bare_loop(struct lp_client *client, struct lp_work *work, uint32_t pairs)
{
    const struct state *state = client->state;
    const bool posix = is_posix(client);
    for (; pairs > 0; pairs--) {
        if (control(state->handle.fd, posix ? F_SETLKW : F_OFD_SETLKW, F_WRLCK) == -1)
            return errno;
        lp_work_inside(work);
        if (control(state->handle.fd, posix ? F_SETLK : F_OFD_SETLK, F_UNLCK) == -1)
            return errno;
        lp_work_outside(work);
    }
    return 0;
}

const struct lp_bare lp_bare_posix = {&lp_driver_posix, bare_fits, bare_loop};
const struct lp_bare lp_bare_ofd = {&lp_driver_ofd, bare_fits, bare_loop};
