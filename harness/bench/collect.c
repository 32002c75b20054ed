/* SPDX-License-Identifier: MIT */
/* Lanes to samples, slices to ratios. */
#include "bench/collect.h"

#include <string.h>

#include "base/units.h"

const struct lp_metric lp_metrics[] = {
    {"acquires_per_s", offsetof(struct lp_sample, acquires_per_s)},
    {"handovers_per_s", offsetof(struct lp_sample, handovers_per_s)},
    {"handover_share", offsetof(struct lp_sample, handover_share)},
    {"acquire_p50_ns", offsetof(struct lp_sample, p50_ns)},
    {"acquire_p90_ns", offsetof(struct lp_sample, p90_ns)},
    {"acquire_p99_ns", offsetof(struct lp_sample, p99_ns)},
    {"acquire_p999_ns", offsetof(struct lp_sample, p999_ns)},
    {"acquire_max_ns", offsetof(struct lp_sample, max_ns)},
    {"hold_p50_ns", offsetof(struct lp_sample, hold_p50_ns)},
    {"cpu_ns_per_acquire", offsetof(struct lp_sample, cpu_ns)},
    {"voluntary_per_acquire", offsetof(struct lp_sample, voluntary)},
    {"involuntary_per_acquire", offsetof(struct lp_sample, involuntary)},
    {"waiting_share", offsetof(struct lp_sample, waiting_share)},
    {"jain", offsetof(struct lp_sample, jain)},
    {"busiest_share", offsetof(struct lp_sample, busiest)},
    {"idlest_share", offsetof(struct lp_sample, idlest)},
};
const size_t lp_metric_count = LP_ARRAY_LEN(lp_metrics);

const struct lp_metric *lp_metric_find(const char *name)
{
    for (size_t i = 0; i < lp_metric_count; i++)
        if (strcmp(lp_metrics[i].name, name) == 0)
            return &lp_metrics[i];
    LP_BUG("a figure of no such name");
}

struct lp_figure lp_point_figure(const struct lp_point *point, const struct lp_metric *metric)
{
    double values[64];
    size_t count = 0;
    for (size_t i = 0; i < point->sample_count && count < LP_ARRAY_LEN(values); i++)
        memcpy(&values[count++], (const char *)&point->samples[i] + metric->offset, sizeof *values);
    return lp_figure_of(values, count);
}

/* ---- points ---- */

struct sums {
    double acquires, handovers, entered, cpu_ns, voluntary, involuntary, wait_ns, elapsed_ns;
};

static struct sums add_lanes(const struct lp_cell *cell, const struct lp_area *area)
{
    struct sums sums = {0};
    for (unsigned i = 0; i < cell->workers; i++) {
        const struct lp_lane *lane = &area->lanes[i];
        sums.acquires += (double)lane->acquires;
        sums.handovers += (double)lane->handovers;
        sums.entered += (double)lane->entered[0];
        sums.cpu_ns += (double)lane->cpu_ns;
        sums.voluntary += (double)lane->voluntary;
        sums.involuntary += (double)lane->involuntary;
        sums.wait_ns += (double)lane->wait_ns;
        sums.elapsed_ns += (double)lane->elapsed_ns;
    }
    return sums;
}

static void add_shares(struct lp_point *point, struct lp_sample *sample, const struct lp_cell *cell,
                       const struct lp_area *area, double acquires)
{
    const double equal = acquires / cell->workers;
    sample->busiest = sample->idlest = 1;
    for (unsigned i = 0; i < cell->workers; i++) {
        double share = equal > 0 ? (double)area->lanes[i].acquires / equal : 1;
        point->shares[i] = share;
        if (i == 0 || share > sample->busiest)
            sample->busiest = share;
        if (i == 0 || share < sample->idlest)
            sample->idlest = share;
    }
    sample->jain = lp_jain(point->shares, cell->workers);
}

static void add_latencies(struct lp_point *point, struct lp_sample *sample,
                          const struct lp_cell *cell, const struct lp_area *area)
{
    struct lp_histogram acquire_ns, hold_ns;
    lp_histogram_init(&acquire_ns);
    lp_histogram_init(&hold_ns);
    memset(point->bins, 0, sizeof point->bins);
    for (unsigned i = 0; i < cell->workers; i++) {
        const struct lp_lane *lane = &area->lanes[i];
        lp_histogram_merge(&acquire_ns, &lane->acquire_ns);
        lp_histogram_merge(&hold_ns, &lane->hold_ns);
        for (size_t k = 0; k < LP_BENCH_BINS; k++) {
            point->bins[k].count += lane->bins[k].count;
            point->bins[k].wait_ns += lane->bins[k].wait_ns;
            if (lane->bins[k].wait_ns_max > point->bins[k].wait_ns_max)
                point->bins[k].wait_ns_max = lane->bins[k].wait_ns_max;
        }
    }
    sample->p50_ns = (double)lp_histogram_quantile(&acquire_ns, 0.5);
    sample->p90_ns = (double)lp_histogram_quantile(&acquire_ns, 0.9);
    sample->p99_ns = (double)lp_histogram_quantile(&acquire_ns, 0.99);
    sample->p999_ns = (double)lp_histogram_quantile(&acquire_ns, 0.999);
    sample->max_ns = (double)acquire_ns.max;
    sample->hold_p50_ns = (double)lp_histogram_quantile(&hold_ns, 0.5);
    lp_histogram_merge(&point->acquire_ns, &acquire_ns);
    lp_histogram_merge(&point->hold_ns, &hold_ns);
}

