/* SPDX-License-Identifier: MIT */
/*
 * A schedule file to the letter: each line's worker, step and result must be what happens. What
 * cannot happen is a divergence, told with its line; it is no finding about the lock.
 */
#include "explore/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/str.h"
#include "base/units.h"
#include "explore/path.h"

const char *const lp_replay_keys[] = {"scenario", "workers", "rounds", "only-rounds",
                                      "without",  "verdict", NULL};

static bool is_time(const struct lp_schedule_line *line)
{
    return line->actor && strcmp(line->actor, LP_SCHEDULE_TIME) == 0;
}

/* ---- faults ---- */

/* "kill 1" or "expire a". */
int lp_replay_faults(const struct lp_schedule *schedule, const struct lp_scenario *scenario,
                     struct lp_explore_request *request, const struct lp_registry *registry,
                     struct lp_err *err)
{
    for (size_t i = 0; i < schedule->line_count; i++) {
        const struct lp_schedule_line *line = &schedule->lines[i];
        struct lp_led_fault fault;
        if (!line->actor || is_time(line))
            continue;
        if (request->fault_count == LP_LED_FAULTS_MAX)
            return lp_schedule_fail(schedule, line->line, line->column, err, "more than %d faults",
                                    LP_LED_FAULTS_MAX);
        if (lp_explore_fault_parse(scenario, line->step, ' ', &fault) == -1)
            return lp_schedule_fail(schedule, line->line, line->step_column, err,
                                    "expected 'kill WORKER' or 'expire LOCK', not '%.40s'",
                                    line->step);
        if (lp_explore_fault(request, scenario, fault, registry, err) == -1)
            return lp_err_wrap(err, "%s:%u:%u", schedule->file, line->line, line->column);
    }
    return 0;
}

/* ---- what can be known beforehand ---- */

