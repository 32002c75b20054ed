/* SPDX-License-Identifier: MIT */
/*
 * Before a call: which object it is about, and what it will be on the tape. Calls on what is not a
 * file of the program's own (pipes, terminals, libraries, its own output) are let through.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include "program/inspect.h"
#include "program/tracer.h"

/* SQLite's lock bytes (os.h, PENDING_BYTE), and how many follow. */
#define SQLITE_LOCKS_FROM UINT64_C(0x40000000)
#define SQLITE_LOCKS_TO (SQLITE_LOCKS_FROM + 512)
/* More than this of what a copy prints is not kept. */
#define OUTPUT_MAX (UINT64_C(1) << 20)

static struct lp_event *add_event(struct lp_task *task, enum lp_event_kind kind, uint32_t object)
{
    struct lp_pending *pending = &task->pending;
    struct lp_event *event = &pending->events[pending->event_count++];
    *event = (struct lp_event){.object = object,
                               .copy = task->copy,
                               .pid = (uint32_t)task->pid,
                               .kind = (uint8_t)kind,
                               .fd = -1};
    return event;
}

/* The file behind a descriptor, when it is one. */
static uint32_t file_object(struct lp_tracer *tracer, const struct lp_task *task, int fd,
                            struct lp_inspected *found)
{
    char path[PATH_MAX];
    if (lp_inspect_fd(task->pid, fd, found) == -1 || !(found->regular || found->directory))
        return LP_NO_OBJECT;
    uint32_t known = lp_tape_file(tracer->tape, found->dev, found->ino, found->born);
    if (known != LP_NO_OBJECT)
        return known;
    if (lp_inspect_fd_path(task->pid, fd, path, sizeof path) == -1)
        return LP_NO_OBJECT;
    return lp_tape_object(tracer->tape, LP_OBJECT_FILE, found->dev, found->ino, found->born, path);
}

/* ---- data ---- */

static bool is_output(const struct lp_tracer *tracer, const struct lp_task *task,
                      const struct lp_inspected *found)
{
    const struct lp_copy *copy = &tracer->copies[task->copy];
    return found->dev == copy->output_dev && found->ino == copy->output_ino;
}

static bool has_offset(int nr)
{
    switch (nr) {
    case SYS_pread64:
    case SYS_preadv:
    case SYS_preadv2:
    case SYS_pwrite64:
    case SYS_pwritev:
    case SYS_pwritev2:
        return true;
    default:
        return false;
    }
}

/* How many bytes are asked for, where the arguments say it. */
static uint64_t length_asked(int nr, const struct lp_regs *regs)
{
    switch (nr) {
    case SYS_read:
    case SYS_write:
    case SYS_pread64:
    case SYS_pwrite64:
        return regs->args[2];
    default:
        return 0;
    }
}

static bool enter_data(struct lp_tracer *tracer, struct lp_task *task, int fd, bool writes)
{
    const struct lp_sys_row *row = task->pending.row;
    const struct lp_regs *regs = &task->pending.regs;
    struct lp_inspected found;
    struct lp_fdinfo info = {0};
    uint32_t number = file_object(tracer, task, fd, &found);
    if (number == LP_NO_OBJECT || !found.regular)
        return false;
    if (is_output(tracer, task, &found)) {
        struct lp_copy *copy = &tracer->copies[task->copy];
        task->pending.drop = writes && found.size > OUTPUT_MAX;
        copy->silenced |= task->pending.drop;
        return false;
    }
    if (tracer->tape->objects[number].system && !writes)
        return false;
    bool offset_given = has_offset(row->nr) && (int64_t)regs->args[3] >= 0;
    if ((!offset_given || writes) && lp_inspect_fdinfo(task->pid, fd, &info) == -1)
        return false;
    struct lp_event *event = add_event(task, writes ? LP_EVENT_WRITE : LP_EVENT_READ, number);
    event->from = offset_given ? regs->args[3] : info.position;
    if (writes && info.flags & O_APPEND) {
        event->flags |= LP_EVENT_APPEND;
        event->from = found.size;
    }
    uint64_t length = row->class == LP_SYS_COPY ? 0 : length_asked(row->nr, regs);
    event->to = length ? event->from + length : LP_RANGE_END;
    event->fd = fd;
    return true;
}

static bool enter_copy(struct lp_tracer *tracer, struct lp_task *task)
{
    const struct lp_sys_row *row = task->pending.row;
    bool reads = enter_data(tracer, task, (int)task->pending.regs.args[row->fd2], false);
    bool writes = enter_data(tracer, task, (int)task->pending.regs.args[row->fd], true);
    return reads || writes;
}

