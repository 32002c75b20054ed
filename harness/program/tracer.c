/* SPDX-License-Identifier: MIT */
/*
 * The tracer's loop. Copies are seized (PTRACE_SEIZE), so that stops by job control are told from
 * those of tracing, and all that they start is seized with them. A call of the filter's is a stop
 * before it; only those that matter are stopped behind it too.
 */
#include "program/tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"
#include "os/clock.h"
#include "program/inspect.h"

#define YIELDS 3
#define STOPS_AT_ONCE 64
#define SYSCALL_STOP (SIGTRAP | 0x80)

uint64_t lp_tracer_now(const struct lp_tracer *tracer)
{
    return tracer->clocks ? tracer->now_ns : lp_clock_ns();
}

/* ---- tasks ---- */

static struct lp_task *find_task(const struct lp_tracer *tracer, pid_t tid)
{
    for (size_t i = 0; i < tracer->task_count; i++)
        if (tracer->tasks[i]->tid == tid)
            return tracer->tasks[i];
    return NULL;
}

struct lp_task *lp_tracer_add_task(struct lp_tracer *tracer, pid_t tid)
{
    struct lp_task *task = lp_alloc(1, sizeof *task);
    task->tid = task->pid = tid;
    tracer->tasks =
        lp_grow(tracer->tasks, &tracer->task_cap, tracer->task_count + 1, sizeof *tracer->tasks);
    tracer->tasks[tracer->task_count++] = task;
    return task;
}

void lp_pending_clear(struct lp_pending *pending)
{
    free(pending->path);
    free(pending->path2);
    *pending = (struct lp_pending){0};
}

/* Keeps the order of the others: a copy's tasks are taken in the order in which they began. */
static void remove_task(struct lp_tracer *tracer, struct lp_task *task)
{
    size_t at = 0;
    while (tracer->tasks[at] != task)
        at++;
    memmove(&tracer->tasks[at], &tracer->tasks[at + 1],
            (tracer->task_count - at - 1) * sizeof(struct lp_task *));
    tracer->task_count--;
    lp_pending_clear(&task->pending);
    free(task);
}

void lp_task_resume(struct lp_task *task, int signal)
{
    task->state = LP_TASK_RUNNING;
    ptrace(PTRACE_CONT, task->tid, NULL, (void *)(intptr_t)signal);
}

/* To the stop behind the call. */
static void resume_to_end(struct lp_task *task)
{
    task->state = LP_TASK_RUNNING;
    task->in_call = true;
    ptrace(PTRACE_SYSCALL, task->tid, NULL, NULL);
}

/* ---- a call ---- */

static void hold_or_go(struct lp_tracer *tracer, struct lp_task *task)
{
    task->state = LP_TASK_HELD;
    task->waits = false;
    tracer->reads = 0;
    if (tracer->gate && task->pending.visible && tracer->gate(tracer->self, tracer, task))
        return;
    lp_tracer_go(tracer, task);
}

static void time_call(struct lp_tracer *tracer, struct lp_task *task)
{
    switch (lp_clock_call(tracer, task)) {
    case LP_CLOCK_MAKE_CALL:
        if (task->pending.tried)
            resume_to_end(task);
        else
            lp_task_resume(task, 0);
        break;
    case LP_CLOCK_ANSWERED:
        lp_task_resume(task, 0);
        break;
    case LP_CLOCK_SLEEPS:
        tracer->reads = 0;
        task->state = LP_TASK_ASLEEP;
        break;
    }
}

/* As the kernel answers who would close a circle of waiting processes. */
static void answer_deadlock(struct lp_tracer *tracer, struct lp_task *task)
{
    lp_regs_skip(task->tid, -EDEADLK);
    task->pending.regs.result = -EDEADLK;
    lp_enter_go(tracer, task);
    lp_leave_call(tracer, task);
    lp_pending_clear(&task->pending);
    lp_task_resume(task, 0);
}

static void call_begins(struct lp_tracer *tracer, struct lp_task *task, unsigned long message)
{
    struct lp_pending *pending = &task->pending;
    struct lp_regs regs;
    if (message == LP_SYS_FOREIGN)
        tracer->tape->foreign = true;
    const struct lp_sys_row *row = NULL;
    if (message == LP_SYS_TRACED && lp_regs_load(task->tid, &regs) == 0)
        row = lp_sys_find(regs.nr);
    if (!row) {
        lp_task_resume(task, 0);
        return;
    }
    bool again = pending->again, deadlock = pending->deadlock;
    if (!again)
        lp_pending_clear(pending);
    pending->again = false;
    pending->row = row;
    pending->regs = regs;
    if (row->class == LP_SYS_FSTAT) {
        resume_to_end(task);
        return;
    }
    if (row->class >= LP_SYS_SLEEP) {
        time_call(tracer, task);
        return;
    }
    lp_pending_clear(pending);
    pending->row = row;
    pending->regs = regs;
    if (!lp_enter_call(tracer, task)) {
        if (pending->drop)
            lp_regs_skip(task->tid, (int64_t)regs.args[2]);
        if (tracer->clocks && lp_ages_of_open_file(task))
            resume_to_end(task);
        else
            lp_task_resume(task, 0);
        return;
    }
    pending->visible = true;
    task->state = LP_TASK_HELD;
    task->waits = false;
    if (deadlock) {
        answer_deadlock(tracer, task);
    } else if (again) {
        lp_tracer_go(tracer, task); /* it was held once, and let go */
    } else {
        tracer->copies[task->copy].calls++;
        hold_or_go(tracer, task);
    }
}

