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
#include <stdlib.h>
#include <string.h>

#include "check/sweep.h"

#define NOBODY UINT32_MAX

struct owner {
    uint32_t exclusive, shared;        /* how often it holds */
    struct lp_heap acquires, releases; /* in flight: one, but for clocks that differ */
    struct lp_fifo unknown_acquires, unknown_releases;
    size_t *trail; /* its acquires since it last held nothing */
    size_t trail_count, trail_cap;
    size_t released; /* 1 + its last release that took effect */
    uint32_t place;  /* in holders */
    bool forgetful;  /* a release of unknown outcome, or several: its trail proves nothing alone */
};

struct owners {
    struct lp_sweep base;
    struct owner *of;
    size_t of_cap;
    uint32_t of_count;
    uint32_t writer; /* or NOBODY */
    uint32_t *holders;
    size_t holder_count, holder_cap;
    struct lp_heap returns; /* all calls of known outcome in flight */
    struct lp_item *observers;
    size_t observer_count, observer_cap;
    uint32_t *orphans; /* processes with a release that has nothing to release yet */
    size_t orphan_count, orphan_cap;
    bool observed, guessed; /* there were LP_BUSY tries; acquires of unknown outcome */
    bool chooses;           /* a process goes on though its release is of unknown outcome */
    bool hurried;           /* an acquire of known outcome took effect early, with its release */
    bool reentrant, rw;
};

static void begin(struct lp_sweep *sweep)
{
    struct owners *owners = (struct owners *)sweep;
    owners->writer = NOBODY;
    owners->reentrant = sweep->model.kind == LP_MODEL_REENTRANT;
    owners->rw = sweep->model.kind == LP_MODEL_RW_LOCK;
}

/* ---- who holds ---- */

static void start_holding(struct owners *owners, uint32_t process)
{
    struct owner *owner = &owners->of[process];
    if (owner->exclusive + owner->shared > 0)
        return;
    owners->holders = lp_grow(owners->holders, &owners->holder_cap, owners->holder_count + 1,
                              sizeof *owners->holders);
    owner->place = (uint32_t)owners->holder_count;
    owners->holders[owners->holder_count++] = process;
    owner->trail_count = 0;
}

static bool has_any(const struct lp_fifo *fifo)
{
    return fifo->first < fifo->count;
}

static void note_orphan(struct owners *owners, uint32_t process)
{
    owners->orphans = lp_grow(owners->orphans, &owners->orphan_cap, owners->orphan_count + 1,
                              sizeof *owners->orphans);
    owners->orphans[owners->orphan_count++] = process;
}

static void stop_holding(struct owners *owners, uint32_t process)
{
    struct owner *owner = &owners->of[process];
    if (owners->writer == process && owner->exclusive == 0)
        owners->writer = NOBODY;
    if (owner->exclusive + owner->shared > 0)
        return;
    uint32_t moved = owners->holders[--owners->holder_count];
    owners->holders[owner->place] = moved;
    owners->of[moved].place = owner->place;
    if (owner->releases.count > 0)
        note_orphan(owners, process);
}

static bool excludes(const struct owners *owners, uint32_t holder, uint32_t process, bool shared)
{
    return holder != process && (!shared || owners->writer == holder);
}

static bool has_room(const struct owners *owners, uint32_t process, bool shared)
{
    if (owners->holder_count == 0)
        return true;
    if (shared)
        return owners->writer == NOBODY || owners->writer == process;
    return owners->holder_count == 1 && owners->holders[0] == process &&
           (owners->reentrant || owners->of[process].exclusive == 0);
}

static void observe(struct owners *owners)
{
    size_t kept = 0;
    if (owners->holder_count == 0)
        return;
    for (size_t i = 0; i < owners->observer_count; i++) {
        const struct lp_item *item = &owners->observers[i];
        if (owners->reentrant && owners->holders[0] == item->process)
            owners->observers[kept++] = *item;
        else
            lp_sweep_effect(&owners->base, item);
    }
    owners->observer_count = kept;
}

/* ---- holds begin and end ---- */

static void do_release(struct owners *owners, const struct lp_item *item)
{
    struct owner *owner = &owners->of[item->process];
    lp_sweep_effect(&owners->base, item);
    if (owner->exclusive > 0)
        owner->exclusive--;
    else
        owner->shared--;
    owner->forgetful |= item->optional;
    owner->released = item->call + 1;
    stop_holding(owners, item->process);
}

static bool take(struct lp_heap *heap, struct lp_fifo *unknown, struct lp_item *item)
{
    if (heap->count == 0)
        return lp_fifo_pop(unknown, item);
    *item = lp_heap_pop(heap);
    return true;
}

