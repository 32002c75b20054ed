/* SPDX-License-Identifier: MIT */
/*
 * Virtual time. Sleeps do not sleep, they wait for lp_tracer_wake(); clocks tell the trial's own
 * time, which stands still while anybody can work. A program that reads the clock again and again
 * until a deadline sees it move: each reading takes a microsecond, and more when there are many of
 * them in a row. Clocks that are read without a call (vDSO) are hidden at exec, so that the C
 * library makes calls; the processor's own counter (RDTSC) is not touched.
 */
#include <elf.h>
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#include "base/units.h"
#include "program/inspect.h"
#include "program/tracer.h"

/* Where that clock begins: the same in every trial. */
#define MONOTONIC_START (UINT64_C(100000) * LP_SEC)
/* So many readings in a row, and each takes longer. */
#define READS_PATIENT 1000
#define RANDOM_MAX 4096

static bool is_real(uint64_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

static uint64_t clock_now(const struct lp_tracer *tracer, uint64_t clock)
{
    return tracer->now_ns + (is_real(clock) ? tracer->epoch.virtual_ns : MONOTONIC_START);
}

static void reading(struct lp_tracer *tracer)
{
    tracer->reads++;
    tracer->now_ns += tracer->reads < READS_PATIENT ? LP_US : LP_MS;
}

static int read_timespec(pid_t pid, uint64_t at, uint64_t *ns)
{
    struct timespec time;
    if (at == 0 || lp_inspect_read(pid, at, &time, sizeof time) == -1 || time.tv_sec < 0)
        return -1;
    uint64_t seconds = (uint64_t)time.tv_sec;
    *ns = seconds > UINT64_MAX / LP_SEC / 4 ? UINT64_MAX / 4
                                            : seconds * LP_SEC + (uint64_t)time.tv_nsec;
    return 0;
}

static void write_timespec(pid_t pid, uint64_t at, uint64_t ns)
{
    struct timespec time = {.tv_sec = (time_t)(ns / LP_SEC), .tv_nsec = (long)(ns % LP_SEC)};
    lp_inspect_write(pid, at, &time, sizeof time);
}

/* ---- clocks ---- */

static enum lp_clock_answer answer_clock(struct lp_tracer *tracer, struct lp_task *task)
{
    const struct lp_regs *regs = &task->pending.regs;
    switch (task->pending.row->nr) {
    case SYS_clock_gettime:
        /* Processor time and the like is left alone. */
        if (!is_real(regs->args[0]) && regs->args[0] != CLOCK_MONOTONIC &&
            regs->args[0] != CLOCK_MONOTONIC_RAW && regs->args[0] != CLOCK_MONOTONIC_COARSE &&
            regs->args[0] != CLOCK_BOOTTIME)
            return LP_CLOCK_MAKE_CALL;
        reading(tracer);
        write_timespec(task->pid, regs->args[1], clock_now(tracer, regs->args[0]));
        break;
    case SYS_gettimeofday: {
        reading(tracer);
        uint64_t now = clock_now(tracer, CLOCK_REALTIME);
        struct timeval time = {.tv_sec = (time_t)(now / LP_SEC),
                               .tv_usec = (suseconds_t)(now % LP_SEC / LP_US)};
        if (regs->args[0])
            lp_inspect_write(task->pid, regs->args[0], &time, sizeof time);
        break;
    }
    default: {
        reading(tracer);
        int64_t now = (int64_t)(clock_now(tracer, CLOCK_REALTIME) / LP_SEC);
        if (regs->args[0])
            lp_inspect_write(task->pid, regs->args[0], &now, sizeof now);
        lp_regs_skip(task->tid, now);
        return LP_CLOCK_ANSWERED;
    }
    }
    lp_regs_skip(task->tid, 0);
    return LP_CLOCK_ANSWERED;
}

/* Seeds of hash tables and names of temporary files: the same in every trial. */
static enum lp_clock_answer answer_random(struct lp_tracer *tracer, struct lp_task *task)
{
    const struct lp_regs *regs = &task->pending.regs;
    unsigned char bytes[RANDOM_MAX];
    size_t size = regs->args[1];
    if (size > sizeof bytes)
        return LP_CLOCK_MAKE_CALL;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)lp_random_next(&tracer->random);
    if (lp_inspect_write(task->pid, regs->args[0], bytes, size) == -1)
        return LP_CLOCK_MAKE_CALL;
    lp_regs_skip(task->tid, (int64_t)size);
    return LP_CLOCK_ANSWERED;
}

