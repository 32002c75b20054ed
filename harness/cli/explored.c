/* SPDX-License-Identifier: MIT */
/* One led run from the command line. */
#include "cli/explored.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/units.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/ui.h"
#include "os/clock.h"
#include "os/file.h"

#define RUNS_FOLDER "lockproof-runs"

struct led {
    const struct lp_led_options *options;
    struct lp_outputs outputs;
    struct lp_run run;
    struct lp_arena arena;
    int interrupt_fd;
};

static int open_interrupts(struct led *led, struct lp_err *err)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    led->interrupt_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (led->interrupt_fd == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to listen for signals");
    return 0;
}

static const char *run_dir_of(struct led *led, const struct lp_scenario *scenario)
{
    char stamp[32];
    if (led->options->out)
        return led->options->out;
    const char *first =
        lp_arena_printf(&led->arena, RUNS_FOLDER "/%s-%s-%s", lp_clock_stamp(stamp, sizeof stamp),
                        scenario->name, led->options->command);
    const char *dir = first;
    for (unsigned k = 2; lp_is_folder(dir); k++)
        dir = lp_arena_printf(&led->arena, "%s-%u", first, k);
    return dir;
}

static void show_progress(void *context, const struct lp_scenario *scenario,
                          const struct lp_control *control)
{
    const struct lp_explore_outcome *outcome = context;
    uint64_t opened_ns = atomic_load(&control->opened_ns);
    uint64_t now_ns = lp_clock_ns();
    uint64_t schedules = atomic_load_explicit(&outcome->schedules, memory_order_relaxed);
    double seconds = opened_ns && now_ns > opened_ns ? (double)(now_ns - opened_ns) / 1e9 : 0;
    char number[32], line[160];
    snprintf(line, sizeof line, "%-32.32s %s schedules  %.0f/s", scenario->name,
             lp_number_format(schedules, number, sizeof number),
             seconds > 0 ? (double)schedules / seconds : 0);
    lp_ui_status(line);
}

static int exit_status(const struct led *led)
{
    if (led->run.judgement.verdict == LP_BROKEN)
        return LP_EXIT_FINDING; /* seen, whatever else went wrong */
    if (led->run.interrupted)
        return LP_EXIT_INTERRUPTED;
    if (led->run.failed)
        return LP_EXIT_FAILURE;
    return led->run.judgement.verdict == LP_HELD ? LP_EXIT_OK : LP_EXIT_UNDECIDED;
}

static int save_result(struct led *led, const struct lp_report_set *set, const char *folder,
                       struct lp_err *err)
{
    struct lp_outputs json;
    struct lp_texts given = {.count = 1};
    given.text[0] = lp_arena_printf(&led->arena, "json=%s/result.json", folder);
    if (lp_outputs_parse(&json, &given, err) == -1)
        return -1;
    return lp_outputs_write(&json, set, err);
}

/* All reports, whatever becomes of one. */
static int report(struct led *led, struct lp_err *err)
{
    const struct lp_run_result *one = &led->run.result;
    int status = exit_status(led);
    struct lp_report_set set = {
        .results = &one,
        .count = 1,
        .version = LP_VERSION,
        .color = lp_ui_color(led->options->no_color),
        .verbose = !led->options->quiet,
        .quiet = led->options->quiet,
        .width = lp_ui_width(),
        .exit_status = status,
    };
    struct lp_err later = {0};
    int saved = 0;
    if (led->run.judgement.verdict != LP_SKIPPED)
        saved = save_result(led, &set, led->run.result.run_dir, err);
    int written = lp_outputs_write(&led->outputs, &set, &later);
    if (saved == 0 && written == 0)
        return status;
    if (saved == 0)
        *err = later;
    lp_ui_error(err);
    return status == LP_EXIT_FINDING ? status : LP_EXIT_FAILURE;
}

static int carry_out(struct led *led, const struct lp_catalogue *catalogue,
                     struct lp_scenario *scenario, struct lp_explore_request *request,
                     struct lp_err *err)
{
    enum lp_progress_when when;
    if (lp_outputs_parse(&led->outputs, led->options->formats, err) == -1 ||
        lp_progress_parse(led->options->progress, &when, err) == -1 ||
        open_interrupts(led, err) == -1)
        return -1;
    request->run_dir = run_dir_of(led, scenario);
    struct lp_run_options options = {
        .registry = &catalogue->registry,
        .run_dir = request->run_dir,
        .workdir = led->options->workdir,
        .reproduce = led->options->reproduce,
        .interrupt_fd = led->interrupt_fd,
        .progress = lp_progress_wanted(when) ? show_progress : NULL,
    };
    int status = lp_explore_scenario(&led->run, request, &options, err);
    if (options.progress)
        lp_progress_clear();
    if (status == -1)
        return led->run.interrupted ? LP_EXIT_INTERRUPTED : -1;
    if (led->run.failed)
        lp_ui_error(&led->run.trouble);
    /* Nothing was expected: a lock is to hold. */
    led->run.result.as_expected = led->run.judgement.verdict == LP_HELD;
    led->run.result.unasked = true;
    scenario->expect = LP_EXPECT_HELD;
    return report(led, err);
}

int lp_led_carry_out(const struct lp_catalogue *catalogue, struct lp_scenario *scenario,
                     struct lp_explore_request *request, const struct lp_led_options *options,
                     struct lp_err *err)
{
    struct led led = {.options = options, .interrupt_fd = -1};
    lp_arena_init(&led.arena);
    int status = carry_out(&led, catalogue, scenario, request, err);
    lp_run_release(&led.run);
    lp_arena_release(&led.arena);
    if (led.interrupt_fd != -1)
        close(led.interrupt_fd);
    return status;
}
