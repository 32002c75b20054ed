/* SPDX-License-Identifier: MIT */
/* The functions of a world of programs: see the header. */
#include "program/world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/units.h"
#include "os/clock.h"
#include "os/file.h"
#include "program/exec.h"
#include "program/printed.h"
#include "program/trial.h"
#include "reports/clean.h"

/* A copy that waits for something outside is given so long before it counts as waiting. */
#define OUTSIDE_NS (50 * LP_MS)
#define STREAK_MAX 3
#define RESTED_FIRST 1000000007u

/* ---- steps ---- */

static uint32_t object_number(const char *path)
{
    uint64_t hash = 0;
    for (; *path; path++)
        hash = lp_mix(hash, (unsigned char)*path);
    return (uint32_t)hash;
}

static enum lp_access_kind access_of(const struct lp_event *event)
{
    switch ((enum lp_event_kind)event->kind) {
    case LP_EVENT_READ:
    case LP_EVENT_LOOK:
        return LP_ACCESS_READ;
    case LP_EVENT_LOCK:
        return event->flags & LP_EVENT_NONBLOCKING ? LP_ACCESS_TRY : LP_ACCESS_LOCK;
    case LP_EVENT_UNLOCK:
        return LP_ACCESS_UNLOCK;
    default:
        return LP_ACCESS_WRITE;
    }
}

static void add_access(struct lp_intent *intent, uint32_t object, enum lp_access_kind kind)
{
    if (intent->count == LP_ACCESSES_MAX) {
        intent->everything = true;
        return;
    }
    intent->access[intent->count++] = (struct lp_access){.object = object, .kind = kind};
}

/* An end gives up all that the process holds. */
static void add_holds(const struct lp_tape *tape, unsigned copy, struct lp_intent *intent)
{
    for (size_t i = 0; i < tape->open_count; i++) {
        const struct lp_tape_hold *hold = &tape->holds[tape->open[i]];
        if (hold->copy == copy && hold->family != LP_FAMILY_NAME)
            add_access(intent, object_number(tape->objects[hold->object].path), LP_ACCESS_UNLOCK);
    }
}

static bool next(void *self, unsigned copy, struct lp_intent *intent)
{
    const struct lp_program_world *world = self;
    /* What a copy will do when it wakes is not known: it may be anything. */
    *intent = (struct lp_intent){0};
    switch (world->states[copy]) {
    case LP_COPY_ENDED:
        return false;
    case LP_COPY_SLEEPS:
    case LP_COPY_OUTSIDE:
        intent->everything = true;
        return true;
    case LP_COPY_STEP:
        break;
    }
    const struct lp_pending *pending = &world->held[copy]->pending;
    if (!pending->row)
        add_holds(&world->tape, copy, intent);
    for (unsigned i = 0; i < pending->event_count; i++)
        add_access(intent, object_number(world->tape.objects[pending->events[i].object].path),
                   access_of(&pending->events[i]));
    return true;
}

/* What the step's calls were answered. */
static uint64_t fingerprint(const struct lp_program_world *world, unsigned copy)
{
    uint64_t hash = RESTED_FIRST;
    for (size_t i = world->step_from; i < world->tape.event_count; i++) {
        const struct lp_event *event = &world->tape.events[i];
        if (event->copy == copy && event->object != LP_NO_OBJECT)
            hash = lp_mix(lp_mix(hash, event->kind), (uint64_t)(uint32_t)event->result);
    }
    return hash;
}

static void count_releases(struct lp_program_world *world)
{
    for (size_t i = world->step_from; i < world->tape.event_count; i++) {
        enum lp_event_kind kind = (enum lp_event_kind)world->tape.events[i].kind;
        world->releases +=
            kind == LP_EVENT_UNLOCK || kind == LP_EVENT_REMOVE || kind == LP_EVENT_EXIT;
    }
}

