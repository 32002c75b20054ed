/* SPDX-License-Identifier: MIT */
/* lockproof run: scenarios in, verdicts out. */
#include "cli/commands.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "cli/catalogue.h"
#include "cli/interrupts.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/peers.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/sweep.h"
#include "cli/ui.h"
#include "os/clock.h"
#include "os/file.h"
#include "run/run.h"

#define NOT_GIVEN UINT64_MAX
#define RUNS_FOLDER "lockproof-runs"

struct options {
    uint64_t workers, rounds, duration_ns, containers, seed, timeout_ns, min_meetings;
    const char *placement, *out, *progress, *sweep, *workdir, *image, *listen, *secret, *peers;
    struct lp_texts formats, drivers;
    bool require, dry_run, quiet, verbose, no_color, report;
};

#define AT(member) offsetof(struct options, member)
static const struct lp_option rows[] = {
    {"workers", 'w', "N", LP_OPTION_NUMBER, AT(workers), 1, "workers in all"},
    {"rounds", 'r', "N", LP_OPTION_NUMBER, AT(rounds), 1, "rounds of each worker"},
    {"duration", 'd', "T", LP_OPTION_DURATION, AT(duration_ns), 0,
     "run so long (500us 10ms 2s 1m)"},
    {"containers", 'c', "N", LP_OPTION_NUMBER, AT(containers), 1, "containers"},
    {"placement", 'p', "P", LP_OPTION_TEXT, AT(placement), 0,
     "thread, process, namespace, docker, swarm or remote"},
    {"image", '\0', "IMAGE", LP_OPTION_TEXT, AT(image), 0,
     "of Docker containers (lockproof:" LP_VERSION ")"},
    {"listen", '\0', "HOST:PORT", LP_OPTION_TEXT, AT(listen), 0,
     "where containers of other hosts join"},
    {"secret-file", '\0', "FILE", LP_OPTION_TEXT, AT(secret), 0,
     "holds the one-time secret of those that join"},
    {"peers", '\0', "HOST", LP_OPTION_TEXT, AT(peers), 0,
     "placement remote: as many containers as HOST has addresses"},
    {"seed", 's', "N", LP_OPTION_NUMBER, AT(seed), 1, "seed of all random choices"},
    {"out", 'o', "DIR", LP_OPTION_TEXT, AT(out), 0, "run folder (lockproof-runs/...)"},
    {"format", 'f', "F[=FILE]", LP_OPTION_LIST, AT(formats), 0,
     "text json junit tap markdown github; repeatable"},
    {"timeout", '\0', "T", LP_OPTION_DURATION, AT(timeout_ns), 0, "end a run after so long"},
    {"min-meetings", '\0', "N", LP_OPTION_NUMBER, AT(min_meetings), 0,
     "contested grants that `held` needs (30)"},
    {"require", '\0', NULL, LP_OPTION_FLAG, AT(require), 0, "a skipped scenario is undecided (3)"},
    {"sweep", '\0', "placement", LP_OPTION_TEXT, AT(sweep), 0,
     "run under each placement, one table of verdicts"},
    {"driver", '\0', "FILE.so|cmd:PROGRAM", LP_OPTION_LIST, AT(drivers), 0,
     "load a driver, or take a program as one; repeatable"},
    {"report", '\0', NULL, LP_OPTION_FLAG, AT(report), 0, "make the HTML page of the run folder"},
    {"workdir", '\0', "DIR", LP_OPTION_TEXT, AT(workdir), 0, "where {shared} lies (tmpfs if any)"},
    {"progress", '\0', "auto|always|never", LP_OPTION_TEXT, AT(progress), 0,
     "progress on a terminal"},
    {"dry-run", 'n', NULL, LP_OPTION_FLAG, AT(dry_run), 0, "print the resolved plan, run nothing"},
    {"quiet", 'q', NULL, LP_OPTION_FLAG, AT(quiet), 0, "only what is not as expected"},
    {"verbose", 'v', NULL, LP_OPTION_FLAG, AT(verbose), 0, "evidence for every scenario"},
    {"no-color", '\0', NULL, LP_OPTION_FLAG, AT(no_color), 0, "no colour (also: NO_COLOR)"},
};
const struct lp_command_line lp_line_run = {
    .options = rows,
    .option_count = LP_ARRAY_LEN(rows),
    .synopsis = "run [OPTION...] [SCENARIO...]",
    .summary =
        "Runs scenarios: bundled names, YAML files, or folders of them; none named: all "
        "bundled\nones whose needs are met. Exit status: 0 all as expected, 1 a contradiction, "
        "2 usage,\n3 undecided, 4 lockproof failed, 130 interrupted.",
};

