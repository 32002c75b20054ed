/* SPDX-License-Identifier: MIT */
/*
 * A worker's life: open, ready, gate, rounds, end. The moves are forward only and visible in its
 * slot, so that its container can take it out of the barrier when it dies on the way.
 */
#include "run/worker.h"
#include "run/faulter.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/units.h"
#include "os/clock.h"

/* After a refusal the round is tried again at a random time, so that two that refuse each other do
   not meet in step for ever; the range doubles up to this many times. */
#define BACKOFF_NS (50 * LP_US)
#define BACKOFF_DOUBLINGS 6
/* Sleeps shorter than the default slack of 50 us are asked for. */
#define TIMER_SLACK_NS 1000

static void copy_text(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from);
}

void lp_worker_fill_header(struct lp_worker *worker)
{
    const struct lp_crew *crew = worker->crew;
    const struct lp_scenario *scenario = crew->scenario;
    struct lp_history_header *header = worker->recorder.header;
    uint32_t abilities = crew->store.driver->abilities;
    const struct lp_store_ops *store = crew->store.driver->store;
    unsigned traits = store->traits ? store->traits(crew->store.params) : 0;
    header->kind = LP_HISTORY_WORKER;
    header->worker = worker->index;
    header->workers = crew->control->worker_count;
    header->container = crew->container;
    header->containers = scenario->containers;
    header->rounds = scenario->rounds;
    header->pid = (uint32_t)getpid();
    header->start_value = scenario->start;
    header->store_flags = (abilities & LP_ATOMIC_ADD ? LP_STORE_ATOMIC_ADD : 0u) |
                          (abilities & LP_TRANSACTIONS ? LP_STORE_TRANSACTIONS : 0u) |
                          (traits & LP_TRAIT_WEAK_ISOLATION ? LP_STORE_WEAK_TX : 0u);
    header->lock_count = (uint32_t)scenario->lock_count;
    copy_text(header->boot_id, sizeof header->boot_id, crew->boot_id);
    copy_text(header->scenario, sizeof header->scenario, scenario->name);
    copy_text(header->group, sizeof header->group, worker->group->name);
    copy_text(header->store_driver, sizeof header->store_driver, scenario->store.driver);
    for (size_t i = 0; i < scenario->lock_count; i++) {
        struct lp_history_lock *lock = &header->locks[i];
        copy_text(lock->name, sizeof lock->name, scenario->locks[i].name);
        copy_text(lock->driver, sizeof lock->driver, scenario->locks[i].driver);
        lock->capacity = crew->locks[i].capacity;
    }
}

struct lp_client *lp_worker_client(const struct lp_crew *crew, uint32_t index,
                                   const struct lp_binding *binding, uint64_t number,
                                   struct lp_host *host, const struct lp_services *services,
                                   struct lp_err *err)
{
    uint64_t seed = lp_mix(lp_mix(crew->seed, index), number);
    struct lp_client *client = lp_client_make(binding, index, seed);
    client->host = host;
    if (services)
        client->services = services;
    if (client->driver->open(client, binding->role) == LP_OK)
        return client;
    lp_err_set(err, LP_ERR_SELF, "worker %u: unable to open %s: %s", index, client->driver->name,
               client->error);
    client->driver->close(client);
    lp_client_free(client);
    return NULL;
}

int lp_worker_open_clients(struct lp_worker *worker, struct lp_err *err)
{
    const struct lp_crew *crew = worker->crew;
    const struct lp_services *services = worker->direction ? worker->direction->services : NULL;
    worker->store = lp_worker_client(crew, worker->index, &crew->store, LP_LOCKS_MAX, &worker->host,
                                     services, err);
    if (!worker->store)
        return -1;
    for (size_t i = 0; i < crew->scenario->lock_count; i++) {
        worker->locks[i] =
            lp_worker_client(crew, worker->index, &crew->locks[i], i, &worker->host, services, err);
        if (!worker->locks[i])
            return -1;
    }
    return 0;
}

void lp_worker_close_client(struct lp_client *client)
{
    if (client)
        client->driver->close(client);
    lp_client_free(client);
}

void lp_worker_close_clients(struct lp_worker *worker)
{
    for (size_t i = 0; i < LP_LOCKS_MAX; i++) {
        lp_worker_close_client(worker->locks[i]);
        worker->locks[i] = NULL;
    }
    lp_worker_close_client(worker->store);
    worker->store = NULL;
}

