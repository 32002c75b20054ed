/* SPDX-License-Identifier: MIT */
/* lockproof replay: one schedule, to the letter. */
#include "cli/commands.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli/catalogue.h"
#include "cli/explored.h"
#include "cli/explore_program.h"
#include "cli/options.h"
#include "cli/ui.h"
#include "explore/replay.h"
#include "os/file.h"

#define FILE_SIZE_MAX ((size_t)16 << 20)

struct options {
    const char *out, *workdir;
    struct lp_texts formats, drivers;
    bool quiet, no_color;
};

#define AT(member) offsetof(struct options, member)
static const struct lp_option rows[] = {
    {"out", 'o', "DIR", LP_OPTION_TEXT, AT(out), 0, "run folder (lockproof-runs/...)"},
    {"format", 'f', "F[=FILE]", LP_OPTION_LIST, AT(formats), 0,
     "text json junit tap markdown github; repeatable"},
    {"driver", '\0', "FILE.so|cmd:PROGRAM", LP_OPTION_LIST, AT(drivers), 0,
     "load a driver, or take a program as one; repeatable"},
    {"workdir", '\0', "DIR", LP_OPTION_TEXT, AT(workdir), 0, "where {shared} lies (tmpfs if any)"},
    {"quiet", 'q', NULL, LP_OPTION_FLAG, AT(quiet), 0, "only the last line"},
    {"no-color", '\0', NULL, LP_OPTION_FLAG, AT(no_color), 0, "no colour (also: NO_COLOR)"},
};
const struct lp_command_line lp_line_replay = {
    .options = rows,
    .option_count = LP_ARRAY_LEN(rows),
    .synopsis = "replay [OPTION...] FILE",
    .summary =
        "Carries out a schedule that `explore` found or that somebody wrote, step by step. Exit "
        "status:\n0 nothing was lost, 1 broken, 2 usage, 3 the schedule cannot be followed (the "
        "line is told),\n4 lockproof failed, 130 interrupted.",
};

struct command {
    struct options options;
    struct lp_catalogue catalogue;
    struct lp_scenario scenario;
    struct lp_schedule schedule;
    struct lp_explore_request request;
    struct lp_arena arena;
};

static int read_schedule(struct command *command, const char *file, struct lp_err *err)
{
    struct lp_str text;
    lp_str_init(&text);
    int status = lp_file_read(file, FILE_SIZE_MAX, &text, err);
    if (status == 0)
        status = lp_schedule_parse(&command->schedule, text.ptr, text.len, file, err);
    lp_str_release(&text);
    return status;
}

/* A number among the keys, or `otherwise`. */
static int number_of(const struct lp_schedule *schedule, const char *name, unsigned otherwise,
                     unsigned *number, struct lp_err *err)
{
    const struct lp_schedule_key *key = lp_schedule_find(schedule, name);
    uint64_t value;
    *number = otherwise;
    if (!key)
        return 0;
    if (lp_number_parse(key->value, 1, 1000000, &value) == -1)
        return lp_schedule_fail(schedule, key->line, key->column, err,
                                "'%s' is a number from 1 on, not '%.40s'", name, key->value);
    *number = (unsigned)value;
    return 0;
}

/* A name that is no file here is looked for beside the schedule too: it may have been moved along
   with its scenario. */
static const char *find_scenario(struct command *command, const char *file)
{
    const char *name = lp_schedule_find(&command->schedule, "scenario")->value;
    const char *slash = strrchr(file, '/');
    if (lp_is_file(name) || !slash || name[0] == '/')
        return name;
    const char *beside =
        lp_arena_printf(&command->arena, "%.*s/%s", (int)(slash - file), file, name);
    return lp_is_file(beside) ? beside : name;
}

static int load(struct command *command, const char *file, struct lp_err *err)
{
    const struct lp_schedule *schedule = &command->schedule;
    const struct lp_schedule_key *key = lp_schedule_find(schedule, "scenario");
    struct lp_scenario *scenario = &command->scenario;
    struct lp_scenario_files files = {0};
    unsigned workers, rounds;
    int status = lp_catalogue_find(&command->catalogue, find_scenario(command, file), &files, err);
    if (status == 0 && files.count != 1)
        status = lp_err_set(err, LP_ERR_USAGE, "'%s' is %zu scenarios, expected one", key->value,
                            files.count);
    if (status == 0)
        status = lp_catalogue_load(&command->catalogue, files.file[0], scenario, err);
    free(files.file);
    if (status == -1)
        return lp_err_wrap(err, "%s:%u:%u", file, key->line, key->column);
    if (number_of(schedule, "workers", scenario->explore.workers, &workers, err) == -1 ||
        number_of(schedule, "rounds", scenario->explore.rounds, &rounds, err) == -1 ||
        lp_explore_size(scenario, workers, rounds, &command->catalogue.registry, err) == -1 ||
        lp_replay_check(schedule, scenario, err) == -1)
        return -1;
    scenario->fault_count = 0; /* those that the schedule has, and no others */
    return lp_replay_faults(schedule, scenario, &command->request, &command->catalogue.registry,
                            err);
}

static int carry_out(struct command *command, const char **files, size_t count, struct lp_err *err)
{
    const struct options *options = &command->options;
    if (count != 1)
        return lp_err_set(err, LP_ERR_USAGE, "%s; expected one",
                          count ? "several schedules given" : "no schedule given");
    if (read_schedule(command, files[0], err) == -1)
        return -1;
    if (lp_schedule_find(&command->schedule, "program")) {
        const struct lp_replay_request program = {.formats = options->formats,
                                                  .out = options->out,
                                                  .quiet = options->quiet,
                                                  .no_color = options->no_color};
        return lp_replay_program(&command->schedule, &program, err);
    }
    if (load(command, files[0], err) == -1)
        return -1;
    struct lp_explore_request *request = &command->request;
    request->scenario = &command->scenario;
    request->scenario_ref = lp_schedule_find(&command->schedule, "scenario")->value;
    request->replay = &command->schedule;
    request->search.preemptions = LP_NO_BOUND;
    struct lp_led_options led = {
        .command = "replay",
        .out = options->out,
        .progress = "never",
        .workdir = options->workdir,
        .formats = &options->formats,
        .reproduce = lp_arena_printf(&command->arena, "lockproof replay %s", files[0]),
        .quiet = options->quiet,
        .no_color = options->no_color,
    };
    return lp_led_carry_out(&command->catalogue, &command->scenario, request, &led, err);
}

int lp_command_replay(int argc, char **argv)
{
    struct command command = {0};
    struct lp_err err = {0};
    const char **files = lp_alloc((size_t)argc, sizeof *files);
    size_t count;
    bool help;
    int status = -1;
    lp_arena_init(&command.arena);
    if (lp_options_parse(&lp_line_replay, argc, argv, &command.options, files, &count, &help,
                         &err) == 0) {
        const struct lp_texts *drivers = &command.options.drivers;
        if (help)
            status = lp_help_show(&lp_line_replay);
        else if (lp_catalogue_init(&command.catalogue, drivers->text, drivers->count, &err) == 0)
            status = carry_out(&command, files, count, &err);
    }
    lp_schedule_release(&command.schedule);
    lp_scenario_release(&command.scenario);
    lp_catalogue_release(&command.catalogue);
    lp_arena_release(&command.arena);
    free(files);
    return lp_ui_end(status, &err);
}
