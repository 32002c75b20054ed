/* SPDX-License-Identifier: MIT */
/* The runner's process: one loop over the command's pipe, the containers' ends and a timer. */
#include "run/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "base/units.h"
#include "os/clock.h"
#include "os/file.h"
#include "run/folder.h"
#include "run/faulter.h"
#include "run/server.h"
#include "place/swarm.h"
#include "run/told.h"

/* A run that was told to stop has so long before what hangs is killed. */
#define GRACE_NS (2 * LP_SEC)
/* All must be ready at the gate by then; a thousand processes take half a second. */
#define READY_NS (60 * LP_SEC)

enum phase { PHASE_RUNNING, PHASE_STOPPING, PHASE_KILLING };

struct runner {
    const struct lp_runner_plan *plan;
    struct lp_container_plan container;
    struct lp_control *control;
    struct lp_child *containers; /* pid 0: ended */
    unsigned started, running;
    struct lp_backends backends;
    struct lp_faulter faulter;
    int command_fd, timer_fd;
    enum phase phase;
    struct pollfd *polled; /* command, event, timer, then one a container */
};

enum { POLL_COMMAND, POLL_EVENT, POLL_TIMER, POLL_CONTAINERS };

static void set_timer(const struct runner *runner, uint64_t from_now_ns)
{
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(from_now_ns / LP_SEC),
                                           .tv_nsec = (long)(from_now_ns % LP_SEC)}};
    timerfd_settime(runner->timer_fd, 0, &when, NULL);
}

/* ---- ending ---- */

static void stop_workers(struct runner *runner)
{
    if (runner->phase != PHASE_RUNNING)
        return;
    runner->phase = PHASE_STOPPING;
    atomic_store(&runner->control->stop, 1);
    lp_futex_wake_all(&runner->control->stop);
    lp_barrier_open(&runner->control->burst);
    set_timer(runner, GRACE_NS);
}

/* First the workers, by their containers, which can then still read the store; then all. */
static void kill_what_hangs(struct runner *runner)
{
    bool threads = runner->container.place->threads;
    int signal = runner->phase == PHASE_KILLING || threads ? SIGKILL : LP_CONTAINER_KILL;
    for (unsigned i = 0; i < runner->started; i++)
        if (runner->containers[i].pid)
            lp_process_kill(&runner->containers[i], signal);
    runner->phase = PHASE_KILLING;
    set_timer(runner, GRACE_NS);
}

/* Workers whose container was killed die with it, but a moment later, and may still make a file in
   the scratch folder before they do. As their subreaper we see the last of them end; a stranger's
   daemon is not waited for. */
static void outlive_all(void)
{
    uint64_t until_ns = lp_clock_ns() + GRACE_NS;
    sigset_t ended;
    pid_t reaped;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ended, NULL); /* else it would be thrown away, being ignored */
    while ((reaped = waitpid(-1, NULL, WNOHANG)) != -1) {
        uint64_t now_ns = lp_clock_ns();
        if (now_ns >= until_ns)
            return;
        struct timespec left = {.tv_sec = (time_t)((until_ns - now_ns) / LP_SEC),
                                .tv_nsec = (long)((until_ns - now_ns) % LP_SEC)};
        if (reaped == 0)
            sigtimedwait(&ended, NULL, &left);
    }
}

/* With what lies at names that no other run has, in a /dev/shm that was the host's. */
static void remove_scratch(const struct runner *runner)
{
    struct lp_str prefix;
    lp_str_init(&prefix);
    lp_str_addf(&prefix, "%s-", runner->container.run_id);
    lp_files_remove("/dev/shm", prefix.ptr);
    lp_str_release(&prefix);
    lp_folder_remove(runner->plan->scratch);
}

