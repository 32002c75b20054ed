/* SPDX-License-Identifier: MIT */
/*
 * The lock `lockfile`: whoever makes the file holds the lock, whoever removes it gives it back
 * (open(2), O_EXCL). It has no owner: a holder that dies leaves it taken for ever. Who finds it
 * taken can only ask again.
 */
#include "drivers/name/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>
#include "drivers/bare.h"
#include "drivers/builtin.h"

#define KIND "lock file"

struct params {
    const char *path;
};

static const struct lp_param param_table[] = {
    {"path", LP_PARAM_PATH, LP_ROLE_LOCK, offsetof(struct params, path), NULL, NULL,
     "the lock file"},
};

static void let_go(struct lp_lockfile *lockfile)
{
    if (lockfile->made)
        close(lockfile->held_fd);
    lockfile->made = false;
}

enum lp_outcome lp_lockfile_open(struct lp_client *client, struct lp_lockfile *lockfile,
                                 const char *path)
{
    lockfile->made = false;
    return lp_named_open(client, &lockfile->named, KIND, path);
}

void lp_lockfile_close(struct lp_lockfile *lockfile)
{
    let_go(lockfile);
    lp_named_close(&lockfile->named);
}

enum lp_outcome lp_lockfile_make(struct lp_client *client, struct lp_lockfile *lockfile,
                                 struct lp_grant *grant)
{
    const struct lp_named *named = &lockfile->named;
    int fd = openat(named->folder_fd, named->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd == -1 && errno == EEXIST)
        return LP_BUSY;
    if (fd == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to make the lock file '%s'", named->name);
    let_go(lockfile); /* of an earlier hold that ended without this client's doing */
    lockfile->held_fd = fd;
    lockfile->made = true;
    lp_identity_grant(grant, &named->identity);
    return LP_OK;
}

enum lp_outcome lp_lockfile_remove(struct lp_client *client, struct lp_lockfile *lockfile)
{
    const struct lp_named *named = &lockfile->named;
    if (unlinkat(named->folder_fd, named->name, 0) == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to remove the lock file '%s'", named->name);
    let_go(lockfile);
    return LP_OK;
}

enum lp_held lp_lockfile_held(const struct lp_lockfile *lockfile)
{
    const struct lp_named *named = &lockfile->named;
    struct stat mine, named_now;

    if (!lockfile->made)
        return LP_HELD_UNKNOWN;
    if (fstatat(named->folder_fd, named->name, &named_now, AT_SYMLINK_NOFOLLOW) == -1)
        return errno == ENOENT ? LP_HELD_NO : LP_HELD_UNKNOWN;
    if (fstat(lockfile->held_fd, &mine) == -1)
        return LP_HELD_UNKNOWN;
    return mine.st_dev == named_now.st_dev && mine.st_ino == named_now.st_ino ? LP_HELD_YES
                                                                              : LP_HELD_NO;
}

static enum lp_outcome prepare(struct lp_client *client, unsigned role, int64_t start)
{
    const struct params *params = client->params;
    (void)role, (void)start;
    return lp_named_prepare(client, params->path);
}

static enum lp_outcome reopen(struct lp_client *client)
{
    const struct params *params = client->params;
    return lp_lockfile_open(client, client->state, params->path);
}

static enum lp_outcome open_client(struct lp_client *client, unsigned role)
{
    (void)role;
    return reopen(client);
}

static void close_client(struct lp_client *client)
{
    lp_lockfile_close(client->state);
}

static enum lp_outcome acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                   struct lp_grant *grant)
{
    if (mode != LP_EXCLUSIVE)
        return lp_fail(client, LP_FAIL, 0, "a lock file has no shared mode");
    return lp_lockfile_make(client, client->state, grant);
}

static enum lp_outcome release(struct lp_client *client)
{
    return lp_lockfile_remove(client, client->state);
}

static enum lp_held still_held(struct lp_client *client)
{
    return lp_lockfile_held(client->state);
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

const struct lp_driver lp_driver_lockfile = {
    .magic = LP_DRIVER_MAGIC,
    .abi = LP_DRIVER_ABI,
    .size = sizeof(struct lp_driver),
    .roles = LP_ROLE_LOCK,
    .abilities = LP_ATOMIC_ACQUIRE,
    .owner = LP_OWNER_NAME,
    .name = "lockfile",
    .summary = "a file made with O_CREAT and O_EXCL, removed to unlock",
    .params = param_table,
    .param_count = sizeof param_table / sizeof param_table[0],
    .params_size = sizeof(struct params),
    .state_size = sizeof(struct lp_lockfile),
    .prepare = prepare,
    .open = open_client,
    .close = close_client,
    .lock = &lock_ops,
};

/* ---- what a program without us would do, for `lockproof bench` ---- */

static int bare_loop(struct lp_client *client, struct lp_work *work, uint32_t pairs)
{
    const struct lp_named *named = &((const struct lp_lockfile *)client->state)->named;
    for (; pairs > 0; pairs--) {
        int fd;
        while ((fd = openat(named->folder_fd, named->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                            0644)) == -1) {
            if (errno != EEXIST)
                return errno;
            sched_yield();
        }
        lp_work_inside(work);
        if (unlinkat(named->folder_fd, named->name, 0) == -1)
            return errno;
        close(fd);
        lp_work_outside(work);
    }
    return 0;
}

const struct lp_bare lp_bare_lockfile = {&lp_driver_lockfile, NULL, bare_loop};