/* Records that a round leaves when no try is refused: each step but `think` is one. */
static size_t expected_records(const struct lp_worker *worker)
{
    size_t steps = 0;
    for (size_t i = 0; i < worker->group->step_count; i++)
        steps += worker->group->steps[i].kind != LP_STEP_THINK;
    size_t rounds = worker->crew->scenario->rounds ? worker->crew->scenario->rounds : 4096;
    return steps * rounds + steps * rounds / 4;
}

static int open_worker(struct lp_worker *worker, struct lp_err *err)
{
    char name[32];
    snprintf(name, sizeof name, "worker-%05u.lph", worker->index);
    prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
    if (lp_alarm_init(&worker->host.alarm, err) == -1)
        return -1;
    if (lp_recorder_open(&worker->recorder, worker->crew->history_fd, name,
                         expected_records(worker), err) == -1)
        return -1;
    lp_worker_fill_header(worker);
    if (lp_faulter_introduce(worker->crew->give_fd, worker->index, err) == -1)
        return -1;
    return lp_worker_open_clients(worker, err);
}

bool lp_worker_pass_gate(const struct lp_crew *crew, uint32_t index)
{
    struct lp_control *control = crew->control;
    atomic_store(&control->slots[index].state, LP_WORKER_READY);
    atomic_fetch_add(&control->ready, 1);
    lp_event_tell(crew->event_fd);
    lp_futex_wait(&control->gate, LP_GATE_CLOSED, LP_FOREVER);
    atomic_store(&control->slots[index].state, LP_WORKER_RUNNING);
    return atomic_load(&control->gate) == LP_GATE_OPEN;
}

static bool pass_gate(struct lp_worker *worker)
{
    bool open = lp_worker_pass_gate(worker->crew, worker->index);
    worker->recorder.header->start_ns = atomic_load(&worker->crew->control->opened_ns);
    return open;
}

/* A fault may be meant for whoever has done this step. */
static void pass_parking(struct lp_worker *worker, const struct lp_step *step)
{
    struct lp_control *control = worker->crew->control;
    struct lp_parking *parking = &control->parking;
    if (atomic_load_explicit(&parking->active, memory_order_relaxed) == 0)
        return;
    bool grants = step->kind == LP_STEP_LOCK || step->kind == LP_STEP_TRYLOCK;
    if (grants && worker->locks[step->target]->session.id) {
        worker->slot->session = worker->locks[step->target]->session;
        worker->slot->session_lock = (uint32_t)step->target;
    }
    struct lp_passer passer = {
        .worker = worker->index,
        .group = (uint32_t)(worker->group - worker->crew->scenario->groups),
        .container = worker->crew->container,
        .inside = atomic_load_explicit(&worker->slot->inside, memory_order_relaxed) != 0,
    };
    lp_parking_pass(parking, &passer, step->kind, &control->stop);
}

static enum lp_flow try_round(struct lp_worker *worker)
{
    for (size_t i = 0; i < worker->group->step_count; i++) {
        const struct lp_step *step = &worker->group->steps[i];
        atomic_store_explicit(&worker->slot->doing, step->kind, memory_order_relaxed);
        enum lp_flow flow = lp_step_do(worker, step);
        if (flow != LP_FLOW_NEXT)
            return flow;
        pass_parking(worker, step);
    }
    return LP_FLOW_NEXT;
}

static void back_off(struct lp_worker *worker)
{
    unsigned doublings =
        worker->recorder.attempt < BACKOFF_DOUBLINGS ? worker->recorder.attempt : BACKOFF_DOUBLINGS;
    lp_clock_spend(lp_random_between(&worker->random, 0, BACKOFF_NS << doublings));
}

/* One round, with as many attempts as it takes to be refused no more. */
static enum lp_flow do_round(struct lp_worker *worker)
{
    const struct lp_crew *crew = worker->crew;
    uint64_t give_up_ns = lp_clock_ns() + crew->scenario->deadline_ns;
    worker->recorder.attempt = 0;
    for (;;) {
        enum lp_flow flow = try_round(worker);
        if (flow == LP_FLOW_NEXT)
            return flow;
        lp_step_let_go(worker);
        if (flow != LP_FLOW_RETRY)
            return flow;
        if (atomic_load_explicit(&crew->control->stop, memory_order_relaxed))
            return LP_FLOW_STOPPED;
        if (lp_clock_ns() >= give_up_ns)
            return LP_FLOW_DEADLINE;
        worker->recorder.attempt++;
        back_off(worker);
    }
}