/* The command is gone: nobody wants a result. Workers die with their containers. */
static void abandon(struct runner *runner) LP_NORETURN;
static void abandon(struct runner *runner)
{
    for (unsigned i = 0; i < runner->started; i++) {
        if (runner->containers[i].pid) {
            lp_process_kill(&runner->containers[i], SIGKILL);
            lp_process_wait(&runner->containers[i]);
        }
    }
    lp_outside_sweep(runner->plan->outside);
    lp_faulter_finish(&runner->faulter);
    lp_backends_release(&runner->backends);
    outlive_all();
    remove_scratch(runner);
    lp_outside_release(runner->plan->outside);
    _exit(1);
}

/* ---- one turn of the loop ---- */

static void container_ended(struct runner *runner, unsigned number)
{
    int status = lp_process_wait(&runner->containers[number]);
    runner->containers[number].pid = 0;
    runner->polled[POLL_CONTAINERS + number].fd = -1;
    runner->running--;
    struct lp_control *control = runner->control;
    atomic_fetch_add(&control->left, 1);
    lp_futex_wake_all(&control->left);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    if (runner->phase == PHASE_RUNNING) {
        struct lp_err err = {0};
        char text[64];
        lp_err_set(&err, LP_ERR_SELF, "container %u ended early: %s", number,
                   lp_process_status_text(status, text, sizeof text));
        lp_trouble_set(&control->trouble, &err);
    }
    /* Its workers went with it; nobody else can count them out. */
    for (uint32_t i = 0; i < control->worker_count; i++)
        if (runner->container.place->joined ||
            lp_scenario_seat(runner->container.scenario, i).container == number)
            lp_worker_gone(control, i);
    stop_workers(runner);
    atomic_store(&control->ended, control->worker_count);
    lp_futex_wake_all(&control->ended);
}

static void drain(int fd)
{
    uint64_t count;
    while (read(fd, &count, sizeof count) == -1 && errno == EINTR)
        ;
}

static void hear_command(struct runner *runner, short events)
{
    char byte;
    ssize_t got = events & POLLIN ? read(runner->command_fd, &byte, 1) : 0;
    if (got == 1)
        stop_workers(runner);
    else if (got == 0)
        abandon(runner);
}

/* Servers must be at addresses; a Swarm must be asked for its containers. */
static int prepare_joined(struct runner *runner, struct lp_err *err)
{
    const struct lp_container_plan *plan = &runner->container;
    char secret[2 * LP_LINK_KEY + 1];
    for (size_t i = 0; i < plan->server_count; i++) {
        struct lp_local_url local = lp_local_url(plan->servers[i].url);
        if (local.folder_len == 0 && !local.loopback)
            continue;
        lp_err_set(err, LP_ERR_NEED, "no %s server that other hosts reach", plan->servers[i].name);
        snprintf(err->remedy, sizeof err->remedy, "%s=HOST:PORT",
                 lp_server_find(plan->servers[i].name)->url_env);
        return -1;
    }
    if (plan->place != &lp_place_swarm)
        return 0;
    lp_link_key_text(&runner->plan->relay->key, secret);
    struct lp_swarm swarm = {
        .docker = &runner->plan->outside->docker,
        .secret = secret,
        .port = runner->plan->relay->port,
        .address = runner->plan->join_address,
    };
    return lp_swarm_start(&swarm, err);
}

/* Who did not come, and what a Swarm says about it. */
static void set_late(struct runner *runner)
{
    struct lp_err err = {0};
    char why[300] = "";
    if (runner->container.place == &lp_place_swarm)
        lp_swarm_complaint(runner->container.run_id, why, sizeof why);
    lp_err_set(&err, LP_ERR_SELF, "only %u of %u workers were ready in time%s%s",
               atomic_load(&runner->control->ready), runner->control->worker_count,
               why[0] ? ": " : "", why);
    lp_trouble_set(&runner->control->trouble, &err);
}

static void time_passed(struct runner *runner)
{
    drain(runner->timer_fd);
    if (atomic_load(&runner->control->gate) == LP_GATE_CLOSED)
        set_late(runner);
    if (runner->phase == PHASE_RUNNING)
        stop_workers(runner);
    else
        kill_what_hangs(runner);
}

