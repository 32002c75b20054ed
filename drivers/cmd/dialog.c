/* SPDX-License-Identifier: MIT */
/* Pipes to a program, and lines through them with a deadline. */
#include "drivers/cmd/dialog.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS UINT64_C(1000000)
/* From the end of its input to its own end, before it is killed; looked at so often. */
#define END_TRIES 100
#define END_STEP_MS 10

static void child_main(const char *program, int in, int out) __attribute__((noreturn));
static void child_main(const char *program, int in, int out)
{
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execl("/bin/sh", "sh", "-c", program, (char *)NULL);
    _exit(127);
}

enum lp_outcome lp_dialog_open(struct lp_client *client, struct lp_dialog *dialog,
                               const char *program)
{
    int in[2], out[2];
    *dialog = (struct lp_dialog){.to = -1, .from = -1};
    if (pipe2(in, O_CLOEXEC) == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to make a pipe");
    if (pipe2(out, O_CLOEXEC) == -1) {
        close(in[0]);
        close(in[1]);
        return lp_fail(client, LP_FAIL, errno, "unable to make a pipe");
    }
    dialog->pid = fork();
    if (dialog->pid == 0)
        child_main(program, in[0], out[1]);
    int failed = errno;
    close(in[0]);
    close(out[1]);
    dialog->to = in[1];
    dialog->from = out[0];
    if (dialog->pid != -1)
        return LP_OK;
    dialog->pid = 0;
    lp_dialog_close(dialog);
    return lp_fail(client, LP_FAIL, failed, "unable to start '%s'", program);
}

void lp_dialog_close(struct lp_dialog *dialog)
{
    if (dialog->to > 0)
        close(dialog->to);
    if (dialog->pid > 0) {
        int tries = dialog->lost ? 0 : END_TRIES;
        while (tries-- > 0 && waitpid(dialog->pid, NULL, WNOHANG) == 0)
            poll(NULL, 0, END_STEP_MS);
        if (tries < 0) {
            kill(-dialog->pid, SIGKILL);
            kill(dialog->pid, SIGKILL);
            waitpid(dialog->pid, NULL, 0);
        }
    }
    if (dialog->from > 0)
        close(dialog->from);
    *dialog = (struct lp_dialog){.to = -1, .from = -1};
}

static bool put_line(struct lp_dialog *dialog, const char *line, size_t length)
{
    while (length > 0) {
        ssize_t put = write(dialog->to, line, length);
        if (put == -1 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        line += put;
        length -= (size_t)put;
    }
    return true;
}

/* Takes the first line out of the buffer. */
static bool take_line(struct lp_dialog *dialog, char *line)
{
    char *end = memchr(dialog->buffer, '\n', dialog->buffered);
    if (!end)
        return false;
    size_t length = (size_t)(end - dialog->buffer);
    memcpy(line, dialog->buffer, length);
    line[length > 0 && line[length - 1] == '\r' ? length - 1 : length] = '\0';
    dialog->buffered -= length + 1;
    memmove(dialog->buffer, end + 1, dialog->buffered);
    return true;
}

static bool get_line(struct lp_client *client, struct lp_dialog *dialog, uint64_t deadline_ns,
                     char *line)
{
    while (!take_line(dialog, line)) {
        uint64_t now = lp_now_ns(client);
        if (now >= deadline_ns || dialog->buffered == sizeof dialog->buffer)
            return false;
        struct pollfd polled = {.fd = dialog->from, .events = POLLIN};
        uint64_t left_ms = (deadline_ns - now) / MS + 1;
        if (poll(&polled, 1, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms) <= 0)
            continue;
        ssize_t got = read(dialog->from, dialog->buffer + dialog->buffered,
                           sizeof dialog->buffer - dialog->buffered);
        if (got == 0 || (got == -1 && errno != EINTR))
            return false;
        dialog->buffered += got > 0 ? (size_t)got : 0;
    }
    return true;
}

static const struct {
    const char *word;
    enum lp_outcome outcome;
} words[] = {{"ok", LP_OK}, {"busy", LP_BUSY}, {"fail", LP_FAIL}};

enum lp_outcome lp_dialog_ask(struct lp_client *client, struct lp_dialog *dialog,
                              uint64_t deadline_ns, char *answer, const char *fmt, ...)
{
    char request[LP_DIALOG_LINE], line[LP_DIALOG_LINE];
    va_list args;
    va_start(args, fmt);
    int length = vsnprintf(request, sizeof request - 1, fmt, args);
    va_end(args);
    answer[0] = '\0';
    if (dialog->lost || dialog->pid == 0)
        return lp_fail(client, LP_UNKNOWN, 0, "the program has gone, or lost its place");
    if (length < 0 || (size_t)length >= sizeof request - 1)
        return lp_fail(client, LP_FAIL, 0, "the request does not fit a line");
    request[length] = '\n';
    if (!put_line(dialog, request, (size_t)length + 1) ||
        !get_line(client, dialog, deadline_ns, line)) {
        dialog->lost = true;
        return lp_fail(client, LP_UNKNOWN, 0, "no answer to '%.*s'", length > 60 ? 60 : length,
                       request);
    }
    size_t word = strcspn(line, " ");
    snprintf(answer, LP_DIALOG_LINE, "%s", line[word] ? line + word + 1 : "");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strlen(words[i].word) != word || memcmp(words[i].word, line, word) != 0)
            continue;
        if (words[i].outcome == LP_FAIL)
            return lp_fail(client, LP_FAIL, 0, "%.150s", answer);
        return words[i].outcome;
    }
    return lp_fail(client, LP_UNKNOWN, 0, "answered '%.100s', not ok, busy or fail", line);
}
