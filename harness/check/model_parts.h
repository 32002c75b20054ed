/* SPDX-License-Identifier: MIT */
/* Inside the room: what the files that decide models share. */
#ifndef LP_CHECK_MODEL_PARTS_H
#define LP_CHECK_MODEL_PARTS_H

#include "check/model.h"

/* ---- the calls of one object ---- */

/* A call that says something; reads of unknown outcome, failed calls and the like are left out. */
struct lp_item {
    uint64_t invoke_ns, return_ns;
    int64_t a, b;     /* as in struct lp_call; b of a lease: when it ends, as a uint64_t */
    size_t call;      /* index into calls->calls */
    uint32_t process; /* numbered from 0 within the object */
    uint8_t kind;
    bool observes; /* LP_BUSY, READ: changes nothing */
    bool optional; /* of unknown outcome: by return_ns, or not at all */
};

struct lp_part {
    const struct lp_model *model;
    const struct lp_calls *calls;
    const struct lp_budget *budget;
    uint32_t key;
    const uint32_t *index; /* of its calls, in order; NULL: all, 0 to count - 1 */
    size_t count;
    struct lp_numbers *numbers; /* the thread's own, for renumbering processes */
    uint64_t slack_ns; /* a is before b of another process if a returned more than this earlier */
    struct lp_item *items;
    size_t item_count;
    uint32_t process_count;
    uint64_t certain; /* items that are not optional */
};

/* What a call tells the model. */
enum lp_tells {
    LP_TELLS_NOTHING,
    LP_TELLS_EFFECT, /* LP_OK or LP_UNKNOWN of a kind that changes the object */
    LP_TELLS_STATE,  /* an observation */
};
enum lp_tells lp_model_tells(enum lp_model_kind kind, const struct lp_call *call);
/* Must the model neither judge nor ignore it? */
bool lp_model_refuses(enum lp_model_kind kind, const struct lp_call *call);

static inline const struct lp_call *lp_part_call(const struct lp_part *part, size_t i)
{
    return &part->calls->calls[part->index ? part->index[i] : i];
}

/* Numbers of processes within one object, without clearing an array for each object. */
struct lp_numbers {
    uint32_t *number, *epoch;
    size_t cap;
    uint32_t now, count;
};
uint32_t lp_numbers_get(struct lp_numbers *numbers, uint32_t process);
void lp_numbers_restart(struct lp_numbers *numbers);
void lp_numbers_release(struct lp_numbers *numbers);

/* False when the call says nothing. `process` is left to the caller. */
bool lp_item_of(struct lp_item *item, enum lp_model_kind kind, const struct lp_call *call,
                size_t number);
void lp_sort_calls(size_t *calls, size_t count);

/* Fills items. */
void lp_part_prepare(struct lp_part *part);
void lp_part_release(struct lp_part *part);

/* ---- what came of one object ---- */

struct lp_ruling {
    enum lp_decided decided;
    enum lp_why why;
    char detail[200];
    const char *rule;
    size_t *witness; /* indexes into calls->calls, in any order */
    size_t witness_count, witness_cap;
    size_t *order;
    size_t order_count, order_cap;
};
void lp_ruling_release(struct lp_ruling *ruling);
void lp_ruling_witness(struct lp_ruling *ruling, size_t call);
void lp_ruling_order(struct lp_ruling *ruling, size_t call);

/* ---- the objects as they ought to be: model_step.c ---- */

/* Words of a state of an object that `processes` processes use. */
size_t lp_state_words(const struct lp_model *model, uint32_t processes);
void lp_state_init(const struct lp_model *model, int64_t start, uint64_t *state, size_t words);
/* Would the object have answered so? If so `state` is what it is after it; else undefined. */
bool lp_state_step(const struct lp_model *model, uint64_t *state, const struct lp_item *item);

/* ---- ways to decide: each fills the ruling ---- */
void lp_part_search(const struct lp_part *part, struct lp_ruling *ruling);

#endif
