/* SPDX-License-Identifier: MIT */
/* Clocks of other hosts: bounds from round trips (Cristian 1989), and histories moved by them. */
#include "run/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

/* Two clocks that ntpd steers drift apart by at most 500 ppm each (adjtimex(2)). */
#define DRIFT_PPM 1000

struct lp_offset lp_offset_of(uint64_t asked_ns, uint64_t answered_ns, uint64_t heard_ns)
{
    return (struct lp_offset){.known = true,
                              .low_ns = (int64_t)(answered_ns - heard_ns),
                              .high_ns = (int64_t)(answered_ns - asked_ns)};
}

static int64_t drift(uint64_t ns)
{
    return (int64_t)(ns / 1000 * DRIFT_PPM / 1000 + 1);
}

void lp_offset_follow(struct lp_offset *current, const struct lp_offset *sample, uint64_t lasted_ns)
{
    if (!sample->known || !current->known) {
        *current = sample->known ? *sample : *current;
        return;
    }
    int64_t low_ns = current->low_ns - drift(lasted_ns);
    int64_t high_ns = current->high_ns + drift(lasted_ns);
    low_ns = sample->low_ns > low_ns ? sample->low_ns : low_ns;
    high_ns = sample->high_ns < high_ns ? sample->high_ns : high_ns;
    /* Clocks that contradict what was known were set, or drift more than clocks do. */
    *current = low_ns <= high_ns ? (struct lp_offset){true, low_ns, high_ns} : *sample;
}

void lp_offset_cover(struct lp_offset *all, const struct lp_offset *sample, uint64_t apart_ns)
{
    int64_t low_ns = sample->low_ns - drift(apart_ns), high_ns = sample->high_ns + drift(apart_ns);
    if (!sample->known)
        return;
    if (!all->known || low_ns < all->low_ns)
        all->low_ns = low_ns;
    if (!all->known || high_ns > all->high_ns)
        all->high_ns = high_ns;
    all->known = true;
}

/* Never before boot: a clock that was ahead by more than it ran would wrap. */
static uint64_t moved(uint64_t ns, int64_t ahead_ns)
{
    return ahead_ns > 0 && ns < (uint64_t)ahead_ns ? 0 : ns - (uint64_t)ahead_ns;
}

/* Others have a token in that place. */
static bool has_attempt(const struct lp_record *record)
{
    return record->attempt_ns && (record->kind == LP_STEP_LOCK || record->kind == LP_STEP_UPGRADE ||
                                  record->kind == LP_STEP_BEGIN);
}

/* The earliest that it can have begun, the latest that it can have ended. */
static void move_record(struct lp_record *record, const struct lp_offset *offset)
{
    uint64_t invoke_ns = record->invoke_ns;
    record->invoke_ns = moved(invoke_ns, offset->high_ns);
    if (record->state == LP_RECORD_COMPLETE)
        record->complete_ns = moved(record->complete_ns, offset->low_ns);
    if (!has_attempt(record))
        return;
    if (record->attempt_ns == invoke_ns)
        record->attempt_ns = record->invoke_ns;
    else
        record->attempt_ns = moved(record->attempt_ns, offset->low_ns);
}

static int failed(struct lp_err *err, int fd, const char *name)
{
    int why = errno;
    if (fd != -1)
        close(fd);
    return lp_err_sys(err, LP_ERR_SELF, why, "unable to move the times of '%s'", name);
}

int lp_offset_apply(const struct lp_offset *offset, int folder_fd, const char *name,
                    struct lp_err *err)
{
    struct lp_record records[256];
    struct lp_history_header header;
    off_t at = LP_HISTORY_HEADER_SIZE;
    int fd = openat(folder_fd, name, O_RDWR | O_CLOEXEC);
    if (fd == -1 || pread(fd, &header, sizeof header, 0) != sizeof header)
        return failed(err, fd, name);
    if (header.start_ns)
        header.start_ns = moved(header.start_ns, offset->high_ns);
    header.widened_ns += (uint64_t)(offset->high_ns - offset->low_ns);
    if (pwrite(fd, &header, sizeof header, 0) != sizeof header)
        return failed(err, fd, name);
    for (ssize_t got; (got = pread(fd, records, sizeof records, at)) > 0; at += got) {
        got -= got % (ssize_t)sizeof records[0];
        if (got == 0)
            break;
        for (size_t i = 0; i < (size_t)got / sizeof records[0]; i++)
            if (records[i].state == LP_RECORD_INVOKED || records[i].state == LP_RECORD_COMPLETE)
                move_record(&records[i], offset);
        if (pwrite(fd, records, (size_t)got, at) != got)
            return failed(err, fd, name);
    }
    close(fd);
    return 0;
}

/* A state that no record has ends a file as one that goes on with something impossible. */
void lp_history_cut(int folder_fd, const char *name)
{
    struct lp_record mark = {.state = UINT32_MAX};
    struct stat status;
    int fd = openat(folder_fd, name, O_WRONLY | O_CLOEXEC);
    if (fd != -1 && fstat(fd, &status) == 0 && status.st_size >= LP_HISTORY_HEADER_SIZE) {
        off_t used = status.st_size - LP_HISTORY_HEADER_SIZE;
        off_t end = LP_HISTORY_HEADER_SIZE + used - used % (off_t)sizeof mark;
        if (pwrite(fd, &mark, sizeof mark, end) != sizeof mark)
            errno = 0; /* the header without an end says the same, less plainly */
    }
    if (fd != -1)
        close(fd);
}
