/* SPDX-License-Identifier: MIT */
/*
 * Levels of detail: the finest is counted in one pass over operations and holds, each coarser one
 * is summed from the one before. O(operations + holds + cells).
 */
#include "reports/timeline.h"

#include <stdlib.h>

/* Time is summed exactly and turned into shares of a bucket at the end. */
struct sums {
    uint64_t *held_ns, *waited_ns;
};

static uint64_t since_start(const struct lp_history *history, uint64_t time_ns)
{
    return time_ns > history->start_ns ? time_ns - history->start_ns : 0;
}

static uint64_t span_of(const struct lp_history *history)
{
    uint64_t span_ns = 1;
    for (size_t i = 0; i < history->worker_count; i++) {
        uint64_t last_ns = since_start(history, history->workers[i].last_ns);
        span_ns = last_ns > span_ns ? last_ns : span_ns;
    }
    return span_ns;
}

/* A power of the step, so that each level divides evenly into the next; not more than operations,
   or a short history would be drawn as mostly empty cells. */
static size_t choose_buckets(size_t ops, size_t lanes)
{
    size_t buckets = LP_TIMELINE_BUCKETS_MAX;
    while (buckets > 2 * LP_TIMELINE_STEP &&
           (buckets * lanes > LP_TIMELINE_CELLS_MAX || buckets > ops / 8 + LP_TIMELINE_STEP))
        buckets /= LP_TIMELINE_STEP;
    return buckets;
}

static void alloc_level(struct lp_timeline_level *level, size_t lanes, size_t buckets,
                        uint64_t width_ns)
{
    size_t cells = lanes * buckets;
    *level = (struct lp_timeline_level){.buckets = buckets, .width_ns = width_ns};
    level->ops = lp_alloc(cells, sizeof *level->ops);
    level->bad = lp_alloc(cells, sizeof *level->bad);
    level->held = lp_alloc(cells, sizeof *level->held);
    level->waited = lp_alloc(cells, sizeof *level->waited);
}

static size_t bucket_of(const struct lp_timeline_level *level, uint64_t time_ns)
{
    uint64_t bucket = time_ns / level->width_ns;
    return bucket < level->buckets ? (size_t)bucket : level->buckets - 1;
}

/* Adds the interval's part of each bucket of the lane; times since the start. */
static void add_time(const struct lp_timeline_level *level, uint64_t *cells, size_t lane,
                     uint64_t from_ns, uint64_t until_ns)
{
    if (until_ns <= from_ns)
        return;
    size_t last = bucket_of(level, until_ns - 1);
    for (size_t b = bucket_of(level, from_ns); b <= last; b++) {
        uint64_t begin_ns = b * level->width_ns, end_ns = begin_ns + level->width_ns;
        uint64_t low_ns = from_ns > begin_ns ? from_ns : begin_ns;
        uint64_t high_ns = until_ns < end_ns || b == level->buckets - 1 ? until_ns : end_ns;
        cells[lane * level->buckets + b] += high_ns > low_ns ? high_ns - low_ns : 0;
    }
}

static bool is_acquire(unsigned kind)
{
    return kind == LP_STEP_LOCK || kind == LP_STEP_TRYLOCK || kind == LP_STEP_UPGRADE ||
           kind == LP_STEP_BEGIN;
}

static void count_ops(struct lp_timeline *timeline, struct sums *sums)
{
    const struct lp_history *history = timeline->checks->history;
    struct lp_timeline_level *level = &timeline->levels[0];
    for (size_t i = 0; i < history->op_count; i++) {
        const struct lp_op *op = &history->ops[i];
        uint64_t invoke_ns = since_start(history, op->record->invoke_ns);
        size_t cell = op->worker * level->buckets + bucket_of(level, invoke_ns);
        level->ops[cell]++;
        level->bad[cell] += !lp_op_ok(op);
        if (!is_acquire(op->record->kind))
            continue;
        uint64_t end_ns =
            lp_op_done(op) ? op->record->complete_ns : history->workers[op->worker].last_ns;
        add_time(level, sums->waited_ns, op->worker, invoke_ns, since_start(history, end_ns));
    }
    for (size_t i = 0; i < timeline->checks->hold_count; i++) {
        const struct lp_hold *hold = &timeline->checks->holds[i];
        add_time(level, sums->held_ns, hold->worker, since_start(history, hold->from_ns),
                 since_start(history, hold->until_ns));
    }
}

