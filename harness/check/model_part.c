/* SPDX-License-Identifier: MIT */
/* The calls of one object, without those that tell nothing. */
#include "check/model_parts.h"

#include <stdlib.h>
#include <string.h>

#include "os/pages.h"

#define CLOCK_RATE 100

uint32_t lp_numbers_get(struct lp_numbers *numbers, uint32_t process)
{
    if (process >= numbers->cap) {
        size_t cap = numbers->cap;
        numbers->number = lp_grow(numbers->number, &cap, process + 1u, sizeof *numbers->number);
        cap = numbers->cap;
        numbers->epoch =
            lp_grow(numbers->epoch, &numbers->cap, process + 1u, sizeof *numbers->epoch);
    }
    if (numbers->epoch[process] != numbers->now) {
        numbers->epoch[process] = numbers->now;
        numbers->number[process] = numbers->count++;
    }
    return numbers->number[process];
}

void lp_numbers_restart(struct lp_numbers *numbers)
{
    numbers->now++;
    numbers->count = 0;
}

void lp_numbers_release(struct lp_numbers *numbers)
{
    free(numbers->number);
    free(numbers->epoch);
    *numbers = (struct lp_numbers){0};
}

/* A server's second is at least 99 hundredths of one of ours. */
static uint64_t lease_end(const struct lp_call *call)
{
    uint64_t lease_ns = call->lease_ns - call->lease_ns / CLOCK_RATE;
    if (call->lease_ns == 0 || call->invoke_ns > LP_CALL_NEVER - lease_ns)
        return LP_CALL_NEVER;
    return call->invoke_ns + lease_ns;
}

bool lp_item_of(struct lp_item *item, enum lp_model_kind kind, const struct lp_call *call,
                size_t number)
{
    enum lp_tells tells = lp_model_tells(kind, call);
    if (tells == LP_TELLS_NOTHING)
        return false;
    bool optional = call->outcome == LP_UNKNOWN;
    *item = (struct lp_item){
        .invoke_ns = call->invoke_ns,
        .return_ns = call->return_ns,
        .a = call->a,
        .b = call->b,
        .call = number,
        .kind = call->kind,
        .observes = tells == LP_TELLS_STATE,
        .optional = optional,
    };
    if (optional && call->kind == LP_CALL_ADD)
        item->b = LP_CALL_NOTHING; /* the value after it, nobody saw */
    if (kind == LP_MODEL_LEASE)
        item->b = (int64_t)lease_end(call);
    return true;
}

static int by_number(const void *a, const void *b)
{
    size_t left = *(const size_t *)a, right = *(const size_t *)b;
    return (left > right) - (left < right);
}

void lp_sort_calls(size_t *calls, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (calls[i - 1] > calls[i]) { /* mostly there are many, in order */
            qsort(calls, count, sizeof *calls, by_number);
            return;
        }
}

void lp_part_prepare(struct lp_part *part)
{
    enum lp_model_kind kind = part->model->kind;
    part->items = lp_alloc(part->count, sizeof *part->items);
    lp_pages_prefer_huge(part->items, part->count * sizeof *part->items);
    lp_numbers_restart(part->numbers);
    for (size_t i = 0; i < part->count; i++) {
        const struct lp_call *call = lp_part_call(part, i);
        struct lp_item *item = &part->items[part->item_count];
        if (!lp_item_of(item, kind, call, (size_t)(call - part->calls->calls)))
            continue;
        item->process = lp_numbers_get(part->numbers, call->process);
        part->item_count++;
        part->certain += !item->optional;
    }
    part->process_count = part->numbers->count;
}

void lp_part_release(struct lp_part *part)
{
    free(part->items);
    part->items = NULL;
}

void lp_ruling_release(struct lp_ruling *ruling)
{
    free(ruling->witness);
    free(ruling->order);
    memset(ruling, 0, sizeof *ruling);
}

void lp_ruling_witness(struct lp_ruling *ruling, size_t call)
{
    ruling->witness = lp_grow(ruling->witness, &ruling->witness_cap, ruling->witness_count + 1,
                              sizeof *ruling->witness);
    ruling->witness[ruling->witness_count++] = call;
}

void lp_ruling_order(struct lp_ruling *ruling, size_t call)
{
    ruling->order =
        lp_grow(ruling->order, &ruling->order_cap, ruling->order_count + 1, sizeof *ruling->order);
    ruling->order[ruling->order_count++] = call;
}
