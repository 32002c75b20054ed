/* SPDX-License-Identifier: MIT */
/*
 * The order that a search has found. Calls stand in it as they took effect; only writes without a
 * trace have to be given a place afterwards: just before a write that took effect while they were
 * in flight, or where the value was theirs anyway.
 */
#include "check/search.h"

#include <stdlib.h>

#include "base/str.h"

uint32_t lp_node_add(struct lp_part_search *search, uint32_t parent, const struct lp_item *item,
                     bool without_trace)
{
    if (!search->part->budget->want_order)
        return LP_NO_NODE;
    if (search->node_count == search->node_cap)
        search->nodes = lp_grow(search->nodes, &search->node_cap, search->node_count + 1,
                                sizeof *search->nodes);
    search->nodes[search->node_count] = (struct lp_node){
        .parent = parent,
        .call = (uint32_t)(item - search->part->items),
        .event = search->event,
        .without_trace = without_trace,
    };
    return (uint32_t)search->node_count++;
}

struct placed {
    size_t before; /* index of the seen call that it stands before */
    uint32_t item;
};

struct order {
    struct lp_part_search *search;
    uint32_t *seen; /* nodes of calls that left a trace, in order */
    size_t seen_count;
    struct placed *placed;
    size_t placed_count;
    size_t
        *of_process; /* the first place behind the last call of each process so far that is over */
    size_t *place;   /* by item: index + 1 of a seen call; 0: none */
};

static const struct lp_item *item_of(const struct order *order, size_t index)
{
    const struct lp_part_search *search = order->search;
    return &search->part->items[search->nodes[order->seen[index]].call];
}

/* The value after the call, if it sets one. */
static bool sets_value(const struct lp_item *item, int64_t *value)
{
    if (item->observes || (item->kind != LP_CALL_WRITE && item->kind != LP_CALL_CAS))
        return false;
    *value = item->kind == LP_CALL_WRITE ? item->a : item->b;
    return true;
}

/* The first seen call after event `event`. */
static size_t first_after(const struct order *order, uint32_t event)
{
    size_t low = 0, high = order->seen_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (order->search->nodes[order->seen[middle]].event > event)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The value that is there before seen call `index`. */
static int64_t value_at(const struct order *order, size_t index)
{
    int64_t value = order->search->part->calls->start;
    while (index > 0)
        if (sets_value(item_of(order, --index), &value))
            break;
    return value;
}

static size_t find_place(const struct order *order, uint32_t item)
{
    const struct lp_part_search *search = order->search;
    const struct lp_item *write = &search->part->items[item];
    size_t at = first_after(order, search->invoked[item]);
    if (at < order->of_process[write->process])
        at = order->of_process[write->process];
    int64_t value = value_at(order, at);
    for (;; at++) {
        if (value == write->a || at == order->seen_count)
            return at;
        const struct lp_item *next = item_of(order, at);
        if (next->kind == LP_CALL_WRITE)
            return at;
        sets_value(next, &value);
    }
}

static int by_place(const void *a, const void *b)
{
    const struct placed *left = a, *right = b;
    if (left->before != right->before)
        return left->before < right->before ? -1 : 1;
    return (left->item > right->item) - (left->item < right->item);
}

static void collect(struct order *order, uint32_t node)
{
    const struct lp_part_search *search = order->search;
    size_t count = 0;
    for (uint32_t at = node; at != LP_NO_NODE; at = search->nodes[at].parent)
        count++;
    order->seen = lp_alloc(count + 1, sizeof *order->seen);
    order->placed = lp_alloc(count + 1, sizeof *order->placed);
    for (uint32_t at = node; at != LP_NO_NODE; at = search->nodes[at].parent)
        if (search->nodes[at].without_trace)
            order->placed[order->placed_count++].item = search->nodes[at].call;
        else
            order->seen[order->seen_count++] = at;
    for (size_t i = 0, j = order->seen_count; i + 1 < j; i++) {
        uint32_t kept = order->seen[i];
        order->seen[i] = order->seen[--j];
        order->seen[j] = kept;
    }
}

static int by_item(const void *a, const void *b)
{
    const struct placed *left = a, *right = b;
    return (left->item > right->item) - (left->item < right->item);
}

/* In order of invocation: each must come behind what its process did before. */
static void place_all(struct order *order)
{
    const struct lp_part *part = order->search->part;
    size_t at = 0;
    order->of_process = lp_alloc(part->process_count + 1u, sizeof *order->of_process);
    order->place = lp_alloc(part->item_count + 1, sizeof *order->place);
    for (size_t i = 0; i < order->seen_count; i++)
        order->place[item_of(order, i) - part->items] = i + 1;
    qsort(order->placed, order->placed_count, sizeof *order->placed, by_item);
    for (size_t i = 0; i < part->item_count && at < order->placed_count; i++) {
        size_t behind = order->place[i];
        if (order->placed[at].item == i) {
            behind = order->placed[at].before = find_place(order, (uint32_t)i);
            at++;
        }
        if (part->items[i].return_ns != LP_CALL_NEVER &&
            behind > order->of_process[part->items[i].process])
            order->of_process[part->items[i].process] = behind;
    }
    qsort(order->placed, order->placed_count, sizeof *order->placed, by_place);
    free(order->of_process);
    free(order->place);
}

void lp_search_order(struct lp_part_search *search, uint32_t node)
{
    struct order order = {.search = search};
    size_t at = 0;
    collect(&order, node);
    place_all(&order);
    for (size_t i = 0; i <= order.seen_count; i++) {
        for (; at < order.placed_count && order.placed[at].before == i; at++)
            lp_ruling_order(search->ruling, search->part->items[order.placed[at].item].call);
        if (i < order.seen_count)
            lp_ruling_order(search->ruling, item_of(&order, i)->call);
    }
    free(order.seen);
    free(order.placed);
}
