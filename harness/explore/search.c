/* SPDX-License-Identifier: MIT */
/*
 * The search itself: one schedule after the other, each from the start of the world, until no node
 * has anybody left to be tried or the budget is spent.
 */
#include "explore/search.h"

#include <stdlib.h>

#include "explore/choose.h"
#include "explore/hashset.h"
#include "explore/path.h"
#include "os/clock.h"

#define STEPS_MAX 10000

struct search {
    const struct lp_world *world;
    const struct lp_search_options *options;
    struct lp_search_result *result;
    struct lp_path path;
    struct lp_random random;
    struct lp_pct pct;
    struct lp_hashset classes, outcomes;
    struct lp_trace before; /* the schedule before this one, whose beginning is repeated */
    size_t steps_max;
    bool left_out; /* something was not tried because of the preemption bound */
    bool stop;
};

/* How a walk ended. */
enum walk {
    WALK_END,      /* at the end of a schedule */
    WALK_REPEATED, /* what follows was tried before */
    WALK_UNSTABLE, /* the world did not do the same as before */
};

const char *lp_strategy_name(enum lp_strategy strategy)
{
    static const char *const names[] = {
        [LP_STRATEGY_EXHAUSTIVE] = "exhaustive",
        [LP_STRATEGY_RANDOM] = "random",
        [LP_STRATEGY_PCT] = "pct",
    };
    return names[strategy];
}

static bool systematic(const struct search *search)
{
    return search->options->strategy == LP_STRATEGY_EXHAUSTIVE;
}

/* ---- who is next ---- */

/* Those of `wanted` whose step here stays within the preemption bound. */
static lp_mask within_bound(struct search *search, lp_mask wanted)
{
    const struct lp_node *node = lp_path_here(&search->path);
    if (node->last == LP_NOBODY || node->preemptions < search->options->preemptions ||
        !(lp_node_ready(&search->path, node) & lp_bit(node->last)))
        return wanted;
    if (wanted & ~lp_bit(node->last))
        search->left_out = true;
    return wanted & lp_bit(node->last);
}

/* Whoever is still to be tried at this node. A node of a reduced search at which nobody was tried
   yet takes anybody; what else it needs, races will tell. */
static lp_mask candidates(struct search *search)
{
    const struct lp_node *node = lp_path_here(&search->path);
    if (!systematic(search))
        return lp_node_ready(&search->path, node);
    lp_mask wanted = node->explored && search->path.reducing ? node->backtrack : node->runnable;
    return within_bound(search,
                        wanted & lp_node_ready(&search->path, node) & ~node->tried & ~node->sleep);
}

static unsigned choose(struct search *search, lp_mask ready)
{
    switch (search->options->strategy) {
    case LP_STRATEGY_RANDOM:
        return lp_random_choose(&search->random, ready);
    case LP_STRATEGY_PCT:
        return lp_pct_choose(&search->pct, &search->path, ready);
    case LP_STRATEGY_EXHAUSTIVE:
        break;
    }
    return lp_steady_choose(&search->path, ready);
}

/* ---- walking ---- */

/* Over the beginning that this schedule has in common with the one before. */
static int repeat_beginning(struct search *search, size_t length, enum walk *walk,
                            struct lp_err *err)
{
    struct lp_path *path = &search->path;
    for (size_t i = 0; i < length; i++) {
        const struct lp_move *move = &search->before.moves[i];
        struct lp_effect effect;
        if (lp_path_step(path, move->worker, true, &effect, err) == -1)
            return -1;
        if (effect.went == LP_WENT_BLOCKED || !lp_move_same(&path->trace.moves[i], move)) {
            *walk = WALK_UNSTABLE;
            return 0;
        }
    }
    return 0;
}

/* One step by one of `ready`, or nobody's: all of them have to wait. */
static int step_somebody(struct search *search, bool *stepped, struct lp_err *err)
{
    struct lp_path *path = &search->path;
    *stepped = false;
    for (lp_mask ready; !*stepped && (ready = candidates(search)) != 0;) {
        unsigned worker = choose(search, ready);
        size_t at = path->trace.count;
        struct lp_effect effect;
        /* A sleeper of the new node is who was explored before, so this one is added after. */
        path->nodes[at].tried |= lp_bit(worker);
        if (lp_path_step(path, worker, false, &effect, err) == -1)
            return -1;
        *stepped = effect.went != LP_WENT_BLOCKED;
        if (*stepped) {
            path->nodes[at].explored |= lp_bit(worker);
            path->nodes[at].backtrack |= lp_bit(worker);
        }
    }
    if (*stepped && path->reducing)
        lp_find_races(path);
    return 0;
}

