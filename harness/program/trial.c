/* SPDX-License-Identifier: MIT */
/*
 * A trial in real time. Copies are started together; in an aligned one each is held before its
 * first call that matters until all have come so far, since starting an interpreter takes a
 * thousand times longer than the race that is looked for.
 */
#include "program/trial.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "os/clock.h"
#include "program/place.h"

/* Copies that have not come to their first call that matters by then are not waited for: they may
   be waiting for one that is held. */
#define ALIGN_NS (2 * LP_SEC)
/* After the end of all copies, what they left running. */
#define STRAGGLERS_NS (LP_SEC / 2)
/* Told to end (SIGTERM), until it is killed. */
#define GRACE_NS LP_SEC

struct trial {
    const struct lp_trial_plan *plan;
    struct lp_trial *result;
    struct lp_tracer tracer;
    unsigned *rounds_left; /* of each slot */
    unsigned *slot_of;     /* of each copy */
    size_t slot_cap;
    bool *came; /* of each copy: it was held once */
    size_t came_cap;
    bool aligning;
};

/* ---- alignment ---- */

/* Until it is known what copies share, every change and every lock may be what they race for. */
static bool matters(const struct trial *trial, const struct lp_task *task)
{
    const struct lp_pending *pending = &task->pending;
    const struct lp_paths *known = trial->plan->shared;
    for (unsigned i = 0; i < pending->event_count; i++) {
        const struct lp_event *event = &pending->events[i];
        const char *path = trial->tracer.tape->objects[event->object].path;
        bool shared = lp_paths_find(known, path) != LP_NO_PATH;
        bool change = event->kind == LP_EVENT_WRITE || event->kind == LP_EVENT_TRUNCATE;
        bool lock = event->kind == LP_EVENT_LOCK ||
                    (lp_event_is_attempt(event) && (shared || known->count == 0));
        bool access = known->count == 0 ? change : shared;
        if (lock || (access && !trial->plan->at_locks))
            return true;
    }
    return false;
}

static bool hold_for_others(void *self, struct lp_tracer *tracer, struct lp_task *task)
{
    struct trial *trial = self;
    (void)tracer;
    if (!trial->aligning || trial->came[task->copy] || !matters(trial, task))
        return false;
    trial->came[task->copy] = true;
    return true;
}

static void let_go(struct trial *trial)
{
    struct lp_tracer *tracer = &trial->tracer;
    trial->aligning = false;
    for (size_t i = 0; i < tracer->task_count; i++) {
        if (tracer->tasks[i]->state == LP_TASK_HELD) {
            trial->result->met++;
            lp_tracer_go(tracer, tracer->tasks[i]);
        }
    }
}

static bool all_came(const struct trial *trial)
{
    const struct lp_tracer *tracer = &trial->tracer;
    for (size_t i = 0; i < tracer->copy_count; i++)
        if (tracer->copies[i].running && !trial->came[i])
            return false;
    return true;
}

/* ---- copies ---- */

static int start_copy(struct trial *trial, unsigned slot, struct lp_err *err)
{
    struct lp_tracer *tracer = &trial->tracer;
    const struct lp_program *program = trial->plan->program;
    char output[4096];
    unsigned number = (unsigned)tracer->copy_count;
    snprintf(output, sizeof output, "%s/copy-%u.txt", trial->plan->folder, number);
    trial->slot_of = lp_grow(trial->slot_of, &trial->slot_cap, number + 1, sizeof *trial->slot_of);
    trial->came = lp_grow(trial->came, &trial->came_cap, number + 1, sizeof *trial->came);
    trial->slot_of[number] = slot;
    trial->rounds_left[slot]--;
    struct lp_copy_seat seat = {.place = program->place, .number = slot};
    const struct lp_spawn spawn = {
        .argv = program->argv,
        .output = output,
        .enter = program->place ? lp_copy_place_enter : NULL,
        .self = &seat,
    };
    return lp_tracer_spawn(tracer, &spawn, err);
}

/* Copies whose slot has rounds left are followed by the next one. */
static int start_followers(struct trial *trial, size_t *ended, struct lp_err *err)
{
    const struct lp_tracer *tracer = &trial->tracer;
    size_t done = 0;
    for (size_t i = 0; i < tracer->copy_count; i++)
        done += !tracer->copies[i].running;
    if (done == *ended)
        return 0;
    *ended = done;
    for (unsigned slot = 0; slot < trial->plan->slots; slot++) {
        bool running = false;
        for (size_t i = 0; i < tracer->copy_count; i++)
            running |= trial->slot_of[i] == slot && tracer->copies[i].running;
        bool first = trial->rounds_left[slot] == trial->plan->rounds;
        if (running || trial->rounds_left[slot] == 0 || (trial->plan->serial && !first))
            continue;
        if (start_copy(trial, slot, err) == -1)
            return -1;
        if (trial->plan->serial)
            return 0;
    }
    return 0;
}

