/* SPDX-License-Identifier: MIT */
/* Inside the room: the parts of the general search. See search.c for how it goes about it. */
#ifndef LP_CHECK_SEARCH_H
#define LP_CHECK_SEARCH_H

#include "check/model_parts.h"

#define LP_NO_SLOT UINT32_MAX
#define LP_NO_NODE UINT32_MAX
#define LP_BEAM 64
#define LP_ANY_STATE UINT64_MAX

/* A call in flight; its number is its bit in the configurations. */
struct lp_slot {
    const struct lp_item *item; /* NULL: not in use */
    uint64_t wants;             /* the only state in which it is right; LP_ANY_STATE */
    uint32_t after;             /* slot of a call of the same process that must come first */
};

/* When a call in flight returns. */
struct lp_return {
    uint64_t time_ns;
    uint32_t slot;
};

/*
 * Configurations: ways in which it may have gone so far. Each has, in words:
 *   state    of the object
 *   done     one bit a slot: it has taken effect
 *   spare    one bit a slot: it has not, but it need not: its outcome is unknown, or it may have
 *            taken effect without a trace (a write just before another write)
 * Kept in chains by state, so that one that is no better than another is found and dropped.
 */
struct lp_bag {
    uint64_t *words;
    uint32_t *nodes; /* how it came to be, for the order */
    uint32_t *links; /* the next of its chain, + 1 */
    uint8_t *marks;  /* enum lp_mark */
    size_t count, cap, node_cap, link_cap, mark_cap;
    uint32_t *heads;   /* + 1; the chain of a state is found by its hash */
    size_t head_count; /* a power of two */
};

enum lp_mark {
    LP_MARK_NONE,
    LP_MARK_BARE, /* its last step was a write that nothing has seen yet */
    LP_MARK_DEAD, /* another one is better */
};

struct lp_node {
    uint32_t parent, call;
    uint32_t event;     /* when it was found to have taken effect */
    bool without_trace; /* somewhere before, where it does not matter: see search_order.c */
};

struct lp_part_search {
    const struct lp_part *part;
    struct lp_ruling *ruling;
    bool is_register, is_exclusive;
    size_t state_words, mask_words, stride;
    struct lp_slot *slots;
    uint32_t slot_count; /* mask_words * 64 */
    /* by slot */
    uint64_t *active, *observers, *writes, *releases, *optional;
    uint64_t *eager;        /* observers that wait for no other call */
    uint32_t *of_process;   /* slot of the last call that will return; LP_NO_SLOT */
    struct lp_return *heap; /* the first return is the first */
    uint32_t heap_count;
    uint32_t chained;   /* calls in flight that wait for one of their process */
    uint32_t observing; /* calls in flight that change nothing */
    uint32_t expiring;  /* calls in flight that may take effect by their return, or never */
    struct lp_bag bags[2], *now, *next; /* which change their parts with each step */
    uint64_t *scratch;
    struct lp_node *nodes;
    size_t node_count, node_cap;
    uint32_t event;
    uint32_t *invoked; /* by item, when the order is wanted: number of the event */
    /* A first attempt with few configurations, which can only find that it holds: */
    bool lazy;         /* it is one */
    bool cut;          /* it has left out something */
    bool use_optional; /* calls of unknown outcome, when nothing else helps */
    uint64_t tries;    /* since the last look at the clock */
};

static inline bool lp_bit(const uint64_t *mask, uint32_t slot)
{
    return (mask[slot / 64] >> slot % 64 & 1) != 0;
}

static inline void lp_bit_set(uint64_t *mask, uint32_t slot)
{
    mask[slot / 64] |= UINT64_C(1) << slot % 64;
}

static inline void lp_bit_clear(uint64_t *mask, uint32_t slot)
{
    mask[slot / 64] &= ~(UINT64_C(1) << slot % 64);
}

/* Few words mostly: a call of memcpy costs more than to copy them. */
static inline void lp_words_copy(uint64_t *to, const uint64_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = from[i];
}

static inline uint64_t *lp_done_of(const struct lp_part_search *search, uint64_t *words)
{
    return words + search->state_words;
}

static inline uint64_t *lp_spare_of(const struct lp_part_search *search, uint64_t *words)
{
    return words + search->state_words + search->mask_words;
}

/* Plainly, before anything is copied. */
static inline bool lp_search_is_wrong(const struct lp_part_search *search, uint64_t state,
                                      uint32_t slot)
{
    const struct lp_slot *call = &search->slots[slot];
    if (call->wants != LP_ANY_STATE)
        return call->wants != state;
    return search->state_words == 1 && !lp_state_step(search->part->model, &state, call->item);
}

/* Those of the 64 slots behind `i` whose calls are still to take effect. */
static inline uint64_t lp_search_left(const struct lp_part_search *search, const uint64_t *done,
                                      size_t i)
{
    uint64_t left = search->active[i] & ~search->eager[i] & ~done[i];
    return search->lazy && !search->use_optional ? left & ~search->optional[i] : left;
}

/* ---- search_ways.c ---- */
void lp_search_follow(struct lp_part_search *search, uint32_t must);

/* ---- search_flight.c ---- */
void lp_flight_widen(
    struct lp_part_search *search); /* twice as many slots; the first ones at all */
uint32_t lp_flight_slot(struct lp_part_search *search); /* one that is not in use */
void lp_flight_push(struct lp_part_search *search, uint32_t slot);
uint32_t lp_flight_pop(struct lp_part_search *search); /* the one whose call returns first */

/* ---- search_bag.c ---- */
void lp_bag_clear(struct lp_bag *bag);
void lp_bag_release(struct lp_bag *bag);
/* Adds a configuration unless one that is there is as good; those that are worse die. */
void lp_bag_add(const struct lp_part_search *search, struct lp_bag *bag, const uint64_t *words,
                uint32_t node, enum lp_mark mark);
size_t lp_bag_memory(const struct lp_bag *bag);
/* Keeps LP_BEAM configurations, those that have used the fewest calls of unknown outcome. */
void lp_bag_cut(struct lp_part_search *search, struct lp_bag *bag);

/* ---- search_effects.c ---- */
/* Observations that are right in the state that is there; true when there was one. */
bool lp_search_observe(struct lp_part_search *search, uint64_t *words, uint32_t *node);
/* A write is about to take effect: the others in flight may just have. */
void lp_search_spare_writes(struct lp_part_search *search, uint64_t *words);
/* A call of unknown outcome that was over when its process made another: they keep their order. */
bool lp_search_is_behind(const struct lp_part_search *search, uint32_t slot, const uint64_t *done);
void lp_search_forbid_before(const struct lp_part_search *search, uint32_t slot, uint64_t *spare);
bool lp_search_leaves_behind(const struct lp_part_search *search, const struct lp_item *item);

/* ---- search_order.c ---- */
uint32_t lp_node_add(struct lp_part_search *search, uint32_t parent, const struct lp_item *item,
                     bool without_trace);
/* Tells the order that ends in `node`. */
void lp_search_order(struct lp_part_search *search, uint32_t node);

#endif
