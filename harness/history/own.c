/* SPDX-License-Identifier: MIT */
/*
 * Our own histories as calls. Each worker's records are walked by themselves, with its holds in
 * mind, so that what ends a hold without a release can be told; the calls of all workers are merged
 * as they come. What becomes of a grant later (its token, a renewal of its lease) is looked up when
 * the call is made: nothing is changed after it was given out.
 */
#include <stdlib.h>
#include <string.h>

#include "base/merge.h"
#include "base/str.h"
#include "history/intern.h"
#include "history/read.h"

/* A record makes a call and may end a hold before; a worker's end may end all of them. */
#define CALLS_AT_ONCE (LP_HISTORY_LOCKS + 1)

struct source {
    const struct lp_history_worker *worker;
    uint32_t number;
    size_t next; /* record */
    bool held[LP_HISTORY_LOCKS];
    struct lp_call calls[CALLS_AT_ONCE]; /* made, and not given out yet */
    uint32_t first, count;
};

struct convert {
    struct lp_calls *calls; /* for names and foreign operations */
    const struct lp_history *history;
    size_t foreign_cap;
    struct source *sources;
    uint32_t lock_keys[LP_HISTORY_LOCKS];
    uint32_t store_key;
    uint32_t ordered; /* kinds of calls, a bit each; others are given out when they are met */
    lp_call_sink *sink;
    void *context;
    bool enough;    /* the sink wants no more */
    uint32_t **ops; /* by worker and sequence: index into history->ops; NULL: not wanted */
};

/* Twice the number of the operation, one less for the end of a hold: see lp_calls_from_history. */
static uint32_t source_of(const struct convert *convert, uint32_t worker, size_t sequence)
{
    if (!convert->ops)
        return (uint32_t)(2 * (sequence + 1));
    bool behind = sequence >= convert->history->workers[worker].record_count;
    size_t op = behind ? convert->history->op_count : convert->ops[worker][sequence];
    return (uint32_t)(2 * (op + 1));
}

static struct lp_call *add(const struct convert *convert, struct source *source,
                           const struct lp_op *op, enum lp_call_kind kind, uint32_t key)
{
    struct lp_call *call = &source->calls[source->count++];
    *call = (struct lp_call){.invoke_ns = op->record->invoke_ns,
                             .return_ns = lp_op_end_ns(op),
                             .a = LP_CALL_NOTHING,
                             .b = LP_CALL_NOTHING,
                             .process = op->worker,
                             .key = key,
                             .source = source_of(convert, op->worker, op->sequence),
                             .kind = (uint8_t)kind,
                             .outcome = (uint8_t)lp_op_result(op)};
    if (call->outcome == LP_UNKNOWN)
        call->return_ns = LP_CALL_NEVER;
    /* Busy may come from a conflict that had nothing to do with this lock or value. */
    if (call->outcome == LP_BUSY)
        call->outcome = LP_FAIL;
    return call;
}

/* From `at_ns` on the hold may be over, by itself. */
static void add_end(const struct convert *convert, struct source *source, unsigned lock,
                    uint64_t at_ns, size_t sequence)
{
    if (!source->held[lock])
        return;
    source->held[lock] = false;
    source->calls[source->count++] =
        (struct lp_call){.invoke_ns = at_ns,
                         .return_ns = LP_CALL_NEVER,
                         .a = LP_CALL_NOTHING,
                         .b = LP_CALL_NOTHING,
                         .process = source->number,
                         .key = convert->lock_keys[lock],
                         .source = source_of(convert, source->number, sequence) - 1,
                         .kind = LP_CALL_RELEASE,
                         .outcome = LP_UNKNOWN};
}

/* ---- locks ---- */

