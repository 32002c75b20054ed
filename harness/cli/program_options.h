/* SPDX-License-Identifier: MIT */
/* What `exec -- PROGRAM` and `explore -- PROGRAM` are told about the program. */
#ifndef LP_CLI_PROGRAM_OPTIONS_H
#define LP_CLI_PROGRAM_OPTIONS_H

#include "base/arena.h"
#include "cli/options.h"
#include "program/place.h"
#include "program/program.h"
#include "program/quote.h"

struct lp_program_options {
    uint64_t workers, timeout_ns;
    const char *setup, *observe, *invariant, *unique, *adds, *fail_codes, *share, *placement,
        *image;
    bool check_output;
};

/* Rows for a command's table; OFFSET is where struct lp_program_options lies in its struct. */
#define LP_PROGRAM_OPTION_ROWS(OFFSET)                                                             \
    {"workers",                                                                                    \
     'w',                                                                                          \
     "N",                                                                                          \
     LP_OPTION_NUMBER,                                                                             \
     (OFFSET) + offsetof(struct lp_program_options, workers),                                      \
     1,                                                                                            \
     "copies at once (4; explore: 2)"},                                                            \
        {"setup",                                                                                  \
         '\0',                                                                                     \
         "CMD",                                                                                    \
         LP_OPTION_TEXT,                                                                           \
         (OFFSET) + offsetof(struct lp_program_options, setup),                                    \
         0,                                                                                        \
         "shell command before each trial: makes the data anew"},                                  \
        {"observe",                                                                                \
         '\0',                                                                                     \
         "CMD",                                                                                    \
         LP_OPTION_TEXT,                                                                           \
         (OFFSET) + offsetof(struct lp_program_options, observe),                                  \
         0,                                                                                        \
         "shell command that prints the counter; asked before and after"},                         \
        {"adds",                                                                                   \
         '\0',                                                                                     \
         "N",                                                                                      \
         LP_OPTION_TEXT,                                                                           \
         (OFFSET) + offsetof(struct lp_program_options, adds),                                     \
         0,                                                                                        \
         "what one exit of 0 adds to the counter (1)"},                                            \
        {"expect-unique",                                                                          \
         '\0',                                                                                     \
         "FILE",                                                                                   \
         LP_OPTION_TEXT,                                                                           \
         (OFFSET) + offsetof(struct lp_program_options, unique),                                   \
         0,                                                                                        \
         "FILE has a line for each exit of 0, none of them twice"},                                \
        {"invariant",                                                                              \
         '\0',                                                                                     \
         "CMD",                                                                                    \
         LP_OPTION_TEXT,                                                                           \
         (OFFSET) + offsetof(struct lp_program_options, invariant),                                \
         0,                                                                                        \
         "shell command that ends with 0 when all is well"},                                       \
        {"fail-codes",                                                                             \
         '\0',                                                                                     \
         "LIST",                                                                                   \
         LP_OPTION_TEXT,                                                                           \
         (OFFSET) + offsetof(struct lp_program_options, fail_codes),                               \
         0,                                                                                        \
         "exits that certainly had no effect (1,75); others than 0 are unknown"},                  \
        {"check-output",                                                                           \
         '\0',                                                                                     \
         NULL,                                                                                     \
         LP_OPTION_FLAG,                                                                           \
         (OFFSET) + offsetof(struct lp_program_options, check_output),                             \
         0,                                                                                        \
         "copies print what they print one after the other, in any order"},                        \
        {"share",                                                                                  \
         '\0',                                                                                     \
         "DIR",                                                                                    \
         LP_OPTION_TEXT,                                                                           \
         (OFFSET) + offsetof(struct lp_program_options, share),                                    \
         0,                                                                                        \
         "the one folder that containers share (with -p namespace or docker)"},                    \
        {"placement",                                                                              \
         'p',                                                                                      \
         "P",                                                                                      \
         LP_OPTION_TEXT,                                                                           \
         (OFFSET) + offsetof(struct lp_program_options, placement),                                \
         0,                                                                                        \
         "process, or namespace: each copy in a container of its own"},                            \
    {                                                                                              \
        "timeout", '\0', "T", LP_OPTION_DURATION,                                                  \
            (OFFSET) + offsetof(struct lp_program_options, timeout_ns), 0,                         \
            "end a trial after so long (60s)"                                                      \
    }

/* What the command line came to; texts belong to `arena`. */
struct lp_program_line {
    struct lp_program program;
    struct lp_copy_place place;
};

/* `argv` of `count`: the program, with room for a NULL behind it. */
int lp_program_line_parse(struct lp_program_line *line, const struct lp_program_options *options,
                          const char **argv, size_t count, unsigned copies_default,
                          struct lp_arena *arena, struct lp_err *err) LP_MUST_CHECK;
void lp_program_line_release(struct lp_program_line *line); /* takes a zeroed struct too */

#endif
