/* SPDX-License-Identifier: MIT */
/*
 * lockproof check: decides a recorded history again, also one whose run was killed, or one that
 * another tool recorded. It knows the history only: what the scenario expected does not matter
 * here. Without --model a run of our own is judged as the run was; everything else by a model.
 */
#include "cli/commands.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli/check_calls.h"
#include "cli/check_files.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/ui.h"
#include "os/file.h"
#include "run/stats.h"

#define MEETINGS_DEFAULT 30

struct options {
    uint64_t min_meetings;
    struct lp_texts formats, exports;
    const char *model, *key, *memory, *linearization;
    uint64_t timeout_ns, uncertainty_ns;
    bool quiet, no_color;
};

#define AT(member) offsetof(struct options, member)
static const struct lp_option rows[] = {
    {"model", '\0', "M", LP_OPTION_TEXT, AT(model), 0,
     "mutex owned-mutex reentrant fenced semaphore:N rw-lock lease counter register cas-register"},
    {"key", '\0', "FIELD", LP_OPTION_TEXT, AT(key), 0,
     "the rows' field that names the object; value: values are [key value]; none: one object"},
    {"uncertainty", '\0', "T", LP_OPTION_DURATION, AT(uncertainty_ns), 0,
     "clocks of processes may each be wrong by so much"},
    {"timeout", '\0', "T", LP_OPTION_DURATION, AT(timeout_ns), 0, "give up after so long"},
    {"memory", '\0', "SIZE", LP_OPTION_TEXT, AT(memory), 0, "use no more than 512k, 200M, 1G ..."},
    {"linearization", '\0', "FILE", LP_OPTION_TEXT, AT(linearization), 0,
     "when held: an order of the calls that explains every answer"},
    {"export", '\0', "F[=FILE]", LP_OPTION_LIST, AT(exports), 0,
     "write the history as edn, json or porcupine; repeatable"},
    {"min-meetings", '\0', "N", LP_OPTION_NUMBER, AT(min_meetings), 0,
     "own runs: contested grants that `held` needs (30)"},
    {"format", 'f', "F[=FILE]", LP_OPTION_LIST, AT(formats), 0,
     "text json junit tap markdown github; repeatable"},
    {"quiet", 'q', NULL, LP_OPTION_FLAG, AT(quiet), 0, "only the last line"},
    {"no-color", '\0', NULL, LP_OPTION_FLAG, AT(no_color), 0, "no colour (also: NO_COLOR)"},
};
const struct lp_command_line lp_line_check = {
    .options = rows,
    .option_count = LP_ARRAY_LEN(rows),
    .synopsis = "check [OPTION...] HISTORY...",
    .summary =
        "Decides recorded histories: run folders of lockproof, Jepsen's histories (EDN, JSON, text "
        "logs);\n- is standard input. A run folder is judged as its run was, also one that was "
        "killed; with --model,\nand every other history, by a model (inferred where the operations "
        "make it plain). Exit status:\n0 held, 1 broken, 2 usage, 3 inconclusive.",
};

/* One history and what came of it: by the checkers of runs, or by a model. */
struct decision {
    bool by_model;
    struct lp_calls_decision calls;
    struct lp_scenario scenario; /* only what the history itself knows */
    struct lp_history history;
    struct lp_checks checks;
    struct lp_judgement judgement;
    struct lp_run_result result;
};

/* The latest sign of life ends the run; the header of any worker tells what it was of. */
static void describe(struct decision *decision, const char *path)
{
    const struct lp_history *history = &decision->history;
    const struct lp_history_header *header = lp_history_any_header(history);
    struct lp_scenario *scenario = &decision->scenario;
    uint64_t last_ns = history->start_ns;
    for (size_t i = 0; i < history->worker_count; i++)
        if (history->workers[i].last_ns > last_ns)
            last_ns = history->workers[i].last_ns;
    scenario->file = path;
    scenario->name = header ? lp_arena_strdup(&scenario->arena, header->scenario) : path;
    scenario->title = scenario->name;
    scenario->containers = history->containers;
    scenario->groups[0].workers = (unsigned)history->worker_count;
    scenario->group_count = 1;
    struct lp_run_result *result = &decision->result;
    result->scenario = scenario;
    result->checks = &decision->checks;
    result->judgement = &decision->judgement;
    result->elapsed_ns = last_ns - history->start_ns;
    result->jain = -1;
    snprintf(result->run_dir, sizeof result->run_dir, "%s", path);
    snprintf(result->reproduce, sizeof result->reproduce, "lockproof check %s", path);
}

static int decide_run(struct decision *decision, const char *path, uint64_t min_meetings,
                      struct lp_err *err)
{
    lp_arena_init(&decision->scenario.arena);
    if (lp_check_load(&decision->history, path, err) == -1)
        return -1;
    if (decision->history.worker_count == 0)
        return lp_err_set(err, LP_ERR_USAGE, "'%s' holds no history", path);
    lp_checks_run(&decision->checks, &decision->history);
    struct lp_judge_input input = {
        .checks = &decision->checks,
        .min_meetings = (unsigned)min_meetings,
        .hindrance = decision->history.complete ? NULL : "the run did not come to its end",
    };
    lp_judge(&decision->judgement, &input);
    describe(decision, path);
    lp_stats_fill(&decision->result, &decision->checks);
    /* Nothing was expected: a lock is to hold. */
    decision->scenario.expect = LP_EXPECT_HELD;
    decision->result.as_expected = decision->judgement.verdict == LP_HELD;
    decision->result.unasked = true;
    return 0;
}

