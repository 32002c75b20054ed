/* SPDX-License-Identifier: MIT */
/* All checkers over one history: first the facts that they share, then each of them. */
#include "check/check.h"

#include <stdlib.h>
#include <string.h>

#include "check/parts.h"

void lp_witness_add(size_t **witness, size_t *count, size_t op)
{
    size_t at = *count;
    for (size_t i = 0; i < *count; i++)
        if ((*witness)[i] == op)
            return;
    size_t *grown = lp_alloc(*count + 1, sizeof *grown);
    for (; at > 0 && (*witness)[at - 1] > op; at--)
        grown[at] = (*witness)[at - 1];
    if (at > 0)
        memcpy(grown, *witness, at * sizeof *grown);
    grown[at] = op;
    free(*witness);
    *witness = grown;
    ++*count;
}

static void count_outcomes(struct lp_checks *checks)
{
    for (size_t i = 0; i < checks->history->op_count; i++) {
        switch (lp_op_result(&checks->history->ops[i])) {
        case LP_OK:
            checks->ops_ok++;
            break;
        case LP_BUSY:
        case LP_FAIL:
            checks->ops_fail++;
            break;
        case LP_UNKNOWN:
            checks->ops_unknown++;
            break;
        }
    }
}

void lp_checks_run(struct lp_checks *checks, const struct lp_history *history)
{
    *checks = (struct lp_checks){.history = history};
    count_outcomes(checks);
    lp_trail_init(&checks->trail, history);
    lp_find_updates(checks);
    lp_find_holds(checks);
    lp_index_holds(checks);
    lp_find_dropped(checks);
    lp_find_cover(checks);
    lp_check_lost_update(checks);
    lp_check_mutual_exclusion(checks);
    lp_check_progress(checks);
    lp_check_lease(checks);
    lp_check_fencing(checks);
    lp_check_recovery(checks);
    lp_check_liveness(checks);
    lp_find_contention(checks);
}

void lp_checks_release(struct lp_checks *checks)
{
    free(checks->updates);
    free(checks->holds);
    free(checks->lost_update.pairs);
    free(checks->lost_update.witness);
    free(checks->mutual_exclusion.overlaps);
    free(checks->mutual_exclusion.witness);
    free(checks->progress.stuck);
    free(checks->progress.witness);
    free(checks->lease.witness);
    free(checks->fencing.witness);
    free(checks->recovery.witness);
    lp_trail_release(&checks->trail);
    free(checks->holds_by_worker);
    *checks = (struct lp_checks){0};
}
