/* SPDX-License-Identifier: MIT */
/* Searching the schedules of a program: first run, phases, losing schedule, verdict. */
#include "program/explore.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "os/clock.h"
#include "os/file.h"
#include "explore/shrink.h"
#include "program/explain.h"
#include "program/limits.h"

#define SCHEDULES_DEFAULT 200 /* and so many `held` needs, where the search is not complete */
#define TIME_DEFAULT (60 * LP_SEC)
#define REPLAYS 10
#define STEPS_MAX 5000
#define SHRINK_SCHEDULES 24
#define SWAP_SCHEDULES 40
#define STUDY_NS (2 * LP_SEC) /* for each of the two */
/* What is learned later than in the first run makes the search begin again, so often at most. */
#define LESSONS_MAX 3

struct job {
    struct lp_program_exploration *exploration;
    const struct lp_program_explore_options *options;
    struct lp_explanation explanation; /* of the losing schedule, or of a doubtful one */
    uint64_t until_ns;
    uint64_t open, unstable;
    bool cut;       /* the time was over before the schedules were */
    unsigned bound; /* everything with so many preemptions was tried; 0: not even with one */
    struct lp_limits limits;
    struct lp_trace losing;
};

/* ---- searching ---- */

static bool is_over(const struct job *job)
{
    return lp_clock_ns() >= job->until_ns || job->exploration->world.tracer.interrupted;
}

static bool after(void *context, const struct lp_trace *trace, enum lp_ending ending,
                  const struct lp_outcome_seen *seen)
{
    struct job *job = context;
    struct lp_explored *explored = &job->exploration->explored;
    (void)trace;
    explored->schedules++;
    if (seen->found == LP_FOUND_OPEN && !job->explanation.set)
        lp_explain(&job->explanation, &job->exploration->world, ending, &job->exploration->arena);
    if (job->options->progress)
        job->options->progress(job->options->progress_context, explored->schedules);
    job->cut |= lp_clock_ns() >= job->until_ns;
    lp_limits_note(&job->limits, &job->exploration->world.tape, &job->exploration->arena);
    return is_over(job);
}

struct phase {
    enum lp_strategy strategy;
    uint32_t preemptions;
    unsigned share; /* percent of the schedules, up to its end */
};

/* Bugs need few preemptions (Musuvathi, Qadeer 2007); what these do not find, chance may. */
static const struct phase usual[] = {
    {LP_STRATEGY_EXHAUSTIVE, 1, 40},
    {LP_STRATEGY_EXHAUSTIVE, 2, 75},
    {LP_STRATEGY_PCT, LP_NO_BOUND, 100},
};

static void note_phase(struct job *job, const struct phase *phase,
                       const struct lp_search_result *result)
{
    struct lp_explored *explored = &job->exploration->explored;
    struct lp_arena *arena = &job->exploration->arena;
    job->open += result->open;
    job->unstable += result->unstable;
    if (phase->strategy == LP_STRATEGY_EXHAUSTIVE && phase->preemptions != LP_NO_BOUND &&
        result->bound_complete)
        explored->bound = lp_arena_printf(arena, "all with at most %u preemption%s",
                                          phase->preemptions, phase->preemptions == 1 ? "" : "s");
    if (result->bound_complete && phase->preemptions > job->bound)
        job->bound = phase->preemptions;
    if (phase->strategy == LP_STRATEGY_PCT)
        explored->probability = result->probability;
    if (phase->preemptions == LP_NO_BOUND && result->exhaustive) {
        explored->exhaustive = true;
        explored->classes = result->classes;
    }
}

/* True when something was found. */
static int search_phase(struct job *job, const struct phase *phase, uint64_t total, bool *found,
                        struct lp_err *err)
{
    const struct lp_program_explore_options *options = job->options;
    uint64_t done = job->exploration->explored.schedules, share = total * phase->share / 100;
    struct lp_search_result result = {0};
    if (done >= share || is_over(job))
        return 0;
    const struct lp_search_options search = {
        .strategy = phase->strategy,
        .reduction = options->reduction,
        .preemptions = phase->preemptions,
        .seed = options->seed,
        .schedules_max = share - done,
        .until_ns = job->until_ns,
        .steps_max = STEPS_MAX,
        .after = after,
        .context = job,
    };
    int failed = lp_search(&job->exploration->world.world, &search, &result, err);
    note_phase(job, phase, &result);
    *found = failed == 0 && result.violations > 0;
    if (*found) {
        lp_trace_copy(&job->losing, &result.losing);
        lp_explain(&job->explanation, &job->exploration->world, result.losing_ending,
                   &job->exploration->arena);
    }
    lp_search_result_release(&result);
    return failed;
}