/* A release that did nothing ends no hold; one that may still happen stands for the end, too. */
static bool ends_hold(const struct lp_op *op)
{
    const struct lp_record *record = op->record;
    switch (record->kind) {
    case LP_STEP_LOCK:
    case LP_STEP_TRYLOCK:
        return lp_op_ok(op);
    case LP_STEP_UPGRADE:
        return true;
    case LP_STEP_UNLOCK:
        return !(record->flags & LP_FLAG_HELD_NO) && lp_op_result(op) != LP_FAIL;
    case LP_STEP_CLOSE:
        return !(record->flags & LP_FLAG_STORE) && lp_op_result(op) != LP_FAIL;
    default:
        return false;
    }
}

/* How long after the call the lease ends, with the renewals that were granted while it was held. */
static uint64_t lease_of(const struct source *source, const struct lp_op *grant,
                         uint64_t granted_ns)
{
    uint64_t lease_ns = (uint64_t)grant->record->value;
    for (size_t i = source->next; i < source->worker->record_count; i++) {
        const struct lp_record *record = &source->worker->records[i];
        struct lp_op op = {.record = record, .worker = source->number, .sequence = (uint32_t)i};
        if (record->lock != grant->record->lock)
            continue;
        if (ends_hold(&op))
            break;
        if (record->kind == LP_STEP_RENEW && lp_op_ok(&op) && record->value > 0 &&
            record->value <= INT64_MAX / 2)
            lease_ns = record->invoke_ns - granted_ns + (uint64_t)record->value;
    }
    return lease_ns;
}

/* The record behind that of a grant may tell its token. */
static int64_t token_of(const struct source *source)
{
    const struct lp_record *record = &source->worker->records[source->next];
    bool there = source->next < source->worker->record_count && record->kind == LP_STEP_TOKEN;
    return there && record->token > 0 && record->token <= INT64_MAX ? (int64_t)record->token
                                                                    : LP_CALL_NOTHING;
}

static void take_acquire(const struct convert *convert, struct source *source,
                         const struct lp_op *op, bool shared)
{
    const struct lp_record *record = op->record;
    if (lp_op_ok(op))
        add_end(convert, source, record->lock, record->invoke_ns, op->sequence);
    struct lp_call *call =
        add(convert, source, op, shared ? LP_CALL_ACQUIRE_SHARED : LP_CALL_ACQUIRE,
            convert->lock_keys[record->lock]);
    bool leased = record->kind != LP_STEP_UPGRADE && record->value > 0;
    if (leased)
        call->lease_ns = (uint64_t)record->value;
    if (!lp_op_ok(op))
        return;
    call->invoke_ns = lp_op_attempt_ns(op);
    call->a = token_of(source);
    if (leased)
        call->lease_ns = lease_of(source, op, call->invoke_ns);
    source->held[record->lock] = true;
}

static void take_release(const struct convert *convert, struct source *source,
                         const struct lp_op *op)
{
    const struct lp_record *record = op->record;
    struct lp_call *call =
        add(convert, source, op, LP_CALL_RELEASE, convert->lock_keys[record->lock]);
    if (record->flags & LP_FLAG_HELD_NO)
        call->outcome = LP_FAIL; /* there was nothing to release any more */
    if (ends_hold(op))
        source->held[record->lock] = false;
}

/* ---- the store ---- */

static void add_foreign(struct convert *convert, const char *name, const struct lp_op *op)
{
    struct lp_calls *calls = convert->calls;
    uint32_t at = source_of(convert, op->worker, op->sequence) / 2;
    for (size_t i = 0; i < calls->foreign_count; i++)
        if (strcmp(calls->foreign[i].name, name) == 0) {
            calls->foreign[i].count++;
            if (at < calls->foreign[i].source) /* workers are read a little ahead */
                calls->foreign[i].source = at;
            return;
        }
    calls->foreign = lp_grow(calls->foreign, &convert->foreign_cap, calls->foreign_count + 1,
                             sizeof *calls->foreign);
    calls->foreign[calls->foreign_count++] =
        (struct lp_foreign){lp_arena_strdup(&calls->arena, name), 1, at, true};
}

