/* SPDX-License-Identifier: MIT */
/* lockproof bench: locks compared, with exclusion checked in the same run. */
#include "cli/commands.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/units.h"
#include "bench/plot.h"
#include "bench/report.h"
#include "cli/bench_plan.h"
#include "cli/catalogue.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/ui.h"
#include "os/clock.h"
#include "os/file.h"

#define RUNS_FOLDER "lockproof-runs"
#define GATE_BUDGET_NS (10 * LP_SEC)
#define OUTPUTS_MAX 8

#define AT(member) offsetof(struct lp_bench_choice, member)
static const struct lp_option rows[] = {
    {"workers", 'w', "LIST", LP_OPTION_TEXT, AT(workers), 0,
     "worker counts (" LP_BENCH_WORKERS ")"},
    {"duration", 'd', "T", LP_OPTION_DURATION, AT(duration_ns), 0, "of one point (120ms)"},
    {"hold", '\0', "T", LP_OPTION_TEXT, AT(hold), 0, "work inside the lock (0)"},
    {"think", '\0', "T", LP_OPTION_TEXT, AT(think), 0,
     "work outside it, on average (" LP_BENCH_THINK ")"},
    {"cpus", '\0', "WHICH", LP_OPTION_TEXT, AT(cpus), 0, "any, one or spread"},
    {"placement", 'p', "P", LP_OPTION_TEXT, AT(placement), 0, "thread, process or namespace"},
    {"containers", 'c', "N", LP_OPTION_NUMBER, AT(containers), 1, "containers"},
    {"repeats", '\0', "N", LP_OPTION_NUMBER, AT(repeats), 1, "of every point (3)"},
    {"seed", 's', "N", LP_OPTION_NUMBER, AT(seed), 1, "seed of the order and of the pauses"},
    {"out", 'o', "DIR", LP_OPTION_TEXT, AT(out), 0, "folder of the results (lockproof-runs/...)"},
    {"format", 'f', "F[=FILE]", LP_OPTION_LIST, AT(formats), 0, "text json csv markdown"},
    {"against", '\0', "LOCK", LP_OPTION_TEXT, AT(against), 0,
     "compare with this lock, or with the driver FILE.so, in turn in one run"},
    {"baseline", '\0', "FILE", LP_OPTION_TEXT, AT(baseline), 0,
     "compare with the result.json of an earlier run"},
    {"max-regress", '\0', "P%", LP_OPTION_TEXT, AT(max_regress), 0,
     "longer than this is a regression (" LP_BENCH_REGRESS ")"},
    {"driver", '\0', "FILE.so|cmd:PROGRAM", LP_OPTION_LIST, AT(drivers), 0,
     "load a driver, or take a program as one; repeatable"},
    {"workdir", '\0', "DIR", LP_OPTION_TEXT, AT(workdir), 0, "where lock files lie (tmpfs if any)"},
    {"no-plots", '\0', NULL, LP_OPTION_FLAG, AT(no_plots), 0, "do not call gnuplot"},
    {"progress", '\0', "WHEN", LP_OPTION_TEXT, AT(progress), 0, "auto, always or never"},
    {"dry-run", 'n', NULL, LP_OPTION_FLAG, AT(dry_run), 0, "print the plan, measure nothing"},
    {"no-color", '\0', NULL, LP_OPTION_FLAG, AT(no_color), 0, "no colour (also: NO_COLOR)"},
};
const struct lp_command_line lp_line_bench = {
    .options = rows,
    .option_count = LP_ARRAY_LEN(rows),
    .synopsis = "bench [OPTION...] [LOCK...]",
    .summary =
        "Compares locks: a driver, or DRIVER:PARAM=VALUE,...; none named: all embedded ones that "
        "are\nnot wrong on purpose. Checks in the same run that they exclude. Exit status: 0 they "
        "do, 1 one\ndoes not or a regression, 2 usage, 3 undecided, 4 lockproof failed, 130 "
        "interrupted.",
};

struct output {
    const struct lp_bench_format *format;
    const char *file; /* NULL: stdout */
};

struct command {
    struct lp_bench_choice options;
    struct lp_catalogue catalogue;
    struct lp_bench bench;
    struct lp_bench_lock against;
    struct lp_comparison gate;
    struct output outputs[OUTPUTS_MAX];
    size_t output_count;
    const char *typed;
    bool compares;
};

/* ---- outputs ---- */

static int choose_outputs(struct command *command, struct lp_err *err)
{
    const struct lp_texts *given = &command->options.formats;
    for (size_t i = 0; i < given->count; i++) {
        struct output *output = &command->outputs[command->output_count];
        size_t index;
        if (command->output_count++ == OUTPUTS_MAX)
            return lp_err_set(err, LP_ERR_USAGE, "more than %d outputs", OUTPUTS_MAX);
        if (lp_output_choose(given->text[i], lp_bench_formats, lp_bench_format_count,
                             sizeof *lp_bench_formats, &index, &output->file, err) == -1)
            return -1;
        output->format = &lp_bench_formats[index];
    }
    if (command->output_count == 0)
        command->outputs[command->output_count++] = (struct output){&lp_bench_formats[0], NULL};
    return 0;
}

