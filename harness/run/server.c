/* SPDX-License-Identifier: MIT */
/*
 * A server's life: found, forked, ready, ended. It is a leader of its own session, so that Ctrl-C
 * at the terminal reaches lockproof only, which then ends it in order; and it is on a leash (see
 * os/process.h), so that it does not outlive a lockproof that was killed.
 *
 * Readiness is waited for by events: the server's folder is watched (inotify(7)) for the socket and
 * for lines of the log, the pidfd for its early end. A server binds its socket before it listens,
 * and says that it is ready after that; so a last line of log wakes us up when the socket was too
 * early. The short limit of each wait is there for filesystems without inotify.
 */
#include "run/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/str.h"
#include "base/units.h"
#include "os/clock.h"

#define READY_NS_MAX (10 * LP_SEC)
#define ANSWER_NS_MAX LP_SEC
#define STOP_NS_MAX (2 * LP_SEC)
#define LOOK_AGAIN_NS (20 * LP_MS)
#define ARGS_MAX 40

static const char *const redis_programs[] = {"redis-server", "valkey-server", NULL};
static const char *const redis_args[] = {
    "--port",      "0",        "--unixsocket", "{socket}", "--unixsocketperm", "700",
    "--dir",       "{folder}", "--save",       "",         "--appendonly",     "no",
    "--daemonize", "no",       "--logfile",    "",         "--databases",      "16",
    NULL,
};

const struct lp_server_row lp_server_rows[] = {
    {"redis", "LOCKPROOF_REDIS_URL", redis_programs, "redis-server", redis_args, "PING\r\n",
     "+PONG\r\n"},
};
const size_t lp_server_row_count = LP_ARRAY_LEN(lp_server_rows);

const struct lp_server_row *lp_server_find(const char *name)
{
    for (size_t i = 0; i < lp_server_row_count; i++) {
        if (strcmp(lp_server_rows[i].name, name) == 0)
            return &lp_server_rows[i];
    }
    return NULL;
}

/* The path of the first program that PATH has; false when there is none. */
static bool find_program(const struct lp_server_row *row, struct lp_str *path)
{
    const char *folders = getenv("PATH");

    for (const char *const *name = row->programs; folders && *name; name++) {
        for (const char *at = folders; *at; at += strspn(at, ":")) {
            size_t len = strcspn(at, ":");
            lp_str_clear(path);
            lp_str_add_bytes(path, at, len);
            lp_str_addf(path, "/%s", *name);
            at += len;
            /* An empty or relative entry would mean the current folder: nothing is run from there.
             */
            if (path->ptr[0] == '/' && len > 0 && access(path->ptr, X_OK) == 0)
                return true;
        }
    }
    return false;
}

static const char *fill_in(const char *arg, const struct lp_server *server, const char *folder)
{
    if (strcmp(arg, "{folder}") == 0)
        return folder;
    return strcmp(arg, "{socket}") == 0 ? server->socket : arg;
}

/* In the child; nothing here allocates. The error of exec goes to `report`, closed by success. */
static void become(const char *program, const char **argv, int log, int report)
{
    sigset_t none;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    setsid();
    /* What the parent blocks or ignores would stay so through exec, and SIGTERM be in vain. */
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    dup2(null, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execv(program, (char *const *)(uintptr_t)argv);
    int errnum = errno;
    if (write(report, &errnum, sizeof errnum) == -1)
        _exit(126);
    _exit(127);
}

/* Forks and waits until the program runs or could not be run. */
static int launch(struct lp_server *server, const char *program, const char *folder,
                  struct lp_err *err)
{
    const char *argv[ARGS_MAX + 2] = {program};
    int report[2], errnum = 0;

    for (size_t i = 0; i < ARGS_MAX && server->row->args[i]; i++)
        argv[i + 1] = fill_in(server->row->args[i], server, folder);
    int log = open(server->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    if (log == -1)
        return lp_err_sys(err, LP_ERR_SELF, errno, "cannot write '%s'", server->log);
    if (pipe2(report, O_CLOEXEC) == -1) {
        close(log);
        return lp_err_sys(err, LP_ERR_SELF, errno, "cannot make a pipe");
    }
    int rc = lp_process_fork(&server->child, 0);
    if (rc == 0 && server->child.pid == 0)
        become(program, argv, log, report[1]);
    if (rc == -1)
        errnum = errno;
    close(report[1]);
    close(log);
    while (rc == 0 && read(report[0], &errnum, sizeof errnum) == -1 && errno == EINTR)
        ;
    close(report[0]);
    if (rc == -1)
        server->child.pid = 0;
    return errnum ? lp_err_sys(err, LP_ERR_SELF, errnum, "cannot run '%s'", program) : 0;
}

/* Until `until_ns`: true when one of the descriptors has an event. -1 descriptors are passed over.
 */
static bool wait_for(struct pollfd *fds, nfds_t count, uint64_t until_ns)
{
    for (;;) {
        uint64_t now = lp_clock_ns();
        uint64_t left = until_ns > now ? until_ns - now : 0;
        struct timespec timeout = {.tv_sec = (time_t)(left / LP_SEC),
                                   .tv_nsec = (long)(left % LP_SEC)};
        int ready = ppoll(fds, count, &timeout, NULL);
        if (ready != -1 || errno != EINTR)
            return ready > 0;
    }
}

/* One greeting over one connection: is the answer the right one? */
static bool answers(const struct lp_server *server)
{
    const struct lp_server_row *row = server->row;
    size_t want = strlen(row->answer), got = 0;
    uint64_t until_ns = lp_clock_ns() + ANSWER_NS_MAX;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char answer[64];

    memcpy(name.sun_path, server->socket, strlen(server->socket));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd == -1)
        return false;
    bool open = connect(fd, (const struct sockaddr *)&name, sizeof name) == 0 &&
                send(fd, row->greeting, strlen(row->greeting), MSG_NOSIGNAL) > 0;
    while (open && got < want) {
        struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
                               {.fd = server->child.pidfd, .events = POLLIN}};
        open = wait_for(fds, 2, until_ns) && fds[1].revents == 0;
        ssize_t size = open ? recv(fd, answer + got, want - got, 0) : -1;
        if (size > 0)
            got += (size_t)size;
        else
            open = false;
    }
    close(fd);
    return got == want && memcmp(answer, row->answer, want) == 0;
}

