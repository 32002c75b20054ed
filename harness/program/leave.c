/* SPDX-License-Identifier: MIT */
/*
 * During and after a call: what came of it goes on the tape, and the locks that are held follow.
 *
 * A lock is given up from the moment in which that is asked for, and held from the moment in which
 * the grant is seen, so that what the tape calls held was held.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "program/inspect.h"
#include "program/tracer.h"

/* Results that the kernel keeps to itself: the call is made again after a signal. */
#define RESTART_FIRST (-512)
#define RESTART_LAST (-516)

static bool is_restarted(int64_t result)
{
    return result <= RESTART_FIRST && result >= RESTART_LAST;
}

/* ---- giving up ---- */

bool lp_leave_shared(const struct lp_tracer *tracer, const struct lp_tape_hold *hold, pid_t but_pid,
                     int but_fd)
{
    const struct lp_object *object = &tracer->tape->objects[hold->object];
    bool ofd = hold->family == LP_FAMILY_OFD;
    pid_t last = 0;
    for (size_t i = 0; i < tracer->task_count; i++) {
        const struct lp_task *task = tracer->tasks[i];
        if (task->copy != hold->copy || task->pid == last || task->state == LP_TASK_NEW)
            continue;
        last = task->pid;
        if (task->pid == but_pid && but_fd == -1)
            continue;
        int but = task->pid == but_pid ? but_fd : -1;
        if (lp_inspect_holds(task->pid, object->dev, object->ino, ofd, but))
            return true;
    }
    return false;
}

static uint32_t add_to_tape(struct lp_tracer *tracer, struct lp_task *task, struct lp_event *event)
{
    struct lp_copy *copy = &tracer->copies[task->copy];
    event->complete_ns = lp_tracer_now(tracer);
    event->call = copy->calls;
    return lp_tape_add(tracer->tape, event);
}

/* A close that ends a hold is its release when it is of the descriptor that was locked; of another
   one of the same file it is the trap of fcntl locks. */
static void give_up(struct lp_tracer *tracer, struct lp_task *task, struct lp_event *event)
{
    struct lp_tape *tape = tracer->tape;
    uint32_t number = add_to_tape(tracer, task, event);
    if (number == LP_NO_EVENT)
        return;
    if (!(event->flags & LP_EVENT_BY_CLOSE)) {
        lp_tape_let_go(tape, number, false);
        return;
    }
    for (size_t i = tape->open_count; i-- > 0;) {
        const struct lp_tape_hold *hold = &tape->holds[tape->open[i]];
        if (hold->copy != task->copy || hold->object != event->object ||
            hold->family != event->family)
            continue;
        bool trap = hold->family == LP_FAMILY_POSIX && hold->fd != event->fd;
        if (hold->family != LP_FAMILY_POSIX || hold->pid == (uint32_t)task->pid)
            lp_tape_end_hold(tape, tape->open[i], number, trap);
    }
}

/* A copy's own name is given up when its removal is asked for: before the answer is seen another
   may have made it anew. */
static void give_up_name(struct lp_tracer *tracer, struct lp_task *task,
                         const struct lp_event *removal)
{
    const struct lp_tape *tape = tracer->tape;
    for (size_t i = 0; i < tape->open_count; i++) {
        const struct lp_tape_hold *hold = &tape->holds[tape->open[i]];
        if (hold->family != LP_FAMILY_NAME || hold->object != removal->object ||
            hold->copy != task->copy)
            continue;
        struct lp_event event = *removal;
        event.kind = LP_EVENT_UNLOCK;
        event.family = LP_FAMILY_NAME;
        task->pending.gave_up = add_to_tape(tracer, task, &event);
        return;
    }
}

/* A name that is removed is nobody's any more, and one that is replaced is nobody else's. What was
   made while this was on its way may be the name that came after it, and stays. */