static bool enter_truncate(struct lp_tracer *tracer, struct lp_task *task)
{
    const struct lp_regs *regs = &task->pending.regs;
    struct lp_inspected found;
    uint32_t number;
    uint64_t from = regs->args[1];
    if (task->pending.row->nr == SYS_truncate) {
        char path[PATH_MAX];
        if (lp_inspect_text(task->pid, regs->args[0], path, sizeof path) == -1 || path[0] != '/' ||
            lp_inspect_path(task->pid, path, &found) == -1)
            return false;
        number =
            lp_tape_object(tracer->tape, LP_OBJECT_FILE, found.dev, found.ino, found.born, path);
    } else {
        if (task->pending.row->nr == SYS_fallocate && (regs->args[1] & 0xff) == 0)
            return false; /* room only, no other data */
        number = file_object(tracer, task, (int)regs->args[0], &found);
        if (task->pending.row->nr == SYS_fallocate)
            from = regs->args[2];
    }
    if (number == LP_NO_OBJECT || is_output(tracer, task, &found))
        return false;
    struct lp_event *event = add_event(task, LP_EVENT_TRUNCATE, number);
    event->from = from;
    event->to = LP_RANGE_END;
    return true;
}

static bool enter_map(struct lp_tracer *tracer, struct lp_task *task)
{
    const struct lp_regs *regs = &task->pending.regs;
    struct lp_inspected found;
    if (!(regs->args[2] & PROT_WRITE) || (int)regs->args[4] < 0)
        return false;
    uint32_t number = file_object(tracer, task, (int)regs->args[4], &found);
    if (number == LP_NO_OBJECT || !found.regular || tracer->tape->objects[number].system)
        return false;
    add_event(task, LP_EVENT_MAP, number);
    return true;
}

/* ---- locks ---- */

static bool enter_flock(struct lp_tracer *tracer, struct lp_task *task)
{
    struct lp_pending *pending = &task->pending;
    struct lp_inspected found;
    int fd = (int)pending->regs.args[0];
    unsigned how = (unsigned)pending->regs.args[1];
    uint32_t number = file_object(tracer, task, fd, &found);
    if (number == LP_NO_OBJECT)
        return false;
    bool unlock = (how & ~(unsigned)LOCK_NB) == LOCK_UN;
    struct lp_event *event = add_event(task, unlock ? LP_EVENT_UNLOCK : LP_EVENT_LOCK, number);
    event->family = LP_FAMILY_FLOCK;
    event->to = LP_RANGE_END;
    event->fd = fd;
    if (how & LOCK_EX)
        event->flags |= LP_EVENT_EXCLUSIVE;
    if (how & LOCK_NB)
        event->flags |= LP_EVENT_NONBLOCKING;
    pending->may_wait = !unlock && !(how & LOCK_NB);
    return true;
}

/* The lock's bytes, from its three ways of counting; false: not to be told. */
static bool lock_range(const struct lp_task *task, int fd, const struct flock *lock, uint64_t size,
                       struct lp_event *event)
{
    int64_t start = lock->l_start;
    struct lp_fdinfo info;
    if (lock->l_whence == SEEK_END)
        start += (int64_t)size;
    if (lock->l_whence == SEEK_CUR) {
        if (lp_inspect_fdinfo(task->pid, fd, &info) == -1)
            return false;
        start += (int64_t)info.position;
    }
    int64_t length = lock->l_len;
    if (length < 0) {
        start += length;
        length = -length;
    }
    if (start < 0)
        return false;
    event->from = (uint64_t)start;
    event->to = length == 0 ? LP_RANGE_END : (uint64_t)start + (uint64_t)length;
    return true;
}

static void note_sqlite(struct lp_tape *tape, uint32_t number, const struct lp_event *event)
{
    if (event->from >= SQLITE_LOCKS_FROM && event->to <= SQLITE_LOCKS_TO)
        tape->objects[number].sqlite = true;
}

static bool enter_fcntl(struct lp_tracer *tracer, struct lp_task *task)
{
    struct lp_pending *pending = &task->pending;
    struct lp_inspected found;
    struct flock lock;
    int fd = (int)pending->regs.args[0], command = (int)pending->regs.args[1];
    if (lp_inspect_read(task->pid, pending->regs.args[2], &lock, sizeof lock) == -1)
        return false;
    uint32_t number = file_object(tracer, task, fd, &found);
    if (number == LP_NO_OBJECT)
        return false;
    bool unlock = lock.l_type == F_UNLCK;
    struct lp_event *event = add_event(task, unlock ? LP_EVENT_UNLOCK : LP_EVENT_LOCK, number);
    bool ofd = command == F_OFD_SETLK || command == F_OFD_SETLKW;
    bool waits = command == F_SETLKW || command == F_OFD_SETLKW;
    event->family = ofd ? LP_FAMILY_OFD : LP_FAMILY_POSIX;
    event->fd = fd;
    if (lock.l_type == F_WRLCK)
        event->flags |= LP_EVENT_EXCLUSIVE;
    if (!waits)
        event->flags |= LP_EVENT_NONBLOCKING;
    if (!lock_range(task, fd, &lock, found.size, event)) {
        pending->event_count--;
        return false;
    }
    note_sqlite(tracer->tape, number, event);
    pending->may_wait = !unlock && waits;
    return true;
}

