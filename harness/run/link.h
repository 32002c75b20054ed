/* SPDX-License-Identifier: MIT */
/*
 * A connection between a coordinator and a container on another host: frames over TLS 1.3 with a
 * pre-shared key (RFC 8446, 4.2.11, with a Diffie-Hellman exchange), no certificates. Who does not
 * know the key cannot get past the handshake, in either direction. Nothing here blocks but
 * lp_link_dial(); the owner polls the descriptor.
 *
 * Built without OpenSSL every call that would open something is an LP_ERR_NEED.
 */
#ifndef LP_RUN_LINK_H
#define LP_RUN_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/str.h"

#define LP_LINK_KEY 32                       /* bytes of a key */
#define LP_LINK_FRAME_MAX (4u * 1024 * 1024) /* a longer one is no frame of ours */

struct lp_link_key {
    unsigned char bytes[LP_LINK_KEY];
};

/* A new key from the kernel's random numbers. */
int lp_link_key_make(struct lp_link_key *key, struct lp_err *err) LP_MUST_CHECK;
/* 64 hexadecimal digits, as files hold them. */
void lp_link_key_text(const struct lp_link_key *key, char text[2 * LP_LINK_KEY + 1]);
int lp_link_key_read(struct lp_link_key *key, const char *file, struct lp_err *err) LP_MUST_CHECK;

/* One side's role and key, for any number of links; an opaque SSL_CTX. */
void *lp_link_server(const struct lp_link_key *key, struct lp_err *err);
void *lp_link_client(const struct lp_link_key *key, struct lp_err *err);
void lp_link_role_free(void *role); /* takes NULL too */

struct lp_link {
    int fd;      /* -1: closed */
    void *tls;   /* SSL */
    bool shaken; /* the handshake is over: the other side knows the key */
    struct lp_str in, out;
    size_t taken; /* bytes of `in` that were handed out */
};

/* Takes over a connected socket. */
int lp_link_init(struct lp_link *link, void *role, int fd, bool server,
                 struct lp_err *err) LP_MUST_CHECK;
void lp_link_release(struct lp_link *link); /* takes a zeroed struct too */

/* Does whatever can be done now: handshake, reading, writing. -1: it is over, and *err says how. */
int lp_link_pump(struct lp_link *link, struct lp_err *err) LP_MUST_CHECK;
/* Sends what is queued, and waits until the other side has closed, which says that it has read it.
 */
void lp_link_finish(struct lp_link *link, uint64_t deadline_ns);
/* What to poll for. */
short lp_link_events(const struct lp_link *link);

/* Queues one frame; lp_link_pump() sends it. */
void lp_link_send(struct lp_link *link, uint32_t type, const void *payload, size_t len);
/* The next frame that came; valid until the next call of anything. False: none is whole yet. */
struct lp_frame {
    uint32_t type;
    const char *payload;
    size_t len;
};
bool lp_link_next(struct lp_link *link, struct lp_frame *frame);

/* "HOST:PORT" or ":PORT"; listens, and tells the port that it got. */
int lp_link_listen(const char *address, uint16_t *port, struct lp_err *err) LP_MUST_CHECK;
/* One try to connect, without a handshake; the descriptor, or -1. */
int lp_link_connect(const char *address, struct lp_err *err);
/* Connects and shakes hands, again and again until `deadline_ns`; then with the last reason. */
int lp_link_dial(struct lp_link *link, void *role, const char *address, uint64_t deadline_ns,
                 struct lp_err *err) LP_MUST_CHECK;

/* ---- frames between relay and agent; numbers in the sender's byte order (one architecture) ----
 */

enum lp_frame_type {
    /* agent to relay */
    LP_FRAME_HELLO = 1, /* JSON: version, host, boot_id */
    LP_FRAME_PONG,      /* struct lp_frame_clock */
    LP_FRAME_PREPARED,  /* nothing: its stores and locks are there */
    LP_FRAME_READY,     /* uint32_t: its workers at the gate */
    LP_FRAME_ARRIVED,   /* uint32_t: bursts that all its workers have arrived at */
    LP_FRAME_ENDED,     /* uint32_t: its workers that ended */
    LP_FRAME_ROUNDS,    /* struct lp_frame_rounds [] */
    LP_FRAME_DATA,      /* struct lp_frame_data, then the bytes */
    LP_FRAME_TROUBLE,   /* uint32_t: enum lp_err_kind; then the text */
    LP_FRAME_COMPLAINT, /* text */
    LP_FRAME_DONE,      /* nothing: its container ended well, all was sent */
    /* relay to agent */
    LP_FRAME_PLAN = 100, /* uint32_t: number of the container; then JSON (run/told.h) */
    LP_FRAME_PING,       /* uint64_t: the relay's clock */
    LP_FRAME_TURN,       /* uint32_t: containers that are prepared */
    LP_FRAME_GATE,       /* uint32_t: enum lp_gate */
    LP_FRAME_RELEASE,    /* uint32_t: bursts that may begin */
    LP_FRAME_STOP,
    LP_FRAME_KILL,
    LP_FRAME_ALL_ENDED,
    LP_FRAME_BYE, /* text: why it is not wanted; or nothing: the run is over */
};

struct lp_frame_clock {
    uint64_t asked_ns;    /* of the PING */
    uint64_t answered_ns; /* the agent's clock */
};

struct lp_frame_rounds {
    uint32_t worker;
    uint32_t rounds;
};

struct lp_frame_data {
    char name[32]; /* of the file in the history folder */
    uint64_t offset;
};

#endif
