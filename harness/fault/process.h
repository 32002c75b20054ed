/* SPDX-License-Identifier: MIT */
/*
 * Processes that are stopped, woken or killed from outside, and the proof of it. They are known by
 * a pidfd (pidfd_open(2)), which works through PID namespaces and never means another process.
 */
#ifndef LP_FAULT_PROCESS_H
#define LP_FAULT_PROCESS_H

#include <stddef.h>
#include "base/err.h"

/* Each returns 0 when the process was seen in the new state, with one sentence in `proof`; else -1:
   it did not get there within 2 s, or was gone. */
int lp_process_pause(int pidfd, char *proof, size_t size, struct lp_err *err) LP_MUST_CHECK;
int lp_process_resume(int pidfd, struct lp_err *err) LP_MUST_CHECK;
int lp_process_slay(int pidfd, char *proof, size_t size, struct lp_err *err) LP_MUST_CHECK;

#endif
