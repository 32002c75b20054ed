/* SPDX-License-Identifier: MIT */
/*
 * The general search: breadth-first just-in-time linearization. The history is walked once in time.
 * A configuration is a way in which it may have gone so far: the state of the object, and which of
 * the calls in flight have taken effect. Only when a call returns must it have taken effect: then
 * each configuration in which it has not is replaced by all that come of letting calls in flight
 * take effect until it has. No configuration left: no order explains the answers.
 *
 * Sources: Wing, Gong 1993 (search over histories); Lowe 2017, "Testing for linearizability"
 * (just-in-time linearization, configurations in a hash set); Horn, Kroening 2015 (memory of what
 * was tried). A call of unknown outcome stays in flight for ever and need not take effect: of two
 * configurations that are equal but that one has used up more of them, only the other is kept.
 */
#include "check/model_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "os/clock.h"

#define NO_SLOT UINT32_MAX
#define NO_NODE UINT32_MAX
#define CLOCK_EVERY 256 /* configurations between two looks at the clock */

/* A call in flight; its number is its bit in the configurations. */
struct slot {
    const struct lp_item *item; /* NULL: not in use */
    uint32_t after;             /* slot of a call of the same process that must come first */
};

/* How a configuration came to be, for the order: a list that shares its tails. */
struct node {
    uint32_t parent, call;
};

/* Configurations: `stride` words each, state first, then one bit a slot; the node is apart. */
struct bag {
    uint64_t *words;
    uint32_t *nodes;
    size_t count, cap, node_cap;
    uint32_t *table; /* 1 + index, open addressing, power of two; 0: empty */
    size_t table_size;
};

struct search {
    const struct lp_part *part;
    struct lp_ruling *ruling;
    size_t state_words, stride;
    struct slot *slots;
    uint32_t slot_count, slot_cap;
    uint32_t *of_process; /* slot of the last call that returned or will; NO_SLOT */
    uint32_t *heap;       /* slots in order of their calls' return */
    uint32_t heap_count;
    struct bag now, next;
    uint64_t *scratch;
    struct node *nodes;
    size_t node_count, node_cap;
    uint64_t tries; /* since the last look at the clock */
};

/* ---- bags ---- */

static uint64_t hash_words(const uint64_t *words, size_t count)
{
    uint64_t hash = count;
    for (size_t i = 0; i < count; i++)
        hash = lp_mix(hash, words[i]);
    return hash;
}

static void bag_clear(struct bag *bag)
{
    memset(bag->table, 0, bag->table_size * sizeof *bag->table);
    bag->count = 0;
}

static void bag_resize(struct bag *bag, size_t stride, size_t size)
{
    free(bag->table);
    bag->table = lp_alloc(size, sizeof *bag->table);
    bag->table_size = size;
    for (size_t i = 0; i < bag->count; i++) {
        size_t at = hash_words(bag->words + i * stride, stride) & (size - 1);
        while (bag->table[at] != 0)
            at = (at + 1) & (size - 1);
        bag->table[at] = (uint32_t)i + 1;
    }
}

static void bag_add(struct bag *bag, size_t stride, const uint64_t *words, uint32_t node)
{
    if (2 * (bag->count + 1) > bag->table_size)
        bag_resize(bag, stride, bag->table_size == 0 ? 16 : 2 * bag->table_size);
    size_t at = hash_words(words, stride) & (bag->table_size - 1);
    for (; bag->table[at] != 0; at = (at + 1) & (bag->table_size - 1))
        if (memcmp(bag->words + (bag->table[at] - 1) * stride, words, stride * 8) == 0)
            return;
    bag->words = lp_grow(bag->words, &bag->cap, (bag->count + 1) * stride, sizeof *bag->words);
    bag->nodes = lp_grow(bag->nodes, &bag->node_cap, bag->count + 1, sizeof *bag->nodes);
    memcpy(bag->words + bag->count * stride, words, stride * 8);
    bag->nodes[bag->count] = node;
    bag->table[at] = (uint32_t)++bag->count;
}

static void bag_release(struct bag *bag)
{
    free(bag->words);
    free(bag->nodes);
    free(bag->table);
}

static bool has_bit(const struct search *search, const uint64_t *words, uint32_t slot)
{
    return (words[search->state_words + slot / 64] >> slot % 64 & 1) != 0;
}

/* ---- calls in flight ---- */

static bool returns_before(const struct search *search, uint32_t left, uint32_t right)
{
    const struct lp_item *a = search->slots[left].item, *b = search->slots[right].item;
    return a->return_ns != b->return_ns ? a->return_ns < b->return_ns : a->call < b->call;
}

static void heap_push(struct search *search, uint32_t slot)
{
    uint32_t *heap = search->heap;
    uint32_t at = search->heap_count++;
    for (; at > 0 && returns_before(search, slot, heap[(at - 1) / 2]); at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = slot;
}

static uint32_t heap_pop(struct search *search)
{
    uint32_t *heap = search->heap;
    uint32_t first = heap[0], last = heap[--search->heap_count], at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= search->heap_count)
            break;
        if (child + 1 < search->heap_count && returns_before(search, heap[child + 1], heap[child]))
            child++;
        if (!returns_before(search, heap[child], last))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return first;
}

