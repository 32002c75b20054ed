/* SPDX-License-Identifier: MIT */
/*
 * The general search: breadth-first just-in-time linearization. The history is walked once in time,
 * with all configurations (search.h) that are possible so far. Only when a call returns must it
 * have taken effect: then each configuration in which it has not is replaced by all that come of
 * letting calls in flight take effect until it has. No configuration left: no order explains the
 * answers. Memory is what is in flight times the configurations, not the history.
 *
 * Sources: Wing, Gong 1993 (search over histories); Lowe 2017, "Testing for linearizability"
 * (just-in-time linearization, configurations in a set); Horn, Kroening 2015 (partition by object).
 * What keeps the configurations few:
 *   - an observation (a read, a try that found the lock taken) is made at the first moment at which
 *     it is right: it changes nothing, so no later moment can be better
 *   - a write that is in flight when another write takes effect may have taken effect just before
 *     it, without a trace; and one of the value that is there, without any change. Then it is
 * spare: it need not be tried until it returns, and then nothing needs to be done
 *   - calls of unknown outcome are spare from the beginning
 *   - of two configurations only the better one is kept (search_bag.c)
 * When there are calls of unknown outcome a first attempt is made that uses them only where nothing
 * else helps, and keeps few configurations (LP_BEAM). What it finds to hold, holds; else all are
 * tried.
 */
#include "check/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "os/clock.h"

#define CLOCK_EVERY 256 /* tries between two looks at the clock */

/* ---- one step ---- */

static bool give_up(struct lp_part_search *search, enum lp_why why)
{
    search->ruling->decided = LP_DECIDED_UNKNOWN;
    search->ruling->why = why;
    snprintf(search->ruling->detail, sizeof search->ruling->detail, "out of %s",
             why == LP_WHY_MEMORY ? "memory" : "time");
    return false;
}

static bool look_at_budget(struct lp_part_search *search)
{
    const struct lp_budget *budget = search->part->budget;
    search->tries = 0;
    size_t memory = lp_bag_memory(search->now) + lp_bag_memory(search->next) +
                    search->node_cap * sizeof *search->nodes +
                    search->part->item_count * sizeof *search->part->items;
    if (budget->memory != 0 && memory > budget->memory - budget->memory / 16)
        return give_up(search, LP_WHY_MEMORY);
    if (budget->deadline_ns != 0 && lp_clock_ns() >= budget->deadline_ns)
        return give_up(search, LP_WHY_TIMEOUT);
    return true;
}

static inline bool within_budget(struct lp_part_search *search)
{
    return ++search->tries < CLOCK_EVERY || look_at_budget(search);
}

/* In `words` a call that must come before another one may be spare: then it is taken as done. */
static bool settle_before(struct lp_part_search *search, uint64_t *words, uint32_t slot,
                          uint32_t *node)
{
    uint32_t after = search->slots[slot].after;
    if (after == LP_NO_SLOT || lp_bit(lp_done_of(search, words), after))
        return true;
    if (!lp_bit(lp_spare_of(search, words), after))
        return false;
    lp_bit_clear(lp_spare_of(search, words), after);
    lp_bit_set(lp_done_of(search, words), after);
    *node = lp_node_add(search, *node, search->slots[after].item, true);
    return true;
}

/* Lets one call take effect in configuration `index` of `now`, if it could. */
static bool try_call(struct lp_part_search *search, size_t index, uint32_t slot, uint32_t must)
{
    const struct lp_item *item = search->slots[slot].item;
    bool writes = search->is_register && item->kind == LP_CALL_WRITE;
    uint64_t *words = search->scratch;
    uint32_t node = search->now->nodes[index];
    if (writes && search->now->marks[index] == LP_MARK_BARE)
        return true; /* the write before would be one without a trace */
    lp_words_copy(words, search->now->words + index * search->stride, search->stride);
    uint64_t *done = lp_done_of(search, words), *spare = lp_spare_of(search, words);
    if ((search->expiring > 0 && lp_search_is_behind(search, slot, done)) ||
        (search->chained > 0 && !settle_before(search, words, slot, &node)))
        return true;
    if (writes)
        lp_search_spare_writes(search, words);
    if (!lp_state_step(search->part->model, words, item))
        return true;
    lp_bit_set(done, slot);
    lp_bit_clear(spare, slot);
    if (item->optional && item->return_ns != LP_CALL_NEVER)
        lp_search_forbid_before(search, slot, spare);
    node = lp_node_add(search, node, item, false);
    bool seen =
        (search->is_register || search->observing > 0) && lp_search_observe(search, words, &node);
    if (lp_bit(done, must))
        lp_bag_add(search, search->next, words, node, LP_MARK_NONE);
    else
        lp_bag_add(search, search->now, words, node,
                   writes && !seen && search->chained == 0 ? LP_MARK_BARE : LP_MARK_NONE);
    return within_budget(search);
}

