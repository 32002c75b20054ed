/* SPDX-License-Identifier: MIT */
/*
 * From findings to diagnoses: each pair that shows where an update was lost votes for the cause
 * that its own evidence shows; the cause of most pairs comes first, ties go by precedence. Without
 * such pairs overlapping holds vote. What is also true comes behind.
 */
#include "verdict/evidence.h"

#include <stdlib.h>

/* Each torn read costs a pass over all updates. */
#define TORN_EXAMINED 64

struct votes {
    uint64_t count[LP_CAUSE_COUNT];
    struct lp_finding first[LP_CAUSE_COUNT];
};

static void vote(struct votes *votes, const struct lp_finding *finding, uint64_t weight)
{
    if (finding->cause == LP_CAUSE_NONE)
        return;
    if (votes->count[finding->cause] == 0)
        votes->first[finding->cause] = *finding;
    votes->count[finding->cause] += weight;
}

static void vote_pairs(struct votes *votes, const struct lp_evidence_base *base)
{
    const struct lp_lost_update *lost = &base->checks->lost_update;
    for (size_t i = 0; i < lost->pair_count && lost->pairs[i].overlapping; i++) {
        struct lp_finding finding;
        lp_classify_pair(&finding, base, &lost->pairs[i]);
        vote(votes, &finding, 1);
    }
}

static void vote_overlaps(struct votes *votes, const struct lp_evidence_base *base)
{
    const struct lp_mutual_exclusion *exclusion = &base->checks->mutual_exclusion;
    for (size_t i = 0; i < exclusion->overlap_count; i++) {
        struct lp_finding finding;
        lp_classify_overlap(&finding, base, &exclusion->overlaps[i]);
        vote(votes, &finding, 1);
    }
}

/* Reads that came after the other's write, and did not see it: of an old snapshot. Such a pair has
   no overlap. */
static void vote_snapshots(struct votes *votes, const struct lp_evidence_base *base)
{
    const struct lp_lost_update *lost = &base->checks->lost_update;
    for (size_t i = 0; i < lost->pair_count; i++) {
        struct lp_finding finding;
        lp_classify_pair(&finding, base, &lost->pairs[i]);
        if (finding.cause == LP_CAUSE_STALE_SNAPSHOT)
            vote(votes, &finding, 1);
    }
}

/* Late writes that were accepted, though this time nothing came of them. */
static void vote_late(struct votes *votes, const struct lp_checks *checks)
{
    const struct lp_lease *lease = &checks->lease;
    struct lp_finding finding;
    if (lease->late == 0)
        return;
    const struct lp_update *update = &checks->updates[lease->update];
    lp_finding_init(&finding);
    finding.cause = LP_CAUSE_LEASE_EXPIRED;
    finding.hold[0] = update->hold;
    finding.hold[1] = lease->successor;
    finding.other_op = update->write;
    vote(votes, &finding, lease->late);
}

/* The store let an older token in. */
static void vote_tokens(struct votes *votes, const struct lp_checks *checks)
{
    struct lp_finding finding;
    if (checks->fencing.backwards == 0)
        return;
    lp_finding_init(&finding);
    finding.cause = LP_CAUSE_UNFENCED_WRITE;
    finding.other_op = checks->fencing.older;
    vote(votes, &finding, checks->fencing.backwards);
}

static bool is_empty(const struct votes *votes)
{
    for (size_t i = 0; i < LP_CAUSE_COUNT; i++)
        if (votes->count[i] > 0)
            return false;
    return true;
}

/* Losses that the sums prove, but of which no pair tells. */
static void vote_sums(struct votes *votes, const struct lp_evidence_base *base)
{
    const struct lp_checks *checks = base->checks;
    struct lp_finding finding;
    lp_finding_init(&finding);
    if (checks->lost_update.views_differ) {
        finding.cause = LP_CAUSE_DIFFERENT_STORE;
        vote(votes, &finding, 1);
        return;
    }
    bool bare_adds = checks->lost_update.lost_min > 0;
    for (size_t i = 0; i < checks->update_count && bare_adds; i++)
        bare_adds = base->history->ops[checks->updates[i].write].record->kind == LP_STEP_ADD &&
                    checks->updates[i].cover == LP_COVER_NONE;
    if (!bare_adds)
        return;
    finding.cause = LP_CAUSE_NON_ATOMIC_UPDATE;
    vote(votes, &finding, checks->lost_update.lost_min);
}

/* ---- what is true besides ---- */

static void add_atomic_offer(struct votes *extra, const struct votes *votes,
                             const struct lp_evidence_base *base)
{
    uint32_t flags = lp_history_any_header(base->history)->store_flags;
    if (votes->count[LP_CAUSE_NO_LOCK] == 0 ||
        !(flags & (LP_STORE_ATOMIC_ADD | LP_STORE_TRANSACTIONS)))
        return;
    struct lp_finding finding = votes->first[LP_CAUSE_NO_LOCK];
    finding.cause = LP_CAUSE_NON_ATOMIC_UPDATE;
    vote(extra, &finding, votes->count[LP_CAUSE_NO_LOCK]);
}

