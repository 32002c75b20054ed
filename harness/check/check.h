/* SPDX-License-Identifier: MIT */
/*
 * Checkers: a history in, facts out. Three-valued; a violation always outranks "unknown". They
 * decide from certain knowledge only: an operation with outcome `unknown` may or may not have
 * happened, an operation certainly took effect between its invocation and its completion, and a
 * hold lasts certainly only from the completion of its acquire to the earliest of the reasons
 * below.
 *
 * All are O(n log n) in the number of operations. Results own their arrays until lp_checks_release.
 */
#ifndef LP_CHECK_CHECK_H
#define LP_CHECK_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "history/history.h"

enum lp_result {
    LP_PASS,
    LP_VIOLATED,
    LP_UNDECIDED,
    LP_NOT_APPLICABLE, /* for example mutual-exclusion without locks */
};

#define LP_NOWHERE SIZE_MAX

/* How far an update, from its read to its write (and commit), lies inside one exclusive hold. By
   the worker's own order of steps, so that a lease which may have ended still counts as a hold. */
enum lp_cover {
    LP_COVER_NONE,   /* no hold touches it */
    LP_COVER_PARTLY, /* a hold touches its read or its write, but none holds from one to the other;
                        or the one that does is shared */
    LP_COVER_FULL,
};

/*
 * One read-modify-write of one worker: the last read of a round and the write that follows it, or
 * an `add` alone (then read == write), or a `cas`. It counts as acknowledged (outcome LP_OK) when
 * its write was ok and, inside a transaction, its commit was ok too; as LP_UNKNOWN when any of
 * these is unknown; as LP_FAIL when it certainly did not happen. Writes that repeat one read are
 * one update.
 */
struct lp_update {
    size_t read; /* index into history->ops; for `add` == write */
    size_t write;
    size_t begin;  /* LP_NOWHERE outside a transaction */
    size_t commit; /* LP_NOWHERE outside a transaction */
    int64_t value_read;
    int64_t value_written; /* `add`: only when ok */
    enum lp_outcome outcome;
    uint32_t worker;
    enum lp_cover cover;
    size_t hold;  /* index into holds: the one that covers it or touches it first; or LP_NOWHERE */
    bool refused; /* not done because the store said busy: a conflict that was seen */
    bool carried; /* its read was undone (rolled back, attempt given up) before its write */
    bool odd;     /* not one more than a read of its round: nothing can be counted then */
};

/* What ended the part of a hold that its holder could rely on. */
enum lp_hold_end {
    LP_HOLD_OPEN,       /* nothing: its worker went away with it, or was never heard of again */
    LP_HOLD_RELEASED,   /* UNLOCK, COMMIT or ROLLBACK was asked for, whatever came of it */
    LP_HOLD_CLOSED,     /* CLOSE of the lock's handle (a transaction: of the store's) */
    LP_HOLD_UPGRADED,   /* UPGRADE: may let go of the shared lock before it has the exclusive one */
    LP_HOLD_REACQUIRED, /* the same worker was granted the lock again */
};

/*
 * One hold of a lock: LOCK/TRYLOCK/UPGRADE granted, or a transaction from its first lock-taking
 * step (BEGIN immediate or exclusive; deferred: its first ok write).
 *
 * Certain from `from_ns` (acquire completed) to `until_ns`, the earliest of: the first release
 * asked for, granted or refused (a refused one leaves the lock as it was, but is no evidence of
 * holding); the begin of the try, or of the last RENEW that was ok, + ttl - 1 % for a lease (1 %
 * bounds the rate of the server's clock);
 * CLOSE of the lock's handle; UPGRADE; being granted it again; in a transaction, a statement that
 * was not ok (the backend may have rolled back by itself); without any of these, the worker's last
 * sign of life.
 *
 * A hold without a lease that the backend disowns at release (`lost`) is certain up to that
 * release: until then nothing had told its holder that the section was over, so another grant
 * inside it means that the lock did not protect it. With a lease the lawful end comes first and
 * hides nothing.
 */