/* Would it be in vain? Another acquire than the one that must take effect needs a release between
   the two, and none is in flight. */
static bool in_vain(const struct lp_part_search *search, const uint64_t *done, uint32_t must)
{
    const struct lp_item *item = search->slots[must].item;
    if (!search->is_exclusive || item->observes || item->kind != LP_CALL_ACQUIRE)
        return false;
    for (size_t i = 0; i < search->mask_words; i++)
        if ((search->releases[i] & ~done[i]) != 0)
            return false;
    return true;
}

static bool try_all(struct lp_part_search *search, size_t index, uint32_t must)
{
    uint64_t *words = search->now->words + index * search->stride;
    if (in_vain(search, lp_done_of(search, words), must))
        return try_call(search, index, must, must);
    for (size_t i = 0; i < search->mask_words; i++) {
        uint64_t *done = lp_done_of(search, search->now->words + index * search->stride);
        for (uint64_t left = lp_search_left(search, done, i); left != 0; left &= left - 1) {
            uint32_t slot = (uint32_t)(i * 64) + (uint32_t)__builtin_ctzll(left);
            if (lp_search_is_wrong(search, search->now->words[index * search->stride], slot))
                continue;
            if (!try_call(search, index, slot, must))
                return false;
        }
    }
    return true;
}

static void change_parts(struct lp_part_search *search)
{
    struct lp_bag *now = search->now;
    search->now = search->next;
    search->next = now;
}

/* It is over: its bits mean nothing any more. */
static void forget(struct lp_part_search *search, uint32_t slot)
{
    bool optional = search->slots[slot].item->optional;
    search->expiring -= optional;
    search->observing -= search->slots[slot].item->observes;
    search->chained -= search->slots[slot].after != LP_NO_SLOT;
    struct lp_bag *from = search->now, *to = search->next;
    for (size_t i = 0; i < from->count; i++) {
        lp_bit_clear(lp_done_of(search, from->words + i * search->stride), slot);
        lp_bit_clear(lp_spare_of(search, from->words + i * search->stride), slot);
    }
    lp_bit_clear(search->active, slot);
    lp_bit_clear(search->observers, slot);
    lp_bit_clear(search->eager, slot);
    lp_bit_clear(search->writes, slot);
    lp_bit_clear(search->releases, slot);
    lp_bit_clear(search->optional, slot);
    if (optional) { /* some may be the same now */
        lp_bag_clear(to);
        for (size_t i = 0; i < from->count; i++)
            if (from->marks[i] != LP_MARK_DEAD)
                lp_bag_add(search, to, from->words + i * search->stride, from->nodes[i],
                           LP_MARK_NONE);
        change_parts(search);
    }
    bool freed = false;
    for (uint32_t other = 0; search->chained > 0 && other < search->slot_count; other++)
        if (search->slots[other].item != NULL && search->slots[other].after == slot) {
            search->chained--;
            search->slots[other].after = LP_NO_SLOT;
            if (lp_bit(search->observers, other) && search->expiring == 0)
                lp_bit_set(search->eager, other);
            freed = true;
        }
    for (size_t i = 0; freed && i < search->now->count; i++)
        lp_search_observe(search, search->now->words + i * search->stride, &search->now->nodes[i]);
    uint32_t *last = &search->of_process[search->slots[slot].item->process];
    if (*last == slot)
        *last = LP_NO_SLOT;
    search->slots[slot].item = NULL;
}