/* From where the path is to the end of a schedule. */
static int walk_on(struct search *search, enum walk *walk, enum lp_ending *ending,
                   struct lp_err *err)
{
    struct lp_path *path = &search->path;
    for (;;) {
        bool stepped;
        if (path->trace.count >= search->steps_max) {
            *ending = LP_ENDING_CUT;
            return 0;
        }
        if (step_somebody(search, &stepped, err) == -1)
            return -1;
        if (stepped)
            continue;
        const struct lp_node *node = lp_path_here(path);
        if (lp_node_ready(&search->path, node) != 0 || node->explored)
            *walk = WALK_REPEATED;
        *ending = node->runnable ? LP_ENDING_DEADLOCK : LP_ENDING_ALL;
        return 0;
    }
}

/* ---- the end of a schedule ---- */

static int judge(struct search *search, enum lp_ending ending, struct lp_outcome_seen *seen,
                 struct lp_err *err)
{
    *seen = (struct lp_outcome_seen){0};
    return search->world->judge(search->world->self, ending, seen, err);
}

static void note_unstable(struct search *search)
{
    struct lp_search_result *result = search->result;
    if (result->unstable++ == 0)
        lp_trace_copy(&result->unstable_at, &search->path.trace);
}

/* The same schedule once more, on a world that was made anew. */
static int renew(struct search *search, enum lp_ending ending, const struct lp_outcome_seen *seen,
                 struct lp_err *err)
{
    struct lp_path *path = &search->path;
    struct lp_outcome_seen again;
    enum walk walk = WALK_END;
    lp_trace_copy(&search->before, &path->trace);
    if (lp_path_restart(path, true, err) == -1 ||
        repeat_beginning(search, search->before.count, &walk, err) == -1)
        return -1;
    if (walk == WALK_END && judge(search, ending, &again, err) == -1)
        return -1;
    if (walk != WALK_END || again.fingerprint != seen->fingerprint || again.found != seen->found)
        note_unstable(search);
    else
        search->result->renewed++;
    lp_trace_copy(&path->trace, &search->before);
    return 0;
}

static void note_losing(struct search *search, enum lp_ending ending,
                        const struct lp_outcome_seen *seen)
{
    struct lp_search_result *result = search->result;
    if (result->violations++ > 0)
        return;
    lp_trace_copy(&result->losing, &search->path.trace);
    result->losing_ending = ending;
    result->losing_seen = *seen;
}

static int count_schedule(struct search *search, enum lp_ending ending, struct lp_err *err)
{
    const struct lp_search_options *options = search->options;
    struct lp_search_result *result = search->result;
    const struct lp_trace *trace = &search->path.trace;
    struct lp_outcome_seen seen;
    if (judge(search, ending, &seen, err) == -1)
        return -1;
    result->schedules++;
    lp_hashset_add(&search->classes, lp_path_class(&search->path));
    lp_hashset_add(&search->outcomes, seen.fingerprint);
    result->deadlocks += ending == LP_ENDING_DEADLOCK;
    result->cut += ending == LP_ENDING_CUT;
    result->open += seen.found == LP_FOUND_OPEN;
    if (trace->count > result->longest)
        result->longest = trace->count;
    if (seen.found == LP_FOUND_VIOLATION)
        note_losing(search, ending, &seen);
    lp_pct_count(&search->pct, search->world, trace->count);
    search->stop |= options->after && options->after(options->context, trace, ending, &seen);
    search->stop |= result->violations > 0 && !options->keep_going;
    if (!search->stop && options->fresh_every && result->schedules % options->fresh_every == 0)
        return renew(search, ending, &seen, err);
    return 0;
}

/* ---- one after the other ---- */

/* The length of the beginning after which the next schedule differs: the deepest node with somebody
   left to be tried. SIZE_MAX: none. */
