/* SPDX-License-Identifier: MIT */
/*
 * The store and the locks: a driver by name, and its settings checked against what the driver says
 * about its parameters. Of a driver that exists but is not available here only the name is checked.
 */
#include <stdio.h>
#include <string.h>

#include "scenario/parse.h"

enum { SETTINGS_MAX = 64 };

struct resource_parse {
    struct lp_parse *parse;
    struct lp_resource *resource;
    unsigned role; /* LP_PLAYS_LOCK or LP_PLAYS_STORE */
};

static const char *role_name(unsigned role)
{
    return role == LP_PLAYS_LOCK ? "lock" : "store";
}

static int parse_driver(const struct resource_parse *self, const yaml_node_t *node)
{
    const struct lp_vocabulary *vocabulary = self->parse->vocabulary;
    const char *name = NULL;

    if (lp_parse_scalar(self->parse, node, "`driver`", &name) != 0)
        return -1;
    for (size_t i = 0; i < vocabulary->driver_count; i++) {
        const struct lp_vocabulary_driver *driver = &vocabulary->drivers[i];
        if (strcmp(driver->name, name) != 0)
            continue;
        if (driver->known && !(driver->roles & self->role))
            return lp_parse_fail(self->parse, lp_mark_of(node),
                                 "driver `%s` is no %s, expected a driver that plays this role",
                                 name, role_name(self->role));
        self->resource->driver = lp_arena_strdup(&self->parse->scenario->arena, name);
        self->resource->driver_index = (unsigned)i;
        return 0;
    }
    return lp_parse_fail(
        self->parse, lp_mark_of(node), "unknown driver %s%s", lp_quote(name).text,
        lp_hint(name, vocabulary->drivers, vocabulary->driver_count, sizeof(*vocabulary->drivers))
            .text);
}

/* `{name}` in a value must be one of the variables. */
static int check_variables(const struct resource_parse *self, const struct lp_setting *setting)
{
    for (const char *open = strchr(setting->value, '{'); open; open = strchr(open + 1, '{')) {
        const char *name = open + 1;
        const size_t len = strcspn(name, "{}");
        if (name[len] != '}')
            return lp_parse_fail(self->parse, setting->value_mark,
                                 "`%s` has a `{` without `}`, expected a variable such as {shared}",
                                 setting->key);
        bool found = false;
        for (size_t i = 0; i < lp_variable_count; i++)
            found |= strlen(lp_variables[i]) == len && strncmp(lp_variables[i], name, len) == 0;
        if (!found) {
            const char *word = lp_arena_strndup(&self->parse->scenario->arena, name, len);
            return lp_parse_fail(
                self->parse, setting->value_mark, "unknown variable %s in `%s`%s",
                lp_quote(word).text, setting->key,
                lp_hint(word, lp_variables, lp_variable_count, sizeof(*lp_variables)).text);
        }
    }
    return 0;
}

static int unknown_setting(const struct resource_parse *self, const struct lp_setting *setting,
                           const struct lp_vocabulary_driver *driver)
{
    const char *names[SETTINGS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < driver->param_count && count < SETTINGS_MAX; i++)
        if (driver->params[i].roles & self->role)
            names[count++] = driver->params[i].name;
    return lp_parse_fail(
        self->parse, setting->key_mark, "unknown setting %s of driver `%s` as a %s%s",
        lp_quote(setting->key).text, driver->name, role_name(self->role),
        count ? lp_hint(setting->key, names, count, sizeof(names[0])).text : ", expected none");
}

static int check_setting(const struct resource_parse *self, const struct lp_setting *setting,
                         const struct lp_vocabulary_driver *driver)
{
    for (size_t i = 0; i < driver->param_count; i++) {
        const struct lp_vocabulary_param *param = &driver->params[i];
        struct lp_err reason = {0};
        if (!(param->roles & self->role) || strcmp(param->name, setting->key) != 0)
            continue;
        if (param->check && param->check(param->param, setting->value, &reason) != 0)
            return lp_parse_fail(self->parse, setting->value_mark, "setting `%s` is wrong: %s",
                                 setting->key, reason.text);
        return 0;
    }
    return unknown_setting(self, setting, driver);
}

static int add_setting(const struct resource_parse *self, const char *key,
                       const yaml_node_t *key_node, const yaml_node_t *value_node)
{
    struct lp_resource *resource = self->resource;
    struct lp_arena *arena = &self->parse->scenario->arena;
    const char *value = NULL;

    if (value_node->type == YAML_MAPPING_NODE)
        return lp_parse_fail(self->parse, lp_mark_of(value_node),
                             "%s is a mapping, expected a text; a value with braces needs quotes: "
                             "\"{shared}/counter\"",
                             lp_quote(key).text);
    if (lp_parse_scalar(self->parse, value_node, lp_quote(key).text, &value) != 0)
        return -1;
    for (size_t i = 0; i < resource->setting_count; i++)
        if (strcmp(resource->settings[i].key, key) == 0)
            return lp_parse_fail(self->parse, lp_mark_of(key_node),
                                 "duplicate key %s, expected it once (it stands in line %u)",
                                 lp_quote(key).text, resource->settings[i].key_mark.line);
    if (resource->setting_count == SETTINGS_MAX)
        return lp_parse_fail(self->parse, lp_mark_of(key_node),
                             "too many settings, expected at most %d", SETTINGS_MAX);
    resource->settings[resource->setting_count++] = (struct lp_setting){
        .key = lp_arena_strdup(arena, key),
        .value = lp_arena_strdup(arena, value),
        .key_mark = lp_mark_of(key_node),
        .value_mark = lp_mark_of(value_node),
    };
    return 0;
}

