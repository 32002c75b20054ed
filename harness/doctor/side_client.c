/* SPDX-License-Identifier: MIT */
/*
 * The doctor tries locks by the drivers that scenarios use, so that both mean the same by "flock".
 */
#include "doctor/side_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "drivers/builtin.h"
#include "drivers/registry.h"
#include "run/binding.h"

const struct lp_probe_driver lp_probe_drivers[] = {
    [LP_PROBE_FLOCK] = {"flock", LP_ROLE_LOCK, NULL},
    [LP_PROBE_POSIX] = {"posix", LP_ROLE_LOCK, NULL},
    [LP_PROBE_OFD] = {"ofd", LP_ROLE_LOCK, NULL},
    [LP_PROBE_LOCKFILE] = {"lockfile", LP_ROLE_LOCK, NULL},
    [LP_PROBE_MKDIR] = {"mkdir", LP_ROLE_LOCK, NULL},
    [LP_PROBE_SQLITE] = {"sqlite", LP_ROLE_STORE, "delete"},
    [LP_PROBE_SQLITE_WAL] = {"sqlite", LP_ROLE_STORE, "wal"},
    [LP_PROBE_MMAP] = {"shm", LP_ROLE_STORE, NULL},
};

static void drop_client(struct lp_side_client *own)
{
    if (!own->client)
        return;
    if (own->open)
        own->client->driver->close(own->client);
    lp_client_free(own->client);
    lp_registry_release(&own->registry);
    lp_arena_release(&own->arena);
    memset(own, 0, sizeof *own);
}

static enum lp_outcome make_client(struct lp_side_client *own, const struct lp_side_order *order,
                                   char *why, size_t size)
{
    struct lp_err err = {.text = ""};
    struct lp_binding binding;
    drop_client(own);
    lp_arena_init(&own->arena);
    lp_registry_init(&own->registry, NULL);
    own->row = &lp_probe_drivers[order->driver];
    struct lp_setting settings[] = {
        {.key = "path", .value = lp_arena_strdup(&own->arena, order->path)},
        {.key = "journal", .value = own->row->journal},
        {.key = "busy-timeout", .value = "1ms"},
    };
    const struct lp_resource resource = {
        .name = "probe",
        .driver = own->row->name,
        .settings = settings,
        .setting_count = own->row->journal ? 3 : 1,
    };
    const struct lp_variables none = {.shared = ""};
    if (lp_binding_make(&binding, &resource, own->row->role, &own->registry, &none, &own->arena,
                        &err) == -1) {
        snprintf(why, size, "%.180s", err.text);
        lp_registry_release(&own->registry);
        lp_arena_release(&own->arena);
        return LP_FAIL;
    }
    own->client = lp_client_make(&binding, (uint64_t)order->value, (uint64_t)order->value + 1);
    return LP_OK;
}

static enum lp_outcome open_client(struct lp_side_client *own)
{
    own->open = true; /* close() takes what a failed open() left */
    return own->client->driver->open(own->client, own->row->role);
}

static enum lp_outcome begin(struct lp_side_client *own)
{
    struct lp_grant grant = {.token = 0};
    const struct lp_driver *driver = own->client->driver;
    if (own->row->role == LP_ROLE_LOCK)
        return driver->lock->acquire_try(own->client, LP_EXCLUSIVE, &grant);
    return driver->store->begin(own->client, LP_BEGIN_IMMEDIATE);
}

static enum lp_outcome end(struct lp_side_client *own)
{
    const struct lp_driver *driver = own->client->driver;
    return own->row->role == LP_ROLE_LOCK ? driver->lock->release(own->client)
                                          : driver->store->commit(own->client);
}

static enum lp_outcome use_client(struct lp_side_client *own, const struct lp_side_order *order,
                                  int64_t *value)
{
    const struct lp_driver *driver = own->client->driver;
    switch (order->act) {
    case LP_SIDE_PREPARE:
        return driver->prepare(own->client, own->row->role, 0);
    case LP_SIDE_TRY:
        return begin(own);
    case LP_SIDE_RELEASE:
        return end(own);
    case LP_SIDE_READ_VALUE:
        return driver->store->read(own->client, value);
    case LP_SIDE_WRITE_VALUE:
        return driver->store->write(own->client, order->value);
    default:
        return LP_FAIL;
    }
}

void lp_side_client_do(struct lp_side_client *own, const struct lp_side_order *order,
                       struct lp_side_answer *answer)
{
    if (order->act == LP_SIDE_CLOSE) {
        drop_client(own);
        answer->outcome = LP_OK;
        return;
    }
    if (order->act == LP_SIDE_OPEN || order->act == LP_SIDE_PREPARE) {
        answer->outcome = make_client(own, order, answer->text, sizeof answer->text);
        if (answer->outcome != LP_OK)
            return;
    }
    if (!own->client) {
        answer->outcome = LP_FAIL;
        return;
    }
    own->client->error[0] = '\0';
    answer->outcome =
        order->act == LP_SIDE_OPEN ? open_client(own) : use_client(own, order, &answer->value);
    if (answer->outcome != LP_OK)
        snprintf(answer->text, sizeof answer->text, "%.180s", own->client->error);
}
