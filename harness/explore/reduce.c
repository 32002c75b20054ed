/* SPDX-License-Identifier: MIT */
/*
 * Dynamic partial-order reduction. A race is a step i and a later step of another worker p that is
 * dependent on it, with nothing in between that orders them. Steps that were done are looked at as
 * in algorithm 1 of Abdulla et al. 2014; as a step may have to wait and never be done, those that
 * are only pending are looked at too (Flanagan, Godefroid 2005, figure 3).
 *
 * To see the race the other way round, at the node before i somebody must be tried who can begin
 * what leads to p's step without i. It may be any of those, so none is added when one of them is
 * there already (source sets).
 *
 * Whether a worker can go on at a node is only known once it was tried there. Until then it is
 * taken to be able to; when it turns out that it is not, and it was put there for a race, all are
 * tried (the "else" of figure 3). What is known of waiting is carried back over the steps that
 * could not have changed it, so that this seldom happens.
 */
#include "explore/path.h"

#include <stddef.h>
#include <string.h>

#include "base/str.h"

static bool happened_before(const struct lp_path *path, size_t step, const struct lp_clock *clock)
{
    unsigned worker = path->trace.moves[step].worker;
    return path->clocks[step].steps[worker] <= clock->steps[worker];
}

static void join(struct lp_clock *clock, const struct lp_clock *other, unsigned workers)
{
    for (unsigned w = 0; w < workers; w++)
        if (other->steps[w] > clock->steps[w]) {
            clock->sum += other->steps[w] - clock->steps[w];
            clock->steps[w] = other->steps[w];
        }
}

/* A clock has room for more workers than most worlds have, and steps are many. */
static void copy_clock(struct lp_clock *to, const struct lp_clock *from, unsigned workers)
{
    memcpy(to, from, offsetof(struct lp_clock, steps[0]) + workers * sizeof *to->steps);
}

/* Whatever comes after this step comes after all those before it too: none of them need be looked
   at. With one lock around everything, that is so at the first step that is dependent. */
static bool follows_all(const struct lp_path *path, size_t step)
{
    return path->clocks[step].sum == step + 1;
}

void lp_clock_of_step(struct lp_path *path)
{
    size_t last = path->trace.count - 1;
    const struct lp_move *move = &path->trace.moves[last];
    unsigned workers = path->world->workers;
    path->clocks = lp_grow(path->clocks, &path->clock_cap, last + 1, sizeof *path->clocks);
    struct lp_clock *clock = &path->clocks[last];
    copy_clock(clock, &path->worker[move->worker], workers);
    clock->steps[move->worker]++;
    clock->sum++;
    for (size_t i = last; i-- > 0;) {
        const struct lp_move *other = &path->trace.moves[i];
        bool before = other->worker == move->worker || happened_before(path, i, clock);
        if (!before && !lp_intents_dependent(&other->intent, &move->intent))
            continue;
        if (!before)
            join(clock, &path->clocks[i], workers);
        if (follows_all(path, i))
            break;
    }
    copy_clock(&path->worker[move->worker], clock, workers);
}

static void try_all(struct lp_node *node)
{
    node->backtrack |= node->runnable;
}

/* What of `worker` is in a race: its last step, or the one that it would do next. */
enum racer { STEP_DONE, STEP_PENDING };

/* The workers that may come first at node `at` on the way to the racing step of `worker` without
   step `at`: their first step behind it neither comes after step `at` nor after another one that
   does not (the initials of "notdep" in Abdulla et al. 2014). */