/* Ends all holds of one process, by its releases in flight. */
static bool evict(struct owners *owners, uint32_t holder)
{
    struct owner *owner = &owners->of[holder];
    struct lp_item item;
    if (owner->acquires.count > 0 && owner->releases.count > 0 &&
        owner->acquires.items[0].call < owner->releases.items[0].call)
        lp_sweep_doubt(&owners->base); /* it acquired again before, in the same instant */
    while (owner->exclusive + owner->shared > 0) {
        if (!take(&owner->releases, &owner->unknown_releases, &item))
            return false;
        do_release(owners, &item);
    }
    return true;
}

/* Nothing excludes it. */
static void grant(struct owners *owners, const struct lp_item *item)
{
    struct owner *owner = &owners->of[item->process];
    start_holding(owners, item->process);
    lp_sweep_effect(&owners->base, item);
    if (item->kind == LP_CALL_ACQUIRE_SHARED) {
        owner->shared++;
        owner->exclusive = 0;
        if (owners->writer == item->process)
            owners->writer = NOBODY;
    } else {
        owner->exclusive++;
        owner->shared = 0;
        owners->writer = item->process;
    }
    if (!item->optional) {
        owner->trail =
            lp_grow(owner->trail, &owner->trail_cap, owner->trail_count + 1, sizeof *owner->trail);
        owner->trail[owner->trail_count++] = item->call;
    }
    observe(owners);
}

/* The acquire that a release in flight needs, while its process holds nothing: made before it. */
static const struct lp_item *find_before(const struct owner *owner, size_t before)
{
    const struct lp_fifo *unknown = &owner->unknown_acquires;
    if (owner->acquires.count > 0 && owner->acquires.items[0].call < before)
        return &owner->acquires.items[0];
    if (has_any(unknown) && unknown->items[unknown->first].call < before)
        return &unknown->items[unknown->first];
    return NULL;
}

static struct lp_item take_found(struct owner *owner, const struct lp_item *found)
{
    struct lp_item item = *found;
    if (owner->acquires.count > 0 && found == &owner->acquires.items[0])
        lp_heap_pop(&owner->acquires);
    else
        lp_fifo_pop(&owner->unknown_acquires, &item);
    return item;
}

/* Orphans for whose acquires there is room now. */
static void settle_orphans(struct owners *owners)
{
    size_t kept = 0;
    for (size_t i = 0; i < owners->orphan_count; i++) {
        uint32_t process = owners->orphans[i];
        struct owner *owner = &owners->of[process];
        if (owner->releases.count == 0 || owner->exclusive + owner->shared > 0)
            continue;
        size_t before = owner->releases.items[0].call;
        const struct lp_item *found = find_before(owner, before);
        if (found == NULL)
            continue;
        for (size_t j = 1; j < owner->acquires.count; j++)
            if (owner->acquires.items[j].call < before)
                lp_sweep_doubt(&owners->base); /* which of them is it? */
        if (!has_room(owners, process, found->kind == LP_CALL_ACQUIRE_SHARED)) {
            owners->orphans[kept++] = process;
            continue;
        }
        struct lp_item item = take_found(owner, found);
        owners->hurried |= !item.optional;
        grant(owners, &item);
        item = lp_heap_pop(&owner->releases);
        do_release(owners, &item); /* may note the process again, behind the others */
    }
    owners->orphan_count = kept;
}

static void blame_holder(struct owners *owners, const struct lp_item *item, uint32_t holder)
{
    const struct owner *owner = &owners->of[holder];
    for (size_t i = 0; i < owner->trail_count; i++)
        lp_sweep_witness(&owners->base, owner->trail[i]);
    lp_sweep_witness(&owners->base, item->call);
    if (owner->forgetful || item->optional || owners->rw ||
        owners->of[item->process].releases.count > 0)
        owners->base.whole = true;
    lp_sweep_broken(&owners->base, "granted while another process certainly held it");
}

/* Its next call makes its exclusive hold a shared one. */
static bool turn_shared(struct owners *owners, uint32_t holder)
{
    struct owner *owner = &owners->of[holder];
    const struct lp_item *next = owner->acquires.items;
    if (owner->exclusive == 0 || owner->acquires.count == 0 ||
        next->kind != LP_CALL_ACQUIRE_SHARED ||
        (owner->releases.count > 0 && owner->releases.items[0].call < next->call))
        return false;
    struct lp_item item = lp_heap_pop(&owner->acquires);
    grant(owners, &item);
    return true;
}

static bool make_room(struct owners *owners, const struct lp_item *item, bool shared)
{
    for (size_t i = owners->holder_count; i-- > 0;) {
        if (i >= owners->holder_count)
            continue;
        uint32_t holder = owners->holders[i];
        if (excludes(owners, holder, item->process, shared) &&
            !(shared && turn_shared(owners, holder)) && !evict(owners, holder)) {
            blame_holder(owners, item, holder);
            return false;
        }
    }
    settle_orphans(owners);
    return owners->base.state == LP_SWEEP_GOES;
}

