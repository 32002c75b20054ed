/* SPDX-License-Identifier: MIT */
/*
 * Recovery: a holder was killed; is the lock usable again within the time that its backend
 * promises? A lock that the kernel or a server gives back is promised at once, a lease at its end.
 * Lateness alone proves nothing on a loaded machine: violated is what progress.c proves, a wait to
 * the deadline for a lock whose dead holder never gave it back. That it was not given away too
 * early is mutual exclusion's to say. Passed needs somebody else who was granted it after the
 * death.
 */
#include "check/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/units.h"

static bool died_holding(const struct lp_checks *checks, const struct lp_hold *hold)
{
    const struct lp_history_worker *worker = &checks->history->workers[hold->worker];
    return worker->exited && WIFSIGNALED(worker->exit_status) && hold->end == LP_HOLD_OPEN &&
           hold->ended_by == LP_NOWHERE && hold->lock != LP_LOCK_TX;
}

/* The first grant to somebody else after the death, or LP_NOWHERE. */
static size_t next_grant(const struct lp_checks *checks, size_t index)
{
    const struct lp_hold *dead = &checks->holds[index];
    uint64_t death_ns = checks->history->workers[dead->worker].exit_ns;
    for (size_t i = index + 1; i < checks->hold_count; i++) {
        const struct lp_hold *hold = &checks->holds[i];
        if (hold->lock == dead->lock && hold->worker != dead->worker && hold->from_ns >= death_ns)
            return i;
    }
    return LP_NOWHERE;
}

static bool is_orphan(const struct lp_checks *checks, size_t index)
{
    const struct lp_progress *progress = &checks->progress;
    for (size_t i = 0; i < progress->stuck_count; i++)
        if (progress->stuck[i].reason == LP_STUCK_ORPHAN && progress->stuck[i].hold == index)
            return true;
    return false;
}

static void look_at(struct lp_checks *checks, size_t index)
{
    struct lp_recovery *recovery = &checks->recovery;
    const struct lp_hold *hold = &checks->holds[index];
    uint64_t death_ns = checks->history->workers[hold->worker].exit_ns;
    size_t next = next_grant(checks, index);
    recovery->deaths++;
    if (hold->lease_over_ns != UINT64_MAX && hold->lease_over_ns > death_ns &&
        hold->lease_over_ns - death_ns > recovery->promised_ns)
        recovery->promised_ns = hold->lease_over_ns - death_ns;
    if (next != LP_NOWHERE) {
        uint64_t took_ns = checks->holds[next].from_ns - death_ns;
        recovery->recovered++;
        recovery->took_ns_max = took_ns > recovery->took_ns_max ? took_ns : recovery->took_ns_max;
    } else if (is_orphan(checks, index)) {
        recovery->orphaned++;
    }
    lp_witness_add(&recovery->witness, &recovery->witness_count, hold->acquire);
    if (next != LP_NOWHERE)
        lp_witness_add(&recovery->witness, &recovery->witness_count, checks->holds[next].acquire);
}

void lp_check_recovery(struct lp_checks *checks)
{
    struct lp_recovery *recovery = &checks->recovery;
    char took[32], promised[32];
    recovery->result = LP_NOT_APPLICABLE;
    for (size_t i = 0; i < checks->hold_count; i++)
        if (died_holding(checks, &checks->holds[i]))
            look_at(checks, i);
    if (recovery->deaths == 0)
        return;
    if (recovery->orphaned > 0) {
        recovery->result = LP_VIOLATED;
        snprintf(recovery->detail, sizeof recovery->detail,
                 "%" PRIu64 " of %" PRIu64 " holders that were killed left the lock taken for ever",
                 recovery->orphaned, recovery->deaths);
    } else if (recovery->recovered < recovery->deaths) {
        recovery->result = LP_UNDECIDED;
        snprintf(recovery->detail, sizeof recovery->detail,
                 "a holder was killed, and nobody was granted the lock after that");
    } else {
        recovery->result = LP_PASS;
        snprintf(recovery->detail, sizeof recovery->detail,
                 "%" PRIu64 " holders were killed; the next was granted the lock within %s "
                 "(promised: %s)",
                 recovery->deaths, lp_duration_format(recovery->took_ns_max, took, sizeof took),
                 recovery->promised_ns
                     ? lp_duration_format(recovery->promised_ns, promised, sizeof promised)
                     : "at once");
    }
}
