/* SPDX-License-Identifier: MIT */
/*
 * Locks with owners: owned-mutex, reentrant, rw-lock. Only its process ends a hold, so while calls
 * have known outcomes there is nothing to choose: an acquire that must take effect needs all holds
 * that exclude it to end, each by the release of its owner that is in flight, or no order explains
 * it. As late as can be is right, as with places.
 *
 * A release in flight while its process holds nothing (an orphan) needs an acquire of the same
 * process: one of unknown outcome, or one that returned in the same instant. Both take effect at
 * once, as soon as nothing excludes it: that leaves the lock as it was, so nothing is lost by it.
 * A release of unknown outcome takes effect when an acquire needs it.
 *
 * In doubt is what this rule calls broken where it had to choose:
 *   - tries that found the lock taken, together with acquires of unknown outcome: whose hold was
 * it?
 *   - in a rw-lock any acquire of unknown outcome: it may have turned one kind of hold into the
 * other
 *   - a process that acquires again though its release is of unknown outcome: that release may have
 *     ended this hold or the one before
 *   - calls of one process that the clocks cannot tell apart, with such tries or in a rw-lock
 *
 * O(n log c) in the number c of calls in flight; memory O(c + processes + unknown outcomes).
 */
#include "check/owners.h"

#include <stdlib.h>

static void begin(struct lp_sweep *sweep)
{
    struct lp_owners *owners = (struct lp_owners *)sweep;
    owners->writer = LP_NOBODY;
    owners->reentrant = sweep->model.kind == LP_MODEL_REENTRANT;
    owners->rw = sweep->model.kind == LP_MODEL_RW_LOCK;
}

static bool heap_take(struct lp_heap *heap, size_t call)
{
    for (size_t i = 0; i < heap->count; i++)
        if (heap->items[i].call == call) {
            /* Nearly always the only one. */
            heap->items[i].return_ns = 0;
            for (size_t at = i; at > 0; at = (at - 1) / 2) {
                struct lp_item kept = heap->items[at];
                heap->items[at] = heap->items[(at - 1) / 2];
                heap->items[(at - 1) / 2] = kept;
            }
            lp_heap_pop(heap);
            return true;
        }
    return false;
}

static void force_observer(struct lp_owners *owners, const struct lp_item *item)
{
    for (size_t i = 0; i < owners->observer_count; i++)
        if (owners->observers[i].call == item->call) {
            owners->base.whole = true; /* what fails from now on may be on account of this answer */
            /* Somebody must have held it: the acquire in flight that returns first. */
            const struct lp_item *found = NULL;
            for (size_t j = 0; j < owners->returns.count; j++) {
                const struct lp_item *other = &owners->returns.items[j];
                if (!other->observes && other->kind != LP_CALL_RELEASE &&
                    (!owners->reentrant || other->process != item->process) &&
                    (found == NULL || other->return_ns < found->return_ns))
                    if (other->return_ns >= item->return_ns)
                        found = other;
            }
            struct lp_item granted;
            if (found != NULL && heap_take(&owners->of[found->process].acquires, found->call)) {
                granted = *found;
                lp_owners_acquire(owners, &granted);
                return;
            }
            for (uint32_t p = 0; p < owners->of_count; p++)
                if ((!owners->reentrant || p != item->process) &&
                    lp_fifo_pop(&owners->of[p].unknown_acquires, &granted)) {
                    lp_owners_acquire(owners, &granted);
                    return;
                }
            lp_sweep_broken(&owners->base, "found taken while it was certainly free");
            return;
        }
}

static void advance(struct lp_sweep *sweep, uint64_t time_ns)
{
    struct lp_owners *owners = (struct lp_owners *)sweep;
    while (sweep->state == LP_SWEEP_GOES &&
           lp_is_past(sweep, lp_heap_top_ns(&owners->returns), time_ns)) {
        struct lp_item item = lp_heap_pop(&owners->returns);
        struct lp_owner *owner = &owners->of[item.process];
        if (item.observes)
            force_observer(owners, &item);
        else if (item.kind == LP_CALL_RELEASE && heap_take(&owner->releases, item.call))
            lp_owners_release(owners, &item);
        else if (item.kind != LP_CALL_RELEASE && heap_take(&owner->acquires, item.call))
            lp_owners_acquire(owners, &item);
    }
}

static void invoke_unknown(struct lp_owners *owners, const struct lp_item *item)
{
    struct lp_owner *owner = &owners->of[item->process];
    bool is_release = item->kind == LP_CALL_RELEASE;
    lp_fifo_push(is_release ? &owner->unknown_releases : &owner->unknown_acquires, item);
    owners->base.memory += sizeof *item;
    owner->forgetful |= is_release;
    owners->guessed |= !is_release;
    owners->chooses |= is_release && owner->acquires.count > 0;
}

static void invoke(struct lp_sweep *sweep, const struct lp_item *item)
{
    struct lp_owners *owners = (struct lp_owners *)sweep;
    if (item->process >= owners->of_count) {
        owners->of = lp_grow(owners->of, &owners->of_cap, item->process + 1u, sizeof *owners->of);
        owners->of_count = item->process + 1;
    }
    struct lp_owner *owner = &owners->of[item->process];
    if (item->optional) {
        invoke_unknown(owners, item);
    } else if (item->observes) {
        owners->observed = true;
        owners->observers = lp_grow(owners->observers, &owners->observer_cap,
                                    owners->observer_count + 1, sizeof *owners->observers);
        owners->observers[owners->observer_count++] = *item;
        lp_heap_push(&owners->returns, item);
        lp_owners_observe(owners);
    } else {
        bool is_release = item->kind == LP_CALL_RELEASE;
        owners->tied |= is_release && owner->acquires.count > 0;
        owners->chooses |= (!is_release && lp_fifo_any(&owner->unknown_releases)) ||
                           (owners->rw && owner->acquires.count + owner->releases.count > 0);
        lp_heap_push(is_release ? &owner->releases : &owner->acquires, item);
        lp_heap_push(&owners->returns, item);
    }
    sweep->sure = !owners->chooses && !(owners->guessed && owners->rw) &&
                  !(owners->observed &&
                    (owners->guessed || owners->hurried || owners->tied || sweep->slack_ns > 0));
    bool holds = owner->exclusive + owner->shared > 0;
    if (item->kind == LP_CALL_RELEASE && !holds && !item->optional) {
        lp_owners_note_orphan(owners, item->process);
        lp_owners_settle(owners);
    }
}

static void release(struct lp_sweep *sweep)
{
    struct lp_owners *owners = (struct lp_owners *)sweep;
    for (uint32_t i = 0; i < owners->of_count; i++) {
        struct lp_owner *owner = &owners->of[i];
        free(owner->acquires.items);
        free(owner->releases.items);
        free(owner->unknown_acquires.items);
        free(owner->unknown_releases.items);
        free(owner->trail);
    }
    free(owners->of);
    free(owners->holders);
    free(owners->returns.items);
    free(owners->observers);
    free(owners->orphans);
}

const struct lp_sweep_rule lp_sweep_owners = {
    .name = "owners: a hold ends as late as it can",
    .size = sizeof(struct lp_owners),
    .begin = begin,
    .advance = advance,
    .invoke = invoke,
    .release = release,
};