/* More bits for each configuration. */
static void widen_bag(struct search *search, struct bag *bag, size_t stride)
{
    uint64_t *words = lp_alloc(bag->count * stride + 1, sizeof *words);
    for (size_t i = 0; i < bag->count; i++)
        memcpy(words + i * stride, bag->words + i * search->stride, search->stride * 8);
    free(bag->words);
    bag->words = words;
    bag->cap = bag->count * stride + 1;
    bag_resize(bag, stride, bag->table_size);
}

static uint32_t find_slot(struct search *search)
{
    for (uint32_t slot = 0; slot < search->slot_count; slot++)
        if (search->slots[slot].item == NULL)
            return slot;
    if (search->slot_count == search->slot_cap) {
        size_t stride = search->stride + 1;
        size_t cap = search->slot_cap;
        widen_bag(search, &search->now, stride);
        widen_bag(search, &search->next, stride);
        search->stride = stride;
        search->slots = lp_grow(search->slots, &cap, search->slot_cap + 64, sizeof *search->slots);
        search->slot_cap += 64;
        search->heap = realloc(search->heap, search->slot_cap * sizeof *search->heap);
        free(search->scratch);
        search->scratch = lp_alloc(stride, sizeof *search->scratch);
    }
    return search->slot_count++;
}

static void invoke(struct search *search, const struct lp_item *item)
{
    uint32_t slot = find_slot(search);
    uint32_t *last = &search->of_process[item->process];
    search->slots[slot] = (struct slot){.item = item, .after = *last};
    if (*last != NO_SLOT && search->slots[*last].item->return_ns > item->invoke_ns)
        search->slots[slot].after = NO_SLOT; /* a process that makes two calls at a time */
    if (!item->optional)
        *last = slot;
    if (item->return_ns != LP_CALL_NEVER)
        heap_push(search, slot);
}

/* ---- one step ---- */

static uint32_t node_add(struct search *search, uint32_t parent, uint32_t call)
{
    if (!search->part->budget->want_order)
        return NO_NODE;
    search->nodes =
        lp_grow(search->nodes, &search->node_cap, search->node_count + 1, sizeof *search->nodes);
    search->nodes[search->node_count] = (struct node){parent, call};
    return (uint32_t)search->node_count++;
}

static bool give_up(struct search *search, enum lp_why why)
{
    search->ruling->decided = LP_DECIDED_UNKNOWN;
    search->ruling->why = why;
    snprintf(search->ruling->detail, sizeof search->ruling->detail, "out of %s",
             why == LP_WHY_MEMORY ? "memory" : "time");
    return false;
}

static bool within_budget(struct search *search)
{
    const struct lp_budget *budget = search->part->budget;
    if (++search->tries < CLOCK_EVERY)
        return true;
    search->tries = 0;
    size_t memory = (search->now.cap + search->next.cap) * 8 +
                    (search->now.node_cap + search->next.node_cap) * 4 +
                    (search->now.table_size + search->next.table_size) * 4 +
                    search->node_cap * sizeof *search->nodes;
    if (budget->memory != 0 && memory > budget->memory)
        return give_up(search, LP_WHY_MEMORY);
    if (budget->deadline_ns != 0 && lp_clock_ns() >= budget->deadline_ns)
        return give_up(search, LP_WHY_TIMEOUT);
    return true;
}

/* Has a call of the same process taken effect that was made after this one had returned? Only those
   of unknown outcome can be left behind so. */
static bool is_behind(const struct search *search, const uint64_t *words, const struct slot *call)
{
    for (uint32_t slot = 0; slot < search->slot_count; slot++) {
        const struct lp_item *other = search->slots[slot].item;
        if (other != NULL && other->process == call->item->process &&
            other->call > call->item->call && call->item->return_ns <= other->invoke_ns &&
            has_bit(search, words, slot))
            return true;
    }
    return false;
}

/* Lets one call take effect in configuration `index` of `now`, if it could. */
static bool try_call(struct search *search, size_t index, uint32_t slot, uint32_t must)
{
    const struct slot *call = &search->slots[slot];
    uint64_t *words = search->scratch;
    const uint64_t *from = search->now.words + index * search->stride;
    if (call->item == NULL || has_bit(search, from, slot) ||
        (call->after != NO_SLOT && !has_bit(search, from, call->after)))
        return true;
    if (call->item->optional && call->item->return_ns != LP_CALL_NEVER &&
        is_behind(search, from, call))
        return true;
    memcpy(words, from, search->stride * 8);
    if (!lp_state_step(search->part->model, words, call->item))
        return true;
    words[search->state_words + slot / 64] |= UINT64_C(1) << slot % 64;
    uint32_t node = node_add(search, search->now.nodes[index], (uint32_t)call->item->call);
    bag_add(slot == must ? &search->next : &search->now, search->stride, words, node);
    return within_budget(search);
}

