/* SPDX-License-Identifier: MIT */
/* The places that isolate nothing: threads of one process, ordinary processes, and containers that
   somebody else has made before our worker is started in them. */
#include "place/place.h"

static int always(struct lp_err *err)
{
    (void)err;
    return 0;
}

static int enter_nothing(const struct lp_place_view *view, struct lp_err *err)
{
    (void)view, (void)err;
    return 0;
}

const struct lp_place lp_place_thread = {
    .name = "thread",
    .threads = true,
    .usable = always,
    .prepare = always,
    .enter = enter_nothing,
};

const struct lp_place lp_place_process = {
    .name = "process",
    .usable = always,
    .prepare = always,
    .enter = enter_nothing,
};

const struct lp_place lp_place_remote = {
    .name = "remote",
    .joined = true,
    .usable = always,
    .prepare = always,
    .enter = enter_nothing,
};
