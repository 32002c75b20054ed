/* SPDX-License-Identifier: MIT */
/* lockproof explore: the orders of a scenario's steps, tried one by one. */
#include "cli/commands.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/units.h"
#include "cli/catalogue.h"
#include "cli/explored.h"
#include "cli/explore_program.h"
#include "cli/options.h"
#include "cli/ui.h"

#define NOT_GIVEN UINT64_MAX
/* A search ends by itself after so long when neither time nor schedules are given. */
#define TIME_DEFAULT_NS (120 * LP_SEC)
/* What making a losing schedule simple and showing it may take besides. */
#define TIME_BESIDES_NS (120 * LP_SEC)

struct options {
    uint64_t workers, rounds, seed, schedules, time_ns, preemptions, depth;
    const char *strategy, *reduction, *out, *progress, *workdir;
    struct lp_texts formats, drivers, faults;
    bool dry_run, quiet, verbose, no_color;
};

#define AT(member) offsetof(struct options, member)
static const struct lp_option rows[] = {
    {"workers", 'w', "N", LP_OPTION_NUMBER, AT(workers), 1, "workers (as the scenario states)"},
    {"rounds", 'r', "N", LP_OPTION_NUMBER, AT(rounds), 1, "rounds of each (as it states)"},
    {"schedules", '\0', "N", LP_OPTION_NUMBER, AT(schedules), 1, "end after so many schedules"},
    {"time", '\0', "T", LP_OPTION_DURATION, AT(time_ns), 0, "end after so long (2m)"},
    {"strategy", '\0', "S", LP_OPTION_TEXT, AT(strategy), 0, "exhaustive, random or pct"},
    {"reduction", '\0', "R", LP_OPTION_TEXT, AT(reduction), 0,
     "dpor or none: leave out equivalent schedules, or not"},
    {"preemptions", '\0', "N", LP_OPTION_NUMBER, AT(preemptions), 0,
     "only schedules with at most so many preemptions"},
    {"depth", '\0', "N", LP_OPTION_NUMBER, AT(depth), 1, "pct: orderings that a bug hangs on (3)"},
    {"fault", '\0', "F", LP_OPTION_LIST, AT(faults), 0,
     "kill:WORKER or expire:LOCK, at any time; repeatable"},
    {"seed", 's', "N", LP_OPTION_NUMBER, AT(seed), 1, "seed of random and pct"},
    {"out", 'o', "DIR", LP_OPTION_TEXT, AT(out), 0, "run folder (lockproof-runs/...)"},
    {"format", 'f', "F[=FILE]", LP_OPTION_LIST, AT(formats), 0,
     "text json junit tap markdown github; repeatable"},
    {"driver", '\0', "FILE.so|cmd:PROGRAM", LP_OPTION_LIST, AT(drivers), 0,
     "load a driver, or take a program as one; repeatable"},
    {"workdir", '\0', "DIR", LP_OPTION_TEXT, AT(workdir), 0, "where {shared} lies (tmpfs if any)"},
    {"progress", '\0', "WHEN", LP_OPTION_TEXT, AT(progress), 0, "auto, always or never"},
    {"dry-run", 'n', NULL, LP_OPTION_FLAG, AT(dry_run), 0, "print the resolved plan, run nothing"},
    {"quiet", 'q', NULL, LP_OPTION_FLAG, AT(quiet), 0, "only the last line"},
    {"verbose", 'v', NULL, LP_OPTION_FLAG, AT(verbose), 0, "the same as without"},
    {"no-color", '\0', NULL, LP_OPTION_FLAG, AT(no_color), 0, "no colour (also: NO_COLOR)"},
};
const struct lp_command_line lp_line_explore = {
    .options = rows,
    .option_count = LP_ARRAY_LEN(rows),
    .synopsis = "explore [OPTION...] SCENARIO\n       lockproof explore [OPTION...] -- PROGRAM "
                "[ARG...]   (explore --help --)",
    .summary =
        "Tries the orders of a scenario's steps one by one, on the real backend with the real "
        "lock,\ninstead of hoping for the unlucky one. A losing order is made simple, repeated, "
        "explained,\nand written to the run folder's `schedule`, for `lockproof replay`. Exit "
        "status: 0 held in\nevery order, 1 broken, 2 usage, 3 inconclusive, 4 lockproof failed, "
        "130 interrupted.",
};

