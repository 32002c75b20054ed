/* SPDX-License-Identifier: MIT */
/*
 * Deadlock and starvation, out of what progress.c found of every wait that ended at its deadline: a
 * circle of waits, or a lock that was free. To be passed over for long is unlucky, not wrong, and
 * no threshold tells the two apart (SQLite's own busy handler starves most of its clients for whole
 * runs): how unfair a lock was is told in figures.
 */
#include "check/parts.h"

#include <inttypes.h>
#include <stdio.h>

static size_t count_stuck(const struct lp_progress *progress, enum lp_stuck_reason reason)
{
    size_t count = 0;
    for (size_t i = 0; i < progress->stuck_count; i++)
        count += progress->stuck[i].reason == reason;
    return count;
}

static bool is_open(const struct lp_progress *progress)
{
    return progress->result == LP_UNDECIDED;
}

static void decide(struct lp_liveness *liveness, const struct lp_progress *progress,
                   enum lp_stuck_reason reason, const char *text)
{
    liveness->waits = count_stuck(progress, reason);
    liveness->result = liveness->waits ? LP_VIOLATED : is_open(progress) ? LP_UNDECIDED : LP_PASS;
    if (liveness->waits)
        snprintf(liveness->detail, sizeof liveness->detail, "%" PRIu64 " %s", liveness->waits,
                 text);
}

void lp_check_liveness(struct lp_checks *checks)
{
    const struct lp_history *history = checks->history;
    if (lp_history_any_header(history)->lock_count == 0) {
        checks->deadlock.result = checks->starvation.result = LP_NOT_APPLICABLE;
        return;
    }
    decide(&checks->deadlock, &checks->progress, LP_STUCK_CYCLE,
           "waits to the deadline in a circle of waits");
    decide(&checks->starvation, &checks->progress, LP_STUCK_FREE_LOCK,
           "waits to the deadline for a lock that was free");
}
