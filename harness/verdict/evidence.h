/* SPDX-License-Identifier: MIT */
/*
 * Inside the room: what the diagnosis reasons about. A finding is one loss, overlap or stuck wait
 * with the cause that its own evidence shows; findings of one cause become one diagnosis.
 */
#ifndef LP_VERDICT_EVIDENCE_H
#define LP_VERDICT_EVIDENCE_H

#include "verdict/cause.h"
#include "verdict/verdict.h"

/* Drawn from the checks once, before any pair is looked at. */
struct lp_evidence_base {
    const struct lp_checks *checks;
    const struct lp_history *history;
    struct lp_store_use *stores; /* every store that was written to, and when */
    size_t store_count;
    /* Releases that succeeded although their worker certainly did not hold the lock any more, or
       never did; op indexes in time order. */
    size_t *void_releases;
    size_t void_release_count;
    bool anybody_locks; /* some worker held a lock, or a transaction that locks at its begin */
};

void lp_evidence_base_init(struct lp_evidence_base *base, const struct lp_checks *checks);
void lp_evidence_base_release(struct lp_evidence_base *base);

/* Were both stores in use side by side? One that replaced the other (a file renamed over) is no
   second store. */
bool lp_stores_coexist(const struct lp_evidence_base *base, const struct lp_record *a,
                       const struct lp_record *b);
/* Did this read return what the store certainly did not hold at any time of it, while somebody
   wrote? Then the write that it tore, as an op index; else LP_NOWHERE. */
size_t lp_torn_by(const struct lp_evidence_base *base, size_t read);

/* What is wrong with one side of a pair. */
enum lp_reason {
    LP_REASON_NONE,
    LP_REASON_ROLLED_BACK, /* stale-snapshot: its read was undone */
    LP_REASON_UPGRADED,    /* stale-snapshot: the shared lock was given up */
    LP_REASON_ISOLATION,   /* stale-snapshot: read and write in one transaction, both committed */
    LP_REASON_SHARED,      /* narrow-scope: only a shared lock spans it */
    LP_REASON_READ_ONLY,   /* narrow-scope: its read, not its write */
    LP_REASON_WRITE_ONLY,  /* narrow-scope: its write, not its read */
    LP_REASON_GAP,         /* narrow-scope: both, in different holds */
};

struct lp_finding {
    enum lp_cause cause;
    enum lp_reason reason;
    /* LP_NOWHERE where there is none. [0] came first; `blamed` is the side that the cause is about.
     */
    size_t update[2];
    size_t hold[2];
    unsigned blamed;
    size_t other_op; /* foreign release, torn write */
    const struct lp_stuck *stuck;
};

/* The cause of one losing pair, overlap or wait; LP_CAUSE_NONE when the evidence does not say. */
void lp_classify_pair(struct lp_finding *finding, const struct lp_evidence_base *base,
                      const struct lp_losing_pair *pair);
void lp_classify_overlap(struct lp_finding *finding, const struct lp_evidence_base *base,
                         const struct lp_overlap *overlap);
void lp_classify_stuck(struct lp_finding *finding, const struct lp_stuck *stuck);
void lp_finding_init(struct lp_finding *finding);

/* One sentence, and the operations that prove it. */
char *lp_finding_text(const struct lp_evidence_base *base, const struct lp_finding *finding,
                      struct lp_arena *arena);
size_t *lp_finding_witness(const struct lp_evidence_base *base, const struct lp_finding *finding,
                           struct lp_arena *arena, size_t *count);

/* ---- diagnosing ---- */
void lp_diagnose(struct lp_judgement *judgement, const struct lp_checks *checks);
/* What forbids `held` although nothing was lost: an update that nothing protected, a lock that was
   lost. One sentence and the cause that it would have; LP_CAUSE_NONE when nothing does. */
enum lp_cause lp_find_weakness(struct lp_judgement *judgement, const struct lp_checks *checks);
void lp_add_diagnosis(struct lp_judgement *judgement, enum lp_cause cause, char *text,
                      uint64_t pairs);

#endif
