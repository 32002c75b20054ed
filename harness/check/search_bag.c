/* SPDX-License-Identifier: MIT */
/*
 * Sets of configurations that keep only the best. Of two with the same state, one is as good as the
 * other if each call in flight is as well off in it:
 *   - the same in both; or
 *   - spare, whatever it is in the other: it may be left as it is or taken as done; or
 *   - an observation that was made
 * (Lowe 2017 drops equal ones; that of two which differ in calls of unknown outcome only the one
 * that used fewer is enough has been used before; writes without a trace are the same idea.)
 */
#include "check/search.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/str.h"

void lp_bag_clear(struct lp_bag *bag)
{
    memset(bag->heads, 0, sizeof bag->heads);
    bag->count = 0;
}

void lp_bag_release(struct lp_bag *bag)
{
    free(bag->words);
    free(bag->nodes);
    free(bag->links);
    free(bag->marks);
}

size_t lp_bag_memory(const struct lp_bag *bag)
{
    return bag->cap * 8 + bag->node_cap * 4 + bag->link_cap * 4 + bag->mark_cap;
}

static bool is_as_good(const struct lp_part_search *search, const uint64_t *a, const uint64_t *b)
{
    size_t masks = search->mask_words;
    const uint64_t *a_done = a + search->state_words, *b_done = b + search->state_words;
    const uint64_t *a_spare = a_done + masks, *b_spare = b_done + masks;
    for (size_t i = 0; i < masks; i++) {
        uint64_t same = ~(a_done[i] ^ b_done[i]) & ~(a_spare[i] ^ b_spare[i]);
        uint64_t good = same | a_spare[i] | (a_done[i] & search->eager[i]);
        if ((search->active[i] & ~good) != 0)
            return false;
    }
    return true;
}

static bool same_state(const struct lp_part_search *search, const uint64_t *a, const uint64_t *b)
{
    for (size_t i = 0; i < search->state_words; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

static void make_room(const struct lp_part_search *search, struct lp_bag *bag)
{
    size_t need = bag->count + 1;
    if (need * search->stride > bag->cap)
        bag->words = lp_grow(bag->words, &bag->cap, need * search->stride, sizeof *bag->words);
    if (need > bag->node_cap) {
        bag->nodes = lp_grow(bag->nodes, &bag->node_cap, need, sizeof *bag->nodes);
        bag->links = lp_grow(bag->links, &bag->link_cap, need, sizeof *bag->links);
        bag->marks = lp_grow(bag->marks, &bag->mark_cap, need, sizeof *bag->marks);
    }
}

void lp_bag_add(const struct lp_part_search *search, struct lp_bag *bag, const uint64_t *words,
                uint32_t node, enum lp_mark mark)
{
    uint64_t hash = words[0];
    for (size_t i = 1; i < search->state_words; i++)
        hash = lp_mix(hash, words[i]);
    uint32_t *head = &bag->heads[(hash ^ hash >> 8) % LP_BAG_HEADS];
    for (uint32_t at = *head; at != 0; at = bag->links[at - 1]) {
        uint64_t *other = bag->words + (at - 1) * search->stride;
        if (bag->marks[at - 1] == LP_MARK_DEAD || !same_state(search, other, words))
            continue;
        if (is_as_good(search, other, words))
            return;
        if (is_as_good(search, words, other))
            bag->marks[at - 1] = LP_MARK_DEAD;
    }
    make_room(search, bag);
    for (size_t i = 0; i < search->stride; i++)
        bag->words[bag->count * search->stride + i] = words[i];
    bag->nodes[bag->count] = node;
    bag->marks[bag->count] = (uint8_t)mark;
    bag->links[bag->count] = *head;
    *head = (uint32_t)++bag->count;
}