static int decide(struct decision *decision, const char *path, const struct options *options,
                  const struct lp_calls_request *request, struct lp_err *err)
{
    decision->by_model = options->model || !lp_is_folder(path);
    if (decision->by_model)
        return lp_calls_decide(&decision->calls, path, request, err);
    return decide_run(decision, path, options->min_meetings, err);
}

static void release(struct decision *decision)
{
    lp_calls_decision_release(&decision->calls);
    lp_judgement_release(&decision->judgement);
    lp_checks_release(&decision->checks);
    lp_history_release(&decision->history);
    lp_arena_release(&decision->scenario.arena);
}

static const struct lp_run_result *result_of(const struct decision *decision)
{
    return decision->by_model ? &decision->calls.result : &decision->result;
}

static int exit_status(const struct decision *decisions, size_t count)
{
    int status = LP_EXIT_OK;
    for (size_t i = 0; i < count; i++) {
        enum lp_verdict verdict = result_of(&decisions[i])->judgement->verdict;
        if (verdict == LP_BROKEN)
            return LP_EXIT_FINDING;
        if (verdict != LP_HELD)
            status = LP_EXIT_UNDECIDED;
    }
    return status;
}

static int report(const struct options *options, const struct decision *decisions, size_t count,
                  const struct lp_outputs *outputs, struct lp_err *err)
{
    const struct lp_run_result **results = lp_alloc(count, sizeof *results);
    for (size_t i = 0; i < count; i++)
        results[i] = result_of(&decisions[i]);
    int status = exit_status(decisions, count);
    struct lp_report_set set = {
        .results = results,
        .count = count,
        .version = LP_VERSION,
        .color = lp_ui_color(options->no_color),
        .verbose = !options->quiet,
        .quiet = options->quiet,
        .width = lp_ui_width(),
        .exit_status = status,
    };
    int result = lp_outputs_write(outputs, &set, err);
    free(results);
    return result == -1 ? -1 : status;
}

static int prepare(const struct options *options, size_t count, struct lp_calls_request *request,
                   struct lp_check_files *files, struct lp_err *err)
{
    if (count == 0)
        return lp_err_set(err, LP_ERR_USAGE, "no history given; a run folder is one");
    *request = (struct lp_calls_request){
        .model = options->model,
        .read = {.key = options->key, .uncertainty_ns = options->uncertainty_ns},
        .timeout_ns = options->timeout_ns,
        .memory = 0,
    };
    struct lp_model ignored;
    if (options->model && lp_model_parse(&ignored, options->model, err) == -1)
        return -1;
    if (options->memory && lp_size_parse(options->memory, &request->memory) == -1)
        return lp_err_set(err, LP_ERR_USAGE, "option '--memory': '%s' is not " LP_SIZE_EXPECTED,
                          options->memory);
    if (lp_check_files_parse(files, &options->exports, options->linearization, count, err) == -1)
        return -1;
    request->want_order = files->wants_order;
    request->want_calls = files->count > 0;
    return 0;
}

static int write_files(const struct lp_check_files *files, const struct decision *decision,
                       struct lp_err *err)
{
    if (decision->by_model)
        return lp_check_files_write(files, &decision->calls.calls, &decision->calls.decision,
                                    &decision->calls.shrunk, err);
    if (files->count == 0)
        return 0;
    struct lp_calls calls;
    lp_calls_from_history(&calls, &decision->history);
    int result = lp_check_files_write(files, &calls, NULL, NULL, err);
    lp_calls_release(&calls);
    return result;
}

static int carry_out(const struct options *options, const char **paths, size_t count,
                     struct lp_err *err)
{
    struct lp_outputs outputs;
    struct lp_check_files files;
    struct lp_calls_request request;
    if (prepare(options, count, &request, &files, err) == -1 ||
        lp_outputs_parse(&outputs, &options->formats, err) == -1)
        return -1;
    if (files.takes_stdout && options->formats.count == 0)
        outputs.count = 0; /* what was asked for is the export */
    struct decision *decisions = lp_alloc(count, sizeof *decisions);
    int result = 0;
    size_t decided = 0;
    for (; decided < count && result == 0; decided++)
        result = decide(&decisions[decided], paths[decided], options, &request, err);
    for (size_t i = 0; i < count && result == 0; i++)
        result = write_files(&files, &decisions[i], err);
    if (result == 0)
        result = report(options, decisions, count, &outputs, err);
    for (size_t i = 0; i < decided; i++)
        release(&decisions[i]);
    free(decisions);
    return result;
}

int lp_command_check(int argc, char **argv)
{
    struct options options = {.min_meetings = MEETINGS_DEFAULT};
    struct lp_err err = {0};
    const char **paths = lp_alloc((size_t)argc, sizeof *paths);
    size_t count;
    bool help;
    int status = -1;
    if (lp_options_parse(&lp_line_check, argc, argv, &options, paths, &count, &help, &err) == 0)
        status = help ? lp_help_show(&lp_line_check) : carry_out(&options, paths, count, &err);
    free(paths);
    return lp_ui_end(status, &err);
}
