/* SPDX-License-Identifier: MIT */
/* Calls put into words. */
#include "reports/model.h"

#include <inttypes.h>
#include <stdio.h>
#include "base/units.h"
#include "history/names.h"
#include "reports/clean.h"
#include "reports/tally.h"

enum { SENTENCES_MAX = 12 };

void lp_call_value(const struct lp_calls *calls, int64_t value, struct lp_str *out)
{
    uint64_t text = (uint64_t)value - (uint64_t)LP_CALL_TEXT(0);

    if (value == LP_CALL_NOTHING)
        lp_str_add(out, "nil");
    else if (text < calls->text_count)
        lp_clean_line(out, calls->texts[text]);
    else
        lp_str_addf(out, "%" PRId64, value);
}

const char *lp_call_outcome(const struct lp_call *call)
{
    switch ((enum lp_outcome)call->outcome) {
    case LP_OK:
        return "ok";
    case LP_BUSY:
        return "busy";
    case LP_FAIL:
        return "fail";
    case LP_UNKNOWN:
        break;
    }
    return "unknown";
}

void lp_call_step(const struct lp_calls *calls, const struct lp_call *call, struct lp_str *out)
{
    lp_str_add(out, lp_call_kind_name((enum lp_call_kind)call->kind));
    switch ((enum lp_call_kind)call->kind) {
    case LP_CALL_ACQUIRE:
    case LP_CALL_ACQUIRE_SHARED:
        if (call->a != LP_CALL_NOTHING && call->outcome == LP_OK)
            lp_str_addf(out, " (token %" PRId64 ")", call->a);
        return;
    case LP_CALL_READ:
        if (call->outcome != LP_OK)
            return;
        lp_str_add(out, " ");
        lp_call_value(calls, call->a, out);
        return;
    case LP_CALL_WRITE:
        lp_str_add(out, " ");
        lp_call_value(calls, call->a, out);
        if (call->b != LP_CALL_NOTHING)
            lp_str_addf(out, " (token %" PRId64 ")", call->b);
        return;
    case LP_CALL_ADD:
        lp_str_addf(out, " %" PRId64, call->a);
        if (call->b != LP_CALL_NOTHING && call->outcome == LP_OK)
            lp_str_addf(out, " gave %" PRId64, call->b);
        return;
    case LP_CALL_CAS:
        lp_str_add(out, " ");
        lp_call_value(calls, call->a, out);
        lp_str_add(out, " -> ");
        lp_call_value(calls, call->b, out);
        return;
    case LP_CALL_RELEASE:
    case LP_CALL_KINDS:
        return;
    }
}

static uint64_t start_of(const struct lp_calls *calls)
{
    return calls->count > 0 ? calls->calls[0].invoke_ns : 0;
}

static void add_time(const struct lp_calls *calls, uint64_t time_ns, struct lp_str *out)
{
    uint64_t since_ns = time_ns - start_of(calls);

    lp_str_addf(out, "%" PRIu64 ".%06u", since_ns / LP_MS, (unsigned)(since_ns % LP_MS));
}

static void add_interval(const struct lp_calls *calls, const struct lp_call *call,
                         struct lp_str *out)
{
    if (!calls->timed) {
        lp_str_addf(out, "rows %" PRIu64, call->invoke_ns);
        if (call->return_ns == LP_CALL_NEVER)
            lp_str_add(out, " on");
        else
            lp_str_addf(out, "..%" PRIu64, call->return_ns);
        return;
    }
    add_time(calls, call->invoke_ns, out);
    if (call->return_ns == LP_CALL_NEVER) {
        lp_str_add(out, " ms on");
        return;
    }
    lp_str_add(out, "..");
    add_time(calls, call->return_ns, out);
    lp_str_add(out, " ms");
}

void lp_model_sentence(const struct lp_calls *calls, const struct lp_call *call, struct lp_str *out)
{
    if (call->process < calls->process_count)
        lp_clean_line(out, calls->processes[call->process]);
    lp_str_add(out, ": ");
    lp_call_step(calls, call, out);
    if (call->outcome != LP_OK)
        lp_str_addf(out, " (%s)", lp_call_outcome(call));
    lp_str_add(out, ", ");
    add_interval(calls, call, out);
    if (call->source > 0)
        lp_str_addf(out, ", line %" PRIu32, call->source);
}