static int write_output(const struct output *output, struct lp_bench_report *report,
                        struct lp_err *err)
{
    struct lp_str text;
    bool color = report->color;
    lp_str_init(&text);
    report->color = color && !output->file;
    output->format->write(report, &text);
    report->color = color;
    int result = lp_output_write(output->file, &text, err);
    lp_str_release(&text);
    return result;
}

/* result.json, result.csv and result.md in the folder, then what was asked for. All of them,
   whatever becomes of one. */
static int write_all(struct command *command, struct lp_bench_report *report, struct lp_err *err)
{
    static const char *const kept[] = {[1] = "json", [2] = "csv", [3] = "md"};
    int result = 0;
    struct lp_err later = {0};
    for (size_t i = 1; i < LP_ARRAY_LEN(kept); i++) {
        struct output output = {&lp_bench_formats[i],
                                lp_arena_printf(&command->bench.arena, "%s/result.%s",
                                                command->bench.host.run_dir, kept[i])};
        if (write_output(&output, report, &later) == -1 && result == 0) {
            *err = later;
            result = -1;
        }
    }
    for (size_t i = 0; i < command->output_count; i++) {
        if (write_output(&command->outputs[i], report, &later) == -1 && result == 0) {
            *err = later;
            result = -1;
        }
    }
    return result;
}

/* ---- running ---- */

static void show_progress(void *context, size_t done, size_t total, const char *what)
{
    char text[160];
    (void)context;
    snprintf(text, sizeof text, "bench  %zu of %zu  %.60s", done + 1, total, what);
    lp_ui_status(text);
}

static int make_folder(struct command *command, struct lp_err *err)
{
    struct lp_arena *arena = &command->bench.arena;
    char stamp[32];
    const char *folder = command->options.out;
    if (!folder) {
        const char *first =
            lp_arena_printf(arena, RUNS_FOLDER "/%s-bench", lp_clock_stamp(stamp, sizeof stamp));
        folder = first;
        for (unsigned k = 2; lp_is_folder(folder); k++)
            folder = lp_arena_printf(arena, "%s-%u", first, k);
    }
    if (lp_is_file(lp_arena_printf(arena, "%s/result.json", folder)))
        return lp_err_set(err, LP_ERR_USAGE, "'%s' holds a run already; name another folder",
                          folder);
    command->bench.plan.run_dir = folder;
    return lp_folder_make(folder, err);
}

static int open_interrupts(struct lp_bench_plan *plan, struct lp_err *err)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    plan->interrupt_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (plan->interrupt_fd == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to listen for signals");
    return 0;
}

static int measure(struct command *command, struct lp_err *err)
{
    struct lp_bench *bench = &command->bench;
    const struct lp_bench_choice *options = &command->options;
    enum lp_progress_when when;
    if (lp_progress_parse(options->progress, &when, err) == -1 ||
        open_interrupts(&bench->plan, err) == -1 || make_folder(command, err) == -1 ||
        lp_bench_prepare(bench, err) == -1)
        return -1;
    bool shown = lp_progress_wanted(when);
    bench->plan.progress = shown ? show_progress : NULL;
    int result = lp_bench_measure(bench, err);
    if (result == 0 && options->against && !bench->interrupted)
        result = lp_gate_paired(&command->gate, bench, &command->against, GATE_BUDGET_NS, err);
    if (result == 0 && options->baseline && !bench->interrupted)
        result = lp_gate_stored(&command->gate, bench, options->baseline, err);
    if (shown)
        lp_progress_clear();
    return result;
}

static int exit_status(const struct command *command)
{
    int locks = lp_bench_exit_status(&command->bench);
    int gate = command->compares ? lp_gate_exit_status(&command->gate) : LP_EXIT_OK;
    if (locks == LP_EXIT_FINDING || gate == LP_EXIT_FINDING)
        return LP_EXIT_FINDING;
    if (command->bench.interrupted)
        return LP_EXIT_INTERRUPTED;
    return locks > gate ? locks : gate;
}

static int report(struct command *command, struct lp_err *err)
{
    struct lp_plots plots = {0};
    if (!command->options.no_plots)
        lp_plots_make(&plots, &command->bench, command->catalogue.plot_dir);
    struct lp_bench_report report = {
        .bench = &command->bench,
        .gate = command->compares ? &command->gate : NULL,
        .command = command->typed,
        .plots = plots.files,
        .plot_trouble = plots.trouble[0] ? plots.trouble : NULL,
        .color = lp_ui_color(command->options.no_color),
        .exit_status = exit_status(command),
    };
    if (write_all(command, &report, err) == 0)
        return report.exit_status;
    if (report.exit_status != LP_EXIT_FINDING)
        return -1;
    lp_ui_error(err);
    return report.exit_status;
}