struct lp_hold {
    size_t acquire;  /* op index */
    size_t release;  /* op index of the release that was ok (or found it gone), or LP_NOWHERE */
    size_t ended_by; /* op index of what `end` names, or LP_NOWHERE */
    enum lp_hold_end end;
    uint64_t from_ns, until_ns;
    bool
        uncertain; /* its end may have come before its beginning was known: a short lease, or clocks
                      of hosts that may differ by more than it lasted. until_ns is from_ns then */
    uint64_t invoked_ns;          /* of the try that was granted */
    uint64_t release_complete_ns; /* upper end: after this it certainly is not held; UINT64_MAX */
    uint64_t lease_end_ns;        /* earliest end of the lease, or UINT64_MAX */
    uint64_t lease_over_ns;       /* latest end of the lease, or UINT64_MAX */
    uint64_t token;               /* fencing token of the grant; 0: none, or not known */
    uint64_t domain, object;
    uint32_t worker;
    uint8_t lock; /* index of the lock; LP_LOCK_TX for a transaction of the store */
    bool shared;
    bool lost;      /* at release the backend proved that it was not held any more */
    bool severed;   /* its session was ended on purpose while it lasted, by a fault that was seen to
                       have happened; certain only up to that */
    bool dropped;   /* lost without a lease while nobody else released the lock or ended: by
                       something that its own holder did */
    bool deferred;  /* a transaction that took its lock only with its first write */
    bool committed; /* a transaction whose commit was ok */
};
#define LP_LOCK_TX 0xfe

/*
 * Two updates of which one overwrote the other. Either both wrote the same value, or `first` wrote
 * certainly between the read and the write of `second`, which then set the counter back.
 */
struct lp_losing_pair {
    size_t first, second; /* indexes into checks->updates; `second` wrote later */
    /* `first` wrote (possibly) between read and write of `second`: this is where it was lost. Else
       only an echo of an earlier loss: after a stale write correct workers write the same values
       again. */
    bool overlapping;
};

struct lp_lost_update {
    enum lp_result result;
    char detail[256];
    int64_t start;
    bool final_known;
    int64_t final;     /* the best view: with several stores each container counts alone */
    bool views_differ; /* containers ended with different stores that hold different values */
    uint64_t acknowledged, unknown;
    uint64_t lost_min, lost_max; /* a range when outcomes or the final value are unknown */
    uint64_t extra;              /* final above acknowledged + unknown: applied twice */
    uint64_t distinct_stores;    /* identities that workers wrote to */
    /* Overlapping ones first, each kind in order of the later write. */
    struct lp_losing_pair *pairs;
    size_t pair_count, pair_cap;
    uint64_t pairs_total; /* pairs are kept up to a limit, this counts all */
    /* Completion of the first write that proves a loss, since start; or 0. */
    uint64_t first_loss_ns;
    size_t *witness; /* op indexes in time order */
    size_t witness_count;
};

struct lp_overlap {
    size_t first, second; /* indexes into checks->holds; `second` was granted later */
};

struct lp_mutual_exclusion {
    enum lp_result result;
    char detail[256];
    uint64_t holds;
    struct lp_overlap *overlaps;
    size_t overlap_count, overlap_cap;
    uint64_t overlaps_total;
    size_t *witness;
    size_t witness_count;
};

enum lp_stuck_reason {
    LP_STUCK_FREE_LOCK, /* waited to its deadline on a lock that nobody held: wake-up lost */
    LP_STUCK_ORPHAN,    /* its holder is gone and never released it */
    LP_STUCK_CYCLE,     /* waits for a lock whose holder waits for one that this worker holds */
    LP_STUCK_OTHER,     /* not finished; the history does not say whose fault it is */
};

struct lp_stuck {
    uint32_t worker;
    size_t acquire;      /* op index of the acquire that was never granted, or LP_NOWHERE */
    size_t hold;         /* ORPHAN, CYCLE: index into holds; else LP_NOWHERE */
    size_t last_release; /* FREE_LOCK: the release that should have woken it, or LP_NOWHERE */
    uint64_t served;     /* grants of the same lock to others while it waited */
    enum lp_stuck_reason reason;
};

struct lp_progress {
    enum lp_result result;
    char detail[256];
    uint64_t finished, workers;
    struct lp_stuck *stuck;
    size_t stuck_count, stuck_cap;
    size_t *witness;
    size_t witness_count;
};