/* A lock call that waits becomes an attempt that does not. A flock that would convert lets go of
   the old mode in both cases (flock(2)), so nothing is different but the waiting. */
static void make_it_try(struct lp_task *task)
{
    struct lp_pending *pending = &task->pending;
    uint64_t args[6];
    memcpy(args, pending->regs.args, sizeof args);
    if (pending->row->class == LP_SYS_FLOCK)
        args[1] |= LOCK_NB;
    else
        args[1] = args[1] == F_SETLKW ? F_SETLK : F_OFD_SETLK;
    lp_regs_set_args(task->tid, args);
    pending->tried = true;
}

void lp_tracer_go(struct lp_tracer *tracer, struct lp_task *task)
{
    struct lp_pending *pending = &task->pending;
    if (!pending->row) { /* its end */
        lp_leave_process(tracer, task);
        lp_task_resume(task, 0);
        return;
    }
    if (pending->again) { /* stopped behind a lock call that found it taken: it is made once more */
        lp_task_resume(task, 0);
        return;
    }
    lp_enter_go(tracer, task);
    if (pending->may_wait && tracer->trying)
        make_it_try(task);
    resume_to_end(task);
}

/* The attempt found the lock taken: held before the same call again. */
static bool has_to_wait(struct lp_tracer *tracer, struct lp_task *task)
{
    struct lp_pending *pending = &task->pending;
    int64_t result = pending->regs.result;
    if (!tracer->trying || !pending->may_wait || !pending->tried ||
        (result != -EAGAIN && result != -EACCES))
        return false;
    uint64_t args[6];
    memcpy(args, pending->regs.args, sizeof args);
    lp_regs_again(task->tid, pending->regs.nr, args);
    lp_leave_conversion(tracer, task);
    return true;
}

static void call_ends(struct lp_tracer *tracer, struct lp_task *task)
{
    struct lp_pending *pending = &task->pending;
    struct lp_regs now;
    task->in_call = false;
    if (!pending->row || lp_regs_load(task->tid, &now) == -1) {
        lp_task_resume(task, 0);
        return;
    }
    pending->regs.result = now.result;
    if (lp_ages_asked(pending->row)) {
        lp_ages_tell(tracer, task);
        if (!pending->visible) {
            lp_pending_clear(pending);
            lp_task_resume(task, 0);
            return;
        }
    }
    if (pending->row->class == LP_SYS_WAIT_FD) {
        if (lp_clock_again(tracer, task, now.result)) {
            lp_regs_again(task->tid, pending->regs.nr, pending->regs.args);
            pending->again = true;
            task->state = LP_TASK_ASLEEP;
        } else {
            lp_pending_clear(pending);
            lp_task_resume(task, 0);
        }
        return;
    }
    if (has_to_wait(tracer, task)) {
        pending->again = true;
        task->waits = true;
        task->state = LP_TASK_HELD;
        if (tracer->after)
            tracer->after(tracer->self, tracer, task, LP_NO_EVENT);
        return;
    }
    uint32_t event = lp_leave_call(tracer, task);
    if (tracer->after)
        tracer->after(tracer->self, tracer, task, event);
    lp_pending_clear(pending);
    lp_task_resume(task, 0);
}

/* ---- other stops ---- */

static void adopt(struct lp_task *child, const struct lp_task *parent)
{
    child->copy = parent->copy;
    child->pid = lp_inspect_tgid(child->tid);
}

static void has_child(struct lp_tracer *tracer, struct lp_task *parent, pid_t tid)
{
    struct lp_task *child = find_task(tracer, tid);
    if (child && child->state == LP_TASK_NEW) {
        adopt(child, parent);
        lp_task_resume(child, 0);
    } else if (!child) {
        child = lp_tracer_add_task(tracer, tid);
        child->state = LP_TASK_RUNNING;
        adopt(child, parent);
    }
}

/* One thread remains of the process, under the process's number. */
static void has_executed(struct lp_tracer *tracer, struct lp_task *task)
{
    for (size_t i = tracer->task_count; i-- > 0;) {
        struct lp_task *other = tracer->tasks[i];
        if (other != task && other->pid == task->pid)
            remove_task(tracer, other);
    }
    lp_pending_clear(&task->pending);
    task->exiting = false;
    task->in_call = false;
    if (tracer->clocks)
        lp_clock_hide(task->pid);
}