/* ---- from start to end ---- */

static int run_copies(struct trial *trial, struct lp_err *err)
{
    struct lp_tracer *tracer = &trial->tracer;
    const struct lp_trial_plan *plan = trial->plan;
    uint64_t begin = lp_clock_ns(), until = begin + plan->program->timeout_ns;
    size_t ended = 0;
    for (unsigned slot = 0; slot < (plan->serial ? 1 : plan->slots); slot++)
        if (start_copy(trial, slot, err) == -1)
            return -1;
    while (lp_tracer_running(tracer) > 0 && !tracer->interrupted) {
        uint64_t now = lp_clock_ns();
        if (now >= until) {
            trial->result->timed_out = true;
            break;
        }
        uint64_t wake = trial->aligning ? begin + ALIGN_NS : until;
        lp_tracer_turn(tracer, wake < until ? wake : until);
        if (trial->aligning && (all_came(trial) || lp_clock_ns() >= begin + ALIGN_NS))
            let_go(trial);
        if (start_followers(trial, &ended, err) == -1)
            return -1;
    }
    return 0;
}

static void let_end(struct lp_tracer *tracer, uint64_t time_ns)
{
    uint64_t until = lp_clock_ns() + time_ns;
    while (tracer->task_count > 0 && lp_clock_ns() < until && !tracer->interrupted)
        lp_tracer_turn(tracer, until);
}

static void end_copies(struct trial *trial)
{
    struct lp_tracer *tracer = &trial->tracer;
    if (trial->aligning)
        let_go(trial);
    if (trial->result->timed_out || tracer->interrupted) {
        lp_tracer_signal(tracer, SIGTERM);
        let_end(tracer, GRACE_NS);
    } else {
        let_end(tracer, STRAGGLERS_NS);
    }
    lp_tracer_kill(tracer);
}

static void collect(struct trial *trial)
{
    const struct lp_tracer *tracer = &trial->tracer;
    struct lp_trial *result = trial->result;
    result->copies = (unsigned)tracer->copy_count;
    result->statuses = lp_alloc(tracer->copy_count + 1, sizeof *result->statuses);
    result->wrote = lp_alloc(tracer->copy_count + 1, sizeof *result->wrote);
    result->interrupted = tracer->interrupted;
    for (size_t i = 0; i < tracer->copy_count; i++) {
        result->statuses[i] = tracer->copies[i].status;
        result->wrote[i] = tracer->copies[i].wrote;
        result->silenced |= tracer->copies[i].silenced;
        lp_outcome_count(trial->plan->program, &result->outcome, result->statuses[i]);
    }
}

static int do_run(struct trial *trial, struct lp_err *err)
{
    const struct lp_trial_plan *plan = trial->plan;
    const struct lp_program *program = plan->program;
    struct lp_trial *result = trial->result;
    if (lp_program_setup(program, err) == -1)
        return -1;
    if (program->observe && lp_program_observe(program, &result->outcome.start, err) == -1)
        return -1;
    uint64_t begin = lp_clock_ns();
    int done = run_copies(trial, err);
    end_copies(trial);
    result->elapsed_ns = lp_clock_ns() - begin;
    if (done == -1)
        return -1;
    collect(trial);
    if (result->interrupted)
        return 0;
    return lp_program_judge(program, &result->outcome, err);
}

int lp_trial_run(struct lp_trial *trial, const struct lp_trial_plan *plan, struct lp_err *err)
{
    *trial = (struct lp_trial){0};
    lp_tape_init(&trial->tape);
    struct trial own = {
        .plan = plan,
        .result = trial,
        .rounds_left = lp_alloc(plan->slots, sizeof *own.rounds_left),
        .aligning = plan->aligned,
    };
    for (unsigned i = 0; i < plan->slots; i++)
        own.rounds_left[i] = plan->rounds;
    lp_tracer_init(&own.tracer, &trial->tape, plan->seed);
    own.tracer.gate = hold_for_others;
    own.tracer.self = &own;
    int result = do_run(&own, err);
    lp_tracer_release(&own.tracer);
    free(own.rounds_left);
    free(own.slot_of);
    free(own.came);
    if (result == -1)
        lp_trial_release(trial);
    return result;
}

void lp_trial_release(struct lp_trial *trial)
{
    lp_tape_release(&trial->tape);
    free(trial->statuses);
    free(trial->wrote);
    *trial = (struct lp_trial){0};
}

void lp_trial_learn(const struct lp_tape *tape, struct lp_paths *shared)
{
    for (size_t i = 0; i < tape->object_count; i++) {
        const struct lp_object *object = &tape->objects[i];
        if (object->shared && (object->written || object->locked))
            lp_paths_add(shared, object->path);
    }
}