/* The held call is made; whatever is started by it settles. */
static int make_call(struct lp_program_world *world, unsigned copy, struct lp_err *err)
{
    struct lp_task *task = world->held[copy];
    uint64_t until = lp_clock_ns() + world->program->timeout_ns;
    pid_t tid = task->tid;
    lp_tracer_go(&world->tracer, task);
    /* Until the call is answered: a lock that is taken holds the task again. */
    while (lp_clock_ns() < until) {
        bool in_call = false;
        for (size_t i = 0; i < world->tracer.task_count; i++)
            in_call |= world->tracer.tasks[i]->tid == tid && world->tracer.tasks[i]->in_call;
        if (!in_call || lp_tracer_turn(&world->tracer, lp_clock_ns() + LP_MS) == 0)
            break;
    }
    return lp_world_settle(world, copy, err);
}

static int step_call(struct lp_program_world *world, unsigned copy, struct lp_effect *effect,
                     struct lp_err *err)
{
    struct lp_task *task = world->held[copy];
    if (task->waits && lp_world_must_wait(world, copy)) {
        effect->went = LP_WENT_BLOCKED;
        return 0;
    }
    size_t before = world->tape.event_count;
    if (make_call(world, copy, err) == -1)
        return -1;
    task = world->held[copy];
    if (world->states[copy] == LP_COPY_STEP && task->waits) {
        world->busy_at[copy] = world->releases;
        if (lp_world_is_deadlock(world, task)) {
            task->pending.deadlock = true;
            if (make_call(world, copy, err) == -1)
                return -1;
        } else if (world->tape.event_count == before) {
            effect->went = LP_WENT_BLOCKED;
            return 0;
        } else {
            effect->went = LP_WENT_WAITING; /* a conversion has let go of the old mode */
            return 0;
        }
    }
    effect->went = LP_WENT_DONE;
    return 0;
}

static int step_outside(struct lp_program_world *world, unsigned copy, struct lp_effect *effect,
                        struct lp_err *err)
{
    uint64_t progress = world->tracer.progress;
    lp_tracer_turn(&world->tracer, lp_clock_ns() + OUTSIDE_NS);
    if (lp_world_settle(world, copy, err) == -1)
        return -1;
    bool moved = world->tracer.progress != progress || world->states[copy] != LP_COPY_OUTSIDE;
    effect->went = moved ? LP_WENT_DONE : LP_WENT_BLOCKED;
    return 0;
}

static void note_step(struct lp_program_world *world, const struct lp_intent *intent)
{
    world->did = lp_grow(world->did, &world->did_cap, world->did_count + 1, sizeof *world->did);
    world->did[world->did_count++] = *intent;
}

/* Sleepers are woken when nobody else can go on, which is part of others' steps. */
static bool waits(void *self, unsigned copy)
{
    const struct lp_program_world *world = self;
    return (world->states[copy] == LP_COPY_SLEEPS && !world->free_time) ||
           lp_world_must_wait(world, copy);
}

/* Who polls is not let run for ever while the others stand still. */
static bool may_be_woken(struct lp_program_world *world, unsigned copy)
{
    if (!world->free_time)
        return false;
    if (world->woken != copy)
        world->streak = 0;
    world->woken = copy;
    return world->streak++ < STREAK_MAX;
}

static int step(void *self, unsigned copy, struct lp_effect *effect, struct lp_err *err)
{
    struct lp_program_world *world = self;
    struct lp_intent intent;
    int result = 0;
    *effect = (struct lp_effect){.went = LP_WENT_BLOCKED};
    world->step_from = (uint32_t)world->tape.event_count;
    if (world->states[copy] == LP_COPY_SLEEPS && may_be_woken(world, copy)) {
        effect->went = LP_WENT_DONE;
        result = lp_world_wake(world, copy, err);
    }
    bool alive = next(world, copy, &intent);
    if (result == 0 && world->states[copy] == LP_COPY_STEP)
        result = step_call(world, copy, effect, err);
    else if (result == 0 && world->states[copy] == LP_COPY_OUTSIDE)
        result = step_outside(world, copy, effect, err);
    count_releases(world);
    if (result == 0 && effect->went != LP_WENT_BLOCKED) {
        if (alive)
            note_step(world, &intent);
        if (world->woken != copy)
            world->streak = 0;
        result = lp_world_pass_time(world, err);
    }
    effect->result = fingerprint(world, copy);
    return result;
}

