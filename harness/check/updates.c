/* SPDX-License-Identifier: MIT */
/*
 * Operations paired into updates. A worker writes the value of its round's latest read plus one, so
 * the read that belongs to a write is the latest of that round; it may be of an earlier attempt
 * when only the write was repeated. What became of a write inside a transaction is known at its
 * commit.
 */
#include "check/parts.h"

#include <stdlib.h>

/* One worker's walk through its own operations. */
struct walk {
    struct lp_checks *checks;
    size_t read; /* latest ok read of the round, or LP_NOWHERE */
    bool read_undone;
    bool read_in_tx; /* it is of the transaction that is open now */
    size_t begin;    /* of the open transaction, or LP_NOWHERE */
    size_t pending;  /* first update that waits for its commit */
    size_t own;      /* this worker's first update */
    uint32_t round;
    uint16_t attempt;
};

static const struct lp_op *op_at(const struct walk *walk, size_t index)
{
    return &walk->checks->history->ops[index];
}

static bool is_refusal(enum lp_outcome outcome)
{
    return outcome == LP_BUSY || outcome == LP_FAIL;
}

static struct lp_update *add_update(struct walk *walk, size_t write)
{
    struct lp_checks *checks = walk->checks;
    const struct lp_op *op = op_at(walk, write);
    enum lp_outcome outcome = lp_op_result(op);
    checks->updates = lp_grow(checks->updates, &checks->update_cap, checks->update_count + 1,
                              sizeof *checks->updates);
    struct lp_update *update = &checks->updates[checks->update_count++];
    *update = (struct lp_update){
        .read = write,
        .write = write,
        .begin = op->record->flags & LP_FLAG_IN_TX ? walk->begin : LP_NOWHERE,
        .commit = LP_NOWHERE,
        .value_written = op->record->value,
        .outcome = is_refusal(outcome) ? LP_FAIL : outcome,
        .worker = op->worker,
        .hold = LP_NOWHERE,
        .refused = outcome == LP_BUSY,
    };
    return update;
}

static void add_write(struct walk *walk, size_t write)
{
    struct lp_update *update = add_update(walk, write);
    const struct lp_record *record = op_at(walk, write)->record;
    if (__builtin_sub_overflow(record->value, 1, &update->value_read))
        update->value_read = record->value;
    bool has_read = walk->read != LP_NOWHERE;
    if (has_read) {
        update->read = walk->read;
        update->carried = walk->read_undone;
    }
    bool one_step = has_read && op_at(walk, walk->read)->record->value == update->value_read &&
                    update->value_read != record->value;
    /* Nobody knows what a write that never completed wrote: its value was not told yet. */
    update->odd = !one_step && update->outcome != LP_FAIL && lp_op_done(op_at(walk, write));
    if (!one_step && update->outcome == LP_OK)
        update->outcome = LP_UNKNOWN;
}

static void add_add(struct walk *walk, size_t index)
{
    struct lp_update *update = add_update(walk, index);
    if (__builtin_sub_overflow(update->value_written, 1, &update->value_read))
        update->value_read = update->value_written;
}

/* The fate of all that the transaction wrote. */
static void settle(struct walk *walk, size_t commit, enum lp_outcome outcome)
{
    struct lp_checks *checks = walk->checks;
    for (size_t i = walk->pending; i < checks->update_count; i++) {
        struct lp_update *update = &checks->updates[i];
        if (!(op_at(walk, update->write)->record->flags & LP_FLAG_IN_TX) ||
            update->outcome == LP_FAIL)
            continue;
        update->commit = commit;
        if (is_refusal(outcome))
            update->outcome = LP_FAIL;
        else if (outcome == LP_UNKNOWN)
            update->outcome = LP_UNKNOWN;
        update->refused |= outcome == LP_BUSY;
    }
    walk->pending = checks->update_count;
}

/* The transaction is over and did not commit: nothing of it happened, and what it read is void. */
static void undo(struct walk *walk)
{
    settle(walk, LP_NOWHERE, LP_FAIL);
    walk->begin = LP_NOWHERE;
    walk->read_undone |= walk->read_in_tx;
    walk->read_in_tx = false;
}

