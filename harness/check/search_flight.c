/* SPDX-License-Identifier: MIT */
/* Calls in flight: their slots, and which of them returns first. */
#include "check/search.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* Of those that return at once the earlier one comes first. */
static inline bool comes_before(const struct lp_part_search *search, struct lp_return a,
                                struct lp_return b)
{
    if (a.time_ns != b.time_ns)
        return a.time_ns < b.time_ns;
    return search->slots[a.slot].item->call < search->slots[b.slot].item->call;
}

void lp_flight_push(struct lp_part_search *search, uint32_t slot)
{
    struct lp_return *heap = search->heap;
    struct lp_return own = {.time_ns = search->slots[slot].item->return_ns, .slot = slot};
    uint32_t at = search->heap_count++;
    for (; at > 0 && comes_before(search, own, heap[(at - 1) / 2]); at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = own;
}

uint32_t lp_flight_pop(struct lp_part_search *search)
{
    struct lp_return *heap = search->heap, last = heap[--search->heap_count];
    uint32_t first = heap[0].slot, at = 0;
    for (uint32_t child = 1; child < search->heap_count; child = 2 * at + 1) {
        if (child + 1 < search->heap_count && comes_before(search, heap[child + 1], heap[child]))
            child++;
        if (!comes_before(search, heap[child], last))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return first;
}

static uint64_t *widen_mask(uint64_t *mask, size_t from, size_t to)
{
    uint64_t *wider = lp_alloc(to, sizeof *wider);
    if (from > 0)
        memcpy(wider, mask, from * sizeof *mask);
    free(mask);
    return wider;
}

static void widen_bag(const struct lp_part_search *search, struct lp_bag *bag, size_t masks)
{
    size_t stride = search->state_words + 2 * masks, state = search->state_words;
    size_t old = search->mask_words;
    uint64_t *words = lp_alloc(bag->count * stride + 1, sizeof *words);
    for (size_t i = 0; i < bag->count; i++) {
        const uint64_t *from = bag->words + i * search->stride;
        uint64_t *to = words + i * stride;
        memcpy(to, from, (state + old) * sizeof *to);
        memcpy(to + state + masks, from + state + old, old * sizeof *to);
    }
    free(bag->words);
    bag->words = words;
    bag->cap = bag->count * stride + 1;
}

/* Twice as many slots. */
void lp_flight_widen(struct lp_part_search *search)
{
    size_t old = search->mask_words, masks = old == 0 ? 1 : 2 * old;
    widen_bag(search, search->now, masks);
    widen_bag(search, search->next, masks);
    search->active = widen_mask(search->active, old, masks);
    search->observers = widen_mask(search->observers, old, masks);
    search->eager = widen_mask(search->eager, old, masks);
    search->writes = widen_mask(search->writes, old, masks);
    search->releases = widen_mask(search->releases, old, masks);
    search->optional = widen_mask(search->optional, old, masks);
    struct lp_slot *slots = lp_alloc(masks * 64, sizeof *slots);
    struct lp_return *heap = lp_alloc(masks * 64, sizeof *heap);
    if (old > 0) {
        memcpy(slots, search->slots, search->slot_count * sizeof *slots);
        memcpy(heap, search->heap, search->heap_count * sizeof *heap);
    }
    free(search->slots);
    free(search->heap);
    free(search->scratch);
    search->slots = slots;
    search->heap = heap;
    search->mask_words = masks;
    search->slot_count = (uint32_t)masks * 64;
    search->stride = search->state_words + 2 * masks;
    search->scratch = lp_alloc(search->stride, sizeof *search->scratch);
}

uint32_t lp_flight_slot(struct lp_part_search *search)
{
    for (size_t i = 0; i < search->mask_words; i++)
        if (~search->active[i] != 0)
            return (uint32_t)(i * 64) + (uint32_t)__builtin_ctzll(~search->active[i]);
    lp_flight_widen(search);
    return search->slot_count / 2;
}
