/* SPDX-License-Identifier: MIT */
/* The commands: one file each, one table. Each returns the exit status of the contract. */
#ifndef LP_CLI_COMMANDS_H
#define LP_CLI_COMMANDS_H

enum lp_exit {
    LP_EXIT_OK = 0,
    LP_EXIT_FINDING = 1,
    LP_EXIT_USAGE = 2,
    LP_EXIT_UNDECIDED = 3,
    LP_EXIT_FAILURE = 4,
    LP_EXIT_INTERRUPTED = 130,
};

/* argv[0] is the command's name. */
int lp_command_run(int argc, char **argv);
int lp_command_check(int argc, char **argv);
int lp_command_list(int argc, char **argv);
int lp_command_explain(int argc, char **argv);

#endif
