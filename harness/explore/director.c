/* SPDX-License-Identifier: MIT */
/*
 * Container 0 of an exploration: it leads. Searching, making a losing schedule simple, repeating
 * it, and last of all carrying it out once more with everything recorded that a free run records:
 * that is the history which is judged and shown.
 */
#include "explore/director.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/units.h"
#include "explore/replay.h"
#include "explore/shrink.h"
#include "explore/watch.h"
#include "os/clock.h"
#include "os/file.h"

/* What a smaller world or a simpler schedule may cost. */
#define SMALLER_SCHEDULES 3000
#define SMALLER_NS (3 * LP_SEC)
#define SHRINK_SCHEDULES 3000
#define SHRINK_NS (5 * LP_SEC)
#define FRESH_EVERY 1000

static bool told_to_stop(const struct lp_director *director)
{
    return atomic_load_explicit(&director->plan->control->stop, memory_order_relaxed) != 0;
}

static bool after_schedule(void *context, const struct lp_trace *trace, enum lp_ending ending,
                           const struct lp_outcome_seen *seen)
{
    struct lp_director *director = context;
    struct lp_board *board = director->scene.board;
    (void)trace, (void)ending, (void)seen;
    atomic_fetch_add_explicit(&board->outcome.schedules, 1, memory_order_relaxed);
    for (unsigned i = 0; i < director->scene.players; i++)
        board->outcome.attempts_cut |= lp_scene_report(&director->scene, i)->cut;
    return told_to_stop(director);
}

static bool stop_only(void *context, const struct lp_trace *trace, enum lp_ending ending,
                      const struct lp_outcome_seen *seen)
{
    (void)trace, (void)ending, (void)seen;
    return told_to_stop(context);
}

/* ---- searching ---- */

static void fill_outcome(struct lp_explore_outcome *outcome, const struct lp_search_result *result)
{
    atomic_store(&outcome->schedules, result->schedules);
    outcome->classes = result->classes;
    outcome->outcomes = result->outcomes;
    outcome->repeated = result->repeated;
    outcome->unstable = result->unstable;
    outcome->renewed = result->renewed;
    outcome->open = result->open;
    outcome->deadlocks = result->deadlocks;
    outcome->cut = result->cut;
    outcome->steps = result->steps;
    outcome->longest = result->longest;
    outcome->exhaustive = result->exhaustive;
    outcome->bound_complete = result->bound_complete;
    outcome->probability = result->probability;
    outcome->broken = result->violations > 0;
}

static unsigned rounds_of(const struct lp_director *director)
{
    unsigned most = 0;
    const struct lp_scenario *scenario = director->scene.scenario;
    for (size_t i = 0; i < scenario->group_count; i++) {
        unsigned own = scenario->groups[i].rounds;
        unsigned rounds = own && own < scenario->rounds ? own : scenario->rounds;
        most = rounds > most ? rounds : most;
    }
    return most;
}

/* One smaller world; `found` when it loses too. */
static int try_smaller(struct lp_director *director, uint32_t present, unsigned rounds,
                       struct lp_trace *losing, bool *found, struct lp_err *err)
{
    struct lp_search_options options = {
        .reduction = LP_REDUCTION_DPOR,
        .preemptions = LP_NO_BOUND,
        .schedules_max = SMALLER_SCHEDULES,
        .until_ns = lp_clock_ns() + SMALLER_NS,
        .after = stop_only,
        .context = director,
    };
    struct lp_search_result result;
    struct lp_scene *scene = &director->scene;
    scene->present = present;
    scene->rounds = rounds;
    if (lp_search(&director->world, &options, &result, err) == -1)
        return -1;
    *found = result.violations > 0;
    if (*found)
        lp_trace_copy(losing, &result.losing);
    lp_search_result_release(&result);
    return 0;
}

