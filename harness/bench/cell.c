/* SPDX-License-Identifier: MIT */
/* One cell through the runner: a scenario made for it, shared memory, and watching. */
#include "bench/cell.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/str.h"
#include "base/units.h"
#include "bench/worker.h"
#include "os/file.h"
#include "run/folder.h"
#include "run/outside.h"
#include "run/runner.h"

/* Beyond the planned time, for starting, for the last acquires, and for servers. */
#define SPARE_NS (20 * LP_SEC)

struct setup {
    const struct lp_cell *cell;
    const struct lp_bench_host *host;
    struct lp_arena arena;
    struct lp_scenario scenario;
    struct lp_setting store_setting;
    struct lp_folders folders;
    struct lp_bench_task task;
    struct lp_control *control;
    struct lp_outside outside; /* unused: no engine's containers */
    struct lp_runner_plan plan;
    int event_fd;
};

static struct lp_area *map_area(unsigned workers)
{
    size_t size = sizeof(struct lp_area) + workers * sizeof(struct lp_lane);
    struct lp_area *area =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (area == MAP_FAILED)
        return NULL;
    area->size = size;
    return area;
}

void lp_measured_release(struct lp_measured *measured)
{
    if (measured->area)
        munmap(measured->area, measured->area->size);
    *measured = (struct lp_measured){0};
}

static const struct lp_place *place_of(enum lp_placement placement)
{
    return placement == LP_PLACE_THREAD      ? &lp_place_thread
           : placement == LP_PLACE_NAMESPACE ? &lp_place_namespace
                                             : &lp_place_process;
}

/* The runner wants a store: the word that it gets is not what is measured with. */
static void make_scenario(struct setup *setup)
{
    const struct lp_cell *cell = setup->cell;
    struct lp_scenario *scenario = &setup->scenario;
    setup->store_setting = (struct lp_setting){.key = "path", .value = "{shared}/counter"};
    scenario->name = "bench";
    scenario->store = (struct lp_resource){
        .name = "store", .driver = "shm", .settings = &setup->store_setting, .setting_count = 1};
    for (size_t i = 0; i < LP_ARRAY_LEN(cell->locks) && cell->locks[i]; i++)
        scenario->locks[scenario->lock_count++] = *cell->locks[i];
    scenario->groups[0] =
        (struct lp_group){.name = "workers", .workers = cell->workers, .container = -1};
    scenario->group_count = 1;
    scenario->containers = cell->containers;
    scenario->placement = cell->placement;
}

static uint64_t planned_ns(const struct lp_cell *cell)
{
    if (cell->kind == LP_CELL_POINT || cell->kind == LP_CELL_CHECK)
        return cell->duration_ns;
    return cell->duration_ns * cell->rounds * (cell->kind == LP_CELL_PAIR ? 2 : LP_LOOP_COUNT);
}

static int name_servers(struct setup *setup, struct lp_err *err)
{
    struct lp_scenario *scenario = &setup->scenario;
    for (size_t i = 0; i < setup->scenario.lock_count; i++) {
        const char *driver = setup->scenario.locks[i].driver;
        const struct lp_driver_row *row = lp_registry_find(setup->host->registry, driver);
        if (!row || !row->driver)
            return lp_err_set(err, LP_ERR_NEED, "driver '%s' is not available", driver);
        const char *server = row->driver->server;
        bool known = !server;
        for (size_t k = 0; k < scenario->server_count; k++)
            known |= strcmp(scenario->servers[k].name, server) == 0;
        if (!known)
            scenario->servers[scenario->server_count++] =
                (struct lp_server_need){.name = server, .count = 1};
    }
    return 0;
}

