/* SPDX-License-Identifier: MIT */
/*
 * Is every acknowledged update in the final value? Each update adds one to the value that it read,
 * so with S the start, F the final value, A acknowledged updates and X of the U unknown ones
 * applied, the number lost is A + X - (F - S). X is not known, hence two lower bounds, both of
 * which stand whatever became of the unknown ones:
 *
 *  - X >= 0:  A - (F - S);
 *  - the counter cannot get from S to F without somebody writing each value between; if
 * acknowledged writes account for only D of them, others must have written the rest: so X +
 * (acknowledged adds)
 *    >= (F - S) - D, and (acknowledged writes) - D are lost. Two acknowledged writes of one value,
 *    or one above F, are the usual cases.
 *
 * Nothing is called lost but by these bounds or by a write that certainly fell between the read and
 * the write of another. Nothing is called complete unless the values leave no other reading.
 */
#include "check/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef __int128 wide; /* differences of any two counters */

struct tally {
    int64_t *acknowledged; /* values of acknowledged writes, sorted */
    size_t acknowledged_count;
    int64_t *unknown; /* values of writes of unknown outcome, sorted */
    size_t unknown_count;
    uint64_t adds, adds_unknown;
    uint64_t stale;
    struct lp_final final;
    bool odd_steps; /* some write was not one more than what was read */
    bool final_odd; /* the final value may be half of an unknown write */
};

