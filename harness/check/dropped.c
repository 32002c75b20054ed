/* SPDX-License-Identifier: MIT */
/*
 * Which lost holds were lost by nobody else's doing. The backend disowned them at their release; if
 * meanwhile no other worker asked to release the lock, closed it or ended (which closes its
 * handles), then it went by something that its holder did: closing another descriptor of a
 * POSIX-locked file, for example. A lost hold during which somebody else released may as well be a
 * lock that was granted twice and released by the other.
 */
#include "check/parts.h"

#include "check/spans.h"

static bool lets_go(const struct lp_op *op)
{
    const struct lp_record *record = op->record;
    if (record->kind == LP_STEP_CLOSE)
        return !(record->flags & LP_FLAG_STORE);
    return record->kind == LP_STEP_UNLOCK && lp_op_result(op) != LP_FAIL &&
           lp_op_result(op) != LP_BUSY;
}

static uint64_t first_end_ns(const struct lp_history *history)
{
    uint64_t first_ns = UINT64_MAX;
    for (size_t i = 0; i < history->worker_count; i++)
        if (history->workers[i].last_ns < first_ns)
            first_ns = history->workers[i].last_ns;
    return first_ns;
}

void lp_find_dropped(struct lp_checks *checks)
{
    const struct lp_history *history = checks->history;
    struct lp_spans releases[LP_HISTORY_LOCKS] = {0};
    uint64_t all_there_until_ns = first_end_ns(history);
    for (size_t i = 0; i < history->op_count; i++) {
        const struct lp_op *op = &history->ops[i];
        if (lets_go(op))
            lp_spans_add(&releases[op->record->lock], op->record->invoke_ns, lp_op_end_ns(op),
                         op->worker);
    }
    for (size_t i = 0; i < LP_HISTORY_LOCKS; i++)
        lp_spans_sort(&releases[i]);
    for (size_t i = 0; i < checks->hold_count && !history->damaged; i++) {
        struct lp_hold *hold = &checks->holds[i];
        if (!hold->lost || hold->lock == LP_LOCK_TX || hold->lease_end_ns != UINT64_MAX)
            continue;
        uint64_t to_ns = lp_op_end_ns(&history->ops[hold->ended_by]);
        hold->dropped = hold->severed || (to_ns <= all_there_until_ns &&
                                          !lp_spans_overlap(&releases[hold->lock], hold->invoked_ns,
                                                            to_ns, hold->worker, 0));
        checks->drops[hold->lock] |= hold->dropped && !hold->severed;
    }
    for (size_t i = 0; i < LP_HISTORY_LOCKS; i++)
        lp_spans_release(&releases[i]);
}
