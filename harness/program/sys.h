/* SPDX-License-Identifier: MIT */
/*
 * The system calls that the tracer looks at, as one table, and the seccomp filter made from it:
 * every other call runs at full speed.
 */
#ifndef LP_PROGRAM_SYS_H
#define LP_PROGRAM_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lp_sys_class {
    LP_SYS_READ,     /* descriptor `fd` */
    LP_SYS_WRITE,    /* the same */
    LP_SYS_COPY,     /* from descriptor `fd2` to `fd` */
    LP_SYS_TRUNCATE, /* descriptor `fd`, or a path (fd -1) */
    LP_SYS_OPEN,
    LP_SYS_CLOSE, /* also by dup2 over it; close_range */
    LP_SYS_FLOCK,
    LP_SYS_FCNTL, /* lock commands only */
    LP_SYS_MMAP,  /* shared, of a file */
    LP_SYS_LOOK,  /* stat, access: does the name exist? */
    LP_SYS_MAKE,  /* mkdir, link, symlink: makes a name, or fails when there is one */
    LP_SYS_REMOVE,
    LP_SYS_RENAME,
    LP_SYS_CONNECT,
    LP_SYS_SHMAT, /* System V shared memory: stores into it are not seen */
    /* Only where time is virtual: */
    LP_SYS_SLEEP,
    LP_SYS_WAIT_FD, /* poll, select, epoll_wait */
    LP_SYS_FUTEX,   /* a wait with a timeout */
    LP_SYS_CLOCK,
    LP_SYS_RANDOM,
    LP_SYS_FSTAT, /* of an open file: how old is it? */
};

struct lp_sys_row {
    const char *name;
    int nr;
    enum lp_sys_class class;
    /* Which arguments matter; -1: none. LOOK, MAKE, REMOVE, OPEN: `fd` is the folder's descriptor
       (-1: the current folder), `path` the argument that names. */
    int fd, path, fd2;
    int check_arg;      /* traced only when this argument (-1: always) ... */
    uint32_t check_any; /* ... has one of these bits */
};

extern const struct lp_sys_row lp_sys_rows[];
extern const size_t lp_sys_row_count;

const struct lp_sys_row *lp_sys_find(uint64_t nr);

/* What the filter tells the tracer with a stop. */
enum { LP_SYS_TRACED = 1, LP_SYS_FOREIGN = 2 /* a call of another architecture: not understood */ };

/* Installs the filter in the calling process, for itself and all that it starts. `clocks`: also
   what sleeps and reads clocks. 0, or -1 with errno. */
int lp_sys_filter(bool clocks);

#endif
