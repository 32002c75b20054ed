/* SPDX-License-Identifier: MIT */
/* lockproof explore -- PROGRAM, and the replay of a program's schedule. */
#include "cli/explore_program.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/nearest.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/program_options.h"
#include "cli/progress.h"
#include "cli/ui.h"
#include "explore/world.h"
#include "os/clock.h"
#include "os/file.h"
#include "program/explore.h"

#define RUNS_FOLDER "lockproof-runs"
#define SEED_MAX 999999
#define COPIES_DEFAULT 2
#define NOT_GIVEN UINT64_MAX

struct options {
    struct lp_program_options program;
    uint64_t schedules, time_ns, seed, preemptions;
    const char *strategy, *reduction, *out, *progress, *trace;
    struct lp_texts formats;
    bool quiet, verbose, no_color;
};

#define AT(member) offsetof(struct options, member)
static const struct lp_option rows[] = {
    LP_PROGRAM_OPTION_ROWS(AT(program)),
    {"schedules", '\0', "N", LP_OPTION_NUMBER, AT(schedules), 1, "at most so many schedules (200)"},
    {"time", '\0', "T", LP_OPTION_DURATION, AT(time_ns), 0, "no new schedule after so long (60s)"},
    {"strategy", '\0', "S", LP_OPTION_TEXT, AT(strategy), 0,
     "exhaustive, random or pct (few preemptions, then pct)"},
    {"preemptions", '\0', "N", LP_OPTION_NUMBER, AT(preemptions), 0, "exhaustive: at most so many"},
    {"reduction", '\0', "R", LP_OPTION_TEXT, AT(reduction), 0,
     "exhaustive without a bound: none or dpor (dpor)"},
    {"seed", 's', "N", LP_OPTION_NUMBER, AT(seed), 1, "seed of all random choices"},
    {"trace", '\0', "FILE", LP_OPTION_TEXT, AT(trace), 0,
     "keep what was seen of the last schedule, as JSON lines"},
    {"out", 'o', "DIR", LP_OPTION_TEXT, AT(out), 0, "run folder (lockproof-runs/...)"},
    {"format", 'f', "F[=FILE]", LP_OPTION_LIST, AT(formats), 0,
     "text json junit tap markdown github; repeatable"},
    {"progress", '\0', "WHEN", LP_OPTION_TEXT, AT(progress), 0, "auto, always or never"},
    {"quiet", 'q', NULL, LP_OPTION_FLAG, AT(quiet), 0, "only what is not held"},
    {"verbose", 'v', NULL, LP_OPTION_FLAG, AT(verbose), 0, "evidence for `held` too"},
    {"no-color", '\0', NULL, LP_OPTION_FLAG, AT(no_color), 0, "no colour (also: NO_COLOR)"},
};
const struct lp_command_line lp_line_explore_program = {
    .options = rows,
    .option_count = LP_ARRAY_LEN(rows),
    .synopsis = "explore [OPTION...] -- PROGRAM [ARG...]",
    .summary = "Runs copies of a program one step at a time, in virtual time, and tries the orders "
               "of their\n"
               "calls on what they share. Exit status: 0 held, 1 broken, 2 usage, 3 inconclusive,\n"
               "4 lockproof failed, 130 interrupted.",
};

struct command {
    struct options options;
    struct lp_program_line line;
    struct lp_program_explore_options explore;
    struct lp_outputs outputs;
    struct lp_program_exploration exploration;
    struct lp_arena arena;
};

static const char *choose_folder(struct command *command, const char *name)
{
    char stamp[32];
    if (command->options.out)
        return command->options.out;
    const char *first = lp_arena_printf(&command->arena, RUNS_FOLDER "/%s-explore-%s",
                                        lp_clock_stamp(stamp, sizeof stamp), name);
    const char *folder = first;
    for (unsigned k = 2; lp_is_folder(folder); k++)
        folder = lp_arena_printf(&command->arena, "%s-%u", first, k);
    return folder;
}

static uint64_t choose_seed(uint64_t given)
{
    uint64_t seed = given;
    while (seed == 0) {
        if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
            seed = lp_clock_ns();
        seed %= SEED_MAX + 1;
    }
    return seed;
}

static const char *repeat(struct command *command, int argc, char **argv)
{
    struct lp_str text;
    lp_str_init(&text);
    lp_str_add(&text, "lockproof");
    for (int i = 0; i < argc; i++) {
        lp_str_add(&text, " ");
        lp_add_quoted(&text, argv[i]);
    }
    const char *kept = lp_arena_strdup(&command->arena, text.ptr);
    lp_str_release(&text);
    return kept;
}

static void show_progress(void *context, uint64_t schedules)
{
    char text[64];
    (void)context;
    snprintf(text, sizeof text, "%llu schedules", (unsigned long long)schedules);
    lp_ui_status(text);
}

/* ---- options ---- */

