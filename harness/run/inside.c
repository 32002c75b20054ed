/* SPDX-License-Identifier: MIT */
/* The inside of a container that an engine made: from the plan in a file to the container's life.
 */
#include "run/outside.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/file.h"
#include "run/folder.h"
#include "run/told.h"

#define PLAN_SIZE_MAX ((size_t)1024 * 1024)

/* Gets the runner's lock only when the runner is gone; then nobody wants this container. The others
   of it die with this process: they are its children. */
static void *watch_runner(void *argument)
{
    const int *fd = argument;
    struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    while (fcntl(*fd, F_SETLKW, &whole) == -1)
        if (errno != EINTR)
            return NULL;
    _exit(1);
}

static int start_watch(const char *control_file, struct lp_err *err)
{
    static int fd; /* the thread's; lives as long as the process */
    pthread_t thread;
    sigset_t all, before;
    fd = open(control_file, O_RDWR | O_CLOEXEC);
    if (fd == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to open '%s'", control_file);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failed = pthread_create(&thread, NULL, watch_runner, &fd);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed)
        return lp_err_sys(err, LP_ERR_SELF, failed, "unable to watch the runner");
    pthread_detach(thread);
    return 0;
}

static int read_told(struct lp_told *told, const char *plan_file,
                     const struct lp_vocabulary *vocabulary, struct lp_err *err)
{
    struct lp_str text;
    lp_str_init(&text);
    int result = lp_file_read(plan_file, PLAN_SIZE_MAX, &text, err);
    if (result == 0)
        result = lp_told_read(told, text.ptr, text.len, vocabulary, err);
    lp_str_release(&text);
    return result;
}

/* Descriptor of RUN_DIR/NAME. */
static int open_in(struct lp_told *told, const char *name, int flags, struct lp_err *err)
{
    const char *path = lp_arena_printf(&told->arena, "%s/%s", told->run_dir, name);
    int fd = open(path, flags | O_CLOEXEC);
    if (fd == -1)
        lp_err_sys(err, LP_ERR_SELF, errno, "unable to open '%s'", path);
    return fd;
}

int lp_inside_main(const char *plan_file, unsigned number, const struct lp_registry *registry,
                   const struct lp_vocabulary *vocabulary, struct lp_err *err)
{
    struct lp_told told;
    char boot_id[40];
    if (read_told(&told, plan_file, vocabulary, err) == -1)
        return -1;
    const char *control_file = lp_arena_printf(&told.arena, "%s/control", told.run_dir);
    struct lp_container_plan plan = {
        .place = &lp_place_docker,
        .registry = registry,
        .scenario = &told.scenario,
        .control = lp_control_open(control_file, err),
        .scratch = told.scratch,
        .run_dir = told.run_dir,
        .boot_id = boot_id,
        .run_id = told.run_id,
        .server_count = told.server_count,
        .give_fd = -1,
        .seed = told.seed,
    };
    lp_boot_id(boot_id, sizeof boot_id);
    for (size_t i = 0; i < told.server_count; i++)
        plan.servers[i] = told.servers[i];
    if (!plan.control || start_watch(control_file, err) == -1 ||
        (plan.history_fd = open_in(&told, "history", O_RDONLY | O_DIRECTORY, err)) == -1 ||
        (plan.event_fd = open_in(&told, "events", O_WRONLY | O_NONBLOCK, err)) == -1) {
        lp_told_release(&told);
        return -1;
    }
    lp_container_main(&plan, number);
}
