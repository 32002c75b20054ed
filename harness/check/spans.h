/* SPDX-License-Identifier: MIT */
/*
 * Inside the room: "does anything of somebody else overlap this stretch of time?" in O(log n),
 * after sorting once. For each prefix of the stretches in order of their begin it keeps the latest
 * end, and the latest end of any other key; one of the two is not the asker's own.
 */
#ifndef LP_CHECK_SPANS_H
#define LP_CHECK_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lp_span {
    uint64_t from_ns, to_ns;
    uint32_t key; /* worker, or container */
};

struct lp_spans {
    struct lp_span *spans;
    size_t count, cap;
    struct lp_span_ends *ends; /* after lp_spans_sort */
};

void lp_spans_add(struct lp_spans *spans, uint64_t from_ns, uint64_t to_ns, uint32_t key);
void lp_spans_sort(struct lp_spans *spans);
/* Is there one of another key that shares more than an instant with [from_ns, to_ns] and lasts
   until `beyond_ns` at least? */
bool lp_spans_overlap(const struct lp_spans *spans, uint64_t from_ns, uint64_t to_ns, uint32_t key,
                      uint64_t beyond_ns);
void lp_spans_release(struct lp_spans *spans); /* takes a zeroed struct too */

#endif
