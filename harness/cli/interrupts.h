/* SPDX-License-Identifier: MIT */
/* Ctrl-C and its relatives as something to poll. */
#ifndef LP_CLI_INTERRUPTS_H
#define LP_CLI_INTERRUPTS_H

#include "base/err.h"

/* From now on SIGINT, SIGTERM and SIGHUP are read from *fd, a signalfd. */
int lp_interrupts_open(int *fd, struct lp_err *err) LP_MUST_CHECK;

#endif
