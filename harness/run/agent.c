/* SPDX-License-Identifier: MIT */
/* The agent: one loop over the connection, its container's events and its end. */
#include "run/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/units.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/process.h"
#include "run/folder.h"
#include "run/link.h"
#include "run/told.h"

#define STREAM_NS (20 * LP_MS)

struct agent {
    const struct lp_agent_options *options;
    struct lp_link link;
    struct lp_told told;
    uint32_t number;
    struct lp_control *control;
    struct lp_container_plan plan;
    struct lp_child child;
    bool running, planned, released;
    int event_fd, timer_fd;
    const char *scratch, *run_dir, *own_dir, *history_dir;
    struct lp_stream *streams; /* the container's own, then its workers' */
    uint32_t *workers;
    size_t worker_count;
    uint32_t sent_ready, sent_arrived, sent_ended;
    bool sent_prepared, sent_trouble, sent_complaint;
};

static void send_word(struct agent *agent, uint32_t type, uint32_t word)
{
    lp_link_send(&agent->link, type, &word, sizeof word);
}

/* ---- from the plan to a running container ---- */

static void say_hello(struct agent *agent)
{
    struct utsname host = {0};
    char text[256];
    uname(&host);
    int len = snprintf(text, sizeof text, "{\"lockproof\": \"%s\", \"host\": \"%.64s\"}",
                       LP_VERSION, host.nodename);
    lp_link_send(&agent->link, LP_FRAME_HELLO, text, (size_t)len);
}

/* The folder that all containers of the node have, or one of this container's own. */
static const char *choose_scratch(struct agent *agent)
{
    bool mounted = access(LP_AGENT_ROOT, W_OK | X_OK) == 0;
    return lp_arena_printf(&agent->told.arena, "%s/%s", mounted ? LP_AGENT_ROOT : "/tmp",
                           agent->told.run_id);
}

static int make_folders(struct agent *agent, struct lp_err *err)
{
    struct lp_arena *arena = &agent->told.arena;
    agent->scratch = choose_scratch(agent);
    /* {run} may be part of a key in a server, so it is the same text for all. */
    agent->run_dir = lp_arena_printf(arena, "/tmp/%s", agent->told.run_id);
    agent->own_dir = lp_arena_printf(arena, "/tmp/%s-%u", agent->told.run_id, agent->number);
    agent->history_dir = lp_arena_printf(arena, "%s/history", agent->own_dir);
    const char *const folders[] = {
        lp_arena_printf(arena, "%s/shared", agent->scratch),
        lp_arena_printf(arena, "%s/node", agent->scratch),
        lp_arena_printf(arena, "%s/container-%u", agent->scratch, agent->number),
        agent->run_dir,
        agent->history_dir,
    };
    for (size_t i = 0; i < LP_ARRAY_LEN(folders); i++)
        if (lp_folder_make(folders[i], err) == -1)
            return -1;
    for (size_t i = 0; i < 2; i++) /* whoever came first made it: let the others in */
        if (chmod(folders[i], 01777) == -1)
            errno = 0;
    return 0;
}

static void choose_workers(struct agent *agent)
{
    uint32_t total = agent->control->worker_count;
    agent->workers = lp_arena_array(&agent->told.arena, total, sizeof *agent->workers);
    agent->streams = lp_arena_array(&agent->told.arena, total + 1, sizeof *agent->streams);
    snprintf(agent->streams[0].name, sizeof agent->streams[0].name, "container-%05u.lph",
             agent->number);
    for (uint32_t i = 0; i < total; i++) {
        if (lp_scenario_seat(&agent->told.scenario, i).container != agent->number)
            continue;
        agent->workers[agent->worker_count++] = i;
        struct lp_stream *stream = &agent->streams[agent->worker_count];
        snprintf(stream->name, sizeof stream->name, "worker-%05u.lph", i);
    }
}