static void take_data(struct convert *convert, struct source *source, const struct lp_op *op)
{
    static const enum lp_call_kind kinds[] = {
        [LP_STEP_READ] = LP_CALL_READ,
        [LP_STEP_WRITE] = LP_CALL_WRITE,
        [LP_STEP_ADD] = LP_CALL_ADD,
        [LP_STEP_CAS] = LP_CALL_CAS,
    };
    const struct lp_record *record = op->record;
    if (record->flags & LP_FLAG_IN_TX) {
        add_foreign(convert, "a step in a transaction", op);
        return;
    }
    struct lp_call *call = add(convert, source, op, kinds[record->kind], convert->store_key);
    switch (record->kind) {
    case LP_STEP_READ:
        call->a = call->outcome == LP_OK ? record->value : LP_CALL_NOTHING;
        break;
    case LP_STEP_WRITE:
        call->a = record->value;
        if (record->token > 0 && record->token <= INT64_MAX)
            call->b = (int64_t)record->token;
        break;
    case LP_STEP_ADD:
        call->a = 1;
        call->b = call->outcome == LP_OK ? record->value : LP_CALL_NOTHING;
        break;
    default: /* LP_STEP_CAS writes what was read, plus one */
        call->a = record->value - 1;
        call->b = record->value;
    }
}

/* ---- one worker's calls ---- */

static void take(struct convert *convert, struct source *source, const struct lp_op *op)
{
    const struct lp_record *record = op->record;
    switch (record->kind) {
    case LP_STEP_LOCK:
    case LP_STEP_TRYLOCK:
        take_acquire(convert, source, op, record->flags & LP_FLAG_SHARED);
        break;
    case LP_STEP_UPGRADE: /* may let go of the shared lock first, even when it then fails */
        add_end(convert, source, record->lock, record->invoke_ns, op->sequence);
        take_acquire(convert, source, op, false);
        break;
    case LP_STEP_UNLOCK:
        take_release(convert, source, op);
        break;
    case LP_STEP_CLOSE: /* of the handle; it lets go of the lock, as far as anybody promises */
        if (ends_hold(op))
            add_end(convert, source, record->lock, record->invoke_ns, op->sequence);
        break;
    case LP_STEP_BEGIN:
    case LP_STEP_COMMIT:
    case LP_STEP_ROLLBACK:
        add_foreign(convert, "a transaction", op);
        break;
    case LP_STEP_READ:
    case LP_STEP_WRITE:
    case LP_STEP_ADD:
    case LP_STEP_CAS:
        take_data(convert, source, op);
        break;
    default: /* a try that found it taken, a handle reopened; tokens and renewals: see above */
        break;
    }
}

/* Its next call is there to be given out; false: there is none any more. */
static bool refill(struct convert *convert, struct source *source)
{
    if (source->first < source->count)
        return true;
    source->first = source->count = 0;
    while (source->count == 0 && source->next < source->worker->record_count) {
        struct lp_op op = {.record = &source->worker->records[source->next],
                           .worker = source->number,
                           .sequence = (uint32_t)source->next};
        source->next++;
        take(convert, source, &op);
        if (source->count == 1 && !(convert->ordered & 1u << source->calls[0].kind)) {
            convert->enough |= !convert->sink(convert->context, &source->calls[0]);
            source->count = 0;
        }
    }
    for (unsigned lock = 0; source->count == 0 && lock < LP_HISTORY_LOCKS; lock++)
        add_end(convert, source, lock, source->worker->last_ns, source->next);
    return source->count > 0;
}

/* ---- all of them ---- */

static void name_all(struct convert *convert)
{
    struct lp_calls *calls = convert->calls;
    const struct lp_history *history = convert->history;
    const struct lp_history_header *header = lp_history_any_header(history);
    struct lp_intern keys;
    calls->process_count = history->worker_count;
    calls->processes = lp_alloc(calls->process_count, sizeof *calls->processes);
    for (size_t i = 0; i < calls->process_count; i++)
        calls->processes[i] =
            lp_arena_printf(&calls->arena, "worker %u", history->workers[i].header->worker);
    lp_intern_init(&keys, &calls->keys, &calls->key_count, &calls->arena);
    for (uint32_t i = 0; i < header->lock_count; i++) {
        const char *name =
            lp_arena_printf(&calls->arena, "lock %.*s", (int)sizeof header->locks[i].name - 1,
                            header->locks[i].name);
        convert->lock_keys[i] = lp_intern(&keys, name, strlen(name));
        bool equal = i == 0 || header->locks[i].capacity == calls->capacity;
        calls->capacity = equal ? header->locks[i].capacity : 0;
    }
    convert->store_key = lp_intern(&keys, "store", 5);
    lp_intern_release(&keys);
}