/* A little is shown as a little, not as nothing. */
static uint8_t share(uint64_t part_ns, uint64_t width_ns)
{
    if (part_ns == 0)
        return 0;
    if (part_ns >= width_ns)
        return UINT8_MAX;
    double scaled = (double)part_ns * UINT8_MAX / (double)width_ns;
    return scaled < 1 ? 1 : (uint8_t)scaled;
}

static void set_shares(struct lp_timeline_level *level, size_t lanes, const struct sums *sums)
{
    for (size_t i = 0; i < lanes * level->buckets; i++) {
        level->held[i] = share(sums->held_ns[i], level->width_ns);
        level->waited[i] = share(sums->waited_ns[i], level->width_ns);
    }
}

/* In place: a coarse cell never lies behind the first of the fine ones that it sums. */
static void coarsen(uint64_t *cells, size_t lanes, size_t buckets)
{
    for (size_t i = 0; i < lanes * buckets; i++) {
        uint64_t sum = 0;
        for (size_t k = 0; k < LP_TIMELINE_STEP; k++)
            sum += cells[i * LP_TIMELINE_STEP + k];
        cells[i] = sum;
    }
}

static void add_level(struct lp_timeline *timeline, struct sums *sums)
{
    const struct lp_timeline_level *fine = &timeline->levels[timeline->level_count - 1];
    struct lp_timeline_level *level = &timeline->levels[timeline->level_count++];
    alloc_level(level, timeline->lanes, fine->buckets / LP_TIMELINE_STEP,
                fine->width_ns * LP_TIMELINE_STEP);
    for (size_t i = 0; i < timeline->lanes * fine->buckets; i++) {
        level->ops[i / LP_TIMELINE_STEP] += fine->ops[i];
        level->bad[i / LP_TIMELINE_STEP] += fine->bad[i];
    }
    coarsen(sums->held_ns, timeline->lanes, level->buckets);
    coarsen(sums->waited_ns, timeline->lanes, level->buckets);
    set_shares(level, timeline->lanes, sums);
}

void lp_timeline_init(struct lp_timeline *timeline, const struct lp_checks *checks)
{
    const struct lp_history *history = checks->history;
    *timeline = (struct lp_timeline){
        .checks = checks, .span_ns = span_of(history), .lanes = history->worker_count};
    size_t buckets = choose_buckets(history->op_count, timeline->lanes);
    uint64_t width_ns = (timeline->span_ns + buckets - 1) / buckets;
    struct sums sums = {
        .held_ns = lp_alloc(timeline->lanes * buckets, sizeof(uint64_t)),
        .waited_ns = lp_alloc(timeline->lanes * buckets, sizeof(uint64_t)),
    };
    alloc_level(&timeline->levels[0], timeline->lanes, buckets, width_ns);
    timeline->level_count = 1;
    count_ops(timeline, &sums);
    set_shares(&timeline->levels[0], timeline->lanes, &sums);
    while (timeline->level_count < LP_TIMELINE_LEVELS_MAX &&
           timeline->levels[timeline->level_count - 1].buckets > 32 * LP_TIMELINE_STEP)
        add_level(timeline, &sums);
    free(sums.held_ns);
    free(sums.waited_ns);
}

void lp_timeline_release(struct lp_timeline *timeline)
{
    for (size_t i = 0; i < timeline->level_count; i++) {
        free(timeline->levels[i].ops);
        free(timeline->levels[i].bad);
        free(timeline->levels[i].held);
        free(timeline->levels[i].waited);
    }
    *timeline = (struct lp_timeline){0};
}
