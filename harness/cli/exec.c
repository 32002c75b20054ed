/* SPDX-License-Identifier: MIT */
/* lockproof exec: the user's own program on the bench. */
#include "cli/commands.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/units.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/program_options.h"
#include "cli/progress.h"
#include "cli/ui.h"
#include "os/clock.h"
#include "os/file.h"
#include "program/exec.h"

#define NOT_GIVEN UINT64_MAX
#define RUNS_FOLDER "lockproof-runs"
#define SEED_MAX 999999
#define COPIES_DEFAULT 4
#define MEETINGS_DEFAULT 30

struct options {
    struct lp_program_options program;
    uint64_t rounds, duration_ns, seed, min_meetings;
    const char *out, *progress, *trace;
    struct lp_texts formats;
    bool quiet, verbose, no_color, dry_run;
};

#define AT(member) offsetof(struct options, member)
static const struct lp_option rows[] = {
    LP_PROGRAM_OPTION_ROWS(AT(program)),
    {"rounds", 'r', "N", LP_OPTION_NUMBER, AT(rounds), 1,
     "bursts of copies (as many as the verdict needs)"},
    {"duration", 'd', "T", LP_OPTION_DURATION, AT(duration_ns), 0,
     "no new trial after so long (30s)"},
    {"min-meetings", '\0', "N", LP_OPTION_NUMBER, AT(min_meetings), 0,
     "contested grants that `held` needs (30)"},
    {"seed", 's', "N", LP_OPTION_NUMBER, AT(seed), 1, "seed of all random choices"},
    {"trace", '\0', "FILE", LP_OPTION_TEXT, AT(trace), 0, "keep what was seen, as JSON lines"},
    {"out", 'o', "DIR", LP_OPTION_TEXT, AT(out), 0, "run folder (lockproof-runs/...)"},
    {"format", 'f', "F[=FILE]", LP_OPTION_LIST, AT(formats), 0,
     "text json junit tap markdown github; repeatable"},
    {"progress", '\0', "WHEN", LP_OPTION_TEXT, AT(progress), 0, "auto, always or never"},
    {"dry-run", 'n', NULL, LP_OPTION_FLAG, AT(dry_run), 0, "say what would be run, run nothing"},
    {"quiet", 'q', NULL, LP_OPTION_FLAG, AT(quiet), 0, "only what is not held"},
    {"verbose", 'v', NULL, LP_OPTION_FLAG, AT(verbose), 0, "evidence for `held` too"},
    {"no-color", '\0', NULL, LP_OPTION_FLAG, AT(no_color), 0, "no colour (also: NO_COLOR)"},
};
const struct lp_command_line lp_line_exec = {
    .options = rows,
    .option_count = LP_ARRAY_LEN(rows),
    .synopsis = "exec [OPTION...] -- PROGRAM [ARG...]",
    .summary =
        "Runs copies of a program side by side, over and over, watches their locks and files, and\n"
        "says whether anything was lost. Exit status: 0 held, 1 broken, 2 usage, 3 inconclusive,\n"
        "4 lockproof failed, 130 interrupted.",
};

struct command {
    struct options options;
    struct lp_program_line program;
    struct lp_outputs outputs;
    struct lp_exec exec;
    struct lp_arena arena;
    const char *run_dir;
    bool shown;
};

static const char *choose_folder(struct command *command)
{
    char stamp[32];
    if (command->options.out)
        return command->options.out;
    const char *first =
        lp_arena_printf(&command->arena, RUNS_FOLDER "/%s-%s", lp_clock_stamp(stamp, sizeof stamp),
                        command->program.program.name);
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

/* The same command again. */
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

static void show_progress(void *context, unsigned trials, unsigned copies, uint64_t meetings)
{
    char text[128];
    (void)context;
    snprintf(text, sizeof text, "%u trials, %u copies, %llu meetings", trials, copies,
             (unsigned long long)meetings);
    lp_ui_status(text);
}

static int dry_run(const struct command *command, struct lp_err *err)
{
    const struct lp_program *program = &command->program.program;
    struct lp_str out;
    lp_str_init(&out);
    if (program->setup)
        lp_str_addf(&out, "setup: %s\n", program->setup);
    lp_str_addf(&out, "copies: %u\nprogram:", program->copies);
    for (const char *const *arg = program->argv; *arg; arg++) {
        lp_str_add(&out, " ");
        lp_add_quoted(&out, *arg);
    }
    lp_str_add(&out, "\n");
    if (program->observe)
        lp_str_addf(&out, "observe: %s\n", program->observe);
    if (program->invariant)
        lp_str_addf(&out, "invariant: %s\n", program->invariant);
    bool written = lp_ui_print(out.ptr) && lp_ui_flush();
    lp_str_release(&out);
    return written ? LP_EXIT_OK : lp_err_set(err, LP_ERR_SELF, "unable to write the plan");
}

static int save_result(struct command *command, const struct lp_report_set *set, struct lp_err *err)
{
    struct lp_outputs json;
    struct lp_texts given = {.count = 1};
    given.text[0] = lp_arena_printf(&command->arena, "json=%s/result.json", command->run_dir);
    if (lp_outputs_parse(&json, &given, err) == -1)
        return -1;
    return lp_outputs_write(&json, set, err);
}

static int report(struct command *command, struct lp_err *err)
{
    const struct options *options = &command->options;
    const struct lp_run_result *one = &command->exec.result;
    int status = lp_report_exit_status(&one, 1, true, false);
    if (status != LP_EXIT_FINDING && command->exec.interrupted)
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
    enum lp_progress_when when;
    if (lp_outputs_parse(&command->outputs, &options->formats, err) == -1 ||
        lp_progress_parse(options->progress, &when, err) == -1)
        return -1;
    if (options->dry_run)
        return dry_run(command, err);
    bool shown = lp_progress_wanted(when);
    command->run_dir = choose_folder(command);
    const struct lp_exec_options exec = {
        .program = &command->program.program,
        .rounds = (unsigned)options->rounds,
        .duration_ns = options->duration_ns,
        .min_meetings =
            options->min_meetings == NOT_GIVEN ? MEETINGS_DEFAULT : (unsigned)options->min_meetings,
        .seed = choose_seed(options->seed),
        .run_dir = command->run_dir,
        .trace_file = options->trace,
        .command = repeat(command, argc, argv),
        .progress = shown ? show_progress : NULL,
    };
    int result = lp_exec_run(&command->exec, &exec, err);
    if (shown)
        lp_ui_status("");
    return result == -1 ? -1 : report(command, err);
}

int lp_command_exec(int argc, char **argv)
{
    struct command command = {.options.min_meetings = NOT_GIVEN};
    struct lp_err err = {0};
    const char **rest = lp_alloc((size_t)argc + 1, sizeof *rest);
    size_t count;
    bool help;
    int status = -1;
    lp_arena_init(&command.arena);
    if (lp_options_parse(&lp_line_exec, argc, argv, &command.options, rest, &count, &help, &err) ==
        0) {
        if (help)
            status = lp_help_show(&lp_line_exec);
        else if (lp_program_line_parse(&command.program, &command.options.program, rest, count,
                                       COPIES_DEFAULT, &command.arena, &err) == 0)
            status = carry_out(&command, argc, argv, &err);
    }
    lp_exec_release(&command.exec);
    lp_program_line_release(&command.program);
    lp_arena_release(&command.arena);
    free(rest);
    return lp_ui_end(status, &err);
}
