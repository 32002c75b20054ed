/* SPDX-License-Identifier: MIT */
/* What the one-pass rules share. */
#include "check/sweep.h"

#include <stdio.h>
#include <stdlib.h>

#include "os/clock.h"

#define LOOK_EVERY 1024 /* calls between two looks at clock and memory */

/* ---- heap and fifo ---- */

/* In one instant: as they stand in the history, so that each process's come in its own order. */
static bool is_first(const struct lp_item *a, const struct lp_item *b)
{
    return a->return_ns != b->return_ns ? a->return_ns < b->return_ns : a->call < b->call;
}

void lp_heap_push(struct lp_heap *heap, const struct lp_item *item)
{
    if (heap->count == heap->cap)
        heap->items = lp_grow(heap->items, &heap->cap, heap->count + 1, sizeof *heap->items);
    struct lp_item *items = heap->items;
    size_t at = heap->count++;
    for (; at > 0 && is_first(item, &items[(at - 1) / 2]); at = (at - 1) / 2)
        items[at] = items[(at - 1) / 2];
    items[at] = *item;
}

struct lp_item lp_heap_pop(struct lp_heap *heap)
{
    struct lp_item *items = heap->items;
    struct lp_item first = items[0], last = items[--heap->count];
    size_t at = 0;
    for (size_t child = 1; child < heap->count; child = 2 * at + 1) {
        if (child + 1 < heap->count && is_first(&items[child + 1], &items[child]))
            child++;
        if (!is_first(&items[child], &last))
            break;
        items[at] = items[child];
        at = child;
    }
    items[at] = last;
    return first;
}

void lp_fifo_push(struct lp_fifo *fifo, const struct lp_item *item)
{
    if (fifo->count == fifo->cap)
        fifo->items = lp_grow(fifo->items, &fifo->cap, fifo->count + 1, sizeof *fifo->items);
    fifo->items[fifo->count++] = *item;
}

bool lp_fifo_pop(struct lp_fifo *fifo, struct lp_item *item)
{
    if (fifo->first == fifo->count)
        return false;
    *item = fifo->items[fifo->first++];
    if (fifo->first == fifo->count)
        fifo->first = fifo->count = 0;
    return true;
}

/* ---- the pass ---- */

const struct lp_sweep_rule *lp_sweep_rule_of(const struct lp_model *model)
{
    switch (model->kind) {
    case LP_MODEL_MUTEX:
    case LP_MODEL_SEMAPHORE:
        return &lp_sweep_places;
    case LP_MODEL_OWNED_MUTEX:
    case LP_MODEL_REENTRANT:
    case LP_MODEL_RW_LOCK:
        return &lp_sweep_owners;
    case LP_MODEL_FENCED:
        return &lp_sweep_tokens;
    case LP_MODEL_LEASE:
        return &lp_sweep_leases;
    case LP_MODEL_COUNTER:
        return &lp_sweep_counter;
    default:
        return NULL;
    }
}

struct lp_sweep *lp_sweep_new(const struct lp_sweep_rule *rule, const struct lp_model *model,
                              const struct lp_budget *budget, int64_t start, uint64_t slack_ns)
{
    struct lp_sweep *sweep = lp_alloc(1, rule->size);
    sweep->rule = rule;
    sweep->model = *model;
    sweep->budget = *budget;
    sweep->start = start;
    sweep->slack_ns = slack_ns;
    sweep->sure = true;
    rule->begin(sweep);
    return sweep;
}

void lp_sweep_free(struct lp_sweep *sweep)
{
    if (sweep == NULL)
        return;
    sweep->rule->release(sweep);
    free(sweep->last_effect);
    free(sweep);
}

static void look(struct lp_sweep *sweep)
{
    if (sweep->budget.memory != 0 && sweep->memory > sweep->budget.memory)
        sweep->state = LP_SWEEP_MEMORY;
    else if (sweep->budget.deadline_ns != 0 && lp_clock_ns() >= sweep->budget.deadline_ns)
        sweep->state = LP_SWEEP_TIMEOUT;
}