static void begin(struct convert *convert)
{
    struct lp_calls *calls = convert->calls;
    const struct lp_history *history = convert->history;
    lp_calls_init(calls);
    calls->timed = true;
    calls->truncated = history->damaged || !history->complete;
    calls->start = history->start_value;
    name_all(convert);
    convert->sources = lp_alloc(history->worker_count, sizeof *convert->sources);
    for (uint32_t i = 0; i < history->worker_count; i++)
        convert->sources[i] = (struct source){.worker = &history->workers[i], .number = i};
}

/* False: one came before the one that was given out before it, which no worker of ours writes. */
static bool merge(struct convert *convert)
{
    uint32_t workers = (uint32_t)convert->history->worker_count;
    struct lp_merge_entry *heap = lp_alloc(workers, sizeof *heap);
    size_t left = 0;
    uint64_t last_ns = 0;
    bool in_order = true;
    for (uint32_t i = 0; i < workers; i++)
        if (refill(convert, &convert->sources[i]))
            heap[left++] = (struct lp_merge_entry){convert->sources[i].calls[0].invoke_ns, i};
    lp_merge_make(heap, left);
    while (left > 0 && !convert->enough) {
        struct source *source = &convert->sources[heap[0].item];
        const struct lp_call *call = &source->calls[source->first++];
        in_order &= call->invoke_ns >= last_ns;
        last_ns = call->invoke_ns;
        convert->enough = !convert->sink(convert->context, call);
        if (refill(convert, source))
            heap[0].key = source->calls[source->first].invoke_ns;
        else
            heap[0] = heap[--left];
        if (left > 0)
            lp_merge_sift(heap, left, 0);
    }
    free(heap);
    return in_order;
}

bool lp_calls_stream_history(struct lp_calls *names, const struct lp_history *history,
                             uint32_t ordered, lp_call_sink *sink, void *context)
{
    struct convert convert = {
        .calls = names, .history = history, .ordered = ordered, .sink = sink, .context = context};
    begin(&convert);
    bool in_order = merge(&convert);
    free(convert.sources);
    return in_order;
}

struct keeping {
    struct lp_calls *calls;
    size_t cap;
};

static bool keep(void *context, const struct lp_call *call)
{
    struct keeping *keeping = context;
    struct lp_calls *calls = keeping->calls;
    calls->calls = lp_grow(calls->calls, &keeping->cap, calls->count + 1, sizeof *calls->calls);
    calls->calls[calls->count++] = *call;
    return true;
}

void lp_calls_from_history(struct lp_calls *calls, const struct lp_history *history)
{
    struct keeping keeping = {.calls = calls};
    struct convert convert = {.calls = calls,
                              .history = history,
                              .ordered = UINT32_MAX,
                              .sink = keep,
                              .context = &keeping};
    convert.ops = lp_alloc(history->worker_count, sizeof *convert.ops);
    for (size_t i = 0; i < history->worker_count; i++)
        convert.ops[i] = lp_alloc(history->workers[i].record_count + 1, sizeof **convert.ops);
    for (size_t i = 0; i < history->op_count; i++)
        convert.ops[history->ops[i].worker][history->ops[i].sequence] = (uint32_t)i;
    begin(&convert);
    (void)merge(&convert);
    for (size_t i = 0; i < history->worker_count; i++)
        free(convert.ops[i]);
    free(convert.ops);
    free(convert.sources);
    lp_calls_sort(calls);
}
