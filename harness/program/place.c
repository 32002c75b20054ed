/* SPDX-License-Identifier: MIT */
/*
 * Containers for copies, made of namespaces (namespaces(7)): mounts, IPC, host name, network and
 * processes of their own. What a copy writes below /tmp, /var/tmp, its home and its working folder
 * goes to an overlay that only it sees; /dev/shm is its own and empty; the shared folder is the one
 * exception, at the same path for all.
 */
#include "program/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/file.h"
#include "place/place.h"

#define SHM_FOLDER "/dev/shm"
#define OVERLAYS_MAX 4

/* Is `path` `folder` or in it? */
static bool is_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* The folder as it is before anything is mounted over it or above it. */
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

/* The folders to be covered, the outermost of those that lie in one another. */
static size_t choose_overlays(const char *paths[OVERLAYS_MAX], char *cwd, size_t size)
{
    const char *wanted[OVERLAYS_MAX] = {"/tmp", "/var/tmp", getenv("HOME"), NULL};
    size_t count = 0;
    wanted[3] = getcwd(cwd, size);
    for (size_t i = 0; i < OVERLAYS_MAX; i++) {
        bool covered = !wanted[i] || strcmp(wanted[i], "/") == 0 || wanted[i][0] != '/' ||
                       !lp_is_folder(wanted[i]) || is_below(wanted[i], SHM_FOLDER);
        for (size_t k = 0; k < OVERLAYS_MAX && !covered; k++)
            covered = k != i && wanted[k] && is_below(wanted[i], wanted[k]) &&
                      (k < i || strcmp(wanted[i], wanted[k]) != 0) && wanted[k][1] != '\0';
        if (!covered)
            paths[count++] = wanted[i];
    }
    return count;
}

/* `own` is a descriptor: its path may lie below what was covered already. */
static int cover(const char *path, int own, size_t number, struct lp_err *err)
{
    char upper[PATH_MAX], work[PATH_MAX], options[3 * PATH_MAX];
    snprintf(upper, sizeof upper, "/proc/self/fd/%d/upper-%zu", own, number);
    snprintf(work, sizeof work, "/proc/self/fd/%d/work-%zu", own, number);
    if (lp_folder_make(upper, err) == -1 || lp_folder_make(work, err) == -1)
        return -1;
    /* A mount of its own first: what is mounted elsewhere on the same filesystem may be locked to
       this namespace, and then nothing that has it can be the lower layer. */
    int tree = hold_tree(path);
    int shown = tree == -1 ? -1 : show_tree(tree, path, err);
    if (tree == -1)
        return lp_err_sys(err, LP_ERR_NEED, errno, "unable to make '%s' private", path);
    close(tree);
    if (shown == -1)
        return -1;
    /* In a user namespace the overlay keeps its notes in attributes that are allowed there. */
    static const char *const variants[] = {"", ",userxattr"};
    for (size_t i = 0; i < LP_ARRAY_LEN(variants); i++) {
        snprintf(options, sizeof options, "lowerdir=%.2000s,upperdir=%.2000s,workdir=%.2000s%s",
                 path, upper, work, variants[i]);
        if (mount("lockproof", path, "overlay", 0, options) == 0)
            return 0;
    }
    return lp_err_sys(err, LP_ERR_NEED, errno, "unable to make '%s' private", path);
}

static int make_private(const struct lp_copy_place *place, struct lp_err *err)
{
    const char *paths[OVERLAYS_MAX];
    char cwd[PATH_MAX];
    size_t count = choose_overlays(paths, cwd, sizeof cwd);
    int shared = place->share ? hold_tree(place->share) : -1;
    if (place->share && shared == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to share '%s'", place->share);
    /* What the overlays write to lies where nobody sees it: under the copy's own /dev/shm. */
    if (mount("lockproof", SHM_FOLDER, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to mount a private folder");
    int own = open(SHM_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < count; i++)
        if (cover(paths[i], own, i, err) == -1)
            return -1;
    close(own);
    if (mount("lockproof", SHM_FOLDER, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to mount a private " SHM_FOLDER);
    int result = shared == -1 ? 0 : show_tree(shared, place->share, err);
    if (shared != -1)
        close(shared);
    /* The working folder may lie under what was covered: found again by its path. */
    if (result == 0 && chdir(cwd) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to go to '%s'", cwd);
    return result;
}

/* The first process of a PID namespace is a child; who made it waits and ends as it did. */
static void become_first(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        return;
    }
    pid_t ended = -1;
    while (child != -1 && (ended = waitpid(child, &status, 0)) == -1 && errno == EINTR)
        ;
    if (ended == -1)
        _exit(126);
    if (WIFSIGNALED(status)) {
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
    }
    _exit(WEXITSTATUS(status));
}

int lp_copy_place_enter(void *self, struct lp_err *err)
{
    const struct lp_copy_seat *seat = self;
    char name[32];
    if (lp_place_namespace.prepare(err) == -1)
        return -1;
    if (unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWPID) == -1)
        return lp_err_sys(err, LP_ERR_NEED, errno, "unable to make a container");
    snprintf(name, sizeof name, "container-%u", seat->number);
    if (sethostname(name, strlen(name)) == -1 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to make mounts private");
    if (make_private(seat->place, err) == -1)
        return -1;
    become_first();
    /* Where the host hides parts of /proc a new one is refused; the old one shows no more. */
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    return 0;
}
