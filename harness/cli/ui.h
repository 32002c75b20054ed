/* SPDX-License-Identifier: MIT */
/* The only writer to the terminal. */
#ifndef LP_CLI_UI_H
#define LP_CLI_UI_H

#include <stdbool.h>
#include "base/err.h"

/* One line on stderr: "lockproof: TEXT". */
void lp_ui_error(const struct lp_err *err);
/* The end of a command: `status`, or when it is -1 the error's line and its exit status. */
int lp_ui_end(int status, const struct lp_err *err);
/* Writes to stdout; false when that failed (a full disk, a closed pipe). */
bool lp_ui_print(const char *text);
/* Ends stdout's buffering; false when something could not be written. */
bool lp_ui_flush(void);

bool lp_ui_stdout_is_terminal(void);
bool lp_ui_stderr_is_terminal(void);
/* Columns of the terminal, or 0. */
unsigned lp_ui_width(void);
/* Whether to colour stdout: a terminal, no NO_COLOR, not TERM=dumb. */
bool lp_ui_color(bool forbidden);

/* One line that overwrites itself on stderr; an empty text removes it. */
void lp_ui_status(const char *text);

#endif