static int unknown_word(const char *option, const char *word, const char *const *names,
                        size_t count, struct lp_err *err)
{
    const char *near = lp_nearest(word, names, count, sizeof *names);
    return lp_err_set(err, LP_ERR_USAGE, "option '--%s': unknown '%s'%s%s%s", option, word,
                      near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int parse_strategy(struct command *command, struct lp_err *err)
{
    static const char *const strategies[] = {"exhaustive", "random", "pct"};
    static const char *const reductions[] = {"none", "dpor"};
    const struct options *options = &command->options;
    struct lp_program_explore_options *explore = &command->explore;
    explore->reduction = LP_REDUCTION_DPOR;
    explore->preemptions = LP_NO_BOUND;
    explore->strategy = LP_STRATEGY_EXHAUSTIVE;
    if (options->preemptions != NOT_GIVEN) {
        explore->preemptions = (uint32_t)options->preemptions;
        explore->strategy_given = true;
    }
    if (options->strategy) {
        size_t i = 0;
        while (i < LP_ARRAY_LEN(strategies) && strcmp(options->strategy, strategies[i]) != 0)
            i++;
        if (i == LP_ARRAY_LEN(strategies))
            return unknown_word("strategy", options->strategy, strategies, LP_ARRAY_LEN(strategies),
                                err);
        explore->strategy = (enum lp_strategy)i;
        explore->strategy_given = true;
    }
    if (options->reduction && strcmp(options->reduction, "none") == 0)
        explore->reduction = LP_REDUCTION_NONE;
    else if (options->reduction && strcmp(options->reduction, "dpor") != 0)
        return unknown_word("reduction", options->reduction, reductions, LP_ARRAY_LEN(reductions),
                            err);
    return 0;
}

/* ---- carrying out ---- */

static int save_result(struct command *command, const struct lp_report_set *set, struct lp_err *err)
{
    struct lp_outputs json;
    struct lp_texts given = {.count = 1};
    given.text[0] =
        lp_arena_printf(&command->arena, "json=%s/result.json", command->explore.run_dir);
    if (lp_outputs_parse(&json, &given, err) == -1)
        return -1;
    return lp_outputs_write(&json, set, err);
}

static int report(struct command *command, struct lp_err *err)
{
    const struct options *options = &command->options;
    const struct lp_run_result *one = &command->exploration.result;
    int status = lp_report_exit_status(&one, 1, true, false);
    if (status != LP_EXIT_FINDING && command->exploration.interrupted)
        status = LP_EXIT_INTERRUPTED;
    struct lp_report_set set = {
        .results = &one,
        .count = 1,
        .version = LP_VERSION,
        .color = lp_ui_color(options->no_color),
        .verbose = options->verbose,
        .quiet = options->quiet,
        .width = lp_ui_width(),
        .exit_status = status,
    };
    int saved = save_result(command, &set, err);
    if (lp_outputs_write(&command->outputs, &set, err) == -1 || saved == -1) {
        lp_ui_error(err);
        return status == LP_EXIT_FINDING ? status : LP_EXIT_FAILURE;
    }
    return status;
}

static int carry_out(struct command *command, int argc, char **argv, struct lp_err *err)
{
    const struct options *options = &command->options;
    struct lp_program_explore_options *explore = &command->explore;
    enum lp_progress_when when;
    if (lp_outputs_parse(&command->outputs, &options->formats, err) == -1 ||
        lp_progress_parse(options->progress, &when, err) == -1)
        return -1;
    if (explore->program->check_output)
        return lp_err_set(err, LP_ERR_USAGE, "option '--check-output' is for exec only");
    if (explore->program->copies > LP_EXPLORE_WORKERS_MAX)
        return lp_err_set(err, LP_ERR_USAGE,
                          "option '--workers': at most %d copies can be explored",
                          LP_EXPLORE_WORKERS_MAX);
    bool shown = lp_progress_wanted(when);
    explore->run_dir = choose_folder(command, explore->program->name);
    explore->command = repeat(command, argc, argv);
    explore->schedules_max = options->schedules;
    explore->time_ns = options->time_ns;
    explore->seed = choose_seed(options->seed);
    explore->trace_file = options->trace;
    explore->progress = shown ? show_progress : NULL;
    int result = lp_program_explore(&command->exploration, explore, err);
    if (shown)
        lp_ui_status("");
    return result == -1 ? -1 : report(command, err);
}

int lp_command_explore_program(int argc, char **argv)
{
    struct command command = {.options.preemptions = NOT_GIVEN};
    struct lp_err err = {0};
    const char **rest = lp_alloc((size_t)argc + 1, sizeof *rest);
    size_t count;
    bool help;
    int status = -1;
    lp_arena_init(&command.arena);
    if (lp_options_parse(&lp_line_explore_program, argc, argv, &command.options, rest, &count,
                         &help, &err) == 0) {
        if (help)
            status = lp_help_show(&lp_line_explore_program);
        else if (parse_strategy(&command, &err) == 0 &&
                 lp_program_line_parse(&command.line, &command.options.program, rest, count,
                                       COPIES_DEFAULT, &command.arena, &err) == 0) {
            command.explore.program = &command.line.program;
            status = carry_out(&command, argc, argv, &err);
        }
    }
    lp_program_exploration_release(&command.exploration);
    lp_program_line_release(&command.line);
    lp_arena_release(&command.arena);
    free(rest);
    return lp_ui_end(status, &err);
}

int lp_replay_program(const struct lp_schedule *schedule, const struct lp_replay_request *request,
                      struct lp_err *err)
{
    struct command command = {.options.preemptions = NOT_GIVEN};
    struct lp_program program;
    char *line[] = {(char *)(uintptr_t) "replay", (char *)(uintptr_t)schedule->file, NULL};
    int status = -1;
    command.options.formats = request->formats;
    command.options.out = request->out;
    command.options.quiet = request->quiet;
    command.options.verbose = request->verbose;
    command.options.no_color = request->no_color;
    command.options.progress = "never";
    lp_arena_init(&command.arena);
    if (parse_strategy(&command, err) == 0 &&
        lp_program_read_keys(&program, schedule, &command.arena, err) == 0) {
        command.explore.program = &program;
        command.explore.replay = schedule;
        status = carry_out(&command, 2, line, err);
    }
    lp_program_exploration_release(&command.exploration);
    lp_arena_release(&command.arena);
    return status;
}
