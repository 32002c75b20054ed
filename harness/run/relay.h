/* SPDX-License-Identifier: MIT */
/*
 * Containers on other hosts. Each runs an agent (run/agent.h), which joins over TCP, has a control
 * block of its own and starts the container's processes as ever. The relay is one child of the
 * runner that stands for all of them: it moves what changes between the run's control block and the
 * agents, and writes the history files from the records that they stream while they are made. A
 * host that is lost leaves its history up to what was last heard, marked as cut.
 *
 * Clocks of hosts are compared by round trips: an answer made at T of the agent's clock, asked for
 * at A and heard at B of ours, says that the agent's clock is ahead by T-B to T-A. Of each second
 * the shortest round trip counts. At the end every interval of the host's history is widened by
 * what remains uncertain, drift included: no verdict rests on clocks being right.
 */
#ifndef LP_RUN_RELAY_H
#define LP_RUN_RELAY_H

#include "run/container.h"
#include "run/link.h"

struct lp_relay {
    bool used;
    int listen_fd; /* -1: none */
    uint16_t port;
    void *role;
    struct lp_link_key key;
    char log[4096]; /* path of a file in the run folder: who joined, who was refused */
};

/* In the command. `key_file` NULL: a new key. */
int lp_relay_init(struct lp_relay *relay, const char *listen, const char *key_file,
                  const char *run_dir, struct lp_err *err) LP_MUST_CHECK;
void lp_relay_release(struct lp_relay *relay); /* takes a zeroed struct too */

/* In the runner's child. Never returns. */
void lp_relay_main(const struct lp_relay *relay, const struct lp_container_plan *plan) LP_NORETURN;

/* What is known of how far another clock is ahead of ours: not less than low, not more than high.
 */
struct lp_offset {
    bool known;
    int64_t low_ns, high_ns;
};
/* One round trip: what it says. */
struct lp_offset lp_offset_of(uint64_t asked_ns, uint64_t answered_ns, uint64_t heard_ns);
/* What is known a while of `lasted_ns` later, when a sample of then is heard; a sample that is not
   known adds nothing. */
void lp_offset_follow(struct lp_offset *current, const struct lp_offset *sample,
                      uint64_t lasted_ns);
/* Holds over the whole run: widens `all` so that it covers `sample`, which is from a time at most
   `apart_ns` away from the ones that it is to speak for. */
void lp_offset_cover(struct lp_offset *all, const struct lp_offset *sample, uint64_t apart_ns);
/* Rewrites one history file from the agent's clock to ours, every interval widened. */
int lp_offset_apply(const struct lp_offset *offset, int folder_fd, const char *name,
                    struct lp_err *err) LP_MUST_CHECK;
/* Marks it as cut: what its worker did later is not known. */
void lp_history_cut(int folder_fd, const char *name);

#endif