static void turn(struct runner *runner)
{
    nfds_t count = POLL_CONTAINERS + runner->started;
    if (poll(runner->polled, count, -1) <= 0)
        return;
    if (runner->polled[POLL_COMMAND].revents)
        hear_command(runner, runner->polled[POLL_COMMAND].revents);
    if (runner->polled[POLL_EVENT].revents)
        drain(runner->polled[POLL_EVENT].fd);
    if (runner->polled[POLL_TIMER].revents)
        time_passed(runner);
    for (unsigned i = 0; i < runner->started; i++)
        if (runner->polled[POLL_CONTAINERS + i].revents)
            container_ended(runner, i);
}

static bool in_trouble(const struct runner *runner)
{
    return atomic_load(&runner->control->trouble.set) || runner->phase != PHASE_RUNNING;
}

/* ---- starting ---- */

static void enter_container(struct runner *runner, unsigned number) LP_NORETURN;
static void enter_container(struct runner *runner, unsigned number)
{
    struct lp_err err = {0};
    if (lp_backends_enter(&runner->backends, number, &err) == -1) {
        lp_trouble_set(&runner->control->trouble, &err);
        lp_event_tell(runner->container.event_fd);
        _exit(1);
    }
    lp_container_main(&runner->container, number);
}

static int start_container(struct runner *runner, struct lp_err *err)
{
    unsigned number = runner->started;
    int namespaces = runner->container.place->namespaces;
    if (namespaces && !lp_backends_are_remote(&runner->backends))
        namespaces |= CLONE_NEWNET;
    struct lp_child *child = &runner->containers[number];
    if (lp_process_fork(child, namespaces) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to start container %u", number);
    if (child->pid == 0 && runner->container.place->joined)
        lp_relay_main(runner->plan->relay, &runner->container);
    if (child->pid == 0 && runner->container.place->engine)
        lp_outside_main(runner->plan->outside, &runner->container, number);
    if (child->pid == 0 && runner->container.directing)
        runner->container.directing->container(&runner->container, number);
    if (child->pid == 0)
        enter_container(runner, number);
    runner->polled[POLL_CONTAINERS + number] =
        (struct pollfd){.fd = child->pidfd, .events = POLLIN};
    runner->started++;
    runner->running++;
    return 0;
}

/* All at once; each waits for its turn to prepare. */
static int start_containers(struct runner *runner, struct lp_err *err)
{
    unsigned count = runner->control->container_count;
    unsigned children = runner->container.place->joined ? 1 : count; /* the relay */
    while (runner->started < children)
        if (start_container(runner, err) == -1)
            return -1;
    while (atomic_load(&runner->control->prepared) < count && !in_trouble(runner))
        turn(runner);
    return 0;
}

static void open_gate(struct runner *runner)
{
    struct lp_control *control = runner->control;
    while (atomic_load(&control->ready) < control->worker_count && !in_trouble(runner))
        turn(runner);
    struct lp_err err = {0};
    if (!in_trouble(runner) &&
        lp_faulter_start(&runner->faulter, &runner->backends, &runner->container, &err) == -1)
        lp_trouble_set(&control->trouble, &err);
    bool go = !in_trouble(runner);
    if (go)
        lp_barrier_join(&control->burst, control->worker_count);
    atomic_store(&control->opened_ns, lp_clock_ns());
    atomic_store(&control->gate, go ? LP_GATE_OPEN : LP_GATE_ABORT);
    lp_futex_wake_all(&control->gate);
    lp_futex_wake_all(&control->ended);
    if (go)
        set_timer(runner, runner->plan->timeout_ns);
    else
        stop_workers(runner);
}

/* Those that never got to the end of their preparation wait for others that will not come. */
static void release_unprepared(struct runner *runner)
{
    if (atomic_load(&runner->control->prepared) >= runner->control->container_count)
        return;
    for (unsigned i = 0; i < runner->started; i++)
        if (runner->containers[i].pid)
            lp_process_kill(&runner->containers[i], SIGKILL);
}

static int prepare_place(struct runner *runner, struct lp_err *err)
{
    if (runner->container.place->engine)
        return lp_outside_prepare(runner->plan->outside, &runner->container, err);
    if (runner->container.place->joined)
        return prepare_joined(runner, err);
    return runner->container.place->prepare(err);
}

/* Engines take some tenths of a second for each container. */
static uint64_t time_to_get_ready(const struct runner *runner)
{
    bool engine = runner->container.place->engine || runner->container.place->joined;
    return READY_NS + (engine ? runner->control->container_count * LP_SEC : 0);
}

static void carry_out(struct runner *runner)
{
    struct lp_err err = {0};
    set_timer(runner, time_to_get_ready(runner));
    if (lp_scratch_make(runner->plan->scratch, runner->control->container_count, &err) == -1 ||
        lp_faulter_init(&runner->faulter, &runner->container, &err) == -1 ||
        lp_backends_start(&runner->backends, &runner->container, &err) == -1 ||
        prepare_place(runner, &err) == -1 || start_containers(runner, &err) == -1)
        lp_trouble_set(&runner->control->trouble, &err);
    open_gate(runner);
    release_unprepared(runner);
    while (runner->running > 0)
        turn(runner);
    lp_outside_sweep(runner->plan->outside);
    lp_faulter_finish(&runner->faulter);
    lp_backends_release(&runner->backends);
    outlive_all();
    remove_scratch(runner);
}

/* ---- the process ---- */

static void detach_from_terminal(void)
{
    sigset_t blocked;
    setsid(); /* Ctrl-C is for the command, which tells us */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    /* The parent's death is seen on the pipe, after which there is work to do. */
    prctl(PR_SET_PDEATHSIG, 0);
    sigemptyset(&blocked);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
}

static void runner_main(const struct lp_runner_plan *plan, int command_fd) LP_NORETURN;
static void runner_main(const struct lp_runner_plan *plan, int command_fd)
{
    struct lp_control *control = plan->container.control;
    unsigned count = control->container_count;
    struct runner runner = {
        .plan = plan,
        .container = plan->container,
        .control = control,
        .containers = lp_alloc(count, sizeof *runner.containers),
        .polled = lp_alloc(POLL_CONTAINERS + count, sizeof *runner.polled),
        .command_fd = command_fd,
        .timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC),
    };
    detach_from_terminal();
    runner.polled[POLL_COMMAND] = (struct pollfd){.fd = command_fd, .events = POLLIN};
    runner.polled[POLL_EVENT] = (struct pollfd){.fd = plan->container.event_fd, .events = POLLIN};
    runner.polled[POLL_TIMER] = (struct pollfd){.fd = runner.timer_fd, .events = POLLIN};
    carry_out(&runner);
    _exit(0);
}

