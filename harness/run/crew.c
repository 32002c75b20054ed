/* SPDX-License-Identifier: MIT */
/* What the workers of a container share: its place, and its stores and locks bound to drivers. */
#include "run/container.h"

#include <string.h>

#include "os/file.h"

static int enter_place(const struct lp_container_plan *plan, unsigned number,
                       struct lp_variables *variables, struct lp_arena *arena, struct lp_err *err)
{
    const char *own = lp_arena_printf(arena, "%s/container-%u", plan->scratch, number);
    const char *shown = lp_arena_printf(arena, "%s/private", plan->scratch);
    struct lp_place_view view = {
        .scratch = plan->scratch,
        .run_dir = plan->run_dir,
        .private_at = shown,
        .private_dir = own,
        .container = number,
    };
    *variables = (struct lp_variables){
        .shared = lp_arena_printf(arena, "%s/shared", plan->scratch),
        .private_ = plan->place->own_view ? shown : own,
        .node = lp_arena_printf(arena, "%s/node", plan->scratch),
        .run = plan->run_dir,
        .id = plan->run_id,
    };
    return plan->place->enter(&view, err);
}

static int bind_one(struct lp_binding *binding, const struct lp_container_plan *plan,
                    const struct lp_resource *resource, unsigned role,
                    const struct lp_variables *variables, struct lp_arena *arena,
                    struct lp_err *err)
{
    if (lp_binding_make(binding, resource, role, plan->registry, variables, arena, err) == -1)
        return -1;
    lp_binding_reach(binding, plan->servers, plan->server_count, arena);
    return 0;
}

int lp_crew_enter(struct lp_crew *crew, const struct lp_container_plan *plan, unsigned number,
                  struct lp_arena *arena, struct lp_err *err)
{
    const struct lp_scenario *scenario = plan->scenario;
    struct lp_variables variables;
    *crew = (struct lp_crew){
        .scenario = scenario,
        .control = plan->control,
        .history_fd = plan->history_fd,
        .event_fd = plan->event_fd,
        .give_fd = plan->give_fd,
        .container = number,
        .seed = plan->seed,
        .boot_id = plan->boot_id,
        .worker_main = plan->worker_main ? plan->worker_main : lp_worker_main,
        .task = plan->task,
    };
    if (enter_place(plan, number, &variables, arena, err) == -1 ||
        bind_one(&crew->store, plan, &scenario->store, LP_ROLE_STORE, &variables, arena, err) == -1)
        return -1;
    for (size_t i = 0; i < scenario->lock_count; i++)
        if (bind_one(&crew->locks[i], plan, &scenario->locks[i], LP_ROLE_LOCK, &variables, arena,
                     err) == -1)
            return -1;
    return 0;
}

static int prepare(const struct lp_binding *binding, const struct lp_resource *resource,
                   int64_t start, struct lp_err *err)
{
    struct lp_client *client = lp_client_make(binding, 0, 0);
    int result = 0;
    if (binding->driver->prepare(client, binding->role, start) != LP_OK)
        result = lp_err_set(err, LP_ERR_SELF, "unable to prepare %s (%s): %s", resource->name,
                            binding->driver->name, client->error);
    lp_client_free(client);
    return result;
}

int lp_crew_prepare(const struct lp_crew *crew, struct lp_err *err)
{
    const struct lp_scenario *scenario = crew->scenario;
    if (prepare(&crew->store, &scenario->store, scenario->start, err) == -1)
        return -1;
    for (size_t i = 0; i < scenario->lock_count; i++)
        if (prepare(&crew->locks[i], &scenario->locks[i], 0, err) == -1)
            return -1;
    return 0;
}
