/* SPDX-License-Identifier: MIT */
/* Random, by priority, or steady. */
#include "explore/choose.h"

unsigned lp_random_choose(struct lp_random *random, lp_mask ready)
{
    uint64_t skip = lp_random_between(random, 0, (uint64_t)__builtin_popcount(ready) - 1);
    while (skip--)
        ready &= ready - 1;
    return (unsigned)__builtin_ctz(ready);
}

unsigned lp_steady_choose(const struct lp_path *path, lp_mask ready)
{
    unsigned last = lp_path_here(path)->last;
    if (last == LP_NOBODY || !(ready & lp_bit(last)))
        return (unsigned)__builtin_ctz(ready);
    for (unsigned w = 0; w < path->world->workers; w++)
        if (w != last && (ready & lp_bit(w)) &&
            lp_intent_waits_for(&path->pending[w], &path->pending[last]))
            return w;
    return last;
}

void lp_pct_init(struct lp_pct *pct, unsigned depth)
{
    *pct = (struct lp_pct){.depth = depth ? depth : LP_PCT_DEPTH, .miss = 1};
    if (pct->depth > LP_PCT_DEPTH_MAX)
        pct->depth = LP_PCT_DEPTH_MAX;
}

void lp_pct_deal(struct lp_pct *pct, const struct lp_world *world, struct lp_random *random)
{
    unsigned workers = world->workers;
    for (unsigned w = 0; w < workers; w++)
        pct->priority[w] = pct->depth + w;
    for (unsigned w = workers; w-- > 1;) { /* Fisher, Yates */
        unsigned other = (unsigned)lp_random_between(random, 0, w);
        uint64_t priority = pct->priority[w];
        pct->priority[w] = pct->priority[other];
        pct->priority[other] = priority;
    }
    for (unsigned i = 1; i < pct->depth; i++)
        pct->change[i] = lp_random_between(random, 0, pct->steps ? pct->steps - 1 : 0);
}

static unsigned highest(const struct lp_pct *pct, lp_mask ready)
{
    unsigned best = (unsigned)__builtin_ctz(ready);
    for (lp_mask rest = ready; rest; rest &= rest - 1) {
        unsigned w = (unsigned)__builtin_ctz(rest);
        if (pct->priority[w] > pct->priority[best])
            best = w;
    }
    return best;
}

unsigned lp_pct_choose(struct lp_pct *pct, const struct lp_path *path, lp_mask ready)
{
    unsigned chosen = highest(pct, ready);
    for (unsigned i = 1; i < pct->depth; i++) {
        if (pct->change[i] != path->trace.count)
            continue;
        pct->change[i] = SIZE_MAX;
        pct->priority[chosen] = pct->depth - i;
        chosen = highest(pct, ready);
    }
    return chosen;
}

/* A schedule that was longer than any before was dealt with too small a k: it does not count. */
void lp_pct_count(struct lp_pct *pct, const struct lp_world *world, size_t steps)
{
    if (steps > pct->steps) {
        pct->steps = steps;
        return;
    }
    double chances = (double)world->workers;
    for (unsigned i = 1; i < pct->depth; i++)
        chances *= (double)pct->steps;
    if (chances >= 1)
        pct->miss *= 1 - 1 / chances;
}