static int dry_run(const struct command *command, struct lp_err *err)
{
    const struct lp_bench *bench = &command->bench;
    struct lp_str out;
    lp_str_init(&out);
    for (size_t i = 0; i < bench->lock_count; i++) {
        const struct lp_resource *resource = &bench->locks[i].resource;
        lp_str_addf(&out, "%s\n", bench->locks[i].text);
        for (size_t k = 0; k < resource->setting_count; k++)
            lp_str_addf(&out, "  %s: %s\n", resource->settings[k].key, resource->settings[k].value);
    }
    for (size_t i = 0; i < bench->plan.worker_count; i++)
        lp_str_addf(&out, "%s%u", i ? ", " : "workers: ", bench->plan.workers[i]);
    lp_str_addf(&out, "\nrepeats: %u\nseed: %llu\n", bench->plan.repeats,
                (unsigned long long)bench->plan.seed);
    bool written = lp_ui_print(out.ptr) && lp_ui_flush();
    lp_str_release(&out);
    return written ? LP_EXIT_OK : lp_err_set(err, LP_ERR_SELF, "unable to write the plan");
}

/* "LOCK", or "FILE.so" or "FILE.so:PARAM=VALUE": its driver goes by the file's name, so that it can
   be of the same name as the one that it is compared with. */
static int parse_against(struct command *command, const char *text, struct lp_err *err)
{
    struct lp_arena *arena = &command->bench.arena;
    struct lp_registry *registry = &command->catalogue.registry;
    size_t len = strcspn(text, ":");
    const char *name = lp_arena_strndup(arena, text, len);
    bool is_file = len > strlen(".so") && strcmp(name + len - strlen(".so"), ".so") == 0;
    if (is_file && lp_registry_load_as(registry, name, name, err) == -1)
        return -1;
    if (lp_bench_lock_parse(&command->against, text, 0, registry, arena, err) == -1)
        return -1;
    if (command->against.driver)
        return 0;
    return lp_err_set(err, LP_ERR_USAGE, "option '--against': %.300s", command->against.trouble);
}

static int carry_out(struct command *command, const char **names, size_t count, struct lp_err *err)
{
    const struct lp_bench_choice *options = &command->options;
    if (options->against && options->baseline)
        return lp_err_set(err, LP_ERR_USAGE, "either --against or --baseline");
    command->compares = options->against || options->baseline;
    if (options->max_regress && !command->compares)
        return lp_err_set(err, LP_ERR_USAGE, "--max-regress without --against or --baseline");
    const char *regress = options->max_regress ? options->max_regress : LP_BENCH_REGRESS;
    if (lp_percent_parse(regress, &command->gate.regress_max, err) == -1 ||
        lp_bench_choose(&command->bench.plan, options, &command->catalogue.registry, err) == -1 ||
        lp_bench_choose_locks(&command->bench, names, count, err) == -1 ||
        choose_outputs(command, err) == -1)
        return -1;
    if (options->against && parse_against(command, options->against, err) == -1)
        return -1;
    if (options->dry_run)
        return dry_run(command, err);
    if (measure(command, err) == -1)
        return command->bench.interrupted ? LP_EXIT_INTERRUPTED : -1;
    return report(command, err);
}

/* The command again, for the reports. */
static const char *join(int argc, char **argv, struct lp_arena *arena)
{
    struct lp_str text;
    lp_str_init(&text);
    lp_str_add(&text, "lockproof");
    for (int i = 0; i < argc; i++)
        lp_str_addf(&text, " %s", argv[i]);
    const char *kept = lp_arena_strdup(arena, text.ptr);
    lp_str_release(&text);
    return kept;
}

int lp_command_bench(int argc, char **argv)
{
    struct command command = {0};
    struct lp_err err = {0};
    const char **names = lp_alloc((size_t)argc + 1, sizeof *names);
    size_t count = 0;
    bool help = false;
    lp_arena_init(&command.bench.arena);
    command.typed = join(argc, argv, &command.bench.arena);
    int status =
        lp_options_parse(&lp_line_bench, argc, argv, &command.options, names, &count, &help, &err);
    if (status == 0 && help) {
        status = lp_help_show(&lp_line_bench);
    } else if (status == 0) {
        const struct lp_texts *drivers = &command.options.drivers;
        status = lp_catalogue_init(&command.catalogue, drivers->text, drivers->count, &err);
        if (status == 0) {
            status = carry_out(&command, names, count, &err);
            lp_bench_release(&command.bench);
            lp_comparison_release(&command.gate);
            lp_catalogue_release(&command.catalogue);
        }
    }
    lp_arena_release(&command.bench.arena);
    free(names);
    return lp_ui_end(status, &err);
}
