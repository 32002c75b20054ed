/* SPDX-License-Identifier: MIT */
/*
 * Bytes to and from the server. hiredis makes commands and reads replies here; the socket is our
 * own, for three things that its blocking connection does not do: one deadline for a whole command
 * (SO_RCVTIMEO starts anew with each recv), no SIGPIPE when the server is gone (a driver may not
 * touch signal handlers), and to know whether any byte of a command has left, which is the
 * difference between "certainly not done" and "it may have been".
 */
#include "drivers/redis/redis.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Waits for `events`; -1 with errno ETIMEDOUT at the deadline. */
static int wait_for(struct lp_client *client, int fd, short events, uint64_t deadline_ns)
{
    for (;;) {
        uint64_t now = lp_now_ns(client);
        if (now >= deadline_ns) {
            errno = ETIMEDOUT;
            return -1;
        }
        uint64_t left = deadline_ns - now;
        struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000),
                                   .tv_nsec = (long)(left % 1000000000)};
        struct pollfd poll_fd = {.fd = fd, .events = events};
        int ready = ppoll(&poll_fd, 1, &timeout, NULL);
        if (ready > 0)
            return 0;
        if (ready == -1 && errno != EINTR)
            return -1;
    }
}

/* A full backlog of a unix socket is EAGAIN, with nothing that could be polled for; such a connect
   is made blocking, with SO_SNDTIMEO as its limit (unix(7), socket(7)). */
static int dial_unix(struct lp_client *client, const char *path, uint64_t deadline_ns)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    uint64_t now = lp_now_ns(client);
    uint64_t left = deadline_ns > now ? deadline_ns - now : 1000;
    struct timeval limit = {.tv_sec = (time_t)(left / 1000000000),
                            .tv_usec = (suseconds_t)(left % 1000000000 / 1000) + 1};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    int rc;
    while ((rc = connect(fd, (const struct sockaddr *)&name, sizeof name)) == -1 && errno == EINTR)
        ;
    if (rc == 0)
        return fd;
    int saved = errno == EAGAIN ? ETIMEDOUT : errno;
    close(fd);
    errno = saved;
    return -1;
}

static int dial_one(struct lp_client *client, const struct addrinfo *info, uint64_t deadline_ns)
{
    int on = 1, error = 0;
    socklen_t size = sizeof error;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd == -1)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, info->ai_addr, info->ai_addrlen) == 0)
        return fd;
    if (errno == EINPROGRESS && wait_for(client, fd, POLLOUT, deadline_ns) == 0) {
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error == 0)
            return fd;
        errno = error;
    }
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* A name is looked up within the resolver's own time limit, not ours; an address needs no look-up.
 */
static int dial_tcp(struct lp_client *client, const struct redis_address *address,
                    uint64_t deadline_ns)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list, *one;
    int fd = -1;

    if (getaddrinfo(address->host, address->port, &hints, &list) != 0) {
        errno = EHOSTUNREACH;
        return -1;
    }
    errno = EHOSTUNREACH;
    for (one = list; one && fd == -1; one = one->ai_next)
        fd = dial_one(client, one, deadline_ns);
    int saved = errno;
    freeaddrinfo(list);
    errno = saved;
    return fd;
}

int lp_redis_dial(struct lp_client *client, uint64_t deadline_ns)
{
    struct redis_state *state = redis_state_of(client);
    const struct redis_address *address = &state->address;

    int fd = address->path[0] ? dial_unix(client, address->path, deadline_ns)
                              : dial_tcp(client, address, deadline_ns);
    if (fd == -1)
        return -1;
    state->reader = redisReaderCreate();
    if (!state->reader) {
        close(fd);
        errno = ENOMEM;
        return -1;
    }
    state->fd = fd;
    return 0;
}

int lp_redis_send(struct lp_client *client, const char *bytes, size_t size, uint64_t deadline_ns,
                  bool *any_sent)
{
    int fd = redis_state_of(client)->fd;

    *any_sent = false;
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            *any_sent = true;
            bytes += sent;
            size -= (size_t)sent;
        } else if (errno == EAGAIN) {
            if (wait_for(client, fd, POLLOUT, deadline_ns) == -1)
                return -1;
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return 0;
}

int lp_redis_receive(struct lp_client *client, uint64_t deadline_ns, redisReply **reply)
{
    struct redis_state *state = redis_state_of(client);
    char bytes[4096];

    for (;;) {
        void *got = NULL;
        if (redisReaderGetReply(state->reader, &got) != REDIS_OK) {
            errno = EPROTO;
            return -1;
        }
        if (got) {
            *reply = got;
            return 0;
        }
        ssize_t size = recv(state->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (size == 0) {
            errno = ECONNRESET;
            return -1;
        }
        if (size > 0)
            redisReaderFeed(state->reader, bytes, (size_t)size);
        else if (errno == EAGAIN && wait_for(client, state->fd, POLLIN, deadline_ns) == -1)
            return -1;
        else if (errno != EAGAIN && errno != EINTR)
            return -1;
    }
}

void lp_redis_hang_up(struct lp_client *client)
{
    struct redis_state *state = redis_state_of(client);
    if (!state->reader)
        return;
    redisReaderFree(state->reader);
    state->reader = NULL;
    close(state->fd);
}
