/* SPDX-License-Identifier: MIT */
/*
 * A container on another host than the coordinator: joins it, is told what to do, does it with a
 * control block of its own, and streams its histories while they are made. When the connection ends
 * before the run does, its workers are killed and what they left is removed.
 */
#ifndef LP_RUN_AGENT_H
#define LP_RUN_AGENT_H

#include "run/container.h"

/* Where a folder is mounted that all containers of this node share; each run has its own in it. */
#define LP_AGENT_ROOT "/lockproof/shared"

struct lp_agent_options {
    const char *address;  /* HOST:PORT of the coordinator */
    const char *key_file; /* holds the one-time secret */
    uint64_t patience_ns; /* how long the coordinator may take to appear */
    const struct lp_registry *registry;
    const struct lp_vocabulary *vocabulary;
};
/* 0: the run came to its end. -1: not, and *err says why. */
int lp_agent_main(const struct lp_agent_options *options, struct lp_err *err) LP_MUST_CHECK;

/* A history file that is still written, sent as it grows. */
struct lp_link;
struct lp_stream {
    char name[32];
    int fd;
    size_t final; /* records that were sent complete */
    char *header; /* as sent last */
};
/* Sends what is new; opens the file when it is there. */
void lp_stream_send(struct lp_stream *stream, int folder_fd, struct lp_link *link);
void lp_stream_release(struct lp_stream *stream);

#endif
