/* SPDX-License-Identifier: MIT */
/* A client of our own asks the server to harm the session of another. */
#include "run/strike.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

static int harm(const struct lp_binding *binding, const struct lp_fault *fault,
                const struct lp_session *victim, struct lp_err *err)
{
    struct lp_client *client = lp_client_make(binding, UINT32_MAX, 0);
    const struct lp_driver *driver = client->driver;
    enum lp_harm what = fault->kind == LP_FAULT_RESET ? LP_HARM_RESET : LP_HARM_EXPIRE;
    int result = 0;
    if (!driver->harm)
        result = lp_err_set(err, LP_ERR_SELF, "%s cannot do that to a session", driver->name);
    else if (driver->open(client, LP_ROLE_LOCK) != LP_OK ||
             driver->harm(client, what, victim) != LP_OK)
        result = lp_err_set(err, LP_ERR_SELF, "%s: %s", driver->name, client->error);
    driver->close(client);
    lp_client_free(client);
    return result;
}

int lp_strike_session(struct lp_strikes *strikes, const struct lp_fault *fault,
                      struct lp_strike *strike, struct lp_err *err)
{
    const struct lp_container_plan *plan = strikes->plan;
    const struct lp_slot *slot = &plan->control->slots[strike->worker];
    const struct lp_variables variables = {.shared = plan->scratch,
                                           .private_ = plan->scratch,
                                           .node = plan->scratch,
                                           .run = plan->run_dir};
    struct lp_session victim = slot->session;
    struct lp_binding binding;
    struct lp_arena arena;
    if (victim.id == 0)
        return lp_err_set(err, LP_ERR_SELF, "worker %u has no session", strike->worker);
    lp_arena_init(&arena);
    int result = lp_binding_make(&binding, &plan->scenario->locks[slot->session_lock], LP_ROLE_LOCK,
                                 plan->registry, &variables, &arena, err);
    if (result == 0) {
        lp_binding_reach(&binding, plan->servers, plan->server_count, &arena);
        result = harm(&binding, fault, &victim, err);
    }
    lp_arena_release(&arena);
    if (result == 0)
        snprintf(strike->note.proof, sizeof strike->note.proof, "the server %s session %" PRIu64,
                 fault->kind == LP_FAULT_RESET ? "cut the connection of" : "does not know any more",
                 victim.id);
    return result;
}
