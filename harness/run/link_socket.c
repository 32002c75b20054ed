/* SPDX-License-Identifier: MIT */
/* Addresses and sockets of links. */
#include "run/link.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* "HOST:PORT" to addresses; HOST may be empty. */
static struct addrinfo *look_up(const char *address, bool passive, struct lp_err *err)
{
    char host[256];
    const char *colon = strrchr(address, ':');
    struct addrinfo *found = NULL;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = passive ? AI_PASSIVE : 0};
    hints.ai_family = passive && colon == address ? AF_INET : AF_UNSPEC;
    if (!colon || colon[1] == '\0' || (size_t)(colon - address) >= sizeof host) {
        lp_err_set(err, LP_ERR_USAGE, "'%s' is no address such as 10.0.0.1:7070", address);
        return NULL;
    }
    snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
    int failed = getaddrinfo(host[0] ? host : NULL, colon + 1, &hints, &found);
    if (failed) {
        lp_err_set(err, LP_ERR_USAGE, "unable to look up '%s': %s", address, gai_strerror(failed));
        return NULL;
    }
    return found;
}

int lp_link_listen(const char *address, uint16_t *port, struct lp_err *err)
{
    struct addrinfo *found = look_up(address, true, err);
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    int one = 1;
    if (!found)
        return -1;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd != -1)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd == -1 || bind(fd, found->ai_addr, found->ai_addrlen) == -1 || listen(fd, 128) == -1 ||
        getsockname(fd, (struct sockaddr *)&bound, &size) == -1) {
        lp_err_sys(err, LP_ERR_SELF, errno, "unable to listen at '%s'", address);
        if (fd != -1)
            close(fd);
        fd = -1;
    } else {
        *port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                                  : ((struct sockaddr_in *)&bound)->sin_port);
    }
    freeaddrinfo(found);
    return fd;
}

int lp_link_connect(const char *address, struct lp_err *err)
{
    struct addrinfo *found = look_up(address, false, err);
    int fd = -1;
    for (struct addrinfo *at = found; at && fd == -1; at = at->ai_next) {
        fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd != -1 && connect(fd, at->ai_addr, at->ai_addrlen) == -1) {
            lp_err_sys(err, LP_ERR_SELF, errno, "unable to reach '%s'", address);
            close(fd);
            fd = -1;
        }
    }
    if (found)
        freeaddrinfo(found);
    return fd;
}
