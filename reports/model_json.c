/* SPDX-License-Identifier: MIT */
/* What a model decided, as the one entry of `invariants`. */
#include "reports/model_json.h"

#include "reports/clean.h"

/* Takes the place of what memory was too short for: the caller ends. */
static json_t *text_of(const char *text)
{
    struct lp_str clean;

    if (!text)
        return json_null();
    lp_str_init(&clean);
    lp_clean_utf8(&clean, text);
    json_t *value = json_stringn(clean.ptr, clean.len);
    lp_str_release(&clean);
    return value;
}

static json_t *value_of(const struct lp_calls *calls, int64_t value)
{
    uint64_t text = (uint64_t)value - (uint64_t)LP_CALL_TEXT(0);

    if (value == LP_CALL_NOTHING)
        return json_null();
    return text < calls->text_count ? text_of(calls->texts[text]) : json_integer(value);
}

static json_t *call_json(const struct lp_calls *calls, const struct lp_call *call)
{
    uint64_t start_ns = calls->timed && calls->count > 0 ? calls->calls[0].invoke_ns : 0;
    struct lp_str step;

    lp_str_init(&step);
    lp_call_step(calls, call, &step);
    json_t *object = json_pack(
        "{s:I, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:I}", "t_ns",
        (json_int_t)(call->invoke_ns - start_ns), "t_end_ns",
        call->return_ns == LP_CALL_NEVER ? json_null()
                                         : json_integer((json_int_t)(call->return_ns - start_ns)),
        "worker", text_of(calls->processes[call->process]), "step", text_of(step.ptr), "object",
        call->key == LP_CALL_NO_KEY ? json_null() : text_of(calls->keys[call->key]), "value",
        value_of(calls, call->a), "outcome",
        call->outcome == LP_BUSY ? "fail" : lp_call_outcome(call), "note",
        json_string(call->outcome == LP_BUSY ? "busy" : ""), "line", (json_int_t)call->source);
    lp_str_release(&step);
    return object;
}

static const char *result_of(const struct lp_model_report *report)
{
    switch (report->decision->decided) {
    case LP_DECIDED_HELD:
        return report->hinder ? "unknown" : "pass";
    case LP_DECIDED_BROKEN:
        return "fail";
    case LP_DECIDED_UNKNOWN:
        break;
    }
    return "unknown";
}

json_t *lp_model_json(const struct lp_model_report *report)
{
    const struct lp_decision *decision = report->decision;
    const struct lp_shrunk *shrunk = report->shrunk;
    json_t *witness = json_array();
    struct lp_str text;

    for (size_t i = 0; i < shrunk->count; i++)
        json_array_append_new(witness,
                              call_json(report->calls, &report->calls->calls[shrunk->calls[i]]));
    if (json_array_size(witness) != shrunk->count) {
        json_decref(witness);
        return NULL;
    }
    lp_str_init(&text);
    lp_model_name(&report->model, &text);
    bool keyed = decision->decided == LP_DECIDED_BROKEN && decision->key != LP_CALL_NO_KEY;
    json_t *object = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:b, s:I, s:I, s:I, s:s, s:o}",
        "name", "linearizable", "result", result_of(report), "detail", text_of(decision->detail),
        "model", text_of(text.ptr), "inferred", text_of(report->inferred), "calls_judged",
        (json_int_t)decision->judged, "calls_ignored", (json_int_t)decision->ignored, "objects",
        (json_int_t)decision->keys, "objects_unknown", (json_int_t)decision->keys_unknown, "object",
        keyed ? text_of(report->calls->keys[decision->key]) : json_null(), "rule",
        text_of(decision->rule), "minimal", shrunk->minimal, "read_ns", (json_int_t)report->read_ns,
        "decide_ns", (json_int_t)report->decide_ns, "shrink_ns", (json_int_t)report->shrink_ns,
        "time_unit", report->calls->timed ? "ns" : "row", "witness", witness);
    lp_str_release(&text);
    return object;
}
