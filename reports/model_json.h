/* SPDX-License-Identifier: MIT */
/* The part of result.json that tells of a model's decision. */
#ifndef LP_REPORTS_MODEL_JSON_H
#define LP_REPORTS_MODEL_JSON_H

#include <jansson.h>
#include "reports/model.h"

/* A new reference; NULL when memory is short. */
json_t *lp_model_json(const struct lp_model_report *report);

#endif