static size_t next_branch(struct search *search)
{
    struct lp_path *path = &search->path;
    for (; path->trace.count-- > 0;) {
        if (candidates(search) != 0)
            return path->trace.count;
    }
    path->trace.count = 0;
    return SIZE_MAX;
}

static int one_schedule(struct search *search, size_t beginning, struct lp_err *err)
{
    enum walk walk = WALK_END;
    enum lp_ending ending = LP_ENDING_ALL;
    struct lp_path *path = &search->path;
    if (lp_path_restart(path, false, err) == -1 ||
        repeat_beginning(search, beginning, &walk, err) == -1)
        return -1;
    if (walk == WALK_END) {
        if (walk_on(search, &walk, &ending, err) == -1)
            return -1;
    }
    if (walk == WALK_UNSTABLE) {
        note_unstable(search);
        /* What leads there cannot be had again: what is behind it is given up. */
        lp_trace_copy(&path->trace, &search->before);
        path->trace.count = beginning;
        return 0;
    }
    if (walk == WALK_REPEATED) {
        search->result->repeated++;
        return 0;
    }
    return count_schedule(search, ending, err);
}

static bool spent(const struct search *search)
{
    const struct lp_search_options *options = search->options;
    if (search->stop)
        return true;
    if (options->schedules_max && search->result->schedules >= options->schedules_max)
        return true;
    return options->until_ns && lp_clock_ns() >= options->until_ns;
}

static void forget_choices(struct search *search)
{
    struct lp_node *node = &search->path.nodes[0];
    node->tried = node->explored = node->backtrack = node->blocked = 0;
}

static int search_by_chance(struct search *search, struct lp_err *err)
{
    while (!spent(search)) {
        forget_choices(search);
        lp_pct_deal(&search->pct, search->world, &search->random);
        if (one_schedule(search, 0, err) == -1)
            return -1;
    }
    return 0;
}

static int search_all(struct search *search, struct lp_err *err)
{
    size_t beginning = 0;
    while (!spent(search)) {
        if (one_schedule(search, beginning, err) == -1)
            return -1;
        lp_trace_copy(&search->before, &search->path.trace);
        beginning = next_branch(search);
        if (beginning == SIZE_MAX) {
            bool whole = search->result->unstable == 0 && search->result->cut == 0;
            bool bounded = search->options->preemptions != LP_NO_BOUND;
            search->result->exhaustive = whole && !(bounded && search->left_out);
            search->result->bound_complete = whole;
            return 0;
        }
    }
    return 0;
}

int lp_search(const struct lp_world *world, const struct lp_search_options *options,
              struct lp_search_result *result, struct lp_err *err)
{
    bool bounded = options->preemptions != LP_NO_BOUND;
    bool reducing = options->strategy == LP_STRATEGY_EXHAUSTIVE &&
                    options->reduction == LP_REDUCTION_DPOR && !bounded;
    struct search search = {
        .world = world,
        .options = options,
        .result = result,
        .steps_max = options->steps_max ? options->steps_max : STEPS_MAX,
    };
    *result = (struct lp_search_result){.probability = -1};
    if (world->workers == 0 || world->workers > LP_EXPLORE_WORKERS_MAX)
        return lp_err_set(err, LP_ERR_USAGE, "%u workers to explore, expected 1 to %u",
                          world->workers, LP_EXPLORE_WORKERS_MAX);
    lp_path_init(&search.path, world, reducing);
    lp_random_init(&search.random, options->seed, 0);
    lp_pct_init(&search.pct, options->pct_depth);
    int status = systematic(&search) ? search_all(&search, err) : search_by_chance(&search, err);
    result->classes = search.classes.count;
    result->outcomes = search.outcomes.count;
    result->steps = search.path.steps;
    if (options->strategy == LP_STRATEGY_PCT)
        result->probability = 1 - search.pct.miss;
    lp_hashset_release(&search.classes);
    lp_hashset_release(&search.outcomes);
    lp_trace_release(&search.before);
    lp_path_release(&search.path);
    if (status == -1)
        lp_search_result_release(result);
    return status;
}

void lp_search_result_release(struct lp_search_result *result)
{
    lp_trace_release(&result->losing);
    lp_trace_release(&result->unstable_at);
    *result = (struct lp_search_result){.probability = -1};
}
