/* SPDX-License-Identifier: MIT */
/* One line on a terminal while workers run: bar, rate, workers in the critical section. */
#ifndef LP_CLI_PROGRESS_H
#define LP_CLI_PROGRESS_H

#include "base/err.h"
#include "run/control.h"
#include "scenario/scenario.h"

enum lp_progress_when { LP_PROGRESS_AUTO, LP_PROGRESS_ALWAYS, LP_PROGRESS_NEVER };

/* "auto" (NULL: the same), "always", "never". LP_ERR_USAGE otherwise. */
int lp_progress_parse(const char *text, enum lp_progress_when *when, struct lp_err *err);
bool lp_progress_wanted(enum lp_progress_when when);

/* A lp_run_options progress function; the context is not used. */
void lp_progress_show(void *context, const struct lp_scenario *scenario,
                      const struct lp_control *control);
void lp_progress_clear(void);

#endif
