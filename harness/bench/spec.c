/* SPDX-License-Identifier: MIT */
/* "sqlite:journal=wal,mode=exclusive" to a resource with settings. */
#include "bench/bench.h"

#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/str.h"

/* Names of the drivers that can be a lock, for "did you mean". */
static const char **lock_names(const struct lp_registry *registry, struct lp_arena *arena,
                               size_t *count)
{
    const char **names = lp_arena_array(arena, registry->count + 1, sizeof *names);
    *count = 0;
    for (size_t i = 0; i < registry->count; i++) {
        const struct lp_driver *driver = registry->rows[i].driver;
        if (!driver || (driver->roles & LP_ROLE_LOCK))
            names[(*count)++] = registry->rows[i].name;
    }
    return names;
}

static int no_such_lock(const char *name, const struct lp_registry *registry,
                        struct lp_arena *arena, struct lp_err *err)
{
    const struct lp_driver_row *row = lp_registry_find(registry, name);
    if (row)
        return lp_err_set(err, LP_ERR_USAGE, "driver '%s' is a store and no lock", name);
    size_t count;
    const char **names = lock_names(registry, arena, &count);
    const char *near = lp_nearest(name, names, count, sizeof *names);
    if (near)
        return lp_err_set(err, LP_ERR_USAGE, "unknown lock '%s', did you mean '%s'?", name, near);
    return lp_err_set(err, LP_ERR_USAGE, "unknown lock '%s'; `lockproof list drivers` lists them",
                      name);
}

static const struct lp_param *find_param(const struct lp_driver *driver, const char *name)
{
    for (size_t i = 0; i < driver->param_count; i++)
        if ((driver->params[i].roles & LP_ROLE_LOCK) && strcmp(driver->params[i].name, name) == 0)
            return &driver->params[i];
    return NULL;
}

static int unknown_param(const struct lp_driver *driver, const char *name, struct lp_err *err)
{
    const char *near =
        lp_nearest(name, driver->params, driver->param_count, sizeof *driver->params);
    if (near)
        return lp_err_set(err, LP_ERR_USAGE, "lock '%s' has no parameter '%s', did you mean '%s'?",
                          driver->name, name, near);
    return lp_err_set(err, LP_ERR_USAGE, "lock '%s' has no parameter '%s'", driver->name, name);
}

static int add_setting(struct lp_resource *resource, const struct lp_driver *driver, char *pair,
                       struct lp_err *err)
{
    char *equals = strchr(pair, '=');
    if (!equals)
        return lp_err_set(err, LP_ERR_USAGE, "lock '%s': '%s' where PARAM=VALUE was expected",
                          driver->name, pair);
    *equals = '\0';
    const struct lp_param *param = find_param(driver, pair);
    if (!param)
        return unknown_param(driver, pair, err);
    if (lp_param_check(param, equals + 1, err) == -1)
        return lp_err_wrap(err, "lock '%s', parameter '%s'", driver->name, pair);
    resource->settings[resource->setting_count++] =
        (struct lp_setting){.key = pair, .value = equals + 1};
    return 0;
}

static int parse_settings(struct lp_bench_lock *lock, const char *text, struct lp_arena *arena,
                          struct lp_err *err)
{
    char *rest = lp_arena_strdup(arena, text);
    while (rest) {
        char *pair = strsep(&rest, ",");
        if (lock->resource.setting_count == lock->driver->param_count)
            return lp_err_set(err, LP_ERR_USAGE, "lock '%s': more values than it has parameters",
                              lock->text);
        if (add_setting(&lock->resource, lock->driver, pair, err) == -1)
            return -1;
    }
    return 0;
}

static bool is_given(const struct lp_resource *resource, const char *key)
{
    for (size_t i = 0; i < resource->setting_count; i++)
        if (strcmp(resource->settings[i].key, key) == 0)
            return true;
    return false;
}

/* What must be given and was not: a path in the scratch folder, a name of our own. `place` keeps
   two locks of one cell apart. */
static void fill_required(struct lp_resource *resource, const struct lp_driver *driver,
                          const char *place, struct lp_arena *arena)
{
    for (size_t i = 0; i < driver->param_count; i++) {
        const struct lp_param *param = &driver->params[i];
        if (param->initial || !(param->roles & LP_ROLE_LOCK) || is_given(resource, param->name))
            continue;
        const char *value = param->type == LP_PARAM_PATH
                                ? lp_arena_printf(arena, "{shared}/%s", place)
                                : lp_arena_printf(arena, "lockproof-bench-%s", place);
        resource->settings[resource->setting_count++] =
            (struct lp_setting){.key = param->name, .value = value};
    }
}

/* Two holders at once are lawful there, and would be taken for a broken lock. */
static int check_capacity(const struct lp_bench_lock *lock, struct lp_arena *arena,
                          struct lp_err *err)
{
    const struct lp_driver *driver = lock->driver;
    if (!driver->lock->capacity)
        return 0;
    void *params = lp_arena_alloc(arena, driver->params_size);
    lp_params_default(driver, params);
    for (size_t i = 0; i < lock->resource.setting_count; i++) {
        const struct lp_setting *setting = &lock->resource.settings[i];
        if (lp_param_set(find_param(driver, setting->key), params, setting->value, err) == -1)
            return -1;
    }
    uint64_t capacity = driver->lock->capacity(params);
    if (capacity == 1)
        return 0;
    return lp_err_set(err, LP_ERR_USAGE, "lock '%s' lets %llu in at once: no mutual exclusion",
                      lock->text, (unsigned long long)capacity);
}

int lp_bench_lock_parse(struct lp_bench_lock *lock, const char *text, size_t number,
                        const struct lp_registry *registry, struct lp_arena *arena,
                        struct lp_err *err)
{
    const char *colon = strchr(text, ':');
    const char *name = lp_arena_strndup(arena, text, colon ? (size_t)(colon - text) : strlen(text));
    const struct lp_driver_row *row = lp_registry_find(registry, name);
    *lock = (struct lp_bench_lock){.text = lp_arena_strdup(arena, text)};
    if (!row || (row->driver && !(row->driver->roles & LP_ROLE_LOCK)))
        return no_such_lock(name, registry, arena, err);
    if (!row->driver) {
        lock->verdict = LP_BENCH_SKIPPED;
        snprintf(lock->trouble, sizeof lock->trouble, "%s", row->reason);
        snprintf(lock->remedy, sizeof lock->remedy, "%s", row->remedy ? row->remedy : "");
        return 0;
    }
    lock->driver = row->driver;
    lock->server = row->driver->server;
    struct lp_resource *resource = &lock->resource;
    resource->name = "lock";
    resource->driver = row->name;
    resource->settings =
        lp_arena_array(arena, row->driver->param_count + 1, sizeof *resource->settings);
    if (colon && parse_settings(lock, colon + 1, arena, err) == -1)
        return -1;
    size_t given = resource->setting_count;
    lock->against = *resource;
    lock->against.settings =
        lp_arena_array(arena, row->driver->param_count + 1, sizeof *resource->settings);
    memcpy(lock->against.settings, resource->settings, given * sizeof *resource->settings);
    fill_required(resource, row->driver, lp_arena_printf(arena, "lock-%zu", number), arena);
    fill_required(&lock->against, row->driver, lp_arena_printf(arena, "against-%zu", number),
                  arena);
    return check_capacity(lock, arena, err);
}
