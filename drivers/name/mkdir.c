/* SPDX-License-Identifier: MIT */
/*
 * The lock `mkdir`: the shell's lock file. mkdir(2) is atomic wherever files are, also on old NFS
 * where O_EXCL is not. Like any name it has no owner.
 */
#include "drivers/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>
#include "drivers/bare.h"
#include "drivers/builtin.h"
#include "drivers/name/named.h"

#define KIND "lock folder"

struct params {
    const char *path;
};

static const struct lp_param param_table[] = {
    {"path", LP_PARAM_PATH, LP_ROLE_LOCK, offsetof(struct params, path), NULL, NULL,
     "the lock folder"},
};

static enum lp_outcome prepare(struct lp_client *client, unsigned role, int64_t start)
{
    const struct params *params = client->params;
    (void)role, (void)start;
    return lp_named_prepare(client, params->path);
}

static enum lp_outcome reopen(struct lp_client *client)
{
    const struct params *params = client->params;
    return lp_named_open(client, client->state, KIND, params->path);
}

static enum lp_outcome open_client(struct lp_client *client, unsigned role)
{
    (void)role;
    return reopen(client);
}

static void close_client(struct lp_client *client)
{
    lp_named_close(client->state);
}

static enum lp_outcome acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                   struct lp_grant *grant)
{
    const struct lp_named *named = client->state;

    if (mode != LP_EXCLUSIVE)
        return lp_fail(client, LP_FAIL, 0, "a lock folder has no shared mode");
    if (mkdirat(named->folder_fd, named->name, 0755) == -1) {
        if (errno == EEXIST)
            return LP_BUSY;
        return lp_fail(client, LP_FAIL, errno, "unable to make the folder '%s'", named->name);
    }
    lp_identity_grant(grant, &named->identity);
    return LP_OK;
}

static enum lp_outcome release(struct lp_client *client)
{
    const struct lp_named *named = client->state;
    if (unlinkat(named->folder_fd, named->name, AT_REMOVEDIR) == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to remove the folder '%s'", named->name);
    return LP_OK;
}

/* A folder that is there may be another one's; only its absence is a proof. */
static enum lp_held still_held(struct lp_client *client)
{
    const struct lp_named *named = client->state;
    if (faccessat(named->folder_fd, named->name, F_OK, AT_SYMLINK_NOFOLLOW) == -1 &&
        errno == ENOENT)
        return LP_HELD_NO;
    return LP_HELD_UNKNOWN;
}

static enum lp_outcome drop(struct lp_client *client)
{
    close_client(client);
    return LP_OK;
}

static const struct lp_lock_ops lock_ops = {
    .acquire_try = acquire_try,
    .release = release,
    .still_held = still_held,
    .drop = drop,
    .reopen = reopen,
};

const struct lp_driver lp_driver_mkdir = {
    .magic = LP_DRIVER_MAGIC,
    .abi = LP_DRIVER_ABI,
    .size = sizeof(struct lp_driver),
    .roles = LP_ROLE_LOCK,
    .abilities = LP_ATOMIC_ACQUIRE,
    .owner = LP_OWNER_NAME,
    .name = "mkdir",
    .summary = "a folder made with mkdir(2), removed to unlock",
    .params = param_table,
    .param_count = sizeof param_table / sizeof param_table[0],
    .params_size = sizeof(struct params),
    .state_size = sizeof(struct lp_named),
    .prepare = prepare,
    .open = open_client,
    .close = close_client,
    .lock = &lock_ops,
};

/* ---- what a program without us would do, for `lockproof bench` ---- */

static int bare_loop(struct lp_client *client, struct lp_work *work, uint32_t pairs)
{
    const struct lp_named *named = client->state;
    for (; pairs > 0; pairs--) {
        while (mkdirat(named->folder_fd, named->name, 0755) == -1) {
            if (errno != EEXIST)
                return errno;
            sched_yield();
        }
        lp_work_inside(work);
        if (unlinkat(named->folder_fd, named->name, AT_REMOVEDIR) == -1)
            return errno;
        lp_work_outside(work);
    }
    return 0;
}

const struct lp_bare lp_bare_mkdir = {&lp_driver_mkdir, NULL, bare_loop};
