/* SPDX-License-Identifier: MIT */
/*
 * Who overwrote whom. Two forms, each found in O(n log n):
 *
 *  - two acknowledged updates wrote the same value: sorted by value and time, neighbours are pairs;
 *    a pair is the origin of a loss when the first wrote between read and write of the second, and
 *    an echo otherwise;
 *  - an acknowledged update wrote certainly between the read and the write of another, which then
 *    wrote no more than it (a "stale" write): the least completion among the writes that begin
 * after the read is a suffix minimum over the updates in order of their writes.
 */
#include "check/parts.h"

#include <stdlib.h>

#define PAIRS_KEPT 4096
#define SUSPECTS_KEPT 64

struct entry {
    int64_t value;
    uint64_t effect_to;
    size_t update;
};

/* Acknowledged updates in order of their writes, and for each the one that was done first among it
   and those behind it. */
struct timeline {
    size_t *updates;
    size_t *first_done;
    size_t count;
};

static int by_value(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    if (left->value != right->value)
        return left->value < right->value ? -1 : 1;
    if (left->effect_to != right->effect_to)
        return left->effect_to < right->effect_to ? -1 : 1;
    return (left->update > right->update) - (left->update < right->update);
}

static bool is_kept(const struct lp_update *update)
{
    return update->outcome == LP_OK;
}

static bool is_add(const struct lp_checks *checks, const struct lp_update *update)
{
    return lp_kind_of(checks, update->write) == LP_STEP_ADD;
}

static void init_timeline(struct timeline *timeline, const struct lp_checks *checks)
{
    *timeline = (struct timeline){0};
    timeline->updates = lp_alloc(checks->update_count, sizeof *timeline->updates);
    timeline->first_done = lp_alloc(checks->update_count, sizeof *timeline->first_done);
    for (size_t i = 0; i < checks->update_count; i++)
        if (is_kept(&checks->updates[i]))
            timeline->updates[timeline->count++] = i;
    for (size_t i = timeline->count; i-- > 0;) {
        size_t own = timeline->updates[i];
        size_t behind = i + 1 < timeline->count ? timeline->first_done[i + 1] : own;
        bool earlier = lp_effect_to(checks, &checks->updates[own]) <=
                       lp_effect_to(checks, &checks->updates[behind]);
        timeline->first_done[i] = earlier ? own : behind;
    }
}

static void release_timeline(struct timeline *timeline)
{
    free(timeline->updates);
    free(timeline->first_done);
}

/* The update that was done first among those whose writes began after `time_ns`; or LP_NOWHERE. */
static size_t first_done_after(const struct timeline *timeline, const struct lp_checks *checks,
                               uint64_t time_ns)
{
    size_t low = 0, high = timeline->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lp_effect_from(checks, &checks->updates[timeline->updates[middle]]) > time_ns)
            high = middle;
        else
            low = middle + 1;
    }
    return low < timeline->count ? timeline->first_done[low] : LP_NOWHERE;
}

static void keep_pair(struct lp_checks *checks, size_t first, size_t second, bool overlapping)
{
    struct lp_lost_update *lost = &checks->lost_update;
    lost->pairs = lp_grow(lost->pairs, &lost->pair_cap, lost->pair_count + 1, sizeof *lost->pairs);
    lost->pairs[lost->pair_count++] =
        (struct lp_losing_pair){.first = first, .second = second, .overlapping = overlapping};
}

/* An update that wrote certainly after `update` read and before it wrote; or LP_NOWHERE. */
static size_t overwritten_by(const struct timeline *timeline, const struct lp_checks *checks,
                             const struct lp_update *update)
{
    const struct lp_op *read = &checks->history->ops[update->read];
    if (lp_kind_of(checks, update->write) != LP_STEP_WRITE || !lp_op_done(read))
        return LP_NOWHERE;
    size_t found = first_done_after(timeline, checks, lp_op_end_ns(read));
    if (found == LP_NOWHERE)
        return LP_NOWHERE;
    const struct lp_update *first = &checks->updates[found];
    bool inside = lp_effect_to(checks, first) < lp_effect_from(checks, update);
    if (!inside || first->worker == update->worker)
        return LP_NOWHERE;
    return is_add(checks, first) || first->value_written >= update->value_written ? found
                                                                                  : LP_NOWHERE;
}

/* Those of one value are found by value already. */
static uint64_t find_stale(struct lp_checks *checks, const struct timeline *timeline)
{
    uint64_t count = 0;
    for (size_t i = 0; i < timeline->count; i++) {
        const struct lp_update *second = &checks->updates[timeline->updates[i]];
        size_t first = overwritten_by(timeline, checks, second);
        if (first == LP_NOWHERE)
            continue;
        count++;
        if (checks->updates[first].value_written == second->value_written)
            continue;
        checks->lost_update.pairs_total++;
        if (checks->lost_update.pair_count < PAIRS_KEPT)
            keep_pair(checks, first, timeline->updates[i], true);
    }
    return count;
}

