/* SPDX-License-Identifier: MIT */
/*
 * Groups of workers: a list of them, or the keys of the only one at top level.
 */
#include <string.h>

#include "base/units.h"
#include "scenario/parse.h"

enum { WORKERS_DEFAULT = 8 };

static struct lp_group *add_group(struct lp_scenario *scenario, const yaml_node_t *node)
{
    struct lp_group *group = &scenario->groups[scenario->group_count++];

    *group = (struct lp_group){
        .workers = WORKERS_DEFAULT,
        .pause = {.min_ns = 0, .max_ns = 300 * LP_US},
        .container = -1,
        .on_error = LP_ON_ERROR_END_ROUND,
        .on_busy = LP_ON_BUSY_RETRY_ROUND,
        .mark = lp_mark_of(node),
    };
    return group;
}

/* Where a group's key has its value; `otherwise` when it was not given. */
static struct lp_mark mark_of_key(const struct lp_members *members, const char *name,
                                  struct lp_mark otherwise)
{
    for (size_t i = 0; i < lp_key_count; i++)
        if ((lp_keys[i].places & LP_KEY_GROUP) && members->values[i] &&
            strcmp(lp_keys[i].name, name) == 0)
            return lp_mark_of(members->values[i]);
    return otherwise;
}

/* What only shows when all keys of the group are known. */
static int check_group(struct lp_parse *parse, const struct lp_group *group,
                       const struct lp_members *members)
{
    const struct lp_scenario *scenario = parse->scenario;
    const unsigned workers = lp_scenario_workers(scenario);

    if (group->step_count == 0)
        return lp_parse_fail(parse, group->mark,
                             "no `steps`, expected a list such as [lock, read, write, unlock]");
    if (group->container >= (int)scenario->containers)
        return lp_parse_fail(parse, mark_of_key(members, "container", group->mark),
                             "group `%s` is in container %d, expected one from 0 to %u (see "
                             "`containers`)",
                             group->name, group->container, scenario->containers - 1);
    if (workers > LP_WORKERS_MAX)
        return lp_parse_fail(parse, mark_of_key(members, "workers", group->mark),
                             "%u workers in all groups, expected at most %d", workers,
                             LP_WORKERS_MAX);
    for (const struct lp_group *other = scenario->groups; other < group; other++)
        if (strcmp(other->name, group->name) == 0)
            return lp_parse_fail(parse, mark_of_key(members, "name", group->mark),
                                 "duplicate group `%s`, expected another name", group->name);
    return lp_check_sequence(parse, group);
}

int lp_parse_groups(struct lp_parse *parse, void *base, const void *node)
{
    struct lp_scenario *scenario = base;
    const yaml_node_t *list = node;

    if (list->type != YAML_SEQUENCE_NODE ||
        list->data.sequence.items.start == list->data.sequence.items.top)
        return lp_parse_fail(parse, lp_mark_of(list),
                             "`groups` is %s, expected a list such as [{workers: 4, steps: [...]}]",
                             list->type == YAML_SEQUENCE_NODE ? "empty" : lp_kind_name(list));
    for (const yaml_node_item_t *item = list->data.sequence.items.start;
         item < list->data.sequence.items.top; item++) {
        const yaml_node_t *child = yaml_document_get_node(parse->document, *item);
        struct lp_members members;
        if (scenario->group_count == LP_GROUPS_MAX)
            return lp_parse_fail(parse, lp_mark_of(child), "too many groups, expected at most %d",
                                 LP_GROUPS_MAX);
        struct lp_group *group = add_group(scenario, child);
        if (lp_parse_keys(parse, child, LP_KEY_GROUP, "a group", &members) != 0 ||
            lp_parse_members(parse, &members, LP_KEY_GROUP, group) != 0)
            return -1;
        if (!group->name)
            group->name = lp_arena_printf(&scenario->arena, "group%zu", scenario->group_count);
        if (check_group(parse, group, &members) != 0)
            return -1;
    }
    return 0;
}

int lp_parse_sole_group(struct lp_parse *parse, const yaml_node_t *root,
                        const struct lp_members *members)
{
    struct lp_scenario *scenario = parse->scenario;

    if (scenario->group_count > 0) {
        for (size_t i = 0; i < lp_key_count; i++)
            if ((lp_keys[i].places & LP_KEY_SOLE) && members->keys[i])
                return lp_parse_fail(parse, lp_mark_of(members->keys[i]),
                                     "key `%s` beside `groups`, expected it in one of the groups",
                                     lp_keys[i].name);
        return 0;
    }
    struct lp_group *group = add_group(scenario, root);
    group->name = "workers";
    if (lp_parse_members(parse, members, LP_KEY_SOLE, group) != 0)
        return -1;
    return check_group(parse, group, members);
}

int lp_parse_steps(struct lp_parse *parse, void *base, const void *node)
{
    struct lp_group *group = base;
    const yaml_node_t *list = node;

    if (list->type != YAML_SEQUENCE_NODE ||
        list->data.sequence.items.start == list->data.sequence.items.top)
        return lp_parse_fail(parse, lp_mark_of(list),
                             "`steps` is %s, expected a list such as [lock, read, write, unlock]",
                             list->type == YAML_SEQUENCE_NODE ? "empty" : lp_kind_name(list));
    group->steps = lp_arena_array(&parse->scenario->arena, LP_STEPS_MAX, sizeof(*group->steps));
    for (const yaml_node_item_t *item = list->data.sequence.items.start;
         item < list->data.sequence.items.top; item++) {
        const yaml_node_t *child = yaml_document_get_node(parse->document, *item);
        if (group->step_count == LP_STEPS_MAX)
            return lp_parse_fail(parse, lp_mark_of(child), "too many steps, expected at most %d",
                                 LP_STEPS_MAX);
        if (lp_parse_step(parse, child, &group->steps[group->step_count]) != 0)
            return -1;
        group->step_count++;
    }
    return 0;
}