static bool is_exclusion(const struct lp_model_report *report)
{
    const struct lp_call *calls = report->calls->calls;
    const struct lp_call *first = &calls[report->shrunk->calls[0]];
    const struct lp_call *second = &calls[report->shrunk->calls[1]];

    return first->kind <= LP_CALL_ACQUIRE_SHARED && second->kind <= LP_CALL_ACQUIRE_SHARED &&
           report->model.kind != LP_MODEL_FENCED && first->process != second->process;
}

void lp_model_story(const struct lp_model_report *report, struct lp_str *out)
{
    const struct lp_shrunk *shrunk = report->shrunk;
    const struct lp_calls *calls = report->calls;

    if (report->decision->decided != LP_DECIDED_BROKEN || shrunk->count == 0)
        return;
    if (report->decision->key != LP_CALL_NO_KEY && report->decision->key < calls->key_count) {
        lp_str_add(out, "on ");
        lp_clean_line(out, calls->keys[report->decision->key]);
        lp_str_add(out, ", ");
    }
    if (shrunk->count == 1)
        lp_str_add(out, "nothing explains the answer of this call");
    else
        lp_str_addf(out, "no order of these %zu calls explains their answers", shrunk->count);
    lp_str_add(out, ", whatever became of all others: ");
    for (size_t i = 0; i < shrunk->count && i < SENTENCES_MAX; i++) {
        lp_str_add(out, i > 0 ? "; " : "");
        lp_model_sentence(calls, &calls->calls[shrunk->calls[i]], out);
    }
    if (shrunk->count == 2 && is_exclusion(report))
        lp_str_add(out, "; so both had it at once");
    if (shrunk->count > SENTENCES_MAX)
        lp_str_addf(out, "; and %zu more", shrunk->count - SENTENCES_MAX);
}

static void add_count(struct lp_str *out, size_t count, const char *word)
{
    lp_str_add(out, ", ");
    lp_add_number(out, count);
    lp_str_addf(out, " %s", word);
}

void lp_model_read_line(const struct lp_model_report *report, struct lp_str *out)
{
    const struct lp_calls *calls = report->calls;
    char time[32];

    lp_str_addf(out, "%s, ", report->format);
    lp_add_number(out, report->rows);
    if (report->streamed)
        lp_str_add(out, " rows, decided while they were read: ");
    else
        lp_str_addf(out, " rows in %s: ", lp_duration_format(report->read_ns, time, sizeof(time)));
    lp_add_number(out, report->ok);
    lp_str_add(out, " ok");
    add_count(out, report->fail, "fail");
    add_count(out, report->unknown, "unknown");
    lp_str_addf(out, "; %zu process%s", calls->process_count,
                calls->process_count == 1 ? "" : "es");
    if (report->decision->keys > 1) {
        lp_str_add(out, ", ");
        lp_add_number(out, report->decision->keys);
        lp_str_add(out, " objects");
    }
    if (report->decision->ignored > 0)
        add_count(out, report->decision->ignored, "calls that this model does not judge");
}

void lp_model_rule_line(const struct lp_model_report *report, struct lp_str *out)
{
    const struct lp_decision *decision = report->decision;
    char time[32];

    lp_str_addf(out, "%s in %s",
                decision->rule && *decision->rule ? decision->rule : "nothing could be decided",
                lp_duration_format(report->decide_ns, time, sizeof(time)));
    if (decision->decided == LP_DECIDED_BROKEN && report->shrunk->decisions > 0)
        lp_str_addf(out, "; from %zu to %zu calls in %zu decisions, %s%s", decision->witness_count,
                    report->shrunk->count, report->shrunk->decisions,
                    lp_duration_format(report->shrink_ns, time, sizeof(time)),
                    report->shrunk->minimal ? "" : " (time ran out)");
}
