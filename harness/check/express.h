/* SPDX-License-Identifier: MIT */
/* Inside the room: the plain case. See express.c. */
#ifndef LP_CHECK_EXPRESS_H
#define LP_CHECK_EXPRESS_H

#include "check/model.h"

/* True when it has decided; else the decision is as empty as before. */
bool lp_express(const struct lp_model *model, const struct lp_calls *calls,
                struct lp_decision *decision);

/* Its parts. */
bool lp_express_locks(enum lp_model_kind kind, const struct lp_calls *calls,
                      struct lp_decision *decision);
bool lp_express_counter(const struct lp_calls *calls, struct lp_decision *decision);
bool lp_express_tokens(const struct lp_calls *calls, struct lp_decision *decision);
void lp_express_decide(struct lp_decision *decision, enum lp_decided decided, const char *rule);
/* Two calls prove it. Returns true. */
bool lp_express_broken(struct lp_decision *decision, uint32_t key, const char *rule,
                       const char *detail, size_t a, size_t b);

#endif
