/* SPDX-License-Identifier: MIT */
/*
 * Notes are drawn from pairs of operations of the witness only, so they cost a few comparisons; one
 * scan of the holder's own records finds the release of a hold when the witness leaves it out.
 */
#include "reports/witness.h"

#include <inttypes.h>
#include <stdlib.h>
#include "drivers/driver.h"
#include "reports/clean.h"

static int by_time(const void *a, const void *b)
{
    const struct lp_op *left = *(const struct lp_op *const *)a;
    const struct lp_op *right = *(const struct lp_op *const *)b;

    if (left->record->invoke_ns != right->record->invoke_ns)
        return left->record->invoke_ns < right->record->invoke_ns ? -1 : 1;
    return (left > right) - (left < right); /* the history's own order */
}

void lp_witness_init(struct lp_witness *witness, const struct lp_history *history,
                     const size_t *indexes, size_t count)
{
    size_t kept = 0;

    *witness = (struct lp_witness){.history = history};
    witness->ops = lp_alloc(count, sizeof(const struct lp_op *));
    for (size_t i = 0; i < count; i++)
        if (indexes[i] < history->op_count)
            witness->ops[witness->count++] = &history->ops[indexes[i]];
    qsort(witness->ops, witness->count, sizeof(const struct lp_op *), by_time);
    for (size_t i = 0; i < witness->count; i++)
        if (kept == 0 || witness->ops[kept - 1] != witness->ops[i])
            witness->ops[kept++] = witness->ops[i];
    witness->count = kept;
}

void lp_witness_release(struct lp_witness *witness)
{
    free(witness->ops);
    *witness = (struct lp_witness){0};
}

static bool is_acquire(unsigned kind)
{
    return kind == LP_STEP_LOCK || kind == LP_STEP_TRYLOCK || kind == LP_STEP_UPGRADE ||
           kind == LP_STEP_BEGIN;
}

bool lp_op_completed(const struct lp_op *op)
{
    return op->record->state == LP_RECORD_COMPLETE;
}

bool lp_op_acquires(const struct lp_op *op)
{
    return is_acquire(op->record->kind) && lp_op_completed(op) && op->record->outcome == LP_OK;
}

/* A refused release changes nothing; one whose outcome is not known may have released. */
static bool releases(const struct lp_record *acquire, const struct lp_record *record)
{
    bool of_store = record->flags & LP_FLAG_STORE;
    bool refused = record->state == LP_RECORD_COMPLETE &&
                   (record->outcome == LP_FAIL || record->outcome == LP_BUSY);

    if (acquire->kind == LP_STEP_BEGIN)
        return ((record->kind == LP_STEP_COMMIT || record->kind == LP_STEP_ROLLBACK) && !refused) ||
               (record->kind == LP_STEP_CLOSE && of_store);
    if (record->lock != acquire->lock)
        return false;
    return (record->kind == LP_STEP_UNLOCK && (!refused || record->flags & LP_FLAG_HELD_NO)) ||
           (record->kind == LP_STEP_CLOSE && !of_store);
}

const struct lp_record *lp_op_release(const struct lp_history *history, const struct lp_op *op)
{
    const struct lp_history_worker *worker = &history->workers[op->worker];
    const struct lp_record *end = worker->records + worker->record_count;

    if (op->record < worker->records || op->record >= end)
        return NULL;
    for (const struct lp_record *record = op->record + 1; record < end; record++)
        if (releases(op->record, record))
            return record;
    return NULL;
}

static bool is_exclusive(const struct lp_record *record)
{
    if (record->kind == LP_STEP_BEGIN)
        return (record->flags & LP_FLAG_BEGIN_MASK) >> LP_FLAG_BEGIN_SHIFT != LP_BEGIN_DEFERRED;
    return !(record->flags & LP_FLAG_SHARED) || record->kind == LP_STEP_UPGRADE;
}

