/* SPDX-License-Identifier: MIT */
/* What copies print: kept, compared, shown. */
#ifndef LP_PROGRAM_PRINTED_H
#define LP_PROGRAM_PRINTED_H

#include "program/trial.h"

/* What the copies of a trial printed, in any order of the copies. */
struct lp_printed {
    char **text; /* sorted */
    size_t count;
};

int lp_printed_read(struct lp_printed *printed, const char *folder, const struct lp_trial *trial,
                    struct lp_err *err) LP_MUST_CHECK;
void lp_printed_release(struct lp_printed *printed); /* takes a zeroed struct too */
bool lp_printed_same(const struct lp_printed *a, const struct lp_printed *b);

/* The beginning of what a failing copy printed: one that did not end with 0, or (`any`) the first
   that printed something like an error. Nothing when there is none. */
void lp_printed_example(const char *folder, const struct lp_trial *trial, bool any,
                        struct lp_str *out);

#endif
