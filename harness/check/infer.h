/* SPDX-License-Identifier: MIT */
/*
 * Which model a history asks for, where its operations make that plain; and what a model cannot
 * judge of it.
 */
#ifndef LP_CHECK_INFER_H
#define LP_CHECK_INFER_H

#include "base/err.h"
#include "check/model.h"

struct lp_inference {
    struct lp_model model;
    char why[160]; /* one clause: "acquire and release, each by who acquired" */
};

/* 0, or -1 and an LP_ERR_USAGE that names the models to choose from. */
int lp_model_infer(const struct lp_calls *calls, struct lp_inference *inference,
                   struct lp_err *err) LP_MUST_CHECK;

/* What of the history the model could neither judge nor pass over: operations that no model knows,
   values that are no numbers in a counter. 0, or -1 and an LP_ERR_USAGE that names the first.
   `name` is the input's. */
int lp_model_suits(const struct lp_model *model, const struct lp_calls *calls, const char *name,
                   struct lp_err *err) LP_MUST_CHECK;

#endif
