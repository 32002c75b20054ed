/* SPDX-License-Identifier: MIT */
/*
 * What the doctor found: facts about what was looked at, probes with their results, and findings,
 * each with evidence, what follows from it, the fix, and the scenario that shows it. Filled by the
 * examinations of this room, told by doctor/tell.h.
 */
#ifndef LP_DOCTOR_FINDING_H
#define LP_DOCTOR_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/attr.h"

enum lp_severity {
    LP_PROBLEM, /* proved: by a live probe, or it cannot be otherwise */
    LP_HAZARD,  /* it goes wrong as soon as the path is used as the text says */
    LP_OPEN,    /* could not be tried: nothing is said either way */
    LP_NOTE,    /* worth knowing; no trouble by itself */
};

/* Where in a file of the user's; line 0: nowhere. */
struct lp_spot {
    const char *file;
    unsigned line, column;
};

struct lp_finding {
    enum lp_severity severity;
    const char *cause;   /* of the contract's list, or NULL */
    const char *subject; /* "flock on /data", "services a and b" */
    const char *evidence;
    const char *consequence;
    const char *fix;      /* or NULL, of a note */
    const char *scenario; /* a bundled one that shows it, or NULL */
    struct lp_spot spot;
};

struct lp_doctor_fact {
    const char *subject; /* "/data", "/data in web" */
    const char *text;
};

struct lp_tried {
    const char *subject;
    const char *name;   /* "flock", "SQLite WAL" */
    const char *result; /* "works", "BROKEN", "not tried", "unavailable" */
    const char *detail;
};

struct lp_findings {
    struct lp_doctor_fact *facts;
    size_t fact_count, fact_cap;
    struct lp_tried *tried;
    size_t tried_count, tried_cap;
    struct lp_finding *findings;
    size_t count, cap;
    struct lp_arena arena; /* of all texts */
};

void lp_findings_init(struct lp_findings *findings);
void lp_findings_release(struct lp_findings *findings); /* takes a zeroed struct too */

/* Texts are copied by lp_findings_say and the like; constant ones are taken as they are. */
const char *lp_findings_say(struct lp_findings *findings, const char *fmt, ...) LP_PRINTF(2, 3);
void lp_findings_add(struct lp_findings *findings, const struct lp_finding *finding);
void lp_findings_fact(struct lp_findings *findings, const char *subject, const char *text);
void lp_findings_tried(struct lp_findings *findings, const struct lp_tried *tried);

size_t lp_findings_count(const struct lp_findings *findings, enum lp_severity severity);
const char *lp_severity_name(enum lp_severity severity);

#endif
