/* SPDX-License-Identifier: MIT */
/* Deciding in one pass. */
#include <stdlib.h>

#include "check/model_parts.h"

struct lp_feed {
    struct lp_model model;
    struct lp_budget budget;
    struct lp_calls calls;
    size_t cap;
};

struct lp_feed *lp_feed_new(const struct lp_model *model, const struct lp_budget *budget,
                            int64_t start, uint64_t uncertainty_ns, struct lp_err *err)
{
    if (model->kind == LP_MODEL_REGISTER || model->kind == LP_MODEL_CAS_REGISTER) {
        lp_err_set(err, LP_ERR_USAGE, "a register cannot be decided in one pass");
        return NULL;
    }
    struct lp_feed *feed = lp_alloc(1, sizeof *feed);
    feed->model = *model;
    if (budget)
        feed->budget = *budget;
    feed->budget.want_order = false;
    lp_calls_init(&feed->calls);
    feed->calls.start = start;
    feed->calls.uncertainty_ns = uncertainty_ns;
    return feed;
}

bool lp_feed_add(struct lp_feed *feed, const struct lp_call *call)
{
    struct lp_calls *calls = &feed->calls;
    calls->calls = lp_grow(calls->calls, &feed->cap, calls->count + 1, sizeof *calls->calls);
    calls->calls[calls->count++] = *call;
    return true;
}

void lp_feed_end(struct lp_feed *feed, struct lp_decision *decision)
{
    lp_model_decide(&feed->model, &feed->calls, &feed->budget, decision);
}

void lp_feed_free(struct lp_feed *feed)
{
    if (feed)
        lp_calls_release(&feed->calls);
    free(feed);
}
