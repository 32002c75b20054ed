/* SPDX-License-Identifier: MIT */
/*
 * Inside the room: rules that decide in one pass. Calls come in order of invocation. A call takes
 * effect as late as can be: when it returns, or when another one that returns needs it. What is
 * kept is only what is in flight (and what never returned), so the pass needs no history in memory.
 *
 * Why late is right, when it is, is told with each rule. What a rule says is one of
 *   - held: it has found an order, call by call (lp_sweep_effect)
 *   - broken: proven, if the rule may say so on this history (`sure`)
 *   - in doubt: neither; the search decides
 */
#ifndef LP_CHECK_SWEEP_H
#define LP_CHECK_SWEEP_H

#include "check/model_parts.h"

/* Calls in flight, the one that returns first on top; a binary heap. */
struct lp_heap {
    struct lp_item *items;
    size_t count, cap;
};
void lp_heap_push(struct lp_heap *heap, const struct lp_item *item);
struct lp_item lp_heap_pop(struct lp_heap *heap);
static inline uint64_t lp_heap_top_ns(const struct lp_heap *heap)
{
    return heap->count > 0 ? heap->items[0].return_ns : LP_CALL_NEVER;
}

/* Calls of unknown outcome, which wait for ever; first in, first out. */
struct lp_fifo {
    struct lp_item *items;
    size_t first, count, cap; /* items[first] to items[count - 1] */
};
void lp_fifo_push(struct lp_fifo *fifo, const struct lp_item *item);
bool lp_fifo_pop(struct lp_fifo *fifo, struct lp_item *item);
static inline bool lp_fifo_any(const struct lp_fifo *fifo)
{
    return fifo->first < fifo->count;
}

enum lp_sweep_state {
    LP_SWEEP_GOES,
    LP_SWEEP_BROKEN,
    LP_SWEEP_DOUBT,
    LP_SWEEP_TIMEOUT,
    LP_SWEEP_MEMORY,
};

struct lp_sweep;
struct lp_sweep_rule {
    const char *name;
    bool takes_relaxed; /* knows what to do with calls that took effect in their time or never */
    size_t size;        /* of the rule's own struct, which begins with a struct lp_sweep */
    void (*begin)(struct lp_sweep *sweep);
    /* All calls that returned more than the slack before `time_ns` must have taken effect. */
    void (*advance)(struct lp_sweep *sweep, uint64_t time_ns);
    void (*invoke)(struct lp_sweep *sweep, const struct lp_item *item);
    void (*release)(struct lp_sweep *sweep);
};

struct lp_sweep {
    const struct lp_sweep_rule *rule;
    struct lp_model model;
    struct lp_budget budget;
    int64_t start;
    uint64_t slack_ns;
    enum lp_sweep_state state;
    bool sure;           /* what it calls broken is broken */
    bool whole;          /* the witness is all calls up to the one that failed */
    size_t failed_by;    /* the last call that was added until then */
    size_t *last_effect; /* by process: 1 + the highest call that took effect */
    size_t last_effect_cap;
    uint32_t process_count;
    size_t memory; /* what it has on its heaps, in bytes; looked at now and then */
    uint64_t adds;
    char detail[200];
    struct lp_ruling *order; /* where to tell the order, or NULL */
    size_t witness[4];
    unsigned witness_count;
};

const struct lp_sweep_rule *lp_sweep_rule_of(const struct lp_model *model); /* NULL: none */
struct lp_sweep *lp_sweep_new(const struct lp_sweep_rule *rule, const struct lp_model *model,
                              const struct lp_budget *budget, int64_t start, uint64_t slack_ns);
void lp_sweep_free(struct lp_sweep *sweep); /* takes NULL too */
/* False when it need not go on. */
bool lp_sweep_add(struct lp_sweep *sweep, const struct lp_item *item);
void lp_sweep_end(struct lp_sweep *sweep);
/* What it says, but for a witness that is the whole. */
void lp_sweep_rule_on(const struct lp_sweep *sweep, struct lp_ruling *ruling);

/* ---- for the rules ---- */

static inline bool lp_is_past(const struct lp_sweep *sweep, uint64_t return_ns, uint64_t time_ns)
{
    return return_ns < time_ns && time_ns - return_ns > sweep->slack_ns;
}

/* The next call in the order that explains the answers. */
void lp_sweep_effect(struct lp_sweep *sweep, const struct lp_item *item);
void lp_sweep_doubt(struct lp_sweep *sweep);
/* No order: some call cannot take effect. */
void lp_sweep_broken(struct lp_sweep *sweep, const char *detail);
/* One of the calls that prove it. When they are too many, `whole`. */
void lp_sweep_witness(struct lp_sweep *sweep, size_t call);

extern const struct lp_sweep_rule lp_sweep_places;  /* mutex, semaphore */
extern const struct lp_sweep_rule lp_sweep_owners;  /* owned-mutex, reentrant, rw-lock */
extern const struct lp_sweep_rule lp_sweep_tokens;  /* fenced */
extern const struct lp_sweep_rule lp_sweep_leases;  /* lease */
extern const struct lp_sweep_rule lp_sweep_counter; /* counter */

#endif
