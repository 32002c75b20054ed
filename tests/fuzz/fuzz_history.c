/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer target: any bytes as the history files of a run, loaded, checked and judged. Besides
 * what the sanitizers see it demands that results fit together.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/fuzz_history.c
 *
 * An odd first byte: the rest is files as they are, each behind its length (two bytes, low first).
 * An even one: the rest is a compact run, so that mutations change operations instead of breaking
 * the headers: 8 bytes of settings, then 8 bytes an operation.
 */
#include <stdint.h>

#include "history/read.h"
#include "tests/unit/history_builder.h"
#include "verdict/verdict.h"

#define FILES_MAX 6
#define OPS_MAX 256
#define OP_SIZE 8
#define SETTINGS_SIZE 9

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- results that fit together ---- */

static void demand(bool holds, const char *what)
{
    if (!holds)
        lp_bug(__FILE__, __LINE__, what);
}

static void demand_ops(const struct lp_history *history, const size_t *ops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        demand(ops[i] < history->op_count, "a witness that is no operation");
        demand(i == 0 || ops[i - 1] < ops[i], "a witness out of order");
    }
}

static void demand_checks(const struct lp_checks *checks)
{
    const struct lp_lost_update *lost = &checks->lost_update;
    demand(lost->lost_min <= lost->lost_max, "lost at least more than at most");
    demand(lost->acknowledged <= checks->update_count, "more acknowledged than updates");
    demand(lost->result != LP_PASS || lost->lost_max == 0, "passed, but some may be lost");
    demand(lost->result == LP_VIOLATED || lost->lost_min == 0, "some are lost, but no violation");
    for (size_t i = 0; i < lost->pair_count; i++)
        demand(lost->pairs[i].first < checks->update_count &&
                   lost->pairs[i].second < checks->update_count &&
                   lost->pairs[i].first != lost->pairs[i].second,
               "a pair of no updates");
    for (size_t i = 0; i < checks->hold_count; i++)
        demand(checks->holds[i].from_ns <= checks->holds[i].until_ns,
               "a hold that ends before it begins");
    demand((checks->mutual_exclusion.result == LP_VIOLATED) ==
               (checks->mutual_exclusion.overlap_count > 0),
           "a violation without two holds");
    demand(checks->contention.meetings <= checks->contention.acquires + checks->update_count,
           "more meetings than grants and updates");
    demand_ops(checks->history, lost->witness, lost->witness_count);
    demand_ops(checks->history, checks->mutual_exclusion.witness,
               checks->mutual_exclusion.witness_count);
    demand_ops(checks->history, checks->progress.witness, checks->progress.witness_count);
}

static void demand_judgement(const struct lp_judgement *judgement, const struct lp_checks *checks)
{
    bool violated =
        checks->lost_update.result == LP_VIOLATED ||
        checks->mutual_exclusion.result == LP_VIOLATED || checks->progress.result == LP_VIOLATED ||
        checks->lease.result == LP_VIOLATED || checks->fencing.result == LP_VIOLATED ||
        checks->recovery.result == LP_VIOLATED || checks->deadlock.result == LP_VIOLATED ||
        checks->starvation.result == LP_VIOLATED;
    demand((judgement->verdict == LP_BROKEN) == violated, "broken without a violation");
    demand(judgement->verdict != LP_HELD || !checks->history->damaged, "held by a damaged history");
    demand(judgement->reason[0] != '\0', "a verdict without a reason");
    demand(judgement->diagnosis_count <= LP_DIAGNOSES_MAX, "too many diagnoses");
    for (size_t i = 0; i < judgement->diagnosis_count; i++) {
        demand(judgement->diagnoses[i].text[0] != '\0', "a cause without evidence");
        demand_ops(checks->history, judgement->diagnoses[i].witness,
                   judgement->diagnoses[i].witness_count);
    }
}

struct counting {
    size_t count;
    uint64_t last_ns;
};

static bool count_call(void *context, const struct lp_call *call)
{
    struct counting *counting = context;
    counting->count++;
    counting->last_ns = call->invoke_ns;
    return true;
}

/* One by one they are as many as all at once. */
static void demand_stream(const struct lp_history *history, const struct lp_calls *calls)
{
    struct lp_calls names;
    struct counting counting = {0};
    bool in_order = lp_calls_stream_history(&names, history, UINT32_MAX, count_call, &counting);
    demand(counting.count == calls->count, "a stream of other calls");
    demand(!in_order || calls->count == 0 ||
               counting.last_ns == calls->calls[calls->count - 1].invoke_ns,
           "a stream in another order");
    demand(names.foreign_count == calls->foreign_count, "a stream of other names");
    lp_calls_release(&names);
}

static void demand_calls(const struct lp_history *history)
{
    struct lp_calls calls;
    lp_calls_from_history(&calls, history);
    for (size_t i = 0; i < calls.count; i++) {
        const struct lp_call *call = &calls.calls[i];
        demand(i == 0 || calls.calls[i - 1].invoke_ns <= call->invoke_ns, "calls out of order");
        demand(call->return_ns >= call->invoke_ns, "a call that ends before it begins");
        demand(call->key < calls.key_count && call->process < calls.process_count,
               "a call of nobody or on nothing");
        demand(lp_call_own_op(call) <= history->op_count, "a call of no operation");
    }
    demand_stream(history, &calls);
    lp_calls_release(&calls);
}

