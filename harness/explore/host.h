/* SPDX-License-Identifier: MIT */
/*
 * Inside the room: one container of an exploration. It makes, looks at, puts back and removes the
 * store and the locks as its workers see them.
 */
#ifndef LP_EXPLORE_HOST_H
#define LP_EXPLORE_HOST_H

#include "explore/board.h"

struct lp_stage_host {
    struct lp_crew crew;
    struct lp_worker looker; /* its own clients; no worker of the scenario */
    struct lp_direction direction;
    bool open;
    bool made[1 + LP_LOCKS_MAX]; /* by us: the store, then the locks; else it was there before */
    bool decided;                /* `made` is known */
};

/* Enters the place. */
int lp_host_enter(struct lp_stage_host *host, const struct lp_container_plan *plan, unsigned number,
                  struct lp_arena *arena, struct lp_err *err);
/* OPEN, CLOSE, REMOVE, PREPARE, RESET and LOOK. */
int lp_host_do(struct lp_stage_host *host, struct lp_hand *hand, enum lp_task task,
               struct lp_err *err);
void lp_host_release(struct lp_stage_host *host);

#endif
