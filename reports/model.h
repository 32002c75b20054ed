/* SPDX-License-Identifier: MIT */
/*
 * What deciding a history by a model found, for all formats: which model and why, what was read,
 * and the few calls that prove a violation, in sentences and in lanes.
 */
#ifndef LP_REPORTS_MODEL_H
#define LP_REPORTS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "check/model.h"
#include "check/shrink.h"
#include "history/calls.h"

struct lp_model_report {
    const struct lp_calls *calls;
    const struct lp_decision *decision;
    const struct lp_shrunk *shrunk; /* broken: the witness; else empty */
    struct lp_model model;
    const char *inferred; /* why this model; NULL when the user named it */
    const char *format;   /* "EDN" */
    size_t rows;
    size_t ok, fail, unknown; /* outcomes of the calls */
    uint64_t read_ns, decide_ns, shrink_ns;
    bool streamed;      /* read in one pass: `calls` has names only, and the witness */
    const char *hinder; /* what forbids `held`, or NULL */
};

/* "process 3 acquired at 12.301..12.344 ms (line 7)" */
void lp_model_sentence(const struct lp_calls *calls, const struct lp_call *call,
                       struct lp_str *out);
/* What the witness proves, its calls one after the other. Nothing when nothing is proven. */
void lp_model_story(const struct lp_model_report *report, struct lp_str *out);
/* What was read and by which rule it was decided, one line each. */
void lp_model_read_line(const struct lp_model_report *report, struct lp_str *out);
void lp_model_rule_line(const struct lp_model_report *report, struct lp_str *out);

/* "acquire", "write 5", "cas 1 -> 2": without the outcome. */
void lp_call_step(const struct lp_calls *calls, const struct lp_call *call, struct lp_str *out);
/* A value as the input has it; "nil" for none. */
void lp_call_value(const struct lp_calls *calls, int64_t value, struct lp_str *out);
const char *lp_call_outcome(const struct lp_call *call);

/* The lane diagram of calls: one lane a process, time downwards. */
void lp_report_call_lanes(const struct lp_calls *calls, const size_t *indexes, size_t count,
                          bool color, struct lp_str *out);

#endif
