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

#define HEADS_MIN 16

/* Chains are few while there is little in them, so that emptying costs nothing. */
static void resize_heads(struct lp_bag *bag, size_t count)
{
    free(bag->heads);
    bag->heads = lp_alloc(count, sizeof *bag->heads);
    bag->head_count = count;
}

void lp_bag_clear(struct lp_bag *bag)
{
    if (bag->head_count == 0 || (bag->head_count > HEADS_MIN && bag->count < bag->head_count / 16))
        resize_heads(bag, HEADS_MIN);
    else
        memset(bag->heads, 0, bag->head_count * sizeof *bag->heads);
    bag->count = 0;
}

void lp_bag_release(struct lp_bag *bag)
{
    free(bag->words);
    free(bag->nodes);
    free(bag->links);
    free(bag->marks);
    free(bag->heads);
}

size_t lp_bag_memory(const struct lp_bag *bag)
{
    return bag->cap * 8 + bag->node_cap * 4 + bag->link_cap * 4 + bag->mark_cap +
           bag->head_count * 4;
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

/* By an eighth, so that a budget of memory can be kept to. */
static void *grow(void *array, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return array;
    size_t wanted = need + need / 8 + 16;
    void *more = realloc(array, wanted * size);
    if (more == NULL)
        return lp_grow(array, cap, need, size); /* which tells what cannot be told here */
    *cap = wanted;
    return more;
}

static uint64_t hash_state(const struct lp_part_search *search, const uint64_t *words)
{
    uint64_t hash = words[0] * LP_GOLDEN;
    for (size_t i = 1; i < search->state_words; i++)
        hash = lp_mix(hash, words[i]);
    return hash ^ hash >> 32;
}

static void more_heads(const struct lp_part_search *search, struct lp_bag *bag)
{
    resize_heads(bag, 4 * bag->head_count);
    for (size_t i = 0; i < bag->count; i++) {
        uint64_t hash = hash_state(search, bag->words + i * search->stride);
        uint32_t *head = &bag->heads[hash & (bag->head_count - 1)];
        bag->links[i] = *head;
        *head = (uint32_t)i + 1;
    }
}

static void make_room(const struct lp_part_search *search, struct lp_bag *bag)
{
    size_t need = bag->count + 1;
    bag->words = grow(bag->words, &bag->cap, need * search->stride, sizeof *bag->words);
    bag->nodes = grow(bag->nodes, &bag->node_cap, need, sizeof *bag->nodes);
    bag->links = grow(bag->links, &bag->link_cap, need, sizeof *bag->links);
    bag->marks = grow(bag->marks, &bag->mark_cap, need, sizeof *bag->marks);
}

void lp_bag_add(const struct lp_part_search *search, struct lp_bag *bag, const uint64_t *words,
                uint32_t node, enum lp_mark mark)
{
    if (bag->count >= 2 * bag->head_count)
        more_heads(search, bag);
    uint32_t *head = &bag->heads[hash_state(search, words) & (bag->head_count - 1)];
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
    lp_words_copy(bag->words + bag->count * search->stride, words, search->stride);
    bag->nodes[bag->count] = node;
    bag->marks[bag->count] = (uint8_t)mark;
    bag->links[bag->count] = *head;
    *head = (uint32_t)++bag->count;
}

static uint32_t count_optional(const struct lp_part_search *search, const uint64_t *words)
{
    uint32_t count = 0;
    for (size_t i = 0; i < search->mask_words; i++)
        count +=
            (uint32_t)__builtin_popcountll(words[search->state_words + i] & search->optional[i]);
    return count;
}

void lp_bag_cut(struct lp_part_search *search, struct lp_bag *bag)
{
    uint32_t used[64] = {0};
    if (bag->count <= LP_BEAM)
        return;
    for (size_t i = 0; i < bag->count; i++)
        if (bag->marks[i] != LP_MARK_DEAD)
            used[count_optional(search, bag->words + i * search->stride) & 63]++;
    uint32_t most = 0;
    while (used[most] == 0)
        most++;
    uint32_t kept = used[most];
    while (most + 1 < LP_ARRAY_LEN(used) && kept + used[most + 1] <= LP_BEAM)
        kept += used[++most];
    kept = 0;
    for (size_t i = 0; i < bag->count; i++) {
        if (bag->marks[i] == LP_MARK_DEAD)
            continue;
        if (kept < LP_BEAM &&
            (count_optional(search, bag->words + i * search->stride) & 63) <= most) {
            kept++;
        } else {
            bag->marks[i] = LP_MARK_DEAD;
            search->cut = true;
        }
    }
}
