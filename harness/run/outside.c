/* SPDX-License-Identifier: MIT */
/* The outside of containers that an engine makes: command, runner, and its child for each. */
#include "run/outside.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "drivers/builtin.h"
#include "os/file.h"
#include "place/owner.h"
#include "run/folder.h"
#include "run/told.h"

static int make_pipe(const char *path, int *fd, struct lp_err *err)
{
    /* Opened for both, so that it never ends; never waited for, so that nobody hangs in telling. */
    if (mkfifo(path, 0600) == -1 || chmod(path, 0666) == -1 ||
        (*fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to make '%s'", path);
    return 0;
}

void lp_outside_name(struct lp_outside *outside, const struct lp_folders *folders,
                     const struct lp_scenario *scenario)
{
    *outside = (struct lp_outside){.used = true};
    snprintf(outside->run_id, sizeof outside->run_id, "%s", folders->id);
    lp_owner_self(outside->owner, sizeof outside->owner);
    outside->docker = (struct lp_docker){
        .scenario = scenario,
        .run_id = outside->run_id,
        .owner = outside->owner,
        .scratch = folders->scratch,
        .run_dir = folders->run_dir,
    };
}

int lp_outside_init(struct lp_outside *outside, const struct lp_folders *folders,
                    const struct lp_scenario *scenario, const char *worker, struct lp_arena *arena,
                    struct lp_control **control, int *event_fd, struct lp_err *err)
{
    lp_outside_name(outside, folders, scenario);
    outside->files = true;
    outside->history_dir = folders->history_dir;
    outside->control_file = lp_arena_printf(arena, "%s/control", folders->run_dir);
    outside->event_file = lp_arena_printf(arena, "%s/events", folders->run_dir);
    outside->plan_file = lp_arena_printf(arena, "%s/plan", folders->scratch);
    outside->docker.plan = outside->plan_file;
    outside->docker.worker = worker;
    /* Containers may have any user; each writes files of its own there. */
    if (chmod(outside->history_dir, 01777) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to open '%s' for all",
                          outside->history_dir);
    *control = lp_control_make(outside->control_file, lp_scenario_workers(scenario),
                               scenario->containers, err);
    return *control ? make_pipe(outside->event_file, event_fd, err) : -1;
}

void lp_outside_release(struct lp_outside *outside)
{
    if (outside->files) {
        unlink(outside->control_file);
        unlink(outside->event_file);
        if (chmod(outside->history_dir, 0755) == -1)
            errno = 0; /* gone, with the folder it was in */
    }
    *outside = (struct lp_outside){0};
}

static bool is_embedded(const char *driver)
{
    for (size_t i = 0; i < lp_builtin_driver_count; i++)
        if (strcmp(lp_builtin_drivers[i]->name, driver) == 0)
            return true;
    return false;
}

const char *lp_outside_lacks(const struct lp_scenario *scenario)
{
    bool strange = false;
    for (unsigned i = 0; i < scenario->containers; i++) {
        struct lp_docker_row row = lp_scenario_docker(scenario, i);
        strange |= row.image && strcmp(row.image, LP_DOCKER_IMAGE) != 0;
    }
    if (!strange || !is_embedded(scenario->store.driver))
        return strange ? scenario->store.driver : NULL;
    for (size_t i = 0; i < scenario->lock_count; i++)
        if (!is_embedded(scenario->locks[i].driver))
            return scenario->locks[i].driver;
    return NULL;
}

/* ---- in the runner ---- */

/* For as long as this process lives: the file must not be opened and closed in it again, which
   would drop the lock (fcntl(2)). */
static int hold_leash(const struct lp_outside *outside, struct lp_err *err)
{
    int fd = open(outside->control_file, O_RDWR | O_CLOEXEC);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fd == -1 || fcntl(fd, F_SETLK, &whole) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to lock '%s'", outside->control_file);
    return 0;
}

/* A server's socket is shown by the folder it lies in; an address is left as it is. */
static void show_servers(struct lp_outside *outside, const struct lp_container_plan *plan,
                         struct lp_told_paths *paths, struct lp_arena *arena)
{
    for (size_t i = 0; i < plan->server_count; i++) {
        const char *url = plan->servers[i].url;
        struct lp_local_url local = lp_local_url(url);
        paths->urls[i] = url;
        outside->docker.host_network |= local.loopback;
        if (local.folder_len == 0 || outside->docker.server_count == LP_DOCKER_FOLDERS_MAX)
            continue;
        size_t number = outside->docker.server_count++;
        const char *rest = local.folder + local.folder_len;
        outside->docker.servers[number].folder =
            lp_arena_strndup(arena, local.folder, local.folder_len);
        paths->urls[i] = lp_arena_printf(arena, "%.*s" LP_DOCKER_ROOT "/server-%zu%s",
                                         (int)(local.folder - url), url, number, rest);
    }
}

static int write_plan(struct lp_outside *outside, const struct lp_container_plan *plan,
                      struct lp_err *err)
{
    struct lp_arena arena; /* lives as long as the runner: folders of servers are in it */
    struct lp_told_paths paths = {.scratch = LP_DOCKER_ROOT};
    lp_arena_init(&arena);
    /* {run} may be part of a key in a server: no other run has it. */
    paths.run_dir = lp_arena_printf(&arena, LP_DOCKER_ROOT "/%s", outside->run_id);
    show_servers(outside, plan, &paths, &arena);
    char *text = lp_told_write(plan, &paths);
    if (!text)
        return lp_err_set(err, LP_ERR_SELF, "unable to describe the plan");
    int result = lp_file_write(outside->plan_file, text, strlen(text), err);
    free(text);
    if (result == 0 && chmod(outside->plan_file, 0644) == -1)
        result = lp_err_sys(err, LP_ERR_SELF, errno, "unable to show '%s'", outside->plan_file);
    return result;
}

static int open_folders(const struct lp_outside *outside, unsigned containers, struct lp_err *err)
{
    struct lp_str path;
    int failed = 0;
    lp_str_init(&path);
    for (unsigned i = 0; i < containers + 2 && !failed; i++) {
        lp_str_clear(&path);
        if (i < 2)
            lp_str_addf(&path, "%s/%s", outside->docker.scratch, i ? "node" : "shared");
        else
            lp_str_addf(&path, "%s/container-%u", outside->docker.scratch, i - 2);
        failed = chmod(path.ptr, 01777) == -1 ? errno : 0;
    }
    lp_str_release(&path);
    return failed ? lp_err_sys(err, LP_ERR_SELF, failed, "unable to open folders for all") : 0;
}

int lp_outside_prepare(struct lp_outside *outside, const struct lp_container_plan *plan,
                       struct lp_err *err)
{
    if (hold_leash(outside, err) == -1 || write_plan(outside, plan, err) == -1 ||
        open_folders(outside, plan->scenario->containers, err) == -1)
        return -1;
    return lp_docker_prepare(&outside->docker, err);
}

void lp_outside_sweep(const struct lp_outside *outside)
{
    if (outside->used)
        lp_docker_sweep(outside->run_id);
}

/* ---- one container, in the runner's child ---- */

struct turn {
    struct lp_control *control;
    unsigned number;
};

static void wait_turn(void *context)
{
    const struct turn *turn = context;
    for (uint32_t seen; (seen = atomic_load(&turn->control->prepared)) < turn->number;)
        lp_futex_wait(&turn->control->prepared, seen, LP_FOREVER);
}

void lp_outside_main(const struct lp_outside *outside, const struct lp_container_plan *plan,
                     unsigned number)
{
    struct lp_err err = {0};
    struct turn turn = {.control = plan->control, .number = number};
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, LP_CONTAINER_KILL);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    struct lp_docker_life life = {
        .number = number,
        .interrupt_fd = signalfd(-1, &signals, SFD_CLOEXEC),
        .wait_turn = lp_scenario_docker_ordered(plan->scenario) ? wait_turn : NULL,
        .context = &turn,
    };
    if (lp_docker_run(&outside->docker, &life, &err) == 0)
        _exit(0);
    lp_trouble_set(&plan->control->trouble, &err);
    lp_event_tell(plan->event_fd);
    _exit(1);
}
