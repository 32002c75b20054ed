/* SPDX-License-Identifier: MIT */
/* Who holds a lock with owners: holds begin and end as late as they can. */
#include "check/owners.h"

static void start_holding(struct lp_owners *owners, uint32_t process)
{
    struct lp_owner *owner = &owners->of[process];
    if (owner->exclusive + owner->shared > 0)
        return;
    owners->holders = lp_grow(owners->holders, &owners->holder_cap, owners->holder_count + 1,
                              sizeof *owners->holders);
    owner->place = (uint32_t)owners->holder_count;
    owners->holders[owners->holder_count++] = process;
    owner->trail_count = 0;
}

void lp_owners_note_orphan(struct lp_owners *owners, uint32_t process)
{
    owners->orphans = lp_grow(owners->orphans, &owners->orphan_cap, owners->orphan_count + 1,
                              sizeof *owners->orphans);
    owners->orphans[owners->orphan_count++] = process;
}

static void stop_holding(struct lp_owners *owners, uint32_t process)
{
    struct lp_owner *owner = &owners->of[process];
    if (owners->writer == process && owner->exclusive == 0)
        owners->writer = LP_NOBODY;
    if (owner->exclusive + owner->shared > 0)
        return;
    uint32_t moved = owners->holders[--owners->holder_count];
    owners->holders[owner->place] = moved;
    owners->of[moved].place = owner->place;
    if (owner->releases.count > 0)
        lp_owners_note_orphan(owners, process);
}

static bool excludes(const struct lp_owners *owners, uint32_t holder, uint32_t process, bool shared)
{
    return holder != process && (!shared || owners->writer == holder);
}

static bool has_room(const struct lp_owners *owners, uint32_t process, bool shared)
{
    if (owners->holder_count == 0)
        return true;
    if (shared)
        return owners->writer == LP_NOBODY || owners->writer == process;
    return owners->holder_count == 1 && owners->holders[0] == process &&
           (owners->reentrant || owners->of[process].exclusive == 0);
}

void lp_owners_observe(struct lp_owners *owners)
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

static void do_release(struct lp_owners *owners, const struct lp_item *item)
{
    struct lp_owner *owner = &owners->of[item->process];
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
static bool evict(struct lp_owners *owners, uint32_t holder)
{
    struct lp_owner *owner = &owners->of[holder];
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
static void grant(struct lp_owners *owners, const struct lp_item *item)
{
    struct lp_owner *owner = &owners->of[item->process];
    start_holding(owners, item->process);
    lp_sweep_effect(&owners->base, item);
    if (item->kind == LP_CALL_ACQUIRE_SHARED) {
        owner->shared++;
        owner->exclusive = 0;
        if (owners->writer == item->process)
            owners->writer = LP_NOBODY;
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
    lp_owners_observe(owners);
}

/* The acquire that a release in flight needs, while its process holds nothing: made before it. */
static const struct lp_item *find_before(const struct lp_owner *owner, size_t before)
{
    const struct lp_fifo *unknown = &owner->unknown_acquires;
    if (owner->acquires.count > 0 && owner->acquires.items[0].call < before)
        return &owner->acquires.items[0];
    if (lp_fifo_any(unknown) && unknown->items[unknown->first].call < before)
        return &unknown->items[unknown->first];
    return NULL;
}

static struct lp_item take_found(struct lp_owner *owner, const struct lp_item *found)
{
    struct lp_item item = *found;
    if (owner->acquires.count > 0 && found == &owner->acquires.items[0])
        lp_heap_pop(&owner->acquires);
    else
        lp_fifo_pop(&owner->unknown_acquires, &item);
    return item;
}

/* Orphans for whose acquires there is room now. */
void lp_owners_settle(struct lp_owners *owners)
{
    size_t kept = 0;
    for (size_t i = 0; i < owners->orphan_count; i++) {
        uint32_t process = owners->orphans[i];
        struct lp_owner *owner = &owners->of[process];
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

static void blame_holder(struct lp_owners *owners, const struct lp_item *item, uint32_t holder)
{
    const struct lp_owner *owner = &owners->of[holder];
    for (size_t i = 0; i < owner->trail_count; i++)
        lp_sweep_witness(&owners->base, owner->trail[i]);
    lp_sweep_witness(&owners->base, item->call);
    if (owner->forgetful || item->optional || owners->rw ||
        owners->of[item->process].releases.count > 0)
        owners->base.whole = true;
    lp_sweep_broken(&owners->base, "granted while another process certainly held it");
}

/* Its next call makes its exclusive hold a shared one. */
static bool turn_shared(struct lp_owners *owners, uint32_t holder)
{
    struct lp_owner *owner = &owners->of[holder];
    const struct lp_item *next = owner->acquires.items;
    if (owner->exclusive == 0 || owner->acquires.count == 0 ||
        next->kind != LP_CALL_ACQUIRE_SHARED ||
        (owner->releases.count > 0 && owner->releases.items[0].call < next->call))
        return false;
    struct lp_item item = lp_heap_pop(&owner->acquires);
    grant(owners, &item);
    return true;
}

static bool make_room(struct lp_owners *owners, const struct lp_item *item, bool shared)
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
    lp_owners_settle(owners);
    return owners->base.state == LP_SWEEP_GOES;
}

bool lp_owners_acquire(struct lp_owners *owners, const struct lp_item *item)
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

void lp_owners_release(struct lp_owners *owners, const struct lp_item *item)
{
    struct lp_owner *owner = &owners->of[item->process];
    if (owner->exclusive + owner->shared == 0) {
        const struct lp_item *found = find_before(owner, item->call);
        if (found == NULL) {
            owners->base.whole = true;
            lp_sweep_broken(&owners->base, "released by a process that cannot have held it");
            return;
        }
        struct lp_item missing = take_found(owner, found);
        if (!lp_owners_acquire(owners, &missing))
            return;
    }
    do_release(owners, item);
}
