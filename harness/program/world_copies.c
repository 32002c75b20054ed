/* SPDX-License-Identifier: MIT */
/* The copies of a schedule: started, run until they are quiet, asked what they wait for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "os/clock.h"
#include "program/place.h"
#include "program/world.h"

/* How long nothing may be heard of a copy before it is asked whether it still runs. */
#define ASK_FIRST_NS (100 * LP_US)
#define ASK_LAST_NS (5 * LP_MS)
/* A schedule that sleeps on and on without any step is given up. */
#define WAKES_MAX 20000
#define TIME_MAX_NS (24 * 3600 * LP_SEC)

/* ---- what is held ---- */

static bool is_shared(const struct lp_program_world *world, const struct lp_task *task)
{
    const struct lp_pending *pending = &task->pending;
    if (!pending->row) /* an end that gives up locks */
        return true;
    for (unsigned i = 0; i < pending->event_count; i++) {
        const struct lp_object *object = &world->tape.objects[pending->events[i].object];
        if (lp_paths_find(&world->shared, object->path) != LP_NO_PATH)
            return true;
    }
    return false;
}

static bool hold_shared(void *self, struct lp_tracer *tracer, struct lp_task *task)
{
    const struct lp_program_world *world = self;
    (void)tracer;
    return !world->learning && is_shared(world, task);
}

static void called(void *self, struct lp_tracer *tracer, struct lp_task *task, uint32_t event)
{
    (void)self;
    (void)tracer;
    (void)task;
    (void)event;
}

/* ---- running ---- */

static bool has_running(const struct lp_tracer *tracer, unsigned copy)
{
    for (size_t i = 0; i < tracer->task_count; i++)
        if (tracer->tasks[i]->copy == copy &&
            (tracer->tasks[i]->state == LP_TASK_RUNNING || tracer->tasks[i]->state == LP_TASK_NEW))
            return true;
    return false;
}

static int run_until_quiet(struct lp_program_world *world, unsigned copy, struct lp_err *err)
{
    struct lp_tracer *tracer = &world->tracer;
    uint64_t until = lp_clock_ns() + world->program->timeout_ns, ask = ASK_FIRST_NS;
    while (has_running(tracer, copy)) {
        if (lp_tracer_turn(tracer, lp_clock_ns() + ask) > 0) {
            ask = ASK_FIRST_NS;
            continue;
        }
        if (tracer->interrupted)
            return lp_err_set(err, LP_ERR_SELF, "interrupted");
        if (lp_tracer_quiet(tracer, copy))
            return 0;
        ask = ask * 2 < ASK_LAST_NS ? ask * 2 : ASK_LAST_NS;
        if (lp_clock_ns() >= until) {
            world->hung = true;
            return 0;
        }
    }
    return 0;
}

static struct lp_task *find_held(const struct lp_tracer *tracer, unsigned copy)
{
    for (size_t i = 0; i < tracer->task_count; i++)
        if (tracer->tasks[i]->copy == copy && tracer->tasks[i]->state == LP_TASK_HELD)
            return tracer->tasks[i];
    return NULL;
}

int lp_world_settle(struct lp_program_world *world, unsigned copy, struct lp_err *err)
{
    struct lp_tracer *tracer = &world->tracer;
    if (run_until_quiet(world, copy, err) == -1)
        return -1;
    /* What one of its tasks did may be what another waits for. */
    lp_tracer_look_again(tracer, copy);
    if (run_until_quiet(world, copy, err) == -1)
        return -1;
    world->held[copy] = find_held(tracer, copy);
    if (world->held[copy])
        world->states[copy] = LP_COPY_STEP;
    else if (!tracer->copies[copy].running)
        world->states[copy] = LP_COPY_ENDED;
    else if (lp_tracer_sleeper(tracer, copy))
        world->states[copy] = LP_COPY_SLEEPS;
    else
        world->states[copy] = LP_COPY_OUTSIDE;
    return 0;
}

static int start_copy(struct lp_program_world *world, unsigned copy, struct lp_err *err)
{
    char output[4096];
    snprintf(output, sizeof output, "%s/copy-%u.txt", world->folder, copy);
    struct lp_copy_seat seat = {.place = world->program->place, .number = copy};
    const struct lp_spawn spawn = {
        .argv = world->program->argv,
        .output = output,
        .enter = world->program->place ? lp_copy_place_enter : NULL,
        .self = &seat,
    };
    if (lp_tracer_spawn(&world->tracer, &spawn, err) == -1)
        return -1;
    return lp_world_settle(world, copy, err);
}

int lp_world_begin(struct lp_program_world *world, struct lp_err *err)
{
    lp_world_end(world);
    lp_tape_release(&world->tape);
    lp_tape_init(&world->tape);
    lp_tracer_init(&world->tracer, &world->tape, world->seed);
    world->live = true;
    lp_pidspace_enter(&world->numbers);
    world->tracer.clocks = true;
    world->tracer.epoch = world->epoch;
    lp_ages_begin(&world->tracer);
    world->tracer.trying = true;
    world->tracer.gate = hold_shared;
    world->tracer.after = called;
    world->tracer.self = world;
    world->releases = 0;
    world->hung = false;
    for (unsigned i = 0; i < world->program->copies; i++) {
        world->busy_at[i] = UINT64_MAX;
        if (start_copy(world, i, err) == -1)
            return -1;
    }
    return lp_world_pass_time(world, err);
}

