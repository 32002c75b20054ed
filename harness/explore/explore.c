/* SPDX-License-Identifier: MIT */
/* An exploration as the command sees it: a run that is led, and what its outcome means. */
#include "explore/explore.h"

#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "explore/board.h"
#include "explore/director.h"
#include "explore/stage.h"
#include "explore/watch.h"
#include "verdict/verdict.h"

/* ---- what was covered ---- */

static void add_count(struct lp_str *out, uint64_t count, const char *one, const char *several)
{
    char number[32];
    lp_str_addf(out, "%s %s", lp_number_format(count, number, sizeof number),
                count == 1 ? one : several);
}

static void add_size(const struct lp_explore_request *request, struct lp_str *out)
{
    add_count(out, lp_scenario_workers(request->scenario), "worker", "workers");
    lp_str_add(out, " x ");
    add_count(out, request->scenario->rounds, "round", "rounds");
    if (request->fault_count)
        lp_str_addf(out, " with %u fault%s at any time", request->fault_count,
                    request->fault_count == 1 ? "" : "s");
}

/* Of an exploration that is not exhaustive. */
static void tell_covered(const struct lp_explore_request *request,
                         const struct lp_explore_outcome *outcome, struct lp_str *out)
{
    lp_str_add(out, "no failure in ");
    add_count(out, atomic_load(&outcome->schedules), "schedule", "schedules");
    lp_str_add(out, " for ");
    add_size(request, out);
    if (outcome->bound_complete)
        lp_str_addf(out, ": all those with at most %u preemptions, and no others",
                    request->search.preemptions);
    else
        lp_str_addf(out, " (%s): not all there are", lp_strategy_name(request->search.strategy));
    if (outcome->probability >= 0)
        lp_str_addf(out,
                    "; a bug that hangs on %u orderings would have been found with probability "
                    "%.3g or more",
                    request->search.pct_depth ? request->search.pct_depth : 3,
                    outcome->probability);
}

static const char *kept(struct lp_arena *arena, const char *text)
{
    return text[0] ? lp_arena_strdup(arena, text) : NULL;
}

static const char *bound_of(const struct lp_explore_request *request,
                            const struct lp_explore_outcome *outcome, struct lp_arena *arena)
{
    struct lp_str text;
    lp_str_init(&text);
    if (!request->replay && request->search.preemptions != LP_NO_BOUND)
        lp_str_addf(&text, "at most %u preemptions, ", request->search.preemptions);
    add_size(request, &text);
    if (outcome->broken && !request->replay)
        lp_str_addf(&text, ", to the first that lost: %u worker%s x %u round%s", outcome->workers,
                    outcome->workers == 1 ? "" : "s", outcome->rounds,
                    outcome->rounds == 1 ? "" : "s");
    const char *bound = lp_arena_strdup(arena, text.ptr);
    lp_str_release(&text);
    return bound;
}

static void fill_explored(struct lp_explored *explored, const struct lp_explore_request *request,
                          const struct lp_explore_outcome *outcome, struct lp_arena *arena)
{
    *explored = (struct lp_explored){
        .schedules = atomic_load(&outcome->schedules),
        .classes = outcome->classes,
        .strategy = request->replay ? "replay" : lp_strategy_name(request->search.strategy),
        .bound = bound_of(request, outcome, arena),
        .exhaustive = outcome->exhaustive,
        .probability = request->replay ? -1 : outcome->probability,
        .losing = outcome->broken && !request->replay,
        .reproduced = outcome->reproduced,
        .replays = LP_REPRODUCE_TIMES,
        .swap = kept(arena, outcome->swap),
        .waits = kept(arena, outcome->deadlock),
    };
    if (outcome->done)
        explored->file = lp_arena_printf(arena, "%s/schedule", request->run_dir);
}

/* ---- the verdict ---- */

static void reason(struct lp_judgement *judgement, enum lp_verdict verdict, const char *text)
{
    judgement->verdict = verdict;
    snprintf(judgement->reason, sizeof judgement->reason, "%.255s", text);
}

static void add_late(const struct lp_explore_outcome *outcome, struct lp_str *out)
{
    lp_str_addf(out,
                "%s did not come back in %d s: its backend waits for somebody, and exploring "
                "cannot see it",
                outcome->late, LP_STEP_SECONDS_MAX);
}