static int start_container(struct agent *agent, struct lp_err *err)
{
    static char boot_id[40];
    const struct lp_scenario *scenario = &agent->told.scenario;
    agent->control = lp_control_map(lp_scenario_workers(scenario), scenario->containers);
    if (!agent->control)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to share memory with workers");
    agent->control->relayed = 1;
    choose_workers(agent);
    lp_boot_id(boot_id, sizeof boot_id);
    agent->plan = (struct lp_container_plan){
        .place = &lp_place_remote,
        .registry = agent->options->registry,
        .scenario = scenario,
        .control = agent->control,
        .scratch = agent->scratch,
        .run_dir = agent->run_dir,
        .boot_id = boot_id,
        .run_id = agent->told.run_id,
        .server_count = agent->told.server_count,
        .history_fd = open(agent->history_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
        .event_fd = agent->event_fd,
        .give_fd = -1, /* faults are for processes of this host */
        .seed = agent->told.seed,
    };
    for (size_t i = 0; i < agent->told.server_count; i++)
        agent->plan.servers[i] = agent->told.servers[i];
    if (agent->plan.history_fd == -1 || lp_process_fork(&agent->child, 0) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to start the container");
    if (agent->child.pid == 0)
        lp_container_main(&agent->plan, agent->number);
    agent->running = true;
    return 0;
}

static int hear_plan(struct agent *agent, const struct lp_frame *frame, struct lp_err *err)
{
    if (agent->planned || frame->len < sizeof agent->number)
        return 0;
    memcpy(&agent->number, frame->payload, sizeof agent->number);
    if (lp_told_read(&agent->told, frame->payload + sizeof agent->number,
                     frame->len - sizeof agent->number, agent->options->vocabulary, err) == -1)
        return -1;
    agent->planned = true;
    if (agent->number >= agent->told.scenario.containers)
        return lp_err_set(err, LP_ERR_SELF, "the plan has no container %u", agent->number);
    if (make_folders(agent, err) == -1)
        return -1;
    return start_container(agent, err);
}

/* ---- what the relay says ---- */

static void open_gate(struct agent *agent, uint32_t gate)
{
    struct lp_control *control = agent->control;
    if (gate == LP_GATE_OPEN)
        lp_barrier_join(&control->burst, (uint32_t)agent->worker_count);
    atomic_store(&control->opened_ns, lp_clock_ns());
    atomic_store(&control->gate, gate);
    lp_futex_wake_all(&control->gate);
    lp_futex_wake_all(&control->ended);
}

static void release_burst(struct agent *agent, uint32_t burst)
{
    atomic_store(&agent->control->burst_released, burst);
    lp_futex_wake_all(&agent->control->burst_released);
}

static void stop(struct agent *agent)
{
    atomic_store(&agent->control->stop, 1);
    lp_barrier_open(&agent->control->burst);
    release_burst(agent, UINT32_MAX);
}

static void answer_ping(struct agent *agent, const struct lp_frame *frame)
{
    struct lp_frame_clock clock;
    if (frame->len != sizeof clock.asked_ns)
        return;
    memcpy(&clock.asked_ns, frame->payload, sizeof clock.asked_ns);
    clock.answered_ns = lp_clock_ns();
    lp_link_send(&agent->link, LP_FRAME_PONG, &clock, sizeof clock);
}

/* Of a run that this container takes part in already. */
static void obey(struct agent *agent, const struct lp_frame *frame)
{
    struct lp_control *control = agent->control;
    uint32_t word = 0;
    if (frame->len >= sizeof word)
        memcpy(&word, frame->payload, sizeof word);
    switch (frame->type) {
    case LP_FRAME_TURN:
        if (atomic_load(&control->prepared) < word) {
            atomic_store(&control->prepared, word);
            lp_futex_wake_all(&control->prepared);
        }
        break;
    case LP_FRAME_GATE:
        open_gate(agent, word);
        break;
    case LP_FRAME_RELEASE:
        release_burst(agent, word);
        break;
    case LP_FRAME_STOP:
        stop(agent);
        break;
    case LP_FRAME_KILL:
        if (agent->running)
            lp_process_kill(&agent->child, LP_CONTAINER_KILL);
        break;
    case LP_FRAME_ALL_ENDED:
        atomic_store(&control->ended, control->worker_count);
        lp_futex_wake_all(&control->ended);
        break;
    }
}

/* -1: over, with the reason, or without one when the run came to its end. */
static int hear(struct agent *agent, const struct lp_frame *frame, struct lp_err *err)
{
    switch (frame->type) {
    case LP_FRAME_PLAN:
        return hear_plan(agent, frame, err);
    case LP_FRAME_PING:
        answer_ping(agent, frame);
        return 0;
    case LP_FRAME_BYE:
        agent->released = true;
        err->text[0] = '\0'; /* what came of the connection behind it is no matter */
        if (frame->len > 0)
            lp_err_set(err, LP_ERR_SELF, "refused: %.*s", (int)frame->len, frame->payload);
        return -1;
    default:
        if (agent->planned && agent->control)
            obey(agent, frame);
        return 0;
    }
}

/* ---- what the relay is told ---- */

static void tell_trouble(struct agent *agent)
{
    struct lp_err err;
    struct lp_str payload;
    if (!agent->sent_trouble && lp_trouble_get(&agent->control->trouble, &err) == -1) {
        uint32_t kind = err.kind;
        lp_str_init(&payload);
        lp_str_add_bytes(&payload, &kind, sizeof kind);
        lp_str_add(&payload, err.text);
        lp_link_send(&agent->link, LP_FRAME_TROUBLE, payload.ptr, payload.len);
        lp_str_release(&payload);
        agent->sent_trouble = true;
    }
    if (!agent->sent_complaint && lp_trouble_get(&agent->control->complaint, &err) == -1) {
        lp_link_send(&agent->link, LP_FRAME_COMPLAINT, err.text, strlen(err.text));
        agent->sent_complaint = true;
    }
}

/* Words of the control block that have grown. */
static void tell_progress(struct agent *agent)
{
    struct lp_control *control = agent->control;
    uint32_t ready = atomic_load(&control->ready), ended = atomic_load(&control->ended);
    uint32_t arrived = atomic_load(&control->burst.generation);
    tell_trouble(agent);
    if (!agent->sent_prepared && atomic_load(&control->prepared) > agent->number) {
        lp_link_send(&agent->link, LP_FRAME_PREPARED, NULL, 0);
        agent->sent_prepared = true;
    }
    if (ready != agent->sent_ready)
        send_word(agent, LP_FRAME_READY, agent->sent_ready = ready);
    if (arrived != agent->sent_arrived)
        send_word(agent, LP_FRAME_ARRIVED, agent->sent_arrived = arrived);
    if (ended > agent->worker_count)
        ended = (uint32_t)agent->worker_count; /* all of the run's: the relay said so */
    if (ended != agent->sent_ended)
        send_word(agent, LP_FRAME_ENDED, agent->sent_ended = ended);
}

static void tell_histories(struct agent *agent)
{
    struct lp_str rounds;
    for (size_t i = 0; i <= agent->worker_count; i++)
        lp_stream_send(&agent->streams[i], agent->plan.history_fd, &agent->link);
    lp_str_init(&rounds);
    for (size_t i = 0; i < agent->worker_count; i++) {
        uint32_t worker = agent->workers[i];
        struct lp_frame_rounds row = {worker,
                                      (uint32_t)atomic_load(&agent->control->slots[worker].rounds)};
        lp_str_add_bytes(&rounds, &row, sizeof row);
    }
    lp_link_send(&agent->link, LP_FRAME_ROUNDS, rounds.ptr, rounds.len);
    lp_str_release(&rounds);
}

static void container_ended(struct agent *agent)
{
    char text[64];
    struct lp_err err = {0};
    int status = lp_process_wait(&agent->child);
    agent->running = false;
    tell_progress(agent);
    tell_histories(agent);
    if (status == 0) {
        lp_link_send(&agent->link, LP_FRAME_DONE, NULL, 0);
        return;
    }
    lp_err_set(&err, LP_ERR_SELF, "container %u ended early: %s", agent->number,
               lp_process_status_text(status, text, sizeof text));
    lp_trouble_set(&agent->control->trouble, &err);
    tell_trouble(agent);
}

/* ---- the loop ---- */

static void drain(int fd)
{
    uint64_t count;
    while (read(fd, &count, sizeof count) == -1 && errno == EINTR)
        ;
}

/* -1: over. */
static int turn(struct agent *agent, struct lp_err *err)
{
    struct lp_frame frame;
    struct pollfd polled[] = {
        {.fd = agent->link.fd, .events = lp_link_events(&agent->link)},
        {.fd = agent->event_fd, .events = POLLIN},
        {.fd = agent->timer_fd, .events = POLLIN},
        {.fd = agent->running ? agent->child.pidfd : -1, .events = POLLIN},
    };
    if (poll(polled, LP_ARRAY_LEN(polled), -1) <= 0)
        return 0;
    int pumped = lp_link_pump(&agent->link, err);
    while (lp_link_next(&agent->link, &frame))
        if (hear(agent, &frame, err) == -1)
            return -1;
    if (pumped == -1)
        return lp_err_wrap(err, "the coordinator was lost");
    if (polled[1].revents)
        drain(agent->event_fd);
    if (agent->running && polled[3].revents)
        container_ended(agent);
    else if (agent->running)
        tell_progress(agent);
    if (polled[2].revents) {
        drain(agent->timer_fd);
        if (agent->running)
            tell_histories(agent);
    }
    return lp_link_pump(&agent->link, err) == -1 ? lp_err_wrap(err, "the coordinator was lost") : 0;
}

static void clean_up(struct agent *agent)
{
    if (agent->running) {
        lp_process_kill(&agent->child, SIGKILL);
        lp_process_wait(&agent->child);
    }
    for (size_t i = 0; agent->streams && i <= agent->worker_count; i++)
        lp_stream_release(&agent->streams[i]);
    if (agent->own_dir)
        lp_folder_remove(agent->own_dir);
    if (agent->run_dir)
        lp_folder_remove(agent->run_dir);
    /* Others of this node may still be at it, unless all were told to go. */
    if (agent->scratch)
        lp_folder_remove(agent->scratch);
    lp_control_unmap(agent->control);
    lp_link_release(&agent->link);
    lp_told_release(&agent->told);
}

int lp_agent_main(const struct lp_agent_options *options, struct lp_err *err)
{
    struct lp_link_key key;
    struct itimerspec often = {{0, (long)STREAM_NS}, {0, (long)STREAM_NS}};
    struct agent agent = {
        .options = options,
        .link = {.fd = -1},
        .event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
        .timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK),
    };
    if (lp_link_key_read(&key, options->key_file, err) == -1)
        return -1;
    void *role = lp_link_client(&key, err);
    if (!role || lp_link_dial(&agent.link, role, options->address,
                              lp_clock_ns() + options->patience_ns, err) == -1) {
        lp_link_role_free(role);
        return -1;
    }
    signal(SIGPIPE, SIG_IGN);
    timerfd_settime(agent.timer_fd, 0, &often, NULL);
    say_hello(&agent);
    err->text[0] = '\0';
    while (turn(&agent, err) == 0)
        ;
    clean_up(&agent);
    lp_link_role_free(role);
    return agent.released && !err->text[0] ? 0 : -1;
}