/* See lease.c. */
struct lp_lease {
    enum lp_result result;
    char detail[256];
    uint64_t leases;          /* holds that were one */
    uint64_t late;            /* writes accepted of a holder that had been succeeded */
    size_t update, successor; /* the first of them, and the newer grant: a hold; or LP_NOWHERE */
    size_t *witness;
    size_t witness_count;
};

/* See fencing.c. */
struct lp_fencing {
    enum lp_result result;
    char detail[256];
    uint64_t shown;      /* operations that showed a token */
    uint64_t refused;    /* of those, as too old */
    uint64_t backwards;  /* accepted although a higher one had been */
    size_t older, newer; /* the first of them and the higher one, op indexes; or LP_NOWHERE */
    size_t *witness;
    size_t witness_count;
};

/* See recovery.c. */
struct lp_recovery {
    enum lp_result result;
    char detail[256];
    uint64_t deaths, recovered, orphaned; /* of holders */
    uint64_t took_ns_max;                 /* from a death to the next grant to somebody else */
    uint64_t promised_ns;                 /* what was left of the lease; 0: at once */
    size_t *witness;
    size_t witness_count;
};

/* See liveness.c: deadlock and starvation. */
struct lp_liveness {
    enum lp_result result;
    char detail[256];
    uint64_t waits;
};

/*
 * How much the run proves. A meeting is a contested grant: the try that was granted overlaps
 * another worker's try, and the lock passed from one worker to another or was free during the
 * overlap. With several locks those of the most contested one count, so that a section under two
 * counts once. Without locks it is an update by `add`, `cas` or a transaction that overlaps one of
 * another worker, or was refused because of one. A plain read and write without any lock is no
 * meeting: there is nothing that could hold.
 */
struct lp_contention {
    uint64_t acquires;           /* granted */
    uint64_t meetings;           /* between different containers where there are several */
    uint64_t blocked;            /* attempts that found the lock taken; do not count towards held */
    uint64_t handovers;          /* grants whose previous holder was another worker */
    uint64_t windows;            /* acknowledged updates */
    uint64_t windows_overlapped; /* of those, whose read-to-write window overlapped another's */
    bool
        counts_updates; /* meetings are of updates (no lock, optimistic transactions), not grants */
};

/* Each worker's own operations in its own order: indexes into history->ops. */
struct lp_trail {
    size_t *ops;
    size_t *first; /* worker w: ops[first[w]] to ops[first[w + 1] - 1] */
};

struct lp_checks {
    const struct lp_history *history;
    struct lp_update *updates; /* in order of their writes' invocation */
    size_t update_count, update_cap;
    struct lp_hold *holds; /* in order of from_ns */
    size_t hold_count, hold_cap;
    struct lp_lost_update lost_update;
    struct lp_mutual_exclusion mutual_exclusion;
    struct lp_progress progress;
    struct lp_lease lease;
    struct lp_fencing fencing;
    struct lp_recovery recovery;
    struct lp_liveness deadlock, starvation;
    struct lp_contention contention;
    uint64_t ops_ok, ops_fail, ops_unknown;
    struct lp_trail trail;
    /* Indexes into holds, by worker, lock and order of acquiring: one worker's holds of one lock do
       not overlap. */
    size_t *holds_by_worker;
    bool drops[LP_HISTORY_LOCKS]; /* locks of which some hold was `dropped` */
};

/* The holds of one lock (index or LP_LOCK_TX) that lie, by their worker's own order, in any part
   of [from, to], two of its operations. At most `max` are put into `found`; returns how many. */
size_t lp_holds_around(const struct lp_checks *checks, size_t from, size_t to, uint8_t lock,
                       size_t *found, size_t max);
/* Does the hold last from before `from` to after `to` (or end with `to`, a commit)? */
bool lp_hold_spans(const struct lp_checks *checks, const struct lp_hold *hold, size_t from,
                   size_t to);
/* The operation with which an update takes effect: its commit, or its write. */
size_t lp_update_end(const struct lp_update *update);
/* Was this worker killed on purpose, by a fault that was seen to have happened? */
bool lp_was_slain(const struct lp_history *history, uint32_t worker);
uint32_t lp_lock_capacity(const struct lp_history *history, uint8_t lock);

/* Runs all checkers. The history must outlive the result. */
void lp_checks_run(struct lp_checks *checks, const struct lp_history *history);
void lp_checks_release(struct lp_checks *checks); /* takes a zeroed struct too */

#endif
