/* SPDX-License-Identifier: MIT */
/* Looking into another process: its memory, its descriptors, its names. All fail when it is gone.
 */
#ifndef LP_PROGRAM_INSPECT_H
#define LP_PROGRAM_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/str.h"

/* 0, or -1 when not all of it could be read or written. */
int lp_inspect_read(pid_t pid, uint64_t address, void *into, size_t size);
int lp_inspect_write(pid_t pid, uint64_t address, const void *bytes, size_t size);
/* A text of the process; at most `size` - 1 bytes and always ended. -1 when it cannot be read. */
int lp_inspect_text(pid_t pid, uint64_t address, char *into, size_t size);

/* What a descriptor leads to. */
struct lp_inspected {
    bool regular, directory;
    uint64_t dev, ino, born;
    uint64_t size, links;
};
int lp_inspect_fd(pid_t pid, int fd, struct lp_inspected *found);
/* Its path as the process's own root shows it. */
int lp_inspect_fd_path(pid_t pid, int fd, char *into, size_t size);

struct lp_fdinfo {
    uint64_t position;
    unsigned flags; /* O_* */
    bool flock;     /* the open file description holds a flock */
    bool ofd;       /* it holds an OFD lock */
};
int lp_inspect_fdinfo(pid_t pid, int fd, struct lp_fdinfo *found);

/* Does any descriptor of the process that leads to (dev, ino) hold a flock or OFD lock? `but`: one
   that does not count, or -1. */
bool lp_inspect_holds(pid_t pid, uint64_t dev, uint64_t ino, bool ofd, int but);

/* The folder that `path` names something in, and the full path in text. `dirfd`: as given to the
   call, AT_FDCWD for the current one. */
int lp_inspect_name(pid_t pid, int dirfd, const char *path, struct lp_inspected *folder, char *full,
                    size_t size);
/* The same for the object itself (links are followed). */
int lp_inspect_path(pid_t pid, const char *full, struct lp_inspected *found);

pid_t lp_inspect_tgid(pid_t tid);
/* 'R', 'S', 'D', ...; 0 when it is gone. */
char lp_inspect_state(pid_t tid);

#endif
