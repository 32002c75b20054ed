/* SPDX-License-Identifier: MIT */
/*
 * The list of servers: those that the scenario names, because they are more than one of a kind, and
 * one of each further kind that a driver needs.
 */
#include <string.h>

#include "base/str.h"
#include "scenario/parse.h"

enum { ENSEMBLE_DEFAULT = 3, INDEPENDENT_DEFAULT = 5, REPLICA_DEFAULT = 2 };

static struct lp_server_need *find(struct lp_scenario *scenario, const char *name)
{
    for (size_t i = 0; i < scenario->server_count; i++)
        if (strcmp(scenario->servers[i].name, name) == 0)
            return &scenario->servers[i];
    return NULL;
}

int lp_parse_server_name(struct lp_parse *parse, void *base, const void *node)
{
    struct lp_server_need *need = base;
    const char *const *names = parse->vocabulary->servers;
    const char *text = NULL;
    size_t count = 0;

    if (lp_parse_scalar(parse, node, "`name`", &text) != 0)
        return -1;
    if (find(parse->scenario, text))
        return lp_parse_fail(parse, lp_mark_of(node),
                             "duplicate server `%s`, expected each kind "
                             "once (see `count`)",
                             text);
    for (; names && names[count]; count++) {
        if (strcmp(names[count], text) == 0) {
            need->name = names[count];
            return 0;
        }
    }
    return lp_parse_fail(parse, lp_mark_of(node), "unknown server %s%s", lp_quote(text).text,
                         lp_hint(text, names, count, sizeof(*names)).text);
}

/* What a topology is without a count, and which counts make sense. */
static int check_count(struct lp_parse *parse, struct lp_server_need *need)
{
    static const unsigned usual[] = {
        [LP_TOPOLOGY_ONE] = 1,
        [LP_TOPOLOGY_REPLICA] = REPLICA_DEFAULT,
        [LP_TOPOLOGY_INDEPENDENT] = INDEPENDENT_DEFAULT,
        [LP_TOPOLOGY_ENSEMBLE] = ENSEMBLE_DEFAULT,
        [LP_TOPOLOGY_POOLER] = 1,
    };
    const bool single = need->topology == LP_TOPOLOGY_ONE || need->topology == LP_TOPOLOGY_POOLER;

    if (need->count == 0)
        need->count = usual[need->topology];
    if (single == (need->count == 1))
        return 0;
    return lp_parse_fail(parse, need->mark, "topology `%s` with `count: %u`, expected %s",
                         lp_topology_names[need->topology], need->count,
                         single ? "1" : "at least 2");
}

int lp_parse_servers(struct lp_parse *parse, void *base, const void *node)
{
    struct lp_scenario *scenario = base;
    const yaml_node_t *list = node;

    if (list->type != YAML_SEQUENCE_NODE)
        return lp_parse_fail(parse, lp_mark_of(list),
                             "`servers` is %s, expected a list such as [{name: redis, topology: "
                             "independent, count: 5}]",
                             lp_kind_name(list));
    for (const yaml_node_item_t *item = list->data.sequence.items.start;
         item < list->data.sequence.items.top; item++) {
        const yaml_node_t *child = yaml_document_get_node(parse->document, *item);
        struct lp_server_need need = {.mark = lp_mark_of(child)};
        struct lp_members members;
        if (scenario->server_count == LP_SERVER_NEEDS_MAX)
            return lp_parse_fail(parse, need.mark, "too many servers, expected at most %d kinds",
                                 LP_SERVER_NEEDS_MAX);
        if (lp_parse_keys(parse, child, LP_KEY_SERVER, "a server", &members) != 0 ||
            lp_parse_members(parse, &members, LP_KEY_SERVER, &need) != 0)
            return -1;
        if (!need.name)
            return lp_parse_fail(parse, need.mark, "a server without `name`, expected its kind");
        if (check_count(parse, &need) != 0)
            return -1;
        scenario->servers[scenario->server_count++] = need;
    }
    return 0;
}

static int add_server(struct lp_parse *parse, const struct lp_resource *resource)
{
    struct lp_scenario *scenario = parse->scenario;
    const char *server = parse->vocabulary->drivers[resource->driver_index].server;

    if (!server || find(scenario, server))
        return 0;
    if (scenario->server_count == LP_SERVER_NEEDS_MAX)
        return lp_parse_fail(parse, resource->mark,
                             "too many kinds of servers, expected at most "
                             "%d",
                             LP_SERVER_NEEDS_MAX);
    scenario->servers[scenario->server_count++] =
        (struct lp_server_need){.name = server, .topology = LP_TOPOLOGY_ONE, .count = 1};
    return 0;
}

int lp_add_servers(struct lp_parse *parse)
{
    const struct lp_scenario *scenario = parse->scenario;

    if (add_server(parse, &scenario->store) != 0)
        return -1;
    for (size_t i = 0; i < scenario->lock_count; i++)
        if (add_server(parse, &scenario->locks[i]) != 0)
            return -1;
    return 0;
}

void lp_write_server_name(const struct lp_scenario *scenario, const void *base, int indent,
                          struct lp_str *out)
{
    const struct lp_server_need *need = base;

    (void)scenario;
    lp_str_addf(out, "%*sname: %s\n", indent, "", need->name);
}

void lp_write_servers(const struct lp_scenario *scenario, const void *base, int indent,
                      struct lp_str *out)
{
    (void)base;
    if (scenario->server_count == 0)
        return;
    lp_str_addf(out, "%*sservers:\n", indent, "");
    for (size_t i = 0; i < scenario->server_count; i++)
        lp_write_item(scenario, LP_KEY_SERVER, &scenario->servers[i], indent, out);
}
