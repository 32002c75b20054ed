/* SPDX-License-Identifier: MIT */
/* Stretches of time, sorted, with the running two latest ends of different keys. */
#include "check/spans.h"

#include <stdlib.h>

#include "base/str.h"

struct lp_span_ends {
    uint64_t best_ns, other_ns;
    uint32_t best_key; /* `other_ns` is of any other; 0 when there is none */
};

void lp_spans_add(struct lp_spans *spans, uint64_t from_ns, uint64_t to_ns, uint32_t key)
{
    spans->spans = lp_grow(spans->spans, &spans->cap, spans->count + 1, sizeof *spans->spans);
    spans->spans[spans->count++] = (struct lp_span){.from_ns = from_ns, .to_ns = to_ns, .key = key};
}

static int by_from(const void *a, const void *b)
{
    const struct lp_span *left = a, *right = b;
    return (left->from_ns > right->from_ns) - (left->from_ns < right->from_ns);
}

static void take(struct lp_span_ends *ends, const struct lp_span *span)
{
    if (span->key == ends->best_key) {
        if (span->to_ns > ends->best_ns)
            ends->best_ns = span->to_ns;
    } else if (span->to_ns > ends->best_ns) {
        ends->other_ns = ends->best_ns;
        ends->best_ns = span->to_ns;
        ends->best_key = span->key;
    } else if (span->to_ns > ends->other_ns) {
        ends->other_ns = span->to_ns;
    }
}

void lp_spans_sort(struct lp_spans *spans)
{
    struct lp_span_ends running = {0};
    if (spans->count > 1)
        qsort(spans->spans, spans->count, sizeof *spans->spans, by_from);
    spans->ends = lp_alloc(spans->count, sizeof *spans->ends);
    for (size_t i = 0; i < spans->count; i++) {
        if (i == 0)
            running.best_key = spans->spans[0].key;
        take(&running, &spans->spans[i]);
        spans->ends[i] = running;
    }
}

bool lp_spans_overlap(const struct lp_spans *spans, uint64_t from_ns, uint64_t to_ns, uint32_t key,
                      uint64_t beyond_ns)
{
    size_t low = 0, high = spans->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (spans->spans[middle].from_ns < to_ns)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return false;
    const struct lp_span_ends *ends = &spans->ends[low - 1];
    uint64_t end_ns = ends->best_key == key ? ends->other_ns : ends->best_ns;
    return end_ns > from_ns && end_ns >= beyond_ns;
}

void lp_spans_release(struct lp_spans *spans)
{
    free(spans->spans);
    free(spans->ends);
    *spans = (struct lp_spans){0};
}