/* Why "no failure seen" is not `held`; false when nothing stands in the way. */
static bool find_hindrance(const struct lp_explore_request *request,
                           const struct lp_explore_outcome *outcome, struct lp_str *out)
{
    if (outcome->late[0])
        add_late(outcome, out);
    else if (!outcome->done)
        lp_str_add(out, "the exploration did not come to its end");
    else if (lp_scenario_workers(request->scenario) < 2)
        lp_str_add(out, "one worker alone meets nobody, so nothing was tested");
    else if (outcome->points_missing)
        lp_str_addf(out,
                    "no failure in what was explored, but an acquire of '%s' is several "
                    "operations that exploring cannot come between: its driver marks no "
                    "points",
                    outcome->points_driver);
    else if (outcome->lease_driver[0])
        lp_str_addf(out,
                    "no failure in what was explored, but the leases of '%s' end by the "
                    "server's clock, which exploring does not lead",
                    outcome->lease_driver);
    else if (outcome->unstable)
        lp_str_addf(out,
                    "%" PRIu64 " schedules went another way the second time: something in the "
                    "backend depends on more than the order of steps",
                    outcome->unstable);
    else if (outcome->open)
        lp_str_addf(out, "no failure, but of %" PRIu64 " schedules it cannot be told",
                    outcome->open);
    else if (outcome->cut || outcome->attempts_cut)
        lp_str_addf(out, "no failure, but rounds were given up after %d refused attempts",
                    LP_ATTEMPTS_MAX);
    else if (!outcome->exhaustive)
        tell_covered(request, outcome, out);
    return out->len > 0;
}

static bool ends_leases(const struct lp_explore_request *request)
{
    for (unsigned i = 0; i < request->fault_count; i++)
        if (request->faults[i].kind == LP_LED_EXPIRE)
            return true;
    return false;
}

static void judge_search(struct lp_judgement *judgement, const struct lp_explore_request *request,
                         const struct lp_explore_outcome *outcome)
{
    struct lp_str text;
    lp_str_init(&text);
    if (find_hindrance(request, outcome, &text)) {
        reason(judgement, LP_INCONCLUSIVE, text.ptr);
    } else {
        lp_str_add(&text, "no failure in any order of steps, exhaustive for ");
        add_size(request, &text);
        lp_str_add(&text, " (");
        add_count(&text, atomic_load(&outcome->schedules), "schedule", "schedules");
        lp_str_add(&text, "); steps as listed; left out: the inside of one call, weak memory "
                          "orders, time-outs");
        if (outcome->leases_led && !ends_leases(request))
            lp_str_add(&text, ", leases that end under a slow holder (--fault expire:LOCK)");
        reason(judgement, LP_HELD, text.ptr);
    }
    lp_str_release(&text);
}

static void judge_replay(struct lp_judgement *judgement, const struct lp_explore_request *request,
                         const struct lp_explore_outcome *outcome)
{
    enum lp_verdict verdict = LP_INCONCLUSIVE;
    struct lp_str text;
    lp_str_init(&text);
    if (outcome->late[0]) {
        add_late(outcome, &text);
    } else if (!outcome->done) {
        lp_str_add(&text, "the replay did not come to its end");
    } else if (outcome->diverged) {
        lp_str_addf(&text, "%s:%u: the schedule cannot be followed: %s", request->replay->file,
                    outcome->diverged_line, outcome->divergence);
    } else if (outcome->open) {
        lp_str_add(&text, "the schedule was followed, but what came of it cannot be told");
    } else {
        verdict = LP_HELD;
        lp_str_add(&text, "the schedule was followed to its end, and nothing was lost");
    }
    reason(judgement, verdict, text.ptr);
    lp_str_release(&text);
}

/* Whatever was seen counts, also where the schedule could not be followed to its end. */
static bool is_broken(const struct lp_explore_outcome *outcome)
{
    return outcome->broken;
}

static void judge_broken(struct lp_run *run, const struct lp_explore_outcome *outcome)
{
    struct lp_judge_input input = {.checks = &run->checks, .hindrance = "seen once"};
    lp_judge(&run->judgement, &input);
    if (run->judgement.verdict == LP_BROKEN)
        return;
    /* Found while searching, and not again in the schedule that was recorded last. */
    run->judgement.verdict = LP_BROKEN;
    snprintf(run->judgement.reason, sizeof run->judgement.reason, "%.255s",
             outcome->deadlock[0] ? outcome->deadlock
                                  : "a schedule lost, but did not lose again when it was repeated");
}

