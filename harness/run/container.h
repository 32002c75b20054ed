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

/* Servers that one run may need at the same time, over all kinds. */
#define LP_SERVERS_MAX 36

struct lp_container_plan;

/* What the processes of containers do instead of lp_container_main when a run is led from outside
   (harness/explore). */
struct lp_directing {
    unsigned containers; /* processes to be started, numbered from 0 */
    /* Never returns. */
    void (*container)(const struct lp_container_plan *plan, unsigned number);
    void *context; /* shared with these processes */
};

struct lp_container_plan {
    const struct lp_place *place;
    const struct lp_registry *registry;
    const struct lp_scenario *scenario;
    struct lp_control *control;
    const char *scratch;
    const char *run_dir;
    const char *boot_id;
    const char *run_id; /* a word that no other run has */
    struct lp_server_address servers[LP_SERVERS_MAX];
    size_t server_count;
    int history_fd; /* folder of the histories; -1: nothing is recorded here */
    int event_fd;
    int give_fd; /* where workers leave what names them, for faults; -1: nobody asks */
    uint64_t seed;
    const struct lp_directing *directing; /* NULL: a free run */
    /* What a worker does; NULL: lp_worker_main. `task` is its business. */
    void (*worker_main)(const struct lp_crew *crew, uint32_t index);
    const void *task;
};

/* In the container's own process: enters its place and binds what its workers are to use. Texts and
   parameters belong to `arena`. */
int lp_crew_enter(struct lp_crew *crew, const struct lp_container_plan *plan, unsigned number,
                  struct lp_arena *arena, struct lp_err *err) LP_MUST_CHECK;
/* Makes the stores and locks that are not there yet. One container at a time. */
int lp_crew_prepare(const struct lp_crew *crew, struct lp_err *err) LP_MUST_CHECK;

/* The whole life of container `number`, in its own process. Never returns. */
void lp_container_main(const struct lp_container_plan *plan, unsigned number) LP_NORETURN;

/* Tells the container to kill its workers and then come to its end. */
#define LP_CONTAINER_KILL SIGUSR1

/* Wakes whoever polls the eventfd. */
void lp_event_tell(int event_fd);

/* A worker ended that was not seen to leave: the others must not wait for it. Idempotent. */
void lp_worker_gone(struct lp_control *control, uint32_t index);

#endif