static bool all_have(struct lp_part_search *search, uint32_t must)
{
    bool any = false;
    for (size_t i = 0; i < search->now->count; i++) {
        if (search->now->marks[i] == LP_MARK_DEAD)
            continue;
        if (!lp_bit(lp_done_of(search, search->now->words + i * search->stride), must))
            return false;
        any = true;
    }
    return any;
}

/* Without anything more happening: it was done, or need not have left a trace. */
static bool keep_as_is(struct lp_part_search *search, size_t index, uint32_t must)
{
    uint64_t *from = search->now->words + index * search->stride, *words = search->scratch;
    uint32_t node = search->now->nodes[index];
    bool done = lp_bit(lp_done_of(search, from), must);
    bool needed = !done && !search->slots[must].item->optional;
    if (needed && !lp_bit(lp_spare_of(search, from), must))
        return false;
    lp_words_copy(words, from, search->stride);
    if (needed) {
        lp_bit_set(lp_done_of(search, words), must);
        lp_bit_clear(lp_spare_of(search, words), must);
        node = lp_node_add(search, node, search->slots[must].item, true);
    }
    lp_bag_add(search, search->next, words, node, LP_MARK_NONE);
    return done;
}

/* Fills `next` with what comes of `now`; false when it has to give up. */
static bool expand(struct lp_part_search *search, uint32_t must)
{
    for (size_t i = 0; i < search->now->count; i++)
        if (search->now->marks[i] != LP_MARK_DEAD && !keep_as_is(search, i, must) &&
            !try_all(search, i, must))
            return false;
    return true;
}

/* The call in `must` has returned: from here on only ways in which it took effect; if its outcome
   is unknown, those in which it never will as well. */
static bool require(struct lp_part_search *search, uint32_t must)
{
    search->event++;
    lp_search_follow(search, must);
    if (!all_have(search, must)) {
        lp_bag_clear(search->next);
        search->use_optional = false;
        if (!expand(search, must))
            return false;
        if (search->lazy && search->next->count == 0) {
            search->use_optional = true;
            if (!expand(search, must))
                return false;
        } else if (search->lazy) {
            search->cut = true;
        }
        if (search->next->count == 0) {
            search->ruling->decided = LP_DECIDED_BROKEN;
            return false;
        }
        if (search->lazy)
            lp_bag_cut(search, search->next);
        change_parts(search);
    }
    forget(search, must);
    return true;
}

static void invoke(struct lp_part_search *search, const struct lp_item *item)
{
    uint32_t slot = lp_flight_slot(search);
    uint32_t *last = &search->of_process[item->process];
    struct lp_slot *call = &search->slots[slot];
    bool in_a_hurry = !lp_search_leaves_behind(search, item);
    *call = (struct lp_slot){.item = item, .wants = LP_ANY_STATE, .after = *last};
    if (item->kind == LP_CALL_ADD && item->b != LP_CALL_NOTHING)
        call->wants = (uint64_t)item->b - (uint64_t)item->a;
    search->event++;
    if (search->invoked)
        search->invoked[item - search->part->items] = search->event;
    if (*last != LP_NO_SLOT && search->slots[*last].item->return_ns > item->invoke_ns)
        call->after = LP_NO_SLOT; /* a process that makes two calls at a time */
    search->chained += call->after != LP_NO_SLOT;
    if (!item->optional)
        *last = slot;
    if (item->return_ns != LP_CALL_NEVER)
        lp_flight_push(search, slot);
    search->expiring += item->optional && item->return_ns != LP_CALL_NEVER;
    lp_bit_set(search->active, slot);
    search->observing += item->observes;
    if (item->observes)
        lp_bit_set(search->observers, slot);
    if (item->observes && call->after == LP_NO_SLOT && in_a_hurry)
        lp_bit_set(search->eager, slot);
    if (item->optional)
        lp_bit_set(search->optional, slot);
    if (search->is_register && item->kind == LP_CALL_WRITE)
        lp_bit_set(search->writes, slot);
    if (item->kind == LP_CALL_RELEASE)
        lp_bit_set(search->releases, slot);
    bool concerns = item->observes || (search->is_register && item->kind == LP_CALL_WRITE);
    for (size_t i = 0; i < search->now->count; i++) {
        uint64_t *words = search->now->words + i * search->stride;
        if (item->optional)
            lp_bit_set(lp_spare_of(search, words), slot);
        else if (concerns)
            lp_search_observe(search, words, &search->now->nodes[i]);
    }
}

