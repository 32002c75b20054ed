/* SPDX-License-Identifier: MIT */
/* Inside the room: a side's one client of a driver; it lives in the side's own process. */
#ifndef LP_DOCTOR_SIDE_CLIENT_H
#define LP_DOCTOR_SIDE_CLIENT_H

#include "base/arena.h"
#include "doctor/side.h"
#include "drivers/registry.h"

struct lp_side_client {
    struct lp_client *client; /* NULL: none */
    const struct lp_probe_driver *row;
    struct lp_registry registry;
    struct lp_arena arena;
    bool open;
};

/* LP_SIDE_PREPARE to LP_SIDE_CLOSE. */
void lp_side_client_do(struct lp_side_client *own, const struct lp_side_order *order,
                       struct lp_side_answer *answer);

#endif
