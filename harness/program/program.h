/* SPDX-License-Identifier: MIT */
/*
 * A program of the user's own on the bench: what is to be run, how often at once, and how it is
 * told whether all went well. Shared by exec (exec.h) and by exploring (world.h of this room).
 */
#ifndef LP_PROGRAM_PROGRAM_H
#define LP_PROGRAM_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/str.h"

struct lp_copy_place;

struct lp_program {
    const char *const *argv; /* ended by NULL */
    const char *name;        /* for people: the last part of argv[0], or of the script behind it */
    unsigned copies;         /* at once */
    const char *setup;       /* shell commands; NULL: none */
    const char *observe;     /* prints the counter */
    const char *invariant;   /* exit 0: all is well */
    const char *unique_file; /* one line a success, none twice */
    int64_t adds;            /* what one success adds to the counter */
    bool fail_codes[256];    /* exits that certainly had no effect */
    bool check_output;       /* prints what it prints when run one copy after the other */
    uint64_t timeout_ns;     /* of one trial, and of each shell command */
    const struct lp_copy_place *place; /* NULL: process */
};

/* Is there anything that tells, after a trial, whether it went well? */
static inline bool lp_program_is_observed(const struct lp_program *program)
{
    return program->observe || program->invariant || program->unique_file || program->check_output;
}

/* ---- shell commands (command.c) ---- */

struct lp_command_result {
    int status; /* of wait(2) */
    bool timed_out;
    struct lp_str output; /* stdout, at most 64 KB */
};

/* Runs `sh -c COMMAND` and waits for its end. -1 only when it could not even be started. */
int lp_shell_run(const char *command, uint64_t timeout_ns, struct lp_command_result *result,
                 struct lp_err *err) LP_MUST_CHECK;
void lp_command_result_release(struct lp_command_result *result);

int lp_program_setup(const struct lp_program *program, struct lp_err *err) LP_MUST_CHECK;
/* The counter; -1 with LP_ERR_USAGE when the command fails or prints no number. */
int lp_program_observe(const struct lp_program *program, int64_t *value,
                       struct lp_err *err) LP_MUST_CHECK;

/* ---- what the trial left (outcome.c) ---- */

/* Everything that is asked after one trial. */
struct lp_program_outcome {
    unsigned succeeded, failed, unknown; /* copies, by their exits */
    bool counted;
    bool unreadable; /* the counter could be read before, and cannot now */
    int64_t start, final;
    uint64_t lost_min, lost_max, extra;
    bool invariant_asked, invariant_holds;
    bool unique_asked;
    uint64_t lines, duplicates, lines_missing;
    char duplicate[80]; /* one of them */
    bool output_asked, output_differs;
};

/* Fills in all but the counts of copies and `start`, which are given. Before setup has run again.
   LP_ERR_USAGE when a command of the user's fails. */
int lp_program_judge(const struct lp_program *program, struct lp_program_outcome *outcome,
                     struct lp_err *err) LP_MUST_CHECK;
/* Does it prove that something went wrong? */
bool lp_outcome_is_bad(const struct lp_program_outcome *outcome);
/* One sentence about it. */
void lp_outcome_text(const struct lp_program_outcome *outcome, struct lp_str *out);
/* How a copy ended. */
void lp_outcome_count(const struct lp_program *program, struct lp_program_outcome *outcome,
                      int status);

#endif
