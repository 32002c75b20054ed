/* SPDX-License-Identifier: MIT */
/*
 * Workers as a replicated job of an existing Docker Swarm, spread over its nodes (Engine API 1.41).
 * The one-time secret travels as a secret of the Swarm; the service has the nodes' network, so that
 * no virtual address is needed, and the nodes' /dev/shm as the folder that containers of one node
 * share. Everything is labelled and removed as in place/docker.h.
 */
#ifndef LP_PLACE_SWARM_H
#define LP_PLACE_SWARM_H

#include "place/docker.h"

struct lp_swarm {
    const struct lp_docker *docker; /* scenario, run_id, owner, scratch */
    const char *secret;             /* text of the one-time secret */
    uint16_t port;                  /* where the coordinator listens, on the manager's address */
    const char *address;            /* that address; NULL: the node's own in the Swarm */
};

/* Is this engine a manager of a Swarm? */
int lp_swarm_usable(struct lp_err *err) LP_MUST_CHECK;
/* Makes secret and job. */
int lp_swarm_start(const struct lp_swarm *swarm, struct lp_err *err) LP_MUST_CHECK;
/* Why tasks of the job did not start, in the Swarm's own words; "" when nothing is said. */
void lp_swarm_complaint(const char *run_id, char *text, size_t size);

#endif