static bool acquire(struct owners *owners, const struct lp_item *item)
{
    bool shared = item->kind == LP_CALL_ACQUIRE_SHARED;
    if (!make_room(owners, item, shared))
        return false;
    if (!owners->reentrant && !shared && owners->of[item->process].exclusive > 0 &&
        !evict(owners, item->process)) {
        blame_holder(owners, item, item->process);
        return false;
    }
    grant(owners, item);
    return true;
}

static void release_hold(struct owners *owners, const struct lp_item *item)
{
    struct owner *owner = &owners->of[item->process];
    if (owner->exclusive + owner->shared == 0) {
        const struct lp_item *found = find_before(owner, item->call);
        if (found == NULL) {
            owners->base.whole = true;
            lp_sweep_broken(&owners->base, "released by a process that cannot have held it");
            return;
        }
        struct lp_item missing = take_found(owner, found);
        if (!acquire(owners, &missing))
            return;
    }
    do_release(owners, item);
}

/* ---- the pass ---- */

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

static void force_observer(struct owners *owners, const struct lp_item *item)
{
    for (size_t i = 0; i < owners->observer_count; i++)
        if (owners->observers[i].call == item->call) {
            owners->base.whole = true; /* whatever fails now is on account of this answer */
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
                owners->base.whole = !acquire(owners, &granted);
                return;
            }
            for (uint32_t p = 0; p < owners->of_count; p++)
                if ((!owners->reentrant || p != item->process) &&
                    lp_fifo_pop(&owners->of[p].unknown_acquires, &granted)) {
                    owners->base.whole = !acquire(owners, &granted);
                    return;
                }
            lp_sweep_broken(&owners->base, "found taken while it was certainly free");
            return;
        }
}

static void advance(struct lp_sweep *sweep, uint64_t time_ns)
{
    struct owners *owners = (struct owners *)sweep;
    while (sweep->state == LP_SWEEP_GOES &&
           lp_is_past(sweep, lp_heap_top_ns(&owners->returns), time_ns)) {
        struct lp_item item = lp_heap_pop(&owners->returns);
        struct owner *owner = &owners->of[item.process];
        if (item.observes)
            force_observer(owners, &item);
        else if (item.kind == LP_CALL_RELEASE && heap_take(&owner->releases, item.call))
            release_hold(owners, &item);
        else if (item.kind != LP_CALL_RELEASE && heap_take(&owner->acquires, item.call))
            acquire(owners, &item);
    }
}

static void invoke_unknown(struct owners *owners, const struct lp_item *item)
{
    struct owner *owner = &owners->of[item->process];
    bool is_release = item->kind == LP_CALL_RELEASE;
    lp_fifo_push(is_release ? &owner->unknown_releases : &owner->unknown_acquires, item);
    owners->base.memory += sizeof *item;
    owner->forgetful |= is_release;
    owners->guessed |= !is_release;
    owners->chooses |= is_release && owner->acquires.count > 0;
}

static void invoke(struct lp_sweep *sweep, const struct lp_item *item)
{
    struct owners *owners = (struct owners *)sweep;
    if (item->process >= owners->of_count) {
        owners->of = lp_grow(owners->of, &owners->of_cap, item->process + 1u, sizeof *owners->of);
        owners->of_count = item->process + 1;
    }
    struct owner *owner = &owners->of[item->process];
    if (item->optional) {
        invoke_unknown(owners, item);
    } else if (item->observes) {
        owners->observed = true;
        owners->observers = lp_grow(owners->observers, &owners->observer_cap,
                                    owners->observer_count + 1, sizeof *owners->observers);
        owners->observers[owners->observer_count++] = *item;
        lp_heap_push(&owners->returns, item);
        observe(owners);
    } else {
        bool is_release = item->kind == LP_CALL_RELEASE;
        owners->chooses |= (!is_release && has_any(&owner->unknown_releases)) ||
                           (owners->rw && owner->acquires.count + owner->releases.count > 0);
        lp_heap_push(is_release ? &owner->releases : &owner->acquires, item);
        lp_heap_push(&owners->returns, item);
    }
    sweep->sure = !owners->chooses && !(owners->guessed && owners->rw) &&
                  !(owners->observed && (owners->guessed || owners->hurried));
    bool holds = owner->exclusive + owner->shared > 0;
    if (item->kind == LP_CALL_RELEASE && !holds && !item->optional) {
        note_orphan(owners, item->process);
        settle_orphans(owners);
    }
}

static void release(struct lp_sweep *sweep)
{
    struct owners *owners = (struct owners *)sweep;
    for (uint32_t i = 0; i < owners->of_count; i++) {
        struct owner *owner = &owners->of[i];
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
    .size = sizeof(struct owners),
    .begin = begin,
    .advance = advance,
    .invoke = invoke,
    .release = release,
};