static int search(struct job *job, uint64_t total, bool *found, struct lp_err *err)
{
    const struct lp_program_explore_options *options = job->options;
    const struct phase given = {options->strategy, options->preemptions, 100};
    const struct phase *phases = options->strategy_given ? &given : usual;
    size_t count = options->strategy_given ? 1 : LP_ARRAY_LEN(usual);
    for (size_t i = 0; i < count && !*found; i++)
        if (search_phase(job, &phases[i], total, found, err) == -1)
            return -1;
    return 0;
}

/* Paths that only came to be shared in an unusual order are steps from then on. */
static bool has_learned(struct lp_program_world *world)
{
    size_t before = world->shared.count;
    for (size_t i = 0; i < world->seen.count; i++)
        lp_paths_add(&world->shared, world->seen.path[i]);
    return world->shared.count > before;
}

static int search_all(struct job *job, bool *found, struct lp_err *err)
{
    struct lp_program_exploration *exploration = job->exploration;
    const struct lp_program_explore_options *options = job->options;
    uint64_t total = options->schedules_max ? options->schedules_max : SCHEDULES_DEFAULT;
    struct lp_outcome_seen seen;
    if (lp_program_world_learn(&exploration->world, &seen, err) == -1)
        return -1;
    exploration->explored.schedules = 1;
    bool lost_at_once = seen.found == LP_FOUND_VIOLATION;
    if (seen.found != LP_FOUND_NOTHING)
        lp_explain(&job->explanation, &exploration->world, LP_ENDING_ALL, &exploration->arena);
    lp_limits_note(&job->limits, &exploration->world.tape, &exploration->arena);
    if (exploration->world.shared.count == 0 && !lost_at_once)
        return 0;
    for (unsigned lesson = 0; lesson < LESSONS_MAX && !*found; lesson++) {
        if (search(job, total, found, err) == -1)
            return -1;
        if (!has_learned(&exploration->world))
            break;
        /* What was complete was so with fewer steps. */
        job->bound = 0;
        exploration->explored.exhaustive = false;
        exploration->explored.bound = NULL;
        if (exploration->explored.schedules >= total)
            break;
    }
    *found |= lost_at_once;
    return 0;
}

/* ---- the losing schedule ---- */

/* What its steps were really about, also of those that followed a sleep. */
static void set_intents(struct lp_trace *trace, const struct lp_program_world *world)
{
    for (size_t i = 0; i < trace->count && i < world->did_count; i++)
        trace->moves[i].intent = world->did[i];
}

static int name_swap(struct job *job, struct lp_err *err)
{
    struct lp_program_exploration *exploration = job->exploration;
    struct lp_program_world *world = &exploration->world;
    const struct lp_shrink_limits limits = {.schedules_max = SWAP_SCHEDULES,
                                            .until_ns = lp_clock_ns() + STUDY_NS,
                                            .steps_max = STEPS_MAX};
    struct lp_swap swap = {0};
    set_intents(&job->losing, world);
    if (lp_find_swap(&world->world, &job->losing, &limits, &swap, err) == -1)
        return -1;
    if (!swap.found)
        return 0;
    struct lp_str text;
    lp_str_init(&text);
    int result = lp_explain_swap(world, &job->losing, swap.first, &text, err);
    exploration->explored.swap = lp_arena_strdup(&exploration->arena, text.ptr);
    lp_str_release(&text);
    return result;
}

static int study_loss(struct job *job, struct lp_err *err)
{
    struct lp_program_exploration *exploration = job->exploration;
    struct lp_program_world *world = &exploration->world;
    struct lp_explored *explored = &exploration->explored;
    const struct lp_shrink_limits limits = {.schedules_max = SHRINK_SCHEDULES,
                                            .until_ns = lp_clock_ns() + STUDY_NS,
                                            .steps_max = STEPS_MAX};
    explored->losing = true;
    explored->replays = REPLAYS;
    world->free_time = true;
    if (job->losing.count == 0)
        return 0; /* lost in the first run only */
    if (lp_trace_switches(&job->losing) > 2 &&
        lp_shrink(&world->world, &job->losing, &limits, err) == -1)
        return -1;
    if (lp_reproduce(&world->world, &job->losing, REPLAYS, STEPS_MAX, &explored->reproduced, err) ==
        -1)
        return -1;
    const char *file = lp_arena_printf(&exploration->arena, "%s/schedule", job->options->run_dir);
    if (lp_write_schedule(world, &job->losing, file, job->explanation.outcome, err) == -1)
        return -1;
    explored->file = file;
    return name_swap(job, err);
}

/* ---- replaying ---- */

