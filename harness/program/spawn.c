/* SPDX-License-Identifier: MIT */
/* A copy's first process: its place, its files, its filter, and then the program. */
#include <errno.h>
#include <stdio.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program/tracer.h"

#define EXIT_NOT_EXECUTED 126
#define PATH_DEFAULT "/usr/local/bin:/usr/bin:/bin"

static int open_output(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_NOCTTY);
    int null = open("/dev/null", O_RDONLY | O_NOCTTY);
    if (fd == -1 || null == -1)
        return -1;
    if (dup2(null, STDIN_FILENO) == -1 || dup2(fd, STDOUT_FILENO) == -1 ||
        dup2(fd, STDERR_FILENO) == -1)
        return -1;
    close(fd);
    close(null);
    return 0;
}

/* What the command has changed for itself. */
static void be_ordinary(void)
{
    sigset_t none;
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the copy's own output, where people look for what it had to say. */
static void not_executed(const char *what) LP_NORETURN;
static void not_executed(const char *what)
{
    dprintf(STDERR_FILENO, "%s: %s\n", what, strerrordesc_np(errno));
    _exit(EXIT_NOT_EXECUTED);
}

static void child_main(const struct lp_tracer *tracer, const struct lp_spawn *spawn,
                       int go_fd) LP_NORETURN;
static void child_main(const struct lp_tracer *tracer, const struct lp_spawn *spawn, int go_fd)
{
    struct lp_err err = {0};
    char byte;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    if (open_output(spawn->output) == -1 || (spawn->folder && chdir(spawn->folder) == -1))
        _exit(EXIT_NOT_EXECUTED);
    be_ordinary();
    /* Only what is started after the tracer came is traced as well, and a container's first process
       is. */
    while (read(go_fd, &byte, 1) == -1 && errno == EINTR)
        ;
    /* Addresses are the same in each run: hash tables of pointers, and what they decide. */
    personality(ADDR_NO_RANDOMIZE);
    if (spawn->enter && spawn->enter(spawn->self, &err) == -1) {
        ssize_t told = write(STDERR_FILENO, err.text, strlen(err.text));
        (void)told;
        _exit(EXIT_NOT_EXECUTED);
    }
    if (lp_sys_filter(tracer->clocks) == -1)
        not_executed("unable to filter system calls");
    execvp(spawn->argv[0], (char *const *)(uintptr_t)spawn->argv);
    not_executed(spawn->argv[0]);
}

static bool is_program(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* Would exec find it? Asked before, so that a typing error is not a copy that failed. */
static bool is_found(const char *name)
{
    if (strchr(name, '/'))
        return is_program(name);
    const char *path = getenv("PATH");
    struct lp_str full;
    bool found = false;
    if (!path)
        path = PATH_DEFAULT;
    lp_str_init(&full);
    while (!found && *path) {
        size_t length = strcspn(path, ":");
        lp_str_clear(&full);
        lp_str_add_bytes(&full, path, length);
        lp_str_addf(&full, "/%s", name);
        found = is_program(full.ptr);
        path += length + (path[length] == ':');
    }
    lp_str_release(&full);
    return found;
}

int lp_spawn_process(const struct lp_tracer *tracer, const struct lp_spawn *spawn, pid_t *pid,
                     int *go_fd, struct lp_err *err)
{
    int ends[2];
    if (!is_found(spawn->argv[0]))
        return lp_err_set(err, LP_ERR_USAGE, "unable to execute '%s': no such program",
                          spawn->argv[0]);
    if (pipe2(ends, O_CLOEXEC) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to make a pipe");
    *pid = fork();
    if (*pid == -1) {
        int failed = errno;
        close(ends[0]);
        close(ends[1]);
        return lp_err_sys(err, LP_ERR_SELF, failed, "unable to start a copy");
    }
    if (*pid == 0) {
        close(ends[1]);
        child_main(tracer, spawn, ends[0]);
    }
    close(ends[0]);
    *go_fd = ends[1];
    return 0;
}
