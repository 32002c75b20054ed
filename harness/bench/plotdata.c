/* SPDX-License-Identifier: MIT */
/* One block a lock in each data file, in the order of the array `lock` in locks.gp. */
#include "bench/plotdata.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "bench/report.h"
#include "os/file.h"

/* gnuplot's point types that are easily told apart, filled and empty. */
static const int marks[] = {7, 5, 9, 13, 6, 4, 8, 12, 11, 10, 2, 1};

struct plotdata {
    struct lp_bench *bench;
    const struct lp_bench_lock **locks; /* that are drawn */
    size_t count;
    size_t shown; /* index of the worker count of the plots that have one only: the largest */
};

/* Single quotes: nothing is special inside but the quote itself. */
static void add_quoted(struct lp_str *out, const char *text)
{
    lp_str_add(out, "'");
    for (; *text; text++)
        lp_str_addf(out, *text == '\'' ? "'%c" : "%c", *text);
    lp_str_add(out, "'");
}

static bool is_drawn(const struct lp_bench_lock *lock, size_t worker_count)
{
    if (!lock->driver || (lock->verdict != LP_BENCH_HELD && lock->verdict != LP_BENCH_UNTESTED))
        return false;
    for (size_t i = 0; i < worker_count; i++)
        if (lock->points[i].sample_count == 0)
            return false;
    return true;
}

static void add_locks(const struct plotdata *data, struct lp_str *out)
{
    const struct lp_bench_plan *plan = &data->bench->plan;
    unsigned least = plan->workers[0], most = plan->workers[0];
    lp_str_addf(out, "array lock[%zu] = [", data->count);
    for (size_t i = 0; i < data->count; i++) {
        lp_str_add(out, i ? ", " : "");
        add_quoted(out, data->locks[i]->text);
    }
    lp_str_addf(out, "]\narray color[%zu] = [", data->count);
    for (size_t i = 0; i < data->count; i++)
        lp_str_addf(out, "%s'%s'", i ? ", " : "", lp_bench_color(data->locks[i]->driver->name));
    lp_str_addf(out, "]\narray mark[%zu] = [", data->count);
    for (size_t i = 0; i < data->count; i++)
        lp_str_addf(out, "%s%d", i ? ", " : "", marks[i % LP_ARRAY_LEN(marks)]);
    lp_str_add(out, "]\nworker_tics = \"");
    for (size_t i = 0; i < plan->worker_count; i++) {
        lp_str_addf(out, "%s%u", i ? ", " : "", plan->workers[i]);
        least = plan->workers[i] < least ? plan->workers[i] : least;
        most = plan->workers[i] > most ? plan->workers[i] : most;
    }
    lp_str_add(out, "\"\nheat_xtics = \"");
    for (size_t i = 0; i < plan->worker_count; i++)
        lp_str_addf(out, "%s'%u' %zu", i ? ", " : "", plan->workers[i], i);
    lp_str_add(out, "\"\nheat_ytics = \"");
    for (size_t i = 0; i < data->count; i++) {
        lp_str_add(out, i ? ", " : "");
        add_quoted(out, data->locks[i]->text);
        lp_str_addf(out, " %zu", i);
    }
    lp_str_addf(out, "\"\nworker_counts = %zu\nworker_min = %u\nworker_max = %u\n",
                plan->worker_count, least, most);
    lp_str_addf(out, "shown_workers = %u\nshown_ms = %.6g\n", plan->workers[data->shown],
                (double)plan->duration_ns / (double)LP_MS);
}

static void add_throughput(const struct plotdata *data, struct lp_str *out)
{
    const struct lp_metric *acquires = lp_metric_find("acquires_per_s");
    const struct lp_metric *handovers = lp_metric_find("handovers_per_s");
    lp_str_add(out, "# workers, acquires/s: median low high, hand-overs/s: median low high\n");
    for (size_t i = 0; i < data->count; i++) {
        for (size_t k = 0; k < data->bench->plan.worker_count; k++) {
            const struct lp_point *point = &data->locks[i]->points[k];
            struct lp_figure a = lp_point_figure(point, acquires);
            struct lp_figure h = lp_point_figure(point, handovers);
            lp_str_addf(out, "%u %.6g %.6g %.6g", point->workers, a.median, a.low, a.high);
            if (h.low > 0)
                lp_str_addf(out, " %.6g %.6g %.6g\n", h.median, h.low, h.high);
            else
                lp_str_add(out, " NaN NaN NaN\n"); /* a logarithm has no nought */
        }
        lp_str_add(out, "\n\n");
    }
}

