/* SPDX-License-Identifier: MIT */
/* The list of drivers: built-in ones, plug-ins found in a folder, and those known to be absent. */
#include "drivers/registry.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/str.h"
#include "drivers/builtin.h"

#define PLUGIN_SYMBOL "lockproof_driver"
#define PLUGIN_SUFFIX ".so"
#define PROGRAM_PREFIX "cmd:"

/* Drivers that are plug-ins of this source tree: listed even when they were not built. */
struct known_plugin {
    const char *name;
    const char *reason;
    const char *remedy;
};

static const struct known_plugin known_plugins[] = {
    {"redis", "its plug-in redis.so is not there: it was built without hiredis",
     "apt-get install libhiredis-dev redis-server, then make"},
    {"postgres", "its plug-in postgres.so is not there: it was built without libpq",
     "apt-get install libpq-dev postgresql, then make"},
    {"mariadb", "its plug-in mariadb.so is not there: it was built without libmariadb",
     "apt-get install libmariadb-dev mariadb-server, then make"},
    {"etcd", "its plug-in etcd.so is not there: it was built without libcurl",
     "apt-get install libcurl4-openssl-dev etcd-server, then make"},
    {"zookeeper", "its plug-in zookeeper.so is not there: it was built without libzookeeper-mt",
     "apt-get install libzookeeper-mt-dev libzookeeper-java default-jre-headless, then make"},
};

static struct lp_driver_row *find_row(const struct lp_registry *registry, const char *name)
{
    for (size_t i = 0; i < registry->count; i++) {
        if (strcmp(registry->rows[i].name, name) == 0)
            return &registry->rows[i];
    }
    return NULL;
}

/* The row of that name, made when there is none. `name` must live as long as the registry. */
static struct lp_driver_row *row_for(struct lp_registry *registry, const char *name)
{
    struct lp_driver_row *row = find_row(registry, name);
    if (row)
        return row;
    registry->rows =
        lp_grow(registry->rows, &registry->cap, registry->count + 1, sizeof *registry->rows);
    row = &registry->rows[registry->count++];
    *row = (struct lp_driver_row){.name = name};
    return row;
}

/* The driver in an opened plug-in, looked through. */
static const struct lp_driver *plugin_driver(void *handle, const char *file, struct lp_err *err)
{
    const struct lp_driver *const *symbol = dlsym(handle, PLUGIN_SYMBOL);
    if (!symbol || !*symbol) {
        lp_err_set(err, LP_ERR_USAGE,
                   "'%s' is no driver: it has no symbol %s (see LP_DRIVER_EXPORT)", file,
                   PLUGIN_SYMBOL);
        return NULL;
    }
    return lp_driver_check(*symbol, file, err) == 0 ? *symbol : NULL;
}

/* `alias`: the row's name; NULL: the driver's own. */
static int load(struct lp_registry *registry, const char *file, const char *alias,
                struct lp_err *err)
{
    /* dlopen(3) would look for a bare name in the library path. */
    const char *path = strchr(file, '/') ? file : lp_arena_printf(&registry->texts, "./%s", file);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return lp_err_set(err, LP_ERR_USAGE, "unable to load '%s': %s", file, dlerror());

    const struct lp_driver *driver = plugin_driver(handle, file, err);
    const char *name = alias ? alias : driver ? driver->name : NULL;
    const struct lp_driver_row *taken = driver ? find_row(registry, name) : NULL;
    if (taken && taken->driver) {
        lp_err_set(err, LP_ERR_USAGE, "'%s': there is a driver '%s' already", file, name);
        driver = NULL;
    }
    if (!driver) {
        dlclose(handle);
        return -1;
    }
    struct lp_driver_row *row = row_for(registry, name);
    *row = (struct lp_driver_row){.name = name, .driver = driver};
    registry->handles = lp_grow(registry->handles, &registry->handle_cap,
                                registry->handle_count + 1, sizeof *registry->handles);
    registry->handles[registry->handle_count++] = handle;
    return 0;
}

