/* SPDX-License-Identifier: MIT */
/* Signals by signalfd(2). */
#include "cli/interrupts.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>

int lp_interrupts_open(int *fd, struct lp_err *err)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    *fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (*fd == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to listen for signals");
    return 0;
}
