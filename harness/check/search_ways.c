/* SPDX-License-Identifier: MIT */
/* Where there is one way to go on only. */
#include "check/search.h"

/* The one call that can take effect now; LP_NO_SLOT: none, or several. */
static uint32_t only_way(const struct lp_part_search *search, const uint64_t *words)
{
    uint32_t only = LP_NO_SLOT;
    const uint64_t *done = words + search->state_words;
    for (size_t i = 0; i < search->mask_words; i++)
        for (uint64_t left = lp_search_left(search, done, i); left != 0; left &= left - 1) {
            uint32_t slot = (uint32_t)(i * 64) + (uint32_t)__builtin_ctzll(left);
            if (lp_search_is_wrong(search, words[0], slot))
                continue;
            if (only != LP_NO_SLOT)
                return LP_NO_SLOT;
            only = slot;
        }
    return only;
}

/* While there is one configuration with one way on, it is gone in place: what expand() would come
   to, without a copy. Not in a lazy attempt, where calls of unknown outcome may come to be ways
   too. (Its chain in the bag is that of where it began; at worst one that is equal is not found
   there, and kept.) */
void lp_search_follow(struct lp_part_search *search, uint32_t must)
{
    uint64_t *words = search->now->words, *done = lp_done_of(search, words);
    bool plain = search->now->count == 1 && search->state_words == 1 && !search->lazy &&
                 !search->is_register && search->observing == 0 && search->expiring == 0 &&
                 search->chained == 0;
    while (plain && !lp_bit(done, must)) {
        uint32_t slot = only_way(search, words);
        if (slot == LP_NO_SLOT ||
            !lp_state_step(search->part->model, words, search->slots[slot].item))
            return;
        lp_bit_set(done, slot);
        lp_bit_clear(lp_spare_of(search, words), slot);
        search->now->nodes[0] =
            lp_node_add(search, search->now->nodes[0], search->slots[slot].item, false);
    }
}