static void decide(const struct lp_history_image *images, size_t count)
{
    struct lp_history history;
    struct lp_checks checks;
    struct lp_judgement judgement;
    struct lp_err err = {0};
    if (lp_history_from_images(&history, images, count, &err) == -1) {
        demand(err.kind == LP_ERR_USAGE && err.text[0] != '\0', "a refusal without a reason");
        return;
    }
    lp_checks_run(&checks, &history);
    demand_checks(&checks);
    lp_judge(&judgement, &(struct lp_judge_input){.checks = &checks, .min_meetings = 1});
    demand_judgement(&judgement, &checks);
    lp_judgement_release(&judgement);
    lp_checks_release(&checks);
    demand_calls(&history);
    lp_history_release(&history);
}

/* ---- inputs ---- */

static void try_files(const uint8_t *data, size_t size)
{
    struct lp_history_image images[FILES_MAX];
    size_t count = 0;
    while (size >= 2 && count < FILES_MAX) {
        size_t len = data[0] | (size_t)data[1] << 8;
        data += 2;
        size -= 2;
        len = len < size ? len : size;
        /* A copy of its own: aligned, and the sanitizer knows its end. */
        void *bytes = lp_alloc(1, len);
        memcpy(bytes, data, len);
        images[count++] = (struct lp_history_image){bytes, len, "fuzz"};
        data += len;
        size -= len;
    }
    decide(images, count);
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)images[i].bytes);
}

static const uint8_t kinds[16] = {LP_STEP_LOCK,    LP_STEP_UNLOCK,   LP_STEP_READ,  LP_STEP_WRITE,
                                  LP_STEP_TRYLOCK, LP_STEP_UPGRADE,  LP_STEP_BEGIN, LP_STEP_COMMIT,
                                  LP_STEP_ADD,     LP_STEP_CAS,      LP_STEP_CLOSE, LP_STEP_REOPEN,
                                  LP_STEP_TRY,     LP_STEP_ROLLBACK, LP_STEP_LOCK,  LP_STEP_UNLOCK};

/* worker and kind; outcome, lock, completed; flags; begin, length and value; object, attempt; more.
 */
static struct hb_op take_op(const uint8_t *bytes, uint64_t *clock_ns)
{
    struct hb_op op = {.worker = bytes[0] & 3, .kind = kinds[bytes[0] >> 4]};
    uint64_t unit_ns = bytes[7] & 0x80 ? 20000000 : 1;
    *clock_ns += (bytes[3] & 0x3f) * unit_ns;
    op.from = *clock_ns;
    op.to = bytes[1] & 0x80 ? 0 : op.from + bytes[4] * unit_ns;
    op.outcome = bytes[1] & 3 ? 0 : 1 + (bytes[1] >> 2 & 3);
    op.lock = bytes[1] >> 4 & 3;
    op.flags = bytes[2];
    op.value = (int8_t)bytes[5];
    op.object = bytes[6] & 3;
    op.domain = op.object ? 1 : 0;
    op.attempt = bytes[6] >> 2 & 1;
    op.round = bytes[6] >> 3 & 7;
    op.busy = bytes[6] >> 6;
    op.attempt_ns = bytes[7] & 1 ? op.from + (bytes[7] >> 1 & 0x3f) : 0;
    return op;
}

static void try_run(const uint8_t *data, size_t size)
{
    static struct hb hb;
    struct hb_op ops[OPS_MAX];
    uint64_t clock_ns = 1;
    if (size < SETTINGS_SIZE)
        return;
    struct hb_run run = {
        .ops = ops,
        .workers = 1 + (data[0] & 3),
        .containers = 1 + (data[0] >> 2 & 1),
        .no_final = data[0] >> 3 & 1,
        .lock_count = 4,
        .capacity = {data[1] & 3, data[1] >> 2 & 3},
        .store_flags = data[1] >> 4 & 3,
        .start = (int8_t)data[2],
        .final = (int8_t)data[3],
        .unfinished = data[4] & 15,
        .deadline = data[4] >> 4,
        .killed = data[5] & 15,
        .missing = data[5] >> 5, /* worker 3 is always there */
        .views[1] = {.set = data[6] & 1,
                     .unknown = data[6] >> 1 & 1,
                     .value = (int8_t)data[7],
                     .object = data[8] & 3},
    };
    data += SETTINGS_SIZE;
    for (size -= SETTINGS_SIZE; size >= OP_SIZE && run.op_count < OPS_MAX; size -= OP_SIZE) {
        ops[run.op_count++] = take_op(data, &clock_ns);
        data += OP_SIZE;
    }
    hb_images(&hb, &run);
    decide(hb.images, hb.image_count);
    hb_release(&hb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] & 1)
        try_files(data + 1, size - 1);
    else
        try_run(data + 1, size - 1);
    return 0;
}
