/* SPDX-License-Identifier: MIT */
/*
 * Our own histories as calls. Operations are walked in order of invocation, with each worker's
 * holds in mind, so that what ends a hold without a release can be told.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "history/intern.h"
#include "history/read.h"

#define NO_CALL SIZE_MAX

struct convert {
    struct lp_calls *calls;
    const struct lp_history *history;
    size_t cap, foreign_cap;
    size_t *held;   /* by worker and lock: the call that acquired it, or NO_CALL */
    size_t *latest; /* by worker: its latest granted acquire, which a token may follow */
    uint32_t lock_keys[LP_HISTORY_LOCKS];
    uint32_t store_key;
};

static struct lp_call *add(struct convert *convert, const struct lp_op *op, size_t index,
                           enum lp_call_kind kind, uint32_t key)
{
    struct lp_calls *calls = convert->calls;
    calls->calls = lp_grow(calls->calls, &convert->cap, calls->count + 1, sizeof *calls->calls);
    struct lp_call *call = &calls->calls[calls->count++];
    *call = (struct lp_call){.invoke_ns = op->record->invoke_ns,
                             .return_ns = lp_op_end_ns(op),
                             .a = LP_CALL_NOTHING,
                             .b = LP_CALL_NOTHING,
                             .process = op->worker,
                             .key = key,
                             .source = (uint32_t)(2 * (index + 1)),
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
static void add_end(struct convert *convert, uint32_t worker, unsigned lock, uint64_t at_ns,
                    size_t index)
{
    struct lp_calls *calls = convert->calls;
    size_t *held = &convert->held[worker * LP_HISTORY_LOCKS + lock];
    if (*held == NO_CALL)
        return;
    calls->calls = lp_grow(calls->calls, &convert->cap, calls->count + 1, sizeof *calls->calls);
    calls->calls[calls->count++] = (struct lp_call){.invoke_ns = at_ns,
                                                    .return_ns = LP_CALL_NEVER,
                                                    .a = LP_CALL_NOTHING,
                                                    .b = LP_CALL_NOTHING,
                                                    .process = worker,
                                                    .key = convert->lock_keys[lock],
                                                    .source = (uint32_t)(2 * (index + 1) - 1),
                                                    .kind = LP_CALL_RELEASE,
                                                    .outcome = LP_UNKNOWN};
    *held = NO_CALL;
}

/* ---- locks ---- */

static void take_acquire(struct convert *convert, const struct lp_op *op, size_t index, bool shared)
{
    const struct lp_record *record = op->record;
    size_t *held = &convert->held[op->worker * LP_HISTORY_LOCKS + record->lock];
    if (lp_op_ok(op))
        add_end(convert, op->worker, record->lock, record->invoke_ns, index);
    struct lp_call *call =
        add(convert, op, index, shared ? LP_CALL_ACQUIRE_SHARED : LP_CALL_ACQUIRE,
            convert->lock_keys[record->lock]);
    if (record->kind != LP_STEP_UPGRADE && record->value > 0)
        call->lease_ns = (uint64_t)record->value;
    if (!lp_op_ok(op))
        return;
    call->invoke_ns = lp_op_attempt_ns(op);
    *held = convert->latest[op->worker] = convert->calls->count - 1;
}

/* A renewal that was granted: the lease ends so long after it. */
static void take_renewal(struct convert *convert, const struct lp_op *op)
{
    size_t held = convert->held[op->worker * LP_HISTORY_LOCKS + op->record->lock];
    if (held == NO_CALL || !lp_op_ok(op) || op->record->value <= 0)
        return;
    struct lp_call *call = &convert->calls->calls[held];
    uint64_t since_ns = op->record->invoke_ns - call->invoke_ns;
    if (call->lease_ns > 0 && op->record->value <= INT64_MAX / 2)
        call->lease_ns = since_ns + (uint64_t)op->record->value;
}

static void take_release(struct convert *convert, const struct lp_op *op, size_t index)
{
    const struct lp_record *record = op->record;
    struct lp_call *call =
        add(convert, op, index, LP_CALL_RELEASE, convert->lock_keys[record->lock]);
    if (record->flags & LP_FLAG_HELD_NO)
        call->outcome = LP_FAIL;       /* there was nothing to release any more */
    else if (call->outcome != LP_FAIL) /* one that may still happen stands for the end, too */
        convert->held[op->worker * LP_HISTORY_LOCKS + record->lock] = NO_CALL;
}

/* Letting go of the handle lets go of the lock, as far as anybody promises. */
static void take_close(struct convert *convert, const struct lp_op *op, size_t index)
{
    if (op->record->flags & LP_FLAG_STORE || lp_op_result(op) == LP_FAIL)
        return;
    add_end(convert, op->worker, op->record->lock, op->record->invoke_ns, index);
}

static void take_token(struct convert *convert, const struct lp_op *op)
{
    size_t acquire = convert->latest[op->worker];
    if (acquire != NO_CALL && op->record->token > 0 && op->record->token <= INT64_MAX)
        convert->calls->calls[acquire].a = (int64_t)op->record->token;
}

/* ---- the store ---- */

static void add_foreign(struct convert *convert, const char *name, size_t index)
{
    struct lp_calls *calls = convert->calls;
    for (size_t i = 0; i < calls->foreign_count; i++)
        if (strcmp(calls->foreign[i].name, name) == 0) {
            calls->foreign[i].count++;
            return;
        }
    calls->foreign = lp_grow(calls->foreign, &convert->foreign_cap, calls->foreign_count + 1,
                             sizeof *calls->foreign);
    calls->foreign[calls->foreign_count++] =
        (struct lp_foreign){lp_arena_strdup(&calls->arena, name), 1, (uint32_t)(index + 1), true};
}

static void take_data(struct convert *convert, const struct lp_op *op, size_t index)
{
    static const enum lp_call_kind kinds[] = {
        [LP_STEP_READ] = LP_CALL_READ,
        [LP_STEP_WRITE] = LP_CALL_WRITE,
        [LP_STEP_ADD] = LP_CALL_ADD,
        [LP_STEP_CAS] = LP_CALL_CAS,
    };
    const struct lp_record *record = op->record;
    if (record->flags & LP_FLAG_IN_TX) {
        add_foreign(convert, "a step in a transaction", index);
        return;
    }
    struct lp_call *call = add(convert, op, index, kinds[record->kind], convert->store_key);
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

/* ---- all of it ---- */

static void take(struct convert *convert, const struct lp_op *op, size_t index)
{
    switch (op->record->kind) {
    case LP_STEP_LOCK:
    case LP_STEP_TRYLOCK:
        take_acquire(convert, op, index, op->record->flags & LP_FLAG_SHARED);
        break;
    case LP_STEP_UPGRADE: /* may let go of the shared lock first, even when it then fails */
        add_end(convert, op->worker, op->record->lock, op->record->invoke_ns, index);
        take_acquire(convert, op, index, false);
        break;
    case LP_STEP_UNLOCK:
        take_release(convert, op, index);
        break;
    case LP_STEP_RENEW:
        take_renewal(convert, op);
        break;
    case LP_STEP_TOKEN:
        take_token(convert, op);
        break;
    case LP_STEP_CLOSE:
        take_close(convert, op, index);
        break;
    case LP_STEP_BEGIN:
    case LP_STEP_COMMIT:
    case LP_STEP_ROLLBACK:
        add_foreign(convert, "a transaction", index);
        break;
    case LP_STEP_READ:
    case LP_STEP_WRITE:
    case LP_STEP_ADD:
    case LP_STEP_CAS:
        take_data(convert, op, index);
        break;
    default: /* a try that found it taken, a handle reopened */
        break;
    }
}

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

void lp_calls_from_history(struct lp_calls *calls, const struct lp_history *history)
{
    struct convert convert = {.calls = calls, .history = history};
    lp_calls_init(calls);
    calls->timed = true;
    calls->truncated = history->damaged || !history->complete;
    calls->start = history->start_value;
    name_all(&convert);
    size_t slots = history->worker_count * LP_HISTORY_LOCKS;
    convert.held = lp_alloc(slots, sizeof *convert.held);
    convert.latest = lp_alloc(history->worker_count, sizeof *convert.latest);
    for (size_t i = 0; i < slots; i++)
        convert.held[i] = NO_CALL;
    for (size_t i = 0; i < history->worker_count; i++)
        convert.latest[i] = NO_CALL;
    for (size_t i = 0; i < history->op_count; i++)
        take(&convert, &history->ops[i], i);
    for (uint32_t worker = 0; worker < history->worker_count; worker++)
        for (unsigned lock = 0; lock < LP_HISTORY_LOCKS; lock++)
            add_end(&convert, worker, lock, history->workers[worker].last_ns, history->op_count);
    free(convert.held);
    free(convert.latest);
    lp_calls_sort(calls);
}
