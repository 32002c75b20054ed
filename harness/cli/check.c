/* SPDX-License-Identifier: MIT */
/*
 * lockproof check: decides a recorded history again, also one whose run was killed. It knows the
 * history only: what the scenario expected does not matter here.
 */
#include "cli/commands.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/ui.h"
#include "os/file.h"
#include "run/stats.h"

#define MEETINGS_DEFAULT 30

struct options {
    uint64_t min_meetings;
    struct lp_texts formats;
    bool quiet, no_color;
};

#define AT(member) offsetof(struct options, member)
static const struct lp_option rows[] = {
    {"min-meetings", '\0', "N", LP_OPTION_NUMBER, AT(min_meetings), 0,
     "contested grants that `held` needs (30)"},
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
        "Decides recorded histories: run folders, or their history folders. A history whose "
        "run was\nkilled is read to its last complete record. Exit status: 0 held, 1 broken, "
        "2 usage,\n3 inconclusive.",
};

/* One history and what came of it. */
struct decision {
    struct lp_scenario scenario; /* only what the history itself knows */
    struct lp_history history;
    struct lp_checks checks;
    struct lp_judgement judgement;
    struct lp_run_result result;
};

static int load(struct decision *decision, const char *path, struct lp_err *err)
{
    struct lp_str folder;
    lp_str_init(&folder);
    lp_str_addf(&folder, "%s/history", path);
    const char *from = lp_is_folder(folder.ptr) ? folder.ptr : path;
    int result = lp_history_load(&decision->history, from, err);
    lp_str_release(&folder);
    return result;
}

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

static int decide(struct decision *decision, const char *path, uint64_t min_meetings,
                  struct lp_err *err)
{
    lp_arena_init(&decision->scenario.arena);
    if (load(decision, path, err) == -1)
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
    return 0;
}

static void release(struct decision *decision)
{
    lp_judgement_release(&decision->judgement);
    lp_checks_release(&decision->checks);
    lp_history_release(&decision->history);
    lp_arena_release(&decision->scenario.arena);
}

static int exit_status(const struct decision *decisions, size_t count)
{
    int status = LP_EXIT_OK;
    for (size_t i = 0; i < count; i++) {
        if (decisions[i].judgement.verdict == LP_BROKEN)
            return LP_EXIT_FINDING;
        if (decisions[i].judgement.verdict != LP_HELD)
            status = LP_EXIT_UNDECIDED;
    }
    return status;
}

static int report(const struct options *options, const struct decision *decisions, size_t count,
                  const struct lp_outputs *outputs, struct lp_err *err)
{
    const struct lp_run_result **results = lp_alloc(count, sizeof *results);
    for (size_t i = 0; i < count; i++)
        results[i] = &decisions[i].result;
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

static int carry_out(const struct options *options, const char **paths, size_t count,
                     struct lp_err *err)
{
    struct lp_outputs outputs;
    if (count == 0)
        return lp_err_set(err, LP_ERR_USAGE, "no history given; a run folder is one");
    if (lp_outputs_parse(&outputs, &options->formats, err) == -1)
        return -1;
    struct decision *decisions = lp_alloc(count, sizeof *decisions);
    int result = 0;
    size_t decided = 0;
    for (; decided < count && result == 0; decided++)
        result = decide(&decisions[decided], paths[decided], options->min_meetings, err);
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