static struct entry *sort_by_value(const struct lp_checks *checks, const struct timeline *timeline)
{
    struct entry *entries = lp_alloc(timeline->count, sizeof *entries);
    for (size_t i = 0; i < timeline->count; i++) {
        size_t index = timeline->updates[i];
        const struct lp_update *update = &checks->updates[index];
        entries[i] = (struct entry){.value = update->value_written,
                                    .effect_to = lp_effect_to(checks, update),
                                    .update = index};
    }
    if (timeline->count > 1)
        qsort(entries, timeline->count, sizeof *entries, by_value);
    return entries;
}

/* Each of two stores counts alone: there one value twice is no echo of anything. */
static bool wrote_elsewhere(const struct lp_checks *checks, const struct lp_update *a,
                            const struct lp_update *b)
{
    const struct lp_record *left = checks->history->ops[a->write].record;
    const struct lp_record *right = checks->history->ops[b->write].record;
    return (left->domain || left->object) && (right->domain || right->object) &&
           (left->domain != right->domain || left->object != right->object);
}

static bool is_overlapping(const struct lp_checks *checks, size_t first, size_t second)
{
    const struct lp_update *early = &checks->updates[first], *late = &checks->updates[second];
    return early->worker != late->worker &&
           (lp_read_from(checks, late) <= lp_effect_to(checks, early) ||
            wrote_elsewhere(checks, early, late));
}

/* Origins first, so that a flood of echoes cannot crowd them out. */
static void find_duplicates(struct lp_checks *checks, const struct entry *entries, size_t count,
                            bool overlapping)
{
    struct lp_lost_update *lost = &checks->lost_update;
    size_t limit = overlapping ? PAIRS_KEPT : PAIRS_KEPT + PAIRS_KEPT / 16;
    for (size_t i = 1; i < count; i++) {
        if (entries[i].value != entries[i - 1].value ||
            is_overlapping(checks, entries[i - 1].update, entries[i].update) != overlapping)
            continue;
        lost->pairs_total++;
        uint64_t since_ns = entries[i].effect_to > checks->history->start_ns
                                ? entries[i].effect_to - checks->history->start_ns
                                : 0;
        if (lost->first_loss_ns == 0 || since_ns < lost->first_loss_ns)
            lost->first_loss_ns = since_ns;
        if (lost->pair_count < limit)
            keep_pair(checks, entries[i - 1].update, entries[i].update, overlapping);
    }
}

static int by_later_write(const void *a, const void *b)
{
    const struct lp_losing_pair *left = a, *right = b;
    if (left->overlapping != right->overlapping)
        return left->overlapping ? -1 : 1;
    if (left->second != right->second)
        return left->second < right->second ? -1 : 1;
    return (left->first > right->first) - (left->first < right->first);
}

static void sort_pairs(struct lp_lost_update *lost)
{
    if (lost->pair_count > 1)
        qsort(lost->pairs, lost->pair_count, sizeof *lost->pairs, by_later_write);
}

uint64_t lp_find_pairs(struct lp_checks *checks)
{
    struct timeline timeline;
    init_timeline(&timeline, checks);
    struct entry *entries = sort_by_value(checks, &timeline);
    find_duplicates(checks, entries, timeline.count, true);
    uint64_t stale = find_stale(checks, &timeline);
    find_duplicates(checks, entries, timeline.count, false);
    free(entries);
    release_timeline(&timeline);
    sort_pairs(&checks->lost_update);
    return stale;
}

void lp_find_suspects(struct lp_checks *checks)
{
    struct timeline timeline;
    init_timeline(&timeline, checks);
    size_t kept = 0;
    for (size_t i = 0; i < checks->update_count && kept < SUSPECTS_KEPT; i++) {
        const struct lp_update *update = &checks->updates[i];
        const struct lp_op *read = &checks->history->ops[update->read];
        if (update->outcome != LP_UNKNOWN || !lp_op_done(read) || update->read == update->write)
            continue;
        size_t first = first_done_after(&timeline, checks, lp_op_end_ns(read));
        if (first == LP_NOWHERE || checks->updates[first].worker == update->worker ||
            checks->updates[first].value_written < update->value_written)
            continue;
        keep_pair(checks, first, i, true);
        kept++;
    }
    release_timeline(&timeline);
    sort_pairs(&checks->lost_update);
}
