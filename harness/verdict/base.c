/* SPDX-License-Identifier: MIT */
/* What every finding may need to know of the whole run. */
#include "verdict/evidence.h"

#include <stdlib.h>

struct lp_store_use {
    uint64_t domain, object;
    uint64_t first_ns, last_ns; /* first and last write */
    uint64_t writes;
};

static int by_store(const void *a, const void *b)
{
    const struct lp_store_use *left = a, *right = b;
    if (left->domain != right->domain)
        return left->domain < right->domain ? -1 : 1;
    return (left->object > right->object) - (left->object < right->object);
}

static void find_stores(struct lp_evidence_base *base)
{
    const struct lp_checks *checks = base->checks;
    size_t count = 0;
    base->stores = lp_alloc(checks->update_count, sizeof *base->stores);
    for (size_t i = 0; i < checks->update_count; i++) {
        const struct lp_op *op = &base->history->ops[checks->updates[i].write];
        const struct lp_record *write = op->record;
        if (checks->updates[i].outcome == LP_FAIL)
            continue;
        base->stores[count++] =
            (struct lp_store_use){.domain = write->domain,
                                  .object = write->object,
                                  .first_ns = write->invoke_ns,
                                  .last_ns = lp_op_done(op) ? write->complete_ns : write->invoke_ns,
                                  .writes = 1};
    }
    qsort(base->stores, count, sizeof *base->stores, by_store);
    for (size_t i = 0; i < count; i++) {
        const struct lp_store_use *use = &base->stores[i];
        struct lp_store_use *last =
            base->store_count > 0 ? &base->stores[base->store_count - 1] : NULL;
        if (!last || by_store(last, use) != 0) {
            base->stores[base->store_count++] = *use;
            continue;
        }
        last->first_ns = use->first_ns < last->first_ns ? use->first_ns : last->first_ns;
        last->last_ns = use->last_ns > last->last_ns ? use->last_ns : last->last_ns;
        last->writes++;
    }
}

static const struct lp_store_use *find_store(const struct lp_evidence_base *base,
                                             const struct lp_record *write)
{
    struct lp_store_use key = {.domain = write->domain, .object = write->object};
    return bsearch(&key, base->stores, base->store_count, sizeof key, by_store);
}

static bool is_viewed(const struct lp_history *history, const struct lp_record *write)
{
    for (size_t i = 0; i < history->view_count; i++)
        if (history->views[i].known && history->views[i].domain == write->domain &&
            history->views[i].object == write->object)
            return true;
    return false;
}

bool lp_stores_coexist(const struct lp_evidence_base *base, const struct lp_record *a,
                       const struct lp_record *b)
{
    if ((a->domain == b->domain && a->object == b->object) || (!a->domain && !a->object) ||
        (!b->domain && !b->object))
        return false;
    if (is_viewed(base->history, a) && is_viewed(base->history, b))
        return true;
    const struct lp_store_use *x = find_store(base, a), *y = find_store(base, b);
    if (!x || !y || x->writes < 2 || y->writes < 2)
        return false;
    uint64_t from_ns = x->first_ns > y->first_ns ? x->first_ns : y->first_ns;
    uint64_t to_ns = x->last_ns < y->last_ns ? x->last_ns : y->last_ns;
    return from_ns < to_ns;
}

static int by_index(const void *a, const void *b)
{
    size_t left = *(const size_t *)a, right = *(const size_t *)b;
    return (left > right) - (left < right);
}

/* Its lease was over for certain, or the backend said so. */
static bool was_over(const struct lp_history *history, const struct lp_hold *hold)
{
    const struct lp_record *release = history->ops[hold->release].record;
    return hold->lease_end_ns != UINT64_MAX &&
           (hold->lost || hold->lease_over_ns < release->invoke_ns);
}

static void find_void_releases(struct lp_evidence_base *base)
{
    const struct lp_checks *checks = base->checks;
    const struct lp_history *history = base->history;
    bool *lawful = lp_alloc(history->op_count, sizeof *lawful);
    for (size_t i = 0; i < checks->hold_count; i++) {
        const struct lp_hold *hold = &checks->holds[i];
        if (hold->release != LP_NOWHERE)
            lawful[hold->release] = !was_over(history, hold);
        if (hold->ended_by != LP_NOWHERE && hold->ended_by != hold->release)
            lawful[hold->ended_by] = true;
    }
    size_t cap = 0;
    for (size_t i = 0; i < history->op_count; i++) {
        const struct lp_op *op = &history->ops[i];
        if (lawful[i] || op->record->kind != LP_STEP_UNLOCK || !lp_op_ok(op))
            continue;
        base->void_releases = lp_grow(base->void_releases, &cap, base->void_release_count + 1,
                                      sizeof *base->void_releases);
        base->void_releases[base->void_release_count++] = i;
    }
    free(lawful);
    if (base->void_release_count > 1)
        qsort(base->void_releases, base->void_release_count, sizeof *base->void_releases, by_index);
}

void lp_evidence_base_init(struct lp_evidence_base *base, const struct lp_checks *checks)
{
    *base = (struct lp_evidence_base){.checks = checks, .history = checks->history};
    for (size_t i = 0; i < checks->hold_count; i++)
        base->anybody_locks |= !checks->holds[i].deferred;
    find_stores(base);
    find_void_releases(base);
}

void lp_evidence_base_release(struct lp_evidence_base *base)
{
    free(base->stores);
    free(base->void_releases);
    *base = (struct lp_evidence_base){0};
}
