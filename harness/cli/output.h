/* SPDX-License-Identifier: MIT */
/* Where reports go: `-f FORMAT[=FILE]`, again and again; text on stdout when none is given. */
#ifndef LP_CLI_OUTPUT_H
#define LP_CLI_OUTPUT_H

#include "cli/options.h"
#include "reports/result.h"

struct lp_output {
    const struct lp_report_format *format;
    const char *file; /* NULL: stdout */
};

#define LP_OUTPUTS_MAX 16

struct lp_outputs {
    struct lp_output output[LP_OUTPUTS_MAX];
    size_t count;
};

/* One `FORMAT[=FILE]` by any table whose rows begin with their names: *index is the row, *file what
   to write or NULL for stdout. Errors as below. */
int lp_output_choose(const char *given, const void *formats, size_t count, size_t stride,
                     size_t *index, const char **file, struct lp_err *err);
/* Writes a whole report to the file, or to stdout when it is NULL. */
int lp_output_write(const char *file, const struct lp_str *text, struct lp_err *err);

/* Parses the arguments of -f. LP_ERR_USAGE names the nearest format; LP_ERR_SELF tells of a file
   that cannot be written, before anything is run. */
int lp_outputs_parse(struct lp_outputs *outputs, const struct lp_texts *given, struct lp_err *err);

/* Can a file be written there? Asked before the run: an hour's work should not end in a typo. */
int lp_output_check_folder(const char *file, struct lp_err *err);

/* Whether somebody reads text on stdout, to whom more than the report may be told. */
bool lp_outputs_for_people(const struct lp_outputs *outputs);

/* Writes all of them, also when one fails; *err is then of the first that did. `set->color` counts
 * for stdout only. */
int lp_outputs_write(const struct lp_outputs *outputs, const struct lp_report_set *set,
                     struct lp_err *err);

#endif
