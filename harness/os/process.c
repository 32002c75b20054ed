/* SPDX-License-Identifier: MIT */
/* Forking with a leash: parent-death signal, pidfd, namespaces through clone3(2). */
#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The parent may have died before the leash was on; then nobody would ever pull it. In a PID
   namespace of its own the child sees no parent (0) and dies with the namespace above instead. */
static void put_on_leash(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pid_t seen = getppid();
    if (seen != 0 && seen != parent)
        _exit(0);
}

static pid_t fork_into(int namespaces)
{
    if (namespaces == 0)
        return fork();
    struct clone_args args = {.flags = (unsigned)namespaces, .exit_signal = SIGCHLD};
    return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

/* Linux before 5.3 has no pidfds, and neither have tools that carry out the system calls
   themselves, such as valgrind. There the child holds the end of a pipe for life, and its death
   closes it. */
static int open_pipe_of_life(int ends[2])
{
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    ends[0] = ends[1] = -1;
    if (self == -1)
        return pipe2(ends, O_CLOEXEC);
    close(self);
    return 0;
}

int lp_process_fork(struct lp_child *child, int namespaces)
{
    pid_t parent = getpid();
    int ends[2];
    if (open_pipe_of_life(ends) == -1)
        return -1;
    pid_t pid = fork_into(namespaces);
    int failed = errno;
    child->pid = pid;
    child->pidfd = -1;
    if (pid == 0) {
        if (ends[0] != -1)
            close(ends[0]);
        put_on_leash(parent);
        return 0;
    }
    if (ends[1] != -1)
        close(ends[1]);
    if (pid == -1 && ends[0] != -1)
        close(ends[0]);
    errno = failed;
    if (pid == -1)
        return -1;
    child->pidfd = ends[0] != -1 ? ends[0] : (int)syscall(SYS_pidfd_open, pid, 0);
    return 0;
}

int lp_process_wait(struct lp_child *child)
{
    int status;
    pid_t got;
    while ((got = waitpid(child->pid, &status, 0)) == -1 && errno == EINTR)
        ;
    if (child->pidfd != -1)
        close(child->pidfd);
    child->pidfd = -1;
    return got == -1 ? -1 : status;
}

void lp_process_kill(const struct lp_child *child, int signal)
{
    /* It is not reaped yet, so its number is still its own. */
    if (syscall(SYS_pidfd_send_signal, child->pidfd, signal, NULL, 0) == -1)
        kill(child->pid, signal);
}

char *lp_process_status_text(int status, char *buf, unsigned long size)
{
    if (WIFSIGNALED(status))
        snprintf(buf, size, "killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(buf, size, "exit status %d", WEXITSTATUS(status));
    return buf;
}
