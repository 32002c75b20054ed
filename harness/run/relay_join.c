/* SPDX-License-Identifier: MIT */
/* Who comes to the relay: accepted, named, told its plan, or refused and logged. */
#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/clock.h"
#include "run/relay_peer.h"
#include "run/told.h"

void lp_relay_note(struct lp_relaying *self, const struct lp_peer *peer, const char *what)
{
    char stamp[32];
    if (self->log_fd != -1)
        dprintf(self->log_fd, "%s %s %s\n", lp_clock_stamp(stamp, sizeof stamp), peer->from, what);
}

static void name_peer(struct lp_peer *peer, const struct sockaddr_storage *address, socklen_t size)
{
    char host[64] = "?", port[16] = "?";
    getnameinfo((const struct sockaddr *)address, size, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(peer->from, sizeof peer->from, "%s:%s", host, port);
}

void lp_relay_accept(struct lp_relaying *self)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    int fd;
    while ((fd = accept4(self->relay->listen_fd, (struct sockaddr *)&address, &size,
                         SOCK_CLOEXEC | SOCK_NONBLOCK)) != -1) {
        struct lp_peer *peer = NULL;
        struct lp_err err;
        for (size_t i = 0; i < self->peer_room && !peer; i++)
            if (self->peers[i].state == LP_PEER_NONE)
                peer = &self->peers[i];
        if (!peer) {
            close(fd);
            continue;
        }
        *peer = (struct lp_peer){.state = LP_PEER_STRANGER, .since_ns = lp_clock_ns()};
        name_peer(peer, &address, size);
        if (lp_link_init(&peer->link, self->relay->role, fd, true, &err) == -1)
            peer->state = LP_PEER_NONE;
        size = sizeof address;
    }
}

void lp_relay_drop(struct lp_relaying *self, struct lp_peer *peer, const char *why)
{
    lp_relay_note(self, peer, why);
    lp_link_release(&peer->link);
    peer->state = LP_PEER_NONE;
}

static void refuse(struct lp_relaying *self, struct lp_peer *peer, const char *why)
{
    struct lp_err err;
    char text[300];
    lp_link_send(&peer->link, LP_FRAME_BYE, why, strlen(why));
    snprintf(text, sizeof text, "refused: %s", why);
    if (lp_link_pump(&peer->link, &err) == -1)
        snprintf(text, sizeof text, "refused: %s (%.200s)", why, err.text);
    lp_relay_drop(self, peer, text);
}

static void send_plan(struct lp_relaying *self, struct lp_peer *peer)
{
    const struct lp_container_plan *plan = self->plan;
    struct lp_told_paths paths = {.scratch = "", .run_dir = ""};
    struct lp_str payload;
    for (size_t i = 0; i < plan->server_count; i++)
        paths.urls[i] = plan->servers[i].url;
    char *text = lp_told_write(plan, &paths);
    lp_str_init(&payload);
    lp_str_add_bytes(&payload, &peer->number, sizeof peer->number);
    lp_str_add(&payload, text ? text : "");
    lp_link_send(&peer->link, LP_FRAME_PLAN, payload.ptr, payload.len);
    lp_str_release(&payload);
    free(text);
}

void lp_relay_hello(struct lp_relaying *self, struct lp_peer *peer, const struct lp_frame *frame)
{
    json_t *root = json_loadb(frame->payload, frame->len, 0, NULL);
    const char *version = json_string_value(json_object_get(root, "lockproof"));
    const char *host = json_string_value(json_object_get(root, "host"));
    char text[200];
    snprintf(peer->host, sizeof peer->host, "%s", host ? host : "?");
    if (!version || strcmp(version, LP_VERSION) != 0) {
        refuse(self, peer, "another version than " LP_VERSION);
    } else if (self->joined == self->plan->scenario->containers) {
        refuse(self, peer, "no container is missing any more");
    } else {
        peer->number = self->joined++;
        peer->state = LP_PEER_JOINED;
        snprintf(text, sizeof text, "joined as container %u on %s", peer->number, peer->host);
        lp_relay_note(self, peer, text);
        send_plan(self, peer);
        uint32_t prepared = atomic_load(&self->plan->control->prepared);
        lp_link_send(&peer->link, LP_FRAME_TURN, &prepared, sizeof prepared);
        lp_relay_ping(peer);
    }
    json_decref(root);
}
