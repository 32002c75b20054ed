/* SPDX-License-Identifier: MIT */
/* Calls as short texts, to compare: "0 acquire@KEY a=5 b=- ok 1..2". */
#ifndef LP_TESTS_DUMP_H
#define LP_TESTS_DUMP_H

#include <inttypes.h>

#include "base/str.h"
#include "history/calls.h"
#include "history/names.h"

static inline void dump_value(const struct lp_calls *calls, const char *name, int64_t value,
                              struct lp_str *out)
{
    if (value == LP_CALL_NOTHING)
        return;
    uint64_t text = (uint64_t)value - (uint64_t)LP_CALL_TEXT(0);
    if (text < calls->text_count)
        lp_str_addf(out, " %s=%s", name, calls->texts[text]);
    else
        lp_str_addf(out, " %s=%" PRId64, name, value);
}

static inline void dump_call(const struct lp_calls *calls, const struct lp_call *call,
                             struct lp_str *out)
{
    static const char *const outcomes[] = {
        [LP_OK] = "ok", [LP_BUSY] = "busy", [LP_FAIL] = "fail", [LP_UNKNOWN] = "unknown"};
    lp_str_addf(out, "%s %s", calls->processes[call->process], lp_call_kind_name(call->kind));
    if (call->key != LP_CALL_NO_KEY)
        lp_str_addf(out, "@%s", calls->keys[call->key]);
    dump_value(calls, "a", call->a, out);
    dump_value(calls, "b", call->b, out);
    if (call->lease_ns)
        lp_str_addf(out, " lease=%" PRIu64, call->lease_ns);
    lp_str_addf(out, " %s %" PRIu64, outcomes[call->outcome], call->invoke_ns);
    if (call->return_ns != LP_CALL_NEVER)
        lp_str_addf(out, "..%" PRIu64, call->return_ns);
    lp_str_add(out, "\n");
}

static inline void dump_calls(const struct lp_calls *calls, struct lp_str *out)
{
    for (size_t i = 0; i < calls->count; i++)
        dump_call(calls, &calls->calls[i], out);
    for (size_t i = 0; i < calls->foreign_count; i++)
        lp_str_addf(out, "foreign %s %zu\n", calls->foreign[i].name, calls->foreign[i].count);
    if (calls->truncated)
        lp_str_add(out, "truncated\n");
}

#endif
