/* SPDX-License-Identifier: MIT */
/* All copies together: started, asked whether they are quiet, signalled, killed. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/units.h"
#include "os/clock.h"
#include "program/inspect.h"
#include "program/tracer.h"

/* Killed processes that do not end by then hang in the kernel (a dead network filesystem). */
#define KILL_NS (10 * LP_SEC)
#define OPTIONS                                                                                    \
    (PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |      \
     PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACESYSGOOD |   \
     PTRACE_O_EXITKILL)

void lp_tracer_init(struct lp_tracer *tracer, struct lp_tape *tape, uint64_t seed)
{
    *tracer = (struct lp_tracer){.tape = tape};
    lp_random_init(&tracer->random, seed, 0);
    sigemptyset(&tracer->signals);
    sigaddset(&tracer->signals, SIGCHLD);
    sigaddset(&tracer->signals, SIGINT);
    sigaddset(&tracer->signals, SIGTERM);
    sigaddset(&tracer->signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &tracer->signals, NULL);
}

static int seize(pid_t pid, struct lp_err *err)
{
    if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)(uintptr_t)OPTIONS) == 0)
        return 0;
    lp_err_sys(err, LP_ERR_NEED, errno, "programs may not be traced here");
    snprintf(err->remedy, sizeof err->remedy,
             "allow ptrace: sysctl kernel.yama.ptrace_scope=1; in a container: "
             "--cap-add SYS_PTRACE");
    return -1;
}

/* Made here, so that it is known which file it is before the first byte is written. */
static int make_output(struct lp_copy *copy, const char *path, struct lp_err *err)
{
    struct stat about;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd == -1 || fstat(fd, &about) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to make '%s'", path);
    copy->output_dev = about.st_dev;
    copy->output_ino = about.st_ino;
    close(fd);
    return 0;
}

int lp_tracer_spawn(struct lp_tracer *tracer, const struct lp_spawn *spawn, struct lp_err *err)
{
    struct lp_copy copy = {.running = true, .started_ns = lp_clock_ns()};
    int go_fd;
    if (make_output(&copy, spawn->output, err) == -1 ||
        lp_spawn_process(tracer, spawn, &copy.root, &go_fd, err) == -1)
        return -1;
    if (seize(copy.root, err) == -1) {
        kill(copy.root, SIGKILL);
        waitpid(copy.root, NULL, 0);
        close(go_fd);
        return -1;
    }
    tracer->copies =
        lp_grow(tracer->copies, &tracer->copy_cap, tracer->copy_count + 1, sizeof *tracer->copies);
    struct lp_task *task = lp_tracer_add_task(tracer, copy.root);
    task->copy = (uint32_t)tracer->copy_count;
    task->state = LP_TASK_RUNNING;
    tracer->copies[tracer->copy_count++] = copy;
    const struct lp_event event = {.invoke_ns = lp_tracer_now(tracer),
                                   .complete_ns = lp_tracer_now(tracer),
                                   .object = LP_NO_OBJECT,
                                   .copy = task->copy,
                                   .pid = (uint32_t)copy.root,
                                   .kind = LP_EVENT_START,
                                   .fd = -1};
    lp_tape_add(tracer->tape, &event);
    close(go_fd); /* now it goes */
    return 0;
}

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
    free(tracer->ages);
    *tracer = (struct lp_tracer){0};
}
