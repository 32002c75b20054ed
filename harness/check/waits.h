/* SPDX-License-Identifier: MIT */
/* Inside the room: why one acquire was not granted until its deadline. */
#ifndef LP_CHECK_WAITS_H
#define LP_CHECK_WAITS_H

#include "check/check.h"

/* Fills `stuck` and returns true when the history proves that the lock, and not a slow machine or
   bad luck, kept `acquire` (a LOCK or UPGRADE that ended at its deadline) from being granted. */
bool lp_explain_wait(const struct lp_checks *checks, size_t acquire, struct lp_stuck *stuck);

#endif
