/* SPDX-License-Identifier: MIT */
/*
 * One container: a process that enters its place, makes the stores and locks that are not there
 * yet, starts its workers, sees them end, and reads the store once more after all workers of the
 * run have ended: its own view of it. What it saw goes into a history file of its own.
 */
#ifndef LP_RUN_CONTAINER_H
#define LP_RUN_CONTAINER_H

#include "place/place.h"
#include "run/worker.h"

/* Servers that one run may need at the same time. */
#define LP_SERVERS_MAX 4

struct lp_server_address {
    const char *name; /* "redis" */
    const char *url;  /* "unix:/path" or what the environment names */
};

struct lp_container_plan {
    const struct lp_place *place;
    const struct lp_registry *registry;
    const struct lp_scenario *scenario;
    struct lp_control *control;
    const char *scratch;
    const char *run_dir;
    const char *boot_id;
    struct lp_server_address servers[LP_SERVERS_MAX];
    size_t server_count;
    int history_fd;
    int event_fd;
    uint64_t seed;
};

/* The whole life of container `number`, in its own process. Never returns. */
void lp_container_main(const struct lp_container_plan *plan, unsigned number) LP_NORETURN;

/* Tells the container to kill its workers and then come to its end. */
#define LP_CONTAINER_KILL SIGUSR1

/* Wakes whoever polls the eventfd. */
void lp_event_tell(int event_fd);

/* A worker ended that was not seen to leave: the others must not wait for it. Idempotent. */
void lp_worker_gone(struct lp_control *control, uint32_t index);

#endif
