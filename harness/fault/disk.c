/* SPDX-License-Identifier: MIT */
/* tmpfs(5); what fills it is one file. */
#include "fault/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define FILLER "lockproof-filler"

int lp_disk_own_mounts(struct lp_err *err)
{
    if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
        return 0;
    lp_err_sys(err, LP_ERR_NEED, errno, "mounts are not allowed here");
    snprintf(err->remedy, sizeof err->remedy, "run as root");
    return -1;
}

int lp_disk_mount(const char *folder, uint64_t bytes, struct lp_err *err)
{
    char options[64];
    snprintf(options, sizeof options, "size=%" PRIu64 ",mode=0755", bytes);
    if (mount("lockproof", folder, "tmpfs", MS_NOSUID | MS_NODEV, options) == 0)
        return 0;
    return lp_err_sys(err, LP_ERR_NEED, errno, "unable to mount over '%s'", folder);
}

static void path_of(const char *folder, char *path, size_t size)
{
    snprintf(path, size, "%s/" FILLER, folder);
}

int lp_disk_fill(const char *folder, uint64_t *bytes, struct lp_err *err)
{
    static const char block[4096];
    char path[512];
    path_of(folder, path, sizeof path);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd == -1 && errno != ENOSPC)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to write '%s'", path);
    ssize_t put = fd == -1 ? -1 : 0;
    *bytes = 0;
    while (fd != -1 && (put = write(fd, block, sizeof block)) > 0)
        *bytes += (uint64_t)put;
    int failed = errno;
    if (fd != -1)
        close(fd);
    return failed == ENOSPC ? 0
                            : lp_err_sys(err, LP_ERR_SELF, failed, "unable to fill '%s'", folder);
}

int lp_disk_relieve(const char *folder, struct lp_err *err)
{
    char path[512];
    path_of(folder, path, sizeof path);
    if (unlink(path) == 0 || errno == ENOENT)
        return 0;
    return lp_err_sys(err, LP_ERR_SELF, errno, "unable to remove '%s'", path);
}
