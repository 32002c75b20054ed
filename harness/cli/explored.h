/* SPDX-License-Identifier: MIT */
/* What `explore` and `replay` share: carrying one led run out, and telling of it. */
#ifndef LP_CLI_EXPLORED_H
#define LP_CLI_EXPLORED_H

#include "cli/catalogue.h"
#include "cli/options.h"
#include "explore/explore.h"

struct lp_led_options {
    const char *command; /* "explore" or "replay" */
    const char *out, *progress, *workdir;
    const struct lp_texts *formats;
    const char *reproduce; /* the command that repeats it */
    bool quiet, verbose, no_color;
};

/* Carries it out, writes result.json and the reports. The exit status of the contract, or -1. */
int lp_led_carry_out(const struct lp_catalogue *catalogue, struct lp_scenario *scenario,
                     struct lp_explore_request *request, const struct lp_led_options *options,
                     struct lp_err *err);

#endif
