/* SPDX-License-Identifier: MIT */
/* The operations that prove a finding and no others: reads, writes and commits of a pair, acquires
   and releases of the holds in question. */
#include "verdict/evidence.h"

#include <stdlib.h>

#define PROOF_MAX 16

struct proof {
    size_t ops[PROOF_MAX];
    size_t count;
};

static void add(struct proof *proof, size_t op)
{
    if (op == LP_NOWHERE || proof->count == PROOF_MAX)
        return;
    for (size_t i = 0; i < proof->count; i++)
        if (proof->ops[i] == op)
            return;
    proof->ops[proof->count++] = op;
}

static void add_update(struct proof *proof, const struct lp_update *update)
{
    add(proof, update->read);
    add(proof, update->write);
    add(proof, update->commit);
}

static void add_hold(struct proof *proof, const struct lp_hold *hold)
{
    add(proof, hold->acquire);
    add(proof, hold->ended_by);
}

static int by_index(const void *a, const void *b)
{
    size_t left = *(const size_t *)a, right = *(const size_t *)b;
    return (left > right) - (left < right);
}

size_t *lp_finding_witness(const struct lp_evidence_base *base, const struct lp_finding *finding,
                           struct lp_arena *arena, size_t *count)
{
    struct proof proof = {.count = 0};
    for (unsigned i = 0; i < 2; i++) {
        if (finding->update[i] != LP_NOWHERE)
            add_update(&proof, &base->checks->updates[finding->update[i]]);
        if (finding->hold[i] != LP_NOWHERE)
            add_hold(&proof, &base->checks->holds[finding->hold[i]]);
    }
    add(&proof, finding->other_op);
    if (finding->stuck) {
        add(&proof, finding->stuck->acquire);
        add(&proof, finding->stuck->last_release);
    }
    /* Operations are numbered in order of time. */
    qsort(proof.ops, proof.count, sizeof *proof.ops, by_index);
    size_t *kept = lp_arena_array(arena, proof.count, sizeof *kept);
    for (size_t i = 0; i < proof.count; i++)
        kept[i] = proof.ops[i];
    *count = proof.count;
    return kept;
}