void lp_collect_point(struct lp_point *point, const struct lp_cell *cell,
                      const struct lp_measured *measured)
{
    const struct lp_area *area = measured->area;
    struct lp_sample *sample = &point->samples[point->sample_count++];
    const struct sums sums = add_lanes(cell, area);
    const double seconds = (double)cell->duration_ns / (double)LP_SEC;
    const double entered = sums.entered > 0 ? sums.entered : 1;
    sample->acquires_per_s = sums.acquires / seconds;
    sample->handover_share = sums.handovers / entered;
    sample->handovers_per_s = sample->acquires_per_s * sample->handover_share;
    sample->cpu_ns = sums.cpu_ns / entered;
    sample->voluntary = sums.voluntary / entered;
    sample->involuntary = sums.involuntary / entered;
    sample->waiting_share = sums.elapsed_ns > 0 ? sums.wait_ns / sums.elapsed_ns : 0;
    add_shares(point, sample, cell, area, sums.acquires);
    add_latencies(point, sample, cell, area);
}

/* ---- overhead ---- */

/* What the issue of honesty aims at, by how long a pair takes by its nature. */
enum speed { IN_MEMORY, ONE_CALL, SLOWER };

static enum speed speed_of(const struct lp_driver *driver)
{
    static const struct {
        const char *name;
        enum speed speed;
    } rows[] = {{"mutex", IN_MEMORY}, {"robust", IN_MEMORY}, {"semaphore", IN_MEMORY},
                {"flock", ONE_CALL},  {"posix", ONE_CALL},   {"ofd", ONE_CALL}};
    for (size_t i = 0; i < LP_ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].name, driver->name) == 0)
            return rows[i].speed;
    return SLOWER;
}

static const double aims[][LP_LOOP_COUNT] = {
    [IN_MEMORY] = {[LP_LOOP_OFF] = 0.98, [LP_LOOP_SAMPLED] = 0.90},
    [ONE_CALL] = {[LP_LOOP_OFF] = 0.98, [LP_LOOP_SAMPLED] = 0.97, [LP_LOOP_FULL] = 0.75},
    [SLOWER] = {[LP_LOOP_OFF] = 0.98, [LP_LOOP_SAMPLED] = 0.97, [LP_LOOP_FULL] = 0.97},
};

static double nanoseconds_a_pair(const struct lp_slice *slice)
{
    return slice->pairs ? (double)slice->elapsed_ns / (double)slice->pairs : 0;
}

static enum lp_loop reference_of(const struct lp_overhead *overhead)
{
    return overhead->has_bare ? LP_LOOP_BARE : LP_LOOP_OFF;
}

/* A round in which somebody else had the processor for milliseconds tells of him. */
static bool is_disturbed(const struct lp_slice *slices)
{
    bool disturbed = false;
    for (unsigned loop = 0; loop < LP_LOOP_COUNT; loop++)
        disturbed |= slices[loop].disturbed;
    return disturbed;
}

void lp_collect_overhead(struct lp_overhead *overhead, const struct lp_cell *cell,
                         const struct lp_measured *measured)
{
    const struct lp_lane *lane = &measured->area->lanes[0];
    overhead->has_bare = lane->has_bare;
    const enum lp_loop reference = reference_of(overhead);
    for (unsigned round = 0; round < cell->rounds; round++) {
        if (is_disturbed(lane->slices[round]))
            continue;
        double base_ns = nanoseconds_a_pair(&lane->slices[round][reference]);
        for (unsigned loop = reference; loop < LP_LOOP_COUNT; loop++) {
            double own_ns = nanoseconds_a_pair(&lane->slices[round][loop]);
            overhead->pairs[loop][overhead->round_count] = own_ns;
            overhead->ratios[loop][overhead->round_count] = own_ns > 0 ? base_ns / own_ns : 0;
        }
        overhead->round_count++;
    }
    lp_histogram_merge(&overhead->acquire_ns, &lane->acquire_ns);
}

void lp_collect_overhead_end(struct lp_overhead *overhead, const struct lp_driver *driver)
{
    overhead->measured = overhead->round_count > 0;
    for (unsigned loop = reference_of(overhead); loop < LP_LOOP_COUNT; loop++) {
        overhead->pair_ns[loop] = lp_figure_of(overhead->pairs[loop], overhead->round_count);
        overhead->ratio[loop] =
            lp_figure_interval(overhead->ratios[loop], overhead->round_count, 0.95);
        if (overhead->has_bare || loop > LP_LOOP_OFF)
            overhead->aim[loop] = aims[speed_of(driver)][loop];
    }
}

/* ---- exclusion ---- */

void lp_collect_exclusion(struct lp_bench_lock *lock, const struct lp_cell *cell,
                          const struct lp_measured *measured, unsigned number)
{
    if (!measured->area)
        return;
    for (unsigned i = 0; i < cell->workers; i++) {
        const struct lp_lane *lane = &measured->area->lanes[i];
        lock->entered += lane->entered[number];
        if (number == 0)
            lock->handovers += lane->handovers;
    }
    lock->lost += lp_measured_lost(measured, cell, number);
    lock->intrusions += lp_measured_intrusions(measured, cell, number);
}
