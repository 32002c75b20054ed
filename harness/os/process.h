/* SPDX-License-Identifier: MIT */
/*
 * Processes that cannot outlive the run: each dies with its parent (PR_SET_PDEATHSIG). That signal
 * comes when the forking *thread* ends, so processes are only made from a main thread.
 */
#ifndef LP_OS_PROCESS_H
#define LP_OS_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

struct lp_child {
    pid_t pid;
    int pidfd; /* polls as ready when it ended; owned by the holder of the struct */
};

/*
 * Like fork(2), with namespaces (CLONE_NEW*, or 0). In the child: child->pid == 0, returns 0, and
 * it will be killed when the parent dies. -1 with errno otherwise.
 *
 * With namespaces the child is made by clone3(2) behind the C library's back: it must not use locks
 * that record their owner's thread id before it has forked again; workers are always forked again.
 */
int lp_process_fork(struct lp_child *child, int namespaces);

/* Waits for its end; returns the wait(2) status, or -1. Closes the pidfd. */
int lp_process_wait(struct lp_child *child);
void lp_process_kill(const struct lp_child *child, int signal);

/* "exit status 3", "killed by signal 9 (Killed)" of a wait status; `buf` of 64 bytes. Returns buf.
 */
char *lp_process_status_text(int status, char *buf, unsigned long size);

#endif
