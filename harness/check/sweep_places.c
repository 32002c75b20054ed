/* SPDX-License-Identifier: MIT */
/*
 * Mutex and semaphore: places that nobody owns, so that any acquire and any release of those in
 * flight will do. An acquire that must take effect while all places are taken needs a release
 * first, and the one that returns first is the best: whatever comes later, the other one can still
 * stand where this one would have (earliest deadline first; an exchange argument). For the same
 * reason nothing is gained by letting calls take effect early: two that cancel out can do so later,
 * as long as they are in flight. Calls of unknown outcome never return, so they are taken last.
 *
 * A try that found all places taken needs a moment at which they were. With one place that is the
 * time just after any acquire, so late is still best. With several it may pay to let an acquire
 * take effect early, before a release: then what this rule calls broken is in doubt.
 *
 * O(n log c) in the number c of calls in flight; memory O(c + unknown outcomes).
 */
#include <stdlib.h>

#include "check/sweep.h"

struct places {
    struct lp_sweep base;
    uint64_t held, capacity;
    struct lp_heap acquires, releases, observers;
    struct lp_fifo unknown_acquires, unknown_releases;
};

static void begin(struct lp_sweep *sweep)
{
    struct places *places = (struct places *)sweep;
    places->capacity = sweep->model.kind == LP_MODEL_SEMAPHORE ? sweep->model.capacity : 1;
    sweep->whole = true;
}

static void observe(struct places *places)
{
    if (places->held < places->capacity)
        return;
    for (size_t i = 0; i < places->observers.count; i++)
        lp_sweep_effect(&places->base, &places->observers.items[i]);
    places->observers.count = 0;
}

static bool take(struct lp_heap *heap, struct lp_fifo *unknown, struct lp_item *item)
{
    if (heap->count == 0)
        return lp_fifo_pop(unknown, item);
    *item = lp_heap_pop(heap);
    return true;
}

static bool take_acquire(struct places *places)
{
    struct lp_item item;
    if (!take(&places->acquires, &places->unknown_acquires, &item))
        return false;
    lp_sweep_effect(&places->base, &item);
    places->held++;
    observe(places);
    return true;
}

static bool take_release(struct places *places)
{
    struct lp_item item;
    if (!take(&places->releases, &places->unknown_releases, &item))
        return false;
    lp_sweep_effect(&places->base, &item);
    places->held--;
    return true;
}

static void force_acquire(struct places *places, const struct lp_item *item)
{
    if (places->held == places->capacity && !take_release(places)) {
        lp_sweep_broken(&places->base, "granted while all places were certainly taken");
        return;
    }
    lp_sweep_effect(&places->base, item);
    places->held++;
    observe(places);
}

static void force_release(struct places *places, const struct lp_item *item)
{
    if (places->held == 0 && !take_acquire(places)) {
        lp_sweep_broken(&places->base, "released while nobody can have held it");
        return;
    }
    lp_sweep_effect(&places->base, item);
    places->held--;
}

static void force_observer(struct places *places, const struct lp_item *item)
{
    while (places->held < places->capacity)
        if (!take_acquire(places)) {
            lp_sweep_broken(&places->base, "found taken while it was certainly free");
            return;
        }
    lp_sweep_effect(&places->base, item);
}

static void advance(struct lp_sweep *sweep, uint64_t time_ns)
{
    struct places *places = (struct places *)sweep;
    while (sweep->state == LP_SWEEP_GOES) {
        uint64_t acquire_ns = lp_heap_top_ns(&places->acquires);
        uint64_t release_ns = lp_heap_top_ns(&places->releases);
        uint64_t observer_ns = lp_heap_top_ns(&places->observers);
        uint64_t first_ns = acquire_ns < release_ns ? acquire_ns : release_ns;
        if (observer_ns < first_ns)
            first_ns = observer_ns;
        if (!lp_is_past(sweep, first_ns, time_ns))
            return;
        struct lp_item item;
        if (first_ns == acquire_ns) {
            item = lp_heap_pop(&places->acquires);
            force_acquire(places, &item);
        } else if (first_ns == release_ns) {
            item = lp_heap_pop(&places->releases);
            force_release(places, &item);
        } else {
            item = lp_heap_pop(&places->observers);
            force_observer(places, &item);
        }
    }
}

static void invoke(struct lp_sweep *sweep, const struct lp_item *item)
{
    struct places *places = (struct places *)sweep;
    if (item->observes) {
        if (places->capacity > 1)
            sweep->sure = false;
        if (places->held == places->capacity)
            lp_sweep_effect(sweep, item);
        else
            lp_heap_push(&places->observers, item);
    } else if (item->optional) {
        lp_fifo_push(item->kind == LP_CALL_ACQUIRE ? &places->unknown_acquires
                                                   : &places->unknown_releases,
                     item);
        sweep->memory += sizeof *item;
    } else {
        lp_heap_push(item->kind == LP_CALL_ACQUIRE ? &places->acquires : &places->releases, item);
    }
}

static void release(struct lp_sweep *sweep)
{
    struct places *places = (struct places *)sweep;
    free(places->acquires.items);
    free(places->releases.items);
    free(places->observers.items);
    free(places->unknown_acquires.items);
    free(places->unknown_releases.items);
}

const struct lp_sweep_rule lp_sweep_places = {
    .name = "places: a call takes effect as late as it can",
    .size = sizeof(struct places),
    .begin = begin,
    .advance = advance,
    .invoke = invoke,
    .release = release,
};