struct command {
    struct options options;
    struct lp_catalogue catalogue;
    struct lp_scenario scenario;
    struct lp_explore_request request;
    struct lp_arena arena;
};

static int choose(const char *option, const char *given, const char *const *names, size_t count,
                  unsigned *chosen, struct lp_err *err)
{
    if (!given)
        return 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], given) == 0) {
            *chosen = (unsigned)i;
            return 0;
        }
    }
    const char *near = lp_nearest(given, names, count, sizeof *names);
    return lp_err_set(err, LP_ERR_USAGE, "option '--%s': unknown '%s'%s%s%s", option, given,
                      near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int fill_search(const struct options *options, struct lp_explore_request *request,
                       struct lp_err *err)
{
    static const char *const strategies[] = {"exhaustive", "random", "pct"};
    static const char *const reductions[] = {"none", "dpor"};
    unsigned strategy = LP_STRATEGY_EXHAUSTIVE, reduction = LP_REDUCTION_DPOR;
    bool bounded = options->preemptions != NOT_GIVEN;
    if (choose("strategy", options->strategy, strategies, 3, &strategy, err) == -1 ||
        choose("reduction", options->reduction, reductions, 2, &reduction, err) == -1)
        return -1;
    if (bounded && options->reduction && reduction == LP_REDUCTION_DPOR)
        return lp_err_set(err, LP_ERR_USAGE,
                          "option '--preemptions' goes with '--reduction none': what dpor leaves "
                          "out may be within the bound");
    if (bounded && strategy != LP_STRATEGY_EXHAUSTIVE)
        return lp_err_set(err, LP_ERR_USAGE,
                          "option '--preemptions' goes with '--strategy "
                          "exhaustive'");
    request->search = (struct lp_search_options){
        .strategy = strategy,
        .reduction = bounded ? LP_REDUCTION_NONE : reduction,
        .preemptions = bounded ? (uint32_t)options->preemptions : LP_NO_BOUND,
        .pct_depth = (unsigned)options->depth,
        .seed = options->seed ? options->seed : 1,
        .schedules_max = options->schedules,
    };
    request->time_ns = options->time_ns     ? options->time_ns
                       : options->schedules ? 0
                                            : TIME_DEFAULT_NS;
    return 0;
}

static int add_fault(struct command *command, const char *text, struct lp_err *err)
{
    const struct lp_scenario *scenario = &command->scenario;
    struct lp_led_fault fault;
    struct lp_str locks;
    if (lp_explore_fault_parse(scenario, text, ':', &fault) == 0)
        return lp_explore_fault(&command->request, scenario, fault, &command->catalogue.registry,
                                err);
    lp_str_init(&locks);
    for (size_t i = 0; i < scenario->lock_count; i++)
        lp_str_addf(&locks, "%s expire:%s", i ? "," : " or", scenario->locks[i].name);
    lp_err_set(
        err, LP_ERR_USAGE, "option '--fault': expected kill:WORKER, workers 0 to %u,%s, not '%s'",
        lp_scenario_workers(scenario) - 1, locks.len ? locks.ptr : " and no lock to expire", text);
    lp_str_release(&locks);
    return -1;
}

static int load(struct command *command, const char *name, struct lp_err *err)
{
    const struct options *options = &command->options;
    struct lp_scenario *scenario = &command->scenario;
    struct lp_scenario_files files = {0};
    int status = lp_catalogue_find(&command->catalogue, name, &files, err);
    if (status == 0 && files.count != 1)
        status =
            lp_err_set(err, LP_ERR_USAGE, "'%s' is %zu scenarios, expected one", name, files.count);
    if (status == 0)
        status = lp_catalogue_load(&command->catalogue, files.file[0], scenario, err);
    free(files.file);
    if (status == -1)
        return -1;
    unsigned workers = (unsigned)(options->workers ? options->workers : scenario->explore.workers);
    unsigned rounds = (unsigned)(options->rounds ? options->rounds : scenario->explore.rounds);
    if (workers < scenario->group_count && !options->workers)
        workers = (unsigned)scenario->group_count;
    if (lp_explore_size(scenario, workers, rounds, &command->catalogue.registry, err) == -1)
        return -1;
    if (lp_explore_faults(scenario, &command->request, &command->catalogue.registry, err) == -1)
        return -1;
    for (size_t i = 0; i < options->faults.count; i++)
        if (add_fault(command, options->faults.text[i], err) == -1)
            return -1;
    return 0;
}

static const char *reproduce(struct command *command, const char *name)
{
    const struct options *options = &command->options;
    struct lp_str text;
    lp_str_init(&text);
    lp_str_addf(&text, "lockproof explore %s", name);
    if (options->workers)
        lp_str_addf(&text, " -w %llu", (unsigned long long)options->workers);
    if (options->rounds)
        lp_str_addf(&text, " -r %llu", (unsigned long long)options->rounds);
    if (options->strategy)
        lp_str_addf(&text, " --strategy %s", options->strategy);
    if (options->reduction)
        lp_str_addf(&text, " --reduction %s", options->reduction);
    if (options->preemptions != NOT_GIVEN)
        lp_str_addf(&text, " --preemptions %llu", (unsigned long long)options->preemptions);
    for (size_t i = 0; i < options->faults.count; i++)
        lp_str_addf(&text, " --fault %s", options->faults.text[i]);
    const char *kept = lp_arena_strdup(&command->arena, text.ptr);
    lp_str_release(&text);
    return kept;
}

static int dry_run(const struct command *command, struct lp_err *err)
{
    struct lp_str out;
    lp_str_init(&out);
    lp_scenario_write(&command->scenario, &out);
    bool written = lp_ui_print(out.ptr) && lp_ui_flush();
    lp_str_release(&out);
    return written ? LP_EXIT_OK : lp_err_set(err, LP_ERR_SELF, "unable to write the plan");
}

static int carry_out(struct command *command, const char **names, size_t count, struct lp_err *err)
{
    const struct options *options = &command->options;
    struct lp_explore_request *request = &command->request;
    if (count != 1)
        return lp_err_set(err, LP_ERR_USAGE, "%s; expected one",
                          count ? "several scenarios given" : "no scenario given");
    if (fill_search(options, request, err) == -1 || load(command, names[0], err) == -1)
        return -1;
    request->scenario = &command->scenario;
    request->scenario_ref = names[0];
    if (options->dry_run)
        return dry_run(command, err);
    if (options->seed)
        command->scenario.seed = options->seed;
    command->scenario.timeout_ns =
        (request->time_ns ? request->time_ns : 24 * 3600 * LP_SEC) + TIME_BESIDES_NS;
    struct lp_led_options led = {
        .command = "explore",
        .out = options->out,
        .progress = options->progress,
        .workdir = options->workdir,
        .formats = &options->formats,
        .reproduce = reproduce(command, names[0]),
        .quiet = options->quiet,
        .no_color = options->no_color,
    };
    return lp_led_carry_out(&command->catalogue, &command->scenario, request, &led, err);
}

static bool names_program(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--") == 0)
            return true;
    return false;
}

int lp_command_explore(int argc, char **argv)
{
    struct command command = {.options.preemptions = NOT_GIVEN};
    struct lp_err err = {0};
    const char **names = lp_alloc((size_t)argc, sizeof *names);
    size_t count;
    bool help;
    int status = -1;
    lp_arena_init(&command.arena);
    if (names_program(argc, argv))
        status = lp_command_explore_program(argc, argv);
    else if (lp_options_parse(&lp_line_explore, argc, argv, &command.options, names, &count, &help,
                              &err) == 0) {
        const struct lp_texts *drivers = &command.options.drivers;
        if (help)
            status = lp_help_show(&lp_line_explore);
        else if (lp_catalogue_init(&command.catalogue, drivers->text, drivers->count, &err) == 0)
            status = carry_out(&command, names, count, &err);
    }
    lp_scenario_release(&command.scenario);
    lp_catalogue_release(&command.catalogue);
    lp_arena_release(&command.arena);
    free(names);
    return lp_ui_end(status, &err);
}
