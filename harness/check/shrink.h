/* SPDX-License-Identifier: MIT */
/*
 * The fewest facts that still prove a violation: delta debugging (Zeller, Hildebrandt: Simplifying
 * and Isolating Failure-Inducing Input, 2002) with the model's decision as a black box.
 *
 * Calls are not taken away but relaxed (lp_call_relax): of a history without one of its writes or
 * releases nothing follows. What remains proves the violation whatever became of all other calls,
 * and no single one of the rest can be relaxed too (1-minimal), unless time ran out before.
 */
#ifndef LP_CHECK_SHRINK_H
#define LP_CHECK_SHRINK_H

#include "check/model.h"

struct lp_shrunk {
    size_t *calls; /* indexes, ascending */
    size_t count;
    bool minimal;     /* false: time ran out before it was */
    size_t decisions; /* how many it took */
    char detail[200]; /* what the last decision of a violation said */
};

/* `decision` is of these calls, and broken. Uses `budget` for each decision, and never goes on
   after its deadline. */
void lp_model_shrink(const struct lp_model *model, const struct lp_calls *calls,
                     const struct lp_decision *decision, const struct lp_budget *budget,
                     struct lp_shrunk *shrunk);
void lp_shrunk_release(struct lp_shrunk *shrunk); /* takes a zeroed struct too */

#endif
