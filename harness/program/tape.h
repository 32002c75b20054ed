/* SPDX-License-Identifier: MIT */
/*
 * What was seen of a program's copies: the objects that they touched, the calls on them in the
 * order in which they completed, and the locks they held meanwhile. Filled by the tracer, read by
 * the analysis; knows nothing of processes.
 *
 * A *copy* is one start of the program with all the processes and threads that it starts in turn.
 * What happens inside one copy is taken as ordered: the tracer cannot see how its threads and
 * children wait for one another in memory.
 */
#ifndef LP_PROGRAM_TAPE_H
#define LP_PROGRAM_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"

#define LP_NO_OBJECT UINT32_MAX
#define LP_NO_EVENT UINT32_MAX
#define LP_RANGE_END UINT64_MAX /* "to the end of the file, however long it gets" */

enum lp_object_kind {
    LP_OBJECT_FILE, /* an inode */
    LP_OBJECT_NAME, /* a name in a folder, whether it exists or not */
};

struct lp_object {
    enum lp_object_kind kind;
    const char *path;        /* at first sight */
    uint64_t dev, ino, born; /* FILE: with its time of birth; NAME: of the folder */
    uint32_t first_copy;     /* who touched it first */
    bool shared;             /* by more than one copy */
    bool written;            /* FILE: data changed; NAME: made or removed */
    bool locked;             /* a lock was asked for */
    bool sqlite;             /* a database, or what belongs to one: judged as transactions */
    bool mapped;             /* shared and writable: stores into it cannot be seen */
    bool overwritten;        /* written other than by appending */
    bool system;             /* below /usr, /etc and the like: only looked at when written */
};

enum lp_event_kind {
    LP_EVENT_START, /* of a copy */
    LP_EVENT_EXIT,  /* of a copy: result is the wait status */
    LP_EVENT_READ,
    LP_EVENT_WRITE,
    LP_EVENT_TRUNCATE,
    LP_EVENT_LOCK, /* asked for; result 0: granted */
    LP_EVENT_UNLOCK,
    LP_EVENT_LOOK, /* does the name exist? */
    LP_EVENT_MAKE,
    LP_EVENT_REMOVE,
    LP_EVENT_MAP,
    LP_EVENT_CONNECT,
    LP_EVENT_SLEEP,
};

enum lp_family {
    LP_FAMILY_NONE,
    LP_FAMILY_FLOCK,
    LP_FAMILY_POSIX, /* fcntl, owned by the process */
    LP_FAMILY_OFD,   /* fcntl, owned by the open file description */
    LP_FAMILY_NAME,  /* the name exists: O_EXCL, mkdir, link */
};

enum lp_event_flag {
    LP_EVENT_EXCLUSIVE = 1 << 0,   /* LOCK: not shared; MAKE: refused when the name exists */
    LP_EVENT_APPEND = 1 << 1,      /* WRITE: at the end, wherever that is */
    LP_EVENT_NONBLOCKING = 1 << 2, /* LOCK: an attempt that does not wait */
    LP_EVENT_RENAMED = 1 << 3,     /* MAKE, REMOVE: by rename */
    LP_EVENT_BY_CLOSE = 1 << 4,    /* UNLOCK: not asked for: a descriptor was closed, or the end */
};

struct lp_event {
    uint64_t invoke_ns, complete_ns; /* CLOCK_MONOTONIC, or virtual time */
    uint64_t from, to;               /* bytes [from, to) of the file, or of the lock */
    uint32_t object;
    uint32_t copy;
    uint32_t pid;
    uint32_t call;  /* counts the traced calls of the copy, from 1 */
    int32_t result; /* bytes or 0; -errno */
    uint8_t kind;   /* enum lp_event_kind */
    uint8_t family; /* enum lp_family */
    uint16_t flags; /* enum lp_event_flag */
    int32_t fd;     /* LOCK: the descriptor; else -1 */
};

