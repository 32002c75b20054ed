/* SPDX-License-Identifier: MIT */
/* Figures into cells. A broken lock has no speed: what is not locked is fast, and no use. */
#include "bench/tables.h"

#include "base/units.h"

static void add_time(struct lp_grid *grid, double ns)
{
    char text[16];
    lp_grid_add(grid, "%s", lp_duration_format((uint64_t)(ns + 0.5), text, sizeof text));
}

static void add_rate(struct lp_grid *grid, double rate)
{
    char text[16];
    lp_grid_add(grid, "%s", lp_rate_format(rate, text, sizeof text));
}

static bool has_speed(const struct lp_bench_lock *lock)
{
    return lock->verdict == LP_BENCH_HELD || lock->verdict == LP_BENCH_UNTESTED ||
           lock->verdict == LP_BENCH_FAILED;
}

void lp_bench_exclusion_text(const struct lp_bench_lock *lock, struct lp_str *out)
{
    char lost[32], entered[32], intrusions[32];
    lp_str_addf(out, "%s of %s additions lost, %s sections intruded upon",
                lp_number_format(lock->lost, lost, sizeof lost),
                lp_number_format(lock->entered, entered, sizeof entered),
                lp_number_format(lock->intrusions, intrusions, sizeof intrusions));
}

/* A ratio, with a mark when it falls short of what is aimed at. */
static void add_ratio(struct lp_grid *grid, const struct lp_overhead *overhead, enum lp_loop loop)
{
    const struct lp_figure *ratio = &overhead->ratio[loop];
    if (loop == LP_LOOP_OFF && !overhead->has_bare)
        lp_grid_add(grid, "-");
    else
        lp_grid_add(grid, "%.3f%s", ratio->median,
                    overhead->aim[loop] > 0 && ratio->median < overhead->aim[loop] ? "!" : "");
}

void lp_table_uncontended(struct lp_grid *grid, const struct lp_bench *bench)
{
    static const char *const heads[] = {"lock", "bare pair", "pair",    "acquire p50", "p99",
                                        "off",  "timed",     "sampled", "full"};
    lp_grid_init(grid, heads, LP_ARRAY_LEN(heads));
    for (size_t i = 0; i < bench->lock_count; i++) {
        const struct lp_bench_lock *lock = &bench->locks[i];
        const struct lp_overhead *overhead = &lock->overhead;
        lp_grid_add(grid, "%s", lock->text);
        if (!overhead->measured || !has_speed(lock)) {
            lp_grid_end_row(grid, "-");
            continue;
        }
        if (overhead->has_bare)
            add_time(grid, overhead->pair_ns[LP_LOOP_BARE].median);
        else
            lp_grid_add(grid, "-");
        add_time(grid, overhead->pair_ns[LP_LOOP_OFF].median);
        add_time(grid, (double)lp_histogram_quantile(&overhead->acquire_ns, 0.5));
        add_time(grid, (double)lp_histogram_quantile(&overhead->acquire_ns, 0.99));
        for (unsigned loop = LP_LOOP_OFF; loop < LP_LOOP_COUNT; loop++)
            add_ratio(grid, overhead, (enum lp_loop)loop);
    }
}

static double median(const struct lp_point *point, const char *name)
{
    return lp_point_figure(point, lp_metric_find(name)).median;
}

static void add_point(struct lp_grid *grid, const struct lp_point *point)
{
    struct lp_figure rate = lp_point_figure(point, lp_metric_find("acquires_per_s"));
    static const char *const times[] = {"acquire_p50_ns", "acquire_p90_ns", "acquire_p99_ns",
                                        "acquire_p999_ns"};
    add_rate(grid, rate.median);
    lp_grid_add(grid, "%.2f", rate.low > 0 ? rate.high / rate.low : 0.0);
    add_rate(grid, median(point, "handovers_per_s"));
    for (size_t i = 0; i < LP_ARRAY_LEN(times); i++)
        add_time(grid, median(point, times[i]));
    add_time(grid, (double)point->acquire_ns.max);
    add_time(grid, median(point, "hold_p50_ns"));
    add_time(grid, median(point, "cpu_ns_per_acquire"));
    lp_grid_add(grid, "%.2g", median(point, "voluntary_per_acquire"));
    lp_grid_add(grid, "%.2g", median(point, "involuntary_per_acquire"));
    lp_grid_add(grid, "%.2f", median(point, "jain"));
    lp_grid_add(grid, "%llu", (unsigned long long)point->lost);
}

void lp_table_point(struct lp_grid *grid, const struct lp_bench *bench, size_t index)
{
    static const char *const heads[] = {
        "lock",  "verdict", "acquires/s", "spread", "hand-overs/s", "p50",   "p90",  "p99",
        "p99.9", "longest", "hold",       "cpu",    "vol",          "invol", "jain", "lost"};
    lp_grid_init(grid, heads, LP_ARRAY_LEN(heads));
    for (size_t i = 0; i < bench->lock_count; i++) {
        const struct lp_bench_lock *lock = &bench->locks[i];
        lp_grid_add(grid, "%s", lock->text);
        if (!has_speed(lock) || lock->points[index].sample_count == 0) {
            lp_grid_add(grid, "%s",
                        lock->verdict == LP_BENCH_BROKEN ? "BROKEN"
                                                         : lp_bench_verdict_names[lock->verdict]);
            while (grid->count % grid->columns != grid->columns - 1)
                lp_grid_add(grid, "-");
            lp_grid_add(grid, "%llu",
                        (unsigned long long)(lock->driver ? lock->points[index].lost : 0));
            continue;
        }
        lp_grid_add(grid, "%s", lp_bench_verdict_names[lock->verdict]);
        add_point(grid, &lock->points[index]);
    }
}

void lp_table_gate(struct lp_grid *grid, const struct lp_comparison *gate)
{
    static const char *const heads[] = {"lock", "compared with", "workers", "time ratio", "from",
                                        "to",   "pairs",         "answer"};
    lp_grid_init(grid, heads, LP_ARRAY_LEN(heads));
    for (size_t i = 0; i < gate->row_count; i++) {
        const struct lp_comparison_row *row = &gate->rows[i];
        lp_grid_add(grid, "%s", row->lock);
        lp_grid_add(grid, "%s", row->reference);
        lp_grid_add(grid, "%u", row->workers);
        lp_grid_add(grid, "%.3f", row->ratio.median);
        lp_grid_add(grid, "%.3f", row->ratio.low);
        lp_grid_add(grid, "%.3f", row->ratio.high);
        lp_grid_add(grid, "%zu", row->pairs);
        lp_grid_add(grid, "%s", lp_gate_answer_names[row->answer]);
    }
}
