/* SPDX-License-Identifier: MIT */
/*
 * What is tried between two sides: does a lock taken by one stop the other, is what one writes seen
 * by the other? A lock *excludes* when A was granted it, B was refused while A held it, and B was
 * granted it after A let go. It is *granted twice* when both were granted it at once. Anything else
 * says nothing.
 */
#ifndef LP_DOCTOR_PROBE_H
#define LP_DOCTOR_PROBE_H

#include "doctor/side.h"

enum lp_probe_result {
    LP_PROBE_WORKS,
    LP_PROBE_TWICE,       /* both held it */
    LP_PROBE_UNSEEN,      /* what A wrote B does not see */
    LP_PROBE_IN_USE,      /* somebody held it before we came */
    LP_PROBE_UNAVAILABLE, /* A could not use it at all here */
    LP_PROBE_UNCLEAR,
};

struct lp_probe {
    enum lp_probe_result result;
    char text[192]; /* why, in words; or "" */
};

const char *lp_probe_name(enum lp_probe_kind kind); /* "SQLite WAL" */
const char *
lp_probe_purpose(enum lp_probe_kind kind); /* "flock(2), flock(1), Python fcntl.flock" */

/* `path_a` as A sees it, `path_b` as B does; for all kinds but flock, posix and ofd on a file that
   is there, a path at which nothing is. Nothing is left behind in it but what the caller removes.
 */
void lp_probe_try(struct lp_probe *probe, enum lp_probe_kind kind, struct lp_side *a,
                  const char *path_a, struct lp_side *b, const char *path_b);

/* A makes a file that B has made already, and renames one over what B reads. */
void lp_probe_names(struct lp_probe *probe, struct lp_side *a, const char *path_a,
                    struct lp_side *b, const char *path_b);

#endif
