/* SPDX-License-Identifier: MIT */
/* What comes of a step by itself: observations, writes without a trace, what is too late then. */
#include "check/search.h"

/* Is the call that must come before it done? */
static bool is_free(const struct lp_part_search *search, uint32_t slot, const uint64_t *done)
{
    uint32_t after = search->slots[slot].after;
    return after == LP_NO_SLOT || lp_bit(done, after);
}

/* A call of unknown outcome may be left behind: calls that its process made when it was over have
   taken effect, so that it no longer can. */
bool lp_search_is_behind(const struct lp_part_search *search, uint32_t slot, const uint64_t *done)
{
    const struct lp_item *item = search->slots[slot].item;
    if (!item->optional || item->return_ns == LP_CALL_NEVER)
        return false;
    for (uint32_t other = 0; other < search->slot_count; other++) {
        const struct lp_item *later = search->slots[other].item;
        if (later != NULL && later->process == item->process && later->call > item->call &&
            item->return_ns <= later->invoke_ns && lp_bit(done, other))
            return true;
    }
    return false;
}

/* Observations that are right in the state that is there; true when there was one. */
bool lp_search_observe(struct lp_part_search *search, uint64_t *words, uint32_t *node)
{
    uint64_t *done = lp_done_of(search, words), *spare = lp_spare_of(search, words);
    bool seen = false;
    for (size_t i = 0; i < search->mask_words; i++) {
        for (uint64_t left = search->eager[i] & ~done[i]; left != 0; left &= left - 1) {
            uint32_t slot = (uint32_t)(i * 64) + (uint32_t)__builtin_ctzll(left);
            const struct lp_item *item = search->slots[slot].item;
            if (!lp_state_step(search->part->model, words, item))
                continue;
            lp_bit_set(done, slot);
            *node = lp_node_add(search, *node, item, false);
            seen = true;
        }
        if (!search->is_register)
            continue;
        for (uint64_t left = search->writes[i] & ~done[i] & ~spare[i]; left != 0;
             left &= left - 1) {
            uint32_t slot = (uint32_t)(i * 64) + (uint32_t)__builtin_ctzll(left);
            if ((uint64_t)search->slots[slot].item->a == words[0] && is_free(search, slot, done))
                lp_bit_set(spare, slot);
        }
    }
    return seen;
}

/* A write is about to take effect: the others in flight may just have. */
void lp_search_spare_writes(struct lp_part_search *search, uint64_t *words)
{
    uint64_t *done = lp_done_of(search, words), *spare = lp_spare_of(search, words);
    for (size_t i = 0; i < search->mask_words; i++)
        for (uint64_t left = search->writes[i] & ~done[i] & ~spare[i]; left != 0;
             left &= left - 1) {
            uint32_t slot = (uint32_t)(i * 64) + (uint32_t)__builtin_ctzll(left);
            if (is_free(search, slot, done))
                lp_bit_set(spare, slot);
        }
}

/* What its process did later, when this one was over, cannot have been before. */
void lp_search_forbid_before(const struct lp_part_search *search, uint32_t slot, uint64_t *spare)
{
    const struct lp_item *item = search->slots[slot].item;
    for (uint32_t other = 0; other < search->slot_count; other++) {
        const struct lp_item *later = search->slots[other].item;
        if (later != NULL && later->process == item->process && later->call > item->call &&
            !later->optional)
            lp_bit_clear(spare, other);
    }
}

/* Would a call of its process be left behind by this one? Then it is not to be made in a hurry. */
bool lp_search_leaves_behind(const struct lp_part_search *search, const struct lp_item *item)
{
    for (uint32_t slot = 0; search->expiring > 0 && slot < search->slot_count; slot++) {
        const struct lp_item *other = search->slots[slot].item;
        if (other != NULL && other->optional && other->process == item->process &&
            other->return_ns != LP_CALL_NEVER)
            return true;
    }
    return false;
}
