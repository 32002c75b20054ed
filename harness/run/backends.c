/* SPDX-License-Identifier: MIT */
/* Servers first: containers are told where they are. */
#include "run/backends.h"

#include <errno.h>
#include <sched.h>

#include "fault/disk.h"

bool lp_scenario_needs_network(const struct lp_scenario *scenario)
{
    for (size_t i = 0; i < scenario->fault_count; i++)
        if (lp_fault_rows[scenario->faults[i].kind].network)
            return true;
    return false;
}

bool lp_scenario_fills_disks(const struct lp_scenario *scenario)
{
    for (size_t i = 0; i < scenario->fault_count; i++)
        if (scenario->faults[i].kind == LP_FAULT_DISK_FULL)
            return true;
    return false;
}

static int start_all(struct lp_backends *backends, struct lp_container_plan *plan,
                     struct lp_err *err)
{
    const struct lp_scenario *scenario = plan->scenario;
    struct lp_network *network = backends->network.made ? &backends->network : NULL;
    bool small_disk = lp_scenario_fills_disks(scenario);
    for (size_t i = 0; i < scenario->server_count; i++) {
        struct lp_server_set *set = &backends->sets[backends->count++];
        if (lp_server_set_start(set, &scenario->servers[i], plan->scratch, network, small_disk,
                                err) == -1)
            return -1;
        for (size_t k = 0; k < set->url_count && plan->server_count < LP_SERVERS_MAX; k++)
            plan->servers[plan->server_count++] =
                (struct lp_server_address){.name = set->need->name, .url = set->urls[k]};
    }
    return 0;
}

int lp_backends_start(struct lp_backends *backends, struct lp_container_plan *plan,
                      struct lp_err *err)
{
    const struct lp_scenario *scenario = plan->scenario;
    if (lp_scenario_fills_disks(scenario) && lp_disk_own_mounts(err) == -1)
        return -1;
    if (lp_scenario_needs_network(scenario) && lp_network_init(&backends->network, err) == -1)
        return -1;
    if (start_all(backends, plan, err) == -1)
        return -1;
    backends->containers_are_nodes = backends->network.made && plan->place->namespaces;
    backends->first_container = backends->network.count;
    for (unsigned i = 0; backends->containers_are_nodes && i < scenario->containers; i++)
        if (lp_network_add(&backends->network, err) == -1)
            return -1;
    return 0;
}

void lp_backends_release(struct lp_backends *backends)
{
    while (backends->count > 0)
        lp_server_set_release(&backends->sets[--backends->count]);
    lp_network_release(&backends->network);
}

bool lp_backends_are_remote(const struct lp_backends *backends)
{
    for (size_t i = 0; i < backends->count; i++)
        if (lp_server_set_is_remote(&backends->sets[i]))
            return true;
    return false;
}

int lp_backends_enter(const struct lp_backends *backends, unsigned container, struct lp_err *err)
{
    if (!backends->containers_are_nodes)
        return 0;
    int fd = backends->network.nodes[backends->first_container + container].fd;
    if (setns(fd, CLONE_NEWNET) == 0)
        return 0;
    return lp_err_sys(err, LP_ERR_SELF, errno, "unable to enter a container's network");
}
