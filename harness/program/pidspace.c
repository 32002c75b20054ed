/* SPDX-License-Identifier: MIT */
#include "program/pidspace.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void hold(void) LP_NORETURN;
static void hold(void)
{
    signal(SIGCHLD, SIG_IGN); /* orphans come to the first process, and are let go at once */
    for (;;)
        pause();
}

void lp_pidspace_enter(struct lp_pidspace *space)
{
    char path[64];
    *space = (struct lp_pidspace){.own_fd = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC)};
    if (space->own_fd == -1)
        return;
    if (lp_process_fork(&space->holder, CLONE_NEWPID) == -1) {
        close(space->own_fd);
        return;
    }
    if (space->holder.pid == 0)
        hold();
    space->entered = true;
    snprintf(path, sizeof path, "/proc/%d/ns/pid", space->holder.pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1 || setns(fd, CLONE_NEWPID) == -1)
        lp_pidspace_leave(space);
    if (fd != -1)
        close(fd);
}

void lp_pidspace_leave(struct lp_pidspace *space)
{
    if (!space->entered)
        return;
    setns(space->own_fd, CLONE_NEWPID);
    lp_process_kill(&space->holder, SIGKILL);
    lp_process_wait(&space->holder);
    close(space->own_fd);
    *space = (struct lp_pidspace){0};
}