/* The last line that the server printed, without its end; the end of the log is read only. */
static void last_line(const char *log, char *line, size_t size)
{
    char text[1024];
    int fd = open(log, O_RDONLY | O_CLOEXEC);
    off_t end = fd == -1 ? 0 : lseek(fd, 0, SEEK_END);
    off_t from = end > (off_t)sizeof text - 1 ? end - (off_t)sizeof text + 1 : 0;
    ssize_t len = fd == -1 ? -1 : pread(fd, text, sizeof text - 1, from);

    if (fd != -1)
        close(fd);
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    text[len > 0 ? len : 0] = '\0';
    const char *start = strrchr(text, '\n');
    start = start ? start + 1 : text;
    size_t keep = strnlen(start, size - 1);
    memcpy(line, start, keep);
    line[keep] = '\0';
}

static bool has_ended(const struct lp_server *server, uint64_t until_ns)
{
    struct pollfd fd = {.fd = server->child.pidfd, .events = POLLIN};
    return wait_for(&fd, 1, until_ns);
}

static int wait_until_ready(struct lp_server *server, const char *folder, struct lp_err *err)
{
    uint64_t until_ns = lp_clock_ns() + READY_NS_MAX;
    int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    bool ready = false, ended = false, last = false;
    char events[4096], line[256];

    if (watch != -1)
        inotify_add_watch(watch, folder, IN_CREATE | IN_MODIFY | IN_ATTRIB);
    while (!(ready = answers(server)) && !ended && !last) {
        uint64_t now = lp_clock_ns();
        struct pollfd fds[] = {{.fd = server->child.pidfd, .events = POLLIN},
                               {.fd = watch, .events = POLLIN}};
        wait_for(fds, 2, now + LOOK_AGAIN_NS < until_ns ? now + LOOK_AGAIN_NS : until_ns);
        ended = fds[0].revents != 0;
        while (read(watch, events, sizeof events) > 0)
            ;
        last = now >= until_ns; /* the limit ends with one more look */
    }
    if (watch != -1)
        close(watch);
    if (ready)
        return 0;
    last_line(server->log, line, sizeof line);
    return lp_err_set(err, LP_ERR_SELF, "the private %s server %s%s%s", server->row->name,
                      ended ? "ended as soon as it was started" : "does not answer",
                      line[0] ? "; its last words: " : "", line);
}

static int start_private(struct lp_server *server, const char *folder, struct lp_err *err)
{
    const struct lp_server_row *row = server->row;
    struct lp_str text;

    lp_str_init(&text);
    lp_str_addf(&text, "%s/%s.sock", folder, row->name);
    size_t room = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    if (text.len > room) {
        lp_err_set(err, LP_ERR_SELF,
                   "the path of a socket, '%s', has %zu bytes and there is room for %zu: "
                   "a shorter folder is needed",
                   text.ptr, text.len, room);
        lp_str_release(&text);
        return -1;
    }
    server->socket = lp_str_detach(&text);
    lp_str_addf(&text, "%s/%s.log", folder, row->name);
    server->log = lp_str_detach(&text);
    lp_str_addf(&text, "unix:%s", server->socket);
    server->url = lp_str_detach(&text);

    int rc = -1;
    if (find_program(row, &text)) {
        rc = launch(server, text.ptr, folder, err);
        if (rc == 0)
            rc = wait_until_ready(server, folder, err);
    } else {
        lp_err_set(err, LP_ERR_NEED, "there is no program '%s' in PATH", row->programs[0]);
        snprintf(err->remedy, sizeof err->remedy, "apt-get install %s", row->package);
    }
    lp_str_release(&text);
    return rc;
}

int lp_server_start(struct lp_server *server, const char *name, const char *folder,
                    struct lp_err *err)
{
    memset(server, 0, sizeof *server);
    server->child.pidfd = -1;
    server->row = lp_server_find(name);
    if (!server->row)
        return lp_err_set(err, LP_ERR_SELF, "no server of the name '%s' is known", name);
    const char *given = getenv(server->row->url_env);
    if (given && *given) {
        server->url = lp_strdup(given);
        return 0;
    }
    if (start_private(server, folder, err) == 0)
        return 0;
    lp_server_release(server);
    return -1;
}

void lp_server_release(struct lp_server *server)
{
    if (server->child.pid > 0) {
        lp_process_kill(&server->child, SIGTERM);
        if (!has_ended(server, lp_clock_ns() + STOP_NS_MAX))
            lp_process_kill(&server->child, SIGKILL);
        lp_process_wait(&server->child);
        unlink(server->socket);
    }
    free(server->url);
    free(server->socket);
    free(server->log);
    memset(server, 0, sizeof *server);
    server->child.pidfd = -1;
}
