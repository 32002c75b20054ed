/* SPDX-License-Identifier: MIT */
/* All servers of a run, and the network between them and the containers where one is needed. */
#ifndef LP_RUN_BACKENDS_H
#define LP_RUN_BACKENDS_H

#include "run/container.h"
#include "run/topology.h"

struct lp_backends {
    struct lp_server_set sets[LP_SERVER_NEEDS_MAX]; /* by the scenario's servers */
    size_t count;
    struct lp_network network; /* made only when links can be cut or slow */
    unsigned first_container;  /* node of container 0, where containers are nodes */
    bool containers_are_nodes;
};

/* Does some fault need a network of our own? Some server a small disk? */
bool lp_scenario_needs_network(const struct lp_scenario *scenario);
bool lp_scenario_fills_disks(const struct lp_scenario *scenario);

/* In the runner: starts all, and writes their addresses into `plan`. Release them in any case. */
int lp_backends_start(struct lp_backends *backends, struct lp_container_plan *plan,
                      struct lp_err *err) LP_MUST_CHECK;
void lp_backends_release(struct lp_backends *backends);

/* Must containers share our network, since servers are reached by an address? */
bool lp_backends_are_remote(const struct lp_backends *backends);
/* In a container's new process: enters its node. */
int lp_backends_enter(const struct lp_backends *backends, unsigned container,
                      struct lp_err *err) LP_MUST_CHECK;

#endif