static void take_commit(struct walk *walk, size_t index)
{
    enum lp_outcome outcome = lp_op_result(op_at(walk, index));
    if (outcome == LP_BUSY) {
        /* The transaction is still open: committing again may succeed. */
        for (size_t i = walk->pending; i < walk->checks->update_count; i++)
            walk->checks->updates[i].refused = true;
        return;
    }
    if (outcome == LP_FAIL) {
        undo(walk);
        return;
    }
    settle(walk, index, outcome);
    walk->begin = LP_NOWHERE;
    walk->read_in_tx = false;
}

static void take_read(struct walk *walk, size_t index)
{
    const struct lp_op *op = op_at(walk, index);
    if (!lp_op_ok(op))
        return;
    walk->read = index;
    walk->read_undone = false;
    walk->read_in_tx = op->record->flags & LP_FLAG_IN_TX;
}

static void enter(struct walk *walk, const struct lp_record *record)
{
    if (record->round != walk->round) {
        walk->round = record->round;
        walk->read = LP_NOWHERE;
        walk->read_in_tx = false;
        walk->read_undone = false;
    } else if (record->attempt != walk->attempt) {
        walk->read_undone = true;
    }
    walk->attempt = record->attempt;
}

static void take(struct walk *walk, size_t index)
{
    const struct lp_op *op = op_at(walk, index);
    enter(walk, op->record);
    switch (op->record->kind) {
    case LP_STEP_READ:
        take_read(walk, index);
        break;
    case LP_STEP_WRITE:
    case LP_STEP_CAS:
        add_write(walk, index);
        break;
    case LP_STEP_ADD:
        add_add(walk, index);
        break;
    case LP_STEP_BEGIN:
        if (lp_op_ok(op)) {
            undo(walk);
            walk->begin = index;
        }
        break;
    case LP_STEP_COMMIT:
        take_commit(walk, index);
        break;
    case LP_STEP_ROLLBACK:
        undo(walk);
        break;
    }
}

static size_t find_same_read(const struct walk *walk, size_t end, const struct lp_update *update)
{
    const struct lp_update *updates = walk->checks->updates;
    if (update->read == update->write || update->outcome == LP_FAIL)
        return LP_NOWHERE;
    for (size_t i = end; i-- > walk->own;) {
        if (updates[i].outcome == LP_FAIL)
            continue;
        return updates[i].read == update->read ? i : LP_NOWHERE;
    }
    return LP_NOWHERE;
}

/* Writing one read's value again adds nothing: it is the same update, done when any of them was. */
static void join_repeated(struct walk *walk)
{
    struct lp_checks *checks = walk->checks;
    size_t kept = walk->own;
    for (size_t i = walk->own; i < checks->update_count; i++) {
        struct lp_update update = checks->updates[i];
        size_t same = find_same_read(walk, kept, &update);
        if (same == LP_NOWHERE) {
            checks->updates[kept++] = update;
            continue;
        }
        if (checks->updates[same].outcome == LP_OK)
            update.outcome = LP_OK;
        checks->updates[same] = update;
    }
    checks->update_count = kept;
}

static int by_write(const void *a, const void *b)
{
    const struct lp_update *left = a, *right = b;
    return (left->write > right->write) - (left->write < right->write);
}

static void walk_worker(struct lp_checks *checks, size_t worker)
{
    struct walk walk = {.checks = checks,
                        .read = LP_NOWHERE,
                        .begin = LP_NOWHERE,
                        .pending = checks->update_count,
                        .own = checks->update_count,
                        .round = UINT32_MAX};
    for (size_t i = checks->trail.first[worker]; i < checks->trail.first[worker + 1]; i++)
        take(&walk, checks->trail.ops[i]);
    /* Whoever went away before it asked for the commit never committed, unless the rest of its
       history is what is missing. */
    settle(&walk, LP_NOWHERE, checks->history->workers[worker].cut ? LP_UNKNOWN : LP_FAIL);
    join_repeated(&walk);
}

void lp_find_updates(struct lp_checks *checks)
{
    for (size_t i = 0; i < checks->history->worker_count; i++)
        walk_worker(checks, i);
    if (checks->update_count > 1)
        qsort(checks->updates, checks->update_count, sizeof *checks->updates, by_write);
}

size_t lp_update_end(const struct lp_update *update)
{
    return update->commit == LP_NOWHERE ? update->write : update->commit;
}
