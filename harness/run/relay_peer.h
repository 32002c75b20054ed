/* SPDX-License-Identifier: MIT */
/* Inside the relay: one connection, and what is written of it. */
#ifndef LP_RUN_RELAY_PEER_H
#define LP_RUN_RELAY_PEER_H

#include <netdb.h>
#include "run/relay.h"

enum lp_peer_state {
    LP_PEER_NONE,
    LP_PEER_STRANGER, /* has not said who it is */
    LP_PEER_JOINED,
    LP_PEER_DONE, /* its container ended well, and all of it is here */
    LP_PEER_LOST,
};

struct lp_peer {
    enum lp_peer_state state;
    struct lp_link link;
    char from[88];
    char host[64];
    uint32_t number; /* of the container */
    uint64_t since_ns, heard_ns;
    uint32_t ready, arrived, ended;
    /* Clocks: the shortest round trip of the current while, and what all of them say. */
    struct lp_offset best, current, all;
    uint64_t best_trip_ns, while_ns; /* when it began */
    uint32_t pings;
    bool asked; /* a ping is under way */
};

struct lp_relaying {
    const struct lp_relay *relay;
    const struct lp_container_plan *plan;
    struct lp_peer *peers;
    size_t peer_room;
    struct pollfd *polled;
    unsigned joined, over;
    uint32_t released;
    bool gate_told;
    uint64_t stopping_ns;
    int wake_fd, timer_fd, signal_fd, log_fd;
};

/* relay_join.c */
void lp_relay_note(struct lp_relaying *self, const struct lp_peer *peer, const char *what);
void lp_relay_accept(struct lp_relaying *self);
void lp_relay_drop(struct lp_relaying *self, struct lp_peer *peer, const char *why);
void lp_relay_hello(struct lp_relaying *self, struct lp_peer *peer, const struct lp_frame *frame);

void lp_relay_ping(struct lp_peer *peer);
void lp_relay_pong(struct lp_relaying *self, struct lp_peer *peer, const struct lp_frame *frame);
/* Bytes of a history. -1: no room; trouble is set. */
int lp_relay_write(struct lp_relaying *self, struct lp_peer *peer, const struct lp_frame *frame);
/* When all is over: moves the times of every file, marks those that were cut. */
int lp_relay_finish(struct lp_relaying *self, struct lp_err *err);

#endif