static void add_latency(const struct plotdata *data, struct lp_str *out)
{
    lp_str_add(out, "# 1 / (1 - quantile), ns\n");
    for (size_t i = 0; i < data->count; i++) {
        const struct lp_histogram *histogram = &data->locks[i]->points[data->shown].acquire_ns;
        double above = 1;
        for (; above * (double)histogram->count >= 1; above /= pow(10, 0.125)) {
            uint64_t ns = lp_histogram_quantile(histogram, 1 - above);
            lp_str_addf(out, "%.6g %llu\n", 1 / above, (unsigned long long)(ns ? ns : 1));
        }
        lp_str_addf(out, "%.6g %llu\n\n\n", 1 / above, (unsigned long long)histogram->max);
    }
}

static int downwards(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

static void add_share(const struct plotdata *data, struct lp_str *out)
{
    lp_str_add(out, "# rank, acquires over an equal share\n");
    for (size_t i = 0; i < data->count; i++) {
        const struct lp_point *point = &data->locks[i]->points[data->shown];
        double *sorted = lp_alloc(point->workers, sizeof *sorted);
        memcpy(sorted, point->shares, point->workers * sizeof *sorted);
        qsort(sorted, point->workers, sizeof *sorted, downwards);
        for (unsigned k = 0; k < point->workers; k++)
            lp_str_addf(out, "%u %.4f\n", k + 1, sorted[k]);
        lp_str_add(out, "\n\n");
        free(sorted);
    }
}

static void add_waits(const struct plotdata *data, struct lp_str *out)
{
    double bin_ms = (double)data->bench->plan.duration_ns / LP_BENCH_BINS / (double)LP_MS;
    lp_str_add(out, "# ms, mean wait in ns, longest wait in ns\n");
    for (size_t i = 0; i < data->count; i++) {
        const struct lp_bin *bins = data->locks[i]->points[data->shown].bins;
        for (size_t k = 0; k < LP_BENCH_BINS; k++)
            if (bins[k].count)
                lp_str_addf(out, "%.4f %.6g %llu\n", ((double)k + 0.5) * bin_ms,
                            (double)bins[k].wait_ns / (double)bins[k].count,
                            (unsigned long long)bins[k].wait_ns_max);
        lp_str_add(out, "\n\n");
    }
}

static void add_heat(const struct plotdata *data, struct lp_str *out)
{
    const struct lp_metric *waiting = lp_metric_find("waiting_share");
    lp_str_add(out, "# index of the worker count, of the lock, waiting in %\n");
    for (size_t i = 0; i < data->count; i++) {
        for (size_t k = 0; k < data->bench->plan.worker_count; k++)
            lp_str_addf(out, "%zu %zu %.2f\n", k, i,
                        lp_point_figure(&data->locks[i]->points[k], waiting).median * 100);
        lp_str_add(out, "\n");
    }
}

static int write_files(const struct plotdata *data, const char *folder, struct lp_err *err)
{
    static const struct {
        const char *name;
        void (*add)(const struct plotdata *data, struct lp_str *out);
    } files[] = {{"locks.gp", add_locks},      {"throughput.dat", add_throughput},
                 {"latency.dat", add_latency}, {"share.dat", add_share},
                 {"waits.dat", add_waits},     {"heat.dat", add_heat}};
    struct lp_str text;
    int result = 0;
    lp_str_init(&text);
    for (size_t i = 0; i < LP_ARRAY_LEN(files) && result == 0; i++) {
        lp_str_clear(&text);
        files[i].add(data, &text);
        result = lp_file_write(lp_arena_printf(&data->bench->arena, "%s/%s", folder, files[i].name),
                               text.ptr, text.len, err);
    }
    lp_str_release(&text);
    return result;
}

int lp_plotdata_write(struct lp_bench *bench, const char *folder, size_t *count, struct lp_err *err)
{
    struct plotdata data = {.bench = bench};
    data.locks = lp_alloc(bench->lock_count + 1, sizeof(struct lp_bench_lock *));
    for (size_t i = 0; i < bench->lock_count; i++)
        if (is_drawn(&bench->locks[i], bench->plan.worker_count))
            data.locks[data.count++] = &bench->locks[i];
    for (size_t i = 0; i < bench->plan.worker_count; i++)
        if (bench->plan.workers[i] > bench->plan.workers[data.shown])
            data.shown = i;
    *count = data.count;
    int result = data.count ? write_files(&data, folder, err) : 0;
    free(data.locks);
    return result;
}
