/* SPDX-License-Identifier: MIT */
/* A system's own tool (ip, nft, tc), run to its end: what it is told and what it says. */
#ifndef LP_FAULT_TOOL_H
#define LP_FAULT_TOOL_H

#include "base/err.h"
#include "base/str.h"

/* Runs `argv` (found in PATH or the sbin folders), in the network namespace `net_fd` unless that is
   -1. `input` (or NULL) goes to its standard input, what it prints is appended to `output` (or
   NULL). LP_ERR_NEED when there is no such program; LP_ERR_SELF with its own words when it fails.
 */
int lp_tool_run(const char *const *argv, const char *input, int net_fd, struct lp_str *output,
                struct lp_err *err) LP_MUST_CHECK;

#endif