static int by_value(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static void count_updates(struct tally *tally, const struct lp_checks *checks)
{
    tally->acknowledged = lp_alloc(checks->update_count, sizeof *tally->acknowledged);
    tally->unknown = lp_alloc(checks->update_count, sizeof *tally->unknown);
    for (size_t i = 0; i < checks->update_count; i++) {
        const struct lp_update *update = &checks->updates[i];
        bool add = lp_kind_of(checks, update->write) == LP_STEP_ADD;
        tally->odd_steps |= update->odd;
        switch (update->outcome) {
        case LP_OK:
            if (add)
                tally->adds++;
            else
                tally->acknowledged[tally->acknowledged_count++] = update->value_written;
            break;
        case LP_UNKNOWN:
            if (add)
                tally->adds_unknown++;
            else
                tally->unknown[tally->unknown_count++] = update->value_written;
            break;
        case LP_BUSY:
        case LP_FAIL:
            break;
        }
    }
    qsort(tally->acknowledged, tally->acknowledged_count, sizeof(int64_t), by_value);
    qsort(tally->unknown, tally->unknown_count, sizeof(int64_t), by_value);
}

static bool contains(const int64_t *sorted, size_t count, int64_t value)
{
    return bsearch(&value, sorted, count, sizeof value, by_value) != NULL;
}

/* Different values in (low, high]. */
static uint64_t distinct(const int64_t *sorted, size_t count, int64_t low, int64_t high)
{
    uint64_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += sorted[i] > low && sorted[i] <= high && (i == 0 || sorted[i] != sorted[i - 1]);
    return found;
}

/* A writer that died half way through may leave what nobody wrote, or an empty file that reads as
   the start: not the lock's doing. Only when such a write went to the store that was looked at. */
static bool is_final_odd(const struct tally *tally, const struct lp_checks *checks)
{
    const struct lp_final *final = &tally->final;
    const struct lp_history *history = checks->history;
    if (!final->known || tally->unknown_count == 0 || tally->adds + tally->adds_unknown > 0)
        return false;
    if (contains(tally->acknowledged, tally->acknowledged_count, final->best) ||
        contains(tally->unknown, tally->unknown_count, final->best))
        return false;
    if (final->best == history->start_value && tally->acknowledged_count == 0)
        return false;
    const struct lp_history_view *view = &history->views[final->best_container];
    for (size_t i = 0; i < checks->update_count; i++) {
        const struct lp_record *write = history->ops[checks->updates[i].write].record;
        if (checks->updates[i].outcome == LP_UNKNOWN && write->domain == view->domain &&
            write->object == view->object)
            return true;
    }
    return false;
}

struct store {
    uint64_t domain, object;
};

static int by_store(const void *a, const void *b)
{
    const struct store *left = a, *right = b;
    if (left->domain != right->domain)
        return left->domain < right->domain ? -1 : 1;
    return (left->object > right->object) - (left->object < right->object);
}

static uint64_t count_stores(const struct lp_checks *checks)
{
    struct store *stores = lp_alloc(checks->update_count, sizeof *stores);
    size_t count = 0;
    for (size_t i = 0; i < checks->update_count; i++) {
        const struct lp_record *write = checks->history->ops[checks->updates[i].write].record;
        struct store store = {write->domain, write->object};
        bool again = count > 0 && by_store(&stores[count - 1], &store) == 0;
        if (checks->updates[i].outcome != LP_FAIL && !again && (store.domain || store.object))
            stores[count++] = store;
    }
    qsort(stores, count, sizeof *stores, by_store);
    uint64_t different = 0;
    for (size_t i = 0; i < count; i++)
        different += i == 0 || by_store(&stores[i - 1], &stores[i]) != 0;
    free(stores);
    return different;
}

static uint64_t at_least_0(wide value)
{
    return value > 0 ? (uint64_t)value : 0;
}

static void bound_loss(struct lp_lost_update *lost, const struct tally *tally, bool damaged)
{
    bool known = lost->final_known && !tally->final_odd;
    int64_t top = known ? lost->final : INT64_MAX;
    uint64_t accounted = distinct(tally->acknowledged, tally->acknowledged_count, lost->start, top);
    wide delta = (wide)lost->final - lost->start;
    wide all = (wide)lost->acknowledged + lost->unknown;
    lost->lost_min = tally->acknowledged_count - accounted;
    if (tally->stale > 0 && lost->lost_min == 0)
        lost->lost_min = 1;
    if (known && at_least_0(lost->acknowledged - delta) > lost->lost_min)
        lost->lost_min = at_least_0(lost->acknowledged - delta);
    if (lost->lost_min > lost->acknowledged)
        lost->lost_min = lost->acknowledged;
    lost->lost_max = known ? at_least_0(all - delta) : (uint64_t)all;
    if (lost->lost_max > (uint64_t)all)
        lost->lost_max = (uint64_t)all;
    if (lost->lost_max < lost->lost_min)
        lost->lost_max = lost->lost_min;
    if (known && !damaged)
        lost->extra = at_least_0(delta - all);
}

/* Is every gap between the acknowledged values filled by exactly one write of unknown outcome, and
   can no other unknown one have been applied? */
static const char *open_question(const struct lp_lost_update *lost, const struct tally *tally)
{
    uint64_t filled = 0;
    if (tally->adds + tally->adds_unknown > 0)
        return "an add of unknown outcome leaves the number lost open";
    for (size_t i = 0; i < tally->unknown_count; i++) {
        int64_t value = tally->unknown[i];
        if (contains(tally->acknowledged, tally->acknowledged_count, value))
            return "a write of unknown outcome has the value of an acknowledged one";
        if (i > 0 && tally->unknown[i - 1] == value)
            return "two writes of unknown outcome have the same value";
        if (value > lost->start && value <= lost->final)
            filled++;
        else if (value <= lost->start || value - 1 != lost->final)
            return "a write of unknown outcome has a value that does not fit in";
        /* Else it read the final value, whose only write came before: to leave that value at the
           end it cannot have been applied. */
    }
    wide gaps = (wide)lost->final - lost->start - tally->acknowledged_count;
    return (wide)filled == gaps ? NULL : "a value between was written by nobody who told of it";
}

static const char *why_undecided(const struct lp_lost_update *lost, const struct tally *tally,
                                 const struct lp_history *history)
{
    if (history->damaged)
        return history->damage;
    if (!lost->final_known)
        return "the final value is not known";
    if (tally->final_odd)
        return "the final value may be half of a write that was cut off";
    if (!tally->final.agree)
        return "containers see different final values in one store";
    if (lost->acknowledged == 0)
        return "no update was acknowledged";
    if (lost->unknown == 0)
        return NULL;
    return open_question(lost, tally);
}

static void explain_loss(struct lp_lost_update *lost)
{
    char range[48], final[48] = "not known";
    snprintf(range, sizeof range, "%" PRIu64, lost->lost_min);
    if (lost->lost_max > lost->lost_min)
        snprintf(range, sizeof range, "%" PRIu64 " to %" PRIu64, lost->lost_min, lost->lost_max);
    if (lost->final_known)
        snprintf(final, sizeof final, "%" PRId64, lost->final);
    snprintf(lost->detail, sizeof lost->detail,
             "%s of %" PRIu64 " acknowledged updates lost (start %" PRId64 ", unknown %" PRIu64
             ", final %s)",
             range, lost->acknowledged, lost->start, lost->unknown, final);
}

static void decide(struct lp_lost_update *lost, const struct tally *tally,
                   const struct lp_history *history)
{
    const struct lp_final *final = &tally->final;
    lost->result = LP_VIOLATED;
    if (tally->odd_steps) {
        lost->result = LP_UNDECIDED;
        lost->lost_min = lost->extra = 0;
        snprintf(lost->detail, sizeof lost->detail,
                 "a write was not one more than what its round had read: nothing can be counted");
    } else if (lost->lost_min > 0) {
        explain_loss(lost);
    } else if (lost->extra > 0) {
        snprintf(lost->detail, sizeof lost->detail,
                 "the counter ended %" PRIu64 " above all updates that can have happened: one was "
                 "applied twice, or one that was refused was applied",
                 lost->extra);
    } else if (lost->views_differ && lost->acknowledged > 0) {
        snprintf(lost->detail, sizeof lost->detail,
                 "containers see different stores: %" PRId64 " in container %u, %" PRId64
                 " in container %u",
                 final->best, final->best_container, final->other, final->other_container);
    } else {
        const char *why = why_undecided(lost, tally, history);
        lost->result = why ? LP_UNDECIDED : LP_PASS;
        if (why)
            snprintf(lost->detail, sizeof lost->detail, "%s", why);
        else
            lost->lost_max = 0;
    }
}

static void add_accesses(struct lp_checks *checks, size_t update)
{
    struct lp_lost_update *lost = &checks->lost_update;
    lp_witness_add(&lost->witness, &lost->witness_count, checks->updates[update].read);
    lp_witness_add(&lost->witness, &lost->witness_count, checks->updates[update].write);
}

/* The first origin; else the acknowledged value farthest above the final one; else two writes that
   went to different stores. */
static void find_witness(struct lp_checks *checks)
{
    struct lp_lost_update *lost = &checks->lost_update;
    const struct lp_op *ops = checks->history->ops;
    size_t top = LP_NOWHERE, first = LP_NOWHERE, other = LP_NOWHERE;
    if (lost->pair_count > 0) {
        add_accesses(checks, lost->pairs[0].first);
        add_accesses(checks, lost->pairs[0].second);
        return;
    }
    for (size_t i = 0; i < checks->update_count; i++) {
        const struct lp_update *update = &checks->updates[i];
        if (update->outcome != LP_OK)
            continue;
        if (top == LP_NOWHERE || update->value_written > checks->updates[top].value_written)
            top = i;
        if (first == LP_NOWHERE)
            first = i;
        const struct lp_record *a = ops[checks->updates[first].write].record;
        const struct lp_record *b = ops[update->write].record;
        if (other == LP_NOWHERE && (a->domain != b->domain || a->object != b->object))
            other = i;
    }
    if (lost->final_known && top != LP_NOWHERE &&
        checks->updates[top].value_written > lost->final) {
        add_accesses(checks, top);
    } else if (other != LP_NOWHERE) {
        add_accesses(checks, first);
        add_accesses(checks, other);
    }
}

static void settle_pairs(struct lp_checks *checks)
{
    struct lp_lost_update *lost = &checks->lost_update;
    if (lost->result != LP_VIOLATED) {
        /* Values that `add` told may repeat without a loss, if a driver reads them back late. */
        lost->pair_count = 0;
        lost->pairs_total = 0;
        lost->first_loss_ns = 0;
        return;
    }
    bool found = lost->pair_count > 0 && lost->pairs[0].overlapping;
    if (!found && lost->unknown > 0)
        lp_find_suspects(checks);
    find_witness(checks);
}

void lp_check_lost_update(struct lp_checks *checks)
{
    struct lp_lost_update *lost = &checks->lost_update;
    struct tally tally = {0};
    lp_find_final(&tally.final, checks);
    lost->start = checks->history->start_value;
    lost->final_known = tally.final.known;
    lost->final = tally.final.known ? tally.final.best : lost->start;
    if (checks->update_count == 0) {
        lost->result =
            tally.final.known && lost->final != lost->start ? LP_UNDECIDED : LP_NOT_APPLICABLE;
        snprintf(lost->detail, sizeof lost->detail, "%s",
                 lost->result == LP_UNDECIDED ? "the counter changed, but no worker wrote" : "");
        return;
    }
    count_updates(&tally, checks);
    lost->acknowledged = tally.acknowledged_count + tally.adds;
    lost->unknown = tally.unknown_count + tally.adds_unknown;
    lost->distinct_stores = count_stores(checks);
    lost->views_differ = tally.final.differ;
    tally.final_odd = is_final_odd(&tally, checks);
    tally.stale = lp_find_pairs(checks);
    bound_loss(lost, &tally, checks->history->damaged);
    decide(lost, &tally, checks->history);
    settle_pairs(checks);
    free(tally.acknowledged);
    free(tally.unknown);
}
