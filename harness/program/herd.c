/* SPDX-License-Identifier: MIT */
/* All copies together: are they quiet, signalled, killed. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/units.h"
#include "os/clock.h"
#include "program/inspect.h"
#include "program/tracer.h"

/* Killed processes that do not end by then hang in the kernel (a dead network filesystem). */
#define KILL_NS (10 * LP_SEC)

static bool has_other_threads(const struct lp_tracer *tracer, const struct lp_task *task)
{
    for (size_t i = 0; i < tracer->task_count; i++)
        if (tracer->tasks[i] != task && tracer->tasks[i]->pid == task->pid)
            return true;
    return false;
}

/* Not running of itself, and no stop of it is on its way. */
static bool is_quiet(const struct lp_tracer *tracer, const struct lp_task *task)
{
    switch (task->state) {
    case LP_TASK_HELD:
    case LP_TASK_ASLEEP:
        return true;
    case LP_TASK_NEW:
        return false;
    case LP_TASK_RUNNING:
        break;
    }
    switch (lp_inspect_state(task->tid)) {
    case 'S':
    case 'T': /* stopped by job control */
        return true;
    case 'D':
        return task->vforked;
    case 'Z':
        return has_other_threads(tracer, task);
    default:
        return false;
    }
}

bool lp_tracer_quiet(const struct lp_tracer *tracer, uint32_t copy)
{
    for (size_t i = 0; i < tracer->task_count; i++)
        if (tracer->tasks[i]->copy == copy && !is_quiet(tracer, tracer->tasks[i]))
            return false;
    return true;
}

void lp_tracer_signal(const struct lp_tracer *tracer, int signal)
{
    for (size_t i = 0; i < tracer->task_count; i++)
        if (tracer->tasks[i]->pid == tracer->tasks[i]->tid)
            kill(tracer->tasks[i]->pid, signal);
}

void lp_tracer_kill(struct lp_tracer *tracer)
{
    uint64_t until_ns = lp_clock_ns() + KILL_NS;
    bool interrupted = tracer->interrupted;
    tracer->gate = NULL;
    tracer->after = NULL;
    while (tracer->task_count > 0 && lp_clock_ns() < until_ns) {
        for (size_t i = 0; i < tracer->task_count; i++)
            kill(tracer->tasks[i]->pid, SIGKILL);
        tracer->interrupted = false;
        lp_tracer_turn(tracer, lp_clock_ns() + 10 * LP_MS);
        interrupted |= tracer->interrupted;
    }
    tracer->interrupted = interrupted;
}

size_t lp_tracer_running(const struct lp_tracer *tracer)
{
    size_t count = 0;
    for (size_t i = 0; i < tracer->copy_count; i++)
        count += tracer->copies[i].running;
    return count;
}

void lp_tracer_release(struct lp_tracer *tracer)
{
    if (tracer->task_count > 0)
        lp_tracer_kill(tracer);
    for (size_t i = 0; i < tracer->task_count; i++) {
        lp_pending_clear(&tracer->tasks[i]->pending);
        free(tracer->tasks[i]);
    }
    free(tracer->tasks);
    free(tracer->copies);
    *tracer = (struct lp_tracer){0};
}
