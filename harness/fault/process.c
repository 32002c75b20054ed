/* SPDX-License-Identifier: MIT */
/* What a process is doing is read from /proc, as the shell's `ps` would. */
#include "fault/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/units.h"
#include "os/clock.h"

#define SEEN_NS_MAX (2 * LP_SEC)
#define LOOK_AGAIN_NS (200 * LP_US)

static int send_signal(int pidfd, int number)
{
    return (int)syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0);
}

static int read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd == -1 ? -1 : read(fd, text, size - 1);
    if (fd != -1)
        close(fd);
    text[got > 0 ? got : 0] = '\0';
    return got > 0 ? 0 : -1;
}

/* The number that it has in the /proc that we see; 0 when it is gone. */
static long number_of(int pidfd)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
    if (read_text(path, text, sizeof text) == -1)
        return 0;
    const char *at = strstr(text, "\nPid:");
    long number = at ? strtol(at + 5, NULL, 10) : 0;
    return number > 0 ? number : 0;
}

/* The letter of proc(5): R, S, D, T, Z; 0 when it is gone. */
static char state_of(long number)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%ld/stat", number);
    if (number == 0 || read_text(path, text, sizeof text) == -1)
        return 0;
    const char *behind = strrchr(text, ')'); /* the name may hold anything */
    return behind && behind[1] == ' ' ? behind[2] : 0;
}

static bool wait_for_state(int pidfd, bool stopped, long *number)
{
    uint64_t until_ns = lp_clock_ns() + SEEN_NS_MAX;
    for (;;) {
        *number = number_of(pidfd);
        char state = state_of(*number);
        if (state == 0 || state == 'Z')
            return false;
        if ((state == 'T') == stopped)
            return true;
        if (lp_clock_ns() >= until_ns)
            return false;
        lp_clock_sleep_until(lp_clock_ns() + LOOK_AGAIN_NS);
    }
}

int lp_process_pause(int pidfd, char *proof, size_t size, struct lp_err *err)
{
    long number = 0;
    if (send_signal(pidfd, SIGSTOP) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to stop a process");
    if (!wait_for_state(pidfd, true, &number))
        return lp_err_set(err, LP_ERR_SELF, "a process did not stop");
    snprintf(proof, size, "process %ld was stopped: state T in /proc", number);
    return 0;
}

int lp_process_resume(int pidfd, struct lp_err *err)
{
    long number = 0;
    if (send_signal(pidfd, SIGCONT) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to wake a process");
    if (!wait_for_state(pidfd, false, &number))
        return lp_err_set(err, LP_ERR_SELF, "a process did not wake up");
    return 0;
}

int lp_process_slay(int pidfd, char *proof, size_t size, struct lp_err *err)
{
    long number = number_of(pidfd);
    struct pollfd ended = {.fd = pidfd, .events = POLLIN};
    if (number == 0 || send_signal(pidfd, SIGKILL) == -1)
        return lp_err_set(err, LP_ERR_SELF, "the process had ended before it was killed");
    if (poll(&ended, 1, (int)(SEEN_NS_MAX / LP_MS)) != 1)
        return lp_err_set(err, LP_ERR_SELF, "process %ld did not end by SIGKILL", number);
    snprintf(proof, size, "process %ld ended by SIGKILL", number);
    return 0;
}
