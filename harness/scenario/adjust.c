/* SPDX-License-Identifier: MIT */
/*
 * What a command line may change in a scenario, and what follows from it: who sits where.
 */
#include <string.h>

#include "base/attr.h"
#include "scenario/schema.h"

const char *lp_placement_name(enum lp_placement placement)
{
    return lp_placement_names[placement];
}

int lp_placement_parse(const char *name, enum lp_placement *placement)
{
    for (unsigned i = 0; lp_placement_names[i]; i++) {
        if (strcmp(lp_placement_names[i], name) == 0) {
            *placement = (enum lp_placement)i;
            return 0;
        }
    }
    return -1;
}

unsigned lp_scenario_workers(const struct lp_scenario *scenario)
{
    unsigned workers = 0;

    for (size_t i = 0; i < scenario->group_count; i++)
        workers += scenario->groups[i].workers;
    return workers;
}

/* The first of the largest groups takes the difference: small ones are often the point of it. */
static int override_workers(struct lp_scenario *scenario, unsigned workers, struct lp_err *err)
{
    struct lp_group *largest = &scenario->groups[0];

    for (size_t i = 1; i < scenario->group_count; i++)
        if (scenario->groups[i].workers > largest->workers)
            largest = &scenario->groups[i];
    const unsigned others = lp_scenario_workers(scenario) - largest->workers;
    if (workers > LP_WORKERS_MAX)
        return lp_err_set(err, LP_ERR_USAGE, "%u workers, expected at most %d", workers,
                          LP_WORKERS_MAX);
    if (workers <= others)
        return lp_err_set(err, LP_ERR_USAGE,
                          "%u workers for scenario \"%s\", expected at least %u: one in group "
                          "\"%s\" and %u in the others",
                          workers, scenario->name, others + 1, largest->name, others);
    largest->workers = workers - others;
    return 0;
}

static int override_containers(struct lp_scenario *scenario, unsigned containers,
                               struct lp_err *err)
{
    if (containers > LP_CONTAINERS_MAX)
        return lp_err_set(err, LP_ERR_USAGE, "%u containers, expected at most %d", containers,
                          LP_CONTAINERS_MAX);
    for (size_t i = 0; i < scenario->group_count; i++)
        if (scenario->groups[i].container >= (int)containers)
            return lp_err_set(err, LP_ERR_USAGE,
                              "%u containers for scenario \"%s\", expected at least %d: group "
                              "\"%s\" is in container %d, counted from 0",
                              containers, scenario->name, scenario->groups[i].container + 1,
                              scenario->groups[i].name, scenario->groups[i].container);
    for (size_t i = 0; i < scenario->docker_count; i++)
        if (scenario->docker[i].container >= (int)containers)
            return lp_err_set(err, LP_ERR_USAGE,
                              "%u containers for scenario \"%s\", expected at least %d: `docker` "
                              "says how container %d is made, counted from 0",
                              containers, scenario->name, scenario->docker[i].container + 1,
                              scenario->docker[i].container);
    scenario->containers = containers;
    return 0;
}

/* The last row that names an image is the one that counts. */
static int override_image(struct lp_scenario *scenario, const char *image, struct lp_err *err)
{
    for (size_t i = 0; i < scenario->docker_count; i++)
        scenario->docker[i].image = NULL;
    if (scenario->docker_count == LP_DOCKER_ROWS_MAX)
        return lp_err_set(err, LP_ERR_USAGE, "`docker` of scenario \"%s\" has no room for an image",
                          scenario->name);
    scenario->docker[scenario->docker_count++] =
        (struct lp_docker_row){.container = -1, .image = image};
    return 0;
}

int lp_scenario_override(struct lp_scenario *scenario, const struct lp_overrides *overrides,
                         struct lp_err *err)
{
    if (overrides->workers && override_workers(scenario, overrides->workers, err) != 0)
        return -1;
    if (overrides->containers && override_containers(scenario, overrides->containers, err) != 0)
        return -1;
    /* Who names one of the two ways to end a run does not want the scenario's other one. */
    if (overrides->rounds || overrides->duration_ns) {
        scenario->rounds = overrides->rounds;
        scenario->duration_ns = overrides->duration_ns;
        for (size_t i = 0; i < scenario->group_count; i++)
            scenario->groups[i].rounds = 0;
    }
    if (overrides->placement != LP_PLACE_AUTO)
        scenario->placement = overrides->placement;
    if (overrides->seed)
        scenario->seed = overrides->seed;
    if (overrides->min_meetings >= 0)
        scenario->min_meetings = (unsigned)overrides->min_meetings;
    if (overrides->image && override_image(scenario, overrides->image, err) != 0)
        return -1;
    if (overrides->timeout_ns)
        scenario->timeout_ns = overrides->timeout_ns;
    return 0;
}

/* Workers that may be anywhere among the first `count`. */
static unsigned free_before(const struct lp_scenario *scenario, unsigned count)
{
    unsigned seen = 0;

    for (size_t i = 0; i < scenario->group_count && count > 0; i++) {
        const struct lp_group *group = &scenario->groups[i];
        const unsigned part = group->workers < count ? group->workers : count;
        if (group->container < 0)
            seen += part;
        count -= part;
    }
    return seen;
}

struct lp_seat lp_scenario_seat(const struct lp_scenario *scenario, unsigned index)
{
    unsigned first = 0;

    for (unsigned i = 0; i < scenario->group_count; i++) {
        const struct lp_group *group = &scenario->groups[i];
        if (index - first < group->workers) {
            if (group->container >= 0)
                return (struct lp_seat){i, (unsigned)group->container};
            return (struct lp_seat){i, free_before(scenario, index) % scenario->containers};
        }
        first += group->workers;
    }
    LP_BUG("a worker behind the last");
}