static void end_names(struct lp_tracer *tracer, const struct lp_event *removal, uint32_t number,
                      uint32_t gave_up)
{
    struct lp_tape *tape = tracer->tape;
    for (size_t i = tape->open_count; i-- > 0;) {
        const struct lp_tape_hold *hold = &tape->holds[tape->open[i]];
        if (hold->family != LP_FAMILY_NAME || hold->object != removal->object)
            continue;
        if (hold->copy != removal->copy &&
            tape->events[hold->acquire].complete_ns <= removal->invoke_ns)
            lp_tape_end_hold(tape, tape->open[i], number, true);
        else if (hold->copy == removal->copy && removal->kind == LP_EVENT_REMOVE &&
                 hold->acquire < gave_up)
            lp_tape_end_hold(tape, tape->open[i], gave_up, false);
    }
}

void lp_enter_go(struct lp_tracer *tracer, struct lp_task *task)
{
    struct lp_pending *pending = &task->pending;
    for (unsigned i = 0; i < pending->event_count; i++) {
        struct lp_event *event = &pending->events[i];
        event->invoke_ns = lp_tracer_now(tracer);
        if (event->kind == LP_EVENT_UNLOCK)
            give_up(tracer, task, event);
        else if (event->kind == LP_EVENT_REMOVE)
            give_up_name(tracer, task, event);
    }
}

/* ---- the end of a process ---- */

static bool ends_with(const struct lp_tracer *tracer, const struct lp_task *task,
                      const struct lp_tape_hold *hold)
{
    if (hold->copy != task->copy || hold->family == LP_FAMILY_NAME)
        return false;
    if (hold->family == LP_FAMILY_POSIX)
        return hold->pid == (uint32_t)task->pid;
    return !lp_leave_shared(tracer, hold, task->pid, -1);
}

/* Other threads keep the descriptors open. */
static bool is_last_thread(const struct lp_tracer *tracer, const struct lp_task *task)
{
    for (size_t i = 0; i < tracer->task_count; i++) {
        const struct lp_task *other = tracer->tasks[i];
        if (other != task && other->pid == task->pid && !other->exiting)
            return false;
    }
    return true;
}

bool lp_leave_holds_any(const struct lp_tracer *tracer, const struct lp_task *task)
{
    const struct lp_tape *tape = tracer->tape;
    bool any = false;
    for (size_t i = 0; i < tape->open_count && !any; i++)
        any = tape->holds[tape->open[i]].copy == task->copy;
    if (!any || !is_last_thread(tracer, task))
        return false;
    for (size_t i = 0; i < tape->open_count; i++)
        if (ends_with(tracer, task, &tape->holds[tape->open[i]]))
            return true;
    return false;
}

void lp_leave_process(struct lp_tracer *tracer, const struct lp_task *task)
{
    struct lp_tape *tape = tracer->tape;
    if (!is_last_thread(tracer, task))
        return;
    for (size_t i = tape->open_count; i-- > 0;) {
        uint32_t number = tape->open[i];
        const struct lp_tape_hold *hold = &tape->holds[number];
        if (!ends_with(tracer, task, hold))
            continue;
        const struct lp_event event = {
            .invoke_ns = lp_tracer_now(tracer),
            .complete_ns = lp_tracer_now(tracer),
            .from = hold->from,
            .to = hold->to,
            .object = hold->object,
            .copy = task->copy,
            .pid = (uint32_t)task->pid,
            .call = tracer->copies[task->copy].calls,
            .kind = LP_EVENT_UNLOCK,
            .family = hold->family,
            .flags = LP_EVENT_BY_CLOSE,
            .fd = -1,
        };
        lp_tape_end_hold(tape, number, lp_tape_add(tape, &event), false);
    }
}

void lp_leave_conversion(struct lp_tracer *tracer, struct lp_task *task)
{
    const struct lp_tape *tape = tracer->tape;
    struct lp_event event = task->pending.events[0];
    bool had = false;
    if (event.family != LP_FAMILY_FLOCK)
        return;
    for (size_t i = 0; i < tape->open_count; i++) {
        const struct lp_tape_hold *hold = &tape->holds[tape->open[i]];
        had |= hold->copy == task->copy && hold->object == event.object &&
               hold->family == event.family;
    }
    if (!had)
        return;
    event.kind = LP_EVENT_UNLOCK;
    give_up(tracer, task, &event);
}

