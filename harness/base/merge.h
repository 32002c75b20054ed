/* SPDX-License-Identifier: MIT */
/*
 * Merging sorted sequences: a heap of the next key of each, the least on top (Knuth, vol. 3,
 * 5.4.1). The caller owns the entries. Of equal keys that of the lower item comes first.
 */
#ifndef LP_BASE_MERGE_H
#define LP_BASE_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lp_merge_entry {
    uint64_t key;
    uint32_t item; /* of which sequence */
};

static inline bool lp_merge_before(struct lp_merge_entry a, struct lp_merge_entry b)
{
    return a.key != b.key ? a.key < b.key : a.item < b.item;
}

/* The key at `at` has grown. */
static inline void lp_merge_sift(struct lp_merge_entry *heap, size_t count, size_t at)
{
    struct lp_merge_entry entry = heap[at];
    for (size_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && lp_merge_before(heap[child + 1], heap[child]))
            child++;
        if (!lp_merge_before(heap[child], entry))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = entry;
}

static inline void lp_merge_make(struct lp_merge_entry *heap, size_t count)
{
    for (size_t at = count / 2; at-- > 0;)
        lp_merge_sift(heap, count, at);
}

#endif
