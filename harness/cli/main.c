/* SPDX-License-Identifier: MIT */
/* lockproof COMMAND [OPTION...]: the table of commands. */
#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "base/str.h"
#include "cli/ui.h"

const struct lp_command lp_commands[] = {
    {"run", lp_command_run, "run scenarios and give verdicts", &lp_line_run},
    {"exec", lp_command_exec, "put a program of your own on the bench", &lp_line_exec},
    {"explore", lp_command_explore, "try the orders of a scenario's steps one by one",
     &lp_line_explore},
    {"replay", lp_command_replay, "carry out one recorded schedule again", &lp_line_replay},
    {"check", lp_command_check, "decide a recorded history", &lp_line_check},
    {"bench", lp_command_bench, "compare lock backends", &lp_line_bench},
    {"report", lp_command_report, "make the HTML page of a run folder", &lp_line_report},
    {"list", lp_command_list, "list scenarios, drivers, steps, invariants, causes, faults",
     &lp_line_list},
    {"explain", lp_command_explain, "the story of a bundled scenario or of a cause",
     &lp_line_explain},
    {"completion", lp_command_completion, "write completion for bash or zsh", &lp_line_completion},
    {"doctor", lp_command_doctor, "say whether locks can work on a path", &lp_line_doctor},
    {"manifest", lp_command_manifest, "write a scenario for a cluster", &lp_line_manifest},
    {"worker", lp_command_worker, "a container's workers; started by placements", &lp_line_worker},
};
const size_t lp_command_count = LP_ARRAY_LEN(lp_commands);

static void usage(struct lp_str *out)
{
    lp_str_add(out, "usage: lockproof COMMAND [OPTION...]\n\n"
                    "Says, with proof, whether a lock really locks.\n\ncommands:\n");
    for (size_t i = 0; i < lp_command_count; i++)
        lp_str_addf(out, "  %-10s %s\n", lp_commands[i].name, lp_commands[i].summary);
    lp_str_add(out, "\n`lockproof COMMAND --help` says more; `lockproof --version` which one this "
                    "is.\n");
}

static int show_usage(void)
{
    struct lp_str out;
    lp_str_init(&out);
    usage(&out);
    lp_ui_print(out.ptr);
    lp_str_release(&out);
    return lp_ui_flush() ? LP_EXIT_OK : LP_EXIT_FAILURE;
}

static int unknown(const char *word)
{
    struct lp_err err = {0};
    const char *near = lp_nearest(word, lp_commands, lp_command_count, sizeof *lp_commands);
    if (near)
        lp_err_set(&err, LP_ERR_USAGE, "unknown command '%s', did you mean '%s'?", word, near);
    else
        lp_err_set(&err, LP_ERR_USAGE, "unknown command '%s'; --help lists them", word);
    lp_ui_error(&err);
    return LP_EXIT_USAGE;
}

/* Descriptors 0 to 2 that were closed would be given to the next files opened, and a history would
   hold what was printed. They are opened the wrong way round, so that printing still fails. */
static int open_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) != -1 || errno != EBADF)
            continue;
        if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (open_standard_files() == -1)
        return LP_EXIT_FAILURE;
    /* A reader that went away shows as a failed write, which has its own exit status. */
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        struct lp_err err = {0};
        lp_err_set(&err, LP_ERR_USAGE, "no command given; --help lists them");
        lp_ui_error(&err);
        return LP_EXIT_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
        return show_usage();
    if (strcmp(word, "--version") == 0) {
        lp_ui_print("lockproof " LP_VERSION "\n");
        return lp_ui_flush() ? LP_EXIT_OK : LP_EXIT_FAILURE;
    }
    for (size_t i = 0; i < lp_command_count; i++)
        if (strcmp(lp_commands[i].name, word) == 0)
            return lp_commands[i].main(argc - 1, argv + 1);
    return unknown(word);
}
