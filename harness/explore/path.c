/* SPDX-License-Identifier: MIT */
/* Carrying a schedule out, one step after the other. */
#include "explore/path.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/str.h"

void lp_path_init(struct lp_path *path, const struct lp_world *world, bool reducing)
{
    *path = (struct lp_path){.world = world, .reducing = reducing};
    path->nodes = lp_grow(NULL, &path->node_cap, 1, sizeof *path->nodes);
    path->nodes[0].last = LP_NOBODY;
}

void lp_path_release(struct lp_path *path)
{
    lp_trace_release(&path->trace);
    free(path->nodes);
    free(path->clocks);
    *path = (struct lp_path){0};
}

/* Of the runnable ones, whom the world knows to have to wait need not be tried. */
static void mark_known_waits(struct lp_path *path, size_t at)
{
    const struct lp_world *world = path->world;
    for (unsigned w = 0; world->waits && w < world->workers; w++)
        if ((path->nodes[at].runnable & lp_bit(w)) && world->waits(world->self, w))
            lp_mark_blocked(path, at, w);
}

int lp_path_restart(struct lp_path *path, bool fresh, struct lp_err *err)
{
    const struct lp_world *world = path->world;
    if (world->reset(world->self, fresh, err) == -1)
        return -1;
    lp_trace_clear(&path->trace);
    memset(path->worker, 0, world->workers * sizeof *path->worker);
    path->nodes[0].runnable = 0;
    for (unsigned w = 0; w < world->workers; w++)
        if (world->next(world->self, w, &path->pending[w]))
            path->nodes[0].runnable |= lp_bit(w);
    mark_known_waits(path, 0);
    return 0;
}

/* Who waited for something that the last step may have given back is tried again. */
static lp_mask still_blocked(const struct lp_path *path, const struct lp_node *before,
                             const struct lp_move *move)
{
    lp_mask blocked = before->blocked & ~lp_bit(move->worker);
    for (unsigned w = 0; w < path->world->workers; w++)
        if ((blocked & lp_bit(w)) && lp_intents_dependent(&path->pending[w], &move->intent))
            blocked &= ~lp_bit(w);
    return move->effect.went == LP_WENT_WAITING ? blocked | lp_bit(move->worker) : blocked;
}

/* Sleepers stay asleep until a step that is dependent on theirs. */
static lp_mask still_asleep(const struct lp_path *path, const struct lp_node *before,
                            const struct lp_move *move)
{
    lp_mask sleep = (before->sleep | before->explored) & ~lp_bit(move->worker);
    for (unsigned w = 0; w < path->world->workers; w++)
        if ((sleep & lp_bit(w)) && lp_intents_dependent(&path->pending[w], &move->intent))
            sleep &= ~lp_bit(w);
    return sleep;
}

/* Whoever waited or slept is asked by what it wanted then: the step may have woken it. */
static void enter_node(struct lp_path *path)
{
    size_t at = path->trace.count;
    const struct lp_node *before = &path->nodes[at - 1];
    const struct lp_move *move = &path->trace.moves[at - 1];
    unsigned worker = move->worker;
    bool taken_off = before->last != LP_NOBODY && before->last != worker &&
                     (lp_node_ready(path, before) & lp_bit(before->last));
    path->nodes[at] = (struct lp_node){
        .runnable = before->runnable,
        .blocked = still_blocked(path, before, move),
        .sleep = path->reducing ? still_asleep(path, before, move) : 0,
        .last = worker,
        .preemptions = before->preemptions + taken_off,
    };
}

static bool wants_more(struct lp_path *path, unsigned worker)
{
    struct lp_intent intent;
    if (!path->world->next(path->world->self, worker, &intent))
        return false; /* what it wanted may still be in a race with the step that ended it */
    path->pending[worker] = intent;
    return true;
}

/* What is next for the worker that made a step, and, where that may have changed too, for all;
   returns those that are at their end. */
static lp_mask ask_again(struct lp_path *path, unsigned worker, bool all)
{
    lp_mask others = (lp_path_here(path) - 1)->runnable & ~lp_bit(worker), ended = 0;
    if (!wants_more(path, worker))
        ended = lp_bit(worker);
    for (unsigned w = 0; w < path->world->workers && (all || ended); w++)
        if ((others & lp_bit(w)) && !wants_more(path, w))
            ended |= lp_bit(w);
    return ended;
}

int lp_path_step(struct lp_path *path, unsigned worker, bool again, struct lp_effect *effect,
                 struct lp_err *err)
{
    const struct lp_world *world = path->world;
    if (world->step(world->self, worker, effect, err) == -1)
        return -1;
    if (effect->went == LP_WENT_BLOCKED) {
        lp_mark_blocked(path, path->trace.count, worker);
        return 0;
    }
    path->steps++;
    struct lp_move *move = lp_trace_add(&path->trace);
    *move = (struct lp_move){.worker = worker, .intent = path->pending[worker], .effect = *effect};
    lp_clock_of_step(path);
    size_t at = path->trace.count;
    path->nodes = lp_grow(path->nodes, &path->node_cap, at + 1, sizeof *path->nodes);
    if (!again)
        enter_node(path);
    lp_mask ended = ask_again(path, worker, move->intent.everything);
    if (!again) {
        path->nodes[at].runnable &= ~ended;
        mark_known_waits(path, at);
    }
    return 0;
}

/* A class is known by what happened before each step: a sum, so that the order in which independent
   steps come does not matter. */
uint64_t lp_path_class(const struct lp_path *path)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < path->trace.count; i++) {
        uint64_t hash = path->trace.moves[i].worker;
        for (unsigned w = 0; w < path->world->workers; w++)
            hash = hash * LP_GOLDEN + path->clocks[i].steps[w];
        sum += lp_mix(hash, 0);
    }
    return lp_mix(sum, path->trace.count);
}
