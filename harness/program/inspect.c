/* SPDX-License-Identifier: MIT */
/* Looking into another process through /proc and process_vm_readv(2). */
#include "program/inspect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/units.h"

#define PROC_PATH 96
#define PAGE UINT64_C(4096)

int lp_inspect_read(pid_t pid, uint64_t address, void *into, size_t size)
{
    struct iovec local = {.iov_base = into, .iov_len = size};
    struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
    return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)size ? 0 : -1;
}

int lp_inspect_write(pid_t pid, uint64_t address, const void *bytes, size_t size)
{
    struct iovec local = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
    struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
    return process_vm_writev(pid, &local, 1, &remote, 1, 0) == (ssize_t)size ? 0 : -1;
}

int lp_inspect_text(pid_t pid, uint64_t address, char *into, size_t size)
{
    size_t used = 0;
    into[0] = '\0';
    if (address == 0)
        return -1;
    while (used < size - 1) {
        uint64_t at = address + used;
        size_t part = (size_t)(PAGE - at % PAGE); /* the next page may not be there */
        if (part > size - 1 - used)
            part = size - 1 - used;
        if (lp_inspect_read(pid, at, into + used, part) == -1)
            return -1;
        const char *end = memchr(into + used, '\0', part);
        if (end)
            return 0;
        used += part;
    }
    into[size - 1] = '\0';
    return 0;
}

static int look(int folder, const char *path, int flags, struct lp_inspected *found)
{
    struct statx about;
    if (statx(folder, path, flags, STATX_TYPE | STATX_INO | STATX_SIZE | STATX_NLINK | STATX_BTIME,
              &about) == -1)
        return -1;
    *found = (struct lp_inspected){
        .regular = S_ISREG(about.stx_mode),
        .directory = S_ISDIR(about.stx_mode),
        .dev = makedev(about.stx_dev_major, about.stx_dev_minor),
        .ino = about.stx_ino,
        .born = about.stx_mask & STATX_BTIME
                    ? (uint64_t)about.stx_btime.tv_sec * LP_SEC + about.stx_btime.tv_nsec
                    : 0,
        .size = about.stx_size,
        .links = about.stx_nlink,
    };
    return 0;
}

int lp_inspect_fd(pid_t pid, int fd, struct lp_inspected *found)
{
    char path[PROC_PATH];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
    return look(AT_FDCWD, path, 0, found);
}

static int read_link(const char *path, char *into, size_t size)
{
    ssize_t length = readlink(path, into, size - 1);
    if (length < 0)
        return -1;
    into[length] = '\0';
    return 0;
}

int lp_inspect_fd_path(pid_t pid, int fd, char *into, size_t size)
{
    static const char gone[] = " (deleted)";
    char path[PROC_PATH];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
    if (read_link(path, into, size) == -1)
        return -1;
    size_t length = strlen(into);
    if (length >= sizeof gone && strcmp(into + length - (sizeof gone - 1), gone) == 0)
        into[length - (sizeof gone - 1)] = '\0';
    return 0;
}

int lp_inspect_fdinfo(pid_t pid, int fd, struct lp_fdinfo *found)
{
    char path[PROC_PATH], text[2048];
    snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", pid, fd);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file == -1)
        return -1;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0)
        return -1;
    text[length] = '\0';
    *found = (struct lp_fdinfo){0};
    const char *position = strstr(text, "pos:");
    const char *flags = strstr(text, "flags:");
    if (position)
        found->position = strtoull(position + strlen("pos:"), NULL, 10);
    if (flags)
        found->flags = (unsigned)strtoul(flags + strlen("flags:"), NULL, 8);
    found->flock = strstr(text, "FLOCK") != NULL;
    found->ofd = strstr(text, "OFDLCK") != NULL;
    return 0;
}

bool lp_inspect_holds(pid_t pid, uint64_t dev, uint64_t ino, bool ofd, int but)
{
    char path[PROC_PATH];
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *folder = opendir(path);
    if (!folder)
        return false;
    bool holds = false;
    const struct dirent *entry;
    while (!holds && (entry = readdir(folder)) != NULL) {
        struct lp_inspected found;
        struct lp_fdinfo info;
        if (entry->d_name[0] == '.')
            continue;
        int fd = (int)strtol(entry->d_name, NULL, 10);
        if (fd == but || lp_inspect_fd(pid, fd, &found) == -1 || found.dev != dev ||
            found.ino != ino)
            continue;
        holds = lp_inspect_fdinfo(pid, fd, &info) == 0 && (ofd ? info.ofd : info.flock);
    }
    closedir(folder);
    return holds;
}

/* The folder that relative names begin in: its link in /proc. */
static void link_of_start(pid_t pid, int dirfd, char *into, size_t size)
{
    if (dirfd == AT_FDCWD)
        snprintf(into, size, "/proc/%d/cwd", pid);
    else
        snprintf(into, size, "/proc/%d/fd/%d", pid, dirfd);
}

int lp_inspect_name(pid_t pid, int dirfd, const char *path, struct lp_inspected *folder, char *full,
                    size_t size)
{
    char start[PROC_PATH], via[8192];
    const char *slash = strrchr(path, '/');
    int used;
    if (path[0] == '/') {
        used = snprintf(full, size, "%s", path);
        snprintf(via, sizeof via, "/proc/%d/root%.*s", pid, (int)(slash - path + 1), path);
    } else {
        link_of_start(pid, dirfd, start, sizeof start);
        if (read_link(start, full, size) == -1)
            return -1;
        size_t length = strlen(full);
        used = snprintf(full + length, size - length, "/%s", path);
        used = used < 0 ? used : used + (int)length;
        snprintf(via, sizeof via, "%s/%.*s", start, slash ? (int)(slash - path + 1) : 0, path);
    }
    if (used < 0 || (size_t)used >= size)
        return -1;
    return look(AT_FDCWD, via, 0, folder);
}

int lp_inspect_path(pid_t pid, const char *full, struct lp_inspected *found)
{
    char via[8192];
    snprintf(via, sizeof via, "/proc/%d/root%s", pid, full);
    return look(AT_FDCWD, via, 0, found);
}

pid_t lp_inspect_tgid(pid_t tid)
{
    char path[PROC_PATH], text[1024];
    snprintf(path, sizeof path, "/proc/%d/status", tid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file == -1)
        return tid;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length > 0 ? length : 0] = '\0';
    const char *line = strstr(text, "\nTgid:");
    return line ? (pid_t)strtol(line + strlen("\nTgid:"), NULL, 10) : tid;
}

char lp_inspect_state(pid_t tid)
{
    char path[PROC_PATH], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", tid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file == -1)
        return 0;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    text[length > 0 ? length : 0] = '\0';
    const char *end = strrchr(text, ')');
    return end && end[1] == ' ' ? end[2] : '\0';
}
