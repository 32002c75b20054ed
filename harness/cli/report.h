/* SPDX-License-Identifier: MIT */
/* The HTML page of a run folder. */
#ifndef LP_CLI_REPORT_H
#define LP_CLI_REPORT_H

#include "base/err.h"
#include "scenario/scenario.h"

/* Writes the page of `dir` (one run, or a folder of the folders of several) to `file`. */
int lp_report_folder(const char *dir, const char *file, const struct lp_vocabulary *vocabulary,
                     struct lp_err *err) LP_MUST_CHECK;

#endif
