/* SPDX-License-Identifier: MIT */
/* A container's own tasks. */
#include "explore/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "run/services.h"

static const struct lp_binding *binding_of(const struct lp_stage_host *host, size_t i)
{
    return i == 0 ? &host->crew.store : &host->crew.locks[i - 1];
}

static size_t binding_count(const struct lp_stage_host *host)
{
    return 1 + host->crew.scenario->lock_count;
}

/* The first file that the driver keeps its object in; NULL: none. */
static const char *path_of(const struct lp_binding *binding)
{
    const struct lp_driver *driver = binding->driver;
    for (size_t i = 0; i < driver->param_count; i++) {
        const struct lp_param *param = &driver->params[i];
        const void *at = (const char *)binding->params + param->offset;
        const char *path;
        if (param->type != LP_PARAM_PATH || !(param->roles & binding->role))
            continue;
        memcpy(&path, at, sizeof path);
        if (path)
            return path;
    }
    return NULL;
}

int lp_host_enter(struct lp_stage_host *host, const struct lp_container_plan *plan, unsigned number,
                  struct lp_arena *arena, struct lp_err *err)
{
    *host = (struct lp_stage_host){.direction = {.services = &lp_free_services}};
    if (lp_crew_enter(&host->crew, plan, number, arena, err) == -1)
        return -1;
    host->looker =
        (struct lp_worker){.crew = &host->crew, .direction = &host->direction, .index = UINT32_MAX};
    return 0;
}

/* ---- making and removing ---- */

static int prepare(struct lp_stage_host *host, struct lp_err *err)
{
    for (size_t i = 0; !host->decided && i < binding_count(host); i++) {
        struct stat status;
        const char *path = path_of(binding_of(host, i));
        host->made[i] = path && lstat(path, &status) == -1 && errno == ENOENT;
    }
    host->decided = true;
    return lp_crew_prepare(&host->crew, err);
}

/* What was there before us is not ours to remove, and other things in its folder neither. Beside a
   database SQLite keeps files of its own. */
static void remove_made(const struct lp_stage_host *host)
{
    static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
    for (size_t i = 0; i < binding_count(host); i++) {
        const char *path = path_of(binding_of(host, i));
        for (size_t k = 0; host->made[i] && k < LP_ARRAY_LEN(suffixes); k++) {
            struct lp_str name;
            lp_str_init(&name);
            lp_str_addf(&name, "%s%s", path, suffixes[k]);
            if (unlink(name.ptr) == -1 && (errno == EISDIR || errno == EPERM))
                rmdir(name.ptr);
            lp_str_release(&name);
        }
    }
}

/* ---- putting back ---- */

static int reset_lock(struct lp_stage_host *host, size_t lock, struct lp_err *err)
{
    struct lp_client *client = host->looker.locks[lock];
    if (!client->driver->reset || client->driver->reset(client, LP_ROLE_LOCK, 0) == LP_OK)
        return 0;
    return lp_err_set(err, LP_ERR_SELF, "unable to reset %s: %s", client->driver->name,
                      client->error);
}

static int reset(struct lp_stage_host *host, struct lp_err *err)
{
    struct lp_client *client = host->looker.store;
    int64_t start = host->crew.scenario->start;
    enum lp_outcome outcome = client->driver->reset
                                  ? client->driver->reset(client, LP_ROLE_STORE, start)
                                  : client->driver->store->write(client, start);
    if (outcome != LP_OK)
        return lp_err_set(err, LP_ERR_SELF, "unable to put the counter in %s back: %s",
                          client->driver->name, client->error);
    for (size_t i = 0; i < host->crew.scenario->lock_count; i++)
        if (reset_lock(host, i, err) == -1)
            return -1;
    return 0;
}

static void look(struct lp_stage_host *host, struct lp_hand *hand)
{
    struct lp_client *client = host->looker.store;
    const struct lp_store_ops *ops = client->driver->store;
    hand->known =
        ops->read(client, &hand->value) == LP_OK && ops->identify(client, &hand->identity) == LP_OK;
}

/* ---- tasks ---- */

static int open_looker(struct lp_stage_host *host, struct lp_err *err)
{
    host->open = true;
    return lp_worker_open_clients(&host->looker, err);
}

static void close_looker(struct lp_stage_host *host)
{
    if (host->open)
        lp_worker_close_clients(&host->looker);
    host->open = false;
}

int lp_host_do(struct lp_stage_host *host, struct lp_hand *hand, enum lp_task task,
               struct lp_err *err)
{
    switch (task) {
    case LP_TASK_OPEN:
        return open_looker(host, err);
    case LP_TASK_CLOSE:
        close_looker(host);
        return 0;
    case LP_TASK_REMOVE:
        remove_made(host);
        return 0;
    case LP_TASK_PREPARE:
        return prepare(host, err);
    case LP_TASK_RESET:
        return reset(host, err);
    case LP_TASK_LOOK:
        look(host, hand);
        return 0;
    case LP_TASK_GO:
    case LP_TASK_KILL:
    case LP_TASK_FORK:
    case LP_TASK_QUIT:
        break;
    }
    LP_BUG("a task that is no container's");
}

void lp_host_release(struct lp_stage_host *host)
{
    close_looker(host);
}