/* Fewest workers first, then fewest rounds. The world stays as small as it was found to lose. */
static int shrink_world(struct lp_director *director, struct lp_trace *losing, struct lp_err *err)
{
    struct lp_scene *scene = &director->scene;
    unsigned most = rounds_of(director);
    uint32_t all = scene->players < 32 ? (1u << scene->players) - 1 : UINT32_MAX;
    bool found = false;
    for (unsigned workers = 1; workers <= scene->players && !found; workers++) {
        for (unsigned rounds = 1; rounds <= most && !found; rounds++) {
            if (workers == scene->players && rounds == most)
                break;
            for (uint32_t present = 1; present <= all && !found; present++) {
                if ((unsigned)__builtin_popcount(present) != workers)
                    continue;
                if (scene->players > 8 || told_to_stop(director))
                    goto out; /* too many to try */
                if (try_smaller(director, present, rounds, losing, &found, err) == -1)
                    return -1;
            }
        }
    }
out:
    if (!found) {
        scene->present = UINT32_MAX;
        scene->rounds = UINT32_MAX;
    }
    return 0;
}

static unsigned present_workers(const struct lp_scene *scene)
{
    unsigned count = 0;
    for (unsigned i = 0; i < scene->players; i++)
        count += (scene->present & 1u << i) != 0;
    return count;
}

static void add_step(const struct lp_director *director, unsigned actor, const char *step,
                     struct lp_str *out)
{
    if (lp_scene_is_time(&director->scene, actor))
        lp_str_addf(out, "`time %s`", step);
    else if (actor >= director->scene.players)
        lp_str_addf(out, "the fault `%s`", step);
    else
        lp_str_addf(out, "worker %u's `%s`", actor, step);
}

static void tell_swap(struct lp_director *director, const struct lp_trace *losing,
                      const struct lp_swap *swap, struct lp_explore_outcome *outcome)
{
    const struct lp_step_words *words = director->words;
    outcome->swap_found = swap->found;
    if (!swap->found || swap->first + 1 >= director->word_count)
        return;
    struct lp_str text;
    lp_str_init(&text);
    add_step(director, losing->moves[swap->first + 1].worker, words[swap->first + 1].step, &text);
    lp_str_add(&text, " before ");
    add_step(director, losing->moves[swap->first].worker, words[swap->first].step, &text);
    snprintf(outcome->swap, sizeof outcome->swap, "%s", text.ptr);
    lp_str_release(&text);
}

/* ---- the last schedule ---- */

/* Once more, with everything recorded, into the run folder. */
static int show(struct lp_director *director, const struct lp_trace *trace, struct lp_err *err)
{
    struct lp_scene *scene = &director->scene;
    int status = lp_director_perform(director, trace, err);
    if (status == 0)
        status = lp_scene_dump(scene, director->plan->history_fd, err);
    return status;
}

static int simplify(struct lp_director *director, struct lp_trace *losing, struct lp_err *err)
{
    struct lp_scene *scene = &director->scene;
    struct lp_explore_outcome *outcome = &scene->board->outcome;
    struct lp_shrink_limits limits = {.schedules_max = SHRINK_SCHEDULES};
    struct lp_swap swap;
    if (shrink_world(director, losing, err) == -1)
        return -1;
    limits.until_ns = lp_clock_ns() + SHRINK_NS;
    if (lp_shrink(&director->world, losing, &limits, err) == -1 ||
        lp_find_swap(&director->world, losing, &limits, &swap, err) == -1 ||
        lp_reproduce(&director->world, losing, LP_REPRODUCE_TIMES, 0, &outcome->reproduced, err) ==
            -1 ||
        show(director, losing, err) == -1)
        return -1;
    outcome->workers = present_workers(scene);
    outcome->rounds = scene->rounds < rounds_of(director) ? scene->rounds : rounds_of(director);
    tell_swap(director, losing, &swap, outcome);
    return lp_director_save(director, losing, err);
}

static int search(struct lp_director *director, struct lp_err *err)
{
    struct lp_board *board = director->scene.board;
    const struct lp_explore_request *request = board->request;
    struct lp_search_options options = request->search;
    struct lp_search_result result;
    struct lp_trace none = {0};
    options.after = after_schedule;
    options.context = director;
    options.fresh_every = FRESH_EVERY;
    uint64_t start_ns = lp_clock_ns();
    options.until_ns = request->time_ns ? start_ns + request->time_ns : 0;
    if (lp_search(&director->world, &options, &result, err) == -1)
        return -1;
    board->outcome.elapsed_ns = lp_clock_ns() - start_ns;
    fill_outcome(&board->outcome, &result);
    int status = result.violations > 0 ? simplify(director, &result.losing, err)
                                       : show(director, &none, err);
    lp_search_result_release(&result);
    return status;
}

