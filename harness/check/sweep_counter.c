/* SPDX-License-Identifier: MIT */
/*
 * A counter that only grows. An add that told the value after it (add-and-get) has its place: the
 * one at which the counter stood at that value less the amount. Adds that told nothing, and those
 * of unknown outcome, can be told apart by their amount only, so where one of them is needed the
 * one that returns first is best, those of unknown outcome last (earliest deadline first). Nothing
 * is gained by adding early: no later call asks for a greater value without that the add is still
 * there to give it. So the value is always the least that it can be, a read of less is stale for
 * certain, and a read of more needs adds that are in flight.
 *
 * That holds for adds of one amount, and for add-and-get of any amounts above 0. With other amounts
 * it has to guess which adds make up a sum; then it may say held but not broken. Amounts of 0 and
 * below are for the search.
 *
 * O(n (log c + c)) in the number c of calls in flight; memory O(c + unknown outcomes).
 */
#include <stdlib.h>

#include "check/sweep.h"

/* A call that waits for a value. */
struct waiter {
    struct lp_item item;
    size_t
        proof; /* 1 + a call that had returned before and shows that it is too late for it; or 0 */
};

struct waiting {
    struct waiter *waiters; /* in no order */
    size_t count, cap;
    uint64_t first_ns; /* the earliest return among them */
};

struct counter {
    struct lp_sweep base;
    int64_t value;
    int64_t most;   /* the value if all adds so far took effect */
    int64_t amount; /* of adds, when all have the same */
    bool mixed;     /* they have not */
    bool nameless;  /* there are adds without the value after them */
    struct waiting named, reads;
    struct lp_heap adds;
    struct lp_fifo unknown;
    bool shown;
    int64_t shown_value; /* the greatest value that a call told that had to take effect, */
    size_t shown_call;   /*   this one */
};

static void begin(struct lp_sweep *sweep)
{
    struct counter *counter = (struct counter *)sweep;
    counter->value = counter->most = sweep->start == LP_CALL_NOTHING ? 0 : sweep->start;
    counter->named.first_ns = counter->reads.first_ns = LP_CALL_NEVER;
}

static void wait_for(struct waiting *waiting, const struct lp_item *item, size_t proof)
{
    waiting->waiters =
        lp_grow(waiting->waiters, &waiting->cap, waiting->count + 1, sizeof *waiting->waiters);
    waiting->waiters[waiting->count++] = (struct waiter){*item, proof};
    if (item->return_ns < waiting->first_ns)
        waiting->first_ns = item->return_ns;
}

static struct lp_item stop_waiting(struct waiting *waiting, size_t index)
{
    struct lp_item item = waiting->waiters[index].item;
    waiting->waiters[index] = waiting->waiters[--waiting->count];
    if (item.return_ns == waiting->first_ns) {
        waiting->first_ns = LP_CALL_NEVER;
        for (size_t i = 0; i < waiting->count; i++)
            if (waiting->waiters[i].item.return_ns < waiting->first_ns)
                waiting->first_ns = waiting->waiters[i].item.return_ns;
    }
    return item;
}

static int64_t value_before(const struct lp_item *add)
{
    return (int64_t)((uint64_t)add->b - (uint64_t)add->a);
}

/* The counter was past the value that it needs. That is said when it returns, not sooner: until
   then there may be an add of less than nothing, and this rule does not know what it says. */
static void too_late(struct counter *counter, const struct waiter *waiter)
{
    struct lp_sweep *sweep = &counter->base;
    if (waiter->proof != 0) {
        lp_sweep_witness(sweep, waiter->proof - 1);
        lp_sweep_witness(sweep, waiter->item.call);
    } else {
        sweep->whole = true;
    }
    lp_sweep_broken(sweep, "the counter was certainly past that value before it");
}

/* At its invocation: which call proves that it comes too late, if one does alone. */
static size_t proof_against(const struct counter *counter, int64_t needed)
{
    return counter->shown && counter->shown_value > needed ? counter->shown_call + 1 : 0;
}

static void out_of_reach(struct counter *counter, const struct lp_item *item, int64_t needed)
{
    struct lp_sweep *sweep = &counter->base;
    if (counter->most < needed)
        lp_sweep_witness(sweep, item->call);
    else
        sweep->whole = true;
    lp_sweep_broken(sweep, "the adds until then do not make up that value");
}

/* An add takes effect; reads that waited for the new value do too. */
static void add(struct counter *counter, const struct lp_item *item)
{
    int64_t before = counter->value;
    lp_sweep_effect(&counter->base, item);
    counter->value = (int64_t)((uint64_t)counter->value + (uint64_t)item->a);
    for (size_t i = counter->reads.count; i-- > 0;)
        if (counter->reads.waiters[i].item.a == counter->value) {
            struct lp_item read = stop_waiting(&counter->reads, i);
            lp_sweep_effect(&counter->base, &read);
        }
    bool named = item->b != LP_CALL_NOTHING && !item->optional;
    for (size_t i = 0; i < counter->named.count; i++)
        if (value_before(&counter->named.waiters[i].item) == before)
            counter->named.waiters[i].proof = named ? item->call + 1 : 0;
}

