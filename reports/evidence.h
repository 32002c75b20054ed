/* SPDX-License-Identifier: MIT */
/*
 * What is to be said about one result, as labelled sentences and a diagram. Every format for people
 * says the same; they differ only in how it is set.
 */
#ifndef LP_REPORTS_EVIDENCE_H
#define LP_REPORTS_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/str.h"
#include "reports/result.h"

#define LP_FACTS_MAX 40

struct lp_fact {
    const char *label; /* one short word */
    const char *text;  /* one printable line */
};

struct lp_evidence {
    struct lp_arena arena;
    struct lp_fact facts[LP_FACTS_MAX];
    size_t count;
    const char *diagram; /* the lane diagram, or "" */
};

void lp_evidence_init(struct lp_evidence *evidence, const struct lp_run_result *result, bool color);
void lp_evidence_release(struct lp_evidence *evidence);

/* The operations that the diagram shows: indexes into the history; *count 0 when there are none. */
const size_t *lp_evidence_witness(const struct lp_run_result *result, size_t *count);

/* The text of the first fact with this label, or NULL. */
const char *lp_evidence_find(const struct lp_evidence *evidence, const char *label);

/* All of it as plain text, a line a fact, the diagram last. */
void lp_evidence_plain(const struct lp_evidence *evidence, struct lp_str *out);

#endif
