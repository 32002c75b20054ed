/* SPDX-License-Identifier: MIT */
/* A given order, kept strictly or as far as it can be. */
#include "explore/follow.h"

#include "explore/path.h"

#define STEPS_MAX 10000

struct follow {
    const struct lp_world *world;
    struct lp_followed *followed;
    size_t steps_max;
    lp_mask runnable, blocked;
    struct lp_intent pending[LP_EXPLORE_WORKERS_MAX];
};

static int restart(struct follow *follow, bool fresh, struct lp_err *err)
{
    const struct lp_world *world = follow->world;
    if (world->reset(world->self, fresh, err) == -1)
        return -1;
    for (unsigned w = 0; w < world->workers; w++)
        if (world->next(world->self, w, &follow->pending[w]))
            follow->runnable |= lp_bit(w);
    return 0;
}

static void wake(struct follow *follow, const struct lp_intent *done)
{
    for (unsigned w = 0; w < follow->world->workers; w++)
        if ((follow->blocked & lp_bit(w)) && lp_intents_dependent(&follow->pending[w], done))
            follow->blocked &= ~lp_bit(w);
}

static void ask_again(struct follow *follow, unsigned worker, bool all)
{
    const struct lp_world *world = follow->world;
    lp_mask others = follow->runnable & ~lp_bit(worker);
    if (!world->next(world->self, worker, &follow->pending[worker])) {
        follow->runnable &= ~lp_bit(worker);
        all = true;
    }
    for (unsigned w = 0; w < world->workers && all; w++)
        if ((others & lp_bit(w)) && !world->next(world->self, w, &follow->pending[w]))
            follow->runnable &= ~lp_bit(w);
}

/* `stepped` is false when the worker has to wait or is at its end. */
static int step(struct follow *follow, unsigned worker, bool *stepped, struct lp_err *err)
{
    const struct lp_world *world = follow->world;
    struct lp_effect effect;
    *stepped = false;
    if (worker >= world->workers || !(follow->runnable & lp_bit(worker)))
        return 0;
    if (world->step(world->self, worker, &effect, err) == -1)
        return -1;
    if (effect.went == LP_WENT_BLOCKED) {
        follow->blocked |= lp_bit(worker);
        return 0;
    }
    *stepped = true;
    *lp_trace_add(&follow->followed->trace) =
        (struct lp_move){.worker = worker, .intent = follow->pending[worker], .effect = effect};
    struct lp_intent done = follow->pending[worker];
    wake(follow, &done);
    ask_again(follow, worker, done.everything);
    if (effect.went == LP_WENT_WAITING)
        follow->blocked |= lp_bit(worker);
    else
        follow->blocked &= ~lp_bit(worker);
    return 0;
}

/* Each of `these` goes on as long as it can; time rather than what may come at any time. */
static int go_on(struct follow *follow, lp_mask these, struct lp_err *err)
{
    const struct lp_world *world = follow->world;
    struct lp_trace *trace = &follow->followed->trace;
    unsigned worker = trace->count ? trace->moves[trace->count - 1].worker : 0;
    lp_mask ready;
    while ((ready = lp_ready(world, follow->runnable, follow->blocked) & these) != 0 &&
           trace->count < follow->steps_max) {
        bool stepped;
        if (ready & lp_time_bit(world))
            ready = lp_time_bit(world);
        if (!(ready & lp_bit(worker)))
            worker = (unsigned)__builtin_ctz(ready);
        if (step(follow, worker, &stepped, err) == -1)
            return -1;
    }
    return 0;
}

static enum lp_ending ending_of(const struct follow *follow)
{
    if (!follow->runnable)
        return LP_ENDING_ALL;
    return follow->runnable & ~follow->blocked ? LP_ENDING_CUT : LP_ENDING_DEADLOCK;
}

int lp_follow(const struct lp_world *world, const unsigned *order, size_t count,
              enum lp_follow_rule rule, bool fresh, size_t steps_max, struct lp_followed *followed,
              struct lp_err *err)
{
    struct follow follow = {
        .world = world, .followed = followed, .steps_max = steps_max ? steps_max : STEPS_MAX};
    lp_trace_clear(&followed->trace);
    followed->diverged = false;
    followed->seen = (struct lp_outcome_seen){0};
    if (restart(&follow, fresh, err) == -1)
        return -1;
    for (size_t i = 0; i < count && !followed->diverged; i++) {
        bool stepped;
        /* Who can go on does so before time passes. */
        if (rule == LP_FOLLOW_LOOSE && lp_time_bit(world) == lp_bit(order[i]) &&
            go_on(&follow, lp_in_time(world), err) == -1)
            return -1;
        if (step(&follow, order[i], &stepped, err) == -1)
            return -1;
        if (!stepped && rule == LP_FOLLOW_STRICT) {
            followed->diverged = true;
            followed->diverged_at = i;
        }
    }
    if (!followed->diverged && go_on(&follow, ~(lp_mask)0, err) == -1)
        return -1;
    followed->ending = ending_of(&follow);
    return world->judge(world->self, followed->ending, &followed->seen, err);
}

void lp_followed_release(struct lp_followed *followed)
{
    lp_trace_release(&followed->trace);
    *followed = (struct lp_followed){0};
}