/* In a PID namespace of its own where that is allowed; otherwise the leash of each process must do.
 */
static int fork_runner(struct lp_child *child)
{
#if defined(__SANITIZE_THREAD__)
    return lp_process_fork(child, 0); /* its runtime knows fork(2), not clone3(2) */
#else
    if (lp_process_fork(child, CLONE_NEWPID) == 0)
        return 0;
    return lp_process_fork(child, 0);
#endif
}

int lp_runner_start(struct lp_runner *runner, const struct lp_runner_plan *plan, struct lp_err *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to make a pipe");
    if (fork_runner(&runner->child) == -1) {
        int failed = errno;
        close(ends[0]);
        close(ends[1]);
        return lp_err_sys(err, LP_ERR_SELF, failed, "unable to start the runner");
    }
    if (runner->child.pid == 0) {
        close(ends[1]);
        runner_main(plan, ends[0]);
    }
    close(ends[0]);
    runner->command_fd = ends[1];
    return 0;
}

void lp_runner_stop(struct lp_runner *runner)
{
    while (write(runner->command_fd, "s", 1) == -1 && errno == EINTR)
        ;
}

int lp_runner_wait(struct lp_runner *runner)
{
    int status = lp_process_wait(&runner->child);
    close(runner->command_fd);
    return status;
}