/* A scenario that is to be run, and what came of it. */
struct job {
    struct lp_scenario scenario;
    struct lp_run run;
    bool ran;
};

struct command {
    struct options options;
    struct lp_catalogue catalogue;
    struct lp_outputs outputs;
    enum lp_progress_when progress;
    struct lp_arena arena;
    struct job *jobs;
    size_t job_count;
    const char *base; /* the run folder; of several scenarios: the folder of their folders */
    int interrupt_fd;
    bool named; /* the user named what to run */
    bool interrupted;
    bool failed;
};

static int fill_overrides(const struct options *options, struct lp_overrides *overrides,
                          struct lp_err *err)
{
    *overrides = (struct lp_overrides){
        .workers = (unsigned)options->workers,
        .rounds = (unsigned)options->rounds,
        .duration_ns = options->duration_ns,
        .containers = (unsigned)options->containers,
        .seed = options->seed,
        .min_meetings = options->min_meetings == NOT_GIVEN ? -1 : (int)options->min_meetings,
        .timeout_ns = options->timeout_ns,
        .image = options->image,
    };
    if (options->placement && lp_placement_parse(options->placement, &overrides->placement) == -1)
        return lp_err_set(err, LP_ERR_USAGE,
                          "option '--placement': '%s' is none of thread, process, "
                          "namespace, docker, swarm, remote",
                          options->placement);
    return lp_peers_check(options->listen, options->secret, options->peers, overrides, err);
}

/* ---- what to run ---- */

static int load_job(struct command *command, const char *file, const struct lp_overrides *overrides,
                    struct lp_err *err)
{
    struct job *job = &command->jobs[command->job_count];
    if (lp_catalogue_load(&command->catalogue, file, &job->scenario, err) == -1)
        return -1;
    command->job_count++;
    return lp_scenario_override(&job->scenario, overrides, err);
}

static int load_jobs(struct command *command, const struct lp_scenario_files *files,
                     struct lp_err *err)
{
    struct lp_overrides overrides;
    if (fill_overrides(&command->options, &overrides, err) == -1)
        return -1;
    size_t times = command->options.sweep ? lp_sweep_placement_count : 1;
    command->jobs = lp_alloc(files->count * times, sizeof *command->jobs);
    for (size_t i = 0; i < files->count; i++) {
        for (size_t k = 0; k < times; k++) {
            if (command->options.sweep)
                overrides.placement = lp_sweep_placements[k];
            if (load_job(command, files->file[i], &overrides, err) == -1)
                return -1;
        }
    }
    return 0;
}

static int find_jobs(struct command *command, const char **names, size_t count, struct lp_err *err)
{
    struct lp_scenario_files files = {0};
    int result = 0;
    if (count == 0)
        result = lp_catalogue_find(&command->catalogue, NULL, &files, err);
    for (size_t i = 0; i < count && result == 0; i++) {
        command->named |= !lp_is_folder(names[i]);
        result = lp_catalogue_find(&command->catalogue, names[i], &files, err);
    }
    if (result == 0)
        result = load_jobs(command, &files, err);
    free(files.file);
    return result;
}

/* ---- running ---- */

/* lockproof-runs/20260131T101502Z-naive; a second one in the same second gets "-2". */
static void choose_base(struct command *command)
{
    char stamp[32];
    if (command->options.out) {
        command->base = command->options.out;
        return;
    }
    const char *name = command->job_count == 1 ? command->jobs[0].scenario.name : "suite";
    const char *first = lp_arena_printf(&command->arena, RUNS_FOLDER "/%s-%s",
                                        lp_clock_stamp(stamp, sizeof stamp), name);
    command->base = first;
    for (unsigned k = 2; lp_is_folder(command->base); k++)
        command->base = lp_arena_printf(&command->arena, "%s-%u", first, k);
}

/* How many jobs before this one have its name and placement: two families may both have a "naive".
 */
static unsigned namesakes_before(const struct command *command, const struct job *job)
{
    unsigned count = 0;
    for (const struct job *other = command->jobs; other < job; other++)
        count += strcmp(other->scenario.name, job->scenario.name) == 0 &&
                 (!command->options.sweep || other->scenario.placement == job->scenario.placement);
    return count;
}

