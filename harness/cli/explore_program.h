/* SPDX-License-Identifier: MIT */
/* What the commands `explore` and `replay` hand over to when it is about a program. */
#ifndef LP_CLI_EXPLORE_PROGRAM_H
#define LP_CLI_EXPLORE_PROGRAM_H

#include "cli/options.h"
#include "explore/schedule.h"

extern const struct lp_command_line lp_line_explore_program;

/* `explore` with a "--" among its arguments: the whole command. Returns its exit status. */
int lp_command_explore_program(int argc, char **argv);

struct lp_replay_request {
    struct lp_texts formats;
    const char *out; /* run folder; NULL: chosen */
    bool quiet, verbose, no_color;
};
/* `replay` of a schedule that has the key `program`. Returns the exit status, or -1 with *err. */
int lp_replay_program(const struct lp_schedule *schedule, const struct lp_replay_request *request,
                      struct lp_err *err);

#endif
