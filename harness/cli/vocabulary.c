/* SPDX-License-Identifier: MIT */
/* From driver tables to the parser's vocabulary. */
#include "cli/vocabulary.h"

#include "run/server.h"
#include "verdict/verdict.h"

static int check_value(const void *param, const char *value, struct lp_err *err)
{
    return lp_param_check(param, value, err);
}

static const struct lp_vocabulary_param *make_params(const struct lp_driver *driver,
                                                     struct lp_arena *arena)
{
    size_t count = driver->param_count;
    struct lp_vocabulary_param *params = lp_arena_array(arena, count + 1, sizeof *params);
    for (size_t i = 0; i < count; i++) {
        const struct lp_param *param = &driver->params[i];
        params[i] = (struct lp_vocabulary_param){
            .name = param->name,
            .roles = param->roles,
            .required = param->initial == NULL,
            .check = check_value,
            .param = param,
        };
    }
    return params;
}

static struct lp_vocabulary_driver make_driver(const struct lp_driver_row *row,
                                               struct lp_arena *arena)
{
    const struct lp_driver *driver = row->driver;
    if (!driver)
        return (struct lp_vocabulary_driver){.name = row->name,
                                             .roles = LP_ROLE_LOCK | LP_ROLE_STORE,
                                             .has_add = true,
                                             .has_cas = true,
                                             .has_begin = true,
                                             .has_upgrade = true,
                                             .has_shared = true,
                                             .has_renew = true,
                                             .has_fence = true,
                                             .has_token = true,
                                             .has_harm = true,
                                             .server = row->name};
    const struct lp_store_ops *store = driver->store;
    return (struct lp_vocabulary_driver){
        .name = row->name,
        .roles = driver->roles,
        .abilities = driver->abilities,
        .has_add = store && store->add,
        .has_cas = store && store->cas,
        .has_begin = store && store->begin,
        .has_upgrade = driver->lock && driver->lock->upgrade,
        .has_shared = (driver->abilities & LP_SHARED_MODE) != 0,
        .has_renew = driver->lock && driver->lock->renew,
        .has_fence = store && store->read_fenced,
        .has_token = (driver->abilities & (LP_TOKENS | LP_TOKENS_IF_ASKED)) != 0,
        .has_harm = driver->harm != NULL,
        .server = driver->server,
        .known = true,
        .params = make_params(driver, arena),
        .param_count = driver->param_count,
    };
}

void lp_vocabulary_make(struct lp_vocabulary *vocabulary, const struct lp_registry *registry,
                        struct lp_arena *arena)
{
    struct lp_vocabulary_driver *drivers =
        lp_arena_array(arena, registry->count + 1, sizeof *drivers);
    for (size_t i = 0; i < registry->count; i++)
        drivers[i] = make_driver(&registry->rows[i], arena);
    const char **causes = lp_arena_array(arena, lp_cause_row_count + 1, sizeof *causes);
    for (size_t i = 0; i < lp_cause_row_count; i++)
        causes[i] = lp_cause_rows[i].name;
    const char **servers = lp_arena_array(arena, lp_server_row_count + 1, sizeof *servers);
    for (size_t i = 0; i < lp_server_row_count; i++)
        servers[i] = lp_server_rows[i].name;
    *vocabulary = (struct lp_vocabulary){
        .drivers = drivers, .driver_count = registry->count, .causes = causes, .servers = servers};
}