int lp_replay_check(const struct lp_schedule *schedule, const struct lp_scenario *scenario,
                    struct lp_err *err)
{
    unsigned workers = lp_scenario_workers(scenario);
    if (lp_schedule_allow(schedule, lp_replay_keys, err) == -1)
        return -1;
    for (size_t i = 0; i < schedule->line_count; i++) {
        const struct lp_schedule_line *line = &schedule->lines[i];
        if (line->actor && strcmp(line->actor, "fault") != 0 && !is_time(line))
            return lp_schedule_fail(schedule, line->line, line->column, err,
                                    "expected a worker's number, 'fault' or 'time', not '%.40s'",
                                    line->actor);
        if (line->actor)
            continue;
        if (line->worker >= workers)
            return lp_schedule_fail(schedule, line->line, line->column, err,
                                    "there is no worker %u; the scenario has 0 to %u", line->worker,
                                    workers - 1);
        size_t len = strcspn(line->step, " ");
        char name[24];
        bool known = len == 0;
        snprintf(name, sizeof name, "%.*s", (int)(len < 20 ? len : 20), line->step);
        for (size_t k = 0; k < lp_step_row_count && !known; k++)
            known = strcmp(lp_step_rows[k].name, name) == 0;
        if (known)
            continue;
        const char *nearest =
            lp_nearest(name, lp_step_rows, lp_step_row_count, sizeof lp_step_rows[0]);
        return lp_schedule_fail(
            schedule, line->line, line->step_column, err, "there is no step '%s'%s%s%s", name,
            nearest ? ", did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    }
    return 0;
}

/* ---- following ---- */

struct replay {
    struct lp_director *director;
    const struct lp_schedule *schedule;
    struct lp_explore_outcome *outcome;
    struct lp_trace trace;
    lp_mask runnable;
    lp_mask blocked;
    unsigned faults_done;
    struct lp_str step, result;
};

static void diverge(struct replay *replay, const struct lp_schedule_line *line, const char *what)
{
    struct lp_explore_outcome *outcome = replay->outcome;
    outcome->diverged = true;
    outcome->diverged_line = line->line;
    snprintf(outcome->divergence, sizeof outcome->divergence, "%s", what);
}

static void divergef(struct replay *replay, const struct lp_schedule_line *line, const char *fmt,
                     const char *a, const char *b)
{
    struct lp_str text;
    lp_str_init(&text);
    lp_str_add(&text, fmt);
    lp_str_addf(&text, " `%s`, and the schedule says `%s`", a, b);
    diverge(replay, line, text.ptr);
    lp_str_release(&text);
}

static unsigned actor_of(struct replay *replay, const struct lp_schedule_line *line)
{
    if (!line->actor)
        return line->worker;
    return is_time(line) ? replay->director->world.workers - 1
                         : replay->director->scene.players + replay->faults_done++;
}

static int tell(struct replay *replay, unsigned actor, const struct lp_effect *effect)
{
    const struct lp_world *world = &replay->director->world;
    struct lp_str *out = effect ? &replay->result : &replay->step;
    lp_str_clear(out);
    world->tell(world->self, actor, effect, out);
    return 0;
}

/* "lock" is enough where the whole is "lock from "opened"" or "lock again". */
static bool same_step(const char *given, const char *real)
{
    size_t len = strlen(given);
    return strncmp(given, real, len) == 0 && (real[len] == '\0' || real[len] == ' ');
}

static void note_step(struct replay *replay, unsigned actor, const struct lp_effect *effect)
{
    struct lp_intent unused;
    const struct lp_world *world = &replay->director->world;
    lp_director_note(replay->director, replay->trace.count, actor, replay->step.ptr, effect);
    *lp_trace_add(&replay->trace) = (struct lp_move){.worker = actor, .effect = *effect};
    replay->blocked = effect->went == LP_WENT_WAITING ? lp_bit(actor) : 0;
    for (unsigned i = 0; i < world->workers; i++)
        if (!world->next(world->self, i, &unused))
            replay->runnable &= ~lp_bit(i);
}

static int follow_line(struct replay *replay, const struct lp_schedule_line *line,
                       struct lp_err *err)
{
    const struct lp_world *world = &replay->director->world;
    struct lp_effect effect;
    if (is_time(line) && !world->in_time) {
        diverge(replay, line, "nothing in this scenario depends on time");
        return 0;
    }
    unsigned actor = actor_of(replay, line);
    if (!(replay->runnable & lp_bit(actor))) {
        diverge(replay, line, "the worker is at its end already");
        return 0;
    }
    tell(replay, actor, NULL);
    if (*line->step && !same_step(line->step, replay->step.ptr)) {
        divergef(replay, line, "the worker's next step is", replay->step.ptr, line->step);
        return 0;
    }
    if (world->step(world->self, actor, &effect, err) == -1)
        return -1;
    tell(replay, actor, &effect);
    bool waits = effect.went != LP_WENT_DONE;
    if (waits != line->waiting && (line->result || waits)) {
        divergef(replay, line, "what came of it is", replay->result.ptr,
                 line->result ? line->result : "the step is done");
        return 0;
    }
    if (!waits && line->result && strcmp(line->result, replay->result.ptr) != 0) {
        divergef(replay, line, "what came of it is", replay->result.ptr, line->result);
        return 0;
    }
    if (effect.went == LP_WENT_BLOCKED)
        replay->blocked |= lp_bit(actor);
    else
        note_step(replay, actor, &effect);
    return 0;
}

/* Behind the last line all go on, each as long as it can. */
static int finish(struct replay *replay, struct lp_err *err)
{
    const struct lp_world *world = &replay->director->world;
    lp_mask ready;
    unsigned actor = 0;
    while ((ready = lp_ready(world, replay->runnable, replay->blocked)) != 0) {
        struct lp_effect effect;
        if (ready & lp_time_bit(world))
            ready = lp_time_bit(world);
        if (!(ready & lp_bit(actor)))
            actor = (unsigned)__builtin_ctz(ready);
        tell(replay, actor, NULL);
        if (world->step(world->self, actor, &effect, err) == -1)
            return -1;
        if (effect.went == LP_WENT_BLOCKED)
            replay->blocked |= lp_bit(actor);
        else
            note_step(replay, actor, &effect);
    }
    return 0;
}

static int carry_out(struct replay *replay, struct lp_err *err)
{
    const struct lp_schedule *schedule = replay->schedule;
    for (size_t i = 0; i < schedule->line_count && !replay->outcome->diverged; i++)
        if (follow_line(replay, &schedule->lines[i], err) == -1)
            return -1;
    return replay->outcome->diverged ? 0 : finish(replay, err);
}

/* ---- the whole ---- */

static uint32_t absent_workers(const struct lp_schedule *schedule)
{
    const struct lp_schedule_key *key = lp_schedule_find(schedule, "without");
    uint32_t absent = 0;
    char *end;
    for (const char *at = key ? key->value : ""; *at; at = *end ? end + 1 : end) {
        unsigned long worker = strtoul(at, &end, 10);
        if (end == at || worker >= LP_EXPLORE_WORKERS_MAX)
            break;
        absent |= 1u << worker;
    }
    return absent;
}

static void choose_size(struct lp_scene *scene, const struct lp_schedule *schedule)
{
    const struct lp_schedule_key *rounds = lp_schedule_find(schedule, "only-rounds");
    uint64_t number;
    scene->present = ~absent_workers(schedule);
    if (rounds && lp_number_parse(rounds->value, 1, UINT32_MAX, &number) == 0)
        scene->rounds = (uint32_t)number;
}

static int begin(struct replay *replay, struct lp_err *err)
{
    struct lp_intent unused;
    const struct lp_world *world = &replay->director->world;
    if (world->reset(world->self, true, err) == -1)
        return -1;
    for (unsigned i = 0; i < world->workers; i++)
        if (world->next(world->self, i, &unused))
            replay->runnable |= lp_bit(i);
    return 0;
}

static enum lp_ending ending_of(const struct replay *replay)
{
    if (!replay->runnable)
        return LP_ENDING_ALL;
    return replay->outcome->diverged ? LP_ENDING_CUT : LP_ENDING_DEADLOCK;
}

int lp_replay(struct lp_director *director, struct lp_err *err)
{
    struct lp_scene *scene = &director->scene;
    struct replay replay = {
        .director = director,
        .schedule = scene->request->replay,
        .outcome = &scene->board->outcome,
    };
    struct lp_outcome_seen seen = {0};
    lp_str_init(&replay.step);
    lp_str_init(&replay.result);
    choose_size(scene, replay.schedule);
    scene->thorough = true;
    int status = begin(&replay, err);
    if (status == 0)
        status = carry_out(&replay, err);
    if (status == 0)
        status = director->world.judge(director->world.self, ending_of(&replay), &seen, err);
    if (status == 0) {
        replay.outcome->broken = seen.found == LP_FOUND_VIOLATION;
        replay.outcome->open = seen.found == LP_FOUND_OPEN;
        replay.outcome->deadlocks = ending_of(&replay) == LP_ENDING_DEADLOCK;
        replay.outcome->schedules = 1;
        replay.outcome->longest = replay.trace.count;
        status = lp_scene_dump(scene, director->plan->history_fd, err);
    }
    if (status == 0)
        status = lp_director_save(director, &replay.trace, err);
    lp_trace_release(&replay.trace);
    lp_str_release(&replay.step);
    lp_str_release(&replay.result);
    return status;
}
