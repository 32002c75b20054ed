/* SPDX-License-Identifier: MIT */
/* The supervisor process of a container. */
#include "run/container.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/units.h"
#include "os/clock.h"
#include "os/process.h"

#define THREAD_STACK_SIZE (1024 * 1024)

struct container {
    const struct lp_container_plan *plan;
    unsigned number;
    struct lp_arena arena;
    struct lp_crew crew;
    struct lp_recorder recorder;
    struct member *members; /* its workers */
    size_t member_count;
};

struct member {
    const struct lp_crew *crew;
    uint32_t index;
    struct lp_child child;
    pthread_t thread;
    bool ended;
};

void lp_event_tell(int event_fd)
{
    uint64_t one = 1;
    while (write(event_fd, &one, sizeof one) == -1 && errno == EINTR)
        ;
}

void lp_worker_gone(struct lp_control *control, uint32_t index)
{
    uint32_t state = atomic_exchange(&control->slots[index].state, LP_WORKER_LEFT);
    if (state == LP_WORKER_READY || state == LP_WORKER_RUNNING)
        lp_barrier_leave(&control->burst);
}

/* ---- getting ready ---- */

static int open_recorder(struct container *container, struct lp_err *err)
{
    const struct lp_container_plan *plan = container->plan;
    char name[32];
    if (plan->history_fd == -1)
        return 0;
    snprintf(name, sizeof name, "container-%05u.lph", container->number);
    if (lp_recorder_open(&container->recorder, plan->history_fd, name, container->member_count + 2,
                         err) == -1)
        return -1;
    struct lp_history_header *header = container->recorder.header;
    header->kind = LP_HISTORY_OBSERVER;
    header->worker = container->number;
    header->container = container->number;
    header->containers = plan->scenario->containers;
    header->workers = plan->control->worker_count;
    header->start_value = plan->scenario->start;
    return 0;
}

static void choose_members(struct container *container)
{
    const struct lp_container_plan *plan = container->plan;
    uint32_t total = plan->control->worker_count;
    container->members = lp_arena_array(&container->arena, total, sizeof *container->members);
    for (uint32_t i = 0; i < total; i++) {
        if (lp_scenario_seat(plan->scenario, i).container != container->number)
            continue;
        container->members[container->member_count++] =
            (struct member){.crew = &container->crew, .index = i};
    }
}

/* ---- workers ---- */

static void note_end(struct container *container, struct member *member, int status)
{
    struct lp_control *control = container->plan->control;
    struct lp_record record = {.invoke_ns = lp_clock_ns(),
                               .value = member->index,
                               .kind = LP_STEP_EXIT,
                               .outcome = LP_OK,
                               .lock = 0xff};
    record.complete_ns = record.invoke_ns;
    container->recorder.round = (uint32_t)status;
    if (container->plan->history_fd != -1)
        lp_recorder_note(&container->recorder, &record);
    member->ended = true;
    bool was_ready = atomic_load(&control->slots[member->index].state) != LP_WORKER_NONE;
    lp_worker_gone(control, member->index);
    if (!was_ready) {
        struct lp_err err = {0};
        char text[64];
        lp_err_set(&err, LP_ERR_SELF, "worker %u ended before the start: %s", member->index,
                   lp_process_status_text(status, text, sizeof text));
        lp_trouble_set(&control->trouble, &err);
    }
    if (atomic_fetch_add(&control->ended, 1) + 1 == control->worker_count)
        atomic_store(&control->closed_ns, record.complete_ns);
    lp_futex_wake_all(&control->ended);
    lp_event_tell(container->plan->event_fd);
}

static int start_processes(struct container *container, struct lp_err *err)
{
    for (size_t i = 0; i < container->member_count; i++) {
        struct member *member = &container->members[i];
        if (lp_process_fork(&member->child, 0) == -1)
            return lp_err_sys(err, LP_ERR_SELF, errno, "unable to start worker %u", member->index);
        if (member->child.pid == 0) {
            member->crew->worker_main(member->crew, member->index);
            _exit(0);
        }
        if (member->child.pidfd != -1)
            close(member->child.pidfd); /* waited for by waitpid(-1): a thousand need no pidfd */
        member->child.pidfd = -1;
    }
    return 0;
}

static volatile sig_atomic_t kill_asked;

static void on_kill_asked(int signal)
{
    (void)signal;
    kill_asked = 1;
}

static void listen_for_kill(void)
{
    struct sigaction action = {.sa_handler = on_kill_asked}; /* no SA_RESTART: ends waitpid */
    sigaction(LP_CONTAINER_KILL, &action, NULL);
}

static struct member *member_of(struct container *container, pid_t pid)
{
    for (size_t i = 0; i < container->member_count; i++)
        if (container->members[i].child.pid == pid && !container->members[i].ended)
            return &container->members[i];
    return NULL; /* an orphan of a worker, inherited by PID 1 of the container */
}

static void kill_members(struct container *container)
{
    for (size_t i = 0; i < container->member_count; i++)
        if (container->members[i].child.pid > 0 && !container->members[i].ended)
            kill(container->members[i].child.pid, SIGKILL);
}