void lp_op_step(const struct lp_history *history, const struct lp_op *op, struct lp_str *out)
{
    static const char *const begin_modes[] = {
        [LP_BEGIN_DEFERRED] = " deferred",
        [LP_BEGIN_IMMEDIATE] = " immediate",
        [LP_BEGIN_EXCLUSIVE] = " exclusive",
    };
    const struct lp_record *record = op->record;
    const struct lp_history_header *header = history->workers[op->worker].header;
    size_t mode = (size_t)(record->flags & LP_FLAG_BEGIN_MASK) >> LP_FLAG_BEGIN_SHIFT;

    lp_str_add(out, lp_step_name(record->kind));
    if (record->kind == LP_STEP_BEGIN) {
        lp_str_add(out, mode < LP_ARRAY_LEN(begin_modes) ? begin_modes[mode] : "");
    } else if ((record->kind == LP_STEP_CLOSE || record->kind == LP_STEP_REOPEN) &&
               record->flags & LP_FLAG_STORE) {
        lp_str_add(out, " store");
    } else if (header->lock_count > 1 && record->lock < header->lock_count &&
               record->lock < LP_HISTORY_LOCKS) {
        const struct lp_history_lock *lock = &header->locks[record->lock];
        lp_str_add(out, " ");
        lp_clean_field(out, lock->name, sizeof(lock->name));
    }
    if ((record->kind == LP_STEP_READ || record->kind == LP_STEP_WRITE) && record->token)
        lp_str_addf(out, " fenced %" PRIu64, record->token);
    if (record->kind == LP_STEP_TOKEN)
        lp_str_addf(out, " %" PRIu64, record->token);
    if ((record->kind == LP_STEP_LOCK || record->kind == LP_STEP_TRYLOCK) &&
        record->flags & LP_FLAG_SHARED)
        lp_str_add(out, " shared");
}

bool lp_op_value(const struct lp_op *op, int64_t *value)
{
    const struct lp_record *record = op->record;
    unsigned kind = record->kind;

    *value = record->value;
    if (kind == LP_STEP_WRITE || kind == LP_STEP_CAS)
        return true; /* known when it was invoked */
    return (kind == LP_STEP_READ || kind == LP_STEP_ADD || kind == LP_STEP_OBSERVE) &&
           lp_op_completed(op) && record->outcome == LP_OK;
}

const char *lp_op_outcome(const struct lp_op *op)
{
    if (!lp_op_completed(op))
        return "unknown";
    switch (op->record->outcome) {
    case LP_OK:
        return "ok";
    case LP_BUSY:
        return "busy";
    case LP_FAIL:
        return "fail";
    }
    return "unknown";
}

uint64_t lp_since_start(const struct lp_history *history, uint64_t time_ns)
{
    return time_ns > history->start_ns ? time_ns - history->start_ns : 0;
}

static unsigned number_of(const struct lp_witness *witness, const struct lp_op *op)
{
    return witness->history->workers[op->worker].header->worker;
}

static bool same_object(const struct lp_record *a, const struct lp_record *b)
{
    return a->domain == b->domain && a->object == b->object;
}

static unsigned capacity(const struct lp_witness *witness, const struct lp_op *op)
{
    const struct lp_history_header *header = witness->history->workers[op->worker].header;
    unsigned lock = op->record->lock;

    return lock < LP_HISTORY_LOCKS && lock < header->lock_count ? header->locks[lock].capacity : 1;
}

static void note_other_object(const struct lp_witness *witness, const struct lp_op *op,
                              const struct lp_op *other, struct lp_str *out)
{
    struct lp_str name;

    lp_str_init(&name);
    lp_history_identity_text(witness->history, op->record->domain, op->record->object, &name);
    lp_str_addf(out, "not the object of worker %u: ", number_of(witness, other));
    lp_clean_line(out, name.ptr);
    lp_str_release(&name);
}

/* Could both lawfully be held at once, going by mode and capacity? */
static bool exclude_each_other(const struct lp_witness *witness, const struct lp_op *a,
                               const struct lp_op *b)
{
    if (a->record->kind == LP_STEP_BEGIN)
        return is_exclusive(a->record) && is_exclusive(b->record);
    return capacity(witness, a) <= 1 && (is_exclusive(a->record) || is_exclusive(b->record));
}

/* `op` was granted after `other`. Silent when the holder may be gone: a kernel or a server releases
   for the dead. */
