/* SPDX-License-Identifier: MIT */
/*
 * Fencing: the tokens that a store accepts never go back. Violated when it accepted an operation
 * under a token after another one under a higher token had certainly been accepted: completed
 * before the first was invoked. One sort, one pass, O(n log n).
 */
#include "check/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct shown {
    uint64_t complete_ns;
    size_t op;
};

static int by_completion(const void *a, const void *b)
{
    const struct shown *left = a, *right = b;
    return (left->complete_ns > right->complete_ns) - (left->complete_ns < right->complete_ns);
}

static bool shows_token(const struct lp_op *op)
{
    const struct lp_record *record = op->record;
    return (record->kind == LP_STEP_READ || record->kind == LP_STEP_WRITE) && record->token != 0;
}

static bool same_store(const struct lp_record *a, const struct lp_record *b)
{
    return a->domain == b->domain && a->object == b->object;
}

static void add_violation(struct lp_checks *checks, size_t older, size_t newer)
{
    struct lp_fencing *fencing = &checks->fencing;
    const struct lp_op *ops = checks->history->ops;
    if (fencing->backwards++ > 0)
        return;
    fencing->result = LP_VIOLATED;
    fencing->older = older;
    fencing->newer = newer;
    lp_witness_add(&fencing->witness, &fencing->witness_count, older);
    lp_witness_add(&fencing->witness, &fencing->witness_count, newer);
    snprintf(fencing->detail, sizeof fencing->detail,
             "worker %u's token %" PRIu64 " was accepted after worker %u's %" PRIu64,
             checks->history->workers[ops[older].worker].header->worker, ops[older].record->token,
             checks->history->workers[ops[newer].worker].header->worker, ops[newer].record->token);
}

static size_t collect(struct lp_checks *checks, struct shown *shown)
{
    const struct lp_history *history = checks->history;
    size_t count = 0;
    for (size_t i = 0; i < history->op_count; i++) {
        const struct lp_op *op = &history->ops[i];
        if (!shows_token(op))
            continue;
        checks->fencing.shown++;
        checks->fencing.refused +=
            lp_op_result(op) == LP_FAIL && (op->record->flags & LP_FLAG_STALE) != 0;
        if (lp_op_ok(op))
            shown[count++] = (struct shown){op->record->complete_ns, i};
    }
    return count;
}

void lp_check_fencing(struct lp_checks *checks)
{
    const struct lp_history *history = checks->history;
    struct lp_fencing *fencing = &checks->fencing;
    struct shown *shown = lp_alloc(history->op_count, sizeof *shown);
    size_t count = collect(checks, shown), over = 0;
    size_t highest = LP_NOWHERE; /* among those that were over before the one looked at */
    fencing->older = fencing->newer = LP_NOWHERE;
    fencing->result = fencing->shown ? LP_PASS : LP_NOT_APPLICABLE;
    qsort(shown, count, sizeof *shown, by_completion);
    for (size_t i = 0; i < history->op_count && count > 0; i++) {
        const struct lp_op *op = &history->ops[i];
        if (!shows_token(op) || !lp_op_ok(op))
            continue;
        for (; over < count && shown[over].complete_ns < op->record->invoke_ns; over++)
            if (highest == LP_NOWHERE ||
                history->ops[shown[over].op].record->token > history->ops[highest].record->token)
                highest = shown[over].op;
        if (highest != LP_NOWHERE && history->ops[highest].record->token > op->record->token &&
            same_store(history->ops[highest].record, op->record))
            add_violation(checks, i, highest);
    }
    free(shown);
    if (fencing->result == LP_PASS)
        snprintf(fencing->detail, sizeof fencing->detail,
                 "%" PRIu64 " operations showed a token, %" PRIu64 " were refused as too old",
                 fencing->shown, fencing->refused);
}