static int replay(struct job *job, bool *found, struct lp_err *err)
{
    struct lp_program_exploration *exploration = job->exploration;
    struct lp_program_world *world = &exploration->world;
    struct lp_outcome_seen seen;
    exploration->explored.strategy = "replay";
    if (lp_program_world_learn(world, &seen, err) == -1)
        return -1;
    world->free_time = true;
    struct lp_replayed replayed = {0};
    if (lp_follow_schedule(world, job->options->replay, &replayed, err) == -1)
        return -1;
    exploration->explored.schedules = 1;
    exploration->diverged = replayed.diverged;
    *found = !replayed.diverged && replayed.seen.found == LP_FOUND_VIOLATION;
    if (*found || replayed.seen.found == LP_FOUND_OPEN)
        lp_explain(&job->explanation, world, replayed.ending, &exploration->arena);
    if (replayed.diverged) {
        job->explanation.set = true;
        job->explanation.outcome = lp_arena_strdup(&exploration->arena, replayed.divergence);
        job->explanation.lapse_text = NULL;
    }
    job->open = replayed.seen.found == LP_FOUND_OPEN;
    return 0;
}

/* ---- the verdict ---- */

/* Why "nothing was lost" is not `held`; false when nothing stands in the way. A broken program,
   too, loses nothing in the first dozen of its schedules. */
static bool find_hindrance(const struct job *job, char *reason, size_t size)
{
    uint64_t schedules = job->exploration->explored.schedules;
    bool shares = job->exploration->world.shared.count > 0;
    if (job->options->replay)
        return false;
    if (lp_limits_hinder(&job->limits, job->options->program->copies, shares, reason, size))
        return true;
    /* A name that is taken away takes one who stood behind it, one who takes it, one who comes. */
    if (job->limits.removed && job->bound < 2) {
        snprintf(reason, size,
                 "nothing was lost, but a lock's name is taken away under others, and not all "
                 "schedules with two preemptions were tried (--time, --schedules): %s",
                 job->limits.removed);
        return true;
    }
    if (!shares || job->bound >= 1 || schedules >= SCHEDULES_DEFAULT)
        return false;
    snprintf(reason, size,
             "nothing was lost in %" PRIu64
             " schedule%s, but that is few: `held` needs all with one "
             "preemption, or %d; give it more (--time, --schedules)",
             schedules, schedules == 1 ? "" : "s", SCHEDULES_DEFAULT);
    return true;
}

static void judge_held(const struct job *job, struct lp_judgement *judgement)
{
    const struct lp_explored *explored = &job->exploration->explored;
    judgement->verdict = LP_HELD;
    if (job->exploration->world.shared.count == 0)
        snprintf(judgement->reason, sizeof judgement->reason,
                 "copies share no file that any of them changes or locks: there is nothing between "
                 "them that could go wrong");
    else
        snprintf(judgement->reason, sizeof judgement->reason,
                 "nothing was lost in %" PRIu64 " schedule%s of %u copies, each run once%s%s%s",
                 explored->schedules, explored->schedules == 1 ? "" : "s",
                 job->options->program->copies, explored->bound ? ", " : "",
                 explored->bound ? explored->bound : "",
                 explored->exhaustive ? ": all there are" : "");
}

static void set_judgement(struct job *job, bool found)
{
    struct lp_program_exploration *exploration = job->exploration;
    struct lp_judgement *judgement = &exploration->judgement;
    const struct lp_explanation *explanation = &job->explanation;
    *judgement = (struct lp_judgement){.verdict = LP_INCONCLUSIVE, .failure_rate_max = -1};
    lp_arena_init(&judgement->arena);
    lp_explanation_checks(explanation, &exploration->checks, found);
    if (found) {
        judgement->verdict = LP_BROKEN;
        lp_explanation_diagnose(explanation, judgement);
    } else if (exploration->diverged) {
        snprintf(judgement->reason, sizeof judgement->reason, "%s", explanation->outcome);
    } else if (exploration->interrupted) {
        snprintf(judgement->reason, sizeof judgement->reason, "interrupted");
    } else if (explanation->set) {
        lp_explanation_doubt(explanation, judgement);
    } else if (!find_hindrance(job, judgement->reason, sizeof judgement->reason)) {
        judge_held(job, judgement);
    }
}