static void is_exiting(struct lp_tracer *tracer, struct lp_task *task)
{
    task->exiting = true;
    lp_pending_clear(&task->pending);
    task->pending.visible = lp_leave_holds_any(tracer, task);
    hold_or_go(tracer, task);
}

static bool is_job_control(int signal)
{
    return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

static void traced_event(struct lp_tracer *tracer, struct lp_task *task, int event, int signal)
{
    unsigned long message = 0;
    ptrace(PTRACE_GETEVENTMSG, task->tid, NULL, &message);
    switch (event) {
    case PTRACE_EVENT_SECCOMP:
        call_begins(tracer, task, message);
        return;
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE:
        task->vforked = event == PTRACE_EVENT_VFORK;
        has_child(tracer, task, (pid_t)message);
        break;
    case PTRACE_EVENT_VFORK_DONE:
        task->vforked = false;
        break;
    case PTRACE_EVENT_EXEC:
        has_executed(tracer, task);
        break;
    case PTRACE_EVENT_EXIT:
        is_exiting(tracer, task);
        return;
    case PTRACE_EVENT_STOP:
        if (is_job_control(signal)) {
            ptrace(PTRACE_LISTEN, task->tid, NULL, NULL);
            return;
        }
        break;
    default:
        break;
    }
    lp_task_resume(task, 0);
}

static void has_ended(struct lp_tracer *tracer, pid_t tid, int status)
{
    struct lp_task *task = find_task(tracer, tid);
    if (!task)
        return;
    struct lp_copy *copy = &tracer->copies[task->copy];
    if (!task->exiting) { /* killed without a word */
        task->exiting = true;
        lp_leave_process(tracer, task);
    }
    if (copy->root == tid && copy->running) {
        const struct lp_event event = {.invoke_ns = lp_tracer_now(tracer),
                                       .complete_ns = lp_tracer_now(tracer),
                                       .object = LP_NO_OBJECT,
                                       .copy = task->copy,
                                       .pid = (uint32_t)tid,
                                       .call = copy->calls,
                                       .result = status,
                                       .kind = LP_EVENT_EXIT,
                                       .fd = -1};
        copy->running = false;
        copy->status = status;
        copy->ended_ns = lp_clock_ns();
        lp_tape_add(tracer->tape, &event);
    }
    remove_task(tracer, task);
}

static void handle(struct lp_tracer *tracer, pid_t tid, int status)
{
    tracer->progress++;
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
        has_ended(tracer, tid, status);
        return;
    }
    struct lp_task *task = find_task(tracer, tid);
    if (!task) {
        lp_tracer_add_task(tracer, tid)->state = LP_TASK_NEW;
        return;
    }
    int event = status >> 16, signal = WSTOPSIG(status);
    if (event)
        traced_event(tracer, task, event, signal);
    else if (signal == SYSCALL_STOP && task->in_call)
        call_ends(tracer, task);
    else
        lp_task_resume(task, signal == SYSCALL_STOP ? 0 : signal);
}

/* ---- the loop ---- */

static void wait_for_signal(struct lp_tracer *tracer, uint64_t deadline_ns)
{
    uint64_t now = lp_clock_ns();
    uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
    const struct timespec time = {.tv_sec = (time_t)(left / LP_SEC),
                                  .tv_nsec = (long)(left % LP_SEC)};
    int signal = sigtimedwait(&tracer->signals, NULL, &time);
    if (signal > 0 && signal != SIGCHLD)
        tracer->interrupted = true;
}

/* All stops that are there are taken before the first is answered: waitpid asks the eldest first,
   which would let one copy run from stop to stop while the others wait for their turn. */
static unsigned drain(struct lp_tracer *tracer)
{
    struct {
        pid_t tid;
        int status;
    } stops[STOPS_AT_ONCE];
    unsigned count = 0;
    while (count < STOPS_AT_ONCE &&
           (stops[count].tid = waitpid(-1, &stops[count].status, __WALL | WNOHANG)) > 0)
        count++;
    for (unsigned i = 0; i < count; i++)
        handle(tracer, stops[i].tid, stops[i].status);
    return count;
}

unsigned lp_tracer_turn(struct lp_tracer *tracer, uint64_t deadline_ns)
{
    unsigned count = drain(tracer);
    /* On the same processor a task that was just let go mostly stops again before its time is up:
       cheaper than to be woken by a signal. */
    for (unsigned i = 0; i < YIELDS && count == 0; i++) {
        sched_yield();
        count = drain(tracer);
    }
    while (count == 0 && !tracer->interrupted && lp_clock_ns() < deadline_ns) {
        wait_for_signal(tracer, deadline_ns);
        count = drain(tracer);
    }
    return count;
}