/* Does closing this descriptor give up a lock? */
static bool enter_close(struct lp_tracer *tracer, struct lp_task *task)
{
    const struct lp_tape *tape = tracer->tape;
    struct lp_inspected found;
    int fd = (int)task->pending.regs.args[task->pending.row->fd];
    bool any = false;
    for (size_t i = 0; i < tape->open_count && !any; i++)
        any = tape->holds[tape->open[i]].copy == task->copy &&
              tape->holds[tape->open[i]].family != LP_FAMILY_NAME;
    if (!any || lp_inspect_fd(task->pid, fd, &found) == -1)
        return false;
    for (size_t i = 0; i < tape->open_count; i++) {
        const struct lp_tape_hold *hold = &tape->holds[tape->open[i]];
        const struct lp_object *object = &tape->objects[hold->object];
        if (hold->copy != task->copy || hold->family == LP_FAMILY_NAME ||
            object->dev != found.dev || object->ino != found.ino)
            continue;
        if (hold->family == LP_FAMILY_POSIX ? hold->pid != (uint32_t)task->pid
                                            : lp_leave_shared(tracer, hold, task->pid, fd))
            continue;
        struct lp_event *event = add_event(task, LP_EVENT_UNLOCK, hold->object);
        event->family = hold->family;
        event->flags = LP_EVENT_BY_CLOSE;
        event->to = LP_RANGE_END;
        event->fd = fd;
        return true;
    }
    return false;
}

/* ---- names ---- */

static uint32_t name_object(struct lp_tracer *tracer, struct lp_task *task, int dir_arg,
                            int path_arg, char **kept)
{
    const struct lp_regs *regs = &task->pending.regs;
    char path[PATH_MAX], full[PATH_MAX];
    struct lp_inspected folder;
    int dirfd = dir_arg < 0 ? AT_FDCWD : (int)regs->args[dir_arg];
    if (lp_inspect_text(task->pid, regs->args[path_arg], path, sizeof path) == -1 || !path[0] ||
        lp_path_is_system(path) ||
        lp_inspect_name(task->pid, dirfd, path, &folder, full, sizeof full) == -1 ||
        lp_path_is_system(full))
        return LP_NO_OBJECT;
    free(*kept);
    *kept = lp_strdup(full);
    return lp_tape_object(tracer->tape, LP_OBJECT_NAME, folder.dev, folder.ino, folder.born, full);
}

static bool enter_name(struct lp_tracer *tracer, struct lp_task *task, enum lp_event_kind kind,
                       unsigned flags)
{
    const struct lp_sys_row *row = task->pending.row;
    uint32_t number = name_object(tracer, task, row->fd, row->path, &task->pending.path);
    if (number == LP_NO_OBJECT)
        return false;
    struct lp_event *event = add_event(task, kind, number);
    event->flags = (uint16_t)flags;
    event->family = flags & LP_EVENT_EXCLUSIVE ? LP_FAMILY_NAME : LP_FAMILY_NONE;
    event->to = flags & LP_EVENT_EXCLUSIVE ? LP_RANGE_END : 0;
    return true;
}

static uint64_t open_flags(const struct lp_task *task)
{
    const struct lp_regs *regs = &task->pending.regs;
    struct open_how how;
    switch (task->pending.row->nr) {
    case SYS_openat:
        return regs->args[2];
    case SYS_openat2:
        return lp_inspect_read(task->pid, regs->args[2], &how, sizeof how) == 0 ? how.flags : 0;
#ifdef SYS_creat
    case SYS_creat:
        return O_CREAT | O_TRUNC | O_WRONLY;
#endif
    default:
        return regs->args[1];
    }
}

