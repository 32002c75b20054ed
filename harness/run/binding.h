/* SPDX-License-Identifier: MIT */
/*
 * A scenario's store or lock bound to its driver, as one container sees it: variables replaced,
 * parameters parsed. Made in the container's own process.
 */
#ifndef LP_RUN_BINDING_H
#define LP_RUN_BINDING_H

#include "base/arena.h"
#include "base/err.h"
#include "drivers/registry.h"
#include "scenario/scenario.h"

/* What the variables in settings stand for. */
struct lp_variables {
    const char *shared;   /* {shared}: one folder, seen by all containers */
    const char *private_; /* {private}: one for each container */
    const char *node;     /* {node}: one for each host */
    const char *run;      /* {run}: the run's own folder */
    const char *id;       /* {id}: no folder, but a word that no other run has */
};

struct lp_binding {
    const struct lp_driver *driver;
    const void *params;
    const char *server_url; /* of the first server, or NULL */
    const char *const *server_urls;
    size_t server_count;
    unsigned role;     /* LP_ROLE_* */
    uint32_t capacity; /* lock: lawful exclusive holds at once */
};

/* Texts and parameters belong to `arena`. Makes the folders that path parameters lie in. */
int lp_binding_make(struct lp_binding *binding, const struct lp_resource *resource, unsigned role,
                    const struct lp_registry *registry, const struct lp_variables *variables,
                    struct lp_arena *arena, struct lp_err *err) LP_MUST_CHECK;

struct lp_server_address {
    const char *name; /* kind of server: "redis" */
    const char *url;  /* "unix:/path" or what the environment names */
};
/* Says where the servers are that the driver needs, those of its kind among `servers`. */
void lp_binding_reach(struct lp_binding *binding, const struct lp_server_address *servers,
                      size_t count, struct lp_arena *arena);

/* A client of the binding: allocated, not yet opened. For waits its `host` must be set. */
struct lp_client *lp_client_make(const struct lp_binding *binding, uint64_t worker, uint64_t seed);
void lp_client_free(struct lp_client *client); /* does not close; takes NULL too */

#endif
