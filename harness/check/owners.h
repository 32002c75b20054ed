/* SPDX-License-Identifier: MIT */
/* Inside the room: who holds a lock with owners, and how holds begin and end. See sweep_owners.c.
 */
#ifndef LP_CHECK_OWNERS_H
#define LP_CHECK_OWNERS_H

#include "check/sweep.h"

#define LP_NOBODY UINT32_MAX

struct lp_owner {
    uint32_t exclusive, shared;        /* how often it holds */
    struct lp_heap acquires, releases; /* in flight: one, but for clocks that differ */
    struct lp_fifo unknown_acquires, unknown_releases;
    size_t *trail; /* its acquires since it last held nothing */
    size_t trail_count, trail_cap;
    size_t released; /* 1 + its last release that took effect */
    uint32_t place;  /* in holders */
    bool forgetful;  /* a release of unknown outcome, or several: its trail proves nothing alone */
};

struct lp_owners {
    struct lp_sweep base;
    struct lp_owner *of;
    size_t of_cap;
    uint32_t of_count;
    uint32_t writer; /* or LP_NOBODY */
    uint32_t *holders;
    size_t holder_count, holder_cap;
    struct lp_heap returns; /* all calls of known outcome in flight */
    struct lp_item *observers;
    size_t observer_count, observer_cap;
    uint32_t *orphans; /* processes with a release that has nothing to release yet */
    size_t orphan_count, orphan_cap;
    bool observed, guessed; /* there were LP_BUSY tries; acquires of unknown outcome */
    bool chooses;           /* a process goes on though its release is of unknown outcome */
    bool tied;              /* a process's acquire and release cannot be told apart by the clocks */
    bool hurried;           /* an acquire of known outcome took effect early, with its release */
    bool reentrant, rw;
};

/* A release in flight of a process that holds nothing. */
void lp_owners_note_orphan(struct lp_owners *owners, uint32_t process);
/* Those for whose acquires there is room now take effect, acquire and release. */
void lp_owners_settle(struct lp_owners *owners);
/* Tries that found it taken, if it is. */
void lp_owners_observe(struct lp_owners *owners);
/* The call takes effect, after what must before it; false when it cannot. */
bool lp_owners_acquire(struct lp_owners *owners, const struct lp_item *item);
void lp_owners_release(struct lp_owners *owners, const struct lp_item *item);

#endif
