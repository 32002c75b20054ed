/* SPDX-License-Identifier: MIT */
/* Inside the room: the parts of lp_checks_run, in the order in which they need each other. */
#ifndef LP_CHECK_PARTS_H
#define LP_CHECK_PARTS_H

#include "check/check.h"

/* ---- facts ---- */
void lp_trail_init(struct lp_trail *trail, const struct lp_history *history);
void lp_trail_release(struct lp_trail *trail);
void lp_find_updates(struct lp_checks *checks);
void lp_find_holds(struct lp_checks *checks);
void lp_index_holds(struct lp_checks *checks);
void lp_find_dropped(struct lp_checks *checks);
void lp_find_cover(struct lp_checks *checks);
void lp_find_contention(struct lp_checks *checks);

/* ---- checkers ---- */
void lp_check_lost_update(struct lp_checks *checks);
void lp_check_mutual_exclusion(struct lp_checks *checks);
void lp_check_progress(struct lp_checks *checks);
void lp_check_lease(struct lp_checks *checks);
void lp_check_fencing(struct lp_checks *checks);
void lp_check_recovery(struct lp_checks *checks);
void lp_check_liveness(struct lp_checks *checks);

/* ---- shared by them ---- */

/* An update took effect at some time in [effect_from, effect_to]. */
static inline uint64_t lp_effect_from(const struct lp_checks *checks,
                                      const struct lp_update *update)
{
    return checks->history->ops[update->write].record->invoke_ns;
}

static inline uint64_t lp_effect_to(const struct lp_checks *checks, const struct lp_update *update)
{
    return lp_op_end_ns(&checks->history->ops[lp_update_end(update)]);
}

static inline uint64_t lp_read_from(const struct lp_checks *checks, const struct lp_update *update)
{
    return checks->history->ops[update->read].record->invoke_ns;
}

static inline unsigned lp_kind_of(const struct lp_checks *checks, size_t op)
{
    return checks->history->ops[op].record->kind;
}

/* Do two shared holds, or a shared and an exclusive one, exclude each other? */
static inline bool lp_modes_conflict(bool shared, bool other_shared)
{
    return !shared || !other_shared;
}

/* `value` added to an array of op indexes kept in time order, once. */
void lp_witness_add(size_t **witness, size_t *count, size_t op);

/* Losing pairs: see pairs.c. Returns how many updates were certainly overwritten by a stale write.
 */
uint64_t lp_find_pairs(struct lp_checks *checks);
/* When no acknowledged update is the overwriter: those of unknown outcome that may be. */
void lp_find_suspects(struct lp_checks *checks);

/* The counter at the end, over all containers' views: see final.c. */
struct lp_final {
    bool known;
    bool agree;  /* all views tell the same value */
    bool differ; /* different stores with different values */
    int64_t best;
    uint32_t best_container, other_container;
    int64_t other; /* the least value, of other_container */
};
void lp_find_final(struct lp_final *final, const struct lp_checks *checks);

#endif