static int set_up(struct setup *setup, struct lp_err *err)
{
    const struct lp_cell *cell = setup->cell;
    const struct lp_bench_host *host = setup->host;
    make_scenario(setup);
    if (name_servers(setup, err) == -1)
        return -1;
    const char *scratch = lp_scratch_name(host->workdir, &setup->arena);
    setup->task.scratch = scratch;
    setup->control = lp_control_map(cell->workers, cell->containers);
    setup->event_fd = eventfd(0, EFD_CLOEXEC);
    if (!setup->control || setup->event_fd == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to share memory with workers");
    setup->plan.container = (struct lp_container_plan){
        .place = place_of(cell->placement),
        .registry = host->registry,
        .scenario = &setup->scenario,
        .control = setup->control,
        .scratch = scratch,
        .run_dir = host->run_dir,
        .boot_id = host->boot_id,
        .run_id = strrchr(scratch, '/') + 1,
        .history_fd = -1,
        .event_fd = setup->event_fd,
        .seed = cell->seed,
        .worker_main = lp_bench_worker_main,
        .task = &setup->task,
    };
    setup->plan.scratch = scratch;
    setup->plan.outside = &setup->outside;
    setup->plan.timeout_ns = planned_ns(cell) + SPARE_NS;
    return 0;
}

static void tear_down(struct setup *setup)
{
    lp_control_unmap(setup->control);
    if (setup->event_fd > 0)
        close(setup->event_fd);
    lp_arena_release(&setup->arena);
}

/* A second interrupt does not wait for the end. */
static void hear_interrupt(const struct setup *setup, struct lp_runner *runner,
                           struct lp_measured *measured)
{
    struct signalfd_siginfo info;
    if (read(setup->host->interrupt_fd, &info, sizeof info) != sizeof info)
        return;
    lp_process_kill(&runner->child, SIGKILL);
    measured->interrupted = true;
}

static int carry_out(struct setup *setup, struct lp_measured *measured, struct lp_err *err)
{
    struct lp_runner runner = {0};
    if (lp_runner_start(&runner, &setup->plan, err) == -1)
        return -1;
    struct pollfd polled[] = {
        {.fd = runner.child.pidfd, .events = POLLIN},
        {.fd = setup->host->interrupt_fd, .events = POLLIN},
    };
    while (poll(polled, LP_ARRAY_LEN(polled), -1) >= 0 || errno == EINTR) {
        if (polled[0].revents)
            break;
        if (polled[1].revents)
            hear_interrupt(setup, &runner, measured);
    }
    int status = lp_runner_wait(&runner);
    measured->failed = lp_trouble_get(&setup->control->trouble, &measured->trouble) == -1;
    if (!measured->failed && status != 0 && !measured->interrupted) {
        char text[64];
        lp_err_set(&measured->trouble, LP_ERR_SELF, "the runner ended early: %s",
                   lp_process_status_text(status, text, sizeof text));
        measured->failed = true;
    }
    return 0;
}

/* A worker that gave up tells why; one that died on the way has no figures. */
static void look_at_lanes(struct lp_measured *measured, const struct lp_cell *cell)
{
    for (unsigned i = 0; i < cell->workers && !measured->failed && !measured->interrupted; i++) {
        const struct lp_lane *lane = &measured->area->lanes[i];
        if (lane->failed)
            lp_err_set(&measured->trouble, LP_ERR_SELF, "%s", lane->error);
        else if (lane->elapsed_ns == 0)
            lp_err_set(&measured->trouble, LP_ERR_SELF, "worker %u ended early", i);
        measured->failed = measured->trouble.kind != LP_ERR_NONE;
    }
}

int lp_cell_run(struct lp_measured *measured, const struct lp_cell *cell,
                const struct lp_bench_host *host, struct lp_err *err)
{
    *measured = (struct lp_measured){.area = map_area(cell->workers)};
    if (!measured->area)
        return lp_err_sys(err, LP_ERR_SELF, errno, "no memory for %u workers", cell->workers);
    struct setup setup = {.cell = cell, .host = host, .event_fd = -1};
    lp_arena_init(&setup.arena);
    setup.task = (struct lp_bench_task){.cell = cell, .host = host, .area = measured->area};
    int result = set_up(&setup, err);
    if (result == 0)
        result = carry_out(&setup, measured, err);
    if (result == 0)
        look_at_lanes(measured, cell);
    if (setup.task.scratch)
        lp_folder_remove(setup.task.scratch); /* when the runner was killed */
    tear_down(&setup);
    if (result == -1)
        lp_measured_release(measured);
    return result;
}

uint64_t lp_measured_lost(const struct lp_measured *measured, const struct lp_cell *cell,
                          unsigned lock)
{
    uint64_t entered = 0;
    for (unsigned i = 0; i < cell->workers; i++)
        entered += measured->area->lanes[i].entered[lock];
    uint64_t counted = atomic_load(&measured->area->data[lock].counter);
    return entered > counted ? entered - counted : 0;
}

uint64_t lp_measured_intrusions(const struct lp_measured *measured, const struct lp_cell *cell,
                                unsigned lock)
{
    uint64_t intrusions = 0;
    for (unsigned i = 0; i < cell->workers; i++)
        intrusions += measured->area->lanes[i].intrusions[lock];
    return intrusions;
}