static void judge(struct lp_run *run, void *context)
{
    const struct lp_board *board = context;
    const struct lp_explore_request *request = board->request;
    const struct lp_explore_outcome *outcome = &board->outcome;
    struct lp_explored *explored = lp_arena_alloc(&run->arena, sizeof *explored);
    fill_explored(explored, request, outcome, &run->arena);
    run->result.explored = explored;
    if (is_broken(outcome)) {
        judge_broken(run, outcome);
        return;
    }
    run->judgement = (struct lp_judgement){.failure_rate_max = -1};
    lp_arena_init(&run->judgement.arena);
    if (run->interrupted || run->failed)
        reason(&run->judgement, LP_INCONCLUSIVE, run->failed ? run->trouble.text : "interrupted");
    else if (request->replay)
        judge_replay(&run->judgement, request, outcome);
    else
        judge_search(&run->judgement, request, outcome);
}

/* ---- the run ---- */

static bool has_led_lease(const struct lp_driver *driver)
{
    return driver && (driver->abilities & LP_LEASE) && (driver->abilities & LP_TIMED);
}

/* An acquire that is several operations, at which exploring cannot stop. */
static void find_missing_points(const struct lp_explore_request *request,
                                const struct lp_registry *registry,
                                struct lp_explore_outcome *outcome)
{
    const struct lp_scenario *scenario = request->scenario;
    for (size_t i = 0; i < scenario->lock_count; i++) {
        const struct lp_driver_row *row = lp_registry_find(registry, scenario->locks[i].driver);
        if (!row || !row->driver)
            continue;
        uint32_t abilities = row->driver->abilities;
        outcome->leases_led |= has_led_lease(row->driver);
        if ((abilities & LP_LEASE) && !(abilities & LP_TIMED))
            snprintf(outcome->lease_driver, sizeof outcome->lease_driver, "%s", row->name);
        if (abilities & LP_ATOMIC_ACQUIRE)
            continue;
        outcome->points_missing = true;
        snprintf(outcome->points_driver, sizeof outcome->points_driver, "%s", row->name);
    }
}

int lp_explore_scenario(struct lp_run *run, struct lp_explore_request *request,
                        const struct lp_run_options *options, struct lp_err *err)
{
    const struct lp_scenario *scenario = request->scenario;
    enum lp_stage_kind kind = lp_stage_kind_of(scenario, options->registry);
    struct lp_board *board = lp_board_map(lp_scenario_workers(scenario), scenario->containers);
    if (!board) {
        *run = (struct lp_run){0};
        return lp_err_set(err, LP_ERR_SELF, "no memory to share with workers");
    }
    board->request = request;
    board->outcome.probability = -1;
    board->cpu = sched_getcpu();
    find_missing_points(request, options->registry, &board->outcome);
    struct lp_directing directing = {
        .containers = lp_stage_containers(kind, scenario),
        .container = lp_director_main,
        .context = board,
    };
    struct lp_run_options led = *options;
    led.directing = &directing;
    led.judge = judge;
    led.progress_context = options->progress ? &board->outcome : NULL;
    int status = lp_run_scenario(run, scenario, &led, err);
    lp_board_unmap(board);
    return status;
}

int lp_explore_size(struct lp_scenario *scenario, unsigned workers, unsigned rounds,
                    const struct lp_registry *registry, struct lp_err *err)
{
    struct lp_group *largest = &scenario->groups[0];
    if (workers < scenario->group_count || workers > LP_EXPLORE_WORKERS_MAX)
        return lp_err_set(err, LP_ERR_USAGE, "%u workers to explore, expected %zu to %d", workers,
                          scenario->group_count, LP_EXPLORE_WORKERS_MAX);
    for (size_t i = 0; i < scenario->group_count; i++)
        if (scenario->groups[i].workers > largest->workers)
            largest = &scenario->groups[i];
    for (size_t i = 0; i < scenario->group_count; i++)
        scenario->groups[i].workers = 1;
    largest->workers += workers - (unsigned)scenario->group_count;
    scenario->rounds = rounds;
    scenario->duration_ns = 0;
    for (size_t i = 0; i < scenario->group_count; i++)
        if (scenario->groups[i].rounds > rounds)
            scenario->groups[i].rounds = rounds;
    if (scenario->containers > workers)
        scenario->containers = workers;
    if (scenario->placement_needed > LP_PLACE_NAMESPACE)
        return lp_err_set(err, LP_ERR_NEED,
                          "scenario \"%s\" shows only under placement %s, where "
                          "workers cannot be led",
                          scenario->name, lp_placement_name(scenario->placement_needed));
    if (scenario->placement > LP_PLACE_NAMESPACE)
        scenario->placement = LP_PLACE_NAMESPACE;
    /* One thread leads all where it can: then nothing is isolated but {private}. */
    if (lp_stage_kind_of(scenario, registry) == LP_STAGE_FIBERS &&
        scenario->placement != LP_PLACE_THREAD)
        scenario->placement = LP_PLACE_PROCESS;
    return 0;
}