static bool enter_open(struct lp_tracer *tracer, struct lp_task *task)
{
    uint64_t flags = open_flags(task);
    bool makes = flags & O_CREAT;
    struct lp_inspected found;
    if (makes && flags & O_EXCL)
        return enter_name(tracer, task, LP_EVENT_MAKE, LP_EVENT_EXCLUSIVE);
    if (!enter_name(tracer, task, makes ? LP_EVENT_MAKE : LP_EVENT_LOOK, 0))
        return false;
    if (lp_inspect_path(task->pid, task->pending.path, &found) == -1 || !found.regular)
        return true;
    task->pending.events[0].kind = LP_EVENT_LOOK; /* there is such a file */
    if (flags & O_TRUNC) {
        uint32_t number = lp_tape_object(tracer->tape, LP_OBJECT_FILE, found.dev, found.ino,
                                         found.born, task->pending.path);
        add_event(task, LP_EVENT_TRUNCATE, number)->to = LP_RANGE_END;
    }
    return true;
}

static bool enter_rename(struct lp_tracer *tracer, struct lp_task *task)
{
    int nr = task->pending.row->nr;
    bool at = nr == SYS_renameat || nr == SYS_renameat2;
    uint32_t from = name_object(tracer, task, at ? 0 : -1, at ? 1 : 0, &task->pending.path);
    uint32_t to = name_object(tracer, task, at ? 2 : -1, at ? 3 : 1, &task->pending.path2);
    if (from == LP_NO_OBJECT || to == LP_NO_OBJECT)
        return false;
    add_event(task, LP_EVENT_REMOVE, from)->flags = LP_EVENT_RENAMED;
    add_event(task, LP_EVENT_MAKE, to)->flags = LP_EVENT_RENAMED;
    return true;
}

/* What others share without the tape seeing it. */
static void enter_connect(struct lp_tracer *tracer, struct lp_task *task)
{
    const struct lp_regs *regs = &task->pending.regs;
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
        char bytes[sizeof(struct sockaddr_un) + 1];
    } address = {0};
    char text[200] = "", host[INET6_ADDRSTRLEN];
    size_t size = regs->args[2] < sizeof address.un ? regs->args[2] : sizeof address.un;
    if (task->pending.row->class == LP_SYS_SHMAT)
        snprintf(text, sizeof text, "System V shared memory");
    else if (size < sizeof address.any.sa_family ||
             lp_inspect_read(task->pid, regs->args[1], &address, size) == -1)
        return;
    else if (address.any.sa_family == AF_UNIX && address.un.sun_path[0])
        snprintf(text, sizeof text, "unix:%s", address.un.sun_path);
    else if (address.any.sa_family == AF_INET && address.in.sin_port)
        snprintf(text, sizeof text, "%s:%u",
                 inet_ntop(AF_INET, &address.in.sin_addr, host, sizeof host),
                 ntohs(address.in.sin_port));
    else if (address.any.sa_family == AF_INET6 && address.in6.sin6_port)
        snprintf(text, sizeof text, "[%s]:%u",
                 inet_ntop(AF_INET6, &address.in6.sin6_addr, host, sizeof host),
                 ntohs(address.in6.sin6_port));
    if (text[0] && !strstr(text, "/nscd/"))
        lp_tape_service(tracer->tape, text);
}

bool lp_enter_call(struct lp_tracer *tracer, struct lp_task *task)
{
    const struct lp_sys_row *row = task->pending.row;
    const struct lp_regs *regs = &task->pending.regs;
    switch (row->class) {
    case LP_SYS_READ:
        return enter_data(tracer, task, (int)regs->args[row->fd], false);
    case LP_SYS_WRITE:
        return enter_data(tracer, task, (int)regs->args[row->fd], true);
    case LP_SYS_COPY:
        return enter_copy(tracer, task);
    case LP_SYS_TRUNCATE:
        return enter_truncate(tracer, task);
    case LP_SYS_OPEN:
        return enter_open(tracer, task);
    case LP_SYS_CLOSE:
        return enter_close(tracer, task);
    case LP_SYS_FLOCK:
        return enter_flock(tracer, task);
    case LP_SYS_FCNTL:
        return enter_fcntl(tracer, task);
    case LP_SYS_MMAP:
        return enter_map(tracer, task);
    case LP_SYS_LOOK:
        return enter_name(tracer, task, LP_EVENT_LOOK, 0);
    case LP_SYS_MAKE:
        return enter_name(tracer, task, LP_EVENT_MAKE, LP_EVENT_EXCLUSIVE);
    case LP_SYS_REMOVE:
        return enter_name(tracer, task, LP_EVENT_REMOVE, 0);
    case LP_SYS_RENAME:
        return enter_rename(tracer, task);
    case LP_SYS_SHMAT:
    case LP_SYS_CONNECT:
        enter_connect(tracer, task);
        break;
    default: /* of time, and of times */
        break;
    }
    return false;
}