static void describe(struct job *job)
{
    struct lp_program_exploration *exploration = job->exploration;
    const struct lp_program *program = job->options->program;
    struct lp_scenario *scenario = &exploration->scenario;
    struct lp_run_result *result = &exploration->result;
    struct lp_str text;
    lp_str_init(&text);
    for (const char *const *arg = program->argv; *arg; arg++)
        lp_str_addf(&text, "%s%s", arg == program->argv ? "" : " ", *arg);
    lp_arena_init(&scenario->arena);
    scenario->name = program->name;
    scenario->title = lp_arena_strdup(&exploration->arena, text.ptr);
    scenario->groups[0].workers = program->copies;
    scenario->group_count = 1;
    scenario->containers = program->place ? program->copies : 1;
    result->scenario = scenario;
    result->checks = &exploration->checks;
    result->judgement = &exploration->judgement;
    result->explored = &exploration->explored;
    result->placement = program->place ? LP_PLACE_NAMESPACE : LP_PLACE_PROCESS;
    result->jain = -1;
    result->seed = job->options->seed;
    result->as_expected = exploration->judgement.verdict == LP_HELD;
    result->unasked = true;
    snprintf(result->run_dir, sizeof result->run_dir, "%s", job->options->run_dir);
    snprintf(result->reproduce, sizeof result->reproduce, "%.1000s", job->options->command);
    lp_str_clear(&text);
    lp_str_addf(&text, "by ptrace, in virtual time; steps are the calls on %zu shared path%s",
                exploration->world.shared.count, exploration->world.shared.count == 1 ? "" : "s");
    if (job->unstable > 0)
        lp_str_addf(&text,
                    "; %" PRIu64 " schedules went another way the second time: the program "
                    "is not deterministic",
                    job->unstable);
    if (job->cut)
        lp_str_add(&text, "; the time was over before the schedules were (--time)");
    result->traced = lp_arena_strdup(&exploration->arena, text.ptr);
    result->printed = job->explanation.printed;
    lp_str_release(&text);
}

static int save_tape(const struct job *job, struct lp_err *err)
{
    struct lp_str text;
    if (!job->options->trace_file)
        return 0;
    lp_str_init(&text);
    lp_tape_write(&job->exploration->world.tape, 0, &text);
    int result = lp_file_write(job->options->trace_file, text.ptr, text.len, err);
    lp_str_release(&text);
    return result;
}

static int do_explore(struct job *job, struct lp_err *err)
{
    struct lp_program_exploration *exploration = job->exploration;
    bool found = false;
    int result = job->options->replay ? replay(job, &found, err) : search_all(job, &found, err);
    bool interrupted = exploration->world.tracer.interrupted;
    if (result == -1 && !interrupted)
        return -1;
    exploration->interrupted = interrupted;
    exploration->result.elapsed_ns = lp_clock_ns() - exploration->result.elapsed_ns;
    if (found && !job->options->replay && study_loss(job, err) == -1)
        return -1;
    /* That nobody went on is no evidence where the same order did go on, ten times. */
    if (found && job->explanation.deadlock && !job->options->replay &&
        exploration->explored.reproduced == 0) {
        found = exploration->explored.losing = false;
        job->explanation.lapse_text = NULL;
    }
    set_judgement(job, found);
    describe(job);
    return save_tape(job, err);
}

int lp_program_explore(struct lp_program_exploration *exploration,
                       const struct lp_program_explore_options *options, struct lp_err *err)
{
    cpu_set_t before, one;
    memset(exploration, 0, sizeof *exploration);
    lp_arena_init(&exploration->arena);
    exploration->explored.probability = -1;
    exploration->explored.strategy =
        options->strategy_given ? lp_strategy_name(options->strategy) : "few preemptions, then pct";
    exploration->result.elapsed_ns = lp_clock_ns();
    struct job job = {
        .exploration = exploration,
        .options = options,
        .until_ns = lp_clock_ns() + (options->time_ns ? options->time_ns : TIME_DEFAULT),
    };
    const char *folder = lp_arena_printf(&exploration->arena, "%s/printed", options->run_dir);
    lp_program_world_init(&exploration->world, options->program, folder, options->seed);
    CPU_ZERO(&one);
    int here = sched_getcpu();
    CPU_SET(here < 0 ? 0 : here, &one);
    sched_getaffinity(0, sizeof before, &before);
    sched_setaffinity(0, sizeof one, &one);
    int result = lp_folder_make(folder, err);
    if (result == 0)
        result = do_explore(&job, err);
    sched_setaffinity(0, sizeof before, &before);
    lp_trace_release(&job.losing);
    if (result == -1)
        lp_program_exploration_release(exploration);
    return result;
}

void lp_program_exploration_release(struct lp_program_exploration *exploration)
{
    lp_program_world_release(&exploration->world);
    lp_judgement_release(&exploration->judgement);
    lp_arena_release(&exploration->scenario.arena);
    lp_arena_release(&exploration->arena);
    memset(exploration, 0, sizeof *exploration);
}
