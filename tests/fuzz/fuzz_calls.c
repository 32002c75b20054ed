/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer target: any bytes as a history of another tool (EDN, JSON, lines), read, written,
 * read again, and decided. Besides what the sanitizers see it demands that what was read is in
 * order, that what is written reads the same again, and that a witness is one.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/fuzz_calls.c
 *
 * The first byte chooses the options; the rest is the file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check/infer.h"
#include "check/shrink.h"
#include "history/read.h"
#include "history/write.h"
#include "os/clock.h"

#define DECIDE_CALLS_MAX 64
#define DECIDE_NS 20000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds, const char *what)
{
    if (!holds)
        lp_bug(__FILE__, __LINE__, what);
}

static void demand_value(const struct lp_calls *calls, int64_t value)
{
    uint64_t text = (uint64_t)value - (uint64_t)LP_CALL_TEXT(0);
    demand(text < calls->text_count || value == LP_CALL_NOTHING ||
               value >= INT64_MIN + (INT64_C(1) << 32),
           "a value that is no number, text or nothing");
}

static void demand_calls(const struct lp_calls *calls)
{
    for (size_t i = 0; i < calls->count; i++) {
        const struct lp_call *call = &calls->calls[i];
        demand(i == 0 || calls->calls[i - 1].invoke_ns <= call->invoke_ns, "calls out of order");
        demand(call->kind < LP_CALL_KINDS, "a call of no kind");
        demand(call->outcome >= LP_OK && call->outcome <= LP_UNKNOWN, "a call without outcome");
        demand(call->key < calls->key_count && call->process < calls->process_count,
               "a call of nobody or on nothing");
        demand(call->return_ns >= call->invoke_ns, "a call that ends before it begins");
        demand((call->outcome == LP_UNKNOWN) == (call->return_ns == LP_CALL_NEVER),
               "an answer that is unknown and known");
        demand_value(calls, call->a);
    }
}

static void demand_same(const struct lp_calls *calls, bool json, uint64_t uncertainty_ns)
{
    struct lp_calls again;
    struct lp_reading reading;
    struct lp_err err = {0};
    struct lp_str text;
    lp_str_init(&text);
    if (json)
        lp_calls_write_json(calls, &text);
    else
        lp_calls_write_edn(calls, &text);
    /* What was one object without a name stays one: its values may look like [key value]. */
    struct lp_read_options options = {.key = calls->key_count > 1 ? "value" : "none",
                                      .uncertainty_ns = uncertainty_ns};
    int result = lp_calls_parse(&again, "again", text.ptr, text.len, &options, &reading, &err);
    demand(result == 0, err.text);
    demand(again.count == calls->count, "another number of calls");
    for (size_t i = 0; i < calls->count; i++)
        demand(again.calls[i].kind == calls->calls[i].kind &&
                   again.calls[i].outcome == calls->calls[i].outcome,
               "another call");
    lp_calls_release(&again);
    lp_str_release(&text);
}

static void decide(const struct lp_calls *calls)
{
    struct lp_inference inference;
    struct lp_decision decision;
    struct lp_shrunk shrunk = {0};
    struct lp_err err = {0};
    if (calls->count > DECIDE_CALLS_MAX || lp_model_infer(calls, &inference, &err) == -1 ||
        lp_model_suits(&inference.model, calls, "fuzz", &err) == -1)
        return;
    struct lp_budget budget = {
        .deadline_ns = lp_clock_ns() + DECIDE_NS, .memory = 16 << 20, .want_order = true};
    lp_model_decide(&inference.model, calls, &budget, &decision);
    for (size_t i = 0; i < decision.witness_count; i++)
        demand(decision.witness[i] < calls->count, "a witness that is no call");
    for (size_t i = 0; i < decision.order_count; i++)
        demand(decision.order[i] < calls->count, "an order of no calls");
    if (decision.decided == LP_DECIDED_BROKEN) {
        demand(decision.witness_count > 0, "broken without a witness");
        lp_model_shrink(&inference.model, calls, &decision, &budget, &shrunk);
        demand(shrunk.count > 0 && shrunk.count <= decision.witness_count, "shrunk to nothing");
    }
    struct lp_str picture;
    lp_str_init(&picture);
    lp_calls_write_picture(calls, decision.order, decision.order_count, shrunk.calls, shrunk.count,
                           &picture);
    lp_str_release(&picture);
    lp_shrunk_release(&shrunk);
    lp_decision_release(&decision);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const keys[] = {NULL, NULL, "value", "none", "reg", NULL, NULL, NULL};
    struct lp_calls calls;
    struct lp_reading reading;
    struct lp_err err = {0};
    if (size == 0)
        return 0;
    struct lp_read_options options = {.key = keys[data[0] & 7],
                                      .uncertainty_ns = data[0] & 8 ? 5 : 0};
    /* A copy of its own, so that the sanitizer knows its end. */
    char *bytes = malloc(size);
    if (!bytes)
        return 0;
    memcpy(bytes, data + 1, size - 1);
    if (lp_calls_parse(&calls, "fuzz", bytes, size - 1, &options, &reading, &err) == -1) {
        demand(err.kind == LP_ERR_USAGE && err.text[0] != '\0', "a refusal without a reason");
        free(bytes);
        return 0;
    }
    free(bytes);
    demand_calls(&calls);
    demand_same(&calls, false, options.uncertainty_ns && calls.timed ? 5 : 0);
    demand_same(&calls, true, options.uncertainty_ns && calls.timed ? 5 : 0);
    decide(&calls);
    lp_calls_release(&calls);
    return 0;
}