/* ---- sleeps ---- */

static enum lp_clock_answer fall_asleep(struct lp_task *task, uint64_t wake_ns)
{
    task->pending.wake_ns = wake_ns;
    return LP_CLOCK_SLEEPS;
}

static enum lp_clock_answer sleep_call(struct lp_tracer *tracer, struct lp_task *task)
{
    const struct lp_regs *regs = &task->pending.regs;
    bool old = task->pending.row->nr == SYS_nanosleep;
    uint64_t ns, now = tracer->now_ns;
    if (read_timespec(task->pid, regs->args[old ? 0 : 2], &ns) == -1)
        return LP_CLOCK_MAKE_CALL;
    if (!old && regs->args[1] & TIMER_ABSTIME) {
        uint64_t start = clock_now(tracer, regs->args[0]) - now;
        ns = ns > start + now ? ns - start - now : 0;
    }
    return fall_asleep(task, now + ns);
}

/* Which argument holds the time-out: its number, and whether it is a count of ms. */
static void timeout_of(const struct lp_task *task, int *arg, bool *in_ms, bool *in_timeval)
{
    *in_ms = *in_timeval = false;
    switch (task->pending.row->nr) {
    case SYS_ppoll:
        *arg = 2;
        break;
    case SYS_pselect6:
        *arg = 4;
        break;
#ifdef SYS_select
    case SYS_poll:
        *arg = 2;
        *in_ms = true;
        break;
    case SYS_select:
        *arg = 4;
        *in_timeval = true;
        break;
#endif
    default: /* epoll_wait, epoll_pwait */
        *arg = 3;
        *in_ms = true;
    }
}

/* The time-out becomes 0: the call looks and comes back at once. */
static void make_it_look(struct lp_task *task, int arg, bool in_ms)
{
    struct lp_pending *pending = &task->pending;
    uint64_t args[6];
    memcpy(args, pending->regs.args, sizeof args);
    if (in_ms) {
        args[arg] = 0;
        lp_regs_set_args(task->tid, args);
        return;
    }
    static const uint64_t zero[2] = {0, 0};
    pending->saved_at = args[arg];
    lp_inspect_read(task->pid, args[arg], pending->saved, sizeof pending->saved);
    lp_inspect_write(task->pid, args[arg], zero, sizeof zero);
}

static enum lp_clock_answer wait_fd_call(struct lp_tracer *tracer, struct lp_task *task)
{
    struct lp_pending *pending = &task->pending;
    int arg;
    bool in_ms, in_timeval;
    uint64_t ns;
    timeout_of(task, &arg, &in_ms, &in_timeval);
    uint64_t given = pending->regs.args[arg];
    if (in_ms) {
        if ((int)given <= 0)
            return LP_CLOCK_MAKE_CALL; /* does not wait, or without end */
        ns = (uint64_t)(int)given * LP_MS;
    } else {
        struct timeval time;
        if (given == 0)
            return LP_CLOCK_MAKE_CALL;
        if (in_timeval) {
            if (lp_inspect_read(task->pid, given, &time, sizeof time) == -1)
                return LP_CLOCK_MAKE_CALL;
            ns = (uint64_t)time.tv_sec * LP_SEC + (uint64_t)time.tv_usec * LP_US;
        } else if (read_timespec(task->pid, given, &ns) == -1) {
            return LP_CLOCK_MAKE_CALL;
        }
        if (ns == 0)
            return LP_CLOCK_MAKE_CALL;
    }
    if (pending->wake_ns == 0)
        pending->wake_ns = tracer->now_ns + ns;
    pending->tried = true;
    make_it_look(task, arg, in_ms);
    return LP_CLOCK_MAKE_CALL;
}

bool lp_clock_again(struct lp_tracer *tracer, struct lp_task *task, int64_t result)
{
    struct lp_pending *pending = &task->pending;
    (void)tracer;
    if (pending->saved_at)
        lp_inspect_write(task->pid, pending->saved_at, pending->saved, sizeof pending->saved);
    pending->saved_at = 0;
    return result == 0 && !pending->expired;
}