/* It is over: its bit means nothing any more. Configurations that differed in it only are one. */
static void forget(struct search *search, uint32_t slot)
{
    struct bag *from = &search->now, *to = &search->next;
    bag_clear(to);
    for (size_t i = 0; i < from->count; i++) {
        uint64_t *words = from->words + i * search->stride;
        words[search->state_words + slot / 64] &= ~(UINT64_C(1) << slot % 64);
        bag_add(to, search->stride, words, from->nodes[i]);
    }
    struct bag spare = search->now;
    search->now = search->next;
    search->next = spare;
    for (uint32_t other = 0; other < search->slot_count; other++)
        if (search->slots[other].after == slot)
            search->slots[other].after = NO_SLOT;
    uint32_t *last = &search->of_process[search->slots[slot].item->process];
    if (*last == slot)
        *last = NO_SLOT;
    search->slots[slot].item = NULL;
}

/* The call in `must` has returned: from here on only ways in which it took effect; if its outcome
   is unknown, those in which it never will as well. */
static bool require(struct search *search, uint32_t must)
{
    bag_clear(&search->next);
    bool optional = search->slots[must].item->optional;
    for (size_t i = 0; i < search->now.count; i++) {
        const uint64_t *words = search->now.words + i * search->stride;
        bool has = has_bit(search, words, must);
        if (has || optional)
            bag_add(&search->next, search->stride, words, search->now.nodes[i]);
        if (has)
            continue;
        for (uint32_t slot = 0; slot < search->slot_count; slot++)
            if (!try_call(search, i, slot, must))
                return false;
    }
    if (search->next.count == 0) {
        search->ruling->decided = LP_DECIDED_BROKEN;
        return false;
    }
    struct bag spare = search->now;
    search->now = search->next;
    search->next = spare;
    forget(search, must);
    return true;
}

/* ---- the walk ---- */

static void tell_order(struct search *search)
{
    if (!search->part->budget->want_order)
        return;
    struct lp_ruling *ruling = search->ruling;
    size_t first = ruling->order_count;
    for (uint32_t at = search->now.nodes[0]; at != NO_NODE; at = search->nodes[at].parent)
        lp_ruling_order(ruling, search->nodes[at].call);
    for (size_t i = first, j = ruling->order_count; i + 1 < j; i++) {
        size_t kept = ruling->order[i];
        ruling->order[i] = ruling->order[--j];
        ruling->order[j] = kept;
    }
}

static void tell_violation(struct search *search, uint32_t must, uint64_t until_ns)
{
    const struct lp_part *part = search->part;
    snprintf(search->ruling->detail, sizeof search->ruling->detail,
             "no order of the calls explains the answer of one of them");
    (void)must;
    for (size_t i = 0; i < part->item_count && part->items[i].invoke_ns <= until_ns; i++)
        lp_ruling_witness(search->ruling, part->items[i].call);
}

static bool return_until(struct search *search, uint64_t time_ns, uint64_t slack_ns)
{
    while (search->heap_count > 0) {
        uint64_t return_ns = search->slots[search->heap[0]].item->return_ns;
        if (return_ns >= time_ns || time_ns - return_ns <= slack_ns)
            break;
        uint32_t must = heap_pop(search);
        if (!require(search, must)) {
            if (search->ruling->decided == LP_DECIDED_BROKEN)
                tell_violation(search, must, time_ns);
            return false;
        }
    }
    return true;
}

static void walk(struct search *search)
{
    const struct lp_part *part = search->part;
    for (size_t i = 0; i < part->item_count; i++) {
        if (!return_until(search, part->items[i].invoke_ns, part->slack_ns))
            return;
        invoke(search, &part->items[i]);
    }
    if (return_until(search, LP_CALL_NEVER, 0))
        tell_order(search);
}

void lp_search(const struct lp_part *part, struct lp_ruling *ruling)
{
    struct search search = {.part = part, .ruling = ruling};
    ruling->rule = "search";
    search.state_words = lp_state_words(part->model, part->process_count);
    search.slot_cap = 64;
    search.stride = search.state_words + 1;
    search.slots = lp_alloc(search.slot_cap, sizeof *search.slots);
    search.heap = lp_alloc(search.slot_cap, sizeof *search.heap);
    search.scratch = lp_alloc(search.stride, sizeof *search.scratch);
    search.of_process = lp_alloc(part->process_count + 1u, sizeof *search.of_process);
    for (uint32_t i = 0; i < part->process_count; i++)
        search.of_process[i] = NO_SLOT;
    bag_resize(&search.now, search.stride, 16);
    bag_resize(&search.next, search.stride, 16);
    lp_state_init(part->model, part->calls->start, search.scratch, search.state_words);
    bag_add(&search.now, search.stride, search.scratch, NO_NODE);
    walk(&search);
    bag_release(&search.now);
    bag_release(&search.next);
    free(search.slots);
    free(search.heap);
    free(search.scratch);
    free(search.of_process);
    free(search.nodes);
}
