/* SPDX-License-Identifier: MIT */
/*
 * Containers made of Linux namespaces (namespaces(7), user_namespaces(7)). As root they are made
 * directly. Otherwise the process that makes them enters one user namespace first, in which it has
 * the capabilities to; that one holds all containers, so that they can share mounts made later.
 * Only the caller's own user and group are mapped in it: a container can have no other user.
 */
#include "place/place.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/file.h"
#include "os/process.h"

#define CONTAINER_NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS)
#define SHM_FOLDER "/dev/shm"

static int write_proc(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd == -1)
        return -1;
    ssize_t put = write(fd, text, strlen(text));
    close(fd);
    return put == (ssize_t)strlen(text) ? 0 : -1;
}

/* Own user and group keep their numbers; "deny" is what lets an ordinary user map its group. */
static int enter_user_namespace(void)
{
    unsigned uid = geteuid(), gid = getegid();
    char map[64];
    if (unshare(CLONE_NEWUSER) == -1)
        return -1;
    if (write_proc("/proc/self/setgroups", "deny") == -1 && errno != ENOENT)
        return -1;
    snprintf(map, sizeof map, "%u %u 1\n", uid, uid);
    if (write_proc("/proc/self/uid_map", map) == -1)
        return -1;
    snprintf(map, sizeof map, "%u %u 1\n", gid, gid);
    return write_proc("/proc/self/gid_map", map);
}

/* What every container does; small enough to try it out. */
static int mount_own_shm(void)
{
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
        return -1;
    return mount("lockproof", SHM_FOLDER, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
}

/* Whether a container can be made by the calling process; 0 or an errno. */
static int try_container(void)
{
    struct lp_child child;
    if (lp_process_fork(&child, CONTAINER_NAMESPACES | CLONE_NEWNET) == -1)
        return errno;
    if (child.pid == 0)
        _exit(mount_own_shm() == -1 ? errno : 0);
    int status = lp_process_wait(&child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

enum way { WAY_DIRECT, WAY_USER_NAMESPACE, WAY_NONE };

/* Found out in a child, since a process cannot leave a user namespace again. */
static enum way find_way(int *errnum)
{
    struct lp_child child;
    if (lp_process_fork(&child, 0) == -1) {
        *errnum = errno;
        return WAY_NONE;
    }
    if (child.pid == 0) {
        if (try_container() == 0)
            _exit(WAY_DIRECT);
        if (enter_user_namespace() == -1 || (errno = try_container()) != 0)
            _exit(WAY_NONE + errno);
        _exit(WAY_USER_NAMESPACE);
    }
    int status = lp_process_wait(&child);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : WAY_NONE + ECHILD;
    if (code < WAY_NONE)
        return (enum way)code;
    *errnum = code - WAY_NONE;
    return WAY_NONE;
}

static int usable(struct lp_err *err)
{
    int errnum = 0;
    if (find_way(&errnum) != WAY_NONE)
        return 0;
    lp_err_sys(err, LP_ERR_NEED, errnum, "namespaces are not allowed here");
    snprintf(err->remedy, sizeof err->remedy,
             "run as root, or allow user namespaces (sysctl user.max_user_namespaces; in a "
             "container: --security-opt seccomp=unconfined)");
    return -1;
}

static int prepare(struct lp_err *err)
{
    int errnum = 0;
    switch (find_way(&errnum)) {
    case WAY_DIRECT:
        return 0;
    case WAY_USER_NAMESPACE:
        if (enter_user_namespace() == 0)
            return 0;
        errnum = errno;
        break;
    case WAY_NONE:
        break;
    }
    return lp_err_sys(err, LP_ERR_NEED, errnum, "unable to make namespaces");
}

/* A handle on what is mounted at `path`, to be shown again after something was mounted over it. */
static int hold_tree(const char *path)
{
    return (int)syscall(SYS_open_tree, AT_FDCWD, path,
                        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
}

static int show_tree(int tree, const char *path, struct lp_err *err)
{
    if (lp_folder_make(path, err) == -1)
        return -1;
    if (syscall(SYS_move_mount, tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to show '%s' in a container", path);
    return 0;
}

static bool below_shm(const char *path)
{
    return strncmp(path, SHM_FOLDER "/", sizeof SHM_FOLDER) == 0;
}

/* The new /dev/shm hides what lies below the old one; scratch and run folder must stay. */
static int cover_shm(const struct lp_place_view *view, struct lp_err *err)
{
    const char *kept[] = {view->scratch, view->run_dir};
    int trees[LP_ARRAY_LEN(kept)];
    for (size_t i = 0; i < LP_ARRAY_LEN(kept); i++) {
        trees[i] = below_shm(kept[i]) ? hold_tree(kept[i]) : -1;
        if (below_shm(kept[i]) && trees[i] == -1)
            return lp_err_sys(err, LP_ERR_SELF, errno, "unable to keep '%s'", kept[i]);
    }
    if (mount_own_shm() == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to mount a private " SHM_FOLDER);
    int result = 0;
    for (size_t i = 0; i < LP_ARRAY_LEN(kept); i++) {
        if (trees[i] == -1)
            continue;
        if (result == 0)
            result = show_tree(trees[i], kept[i], err);
        close(trees[i]);
    }
    return result;
}

static int enter(const struct lp_place_view *view, struct lp_err *err)
{
    char name[32];
    snprintf(name, sizeof name, "container-%u", view->container);
    if (sethostname(name, strlen(name)) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to name a container");
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to make mounts private");
    if (cover_shm(view, err) == -1)
        return -1;
    if (mount(view->private_dir, view->private_at, NULL, MS_BIND, NULL) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to show '%s'", view->private_at);
    /* Where the host hides parts of /proc, a new one is refused; the old one still works, and shows
       no more than it did. */
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    return 0;
}

const struct lp_place lp_place_namespace = {
    .name = "namespace",
    .namespaces = CONTAINER_NAMESPACES,
    .usable = usable,
    .prepare = prepare,
    .enter = enter,
    .own_view = true,
};
