/* SPDX-License-Identifier: MIT */
/* Are two scenarios equal in all but places in the file? Says in which member they differ. */
#ifndef LP_TESTS_EQUAL_H
#define LP_TESTS_EQUAL_H

#include <string.h>
#include "scenario/scenario.h"

static bool same_text(const char *a, const char *b)
{
    return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

static bool same_range(struct lp_range a, struct lp_range b)
{
    return a.min_ns == b.min_ns && a.max_ns == b.max_ns;
}

static const char *differs_resource(const struct lp_resource *a, const struct lp_resource *b)
{
    if (!same_text(a->name, b->name) || !same_text(a->driver, b->driver) ||
        a->driver_index != b->driver_index)
        return "driver";
    if (a->setting_count != b->setting_count)
        return "setting_count";
    for (size_t i = 0; i < a->setting_count; i++)
        if (!same_text(a->settings[i].key, b->settings[i].key) ||
            !same_text(a->settings[i].value, b->settings[i].value))
            return "settings";
    return NULL;
}

static const char *differs_group(const struct lp_group *a, const struct lp_group *b)
{
    if (!same_text(a->name, b->name) || a->workers != b->workers || a->rounds != b->rounds ||
        !same_range(a->pause, b->pause))
        return "group";
    if (a->container != b->container || a->on_error != b->on_error || a->on_busy != b->on_busy)
        return "group policy";
    if (a->step_count != b->step_count)
        return "step_count";
    for (size_t i = 0; i < a->step_count; i++)
        if (a->steps[i].kind != b->steps[i].kind || a->steps[i].target != b->steps[i].target ||
            a->steps[i].mode != b->steps[i].mode || a->steps[i].fence != b->steps[i].fence ||
            !same_range(a->steps[i].think, b->steps[i].think))
            return "steps";
    return NULL;
}

static const char *differs_docker(const struct lp_docker_row *a, const struct lp_docker_row *b)
{
    if (a->container != b->container || !same_text(a->image, b->image) ||
        a->mount_count != b->mount_count || !same_text(a->ipc, b->ipc) ||
        !same_text(a->pid, b->pid) || !same_text(a->network, b->network))
        return "docker row";
    if (!same_text(a->user, b->user) || !same_text(a->memory, b->memory) ||
        !same_text(a->cpus, b->cpus) || a->pids != b->pids || a->read_only != b->read_only)
        return "docker limits";
    /* Mounts are written kind by kind: the order of different kinds does not matter. */
    for (size_t i = 0; i < a->mount_count; i++) {
        size_t same = 0;
        for (size_t j = 0; j < b->mount_count; j++) {
            const struct lp_mount *x = &a->mounts[i], *y = &b->mounts[j];
            same += x->kind == y->kind && same_text(x->source, y->source) &&
                    same_text(x->target, y->target) && x->read_only == y->read_only &&
                    x->file == y->file && x->new_file == y->new_file;
        }
        if (same == 0)
            return "docker mount";
    }
    return NULL;
}

static const char *differs_numbers(const struct lp_scenario *a, const struct lp_scenario *b)
{
    if (a->containers != b->containers || a->placement != b->placement ||
        a->placement_needed != b->placement_needed)
        return "placement";
    if (a->docker_count != b->docker_count)
        return "docker";
    for (size_t i = 0; i < a->docker_count; i++)
        if (differs_docker(&a->docker[i], &b->docker[i]))
            return differs_docker(&a->docker[i], &b->docker[i]);
    if (a->rounds != b->rounds || a->duration_ns != b->duration_ns || a->start != b->start)
        return "rounds";
    if (a->deadline_ns != b->deadline_ns || a->timeout_ns != b->timeout_ns)
        return "timeout";
    if (a->min_meetings != b->min_meetings || a->burst != b->burst || a->misuse != b->misuse ||
        a->seed != b->seed)
        return "min_meetings, burst, misuse or seed";
    if (a->explore.workers != b->explore.workers || a->explore.rounds != b->explore.rounds)
        return "explore";
    return NULL;
}

/* NULL when they are equal. */
static const char *differs(const struct lp_scenario *a, const struct lp_scenario *b)
{
    const char *member = differs_numbers(a, b);

    if (!same_text(a->title, b->title) || !same_text(a->summary, b->summary) ||
        !same_text(a->why, b->why) || !same_text(a->fix, b->fix) ||
        !same_text(a->interleaving, b->interleaving) || !same_text(a->sources, b->sources) ||
        !same_text(a->twin, b->twin))
        return "texts";
    if (a->expect != b->expect || !same_text(a->cause, b->cause))
        return "expect";
    if (a->lock_count != b->lock_count || a->group_count != b->group_count)
        return "lock_count or group_count";
    if (!member)
        member = differs_resource(&a->store, &b->store);
    for (size_t i = 0; i < a->lock_count && !member; i++)
        member = differs_resource(&a->locks[i], &b->locks[i]);
    for (size_t i = 0; i < a->group_count && !member; i++)
        member = differs_group(&a->groups[i], &b->groups[i]);
    return member;
}

#endif