static void tell(void *self, unsigned copy, const struct lp_effect *effect, struct lp_str *out)
{
    const struct lp_program_world *world = self;
    if (effect) {
        for (size_t i = world->step_from; i < world->tape.event_count; i++) {
            const struct lp_event *event = &world->tape.events[i];
            if (event->copy != copy || event->object == LP_NO_OBJECT)
                continue;
            if (event->result < 0)
                lp_str_addf(out, "%s", strerror(-event->result));
            else if (event->result > 0)
                lp_str_addf(out, "ok %d", event->result);
            else
                lp_str_add(out, "ok");
            return;
        }
        return;
    }
    switch (world->states[copy]) {
    case LP_COPY_SLEEPS:
        lp_str_add(out, "sleep on");
        return;
    case LP_COPY_OUTSIDE:
        lp_str_add(out, "go on");
        return;
    case LP_COPY_ENDED:
        return;
    case LP_COPY_STEP:
        break;
    }
    const struct lp_pending *pending = &world->held[copy]->pending;
    if (!pending->row)
        lp_str_add(out, "exit");
    for (unsigned i = 0; i < pending->event_count; i++) {
        lp_str_add(out, i ? ", " : "");
        lp_event_text(&world->tape, &pending->events[i], out);
    }
}

/* ---- start and end ---- */

static int reset(void *self, bool fresh, struct lp_err *err)
{
    struct lp_program_world *world = self;
    const struct lp_program *program = world->program;
    lp_world_end(world);
    lp_lapses_release(&world->lapses);
    world->schedules++;
    world->did_count = 0;
    if (lp_program_setup(program, err) == -1)
        return -1;
    /* The set-up makes the same each time; without one the counter goes on. */
    if (program->observe && (!world->started || fresh || !program->setup)) {
        if (lp_program_observe(program, &world->start, err) == -1)
            return -1;
        world->started = true;
    }
    return lp_world_begin(world, err);
}

static void learn(struct lp_program_world *world)
{
    lp_trial_learn(&world->tape, &world->seen);
}

static bool is_judged(const struct lp_program *program)
{
    return program->observe || program->invariant || program->unique_file;
}

static int judge_end(struct lp_program_world *world, struct lp_outcome_seen *seen,
                     struct lp_err *err)
{
    const struct lp_program *program = world->program;
    struct lp_program_outcome *outcome = &world->outcome;
    struct lp_trial trial = {.tape = world->tape, .copies = program->copies};
    struct lp_str text;
    *outcome = (struct lp_program_outcome){.start = world->start};
    trial.statuses = lp_alloc(program->copies, sizeof *trial.statuses);
    for (unsigned i = 0; i < program->copies; i++) {
        trial.statuses[i] = world->tracer.copies[i].status;
        lp_outcome_count(program, outcome, trial.statuses[i]);
    }
    int result = lp_program_judge(program, outcome, err);
    world->silent = lp_silent_copies(&trial);
    free(world->printed);
    lp_str_init(&text);
    lp_printed_example(world->folder, &trial, world->silent > 0, &text);
    world->printed = text.len ? lp_strdup(text.ptr) : NULL;
    lp_str_release(&text);
    free(trial.statuses);
    if (result == -1)
        return -1;
    seen->fingerprint =
        lp_mix((uint64_t)outcome->final, outcome->lost_min + 7 * outcome->succeeded);
    if (lp_outcome_is_bad(outcome))
        seen->found = LP_FOUND_VIOLATION;
    else if (outcome->lost_max > 0 || outcome->succeeded == 0)
        seen->found = LP_FOUND_OPEN;
    return 0;
}