static unsigned victim_of(const struct lp_scenario *scenario, const struct lp_fault_target *target)
{
    unsigned first = 0;
    if (target->kind == LP_TARGET_WORKER)
        return target->index < lp_scenario_workers(scenario) ? target->index : 0;
    for (unsigned i = 0; target->kind == LP_TARGET_GROUP && i < target->index; i++)
        first += scenario->groups[i].workers;
    return first;
}

static const struct lp_driver *driver_of(const struct lp_scenario *scenario, size_t lock,
                                         const struct lp_registry *registry)
{
    const struct lp_driver_row *row = lp_registry_find(registry, scenario->locks[lock].driver);
    return row ? row->driver : NULL;
}

int lp_explore_fault_parse(const struct lp_scenario *scenario, const char *text, char mark,
                           struct lp_led_fault *fault)
{
    const char *target = strchr(text, mark);
    uint64_t worker;
    if (!target)
        return -1;
    size_t len = (size_t)(target++ - text);
    if (len == 4 && strncmp(text, "kill", len) == 0 &&
        lp_number_parse(target, 0, lp_scenario_workers(scenario) - 1, &worker) == 0) {
        *fault = (struct lp_led_fault){LP_LED_KILL, (unsigned)worker};
        return 0;
    }
    for (unsigned i = 0; len == 6 && strncmp(text, "expire", len) == 0 && i < scenario->lock_count;
         i++)
        if (strcmp(target, scenario->locks[i].name) == 0) {
            *fault = (struct lp_led_fault){LP_LED_EXPIRE, i};
            return 0;
        }
    return -1;
}

int lp_explore_fault(struct lp_explore_request *request, const struct lp_scenario *scenario,
                     struct lp_led_fault fault, const struct lp_registry *registry,
                     struct lp_err *err)
{
    if (request->fault_count == LP_LED_FAULTS_MAX)
        return lp_err_set(err, LP_ERR_USAGE, "more than %d faults to lead", LP_LED_FAULTS_MAX);
    for (size_t i = 0; i < scenario->lock_count; i++) {
        const struct lp_driver *driver = driver_of(scenario, i, registry);
        bool meant =
            fault.kind == LP_LED_KILL ? driver && driver->abilities & LP_LEASE : fault.target == i;
        if (meant && !has_led_lease(driver))
            return lp_err_set(err, LP_ERR_NEED,
                              fault.kind == LP_LED_KILL
                                  ? "the lease of lock `%s` ends by the server's clock, which "
                                    "exploring does not lead: what a killed holder had would stay"
                                  : "lock `%s` has no lease that exploring leads",
                              scenario->locks[i].name);
    }
    request->faults[request->fault_count++] = fault;
    return 0;
}

/* Who is paused does not see its lease end. */
static int pause_holders(const struct lp_scenario *scenario, struct lp_explore_request *request,
                         const struct lp_registry *registry, struct lp_err *err)
{
    for (unsigned i = 0; i < scenario->lock_count; i++)
        if (has_led_lease(driver_of(scenario, i, registry)) &&
            lp_explore_fault(request, scenario, (struct lp_led_fault){LP_LED_EXPIRE, i}, registry,
                             err) == -1)
            return -1;
    return 0;
}

int lp_explore_faults(struct lp_scenario *scenario, struct lp_explore_request *request,
                      const struct lp_registry *registry, struct lp_err *err)
{
    for (size_t i = 0; i < scenario->fault_count; i++) {
        const struct lp_fault *fault = &scenario->faults[i];
        struct lp_led_fault kill = {LP_LED_KILL, victim_of(scenario, &fault->target)};
        if (fault->kind != LP_FAULT_PAUSE && fault->kind != LP_FAULT_KILL)
            return lp_err_set(err, LP_ERR_NEED,
                              "scenario \"%s\" has a fault that cannot be led: %s", scenario->name,
                              lp_fault_rows[fault->kind].name);
        if ((fault->kind == LP_FAULT_PAUSE
                 ? pause_holders(scenario, request, registry, err)
                 : lp_explore_fault(request, scenario, kill, registry, err)) == -1)
            return -1;
    }
    scenario->fault_count = 0;
    return 0;
}
