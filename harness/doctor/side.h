/* SPDX-License-Identifier: MIT */
/*
 * One side of a two-sided probe: a process of its own, here or inside the namespaces of another
 * process (setns(2)), that does what it is told, one order at a time. Only what two sides see of
 * each other is trusted: inside a PID namespace /proc/locks is empty while a lock is held, and a
 * filesystem's name says nothing certain about its locks.
 */
#ifndef LP_DOCTOR_SIDE_H
#define LP_DOCTOR_SIDE_H

#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"
#include "base/outcome.h"
#include "doctor/mount.h"
#include "os/process.h"

/* What can be tried between two sides, each by a driver of scenarios. */
enum lp_probe_kind {
    LP_PROBE_FLOCK,
    LP_PROBE_POSIX,
    LP_PROBE_OFD,
    LP_PROBE_LOCKFILE,
    LP_PROBE_MKDIR,
    LP_PROBE_SQLITE,
    LP_PROBE_SQLITE_WAL,
    LP_PROBE_MMAP,
    LP_PROBE_KINDS,
};

struct lp_probe_driver {
    const char *name;
    unsigned role;       /* LP_ROLE_* */
    const char *journal; /* SQLite's */
};
extern const struct lp_probe_driver lp_probe_drivers[LP_PROBE_KINDS];

enum lp_side_act {
    LP_SIDE_SELF,    /* who and where it is: answer.self */
    LP_SIDE_LOOK,    /* at `path`: answer.look */
    LP_SIDE_MAKE,    /* a file at `path` that did not exist (O_EXCL), holding `text` */
    LP_SIDE_RENAME,  /* the same beside `path`, and over it by rename(2) */
    LP_SIDE_READ,    /* the beginning of the file at `path`: answer.text */
    LP_SIDE_FOLDER,  /* a new folder from the template `path`: answer.text */
    LP_SIDE_REMOVE,  /* `path`, with all that is below */
    LP_SIDE_PREPARE, /* what a client of `driver` on `path` needs, if it is not there */
    LP_SIDE_OPEN,    /* the side's one client, number `value` */
    LP_SIDE_TRY,     /* one try of its lock, or BEGIN IMMEDIATE */
    LP_SIDE_RELEASE, /* or COMMIT */
    LP_SIDE_READ_VALUE,
    LP_SIDE_WRITE_VALUE, /* `value` */
    LP_SIDE_CLOSE,
    LP_SIDE_SEES_PID, /* kill(value, 0): answer.errnum */
};

struct lp_side_order {
    enum lp_side_act act;
    enum lp_probe_kind driver; /* PREPARE, OPEN */
    int64_t value;
    char path[512];
    char text[64];
};

struct lp_side_self {
    pid_t pid;
    uint64_t pid_ns, mnt_ns, ipc_ns, uts_ns, net_ns, time_ns; /* inode of /proc/self/ns/...; 0 */
    uint64_t shm_device, shm_inode;                           /* of /dev/shm; 0: not there */
    uint64_t realtime_ns, monotonic_ns;
    char host[65];
    char boot_id[40];
};

struct lp_side_answer {
    enum lp_outcome outcome;
    int errnum;
    int64_t value;
    char text[192]; /* what was read, made, or why not */
    union {
        struct lp_side_self self;
        struct lp_look look;
    };
};

struct lp_side {
    const char *name; /* for people: "web", "here" */
    struct lp_child child;
    int fd;
};

/* Starts a side here (`pid` 0) or in the namespaces of process `pid`. LP_ERR_NEED when that is not
   allowed. Call it from the main thread (os/process.h). `name` is borrowed. */
int lp_side_start(struct lp_side *side, const char *name, pid_t pid,
                  struct lp_err *err) LP_MUST_CHECK;
void lp_side_release(struct lp_side *side); /* takes a zeroed struct too */

/* Carries out one order. A side that is gone answers LP_UNKNOWN with a text. */
void lp_side_do(struct lp_side *side, const struct lp_side_order *order,
                struct lp_side_answer *answer);

#endif
