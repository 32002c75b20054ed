/* SPDX-License-Identifier: MIT */
/*
 * How many containers there will be, where that is decided elsewhere (docker compose up --scale):
 * as many as a name has addresses.
 */
#ifndef LP_CLI_PEERS_H
#define LP_CLI_PEERS_H

#include "scenario/scenario.h"

/* Asks until the number has not changed for three seconds; LP_ERR_USAGE when there is none within a
   minute. */
int lp_peers_count(const char *host, unsigned *count, struct lp_err *err) LP_MUST_CHECK;

/* The options of placement remote, against it and each other; with --peers the number of
 * containers. */
int lp_peers_check(const char *listen, const char *secret, const char *peers,
                   struct lp_overrides *overrides, struct lp_err *err) LP_MUST_CHECK;

#endif
