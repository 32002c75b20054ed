/* SPDX-License-Identifier: MIT */
/*
 * Command-line options from tables: a row says name, letter, argument, type, where the value goes,
 * and help; parsing, `--help` and "did you mean" come from the same rows.
 */
#ifndef LP_CLI_OPTIONS_H
#define LP_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/str.h"

enum lp_option_type {
    LP_OPTION_FLAG,     /* bool, set to true */
    LP_OPTION_TEXT,     /* const char * */
    LP_OPTION_LIST,     /* struct lp_texts: may be given again and again */
    LP_OPTION_NUMBER,   /* uint64_t, at least `min` */
    LP_OPTION_DURATION, /* uint64_t ns, at least 1 */
};

struct lp_texts {
    const char *text[16];
    size_t count;
};

struct lp_option {
    const char *name;     /* without "--"; first: searched by lp_nearest */
    char letter;          /* or '\0' */
    const char *argument; /* what the help calls it; NULL for flags */
    enum lp_option_type type;
    size_t offset; /* into the command's struct */
    uint64_t min;
    const char *help;
};

struct lp_command_line {
    const struct lp_option *options;
    size_t option_count;
    const char *synopsis; /* "run [OPTION...] [SCENARIO...]" */
    const char *summary;  /* a paragraph for --help */
};

/* Parses argv[1..] into `into`; what is no option goes to `rest` (room for argc), up to a "--" and
   all behind it. Every table has --help; *help is set when it was given. */
int lp_options_parse(const struct lp_command_line *line, int argc, char **argv, void *into,
                     const char **rest, size_t *rest_count, bool *help,
                     struct lp_err *err) LP_MUST_CHECK;

void lp_options_help(const struct lp_command_line *line, struct lp_str *out);
/* The same to stdout; returns the command's exit status. */
int lp_help_show(const struct lp_command_line *line);

#endif
