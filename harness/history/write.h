/* SPDX-License-Identifier: MIT */
/*
 * Calls written for other tools: Jepsen's EDN and its JSON form, and the data behind Porcupine's
 * picture (visualization.go). docs/FORMATS.md tells what becomes of what has no place there.
 *
 * What is written as EDN or JSON and read again gives the same calls, but for their numbers and
 * times where the input had none. A process that goes on after a call of unknown outcome goes on
 * under another number, as Jepsen demands; a field of ours says who it is.
 */
#ifndef LP_HISTORY_WRITE_H
#define LP_HISTORY_WRITE_H

#include "base/str.h"
#include "history/calls.h"

void lp_calls_write_edn(const struct lp_calls *calls, struct lp_str *out);
void lp_calls_write_json(const struct lp_calls *calls, struct lp_str *out);

/* `order`: indexes of calls in an order that explains all answers, or NULL; `witness`: calls to
   mark as proof of a violation. */
void lp_calls_write_picture(const struct lp_calls *calls, const size_t *order, size_t order_count,
                            const size_t *witness, size_t witness_count, struct lp_str *out);

/* A text as a JSON string, in quotes; what is not UTF-8 becomes U+FFFD. */
void lp_json_quote(struct lp_str *out, const char *text);

/* The ends of all calls as they stood in time. */
struct lp_instant {
    uint64_t time_ns;
    uint32_t call;
    uint8_t rank; /* at one instant: invocations, returns, invocations by who has just returned */
    bool returns;
};
/* malloc'd; two for each call, one for those of unknown outcome. */
struct lp_instant *lp_calls_instants(const struct lp_calls *calls, size_t *count);

#endif
