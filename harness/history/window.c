/* SPDX-License-Identifier: MIT */
/* An array with a moving front: what was given away is taken out once it is the larger part. */
#include "history/window.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct lp_call *lp_window_call(struct lp_pairing *pairing, size_t number)
{
    return &pairing->calls->calls[number - pairing->dropped];
}

void lp_window_drain(struct lp_pairing *pairing, bool rest)
{
    struct lp_calls *calls = pairing->calls;
    for (; pairing->head < calls->count && !pairing->stopped; pairing->head++) {
        struct lp_call *call = &calls->calls[pairing->head];
        if (call->reserved[0] == LP_WINDOW_OPEN && !rest)
            break;
        call->reserved[0] = 0;
        pairing->stopped = !pairing->sink(pairing->sink_context, call);
        if (rest && pairing->calls_max > 0 && calls->count - pairing->head <= pairing->calls_max)
            rest = false;
    }
    /* What was given away is taken out once it is the larger part. */
    if (pairing->head > calls->count / 2) {
        memmove(calls->calls, calls->calls + pairing->head,
                (calls->count - pairing->head) * sizeof *calls->calls);
        pairing->dropped += pairing->head;
        calls->count -= pairing->head;
        pairing->head = 0;
    }
}

void lp_pairing_end(struct lp_pairing *pairing)
{
    pairing->calls_max = 0;
    if (pairing->sink)
        lp_window_drain(pairing, true);
}

bool lp_window_room(struct lp_pairing *pairing)
{
    struct lp_calls *calls = pairing->calls;
    size_t cap = pairing->call_cap;
    if (calls->count < cap)
        return true;
    cap = cap ? 2 * cap : 64;
    if (pairing->calls_max > 0 && !pairing->sink) {
        cap = cap < pairing->calls_max ? cap : pairing->calls_max;
        pairing->full = calls->count >= cap;
        if (pairing->full)
            return false;
    }
    calls->calls = realloc(calls->calls, cap * sizeof *calls->calls);
    if (!calls->calls)
        free(lp_alloc(SIZE_MAX, SIZE_MAX)); /* says what is to be said, and ends */
    pairing->call_cap = cap;
    return true;
}