/* Lapses that happened make a schedule doubtful when nothing else tells whether it is fine. */
static bool has_lapse(const struct lp_program_world *world)
{
    for (size_t i = 0; i < world->lapses.count; i++)
        if (!world->lapses.lapse[i].hint)
            return true;
    return false;
}

static int judge(void *self, enum lp_ending ending, struct lp_outcome_seen *seen,
                 struct lp_err *err)
{
    struct lp_program_world *world = self;
    *seen = (struct lp_outcome_seen){.found = LP_FOUND_NOTHING};
    learn(world);
    lp_lapses_find(&world->lapses, &world->tape);
    world->outcome = (struct lp_program_outcome){0};
    world->stranger = NULL;
    if (ending == LP_ENDING_ALL) {
        lp_tracer_kill(&world->tracer); /* what was left running behind the copies' ends */
        if (judge_end(world, seen, err) == -1)
            return -1;
        if (!is_judged(world->program) && has_lapse(world))
            seen->found = LP_FOUND_OPEN;
    } else if (ending == LP_ENDING_DEADLOCK) {
        world->stranger = lp_world_stranger(world);
        bool outside = world->hung || world->stranger;
        for (unsigned i = 0; i < world->program->copies; i++)
            outside |= world->states[i] != LP_COPY_ENDED && !lp_world_must_wait(world, i);
        seen->found = outside ? LP_FOUND_OPEN : LP_FOUND_VIOLATION;
    } else {
        seen->found = LP_FOUND_OPEN;
    }
    lp_world_end(world);
    return 0;
}

/* ---- the first run ---- */

/* Each copy in turn until it sleeps, waits or is at its end; then time goes on. */
int lp_program_world_learn(struct lp_program_world *world, struct lp_outcome_seen *seen,
                           struct lp_err *err)
{
    unsigned copies = world->program->copies, ended = 0;
    bool moved = true;
    world->learning = true;
    int result = reset(world, true, err);
    while (result == 0 && ended < copies && moved) {
        moved = false;
        ended = 0;
        for (unsigned i = 0; i < copies && result == 0; i++) {
            struct lp_effect effect = {.went = LP_WENT_BLOCKED};
            while (result == 0 && world->states[i] != LP_COPY_ENDED) {
                result = step(world, i, &effect, err);
                if (result == -1 || effect.went != LP_WENT_DONE)
                    break;
                moved = true;
            }
            ended += world->states[i] == LP_COPY_ENDED;
        }
    }
    world->learning = false;
    if (result == 0)
        result = judge(world, ended == copies ? LP_ENDING_ALL : LP_ENDING_DEADLOCK, seen, err);
    for (size_t i = 0; i < world->seen.count; i++)
        lp_paths_add(&world->shared, world->seen.path[i]);
    return result;
}

void lp_program_world_init(struct lp_program_world *world, const struct lp_program *program,
                           const char *folder, uint64_t seed)
{
    *world = (struct lp_program_world){
        .program = program,
        .folder = folder,
        .seed = seed,
        .epoch = lp_epoch_now(),
        .states = lp_alloc(program->copies, sizeof *world->states),
        .held = lp_alloc(program->copies, sizeof(struct lp_task *)),
        .busy_at = lp_alloc(program->copies, sizeof *world->busy_at),
    };
    world->world = (struct lp_world){
        .self = world,
        .workers = program->copies,
        .reset = reset,
        .next = next,
        .step = step,
        .waits = waits,
        .judge = judge,
        .tell = tell,
    };
}

void lp_program_world_release(struct lp_program_world *world)
{
    lp_world_end(world);
    lp_tape_release(&world->tape);
    lp_paths_release(&world->shared);
    lp_paths_release(&world->seen);
    lp_lapses_release(&world->lapses);
    free(world->states);
    free(world->held);
    free(world->busy_at);
    free(world->printed);
    free(world->did);
    *world = (struct lp_program_world){0};
}
