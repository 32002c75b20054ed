/* SPDX-License-Identifier: MIT */
/*
 * Nothing was lost; was that the lock's doing? An update that no lock covered and that is not
 * atomic by itself was lucky, and a lock that its backend disowned under its holder did not hold.
 * Neither proves a violation, but `held` would promise what nothing here keeps.
 */
#include "verdict/evidence.h"

#include <inttypes.h>

#include "base/units.h"

static bool in_one_transaction(const struct lp_update *update)
{
    return update->begin != LP_NOWHERE && update->begin <= update->read && !update->carried;
}

static bool was_severed(const struct lp_checks *checks, const struct lp_update *update)
{
    const struct lp_hold *hold = &checks->holds[update->hold];
    return hold->severed &&
           checks->history->ops[update->write].record->complete_ns > hold->until_ns;
}

/* Why it was luck that this update was not lost; LP_CAUSE_NONE when something protected it. */
static enum lp_cause luck_of(const struct lp_checks *checks, const struct lp_update *update,
                             bool anybody_locks, const char **how)
{
    const struct lp_record *write = checks->history->ops[update->write].record;
    uint32_t flags = lp_history_any_header(checks->history)->store_flags;
    bool isolated = in_one_transaction(update) && !(flags & LP_STORE_WEAK_TX);
    if (write->kind == LP_STEP_CAS || isolated ||
        (write->kind == LP_STEP_ADD && flags & LP_STORE_ATOMIC_ADD))
        return LP_CAUSE_NONE;
    switch (update->cover) {
    case LP_COVER_FULL:
        *how = "under a lock that admits several";
        if (lp_lock_capacity(checks->history, checks->holds[update->hold].lock) > 1)
            return LP_CAUSE_DOUBLE_GRANT;
        *how = "under a lock whose session had been ended";
        return was_severed(checks, update) ? LP_CAUSE_DROPPED_LOCK : LP_CAUSE_NONE;
    case LP_COVER_PARTLY:
        *how = "under a lock that did not cover it from read to write";
        return update->carried ? LP_CAUSE_STALE_SNAPSHOT : LP_CAUSE_NARROW_SCOPE;
    case LP_COVER_NONE:
        break;
    }
    *how = "under no lock";
    if (anybody_locks)
        return LP_CAUSE_ADVISORY_BYPASS;
    return write->kind == LP_STEP_ADD ? LP_CAUSE_NON_ATOMIC_UPDATE : LP_CAUSE_NO_LOCK;
}

static enum lp_cause find_lost_hold(struct lp_judgement *judgement, const struct lp_checks *checks)
{
    const struct lp_history *history = checks->history;
    for (size_t i = 0; i < checks->hold_count; i++) {
        const struct lp_hold *hold = &checks->holds[i];
        if (!hold->lost || hold->severed || hold->lease_end_ns != UINT64_MAX)
            continue;
        char *text = lp_arena_printf(
            &judgement->arena, "worker %u did not hold `%s` any more when it came to unlock it",
            history->workers[hold->worker].header->worker,
            lp_history_any_header(history)->locks[hold->lock].name);
        lp_add_diagnosis(judgement, LP_CAUSE_DROPPED_LOCK, text, 0);
        return LP_CAUSE_DROPPED_LOCK;
    }
    return LP_CAUSE_NONE;
}

enum lp_cause lp_find_weakness(struct lp_judgement *judgement, const struct lp_checks *checks)
{
    const struct lp_update *first = NULL;
    enum lp_cause cause = LP_CAUSE_NONE;
    const char *how = NULL;
    uint64_t count = 0;
    bool anybody_locks = false;
    for (size_t i = 0; i < checks->hold_count; i++)
        anybody_locks |= !checks->holds[i].deferred;
    for (size_t i = 0; i < checks->update_count; i++) {
        const struct lp_update *update = &checks->updates[i];
        const char *own_how;
        enum lp_cause own = update->outcome == LP_OK
                                ? luck_of(checks, update, anybody_locks, &own_how)
                                : LP_CAUSE_NONE;
        if (own == LP_CAUSE_NONE || (first && own != cause))
            continue;
        if (!first)
            how = own_how;
        first = first ? first : update;
        cause = own;
        count++;
    }
    if (!first)
        return find_lost_hold(judgement, checks);
    const struct lp_history_header *header = checks->history->workers[first->worker].header;
    char number[32];
    char *text = lp_arena_printf(
        &judgement->arena,
        "%s acknowledged update%s made %s, the first by worker %u%s%s%s; no loss was seen",
        lp_number_format(count, number, sizeof number), count == 1 ? " was" : "s were", how,
        header->worker, header->group[0] ? " (" : "", header->group, header->group[0] ? ")" : "");
    lp_add_diagnosis(judgement, cause, text, count);
    return cause;
}
