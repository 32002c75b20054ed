/* SPDX-License-Identifier: MIT */
/*
 * From facts to a verdict, a diagnosis and an exit status.
 */
#ifndef LP_VERDICT_VERDICT_H
#define LP_VERDICT_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "check/check.h"

enum lp_verdict {
    LP_HELD,
    LP_BROKEN,
    LP_INCONCLUSIVE,
    LP_SKIPPED,
};
const char *lp_verdict_name(enum lp_verdict verdict);

/* The table of causes: names are those of the contract; also behind `list causes` and `explain`. */
struct lp_cause_row {
    const char *name;    /* first: searched by lp_nearest */
    const char *summary; /* one line */
    const char *story;   /* a paragraph: the mechanism */
    const char *fix;     /* one sentence */
};
extern const struct lp_cause_row lp_cause_rows[];
extern const size_t lp_cause_row_count;

struct lp_diagnosis {
    const char *cause; /* name of a row */
    char *text;        /* one sentence of evidence: workers, values, times */
    const char *fix;
    uint64_t pairs;  /* how many losing pairs or overlaps it explains */
    size_t *witness; /* op indexes in time order, minimal */
    size_t witness_count;
};

#define LP_DIAGNOSES_MAX 8

struct lp_judgement {
    enum lp_verdict verdict;
    char reason[256]; /* one line */
    /* held only: upper bound at 95 % of the failure rate per meeting, if meetings were independent
       (rule of three: 3 / meetings); negative: not applicable */
    double failure_rate_max;
    struct lp_diagnosis diagnoses[LP_DIAGNOSES_MAX]; /* [0] is the cause, others contribute */
    size_t diagnosis_count;
    struct lp_arena arena;
};

/* `deciding_faults`: something that forbids `held` (a worker killed from outside, lockproof ran out
   of room, interrupted), as one line, or NULL. */
struct lp_judge_input {
    const struct lp_checks *checks;
    unsigned min_meetings;
    const char *hindrance;
};

void lp_judge(struct lp_judgement *judgement, const struct lp_judge_input *input);
void lp_judgement_release(struct lp_judgement *judgement); /* takes a zeroed struct too */

#endif
