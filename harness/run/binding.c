/* SPDX-License-Identifier: MIT */
/* Settings to parameters, and clients. */
#include "run/binding.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "os/file.h"
#include "run/services.h"

static const char *variable(const struct lp_variables *variables, const char *name, size_t len)
{
    const struct {
        const char *name;
        const char *value;
    } rows[] = {
        {"shared", variables->shared}, {"private", variables->private_},
        {"node", variables->node},     {"run", variables->run},
        {"id", variables->id},
    };
    for (size_t i = 0; i < LP_ARRAY_LEN(rows); i++)
        if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0)
            return rows[i].value;
    return NULL;
}

/* "{shared}/counter" with the variables' values. What is no variable stays as it is: the parser has
   refused unknown ones. */
static const char *expand(const char *text, const struct lp_variables *variables,
                          struct lp_arena *arena)
{
    struct lp_str out;
    lp_str_init(&out);
    for (const char *at = text; *at;) {
        const char *end = *at == '{' ? strchr(at, '}') : NULL;
        const char *value = end ? variable(variables, at + 1, (size_t)(end - at - 1)) : NULL;
        if (value) {
            lp_str_add(&out, value);
            at = end + 1;
        } else {
            lp_str_add_bytes(&out, at++, 1);
        }
    }
    const char *expanded = lp_arena_strdup(arena, out.ptr);
    lp_str_release(&out);
    return expanded;
}

static const struct lp_setting *given(const struct lp_resource *resource, const char *name)
{
    for (size_t i = 0; i < resource->setting_count; i++)
        if (strcmp(resource->settings[i].key, name) == 0)
            return &resource->settings[i];
    return NULL;
}

static int set_param(const struct lp_param *param, const struct lp_resource *resource, void *params,
                     const struct lp_variables *variables, struct lp_arena *arena,
                     struct lp_err *err)
{
    const struct lp_setting *setting = given(resource, param->name);
    const char *text = setting ? setting->value : param->initial;
    if (!text)
        return lp_err_set(err, LP_ERR_USAGE, "%s: parameter '%s' of driver '%s' is required",
                          resource->name, param->name, resource->driver);
    text = expand(text, variables, arena);
    if (param->type == LP_PARAM_PATH && lp_folder_of(text, err) == -1)
        return -1;
    return lp_param_set(param, params, text, err);
}

int lp_binding_make(struct lp_binding *binding, const struct lp_resource *resource, unsigned role,
                    const struct lp_registry *registry, const struct lp_variables *variables,
                    struct lp_arena *arena, struct lp_err *err)
{
    const struct lp_driver_row *row = lp_registry_find(registry, resource->driver);
    if (!row || !row->driver)
        return lp_err_set(err, LP_ERR_NEED, "driver '%s' is not available", resource->driver);
    void *params = lp_arena_alloc(arena, row->driver->params_size);
    for (size_t i = 0; i < row->driver->param_count; i++) {
        const struct lp_param *param = &row->driver->params[i];
        if ((param->roles & role) &&
            set_param(param, resource, params, variables, arena, err) == -1)
            return -1;
    }
    const struct lp_lock_ops *lock = role == LP_ROLE_LOCK ? row->driver->lock : NULL;
    *binding = (struct lp_binding){
        .driver = row->driver,
        .params = params,
        .role = role,
        .capacity = lock && lock->capacity ? (uint32_t)lock->capacity(params) : 1,
    };
    return 0;
}

void lp_binding_reach(struct lp_binding *binding, const struct lp_server_address *servers,
                      size_t count, struct lp_arena *arena)
{
    const char **urls = lp_arena_array(arena, count + 1, sizeof *urls);
    const char *kind = binding->driver->server;
    size_t found = 0;
    for (size_t i = 0; kind && i < count; i++)
        if (strcmp(servers[i].name, kind) == 0)
            urls[found++] = servers[i].url;
    binding->server_url = found ? urls[0] : NULL;
    binding->server_urls = urls;
    binding->server_count = found;
}

struct lp_client *lp_client_make(const struct lp_binding *binding, uint64_t worker, uint64_t seed)
{
    struct lp_client *client = lp_alloc(1, sizeof *client);
    client->driver = binding->driver;
    client->params = binding->params;
    client->state = lp_alloc(1, binding->driver->state_size);
    client->server_url = binding->server_url;
    client->server_urls = binding->server_urls;
    client->server_count = binding->server_count;
    client->worker = worker;
    client->seed = seed;
    client->services = &lp_free_services;
    return client;
}

void lp_client_free(struct lp_client *client)
{
    if (!client)
        return;
    free(client->state);
    free(client);
}