static int is_plugin_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name), suffix = strlen(PLUGIN_SUFFIX);
    return len > suffix && strcmp(entry->d_name + len - suffix, PLUGIN_SUFFIX) == 0;
}

static void load_folder(struct lp_registry *registry, const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_plugin_file, alphasort);

    for (int i = 0; i < count; i++) {
        const char *file = lp_arena_printf(&registry->texts, "%s/%s", folder, entries[i]->d_name);
        struct lp_err err;
        if (load(registry, file, NULL, &err) == -1) {
            size_t len = strlen(entries[i]->d_name) - strlen(PLUGIN_SUFFIX);
            const char *name = lp_arena_strndup(&registry->texts, entries[i]->d_name, len);
            struct lp_driver_row *row = row_for(registry, name);
            if (!row->driver) {
                row->reason = lp_arena_strdup(&registry->texts, err.text);
                row->remedy = "build the plug-in again with this version's driver.h";
            }
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

void lp_registry_init(struct lp_registry *registry, const char *plugin_dir)
{
    memset(registry, 0, sizeof *registry);
    lp_arena_init(&registry->texts);
    for (size_t i = 0; i < lp_builtin_driver_count; i++)
        row_for(registry, lp_builtin_drivers[i]->name)->driver = lp_builtin_drivers[i];
    for (size_t i = 0; i < LP_ARRAY_LEN(known_plugins); i++) {
        struct lp_driver_row *row = row_for(registry, known_plugins[i].name);
        row->reason = known_plugins[i].reason;
        row->remedy = known_plugins[i].remedy;
    }
    if (plugin_dir)
        load_folder(registry, plugin_dir);
}

void lp_registry_release(struct lp_registry *registry)
{
    free(registry->rows);
    /* What client libraries keep until the end of the process looks lost once they are unloaded. */
#ifndef __SANITIZE_ADDRESS__
    for (size_t i = registry->handle_count; i > 0; i--)
        dlclose(registry->handles[i - 1]);
#endif
    free(registry->handles);
    lp_arena_release(&registry->texts);
    memset(registry, 0, sizeof *registry);
}

/* "cmd:PROGRAM": the driver `cmd` with that program as the default of its parameter. */
static int load_program(struct lp_registry *registry, const char *program, struct lp_err *err)
{
    struct lp_arena *arena = &registry->texts;
    if (*program == '\0')
        return lp_err_set(err, LP_ERR_USAGE,
                          "option '--driver': no program behind '" PROGRAM_PREFIX "'");
    size_t count = lp_driver_cmd.param_count;
    struct lp_param *params = lp_arena_array(arena, count, sizeof *params);
    struct lp_driver *driver = lp_arena_alloc(arena, sizeof *driver);
    memcpy(params, lp_driver_cmd.params, count * sizeof *params);
    *driver = lp_driver_cmd;
    driver->params = params;
    for (size_t i = 0; i < count; i++)
        if (strcmp(params[i].name, "program") == 0)
            params[i].initial = lp_arena_strdup(arena, program);
    row_for(registry, driver->name)->driver = driver;
    return 0;
}

int lp_registry_load(struct lp_registry *registry, const char *file, struct lp_err *err)
{
    size_t prefix = strlen(PROGRAM_PREFIX);
    if (strncmp(file, PROGRAM_PREFIX, prefix) == 0)
        return load_program(registry, file + prefix, err);
    return load(registry, file, NULL, err);
}

int lp_registry_load_as(struct lp_registry *registry, const char *file, const char *name,
                        struct lp_err *err)
{
    return load(registry, file, lp_arena_strdup(&registry->texts, name), err);
}

const struct lp_driver_row *lp_registry_find(const struct lp_registry *registry, const char *name)
{
    return find_row(registry, name);
}