static bool note_not_released(const struct lp_witness *witness, const struct lp_op *op,
                              const struct lp_op *other, struct lp_str *out)
{
    const struct lp_record *held = other->record;
    const struct lp_record *release = lp_op_release(witness->history, other);
    uint64_t granted_ns = op->record->complete_ns;
    uint64_t lease_end_ns;

    if (!exclude_each_other(witness, op, other))
        return false;
    if (release ? release->invoke_ns <= granted_ns
                : witness->history->workers[other->worker].last_ns < granted_ns)
        return false;
    bool leased = held->kind != LP_STEP_BEGIN && held->value > 0;
    if (leased && !__builtin_add_overflow(held->invoke_ns, (uint64_t)held->value, &lease_end_ns) &&
        lease_end_ns <= granted_ns)
        lp_str_addf(out, "granted when the lease of worker %u could be over",
                    number_of(witness, other));
    else
        lp_str_addf(out, "granted, and worker %u had not released", number_of(witness, other));
    return true;
}

static void note_grant(const struct lp_witness *witness, size_t index, struct lp_str *out)
{
    const struct lp_op *op = witness->ops[index];

    for (size_t i = 0; i < witness->count; i++) {
        const struct lp_op *other = witness->ops[i];

        if (other->worker == op->worker || !lp_op_acquires(other) ||
            (op->record->kind == LP_STEP_BEGIN) != (other->record->kind == LP_STEP_BEGIN) ||
            other->record->lock != op->record->lock ||
            other->record->complete_ns > op->record->complete_ns)
            continue;
        if (!same_object(op->record, other->record)) {
            note_other_object(witness, op, other, out);
            return;
        }
        if (note_not_released(witness, op, other, out))
            return;
    }
}

/* The latest read of the same attempt before a write, or NULL. */
static const struct lp_op *read_before(const struct lp_witness *witness, size_t index)
{
    const struct lp_op *write = witness->ops[index];

    for (size_t i = index; i-- > 0;) {
        const struct lp_op *op = witness->ops[i];
        if (op->worker == write->worker && op->record->kind == LP_STEP_READ &&
            op->record->round == write->record->round)
            return op;
    }
    return NULL;
}

static bool is_done_write(const struct lp_op *op)
{
    return (op->record->kind == LP_STEP_WRITE || op->record->kind == LP_STEP_CAS ||
            op->record->kind == LP_STEP_ADD) &&
           lp_op_completed(op) && op->record->outcome == LP_OK;
}

/* A write of another worker that this one did not see: done before this write began, not before its
   read did, and of another value than it read. */
static void note_write(const struct lp_witness *witness, size_t index, struct lp_str *out)
{
    const struct lp_op *op = witness->ops[index];
    const struct lp_op *read = read_before(witness, index);
    int64_t seen;

    if (!is_done_write(op))
        return;
    for (size_t i = index; i-- > 0;) {
        const struct lp_op *other = witness->ops[i];
        if (other->worker == op->worker || !is_done_write(other) ||
            !same_object(other->record, op->record))
            continue;
        bool unseen = read && lp_op_value(read, &seen) && seen != other->record->value &&
                      other->record->complete_ns <= op->record->invoke_ns &&
                      other->record->complete_ns > read->record->invoke_ns;
        if (unseen)
            lp_str_addf(out, "overwrites the %" PRId64 " of worker %u", other->record->value,
                        number_of(witness, other));
        else if (other->record->value == op->record->value)
            lp_str_addf(out, "the same value as worker %u", number_of(witness, other));
        else
            continue;
        return;
    }
}

void lp_witness_note(const struct lp_witness *witness, size_t index, struct lp_str *out)
{
    const struct lp_op *op = witness->ops[index];
    const struct lp_record *record = op->record;

    if (!lp_op_completed(op))
        lp_str_add(out, "never ended");
    else if (record->flags & LP_FLAG_DEADLINE)
        lp_str_add(out, "gave up at its deadline");
    else if (record->kind == LP_STEP_UNLOCK && record->flags & LP_FLAG_HELD_NO)
        lp_str_add(out, "the backend says: not held any more");
    else if (record->outcome == LP_UNKNOWN)
        lp_str_add(out, "it may or may not have happened");
    else if (lp_op_acquires(op))
        note_grant(witness, index, out);
    else
        note_write(witness, index, out);
}