static enum lp_clock_answer futex_call(struct lp_tracer *tracer, struct lp_task *task)
{
    struct lp_pending *pending = &task->pending;
    const struct lp_regs *regs = &pending->regs;
    uint32_t word;
    uint64_t ns;
    if (read_timespec(task->pid, regs->args[3], &ns) == -1)
        return LP_CLOCK_MAKE_CALL; /* no time-out: really waits */
    if (lp_inspect_read(task->pid, regs->args[0], &word, sizeof word) == -1 ||
        word != (uint32_t)regs->args[2])
        return LP_CLOCK_MAKE_CALL; /* comes back at once */
    if ((regs->args[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET) {
        uint64_t clock = regs->args[1] & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC;
        uint64_t start = clock_now(tracer, clock) - tracer->now_ns;
        ns = ns > start + tracer->now_ns ? ns - start - tracer->now_ns : 0;
    }
    return fall_asleep(task, tracer->now_ns + ns);
}

enum lp_clock_answer lp_clock_call(struct lp_tracer *tracer, struct lp_task *task)
{
    switch (task->pending.row->class) {
    case LP_SYS_CLOCK:
        return answer_clock(tracer, task);
    case LP_SYS_RANDOM:
        return answer_random(tracer, task);
    case LP_SYS_SLEEP:
        return sleep_call(tracer, task);
    case LP_SYS_WAIT_FD:
        return wait_fd_call(tracer, task);
    case LP_SYS_FUTEX:
        return futex_call(tracer, task);
    default:
        return LP_CLOCK_MAKE_CALL;
    }
}

/* ---- waking ---- */

struct lp_task *lp_tracer_sleeper(const struct lp_tracer *tracer, uint32_t copy)
{
    struct lp_task *first = NULL;
    for (size_t i = 0; i < tracer->task_count; i++) {
        struct lp_task *task = tracer->tasks[i];
        if (task->state != LP_TASK_ASLEEP || (copy != UINT32_MAX && task->copy != copy))
            continue;
        if (!first || task->pending.wake_ns < first->pending.wake_ns)
            first = task;
    }
    return first;
}

void lp_tracer_wake(struct lp_tracer *tracer, struct lp_task *task)
{
    struct lp_pending *pending = &task->pending;
    if (pending->wake_ns > tracer->now_ns)
        tracer->now_ns = pending->wake_ns;
    lp_ages_note(tracer);
    pending->expired = true;
    if (pending->row->class != LP_SYS_WAIT_FD)
        lp_regs_skip(task->tid, pending->row->class == LP_SYS_FUTEX ? -ETIMEDOUT : 0);
    lp_task_resume(task, 0);
}

void lp_tracer_look_again(struct lp_tracer *tracer, uint32_t copy)
{
    uint32_t word;
    for (size_t i = 0; i < tracer->task_count; i++) {
        struct lp_task *task = tracer->tasks[i];
        const struct lp_pending *pending = &task->pending;
        if (task->copy != copy || task->state != LP_TASK_ASLEEP)
            continue;
        bool may = pending->row->class == LP_SYS_WAIT_FD;
        if (pending->row->class == LP_SYS_FUTEX)
            may = lp_inspect_read(task->pid, pending->regs.args[0], &word, sizeof word) == 0 &&
                  word != (uint32_t)pending->regs.args[2];
        if (may)
            lp_task_resume(task, 0);
    }
}

/* ---- the clock without a call ---- */

static uint64_t skip_pointers(pid_t pid, uint64_t at)
{
    uint64_t value;
    do {
        if (lp_inspect_read(pid, at, &value, sizeof value) == -1)
            return 0;
        at += sizeof value;
    } while (value != 0);
    return at;
}

/* The stack at the first instruction: argc, argv, 0, environment, 0, auxiliary vector (System V
   ABI, process initialization). */
void lp_clock_hide(pid_t pid)
{
    uint64_t at = lp_regs_stack(pid);
    if (at == 0)
        return;
    at = skip_pointers(pid, at + sizeof(uint64_t));
    at = at ? skip_pointers(pid, at) : 0;
    Elf64_auxv_t entry;
    while (at && lp_inspect_read(pid, at, &entry, sizeof entry) == 0 && entry.a_type != AT_NULL) {
        if (entry.a_type == AT_SYSINFO_EHDR) {
            entry.a_type = AT_IGNORE;
            lp_inspect_write(pid, at, &entry, sizeof entry);
        }
        at += sizeof entry;
    }
}
