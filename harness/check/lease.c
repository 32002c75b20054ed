/* SPDX-License-Identifier: MIT */
/*
 * Leases: did the store accept a write of a holder that had been succeeded? Broken only when the
 * write was accepted, the lease could have been over, and a newer grant had certainly completed
 * before the write was invoked. A late write that was refused shows that the fence works, one that
 * nobody raced harmed nobody, and one under a token that its read had shown too is the store's to
 * judge: see fencing.c. O(n log n) for sorting holds, then each late write looks at the holds since
 * its own.
 */
#include "check/parts.h"

#include <inttypes.h>
#include <stdio.h>

static bool shows_token(const struct lp_checks *checks, size_t op)
{
    return checks->history->ops[op].record->token != 0;
}

/* The store looks by itself whether what is written is still right. */
static bool is_conditional(const struct lp_checks *checks, const struct lp_update *update)
{
    unsigned kind = lp_kind_of(checks, update->write);
    uint32_t flags = lp_history_any_header(checks->history)->store_flags;
    bool isolated = update->begin != LP_NOWHERE && update->begin <= update->read &&
                    !update->carried && !(flags & LP_STORE_WEAK_TX);
    return isolated || kind == LP_STEP_CAS || kind == LP_STEP_ADD ||
           (shows_token(checks, update->read) && shows_token(checks, update->write));
}

/* The newer exclusive grant of the same object, or LP_NOWHERE. */
static size_t successor(const struct lp_checks *checks, const struct lp_update *update)
{
    const struct lp_hold *own = &checks->holds[update->hold];
    uint64_t write_ns = checks->history->ops[update->write].record->invoke_ns;
    if (own->lease_end_ns >= write_ns)
        return LP_NOWHERE;
    for (size_t i = update->hold + 1; i < checks->hold_count; i++) {
        const struct lp_hold *hold = &checks->holds[i];
        if (hold->from_ns >= write_ns)
            break;
        if (hold->lock == own->lock && hold->worker != own->worker && !hold->shared &&
            hold->domain == own->domain && hold->object == own->object &&
            hold->from_ns >= own->lease_end_ns)
            return i;
    }
    return LP_NOWHERE;
}

static void add_late(struct lp_checks *checks, size_t index, size_t other)
{
    struct lp_lease *lease = &checks->lease;
    const struct lp_update *update = &checks->updates[index];
    if (lease->late++ > 0)
        return;
    lease->update = index;
    lease->successor = other;
    lp_witness_add(&lease->witness, &lease->witness_count, checks->holds[update->hold].acquire);
    lp_witness_add(&lease->witness, &lease->witness_count, checks->holds[other].acquire);
    lp_witness_add(&lease->witness, &lease->witness_count, update->read);
    lp_witness_add(&lease->witness, &lease->witness_count, update->write);
}

void lp_check_lease(struct lp_checks *checks)
{
    struct lp_lease *lease = &checks->lease;
    lease->update = lease->successor = LP_NOWHERE;
    for (size_t i = 0; i < checks->hold_count; i++)
        lease->leases += checks->holds[i].lease_end_ns != UINT64_MAX;
    lease->result = lease->leases ? LP_PASS : LP_NOT_APPLICABLE;
    for (size_t i = 0; i < checks->update_count; i++) {
        const struct lp_update *update = &checks->updates[i];
        if (update->outcome != LP_OK || update->cover != LP_COVER_FULL ||
            is_conditional(checks, update))
            continue;
        size_t other = successor(checks, update);
        if (other != LP_NOWHERE)
            add_late(checks, i, other);
    }
    if (lease->late == 0)
        return;
    const struct lp_update *first = &checks->updates[lease->update];
    lease->result = LP_VIOLATED;
    snprintf(lease->detail, sizeof lease->detail,
             "%" PRIu64 " writes accepted of holders that had been succeeded, the first by worker "
             "%u",
             lease->late, checks->history->workers[first->worker].header->worker);
}
