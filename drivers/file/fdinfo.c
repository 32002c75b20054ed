/* SPDX-License-Identifier: MIT */
/* Reads lines such as "lock:\t1: FLOCK  ADVISORY  WRITE 5362 fe:00:10952754 0 EOF". */
#include "drivers/file/fdinfo.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool line_has(const char *line, const char *table, bool exclusive)
{
    char kind[16], mode[16];
    /* Number, lock table, ADVISORY or MANDATORY, READ or WRITE. */
    if (sscanf(line, "lock: %*d: %15s %*s %15s", kind, mode) != 2 || strcmp(kind, table) != 0)
        return false;
    return !exclusive || strcmp(mode, "WRITE") == 0;
}

static enum lp_held look(struct lp_fdinfo *info, int fd, const char *table, bool exclusive)
{
    char text[4096];
    if (!info->open) {
        char path[64];
        snprintf(path, sizeof path, "/proc/thread-self/fdinfo/%d", fd);
        info->fd = open(path, O_RDONLY | O_CLOEXEC);
        if (info->fd == -1)
            return LP_HELD_UNKNOWN;
        info->open = true;
    }
    /* From the start each time: the kernel writes the text anew. */
    ssize_t len = pread(info->fd, text, sizeof text - 1, 0);
    if (len <= 0 || (size_t)len == sizeof text - 1)
        return LP_HELD_UNKNOWN;
    text[len] = '\0';
    for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
        if (line_has(line, table, exclusive))
            return LP_HELD_YES;
    }
    return LP_HELD_NO;
}

void lp_fdinfo_learn_now(struct lp_fdinfo *info, int fd, const char *table, bool exclusive)
{
    info->tried = true;
    info->trusted = look(info, fd, table, exclusive) == LP_HELD_YES;
}

enum lp_held lp_fdinfo_held(struct lp_fdinfo *info, int fd, const char *table, bool exclusive)
{
    return info->trusted ? look(info, fd, table, exclusive) : LP_HELD_UNKNOWN;
}

void lp_fdinfo_clear(struct lp_fdinfo *info)
{
    if (info->open)
        close(info->fd);
    info->open = false;
}
