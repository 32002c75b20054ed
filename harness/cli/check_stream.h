/* SPDX-License-Identifier: MIT */
/* A run of our own, and with `check --memory` a history that would not fit, is decided in one pass
   while it is read. */
#ifndef LP_CLI_CHECK_STREAM_H
#define LP_CLI_CHECK_STREAM_H

#include "cli/check_calls.h"

/* A folder of ours or a file larger than the memory, and a model that was named and can be decided
   in one pass. */
bool lp_check_streams(const char *path, const struct lp_calls_request *request);

/* Fills calls (names, and the calls of a witness only), reading, decision, shrunk (the witness as
   it is) and the counts of the report. `budget` as for lp_model_decide. */
int lp_check_stream(struct lp_calls_decision *decision, const char *path,
                    const struct lp_calls_request *request, const struct lp_budget *budget,
                    struct lp_err *err) LP_MUST_CHECK;

#endif