/* Asks for a lock: a lock call, or a file made exclusively, which may be one. */
static inline bool lp_event_is_attempt(const struct lp_event *event)
{
    return event->kind == LP_EVENT_LOCK ||
           (event->kind == LP_EVENT_MAKE && event->flags & LP_EVENT_EXCLUSIVE);
}

/* One lock held by a copy on one range of one object, in one mode, between two events. */
struct lp_tape_hold {
    uint32_t copy, object, pid;
    uint32_t acquire; /* event; the hold begins with it */
    uint32_t release; /* event; LP_NO_EVENT while it lasts */
    uint64_t from, to;
    const char *path; /* by which it was locked */
    int fd;           /* by which it was locked; -1: a name */
    uint8_t family;
    bool exclusive;
    bool dropped;   /* lost by a close that was not meant as an unlock */
    bool converted; /* follows on a hold in another mode that the kernel let go of first */
};

struct lp_tape {
    struct lp_arena arena;
    struct lp_object *objects;
    size_t object_count, object_cap;
    uint32_t *buckets; /* hash of objects; index + 1 */
    size_t bucket_count;
    struct lp_event *events;
    size_t event_count, event_cap;
    struct lp_tape_hold *holds;
    size_t hold_count, hold_cap;
    uint32_t *open; /* indexes of the holds that last */
    size_t open_count, open_cap;
    uint32_t copies;
    uint32_t *begins, *ends; /* of each copy: its START and EXIT; LP_NO_EVENT: none yet */
    size_t begin_cap, end_cap;
    const char **services; /* addresses connected to */
    size_t service_count, service_cap;
    bool foreign; /* some process made calls of another architecture: not complete */
    bool full;    /* too many events: not complete */
};

void lp_tape_init(struct lp_tape *tape);
void lp_tape_release(struct lp_tape *tape); /* takes a zeroed struct too */

/* A path that programs only read: libraries, settings, devices. */
bool lp_path_is_system(const char *path);

/* The object, made when it is new; `path` is copied then. */
uint32_t lp_tape_object(struct lp_tape *tape, enum lp_object_kind kind, uint64_t dev, uint64_t ino,
                        uint64_t born, const char *path);
/* The file of that number, or LP_NO_OBJECT when it was not met yet. */
uint32_t lp_tape_file(const struct lp_tape *tape, uint64_t dev, uint64_t ino, uint64_t born);
/* Appends; returns its index, or LP_NO_EVENT when the trace is full. */
uint32_t lp_tape_add(struct lp_tape *tape, const struct lp_event *event);
void lp_tape_service(struct lp_tape *tape, const char *address);

/* ---- holds ---- */

/* A granted lock: ends the owner's holds in that range and begins a new one. Owner: the process
   for LP_FAMILY_POSIX; the copy for the others. */
void lp_tape_grant(struct lp_tape *tape, uint32_t event, const char *path);
/* The owner's holds of that family in [from, to) of the object end with `event`. */
void lp_tape_let_go(struct lp_tape *tape, uint32_t event, bool dropped);
/* A hold that ends otherwise than by a call on it (a process ended, a descriptor was closed). */
void lp_tape_end_hold(struct lp_tape *tape, uint32_t hold, uint32_t event, bool dropped);

/* Is the hold in force at the event? */
static inline bool lp_tape_hold_covers(const struct lp_tape_hold *hold, uint32_t event)
{
    return hold->acquire <= event && event < hold->release;
}

const char *lp_event_name(enum lp_event_kind kind);
const char *lp_family_name(enum lp_family family);

/* "flock exclusive /tmp/x: 0" and so on. */
void lp_event_text(const struct lp_tape *tape, const struct lp_event *event, struct lp_str *out);
/* The whole trace as JSON lines (docs/EXEC.md says what is in them). */
void lp_tape_write(const struct lp_tape *tape, unsigned trial, struct lp_str *out);

#endif
