/* SPDX-License-Identifier: MIT */
/*
 * A history decided by a model, for the command `check`: read, model inferred or as named, decided,
 * shrunk, told.
 */
#ifndef LP_CLI_CHECK_CALLS_H
#define LP_CLI_CHECK_CALLS_H

#include "check/infer.h"
#include "history/history.h"
#include "history/read.h"
#include "reports/model.h"
#include "reports/result.h"

struct lp_calls_request {
    const char *model; /* NULL: inferred */
    struct lp_read_options read;
    uint64_t timeout_ns; /* 0: none */
    uint64_t memory;     /* bytes; 0: no limit */
    bool want_order;     /* for --linearization and the export of pictures */
    bool want_calls;     /* all of them, for exports */
};

/* One history and what came of it. Too large for the stack of nobody: allocated by the caller, not
   moved after lp_calls_decide. */
struct lp_calls_decision {
    struct lp_scenario scenario; /* name and title only */
    struct lp_history history;   /* when it is one of ours */
    struct lp_calls calls;
    struct lp_reading reading;
    struct lp_inference inference;
    struct lp_decision decision;
    struct lp_shrunk shrunk;
    struct lp_model_report report;
    struct lp_judgement judgement;
    struct lp_run_result result;
    char hinder[256];
};

/* `path`: a file, "-", or a run folder of ours (or its history folder). LP_ERR_USAGE for what
   cannot be read, inferred or judged. */
int lp_calls_decide(struct lp_calls_decision *decision, const char *path,
                    const struct lp_calls_request *request, struct lp_err *err) LP_MUST_CHECK;
void lp_calls_decision_release(struct lp_calls_decision *decision); /* takes a zeroed one too */

/* Opens, or loads, a run folder or the history folder in it. */
int lp_check_open(struct lp_history *history, const char *path, struct lp_err *err) LP_MUST_CHECK;
int lp_check_load(struct lp_history *history, const char *path, struct lp_err *err) LP_MUST_CHECK;

#endif
