/* SPDX-License-Identifier: MIT */
/*
 * Checkers: a history in, facts out. Three-valued; a violation always outranks "unknown". They
 * decide from certain knowledge only: an operation with outcome `unknown` may or may not have
 * happened, an operation certainly took effect between its invocation and its completion, and a
 * hold lasts certainly only from the completion of its acquire to the earliest of the reasons below.
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

/*
 * One read-modify-write of one worker: the last read of an attempt and the write that follows it, or
 * an `add` alone (then read == write), or a `cas`. It counts as acknowledged when its write was ok
 * and, inside a transaction, its commit was ok too; as unknown when any of these is unknown.
 */
struct lp_update {
    size_t read;   /* index into history->ops; for `add` == write */
    size_t write;
    size_t commit; /* LP_NOWHERE outside a transaction */
    int64_t value_read;
    int64_t value_written;
    enum lp_outcome outcome;
    uint32_t worker;
};

/*
 * One hold of a lock: LOCK/TRYLOCK granted, or a transaction from its first lock-taking step (BEGIN
 * immediate or exclusive; deferred: its first ok WRITE).
 * Certain from `from_ns` (acquire completed) to `until_ns`, the earliest of: release invoked; acquire
 * *invoked* + ttl for a lease; CLOSE invoked; for a worker that vanished, its last sign of life.
 */
struct lp_hold {
    size_t acquire;      /* op index */
    size_t release;      /* op index, or LP_NOWHERE */
    uint64_t from_ns, until_ns;
    uint64_t invoked_ns; /* of the acquire */
    uint64_t release_complete_ns; /* upper end: after this it certainly is not held; UINT64_MAX */
    uint64_t lease_end_ns; /* earliest end of the lease, or UINT64_MAX */
    uint64_t domain, object;
    uint32_t worker;
    uint8_t lock;        /* index of the lock; LP_LOCK_TX for a transaction of the store */
    bool shared;
    bool lost;           /* at release the backend proved that it was not held any more */
};
#define LP_LOCK_TX 0xfe

/* Two acknowledged updates that wrote the same value, of which one overwrote the other. */
struct lp_losing_pair {
    size_t first, second; /* indexes into checks->updates; `second` wrote later */
    bool overlapping;     /* their windows from read to write overlap: this is where it was lost;
                             false: only an echo of an earlier loss */
};

struct lp_lost_update {
    enum lp_result result;
    char detail[256];
    int64_t start;
    bool final_known;
    int64_t final; /* sum over distinct stores of (final - start), plus start */
    uint64_t acknowledged, unknown;
    uint64_t lost_min, lost_max; /* a range when outcomes are unknown */
    uint64_t extra;              /* final above acknowledged + unknown: applied twice */
    uint64_t distinct_stores;    /* identities that workers wrote to */
    struct lp_losing_pair *pairs;
    size_t pair_count, pair_cap;
    uint64_t pairs_total; /* pairs are kept up to a limit, this counts all */
    uint64_t first_loss_ns; /* completion of the first write that proves a loss, since start; or 0 */
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

/* How much the run proves. Definitions: CONTRACT "meeting". */
struct lp_contention {
    uint64_t acquires;  /* granted */
    uint64_t meetings;  /* contested grants; between different containers where there are several */
    uint64_t blocked;   /* attempts that found the lock taken; do not count towards held */
    uint64_t handovers; /* grants whose previous holder was another worker */
    uint64_t windows;   /* updates */
    uint64_t windows_overlapped; /* updates whose read-to-write window overlapped another's */
    bool counts_updates; /* meetings are of updates (no lock, optimistic transactions), not grants */
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
    struct lp_contention contention;
    uint64_t ops_ok, ops_fail, ops_unknown;
};

/* Runs all checkers. The history must outlive the result. */
void lp_checks_run(struct lp_checks *checks, const struct lp_history *history);
void lp_checks_release(struct lp_checks *checks); /* takes a zeroed struct too */

#endif