static void add_torn_reads(struct votes *extra, const struct lp_evidence_base *base)
{
    const struct lp_lost_update *lost = &base->checks->lost_update;
    size_t examined = 0;
    for (size_t i = 0; i < lost->pair_count && examined < TORN_EXAMINED; i++, examined++) {
        struct lp_finding finding;
        lp_finding_init(&finding);
        finding.update[0] = lost->pairs[i].first;
        finding.update[1] = lost->pairs[i].second;
        finding.blamed = 1;
        finding.cause = LP_CAUSE_TORN_READ;
        finding.other_op = lp_torn_by(base, base->checks->updates[lost->pairs[i].second].read);
        if (finding.other_op != LP_NOWHERE)
            vote(extra, &finding, 1);
    }
}

static void add_stuck(struct votes *extra, const struct lp_checks *checks)
{
    for (size_t i = 0; i < checks->progress.stuck_count; i++) {
        struct lp_finding finding;
        lp_classify_stuck(&finding, &checks->progress.stuck[i]);
        vote(extra, &finding, 1);
    }
}

/* The lock gives numbers, and the late write did not show its own. */
static void add_unfenced(struct votes *extra, const struct lp_checks *checks)
{
    const struct lp_lease *lease = &checks->lease;
    struct lp_finding finding;
    if (lease->late == 0)
        return;
    const struct lp_update *update = &checks->updates[lease->update];
    if (checks->holds[update->hold].token == 0 || checks->holds[lease->successor].token == 0)
        return;
    lp_finding_init(&finding);
    finding.cause = LP_CAUSE_UNFENCED_WRITE;
    finding.hold[0] = update->hold;
    finding.hold[1] = lease->successor;
    finding.other_op = update->write;
    vote(extra, &finding, lease->late);
}

/* ---- the list ---- */

void lp_add_diagnosis(struct lp_judgement *judgement, enum lp_cause cause, char *text,
                      uint64_t pairs)
{
    if (judgement->diagnosis_count == LP_DIAGNOSES_MAX)
        return;
    judgement->diagnoses[judgement->diagnosis_count++] =
        (struct lp_diagnosis){.cause = lp_cause_rows[cause].name,
                              .text = text,
                              .fix = lp_cause_rows[cause].fix,
                              .pairs = pairs};
}

static bool is_told(const struct lp_judgement *judgement, enum lp_cause cause)
{
    for (size_t i = 0; i < judgement->diagnosis_count; i++)
        if (judgement->diagnoses[i].cause == lp_cause_rows[cause].name)
            return true;
    return false;
}

static enum lp_cause most_votes(const struct votes *votes)
{
    enum lp_cause best = LP_CAUSE_NONE;
    for (unsigned i = 0; i < LP_CAUSE_COUNT; i++)
        if (votes->count[i] > 0 && (best == LP_CAUSE_NONE || votes->count[i] > votes->count[best]))
            best = (enum lp_cause)i;
    return best;
}

static void tell(struct lp_judgement *judgement, const struct lp_evidence_base *base,
                 struct votes votes)
{
    enum lp_cause cause;
    while ((cause = most_votes(&votes)) != LP_CAUSE_NONE) {
        const struct lp_finding *finding = &votes.first[cause];
        uint64_t count = votes.count[cause];
        votes.count[cause] = 0;
        if (is_told(judgement, cause) || judgement->diagnosis_count == LP_DIAGNOSES_MAX)
            continue;
        lp_add_diagnosis(judgement, cause, lp_finding_text(base, finding, &judgement->arena),
                         count);
        struct lp_diagnosis *diagnosis = &judgement->diagnoses[judgement->diagnosis_count - 1];
        diagnosis->witness =
            lp_finding_witness(base, finding, &judgement->arena, &diagnosis->witness_count);
    }
}

void lp_diagnose(struct lp_judgement *judgement, const struct lp_checks *checks)
{
    struct lp_evidence_base base;
    struct votes votes = {0}, extra = {0};
    lp_evidence_base_init(&base, checks);
    vote_pairs(&votes, &base);
    if (is_empty(&votes))
        vote_snapshots(&votes, &base);
    if (is_empty(&votes))
        vote_overlaps(&votes, &base);
    if (is_empty(&votes))
        vote_late(&votes, checks);
    if (is_empty(&votes))
        vote_tokens(&votes, checks);
    if (is_empty(&votes))
        vote_sums(&votes, &base);
    add_atomic_offer(&extra, &votes, &base);
    add_torn_reads(&extra, &base);
    add_unfenced(&extra, checks);
    add_stuck(&extra, checks);
    tell(judgement, &base, votes);
    tell(judgement, &base, extra);
    lp_evidence_base_release(&base);
}