/* All settings, in the order of the file; `driver` may stand anywhere among them. */
static int collect(const struct resource_parse *self, const yaml_node_t *node)
{
    const yaml_node_t *driver_key = NULL;

    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(self->parse->document, pair->key);
        const yaml_node_t *value = yaml_document_get_node(self->parse->document, pair->value);
        const char *name = NULL;
        if (lp_parse_scalar(self->parse, key, "a key", &name) != 0)
            return -1;
        if (strcmp(name, "driver") != 0) {
            if (add_setting(self, name, key, value) != 0)
                return -1;
            continue;
        }
        if (driver_key)
            return lp_parse_fail(self->parse, lp_mark_of(key),
                                 "duplicate key `driver`, expected it once (it stands in line %u)",
                                 lp_mark_of(driver_key).line);
        driver_key = key;
        if (parse_driver(self, value) != 0)
            return -1;
    }
    return 0;
}

static int parse_resource(const struct resource_parse *self, const yaml_node_t *node,
                          const char *name)
{
    struct lp_resource *resource = self->resource;

    if (node->type != YAML_MAPPING_NODE)
        return lp_parse_fail(self->parse, lp_mark_of(node),
                             "`%s` is %s, expected a mapping such as {driver: NAME, ...}", name,
                             lp_kind_name(node));
    *resource = (struct lp_resource){
        .name = lp_arena_strdup(&self->parse->scenario->arena, name),
        .settings = lp_arena_array(&self->parse->scenario->arena, SETTINGS_MAX,
                                   sizeof(*resource->settings)),
        .mark = lp_mark_of(node),
    };
    if (collect(self, node) != 0)
        return -1;
    if (!resource->driver)
        return lp_parse_fail(self->parse, resource->mark,
                             "`%s` names no driver, expected one such as {driver: NAME, ...}",
                             name);
    for (size_t i = 0; i < resource->setting_count; i++)
        if (check_variables(self, &resource->settings[i]) != 0)
            return -1;
    const struct lp_vocabulary_driver *driver =
        &self->parse->vocabulary->drivers[resource->driver_index];
    if (!driver->known)
        return 0;
    for (size_t i = 0; i < resource->setting_count; i++)
        if (check_setting(self, &resource->settings[i], driver) != 0)
            return -1;
    for (size_t i = 0; i < driver->param_count; i++) {
        const struct lp_vocabulary_param *param = &driver->params[i];
        bool given = !param->required || !(param->roles & self->role);
        for (size_t j = 0; j < resource->setting_count; j++)
            given |= strcmp(resource->settings[j].key, param->name) == 0;
        if (!given)
            return lp_parse_fail(self->parse, resource->mark,
                                 "no `%s` in `%s`, expected it: driver `%s` requires it",
                                 param->name, name, driver->name);
    }
    return 0;
}

int lp_parse_store(struct lp_parse *parse, void *base, const void *node)
{
    struct lp_scenario *scenario = base;

    return parse_resource(&(struct resource_parse){parse, &scenario->store, LP_PLAYS_STORE}, node,
                          "store");
}

int lp_parse_lock(struct lp_parse *parse, void *base, const void *node)
{
    struct lp_scenario *scenario = base;

    scenario->lock_count = 1;
    return parse_resource(&(struct resource_parse){parse, &scenario->locks[0], LP_PLAYS_LOCK}, node,
                          "lock");
}

static int parse_lock_name(struct lp_parse *parse, const yaml_node_t *node, const char **name)
{
    /* Words that stand where a lock's name may stand in a step. */
    static const char *const reserved[] = {"shared", "store"};
    const struct lp_scenario *scenario = parse->scenario;

    if (lp_parse_name(parse, node, "the name of a lock", name) != 0)
        return -1;
    for (size_t i = 0; i < LP_ARRAY_LEN(reserved); i++)
        if (strcmp(*name, reserved[i]) == 0)
            return lp_parse_fail(parse, lp_mark_of(node),
                                 "a lock is named `%s`, expected another name: steps use this word",
                                 *name);
    for (size_t i = 0; i < scenario->lock_count; i++)
        if (strcmp(*name, scenario->locks[i].name) == 0)
            return lp_parse_fail(parse, lp_mark_of(node),
                                 "duplicate lock `%s`, expected another name", *name);
    if (scenario->lock_count == LP_LOCKS_MAX)
        return lp_parse_fail(parse, lp_mark_of(node), "too many locks, expected at most %d",
                             LP_LOCKS_MAX);
    return 0;
}

int lp_parse_locks(struct lp_parse *parse, void *base, const void *node)
{
    struct lp_scenario *scenario = base;
    const yaml_node_t *map = node;

    if (scenario->lock_count > 0)
        return lp_parse_fail(parse, lp_mark_of(map), "`locks` beside `lock`, expected one of them");
    if (map->type != YAML_MAPPING_NODE ||
        map->data.mapping.pairs.start == map->data.mapping.pairs.top)
        return lp_parse_fail(parse, lp_mark_of(map),
                             "`locks` is %s, expected a mapping such as {a: {driver: NAME}, ...}",
                             map->type == YAML_MAPPING_NODE ? "empty" : lp_kind_name(map));
    for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start;
         pair < map->data.mapping.pairs.top; pair++) {
        const char *name = NULL;
        if (parse_lock_name(parse, yaml_document_get_node(parse->document, pair->key), &name) != 0)
            return -1;
        struct lp_resource *lock = &scenario->locks[scenario->lock_count];
        if (parse_resource(&(struct resource_parse){parse, lock, LP_PLAYS_LOCK},
                           yaml_document_get_node(parse->document, pair->value), name) != 0)
            return -1;
        scenario->lock_count++;
    }
    return 0;
}
