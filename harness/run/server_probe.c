/* SPDX-License-Identifier: MIT */
/*
 * Is a server ready? Waited for by events: its folder is watched (inotify(7)) for the socket and
 * for lines of the log, the pidfd for its early end. A server binds its socket before it listens,
 * and says that it is ready after that; so a last line of log wakes us up when the socket was too
 * early. The short limit of each wait is there for filesystems without inotify, and for servers
 * that are ready without a word.
 */
#include "run/server_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/units.h"
#include "os/clock.h"

#define READY_NS_MAX (30 * LP_SEC)
#define ANSWER_NS_MAX LP_SEC
#define LOOK_AGAIN_NS (20 * LP_MS)

/* The last line that the server printed, without its end; the end of the log is read only. */
void lp_server_last_line(const char *log, char *line, size_t size)
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

/* ---- ready ---- */

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

static int dial(const struct lp_server *server)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in remote = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)server->ports[0])};
    const struct sockaddr *name = (const void *)&local;
    socklen_t size = sizeof local;

    if (server->remote) {
        name = (const void *)&remote;
        size = sizeof remote;
        if (inet_pton(AF_INET, server->host, &remote.sin_addr) != 1)
            return -1;
    } else {
        memcpy(local.sun_path, server->socket, strlen(server->socket));
    }
    int fd = socket(name->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd == -1)
        return -1;
    if (connect(fd, name, size) == 0)
        return fd;
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    int error = 0;
    size = sizeof error;
    if (errno == EINPROGRESS && wait_for(&ready, 1, lp_clock_ns() + ANSWER_NS_MAX) &&
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
        return fd;
    close(fd);
    return -1;
}

bool lp_server_answers(const struct lp_server *server, const struct lp_probe *probe)
{
    uint64_t until_ns = lp_clock_ns() + ANSWER_NS_MAX;
    char answer[4096];
    size_t got = 0;
    bool found = false;

    int fd = dial(server);
    if (fd == -1)
        return false;
    bool open = !probe->ask ||
                send(fd, probe->ask, probe->ask_size, MSG_NOSIGNAL) == (ssize_t)probe->ask_size;
    while (open && !found && got < sizeof answer) {
        struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
                               {.fd = server->child.pidfd, .events = POLLIN}};
        open = wait_for(fds, 2, until_ns) && fds[1].revents == 0;
        ssize_t size = open ? recv(fd, answer + got, sizeof answer - got, 0) : -1;
        if (size <= 0)
            break;
        got += (size_t)size;
        found = memmem(answer, got, probe->answer, probe->answer_size) != NULL;
    }
    close(fd);
    return found;
}

bool lp_server_has_ended(const struct lp_server *server, uint64_t until_ns)
{
    struct pollfd fd = {.fd = server->child.pidfd, .events = POLLIN};
    return wait_for(&fd, 1, until_ns);
}

int lp_server_wait_ready(struct lp_server *server, struct lp_err *err)
{
    uint64_t until_ns = lp_clock_ns() + READY_NS_MAX;
    int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    const struct lp_probe *probe = server->probe ? server->probe : &server->row->probe;
    bool ready = false, ended = false, last = false;
    char events[4096], line[256];

    if (watch != -1)
        inotify_add_watch(watch, server->folder, IN_CREATE | IN_MODIFY | IN_ATTRIB);
    while (!(ready = lp_server_answers(server, probe)) && !ended && !last) {
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
    lp_server_last_line(server->log, line, sizeof line);
    return lp_err_set(err, LP_ERR_SELF, "the private %s server %s%s%s", server->row->name,
                      ended ? "ended as soon as it was started" : "does not answer",
                      line[0] ? "; its last words: " : "", line);
}
