/* SPDX-License-Identifier: MIT */
/*
 * The doctor's examinations of live places. Each adds facts, what was tried, and findings; only a
 * failure of lockproof itself is an error. A *place* is a path here, or a path inside the
 * namespaces of a process: two places are one for locks when what is taken in one stops the other.
 */
#ifndef LP_DOCTOR_EXAMINE_H
#define LP_DOCTOR_EXAMINE_H

#include <sys/types.h>
#include "base/err.h"
#include "doctor/finding.h"

struct lp_doctor_place {
    const char *name; /* for people: "/data", "/data in web" */
    const char *path; /* absolute */
    pid_t pid;        /* 0: here */
    const char *side; /* "here", "web" */
};

/* One path, from two processes here. LP_ERR_USAGE when it does not exist. */
int lp_doctor_path(struct lp_findings *findings, const char *path,
                   struct lp_err *err) LP_MUST_CHECK;

/* Two places that somebody believes to be one; with `believed` false nothing is wrong when they are
   two (paths that were merely named together). */
int lp_doctor_pair(struct lp_findings *findings, const struct lp_doctor_place *a,
                   const struct lp_doctor_place *b, bool believed,
                   struct lp_err *err) LP_MUST_CHECK;

/* Processes that have a file of this name open which is not the one that has the name now. */
void lp_doctor_holders(struct lp_findings *findings, const char *path);

/* The first process of a running container, by name or id; "pid:N" names a process. LP_ERR_USAGE
   when there is none, LP_ERR_NEED without an engine. */
int lp_doctor_container(const char *name, pid_t *pid, struct lp_err *err) LP_MUST_CHECK;

#endif