/* A duration wins over a number of rounds. */
static bool more_rounds(const struct lp_worker *worker, uint64_t until_ns)
{
    unsigned of_group = worker->group->rounds;
    if (until_ns)
        return lp_clock_ns() < until_ns;
    return worker->recorder.round < (of_group ? of_group : worker->crew->scenario->rounds);
}

/* Here, and then on all other hosts. */
static void meet(const struct lp_worker *worker)
{
    struct lp_control *control = worker->crew->control;
    lp_barrier_arrive(&control->burst, LP_FOREVER);
    if (!control->relayed)
        return;
    uint32_t burst = atomic_load(&control->burst.generation);
    lp_event_tell(worker->crew->event_fd);
    for (uint32_t seen; (seen = atomic_load(&control->burst_released)) < burst;)
        lp_futex_wait(&control->burst_released, seen, LP_FOREVER);
}

/* All start a burst together, at once; within it each round begins at a random time. */
static void pause_before_round(struct lp_worker *worker)
{
    unsigned burst = worker->crew->scenario->burst;
    const struct lp_range *pause = &worker->group->pause;
    if (burst && worker->recorder.round % burst == 0)
        meet(worker);
    else
        lp_clock_spend(lp_random_between(&worker->random, pause->min_ns, pause->max_ns));
}

static enum lp_worker_end do_rounds(struct lp_worker *worker)
{
    struct lp_control *control = worker->crew->control;
    uint64_t duration_ns = worker->crew->scenario->duration_ns;
    uint64_t until_ns = duration_ns ? atomic_load(&control->opened_ns) + duration_ns : 0;
    for (; more_rounds(worker, until_ns); worker->recorder.round++) {
        if (atomic_load_explicit(&control->stop, memory_order_relaxed))
            return LP_END_STOPPED;
        pause_before_round(worker);
        enum lp_flow flow = do_round(worker);
        switch (flow) {
        case LP_FLOW_NEXT:
        case LP_FLOW_END_ROUND:
            break;
        case LP_FLOW_RETRY:
        case LP_FLOW_STOPPED:
            return LP_END_STOPPED;
        case LP_FLOW_DEADLINE:
            return LP_END_DEADLINE;
        case LP_FLOW_ERROR:
            return LP_END_ERROR;
        case LP_FLOW_FULL:
            return LP_END_FULL;
        }
        atomic_store_explicit(&worker->slot->rounds, ++worker->rounds_done, memory_order_relaxed);
    }
    return LP_END_DONE;
}

void lp_worker_leave(const struct lp_crew *crew, uint32_t index)
{
    /* In this order: a death in between makes its container leave a second time, which only opens
       the barrier early; the other way round nobody would leave, and the others would hang. */
    lp_barrier_leave(&crew->control->burst);
    atomic_store(&crew->control->slots[index].state, LP_WORKER_LEFT);
}

void lp_worker_main(const struct lp_crew *crew, uint32_t index)
{
    struct lp_seat seat = lp_scenario_seat(crew->scenario, index);
    struct lp_worker worker = {
        .crew = crew,
        .group = &crew->scenario->groups[seat.group],
        .slot = &crew->control->slots[index],
        .index = index,
    };
    struct lp_err err = {0};
    lp_random_init(&worker.random, crew->seed, index);
    if (open_worker(&worker, &err) == -1) {
        lp_trouble_set(&crew->control->trouble, &err);
    } else if (pass_gate(&worker)) {
        enum lp_worker_end end = do_rounds(&worker);
        lp_worker_leave(crew, index);
        worker.recorder.header->rounds_done = worker.rounds_done;
        worker.recorder.header->finished = 1 + (uint64_t)end;
        if (end == LP_END_FULL) {
            lp_err_set(&err, LP_ERR_SELF, "no room for the history of worker %u", index);
            lp_trouble_set(&crew->control->trouble, &err);
        }
    }
    lp_worker_close_clients(&worker);
    lp_alarm_release(&worker.host.alarm);
    lp_recorder_close(&worker.recorder);
}
