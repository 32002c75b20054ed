/* SPDX-License-Identifier: MIT */
/* The commands: one file each, one table. Each returns the exit status of the contract. */
#ifndef LP_CLI_COMMANDS_H
#define LP_CLI_COMMANDS_H

#include <stddef.h>

enum lp_exit {
    LP_EXIT_OK = 0,
    LP_EXIT_FINDING = 1,
    LP_EXIT_USAGE = 2,
    LP_EXIT_UNDECIDED = 3,
    LP_EXIT_FAILURE = 4,
    LP_EXIT_INTERRUPTED = 130,
};

struct lp_command_line;

/* The table of commands, in the order in which the help shows them. */
struct lp_command {
    const char *name; /* first: searched by lp_nearest */
    int (*main)(int argc, char **argv);
    const char *summary;
    const struct lp_command_line *line; /* its options; completion reads them */
};
extern const struct lp_command lp_commands[];
extern const size_t lp_command_count;

/* argv[0] is the command's name. */
int lp_command_run(int argc, char **argv);
int lp_command_explore(int argc, char **argv);
int lp_command_replay(int argc, char **argv);
int lp_command_check(int argc, char **argv);
int lp_command_exec(int argc, char **argv);
int lp_command_report(int argc, char **argv);
int lp_command_bench(int argc, char **argv);
int lp_command_list(int argc, char **argv);
int lp_command_explain(int argc, char **argv);
int lp_command_completion(int argc, char **argv);
int lp_command_doctor(int argc, char **argv);
int lp_command_manifest(int argc, char **argv);
int lp_command_worker(int argc, char **argv);

extern const struct lp_command_line lp_line_run;
extern const struct lp_command_line lp_line_exec;
extern const struct lp_command_line lp_line_explore;
extern const struct lp_command_line lp_line_replay;
extern const struct lp_command_line lp_line_check;
extern const struct lp_command_line lp_line_report;
extern const struct lp_command_line lp_line_bench;
extern const struct lp_command_line lp_line_list;
extern const struct lp_command_line lp_line_explain;
extern const struct lp_command_line lp_line_completion;
extern const struct lp_command_line lp_line_doctor;
extern const struct lp_command_line lp_line_worker, lp_line_manifest;

#endif
