/* SPDX-License-Identifier: MIT */
/*
 * Inside the room: where the players are, and how a turn is handed to one of them.
 *
 *   fibers     all in the thread that leads: where the backend tells its owners apart by open file
 *              description, session or name, or where the scenario's workers are threads and the
 *              backend by process
 *   processes  a process each, below the process of its container: where it tells them apart by
 *              process or thread. A turn is a hand-over through a futex and back
 *   threads    a thread each of the process that leads: by thread, under placement `thread`
 */
#ifndef LP_EXPLORE_STAGE_H
#define LP_EXPLORE_STAGE_H

#include <pthread.h>

#include "explore/host.h"
#include "os/fiber.h"
#include "os/process.h"

enum lp_stage_kind {
    LP_STAGE_FIBERS,
    LP_STAGE_PROCESSES,
    LP_STAGE_THREADS,
};

struct lp_seat_of_player {
    struct lp_player player; /* fibers and threads; of a process, its own copy */
    struct lp_fiber *fiber;
    struct lp_child child; /* of the container that this process is */
    pthread_t thread;
    bool begun;
    struct lp_stage *stage;
    uint32_t index;
};

struct lp_stage {
    enum lp_stage_kind kind;
    const struct lp_container_plan *plan;
    struct lp_board *board;
    struct lp_arena arena;
    struct lp_stage_host *hosts; /* those that are in this process: all with fibers and threads */
    struct lp_seat_of_player *seats;
    unsigned number; /* of the container that this process is */
};

enum lp_stage_kind lp_stage_kind_of(const struct lp_scenario *scenario,
                                    const struct lp_registry *registry);
/* Processes that the runner is to start. */
unsigned lp_stage_containers(enum lp_stage_kind kind, const struct lp_scenario *scenario);

/* In container 0. The other containers of a stage of processes are in lp_stage_serve. */
int lp_stage_init(struct lp_stage *stage, const struct lp_container_plan *plan,
                  struct lp_board *board, enum lp_stage_kind kind, struct lp_err *err);
void lp_stage_release(struct lp_stage *stage);
/* In the other containers. Never returns. */
void lp_stage_serve(const struct lp_container_plan *plan, struct lp_board *board,
                    unsigned number) LP_NORETURN;

/* Has the player or container do the task in its hand; comes back when it is done. LP_ERR_SELF when
   it failed, or died of it. */
int lp_stage_player(struct lp_stage *stage, uint32_t player, enum lp_task task,
                    struct lp_err *err) LP_MUST_CHECK;
int lp_stage_container(struct lp_stage *stage, uint32_t container, enum lp_task task,
                       struct lp_err *err) LP_MUST_CHECK;
/* As by SIGKILL: whatever it held is as the kernel leaves it. It is made anew by lp_stage_revive.
 */
int lp_stage_kill(struct lp_stage *stage, uint32_t player, struct lp_err *err) LP_MUST_CHECK;
int lp_stage_revive(struct lp_stage *stage, uint32_t player, struct lp_err *err) LP_MUST_CHECK;

#endif