/* ---- after the call ---- */

static int32_t clamp(int64_t result)
{
    return result > INT32_MAX ? INT32_MAX : (int32_t)result;
}

static void lock_answered(struct lp_tracer *tracer, struct lp_task *task, uint32_t event,
                          int64_t result)
{
    struct lp_tape *tape = tracer->tape;
    char path[4096];
    const struct lp_event *lock = &tape->events[event];
    if (result == 0) {
        if (lp_inspect_fd_path(task->pid, lock->fd, path, sizeof path) == -1)
            path[0] = '\0';
        lp_tape_grant(tape, event, path);
    } else if (lock->family == LP_FAMILY_FLOCK && result == -EAGAIN) {
        lp_tape_let_go(tape, event, true); /* a conversion that fails loses what was held */
    }
}

static void data_moved(struct lp_tracer *tracer, struct lp_task *task, struct lp_event *event,
                       int64_t result)
{
    struct lp_inspected found;
    if (event->kind == LP_EVENT_TRUNCATE)
        return;
    if (event->flags & LP_EVENT_APPEND && lp_inspect_fd(task->pid, event->fd, &found) == 0 &&
        result > 0 && found.size >= (uint64_t)result)
        event->from = found.size - (uint64_t)result;
    event->to = event->from + (result > 0 ? (uint64_t)result : 0);
    if (event->kind == LP_EVENT_WRITE && result > 0)
        tracer->copies[task->copy].wrote += (uint64_t)result;
}

/* An O_CREAT|O_TRUNC of a name that was not there before finds the file only now. */
static void name_answered(struct lp_tracer *tracer, struct lp_task *task, uint32_t number,
                          int64_t result)
{
    const struct lp_event event = tracer->tape->events[number];
    uint32_t gave_up = task->pending.gave_up;
    if (result < 0) { /* what was given up is still there */
        if (event.kind == LP_EVENT_REMOVE && gave_up != 0)
            tracer->tape->events[gave_up].result = clamp(result);
        return;
    }
    if (event.kind == LP_EVENT_MAKE && event.flags & LP_EVENT_EXCLUSIVE)
        lp_tape_grant(tracer->tape, number, task->pending.path ? task->pending.path : "");
    else if (event.kind == LP_EVENT_REMOVE ||
             (event.kind == LP_EVENT_MAKE && event.flags & LP_EVENT_RENAMED))
        end_names(tracer, &event, number, gave_up);
}

uint32_t lp_leave_call(struct lp_tracer *tracer, struct lp_task *task)
{
    struct lp_pending *pending = &task->pending;
    int64_t result = pending->regs.result;
    uint32_t first = LP_NO_EVENT;
    if (is_restarted(result))
        return LP_NO_EVENT;
    for (unsigned i = 0; i < pending->event_count; i++) {
        struct lp_event *event = &pending->events[i];
        if (event->kind == LP_EVENT_UNLOCK)
            continue; /* was told when it was asked for */
        bool data = event->kind == LP_EVENT_READ || event->kind == LP_EVENT_WRITE ||
                    event->kind == LP_EVENT_TRUNCATE;
        event->result = clamp(result);
        if (data)
            data_moved(tracer, task, event, result);
        else
            event->result = result < 0 ? clamp(result) : 0;
        uint32_t number = add_to_tape(tracer, task, event);
        if (number == LP_NO_EVENT)
            return first;
        if (first == LP_NO_EVENT)
            first = number;
        if (event->kind == LP_EVENT_LOCK)
            lock_answered(tracer, task, number, result);
        else if (!data)
            name_answered(tracer, task, number, result);
    }
    return first;
}
