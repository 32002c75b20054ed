/* SPDX-License-Identifier: MIT */
/* One scenario from start to verdict. */
#include "run/run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/units.h"
#include "os/file.h"
#include "run/backends.h"
#include "run/runner.h"
#include "run/stats.h"

#define PROGRESS_MS 100
/* Seeds that people can copy: six digits are enough to name a run. */
#define SEED_MAX 999999

struct setup {
    struct lp_run *run;
    const struct lp_scenario *scenario;
    const struct lp_run_options *options;
    const struct lp_place *place;
    struct lp_folders folders;
    struct lp_runner_plan plan;
    struct lp_outside outside;
    struct lp_relay relay;
    char join_address[256];
    struct lp_control *control;
    char boot_id[40];
    int event_fd;
};

/* ---- needs ---- */

static void skip(struct lp_run *run, const char *reason, const char *need, const char *remedy)
{
    struct lp_run_result *result = &run->result;
    run->judgement.verdict = LP_SKIPPED;
    snprintf(run->judgement.reason, sizeof run->judgement.reason, "%s", reason);
    if (result->need_count < LP_ARRAY_LEN(result->needs)) {
        struct lp_need *row = &result->needs[result->need_count++];
        snprintf(row->name, sizeof row->name, "%s", need);
        snprintf(row->remedy, sizeof row->remedy, "%s", remedy ? remedy : "");
    }
}

static bool need_driver(struct setup *setup, const struct lp_resource *resource)
{
    const struct lp_driver_row *row = lp_registry_find(setup->options->registry, resource->driver);
    if (!row || !row->driver) {
        char reason[256];
        snprintf(reason, sizeof reason, "driver '%s' is not available: %s", resource->driver,
                 row ? row->reason : "unknown");
        skip(setup->run, reason, resource->driver, row ? row->remedy : NULL);
        return false;
    }
    return true;
}

/* What faults ask for beside servers: processes that can be stopped, and links that can be cut. */
static bool need_faults(struct setup *setup)
{
    const struct lp_scenario *scenario = setup->scenario;
    struct lp_err err = {0};
    if (scenario->fault_count == 0)
        return true;
    if (setup->place->threads || setup->place->engine) {
        skip(setup->run, "faults need workers that are processes of this machine",
             "placement process or namespace", "lockproof run -p process");
        return false;
    }
    if (!lp_scenario_needs_network(scenario) || lp_network_usable(&err) == 0)
        return true;
    skip(setup->run, err.text, "networks of our own", err.remedy);
    return false;
}

static bool need_drivers(struct setup *setup)
{
    const struct lp_scenario *scenario = setup->scenario;
    if (!need_driver(setup, &scenario->store))
        return false;
    for (size_t i = 0; i < scenario->lock_count; i++)
        if (!need_driver(setup, &scenario->locks[i]))
            return false;
    return true;
}

static const struct lp_place *place_of(enum lp_placement placement)
{
    switch (placement) {
    case LP_PLACE_THREAD:
        return &lp_place_thread;
    case LP_PLACE_NAMESPACE:
        return &lp_place_namespace;
    case LP_PLACE_DOCKER:
        return &lp_place_docker;
    case LP_PLACE_SWARM:
        return &lp_place_swarm;
    case LP_PLACE_REMOTE:
        return &lp_place_remote;
    case LP_PLACE_AUTO:
    case LP_PLACE_PROCESS:
        break;
    }
    return &lp_place_process;
}

static bool skip_place(struct lp_run *run, enum lp_placement needed)
{
    char reason[64], need[64], remedy[64];
    snprintf(reason, sizeof reason, "shows only under placement %s", lp_placement_name(needed));
    snprintf(need, sizeof need, "placement %s", lp_placement_name(needed));
    snprintf(remedy, sizeof remedy, "lockproof run -p %s", lp_placement_name(needed));
    skip(run, reason, need, remedy);
    return false;
}

/* A driver that needs a client library is only in our own image. */
static bool need_embedded(struct setup *setup)
{
    char need[128];
    const char *driver = lp_outside_lacks(setup->scenario);
    if (!driver)
        return true;
    snprintf(need, sizeof need, "image " LP_DOCKER_IMAGE ": driver '%.40s' needs a client library",
             driver);
    skip(setup->run, need, need, "run without --image");
    return false;
}

/* The place that is wanted, or the one below it where that is forbidden and the scenario can do
   without: then the result says so. */
static bool need_place(struct setup *setup)
{
    const struct lp_scenario *scenario = setup->scenario;
    struct lp_run_result *result = &setup->run->result;
    enum lp_placement wanted = scenario->placement;
    if (wanted == LP_PLACE_AUTO)
        wanted = scenario->containers > 1 ? LP_PLACE_NAMESPACE : LP_PLACE_PROCESS;
    struct lp_err err = {0};
    setup->place = place_of(wanted);
    result->placement = wanted;
    if (setup->place->usable(&err) == 0) {
        if (wanted < scenario->placement_needed)
            return skip_place(setup->run, scenario->placement_needed);
        return setup->place->engine ? need_embedded(setup) : true;
    }
    if (scenario->placement_needed || scenario->placement >= LP_PLACE_NAMESPACE) {
        skip(setup->run, err.text, wanted >= LP_PLACE_DOCKER ? "a Docker engine" : "namespaces",
             err.remedy);
        return false;
    }
    setup->place = &lp_place_process;
    result->placement = LP_PLACE_PROCESS;
    result->fell_back = true;
    snprintf(result->placement_note, sizeof result->placement_note,
             "%.100s; placement process was used, without isolation", err.text);
    return true;
}