/* The add that stands where the counter is now, if it is in flight; of several that claim to, the
   one that returns first. */
static bool add_named(struct counter *counter)
{
    size_t found = counter->named.count;
    for (size_t i = 0; i < counter->named.count; i++) {
        const struct waiter *waiters = counter->named.waiters;
        if (value_before(&waiters[i].item) == counter->value &&
            (found == counter->named.count ||
             waiters[i].item.return_ns < waiters[found].item.return_ns))
            found = i;
    }
    if (found == counter->named.count)
        return false;
    struct lp_item item = stop_waiting(&counter->named, found);
    add(counter, &item);
    return true;
}

/* Brings the counter to `target`, for `item`. */
static bool reach(struct counter *counter, int64_t target, const struct lp_item *item)
{
    while (counter->base.state == LP_SWEEP_GOES && counter->value < target) {
        struct lp_item next;
        if (add_named(counter))
            continue;
        if (counter->adds.count > 0)
            next = lp_heap_pop(&counter->adds);
        else if (!lp_fifo_pop(&counter->unknown, &next)) {
            out_of_reach(counter, item, target);
            return false;
        }
        add(counter, &next);
    }
    if (counter->base.state == LP_SWEEP_GOES && counter->value > target) {
        counter->base.whole = true;
        lp_sweep_broken(&counter->base, "the adds step over that value");
    }
    return counter->base.state == LP_SWEEP_GOES;
}

static void show(struct counter *counter, const struct lp_item *item, int64_t value)
{
    if (counter->shown && counter->shown_value >= value)
        return;
    counter->shown = true;
    counter->shown_value = value;
    counter->shown_call = item->call;
}

static size_t find_first(const struct waiting *waiting)
{
    size_t i = 0;
    while (waiting->waiters[i].item.return_ns != waiting->first_ns)
        i++;
    return i;
}

static void force_named(struct counter *counter)
{
    struct waiter waiter = counter->named.waiters[find_first(&counter->named)];
    int64_t before = value_before(&waiter.item);
    if (counter->value > before) {
        too_late(counter, &waiter);
    } else if (reach(counter, before, &waiter.item)) {
        add_named(counter);
        show(counter, &waiter.item, waiter.item.b);
    }
}

static void force_read(struct counter *counter)
{
    struct waiter waiter = counter->reads.waiters[find_first(&counter->reads)];
    if (counter->value > waiter.item.a)
        too_late(counter, &waiter);
    else if (reach(counter, waiter.item.a, &waiter.item))
        show(counter, &waiter.item, waiter.item.a);
}

/* What a call told that has returned is certain from then on. */
static void advance(struct lp_sweep *sweep, uint64_t time_ns)
{
    struct counter *counter = (struct counter *)sweep;
    while (sweep->state == LP_SWEEP_GOES) {
        uint64_t named_ns = counter->named.first_ns, read_ns = counter->reads.first_ns;
        uint64_t add_ns = lp_heap_top_ns(&counter->adds);
        uint64_t first_ns = named_ns < read_ns ? named_ns : read_ns;
        if (add_ns < first_ns)
            first_ns = add_ns;
        if (!lp_is_past(sweep, first_ns, time_ns))
            return;
        if (first_ns == named_ns) {
            force_named(counter);
        } else if (first_ns == read_ns) {
            force_read(counter);
        } else if (!add_named(counter)) {
            struct lp_item item = lp_heap_pop(&counter->adds);
            add(counter, &item);
        }
    }
}

static void invoke_add(struct counter *counter, const struct lp_item *item)
{
    struct lp_sweep *sweep = &counter->base;
    if (item->a <= 0) {
        lp_sweep_doubt(sweep);
        return;
    }
    counter->mixed |= counter->amount != 0 && counter->amount != item->a;
    counter->amount = item->a;
    counter->nameless |= item->b == LP_CALL_NOTHING;
    sweep->sure = !(counter->mixed && counter->nameless);
    if (__builtin_add_overflow(counter->most, item->a, &counter->most))
        lp_sweep_doubt(sweep);
    if (item->b == LP_CALL_NOTHING && item->optional) {
        lp_fifo_push(&counter->unknown, item);
        sweep->memory += sizeof *item;
    } else if (item->b == LP_CALL_NOTHING) {
        lp_heap_push(&counter->adds, item);
    } else {
        wait_for(&counter->named, item, proof_against(counter, value_before(item)));
    }
}

static void invoke(struct lp_sweep *sweep, const struct lp_item *item)
{
    struct counter *counter = (struct counter *)sweep;
    if (item->kind == LP_CALL_ADD)
        invoke_add(counter, item);
    else if (item->a == counter->value)
        lp_sweep_effect(sweep, item);
    else
        wait_for(&counter->reads, item, proof_against(counter, item->a));
}

static void release(struct lp_sweep *sweep)
{
    struct counter *counter = (struct counter *)sweep;
    free(counter->named.waiters);
    free(counter->reads.waiters);
    free(counter->adds.items);
    free(counter->unknown.items);
}

const struct lp_sweep_rule lp_sweep_counter = {
    .name = "counter: it stands as low as it can",
    .size = sizeof(struct counter),
    .begin = begin,
    .advance = advance,
    .invoke = invoke,
    .release = release,
};