/* ---- the process ---- */

static void tell_ready(const struct lp_container_plan *plan)
{
    struct lp_control *control = plan->control;
    for (uint32_t i = 0; i < control->worker_count; i++)
        atomic_store(&control->slots[i].state, LP_WORKER_READY);
    atomic_store(&control->ready, control->worker_count);
    lp_event_tell(plan->event_fd);
    lp_futex_wait(&control->gate, LP_GATE_CLOSED, LP_FOREVER);
}

static int get_ready(struct lp_director *director, struct lp_err *err)
{
    const struct lp_container_plan *plan = director->plan;
    struct lp_control *control = plan->control;
    struct lp_board *board = plan->directing->context;
    enum lp_stage_kind kind = lp_stage_kind_of(plan->scenario, plan->registry);
    board->outcome.handed_over = kind != LP_STAGE_FIBERS;
    if (lp_scene_init(&director->scene, plan, board, kind, err) == -1)
        return -1;
    director->world = lp_scene_world(&director->scene);
    atomic_fetch_add(&control->prepared, 1);
    lp_futex_wake_all(&control->prepared);
    lp_event_tell(plan->event_fd);
    for (uint32_t seen; (seen = atomic_load(&control->prepared)) < control->container_count;)
        lp_futex_wait(&control->prepared, seen, LP_FOREVER);
    return director->world.reset(director->world.self, true, err);
}

static void end(const struct lp_container_plan *plan) LP_NORETURN;
static void end(const struct lp_container_plan *plan)
{
    atomic_store(&plan->control->ended, plan->control->worker_count);
    lp_futex_wake_all(&plan->control->ended);
    _exit(0);
}

/* Of another thread: the leader is where it never comes back from. */
static void end_late(void *context)
{
    struct lp_director *director = context;
    const struct lp_scene *scene = &director->scene;
    struct lp_board *board = scene->board;
    unsigned player = board->turn_of;
    const struct lp_step *step =
        &scene->parts[player].group->steps[lp_scene_report(scene, player)->step];
    struct lp_err err = {0};
    snprintf(board->outcome.late, sizeof board->outcome.late, "worker %u's `%s`", player,
             lp_step_name(step->kind));
    if (lp_scene_dump(&director->scene, director->plan->history_fd, &err) == -1)
        lp_trouble_set(&director->plan->control->trouble, &err);
    atomic_store(&director->plan->control->closed_ns, lp_clock_ns());
    end(director->plan);
}

static void lead(struct lp_director *director, struct lp_err *err)
{
    struct lp_watch watch = {.board = director->scene.board, .late = end_late, .context = director};
    const struct lp_container_plan *plan = director->plan;
    struct lp_control *control = plan->control;
    struct lp_board *board = director->scene.board;
    tell_ready(plan);
    if (atomic_load(&control->gate) != LP_GATE_OPEN)
        return;
    int status = lp_watch_start(&watch, err);
    if (status == 0) {
        status = board->request->replay ? lp_replay(director, err) : search(director, err);
        if (status == 0)
            status = lp_scene_close(&director->scene, err);
        lp_watch_stop(&watch);
    }
    if (status == -1)
        lp_trouble_set(&control->trouble, err);
    board->outcome.done = status == 0;
    atomic_store(&control->closed_ns, lp_clock_ns());
}

void lp_director_main(const struct lp_container_plan *plan, unsigned number)
{
    struct lp_director director = {.plan = plan};
    struct lp_err err = {0};
    if (number > 0)
        lp_stage_serve(plan, plan->directing->context, number);
    bool failed = get_ready(&director, &err) == -1;
    if (failed) {
        lp_trouble_set(&plan->control->trouble, &err);
        lp_event_tell(plan->event_fd);
        _exit(1);
    }
    lead(&director, &err);
    lp_scene_release(&director.scene);
    free(director.words);
    end(plan);
}
