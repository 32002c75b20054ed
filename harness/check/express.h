/* SPDX-License-Identifier: MIT */
/* Inside the room: the plain case. See express.c. */
#ifndef LP_CHECK_EXPRESS_H
#define LP_CHECK_EXPRESS_H

#include "check/model.h"

/* True when it has decided; else the decision is as empty as before. */
bool lp_express(const struct lp_model *model, const struct lp_calls *calls,
                struct lp_decision *decision);

#endif