static const char *run_dir_of(struct command *command, const struct job *job)
{
    struct lp_arena *arena = &command->arena;
    if (command->job_count == 1)
        return command->base;
    const char *path = lp_arena_printf(arena, "%s/%s", command->base, job->scenario.name);
    if (command->options.sweep)
        path = lp_arena_printf(arena, "%s-%s", path, lp_placement_name(job->scenario.placement));
    unsigned before = namesakes_before(command, job);
    return before ? lp_arena_printf(arena, "%s-%u", path, before + 1) : path;
}

/* The same command for this scenario alone. */
static const char *reproduce(const struct command *command, const struct job *job,
                             struct lp_arena *arena)
{
    const struct options *options = &command->options;
    struct lp_str text;
    char time[32];
    lp_str_init(&text);
    const char *bundled = command->catalogue.scenario_dir;
    bool by_name = bundled && strncmp(job->scenario.file, bundled, strlen(bundled)) == 0;
    lp_str_addf(&text, "lockproof run %s", by_name ? job->scenario.name : job->scenario.file);
    if (options->workers)
        lp_str_addf(&text, " -w %llu", (unsigned long long)options->workers);
    if (options->rounds)
        lp_str_addf(&text, " -r %llu", (unsigned long long)options->rounds);
    if (options->duration_ns)
        lp_str_addf(&text, " -d %s", lp_duration_format(options->duration_ns, time, sizeof time));
    if (options->containers)
        lp_str_addf(&text, " -c %llu", (unsigned long long)options->containers);
    if (options->placement || options->sweep)
        lp_str_addf(&text, " -p %s", lp_placement_name(job->scenario.placement));
    if (options->image)
        lp_str_addf(&text, " --image %s", options->image);
    const char *kept = lp_arena_strdup(arena, text.ptr);
    lp_str_release(&text);
    return kept;
}

static int save_result(struct command *command, const char *folder,
                       const struct lp_run_result *const *results, size_t count, struct lp_err *err)
{
    struct lp_outputs json;
    struct lp_texts given = {.count = 1};
    given.text[0] = lp_arena_printf(&command->arena, "json=%s/result.json", folder);
    struct lp_report_set set = {.results = results, .count = count, .version = LP_VERSION};
    if (lp_outputs_parse(&json, &given, err) == -1)
        return -1;
    return lp_outputs_write(&json, &set, err);
}

static int run_job(struct command *command, struct job *job, struct lp_err *err)
{
    bool shown = lp_progress_wanted(command->progress);
    struct lp_run_options options = {
        .registry = &command->catalogue.registry,
        .run_dir = run_dir_of(command, job),
        .workdir = command->options.workdir,
        .worker = command->catalogue.worker,
        .listen = command->options.listen,
        .key_file = command->options.secret,
        .reproduce = reproduce(command, job, &command->arena),
        .interrupt_fd = command->interrupt_fd,
        .progress = shown ? lp_progress_show : NULL,
    };
    int result = lp_run_scenario(&job->run, &job->scenario, &options, err);
    if (shown)
        lp_progress_clear();
    command->interrupted |= job->run.interrupted;
    if (result == -1)
        return -1;
    job->ran = true;
    if (job->run.failed) {
        command->failed = true;
        lp_err_wrap(&job->run.trouble, "%s", job->scenario.name);
        lp_ui_error(&job->run.trouble);
    }
    if (job->run.judgement.verdict == LP_SKIPPED)
        return 0;
    const struct lp_run_result *one = &job->run.result;
    return save_result(command, options.run_dir, &one, 1, err);
}

static int run_jobs(struct command *command, struct lp_err *err)
{
    if (lp_interrupts_open(&command->interrupt_fd, err) == -1)
        return -1;
    choose_base(command);
    for (size_t i = 0; i < command->job_count && !command->interrupted; i++)
        if (run_job(command, &command->jobs[i], err) == -1)
            return -1;
    return 0;
}

/* ---- telling ---- */

static int dry_run(const struct command *command, struct lp_err *err)
{
    struct lp_str out;
    lp_str_init(&out);
    for (size_t i = 0; i < command->job_count; i++) {
        const struct lp_scenario *scenario = &command->jobs[i].scenario;
        lp_str_addf(&out, "%s# %s\n", i ? "---\n" : "", scenario->file);
        lp_scenario_write(scenario, &out);
    }
    bool written = lp_ui_print(out.ptr) && lp_ui_flush();
    lp_str_release(&out);
    return written ? LP_EXIT_OK : lp_err_set(err, LP_ERR_SELF, "unable to write the plan");
}

static int exit_status(const struct command *command, int by_verdicts)
{
    if (by_verdicts == LP_EXIT_FINDING)
        return by_verdicts; /* proven, whatever else went wrong */
    if (command->interrupted)
        return LP_EXIT_INTERRUPTED;
    return command->failed ? LP_EXIT_FAILURE : by_verdicts;
}