static lp_mask initials(const struct lp_path *path, size_t at, unsigned worker, enum racer racer)
{
    unsigned raced = path->trace.moves[at].worker;
    uint32_t number = path->clocks[at].steps[raced];
    uint32_t first[LP_EXPLORE_WORKERS_MAX]; /* of each worker's steps in question; of `seen` */
    lp_mask seen = 0, found = 0;
    size_t last = path->trace.count - 1;
    bool led = false;
    for (size_t i = at + 1; i <= last; i++) {
        const struct lp_move *move = &path->trace.moves[i];
        const struct lp_clock *clock = &path->clocks[i];
        bool racing = racer == STEP_DONE && i == last;
        if (clock->steps[raced] >= number && !racing)
            continue;
        bool comes_after = seen & lp_bit(move->worker);
        for (lp_mask rest = seen; rest && !comes_after; rest &= rest - 1) {
            unsigned w = (unsigned)__builtin_ctz(rest);
            comes_after = clock->steps[w] >= first[w];
        }
        if (!comes_after)
            found |= lp_bit(move->worker);
        if (!(seen & lp_bit(move->worker)))
            first[move->worker] = clock->steps[move->worker];
        seen |= lp_bit(move->worker);
        led |= lp_intents_dependent(&move->intent, &path->pending[worker]);
    }
    if (racer == STEP_PENDING && !led && !(seen & lp_bit(worker)))
        found |= lp_bit(worker);
    return found;
}

/* Time and one for whom it waits: neither could have gone instead of the other. */
static bool is_in_time(const struct lp_path *path, size_t at, unsigned worker)
{
    lp_mask two = lp_bit(path->trace.moves[at].worker) | lp_bit(worker);
    return (two & lp_time_bit(path->world)) && (two & lp_in_time(path->world));
}

static void add_race(struct lp_path *path, size_t at, unsigned worker, enum racer racer)
{
    struct lp_node *node = &path->nodes[at];
    if (is_in_time(path, at, worker))
        return;
    lp_mask first = initials(path, at, worker, racer) & lp_node_ready(path, node);
    if (first & node->backtrack)
        return;
    if (!first) {
        try_all(node);
        return;
    }
    unsigned chosen = first & lp_bit(worker) ? worker : (unsigned)__builtin_ctz(first);
    node->backtrack |= lp_bit(chosen);
    node->raced |= lp_bit(chosen);
}

/* The last step with all those before it that it depends on and that nothing in between orders. */
static void find_races_of_step(struct lp_path *path)
{
    size_t last = path->trace.count - 1;
    const struct lp_move *move = &path->trace.moves[last];
    unsigned workers = path->world->workers;
    struct lp_clock before = {0}; /* what comes before the last step through others */
    for (size_t i = last; i-- > 0;) {
        const struct lp_move *other = &path->trace.moves[i];
        bool own = other->worker == move->worker;
        if (happened_before(path, i, &before) ||
            (!own && !lp_intents_dependent(&other->intent, &move->intent)))
            continue;
        join(&before, &path->clocks[i], workers);
        if (!own)
            add_race(path, i, move->worker, STEP_DONE);
        if (follows_all(path, i))
            return;
    }
}

/* What the worker would do next with the latest step that it depends on and that does not come
   before it anyway. */
static void find_race_of_pending(struct lp_path *path, unsigned worker)
{
    for (size_t i = path->trace.count; i-- > 0;) {
        const struct lp_move *move = &path->trace.moves[i];
        bool before = happened_before(path, i, &path->worker[worker]);
        if (before && follows_all(path, i))
            return;
        if (!before && lp_intents_dependent(&move->intent, &path->pending[worker])) {
            add_race(path, i, worker, STEP_PENDING);
            return;
        }
    }
}

void lp_find_races(struct lp_path *path)
{
    size_t last = path->trace.count - 1;
    unsigned own = path->trace.moves[last].worker;
    const struct lp_intent *done = &path->trace.moves[last].intent;
    lp_mask before = path->nodes[last].runnable;
    find_races_of_step(path);
    for (unsigned w = 0; w < path->world->workers; w++)
        if (w != own && (before & lp_bit(w)) && lp_intents_dependent(&path->pending[w], done))
            add_race(path, last, w, STEP_PENDING);
    if (lp_path_here(path)->runnable & lp_bit(own))
        find_race_of_pending(path, own);
}

void lp_mark_blocked(struct lp_path *path, size_t at, unsigned worker)
{
    for (size_t i = at;; i--) {
        struct lp_node *node = &path->nodes[i];
        node->blocked |= lp_bit(worker);
        node->tried |= lp_bit(worker);
        if (path->reducing && (node->raced & lp_bit(worker)))
            try_all(node);
        if (i == 0)
            return;
        const struct lp_move *move = &path->trace.moves[i - 1];
        if (move->worker == worker || lp_intents_dependent(&move->intent, &path->pending[worker]))
            return;
    }
}
