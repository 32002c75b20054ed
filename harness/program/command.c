/* SPDX-License-Identifier: MIT */
/* The user's shell commands: run to their end, with what they print, within a time. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/units.h"
#include "os/clock.h"
#include "os/process.h"
#include "program/program.h"

#define OUTPUT_MAX 65536

static void child_main(const char *command, int out) LP_NORETURN;
static void child_main(const char *command, int out)
{
    sigset_t none;
    int null = open("/dev/null", O_RDONLY);
    setsid();
    dup2(null, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* Until its end of the pipe is closed, or time is over. */
static void collect(int fd, uint64_t until_ns, struct lp_command_result *result)
{
    char part[4096];
    for (;;) {
        uint64_t now = lp_clock_ns();
        if (now >= until_ns) {
            result->timed_out = true;
            return;
        }
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        if (poll(&polled, 1, (int)((until_ns - now) / LP_MS) + 1) <= 0)
            continue;
        ssize_t got = read(fd, part, sizeof part);
        if (got == 0 || (got == -1 && errno != EINTR))
            return;
        if (got > 0 && result->output.len < OUTPUT_MAX)
            lp_str_add_bytes(&result->output, part, (size_t)got);
    }
}

int lp_shell_run(const char *command, uint64_t timeout_ns, struct lp_command_result *result,
                 struct lp_err *err)
{
    struct lp_child child;
    int ends[2];
    *result = (struct lp_command_result){0};
    lp_str_init(&result->output);
    if (pipe2(ends, O_CLOEXEC) == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to make a pipe");
    if (lp_process_fork(&child, 0) == -1) {
        int failed = errno;
        close(ends[0]);
        close(ends[1]);
        return lp_err_sys(err, LP_ERR_SELF, failed, "unable to run '%s'", command);
    }
    if (child.pid == 0)
        child_main(command, ends[1]);
    close(ends[1]);
    collect(ends[0], lp_clock_ns() + timeout_ns, result);
    close(ends[0]);
    if (result->timed_out)
        kill(-child.pid, SIGKILL);
    result->status = lp_process_wait(&child);
    return 0;
}

void lp_command_result_release(struct lp_command_result *result)
{
    lp_str_release(&result->output);
}

static int explain(const char *option, const char *command, const struct lp_command_result *result,
                   struct lp_err *err)
{
    char text[64];
    if (result->timed_out)
        return lp_err_set(err, LP_ERR_USAGE, "option '%s': '%s' did not come to its end", option,
                          command);
    return lp_err_set(err, LP_ERR_USAGE, "option '%s': '%s' failed: %s", option, command,
                      lp_process_status_text(result->status, text, sizeof text));
}

int lp_program_setup(const struct lp_program *program, struct lp_err *err)
{
    struct lp_command_result result;
    if (!program->setup)
        return 0;
    int done = lp_shell_run(program->setup, program->timeout_ns, &result, err);
    if (done == 0 && (result.status != 0 || result.timed_out))
        done = explain("--setup", program->setup, &result, err);
    lp_command_result_release(&result);
    return done;
}

int lp_program_observe(const struct lp_program *program, int64_t *value, struct lp_err *err)
{
    struct lp_command_result result;
    int done = lp_shell_run(program->observe, program->timeout_ns, &result, err);
    if (done == 0 && (result.status != 0 || result.timed_out))
        done = explain("--observe", program->observe, &result, err);
    if (done == 0) {
        char *end;
        errno = 0;
        *value = strtoll(result.output.ptr, &end, 10);
        bool number = end != result.output.ptr && errno == 0;
        end += strspn(end, " \t\r\n");
        if (!number || *end)
            done = lp_err_set(err, LP_ERR_USAGE,
                              "option '--observe': '%s' printed '%.60s', not one whole number",
                              program->observe, result.output.ptr);
    }
    lp_command_result_release(&result);
    return done;
}