static size_t collect(const struct command *command, const struct lp_run_result **results)
{
    size_t count = 0;
    for (size_t i = 0; i < command->job_count; i++)
        if (command->jobs[i].ran)
            results[count++] = &command->jobs[i].run.result;
    return count;
}

/* Told of where people read; a run of nothing but skipped scenarios has no folder. */
static int write_page(struct command *command, struct lp_err *err)
{
    const char *file = lp_arena_printf(&command->arena, "%s/report.html", command->base);
    if (!lp_is_folder(command->base))
        return 0;
    if (lp_report_folder(command->base, file, &command->catalogue.vocabulary, err) == -1)
        return -1;
    if (lp_outputs_for_people(&command->outputs))
        lp_ui_print(lp_arena_printf(&command->arena, "report: %s\n\n", file));
    return 0;
}

/* All of them, whatever becomes of one: a finding must not be lost because a disk is full. */
static int write_reports(struct command *command, const struct lp_report_set *set,
                         struct lp_err *err)
{
    int result = 0;
    if (command->job_count > 1 && lp_is_folder(command->base))
        result = save_result(command, command->base, set->results, set->count, err);
    if (command->options.report && write_page(command, err) == -1)
        result = -1;
    struct lp_err later = {0};
    bool table = command->options.sweep && command->options.formats.count == 0;
    int written =
        table ? lp_sweep_print(set, &later) : lp_outputs_write(&command->outputs, set, &later);
    if (written == -1 && result == 0)
        *err = later;
    return written == -1 ? -1 : result;
}

static int report(struct command *command, struct lp_err *err)
{
    const struct lp_run_result **results = lp_alloc(command->job_count + 1, sizeof *results);
    const struct options *options = &command->options;
    size_t count = collect(command, results);
    int by_verdicts = options->sweep
                          ? LP_EXIT_OK
                          : lp_report_exit_status(results, count, command->named, options->require);
    struct lp_report_set set = {
        .results = results,
        .count = count,
        .version = LP_VERSION,
        .color = lp_ui_color(options->no_color),
        .verbose = options->verbose,
        .quiet = options->quiet,
        .width = lp_ui_width(),
        .exit_status = exit_status(command, by_verdicts),
    };
    if (write_reports(command, &set, err) == -1) {
        command->failed = true;
        lp_ui_error(err);
    }
    free(results);
    return exit_status(command, by_verdicts);
}

static int carry_out(struct command *command, const char **names, size_t count, struct lp_err *err)
{
    const struct options *options = &command->options;
    if (options->sweep && strcmp(options->sweep, "placement") != 0)
        return lp_err_set(err, LP_ERR_USAGE, "option '--sweep': '%s' is not 'placement'",
                          options->sweep);
    if (lp_outputs_parse(&command->outputs, &options->formats, err) == -1 ||
        lp_progress_parse(options->progress, &command->progress, err) == -1 ||
        find_jobs(command, names, count, err) == -1)
        return -1;
    if (options->dry_run)
        return dry_run(command, err);
    int ran = run_jobs(command, err);
    if (ran == -1 && !command->jobs[0].ran && !command->interrupted)
        return -1;
    if (ran == -1) {
        command->failed = true;
        lp_ui_error(err);
    }
    if (!command->jobs[0].ran)
        return LP_EXIT_INTERRUPTED;
    return report(command, err);
}

static void release(struct command *command)
{
    for (size_t i = 0; i < command->job_count; i++) {
        lp_run_release(&command->jobs[i].run);
        lp_scenario_release(&command->jobs[i].scenario);
    }
    free(command->jobs);
    lp_catalogue_release(&command->catalogue);
    lp_arena_release(&command->arena);
}

int lp_command_run(int argc, char **argv)
{
    struct command command = {.options.min_meetings = NOT_GIVEN, .interrupt_fd = -1};
    struct lp_err err = {0};
    const char **names = lp_alloc((size_t)argc, sizeof *names);
    size_t count;
    bool help;
    int status = -1;
    lp_arena_init(&command.arena);
    if (lp_options_parse(&lp_line_run, argc, argv, &command.options, names, &count, &help, &err) ==
        0) {
        if (help)
            status = lp_help_show(&lp_line_run);
        else if (lp_catalogue_init(&command.catalogue, command.options.drivers.text,
                                   command.options.drivers.count, &err) == 0)
            status = carry_out(&command, names, count, &err);
    }
    release(&command);
    free(names);
    return lp_ui_end(status, &err);
}