bool lp_sweep_add(struct lp_sweep *sweep, const struct lp_item *item)
{
    if (sweep->adds++ % LOOK_EVERY == 0)
        look(sweep);
    if (item->process >= sweep->process_count) {
        sweep->process_count = item->process + 1;
        sweep->last_effect = lp_grow(sweep->last_effect, &sweep->last_effect_cap,
                                     sweep->process_count, sizeof *sweep->last_effect);
    }
    if (sweep->state == LP_SWEEP_GOES)
        sweep->rule->advance(sweep, item->invoke_ns);
    if (sweep->state == LP_SWEEP_GOES) {
        sweep->failed_by = item->call;
        if (item->optional && item->return_ns != LP_CALL_NEVER && !sweep->rule->takes_relaxed) {
            lp_sweep_doubt(sweep); /* in its time or never: which to use first is no longer plain */
            return false;
        }
        sweep->rule->invoke(sweep, item);
    }
    return sweep->state == LP_SWEEP_GOES;
}

void lp_sweep_end(struct lp_sweep *sweep)
{
    if (sweep->state == LP_SWEEP_GOES)
        sweep->rule->advance(sweep, LP_CALL_NEVER);
}

/* ---- for the rules ---- */

void lp_sweep_effect(struct lp_sweep *sweep, const struct lp_item *item)
{
    size_t *last = &sweep->last_effect[item->process];
    /* Rules look at time only; that each process made its calls in order must come out of it. */
    if (!item->optional && *last > item->call + 1)
        lp_sweep_doubt(sweep);
    if (item->call + 1 > *last)
        *last = item->call + 1;
    if (sweep->order)
        lp_ruling_order(sweep->order, item->call);
}

void lp_sweep_doubt(struct lp_sweep *sweep)
{
    if (sweep->state == LP_SWEEP_GOES)
        sweep->state = LP_SWEEP_DOUBT;
}

void lp_sweep_broken(struct lp_sweep *sweep, const char *detail)
{
    if (sweep->state != LP_SWEEP_GOES)
        return;
    sweep->state = sweep->sure ? LP_SWEEP_BROKEN : LP_SWEEP_DOUBT;
    snprintf(sweep->detail, sizeof sweep->detail, "%s", detail);
}

void lp_sweep_witness(struct lp_sweep *sweep, size_t call)
{
    if (sweep->witness_count == LP_ARRAY_LEN(sweep->witness))
        sweep->whole = true;
    else
        sweep->witness[sweep->witness_count++] = call;
}

void lp_sweep_rule_on(const struct lp_sweep *sweep, struct lp_ruling *ruling)
{
    ruling->rule = sweep->rule->name;
    snprintf(ruling->detail, sizeof ruling->detail, "%s", sweep->detail);
    switch (sweep->state) {
    case LP_SWEEP_GOES:
        ruling->decided = LP_DECIDED_HELD;
        break;
    case LP_SWEEP_BROKEN:
        ruling->decided = LP_DECIDED_BROKEN;
        for (unsigned i = 0; i < sweep->witness_count && !sweep->whole; i++)
            lp_ruling_witness(ruling, sweep->witness[i]);
        break;
    default:
        ruling->decided = LP_DECIDED_UNKNOWN;
        ruling->why = sweep->state == LP_SWEEP_MEMORY  ? LP_WHY_MEMORY
                      : sweep->state == LP_SWEEP_DOUBT ? LP_WHY_ONE_PASS
                                                       : LP_WHY_TIMEOUT;
        if (sweep->detail[0] == '\0')
            snprintf(ruling->detail, sizeof ruling->detail, "%s",
                     sweep->state == LP_SWEEP_MEMORY  ? "out of memory"
                     : sweep->state == LP_SWEEP_DOUBT ? "one pass cannot tell"
                                                      : "out of time");
        break;
    }
}