void lp_world_end(struct lp_program_world *world)
{
    if (!world->live)
        return;
    lp_tracer_release(&world->tracer);
    lp_pidspace_leave(&world->numbers);
    world->live = false;
}

/* ---- waiting ---- */

static bool fcntl_kind(uint8_t family)
{
    return family == LP_FAMILY_POSIX || family == LP_FAMILY_OFD;
}

/* The first hold of another owner that stands in the way of the lock that is asked for. */
static const struct lp_tape_hold *obstacle(const struct lp_tape *tape, const struct lp_event *lock)
{
    for (size_t i = 0; i < tape->open_count; i++) {
        const struct lp_tape_hold *hold = &tape->holds[tape->open[i]];
        bool own =
            hold->copy == lock->copy && (hold->family != LP_FAMILY_POSIX || hold->pid == lock->pid);
        bool same =
            hold->family == lock->family || (fcntl_kind(hold->family) && fcntl_kind(lock->family));
        if (!own && same && hold->object == lock->object && hold->from < lock->to &&
            lock->from < hold->to && (hold->exclusive || lock->flags & LP_EVENT_EXCLUSIVE))
            return hold;
    }
    return NULL;
}

/* To begin to wait is itself a step where it lets go of what is held: a flock that converts gives
   up the old mode before it waits for the new one (flock(2)). Two that upgrade do not block each
   other. */
static bool converts(const struct lp_tape *tape, const struct lp_event *lock)
{
    for (size_t i = 0; i < tape->open_count; i++) {
        const struct lp_tape_hold *hold = &tape->holds[tape->open[i]];
        if (lock->family == LP_FAMILY_FLOCK && hold->family == lock->family &&
            hold->copy == lock->copy && hold->object == lock->object)
            return true;
    }
    return false;
}

bool lp_world_must_wait(const struct lp_program_world *world, unsigned copy)
{
    const struct lp_task *task = world->held[copy];
    if (world->states[copy] != LP_COPY_STEP || !task || !task->pending.may_wait)
        return false;
    if (task->waits)
        return world->busy_at[copy] == world->releases;
    const struct lp_event *lock = &task->pending.events[0];
    if (lock->family == LP_FAMILY_POSIX)
        return false; /* tried once at least: who closes a circle is told so (EDEADLK) */
    return obstacle(&world->tape, lock) != NULL && !converts(&world->tape, lock);
}

static bool was_ever_granted(const struct lp_tape *tape, uint32_t object)
{
    for (size_t i = 0; i < tape->event_count; i++)
        if (tape->events[i].object == object && tape->events[i].kind == LP_EVENT_LOCK &&
            tape->events[i].result == 0)
            return true;
    return false;
}

const char *lp_world_stranger(const struct lp_program_world *world)
{
    for (unsigned i = 0; i < world->program->copies; i++) {
        const struct lp_task *task = world->held[i];
        if (world->states[i] != LP_COPY_STEP || !task || !task->waits)
            continue;
        uint32_t object = task->pending.events[0].object;
        if (!was_ever_granted(&world->tape, object))
            return world->tape.objects[object].path;
    }
    return NULL;
}

static bool anybody_can(const struct lp_program_world *world)
{
    for (unsigned i = 0; i < world->program->copies; i++)
        if (world->states[i] == LP_COPY_STEP && !lp_world_must_wait(world, i))
            return true;
    return false;
}

int lp_world_wake(struct lp_program_world *world, unsigned copy, struct lp_err *err)
{
    lp_tracer_wake(&world->tracer, lp_tracer_sleeper(&world->tracer, copy));
    return lp_world_settle(world, copy, err);
}

int lp_world_pass_time(struct lp_program_world *world, struct lp_err *err)
{
    for (unsigned wakes = 0; wakes < WAKES_MAX && !anybody_can(world); wakes++) {
        const struct lp_task *first = lp_tracer_sleeper(&world->tracer, UINT32_MAX);
        if (!first || first->pending.wake_ns > TIME_MAX_NS)
            return 0;
        if (lp_world_wake(world, first->copy, err) == -1)
            return -1;
    }
    return 0;
}

static const struct lp_task *waiting_task(const struct lp_program_world *world, uint32_t pid)
{
    for (unsigned i = 0; i < world->program->copies; i++) {
        const struct lp_task *task = world->held[i];
        if (world->states[i] == LP_COPY_STEP && task && task->waits && (uint32_t)task->pid == pid &&
            task->pending.events[0].family == LP_FAMILY_POSIX)
            return task;
    }
    return NULL;
}

bool lp_world_is_deadlock(const struct lp_program_world *world, const struct lp_task *task)
{
    const struct lp_event *lock = &task->pending.events[0];
    if (lock->family != LP_FAMILY_POSIX)
        return false;
    for (unsigned hops = 0; hops <= world->program->copies; hops++) {
        const struct lp_tape_hold *hold = obstacle(&world->tape, lock);
        if (!hold)
            return false;
        if (hold->pid == (uint32_t)task->pid)
            return true;
        const struct lp_task *owner = waiting_task(world, hold->pid);
        if (!owner)
            return false;
        lock = &owner->pending.events[0];
    }
    return false;
}
