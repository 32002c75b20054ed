/* SPDX-License-Identifier: MIT */
/*
 * The counter at the end. After all workers ended each container tells what it sees. All are meant
 * to see one store; whether they do is decided by identity *and* value, because an identity alone
 * can differ for one object (bind mounts and overlays may show another device number), and equal
 * values alone prove nothing.
 */
#include "check/parts.h"

#include <stdlib.h>

static bool touches_store(const struct lp_record *record)
{
    return record->kind >= LP_STEP_READ && record->kind <= LP_STEP_CAS;
}

/* Containers whose workers used the store: the view of one that did not says nothing of them. */
static bool *find_users(const struct lp_history *history)
{
    bool *uses = lp_alloc(history->view_count, sizeof *uses);
    for (size_t i = 0; i < history->op_count; i++) {
        uint32_t container = history->workers[history->ops[i].worker].header->container;
        if (container < history->view_count && touches_store(history->ops[i].record))
            uses[container] = true;
    }
    return uses;
}

static bool same_store(const struct lp_history_view *a, const struct lp_history_view *b)
{
    return a->domain == b->domain && a->object == b->object;
}

static bool seen_by_a_view(const struct lp_history *history, const struct lp_record *record)
{
    for (size_t i = 0; i < history->view_count; i++)
        if (history->views[i].known && history->views[i].domain == record->domain &&
            history->views[i].object == record->object)
            return true;
    return false;
}

/* A container that could not look takes nothing away when everything was written to stores that
   another one saw. */
static bool all_writes_seen(const struct lp_checks *checks)
{
    for (size_t i = 0; i < checks->update_count; i++) {
        const struct lp_update *update = &checks->updates[i];
        if (update->outcome != LP_FAIL &&
            !seen_by_a_view(checks->history, checks->history->ops[update->write].record))
            return false;
    }
    return true;
}

static void take_view(struct lp_final *final, const struct lp_history_view *view, bool first)
{
    if (first || view->value > final->best) {
        final->best = view->value;
        final->best_container = view->container;
    }
    if (first || view->value < final->other) {
        final->other = view->value;
        final->other_container = view->container;
    }
}

static void find_difference(struct lp_final *final, const struct lp_history *history,
                            const bool *uses)
{
    const struct lp_history_view *best = &history->views[final->best_container];
    for (size_t i = 0; i < history->view_count; i++) {
        const struct lp_history_view *view = &history->views[i];
        if (!uses[i] || !uses[final->best_container] || !view->known ||
            view->value == best->value || same_store(view, best))
            continue;
        final->differ = true;
        final->other = view->value;
        final->other_container = view->container;
        return;
    }
}

void lp_find_final(struct lp_final *final, const struct lp_checks *checks)
{
    const struct lp_history *history = checks->history;
    bool *uses = find_users(history);
    bool any = false, all = true;
    *final = (struct lp_final){0};
    for (size_t i = 0; i < history->view_count; i++) {
        const struct lp_history_view *view = &history->views[i];
        if (view->known)
            take_view(final, view, !any);
        any |= view->known;
        all &= view->known;
    }
    final->known = any && (all || all_writes_seen(checks));
    final->agree = final->known && final->best == final->other;
    if (any)
        find_difference(final, history, uses);
    free(uses);
}
