/* SPDX-License-Identifier: MIT */
/* Servers of one kind that a scenario needs: one, a primary with replicas, several that do not know
   each other, the members of an ensemble, or one with a pooler of connections before it. */
#ifndef LP_RUN_TOPOLOGY_H
#define LP_RUN_TOPOLOGY_H

#include "fault/network.h"
#include "run/server.h"
#include "scenario/fault.h"

struct lp_server_set {
    const struct lp_server_need *need;
    struct lp_server servers[LP_SERVERS_EACH_MAX + 1]; /* in order; a pooler comes last */
    size_t count;
    const char *urls[LP_SERVERS_EACH_MAX + 1]; /* for clients, in the same order */
    size_t url_count;
    bool given;    /* by the environment: none of them is ours */
    unsigned node; /* of the first one in the network */
};

/*
 * Starts all of them in folders below `scratch` and waits until they are ready together. In a
 * `network` (NULL: none) each is a node of its own. LP_ERR_NEED when a program is missing, or the
 * environment names fewer than needed. Release it in any case.
 */
int lp_server_set_start(struct lp_server_set *set, const struct lp_server_need *need,
                        const char *scratch, struct lp_network *network, bool small_disk,
                        struct lp_err *err) LP_MUST_CHECK;
void lp_server_set_release(struct lp_server_set *set); /* takes a zeroed struct too */

/* Must clients come by an address? */
bool lp_server_set_is_remote(const struct lp_server_set *set);

/* Makes the first replica the primary and asks it whether it is. */
int lp_server_set_promote(struct lp_server_set *set, struct lp_err *err) LP_MUST_CHECK;

#endif
