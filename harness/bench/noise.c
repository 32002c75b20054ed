/* SPDX-License-Identifier: MIT */
/* Others' processor time from proc(5) stat, and the spread of our own figures. */
#include "bench/noise.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/str.h"
#include "base/units.h"
#include "os/file.h"

#define STAT_SIZE_MAX ((size_t)1024 * 1024)
/* More than this of the machine taken by others, or repeats that differ more than this by half of
   the points, is worth a warning. */
#define OTHERS_MAX 0.10
#define SPREAD_MAX 1.30

static uint64_t time_of(const struct timeval *time)
{
    return (uint64_t)time->tv_sec * LP_SEC + (uint64_t)time->tv_usec * LP_US;
}

static uint64_t own_ns(void)
{
    struct rusage self, children;
    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    return time_of(&self.ru_utime) + time_of(&self.ru_stime) + time_of(&children.ru_utime) +
           time_of(&children.ru_stime);
}

/* "cpu  user nice system idle iowait irq softirq steal ...": what a guest got is in user. */
static void read_stat(uint64_t *total, uint64_t *idle)
{
    unsigned long long part[8] = {0};
    struct lp_str text;
    struct lp_err err = {0};
    lp_str_init(&text);
    *total = *idle = 0;
    if (lp_file_read("/proc/stat", STAT_SIZE_MAX, &text, &err) == 0 &&
        sscanf(text.ptr, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &part[0], &part[1],
               &part[2], &part[3], &part[4], &part[5], &part[6], &part[7]) == 8) {
        for (size_t i = 0; i < LP_ARRAY_LEN(part); i++)
            *total += part[i];
        *idle = part[3] + part[4];
    }
    lp_str_release(&text);
}

void lp_noise_begin(struct lp_noise_watch *watch)
{
    read_stat(&watch->total, &watch->idle);
    watch->own_ns = own_ns();
}

static double others_share(const struct lp_noise_watch *watch)
{
    uint64_t total, idle;
    read_stat(&total, &idle);
    if (total <= watch->total)
        return 0;
    double ticks_s = (double)sysconf(_SC_CLK_TCK);
    double all = (double)(total - watch->total) / ticks_s;
    double busy = all - (double)(idle - watch->idle) / ticks_s;
    double own = (double)(own_ns() - watch->own_ns) / (double)LP_SEC;
    double share = (busy - own) / all;
    return share > 0 ? share : 0;
}

static double median_spread(const struct lp_bench *bench)
{
    size_t count = 0;
    double *spreads = lp_alloc(bench->lock_count * bench->plan.worker_count + 1, sizeof *spreads);
    const struct lp_metric *rate = lp_metric_find("acquires_per_s");
    for (size_t i = 0; i < bench->lock_count; i++) {
        for (size_t k = 0; k < bench->plan.worker_count; k++) {
            struct lp_figure figure = lp_point_figure(&bench->locks[i].points[k], rate);
            if (bench->locks[i].points[k].sample_count > 1 && figure.low > 0)
                spreads[count++] = figure.high / figure.low;
        }
    }
    double median = lp_figure_of(spreads, count).median;
    free(spreads);
    return count ? median : 1;
}

void lp_noise_end(const struct lp_noise_watch *watch, struct lp_bench *bench)
{
    struct lp_noise *noise = &bench->noise;
    noise->others = others_share(watch);
    noise->spread = median_spread(bench);
    noise->noisy = noise->others > OTHERS_MAX || noise->spread > SPREAD_MAX;
}
