/* SPDX-License-Identifier: MIT */
/* ddmin over the witness; the history around it is cut to what can still matter. */
#include "check/shrink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "os/clock.h"

struct shrink {
    const struct lp_model *model;
    const struct lp_calls *calls;
    const struct lp_budget *budget;
    uint32_t key;
    bool *kept; /* by index of call */
    struct lp_calls trial;
    struct lp_shrunk *shrunk;
    bool out_of_time;
};

static bool matters(const struct shrink *shrink, const struct lp_call *call)
{
    return call->key == shrink->key &&
           lp_model_judges(shrink->model->kind, (enum lp_call_kind)call->kind);
}

/* What begins after all kept calls have returned cannot have had an effect on them. */
static uint64_t last_return(const struct shrink *shrink, const size_t *set, size_t count)
{
    uint64_t last_ns = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t end_ns = shrink->calls->calls[set[i]].return_ns;
        last_ns = end_ns > last_ns ? end_ns : last_ns;
    }
    uint64_t slack_ns = 2 * shrink->calls->uncertainty_ns;
    return last_ns > UINT64_MAX - slack_ns ? UINT64_MAX : last_ns + slack_ns;
}

static void build_trial(struct shrink *shrink, const size_t *set, size_t count)
{
    const struct lp_calls *calls = shrink->calls;
    uint64_t last_ns = last_return(shrink, set, count);
    shrink->trial.count = 0;
    for (size_t i = 0; i < count; i++)
        shrink->kept[set[i]] = true;
    for (size_t i = 0; i < calls->count; i++) {
        struct lp_call call = calls->calls[i];
        if (!matters(shrink, &call) || call.invoke_ns > last_ns)
            continue;
        if (!shrink->kept[i])
            lp_call_relax(&call);
        if (call.outcome == LP_FAIL || (call.outcome == LP_UNKNOWN && call.kind == LP_CALL_READ))
            continue;
        shrink->trial.calls[shrink->trial.count++] = call;
    }
    for (size_t i = 0; i < count; i++)
        shrink->kept[set[i]] = false;
}

/* Do these calls alone prove it? */
static bool proves(struct shrink *shrink, const size_t *set, size_t count)
{
    struct lp_decision decision;
    uint64_t deadline_ns = shrink->budget->deadline_ns;
    if (deadline_ns > 0 && lp_clock_ns() >= deadline_ns) {
        shrink->out_of_time = true;
        return false;
    }
    build_trial(shrink, set, count);
    lp_model_decide(shrink->model, &shrink->trial, shrink->budget, &decision);
    bool broken = decision.decided == LP_DECIDED_BROKEN;
    if (broken)
        snprintf(shrink->shrunk->detail, sizeof shrink->shrunk->detail, "%s", decision.detail);
    shrink->shrunk->decisions++;
    lp_decision_release(&decision);
    return broken;
}

/* One round of ddmin with `parts` parts: tries each alone, then all without each. True when the set
   became smaller. */
static bool reduce(struct shrink *shrink, size_t *parts)
{
    struct lp_shrunk *shrunk = shrink->shrunk;
    size_t *trial = lp_alloc(shrunk->count, sizeof *trial);
    bool smaller = false;
    for (size_t try = 0; try < 2 * *parts && !smaller && !shrink->out_of_time; try++) {
        bool without = try >= *parts;
        size_t part = try % *parts;
        size_t from = part * shrunk->count / *parts, to = (part + 1) * shrunk->count / *parts;
        size_t count = 0;
        if (without && *parts == 2)
            break; /* the same as the other part alone */
        for (size_t i = 0; i < shrunk->count; i++)
            if ((i >= from && i < to) != without)
                trial[count++] = shrunk->calls[i];
        if (count == 0 || count == shrunk->count || !proves(shrink, trial, count))
            continue;
        memcpy(shrunk->calls, trial, count * sizeof *trial);
        shrunk->count = count;
        *parts = without && *parts > 3 ? *parts - 1 : 2;
        smaller = true;
    }
    free(trial);
    return smaller;
}

/* Two grants that exclude each other tell people more than a grant and somebody's release. */
static void try_without_releases(struct shrink *shrink)
{
    struct lp_shrunk *shrunk = shrink->shrunk;
    size_t *trial = lp_alloc(shrunk->count, sizeof *trial);
    size_t count = 0;
    for (size_t i = 0; i < shrunk->count; i++)
        if (shrink->calls->calls[shrunk->calls[i]].kind != LP_CALL_RELEASE)
            trial[count++] = shrunk->calls[i];
    if (count > 0 && count < shrunk->count && proves(shrink, trial, count)) {
        memcpy(shrunk->calls, trial, count * sizeof *trial);
        shrunk->count = count;
    }
    free(trial);
}

static void ddmin(struct shrink *shrink)
{
    struct lp_shrunk *shrunk = shrink->shrunk;
    size_t parts = 2;
    while (shrunk->count > 1 && !shrink->out_of_time) {
        if (parts > shrunk->count)
            parts = shrunk->count;
        if (reduce(shrink, &parts))
            continue;
        if (parts == shrunk->count)
            break;
        parts *= 2;
    }
    shrunk->minimal = !shrink->out_of_time;
}

void lp_model_shrink(const struct lp_model *model, const struct lp_calls *calls,
                     const struct lp_decision *decision, const struct lp_budget *budget,
                     struct lp_shrunk *shrunk)
{
    struct shrink shrink = {.model = model,
                            .calls = calls,
                            .budget = budget,
                            .key = decision->key,
                            .shrunk = shrunk,
                            .trial = *calls};
    *shrunk = (struct lp_shrunk){.count = decision->witness_count};
    snprintf(shrunk->detail, sizeof shrunk->detail, "%s", decision->detail);
    shrunk->calls = lp_alloc(shrunk->count, sizeof *shrunk->calls);
    if (shrunk->count > 0)
        memcpy(shrunk->calls, decision->witness, shrunk->count * sizeof *shrunk->calls);
    shrink.kept = lp_alloc(calls->count, sizeof *shrink.kept);
    shrink.trial.calls = lp_alloc(calls->count, sizeof *shrink.trial.calls);
    try_without_releases(&shrink);
    ddmin(&shrink);
    free(shrink.kept);
    free(shrink.trial.calls);
}

void lp_shrunk_release(struct lp_shrunk *shrunk)
{
    free(shrunk->calls);
    *shrunk = (struct lp_shrunk){0};
}
