/* SPDX-License-Identifier: MIT */
/* One pass to narrow; then each short call is held against those around it. */
#include "check/uncertain.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static uint64_t add(uint64_t time_ns, uint64_t more_ns)
{
    return time_ns > LP_CALL_NEVER - more_ns ? LP_CALL_NEVER : time_ns + more_ns;
}

static uint64_t less(uint64_t time_ns, uint64_t off_ns)
{
    return time_ns > off_ns ? time_ns - off_ns : 0;
}

static void narrow(struct lp_call *call, uint64_t by_ns)
{
    if (call->return_ns == LP_CALL_NEVER) {
        call->invoke_ns = add(call->invoke_ns, by_ns);
        return;
    }
    if (call->return_ns - call->invoke_ns < 2 * by_ns) {
        call->invoke_ns += (call->return_ns - call->invoke_ns) / 2;
        call->return_ns = call->invoke_ns;
        return;
    }
    call->invoke_ns += by_ns;
    call->return_ns -= by_ns;
}

/* Both orders are possible as certain ones: each may have returned before the other was invoked. */
static bool either_first(const struct lp_call *a, const struct lp_call *b, uint64_t by_ns)
{
    return a->process != b->process && a->key == b->key &&
           less(a->return_ns, by_ns) < add(b->invoke_ns, by_ns) &&
           less(b->return_ns, by_ns) < add(a->invoke_ns, by_ns);
}

static bool tells(const struct lp_model *model, const struct lp_call *call)
{
    return lp_model_judges(model->kind, (enum lp_call_kind)call->kind) &&
           (call->outcome == LP_OK || call->outcome == LP_BUSY);
}

/* Only calls that begin within twice the uncertainty of one another can be meant. */
static bool find_ambiguity(const struct lp_calls *calls, const struct lp_model *model)
{
    uint64_t by_ns = calls->uncertainty_ns;
    for (size_t i = 0; i < calls->count; i++) {
        const struct lp_call *call = &calls->calls[i];
        if (!tells(model, call))
            continue;
        for (size_t j = i + 1; j < calls->count; j++) {
            const struct lp_call *next = &calls->calls[j];
            if (next->invoke_ns > add(call->invoke_ns, 2 * by_ns))
                break;
            if (tells(model, next) && either_first(call, next, by_ns))
                return true;
        }
    }
    return false;
}

void lp_calls_narrow(const struct lp_calls *calls, const struct lp_model *model,
                     struct lp_calls *strict, bool *ambiguous)
{
    *strict = *calls;
    strict->uncertainty_ns = 0;
    strict->calls = lp_alloc(calls->count, sizeof *strict->calls);
    if (calls->count > 0)
        memcpy(strict->calls, calls->calls, calls->count * sizeof *strict->calls);
    for (size_t i = 0; i < strict->count; i++)
        narrow(&strict->calls[i], calls->uncertainty_ns);
    lp_calls_sort(strict);
    *ambiguous = find_ambiguity(calls, model);
}