static void reap_processes(struct container *container)
{
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, 0);
        if (kill_asked)
            kill_members(container);
        if (pid == -1 && errno == EINTR)
            continue;
        if (pid == -1)
            return;
        struct member *member = member_of(container, pid);
        if (member)
            note_end(container, member, status);
    }
}

static void *thread_main(void *argument)
{
    struct member *member = argument;
    member->crew->worker_main(member->crew, member->index);
    return NULL;
}

static int start_threads(struct container *container, struct lp_err *err)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, THREAD_STACK_SIZE);
    int failed = 0;
    for (size_t i = 0; i < container->member_count && !failed; i++) {
        struct member *member = &container->members[i];
        failed = pthread_create(&member->thread, &attributes, thread_main, member);
        if (failed)
            lp_err_sys(err, LP_ERR_SELF, failed, "unable to start worker %u", member->index);
        else
            member->child.pid = 1;
    }
    pthread_attr_destroy(&attributes);
    return failed ? -1 : 0;
}

static void join_threads(struct container *container)
{
    for (size_t i = 0; i < container->member_count; i++) {
        struct member *member = &container->members[i];
        if (member->child.pid == 0)
            continue;
        pthread_join(member->thread, NULL);
        note_end(container, member, 0);
    }
}

/* ---- the end ---- */

/* The store as this container sees it, when nobody writes any more. */
static void observe(struct container *container)
{
    struct lp_client *client = lp_client_make(&container->crew.store, UINT32_MAX, 0);
    const struct lp_driver *driver = client->driver;
    struct lp_identity identity = {0};
    int64_t value = 0;
    struct lp_record record = {
        .invoke_ns = lp_clock_ns(), .kind = LP_STEP_OBSERVE, .outcome = LP_FAIL, .lock = 0xff};
    if (driver->open(client, LP_ROLE_STORE) == LP_OK &&
        driver->store->read(client, &value) == LP_OK &&
        driver->store->identify(client, &identity) == LP_OK)
        record.outcome = LP_OK;
    record.value = value;
    record.domain = identity.domain;
    record.object = identity.object;
    record.complete_ns = lp_clock_ns();
    lp_recorder_identity(&container->recorder, &identity);
    lp_recorder_note(&container->recorder, &record);
    driver->close(client);
    lp_client_free(client);
}

static void wait_for_all(struct lp_control *control)
{
    for (;;) {
        uint32_t ended = atomic_load(&control->ended);
        if (ended >= control->worker_count || atomic_load(&control->gate) == LP_GATE_ABORT)
            return;
        lp_futex_wait(&control->ended, ended, LP_FOREVER);
    }
}

/* Whose PID namespace others are in takes them with it: those with higher numbers go first. */
static void wait_for_guests(const struct lp_container_plan *plan, unsigned number)
{
    struct lp_control *control = plan->control;
    if (plan->place->joined || !lp_scenario_docker_ordered(plan->scenario))
        return;
    uint32_t guests = control->container_count - 1 - number;
    for (uint32_t seen; (seen = atomic_load(&control->left)) < guests;)
        lp_futex_wait(&control->left, seen, LP_FOREVER);
}

static int get_ready(struct container *container, struct lp_err *err)
{
    struct lp_control *control = container->plan->control;
    choose_members(container);
    if (open_recorder(container, err) == -1 ||
        lp_crew_enter(&container->crew, container->plan, container->number, &container->arena,
                      err) == -1)
        return -1;
    /* One after the other, so that the first makes what the others then find. */
    for (uint32_t seen; (seen = atomic_load(&control->prepared)) < container->number;)
        lp_futex_wait(&control->prepared, seen, LP_FOREVER);
    if (lp_crew_prepare(&container->crew, err) == -1)
        return -1;
    atomic_fetch_add(&control->prepared, 1);
    lp_futex_wake_all(&control->prepared);
    lp_event_tell(container->plan->event_fd);
    /* Only then may anybody open what was prepared. */
    for (uint32_t seen; (seen = atomic_load(&control->prepared)) < control->container_count;)
        lp_futex_wait(&control->prepared, seen, LP_FOREVER);
    return 0;
}

static void run_workers(struct container *container, struct lp_err *err)
{
    bool threads = container->plan->place->threads;
    if ((threads ? start_threads : start_processes)(container, err) == -1) {
        lp_trouble_set(&container->plan->control->trouble, err);
        lp_event_tell(container->plan->event_fd);
    }
    if (threads)
        join_threads(container);
    else
        reap_processes(container);
}

void lp_container_main(const struct lp_container_plan *plan, unsigned number)
{
    struct container container = {.plan = plan, .number = number};
    struct lp_err err = {0};
    lp_arena_init(&container.arena);
    listen_for_kill();
    if (get_ready(&container, &err) == -1) {
        lp_trouble_set(&plan->control->trouble, &err);
        lp_event_tell(plan->event_fd);
        _exit(1);
    }
    run_workers(&container, &err);
    wait_for_all(plan->control);
    if (atomic_load(&plan->control->gate) == LP_GATE_OPEN && plan->history_fd != -1)
        observe(&container);
    wait_for_guests(plan, number);
    lp_recorder_close(&container.recorder);
    lp_arena_release(&container.arena);
    _exit(0);
}