/* ---- the walk ---- */

static void tell_violation(struct lp_part_search *search, uint64_t until_ns)
{
    const struct lp_part *part = search->part;
    snprintf(search->ruling->detail, sizeof search->ruling->detail,
             "no order of the calls explains the answer of one of them");
    for (size_t i = 0; i < part->item_count && part->items[i].invoke_ns <= until_ns; i++)
        lp_ruling_witness(search->ruling, part->items[i].call);
}

static bool return_until(struct lp_part_search *search, uint64_t time_ns, uint64_t slack_ns)
{
    while (search->heap_count > 0) {
        uint64_t return_ns = search->heap[0].time_ns;
        if (return_ns >= time_ns || time_ns - return_ns <= slack_ns)
            break;
        if (!require(search, lp_flight_pop(search))) {
            if (search->ruling->decided == LP_DECIDED_BROKEN && !search->cut)
                tell_violation(search, time_ns);
            return false;
        }
    }
    return true;
}

static void walk(struct lp_part_search *search)
{
    const struct lp_part *part = search->part;
    for (size_t i = 0; i < part->item_count; i++) {
        if (!return_until(search, part->items[i].invoke_ns, part->slack_ns))
            return;
        invoke(search, &part->items[i]);
        if (!within_budget(search))
            return;
    }
    if (!return_until(search, LP_CALL_NEVER, 0) || !part->budget->want_order)
        return;
    for (size_t i = 0; i < search->now->count; i++)
        if (search->now->marks[i] != LP_MARK_DEAD) {
            lp_search_order(search, search->now->nodes[i]);
            return;
        }
}

static void release(struct lp_part_search *search)
{
    lp_bag_release(search->now);
    lp_bag_release(search->next);
    free(search->slots);
    free(search->active);
    free(search->observers);
    free(search->writes);
    free(search->releases);
    free(search->optional);
    free(search->heap);
    free(search->scratch);
    free(search->of_process);
    free(search->nodes);
    free(search->invoked);
    free(search->eager);
}

/* True when it need not be tried again. */
static bool attempt(const struct lp_part *part, struct lp_ruling *ruling, bool lazy)
{
    struct lp_part_search search = {.part = part, .ruling = ruling, .lazy = lazy};
    enum lp_model_kind kind = part->model->kind;
    search.is_register = kind == LP_MODEL_REGISTER || kind == LP_MODEL_CAS_REGISTER;
    search.is_exclusive = kind == LP_MODEL_MUTEX || kind == LP_MODEL_OWNED_MUTEX;
    search.now = &search.bags[0];
    search.next = &search.bags[1];
    search.state_words = lp_state_words(part->model, part->process_count);
    lp_flight_widen(&search);
    search.of_process = lp_alloc(part->process_count + 1u, sizeof *search.of_process);
    memset(search.of_process, 0xff, (part->process_count + 1u) * sizeof *search.of_process);
    if (part->budget->want_order)
        search.invoked = lp_alloc(part->item_count + 1, sizeof *search.invoked);
    lp_bag_clear(search.now);
    lp_bag_clear(search.next);
    lp_state_init(part->model, part->calls->start, search.scratch, search.state_words);
    lp_bag_add(&search, search.now, search.scratch, LP_NO_NODE, LP_MARK_NONE);
    walk(&search);
    release(&search);
    return ruling->decided != LP_DECIDED_BROKEN || !search.cut;
}

void lp_part_search(const struct lp_part *part, struct lp_ruling *ruling)
{
    bool any_optional = part->certain < part->item_count;
    ruling->rule = "search";
    if (any_optional && attempt(part, ruling, true))
        return;
    ruling->decided = LP_DECIDED_HELD;
    attempt(part, ruling, false);
}
