/* SPDX-License-Identifier: MIT */
/*
 * Times of files, in virtual time. The kernel stamps a file with the real time, while a program
 * that asks how old it is (a lock that goes stale, a cache) reads the virtual clock: after a sleep
 * of a minute that took no time, what it wrote before the sleep has to be a minute old.
 *
 * So it is noted at what real time virtual time moved on, and stamps are told as of then. Stamps
 * are as coarse as the kernel's tick (CLOCK_REALTIME_COARSE, clock_gettime(2)): between what was
 * written before time moved and what is written after it, a tick is waited for. Only where a second
 * or more has passed; times are told as much too early at most.
 *
 * Files from before the exploration keep their times: interpreters compare them with what they
 * have stored. The virtual calendar is a day ahead, so that a time that a program sets itself
 * (utimensat(2)) is known by being in the future.
 */
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/str.h"
#include "base/units.h"
#include "os/clock.h"
#include "program/arch.h"
#include "program/inspect.h"
#include "program/tracer.h"

#define STEP_NS LP_SEC
#define LOOK_NS (200 * LP_US)
#define AHEAD_NS (86400 * LP_SEC)

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * LP_SEC + (uint64_t)now.tv_nsec;
}

static uint64_t next_tick_ns(void)
{
    uint64_t before_ns = clock_ns(CLOCK_REALTIME_COARSE), after_ns;
    while ((after_ns = clock_ns(CLOCK_REALTIME_COARSE)) == before_ns)
        lp_clock_sleep_until(lp_clock_ns() + LOOK_NS);
    return after_ns;
}

static void add(struct lp_tracer *tracer)
{
    tracer->ages =
        lp_grow(tracer->ages, &tracer->age_cap, tracer->age_count + 1, sizeof *tracer->ages);
    tracer->ages[tracer->age_count++] =
        (struct lp_age){.real_ns = next_tick_ns(), .now_ns = tracer->now_ns};
}

struct lp_epoch lp_epoch_now(void)
{
    uint64_t real_ns = next_tick_ns();
    return (struct lp_epoch){real_ns, real_ns + AHEAD_NS};
}

void lp_ages_begin(struct lp_tracer *tracer)
{
    tracer->age_count = 0;
    add(tracer);
}

void lp_ages_note(struct lp_tracer *tracer)
{
    if (tracer->now_ns - tracer->ages[tracer->age_count - 1].now_ns >= STEP_NS)
        add(tracer);
}

static uint64_t told_ns(const struct lp_tracer *tracer, uint64_t stamp_ns)
{
    const struct lp_age *first = &tracer->ages[0];
    uint64_t start_ns = tracer->epoch.virtual_ns;
    if (stamp_ns < tracer->epoch.real_ns || stamp_ns > clock_ns(CLOCK_REALTIME))
        return stamp_ns; /* an old file; or set by the program */
    if (stamp_ns < first->real_ns)
        return start_ns - (first->real_ns - stamp_ns);
    size_t at = tracer->age_count - 1;
    while (tracer->ages[at].real_ns > stamp_ns)
        at--;
    return start_ns + tracer->ages[at].now_ns;
}

static void tell_timespec(const struct lp_tracer *tracer, const struct lp_task *task, uint64_t at)
{
    struct timespec time;
    if (lp_inspect_read(task->pid, at, &time, sizeof time) == -1 || time.tv_sec < 0)
        return;
    uint64_t ns = told_ns(tracer, (uint64_t)time.tv_sec * LP_SEC + (uint64_t)time.tv_nsec);
    time = (struct timespec){.tv_sec = (time_t)(ns / LP_SEC), .tv_nsec = (long)(ns % LP_SEC)};
    lp_inspect_write(task->pid, at, &time, sizeof time);
}

static void tell_statx(const struct lp_tracer *tracer, const struct lp_task *task, uint64_t at)
{
    static const size_t offsets[] = {
        offsetof(struct statx, stx_atime), offsetof(struct statx, stx_btime),
        offsetof(struct statx, stx_ctime), offsetof(struct statx, stx_mtime)};
    struct statx_timestamp time;
    for (size_t i = 0; i < LP_ARRAY_LEN(offsets); i++) {
        if (lp_inspect_read(task->pid, at + offsets[i], &time, sizeof time) == -1 ||
            time.tv_sec <= 0)
            continue;
        uint64_t ns = told_ns(tracer, (uint64_t)time.tv_sec * LP_SEC + time.tv_nsec);
        time.tv_sec = (int64_t)(ns / LP_SEC);
        time.tv_nsec = (uint32_t)(ns % LP_SEC);
        lp_inspect_write(task->pid, at + offsets[i], &time, sizeof time);
    }
}

static void tell_stat(const struct lp_tracer *tracer, const struct lp_task *task, uint64_t at)
{
    tell_timespec(tracer, task, at + offsetof(struct stat, st_atim));
    tell_timespec(tracer, task, at + offsetof(struct stat, st_mtim));
    tell_timespec(tracer, task, at + offsetof(struct stat, st_ctim));
}

bool lp_ages_asked(const struct lp_sys_row *row)
{
    switch (row->nr) {
    case SYS_fstat:
    case SYS_newfstatat:
    case SYS_statx:
#ifdef SYS_stat
    case SYS_stat:
    case SYS_lstat:
#endif
        return true;
    default:
        return false;
    }
}

bool lp_ages_of_open_file(const struct lp_task *task)
{
    const struct lp_regs *regs = &task->pending.regs;
    switch (task->pending.row->nr) {
    case SYS_newfstatat:
        return regs->args[3] & AT_EMPTY_PATH;
    case SYS_statx:
        return regs->args[2] & AT_EMPTY_PATH;
    default:
        return false;
    }
}

void lp_ages_tell(const struct lp_tracer *tracer, const struct lp_task *task)
{
    const struct lp_regs *regs = &task->pending.regs;
    if (tracer->age_count == 0 || regs->result != 0)
        return;
    switch (task->pending.row->nr) {
    case SYS_statx:
        tell_statx(tracer, task, regs->args[4]);
        break;
    case SYS_newfstatat:
        tell_stat(tracer, task, regs->args[2]);
        break;
    default:
        tell_stat(tracer, task, regs->args[1]);
    }
}
