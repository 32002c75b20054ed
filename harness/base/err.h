/* SPDX-License-Identifier: MIT */
/*
 * Errors travel as values: a function returns 0 or -1 and, with -1, has filled a struct lp_err with
 * one sentence that a user can act on. Only harness/cli prints them. The kinds are never mixed:
 * a finding about a lock is a verdict and not an error at all.
 */
#ifndef LP_BASE_ERR_H
#define LP_BASE_ERR_H

#include "base/attr.h"

enum lp_err_kind {
    LP_ERR_NONE,
    LP_ERR_USAGE, /* an option or a scenario is wrong: exit 2 */
    LP_ERR_NEED,  /* something that the scenario needs is missing here: verdict skipped */
    LP_ERR_SELF,  /* lockproof or the machine failed (no memory, disk full): exit 4 */
};

struct lp_err {
    enum lp_err_kind kind;
    char text[512];   /* no capital, no full stop, subject in quotes; "FILE:LINE:COL: " first */
    char remedy[256]; /* LP_ERR_NEED: the command or act that provides what is missing; else "" */
};

/* Both fill `err` and return -1, so that a caller can write `return lp_err_set(...)`. */
int lp_err_set(struct lp_err *err, enum lp_err_kind kind, const char *fmt, ...) LP_PRINTF(3, 4);
/* The same with ": " and the text of `errnum` (an errno value) at the end. */
int lp_err_sys(struct lp_err *err, enum lp_err_kind kind, int errnum, const char *fmt, ...)
    LP_PRINTF(4, 5);
/* Puts a prefix before the text that is there: "PREFIX: TEXT". Returns -1. */
int lp_err_wrap(struct lp_err *err, const char *fmt, ...) LP_PRINTF(2, 3);

#endif