/* ---- before ---- */

static uint64_t choose_seed(const struct lp_scenario *scenario)
{
    uint64_t seed = scenario->seed;
    while (seed == 0) {
        if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
            seed = (uint64_t)getpid();
        seed %= SEED_MAX + 1;
    }
    return seed;
}

static int listen_to_others(struct setup *setup, struct lp_err *err)
{
    const struct lp_run_options *options = setup->options;
    const char *listen = options->listen ? options->listen : ":0";
    const char *colon = strrchr(listen, ':');
    if (colon && colon > listen) {
        snprintf(setup->join_address, sizeof setup->join_address, "%.*s", (int)(colon - listen),
                 listen);
        setup->plan.join_address = setup->join_address;
    }
    if (setup->place == &lp_place_swarm)
        lp_outside_name(&setup->outside, &setup->folders, setup->scenario);
    return lp_relay_init(&setup->relay, listen, options->key_file, setup->folders.run_dir, err);
}

static int share_memory(struct setup *setup, struct lp_err *err)
{
    const struct lp_scenario *scenario = setup->scenario;
    if (setup->place->engine)
        return lp_outside_init(&setup->outside, &setup->folders, scenario, setup->options->worker,
                               &setup->run->arena, &setup->control, &setup->event_fd, err);
    const struct lp_directing *directing = setup->options->directing;
    unsigned containers = directing ? directing->containers : scenario->containers;
    if (setup->place->joined && listen_to_others(setup, err) == -1)
        return -1;
    setup->control = lp_control_map(lp_scenario_workers(scenario), containers);
    setup->event_fd = eventfd(0, EFD_CLOEXEC);
    if (!setup->control || setup->event_fd == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to share memory with workers");
    return 0;
}

static int set_up(struct setup *setup, struct lp_err *err)
{
    struct lp_run *run = setup->run;
    const struct lp_scenario *scenario = setup->scenario;
    const struct lp_run_options *options = setup->options;
    lp_boot_id(setup->boot_id, sizeof setup->boot_id);
    if (lp_folders_make(&setup->folders, options->run_dir, options->workdir, &run->arena, err) ==
            -1 ||
        lp_folders_describe(&setup->folders, scenario, setup->boot_id, err) == -1)
        return -1;
    if (share_memory(setup, err) == -1)
        return -1;
    setup->plan.container = (struct lp_container_plan){
        .place = setup->place,
        .registry = options->registry,
        .scenario = scenario,
        .control = setup->control,
        .scratch = setup->folders.scratch,
        .run_dir = setup->folders.run_dir,
        .boot_id = setup->boot_id,
        .run_id = setup->folders.id,
        .history_fd = setup->folders.history_fd,
        .event_fd = setup->event_fd,
        .seed = run->result.seed,
        .directing = options->directing,
    };
    setup->plan.scratch = setup->folders.scratch;
    setup->plan.timeout_ns = scenario->timeout_ns;
    setup->plan.outside = &setup->outside;
    setup->plan.relay = &setup->relay;
    snprintf(run->result.run_dir, sizeof run->result.run_dir, "%s", setup->folders.run_dir);
    lp_filesystem_name(setup->folders.workdir, run->result.store_filesystem,
                       sizeof run->result.store_filesystem);
    return 0;
}

static void tear_down(struct setup *setup)
{
    lp_outside_release(&setup->outside);
    lp_relay_release(&setup->relay);
    lp_folders_release(&setup->folders);
    lp_control_unmap(setup->control);
    if (setup->event_fd > 0)
        close(setup->event_fd);
}

/* ---- during ---- */

static void show_progress(const struct setup *setup)
{
    if (setup->options->progress)
        setup->options->progress(setup->options->progress_context, setup->scenario, setup->control);
}

/* A first interrupt asks for an early end, a second one does not wait for it. */
static void hear_interrupt(struct setup *setup, struct lp_runner *runner)
{
    struct signalfd_siginfo info;
    if (read(setup->options->interrupt_fd, &info, sizeof info) != sizeof info)
        return;
    if (setup->run->interrupted)
        lp_process_kill(&runner->child, SIGKILL);
    else
        lp_runner_stop(runner);
    setup->run->interrupted = true;
}

static void watch(struct setup *setup, struct lp_runner *runner)
{
    struct pollfd polled[] = {
        {.fd = runner->child.pidfd, .events = POLLIN},
        {.fd = setup->options->interrupt_fd, .events = POLLIN},
    };
    int interval_ms = setup->options->progress ? PROGRESS_MS : -1;
    while (poll(polled, LP_ARRAY_LEN(polled), interval_ms) >= 0 || errno == EINTR) {
        if (polled[0].revents)
            break;
        if (polled[1].revents)
            hear_interrupt(setup, runner);
        show_progress(setup);
    }
    show_progress(setup);
}

static int carry_out(struct setup *setup, struct lp_err *err)
{
    struct lp_runner runner = {0};
    struct lp_run *run = setup->run;
    if (lp_runner_start(&runner, &setup->plan, err) == -1)
        return -1;
    watch(setup, &runner);
    int status = lp_runner_wait(&runner);
    run->failed = lp_trouble_get(&setup->control->trouble, &run->trouble) == -1;
    if (!run->failed && status != 0 && !run->interrupted) {
        char text[64];
        lp_err_set(&run->trouble, LP_ERR_SELF, "the runner ended early: %s",
                   lp_process_status_text(status, text, sizeof text));
        run->failed = true;
    }
    return 0;
}

/* ---- after ---- */

static const char *hindrance(const struct lp_run *run)
{
    return run->failed ? run->trouble.text : run->interrupted ? "interrupted" : NULL;
}

static int judge(struct setup *setup, struct lp_err *err)
{
    struct lp_run *run = setup->run;
    if (lp_history_load(&run->history, setup->folders.history_dir, err) == -1) {
        /* Nobody came so far as to begin one: what stopped them is the matter, not its absence. */
        if (run->failed)
            *err = run->trouble;
        else if (run->interrupted)
            lp_err_set(err, LP_ERR_SELF, "interrupted before any worker had started");
        return -1;
    }
    lp_checks_run(&run->checks, &run->history);
    struct lp_judge_input input = {
        .checks = &run->checks,
        .min_meetings = setup->scenario->min_meetings,
        .hindrance = hindrance(run),
    };
    if (setup->options->directing)
        setup->options->judge(run, setup->options->directing->context);
    else
        lp_judge(&run->judgement, &input);
    uint64_t opened = atomic_load(&setup->control->opened_ns);
    uint64_t closed = atomic_load(&setup->control->closed_ns);
    run->result.elapsed_ns = closed > opened ? closed - opened : 0;
    run->result.checks = &run->checks;
    lp_stats_fill(&run->result, &run->checks);
    struct lp_err complaint;
    if (run->judgement.verdict == LP_INCONCLUSIVE &&
        lp_trouble_get(&setup->control->complaint, &complaint) == -1)
        snprintf(run->result.complaint, sizeof run->result.complaint, "%.191s", complaint.text);
    return 0;
}

static bool as_expected(const struct lp_run *run, const struct lp_scenario *scenario)
{
    const struct lp_judgement *judgement = &run->judgement;
    switch (judgement->verdict) {
    case LP_HELD:
        return scenario->expect == LP_EXPECT_HELD;
    case LP_BROKEN:
        return scenario->expect == LP_EXPECT_BROKEN &&
               (!scenario->cause || (judgement->diagnosis_count > 0 &&
                                     strcmp(judgement->diagnoses[0].cause, scenario->cause) == 0));
    case LP_INCONCLUSIVE:
    case LP_SKIPPED:
        break;
    }
    return false;
}

/* What was missing is only known once servers were started: then nothing ran. */
static bool skipped_late(struct lp_run *run)
{
    if (!run->failed || run->trouble.kind != LP_ERR_NEED)
        return false;
    skip(run, run->trouble.text, run->trouble.text, run->trouble.remedy);
    run->failed = false;
    return true;
}

static int do_run(struct setup *setup, struct lp_err *err)
{
    struct lp_run *run = setup->run;
    if (!need_drivers(setup) || !need_place(setup) || !need_faults(setup))
        return 0;
    if (set_up(setup, err) == -1 || carry_out(setup, err) == -1)
        return -1;
    return skipped_late(run) ? 0 : judge(setup, err);
}

int lp_run_scenario(struct lp_run *run, const struct lp_scenario *scenario,
                    const struct lp_run_options *options, struct lp_err *err)
{
    memset(run, 0, sizeof *run);
    lp_arena_init(&run->arena);
    struct setup setup = {.run = run,
                          .scenario = scenario,
                          .options = options,
                          .folders.history_fd = -1,
                          .relay = {.listen_fd = -1},
                          .event_fd = -1};
    run->result.scenario = scenario;
    run->result.judgement = &run->judgement;
    run->result.seed = choose_seed(scenario);
    run->result.jain = -1;
    snprintf(run->result.reproduce, sizeof run->result.reproduce, "%s -s %llu", options->reproduce,
             (unsigned long long)run->result.seed);
    int result = do_run(&setup, err);
    tear_down(&setup);
    run->result.as_expected = as_expected(run, scenario);
    if (result == -1) {
        bool interrupted = run->interrupted;
        lp_run_release(run);
        run->interrupted = interrupted;
    }
    return result;
}

void lp_run_release(struct lp_run *run)
{
    lp_judgement_release(&run->judgement);
    lp_checks_release(&run->checks);
    lp_history_release(&run->history);
    lp_arena_release(&run->arena);
    memset(run, 0, sizeof *run);
}
