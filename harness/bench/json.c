/* SPDX-License-Identifier: MIT */
/* result.json of a benchmark; docs/BENCH.md describes it. */
#include "bench/report.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/units.h"

/* Six digits are more than any of these figures deserves. */
static json_t *number(double value)
{
    if (!isfinite(value))
        return json_null();
    if (value == 0)
        return json_integer(0);
    double scale = pow(10, 5 - floor(log10(fabs(value))));
    return json_real(round(value * scale) / scale);
}

static json_t *whole(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *figure_json(const struct lp_figure *figure)
{
    json_t *object = json_object();
    json_object_set_new(object, "median", number(figure->median));
    json_object_set_new(object, "low", number(figure->low));
    json_object_set_new(object, "high", number(figure->high));
    return object;
}

static json_t *percentiles_json(const struct lp_histogram *histogram)
{
    static const struct {
        const char *name;
        double quantile;
    } rows[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}, {"max", 1}};
    json_t *object = json_object();
    for (size_t i = 0; i < LP_ARRAY_LEN(rows); i++)
        json_object_set_new(object, rows[i].name,
                            whole(lp_histogram_quantile(histogram, rows[i].quantile)));
    return object;
}

/* [[0.5, 210], [0.75, 260], ...]: quantile and ns, closer and closer to 1. */
static json_t *curve_json(const struct lp_histogram *histogram)
{
    json_t *array = json_array();
    double above = 1; /* share of the values that are larger */
    for (int step = 0; step < 44 && above * (double)histogram->count >= 1; step++) {
        json_t *pair = json_array();
        json_array_append_new(pair, number(1 - above));
        json_array_append_new(pair, whole(lp_histogram_quantile(histogram, 1 - above)));
        json_array_append_new(array, pair);
        above /= pow(10, 0.125);
    }
    if (histogram->count) {
        json_t *pair = json_array();
        json_array_append_new(pair, json_integer(1));
        json_array_append_new(pair, whole(histogram->max));
        json_array_append_new(array, pair);
    }
    return array;
}

/* [[ms since the start, mean wait in ns, longest wait in ns], ...] */
static json_t *waits_json(const struct lp_point *point, uint64_t duration_ns)
{
    json_t *array = json_array();
    for (size_t i = 0; i < LP_BENCH_BINS; i++) {
        const struct lp_bin *bin = &point->bins[i];
        if (bin->count == 0)
            continue;
        json_t *row = json_array();
        double at_ns = ((double)i + 0.5) * (double)duration_ns / LP_BENCH_BINS;
        json_array_append_new(row, number(at_ns / (double)LP_MS));
        json_array_append_new(row, number((double)bin->wait_ns / (double)bin->count));
        json_array_append_new(row, whole(bin->wait_ns_max));
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *point_json(const struct lp_point *point, uint64_t duration_ns)
{
    json_t *object = json_object();
    json_t *shares = json_array(), *repeats = json_array();
    json_object_set_new(object, "workers", json_integer(point->workers));
    for (size_t i = 0; i < lp_metric_count; i++) {
        struct lp_figure figure = lp_point_figure(point, &lp_metrics[i]);
        json_object_set_new(object, lp_metrics[i].name, figure_json(&figure));
    }
    for (size_t i = 0; i < point->sample_count; i++)
        json_array_append_new(repeats, number(point->samples[i].acquires_per_s));
    for (unsigned i = 0; i < point->workers; i++)
        json_array_append_new(shares, number(point->shares[i]));
    json_object_set_new(object, "repeats", repeats);
    json_object_set_new(object, "acquire_ns", percentiles_json(&point->acquire_ns));
    json_object_set_new(object, "hold_ns", percentiles_json(&point->hold_ns));
    json_object_set_new(object, "wait_ns_max", whole(point->acquire_ns.max));
    json_object_set_new(object, "lost", whole(point->lost));
    json_object_set_new(object, "intrusions", whole(point->intrusions));
    json_object_set_new(object, "shares", shares);
    json_object_set_new(object, "curve", curve_json(&point->acquire_ns));
    json_object_set_new(object, "waits", waits_json(point, duration_ns));
    if (point->trouble[0])
        json_object_set_new(object, "trouble", json_string(point->trouble));
    return object;
}

static json_t *overhead_json(const struct lp_overhead *overhead)
{
    if (!overhead->measured)
        return json_null();
    json_t *object = json_object(), *loops = json_array();
    const unsigned reference = overhead->has_bare ? LP_LOOP_BARE : LP_LOOP_OFF;
    for (unsigned loop = reference; loop < LP_LOOP_COUNT; loop++) {
        json_t *row = json_object();
        json_object_set_new(row, "loop", json_string(lp_loop_names[loop]));
        json_object_set_new(row, "pair_ns", figure_json(&overhead->pair_ns[loop]));
        json_object_set_new(row, "ratio", figure_json(&overhead->ratio[loop]));
        if (overhead->aim[loop] > 0) {
            json_object_set_new(row, "aim", number(overhead->aim[loop]));
            json_object_set_new(row, "met",
                                json_boolean(overhead->ratio[loop].median >= overhead->aim[loop]));
        }
        json_array_append_new(loops, row);
    }
    json_object_set_new(object, "reference", json_string(lp_loop_names[reference]));
    json_object_set_new(object, "rounds", whole(overhead->round_count));
    json_object_set_new(object, "loops", loops);
    json_object_set_new(object, "acquire_ns", percentiles_json(&overhead->acquire_ns));
    return object;
}

static json_t *lock_json(const struct lp_bench *bench, const struct lp_bench_lock *lock)
{
    json_t *object = json_object(), *settings = json_object(), *points = json_array();
    for (size_t i = 0; i < lock->resource.setting_count; i++)
        json_object_set_new(settings, lock->resource.settings[i].key,
                            json_string(lock->resource.settings[i].value));
    for (size_t i = 0; lock->driver && i < bench->plan.worker_count; i++)
        json_array_append_new(points, point_json(&lock->points[i], bench->plan.duration_ns));
    json_object_set_new(object, "name", json_string(lock->text));
    if (lock->driver) {
        json_object_set_new(object, "driver", json_string(lock->driver->name));
        json_object_set_new(object, "summary", json_string(lock->driver->summary));
        json_object_set_new(object, "color", json_string(lp_bench_color(lock->driver->name)));
    }
    json_object_set_new(object, "settings", settings);
    json_object_set_new(object, "verdict", json_string(lp_bench_verdict_names[lock->verdict]));
    json_object_set_new(object, "entered", whole(lock->entered));
    json_object_set_new(object, "handovers", whole(lock->handovers));
    json_object_set_new(object, "lost", whole(lock->lost));
    json_object_set_new(object, "intrusions", whole(lock->intrusions));
    if (lock->trouble[0])
        json_object_set_new(object, "trouble", json_string(lock->trouble));
    if (lock->remedy[0])
        json_object_set_new(object, "remedy", json_string(lock->remedy));
    json_object_set_new(object, "overhead", overhead_json(&lock->overhead));
    json_object_set_new(object, "points", points);
    return object;
}

static json_t *machine_json(const struct lp_bench *bench)
{
    struct utsname host = {0};
    uname(&host);
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:s}", "host", host.nodename, "kernel",
                     host.release, "machine", host.machine, "compiler", __VERSION__, "processors",
                     (int)bench->processors, "clock", lp_ticks_name(&bench->host.ticks),
                     "filesystem", bench->filesystem);
}

static json_t *settings_json(const struct lp_bench_plan *plan)
{
    json_t *workers = json_array();
    for (size_t i = 0; i < plan->worker_count; i++)
        json_array_append_new(workers, json_integer(plan->workers[i]));
    return json_pack("{s:o, s:I, s:I, s:I, s:i, s:i, s:s, s:s, s:I}", "workers", workers,
                     "duration_ns", (json_int_t)plan->duration_ns, "hold_ns",
                     (json_int_t)plan->hold_ns, "think_ns", (json_int_t)plan->think_ns, "repeats",
                     (int)plan->repeats, "containers", (int)plan->containers, "placement",
                     lp_placement_name(plan->placement), "cpus", lp_cpus_names[plan->cpus], "seed",
                     (json_int_t)plan->seed);
}

static json_t *wake_json(const struct lp_bench *bench)
{
    json_t *object = json_object();
    for (size_t i = 0; i < LP_ARRAY_LEN(bench->wake); i++)
        json_object_set_new(object, lp_cpus_names[i],
                            json_pack("{s:I, s:I}", "p50", (json_int_t)bench->wake[i].p50_ns, "p99",
                                      (json_int_t)bench->wake[i].p99_ns));
    return object;
}

static json_t *gate_json(const struct lp_comparison *gate)
{
    if (!gate)
        return json_null();
    json_t *object = json_object(), *rows = json_array();
    for (size_t i = 0; i < gate->row_count; i++) {
        const struct lp_comparison_row *row = &gate->rows[i];
        json_array_append_new(rows, json_pack("{s:s, s:s, s:i, s:o, s:I, s:s, s:s}", "lock",
                                              row->lock, "reference", row->reference, "workers",
                                              (int)row->workers, "ratio", figure_json(&row->ratio),
                                              "pairs", (json_int_t)row->pairs, "answer",
                                              lp_gate_answer_names[row->answer], "why", row->why));
    }
    json_object_set_new(object, "paired", json_boolean(gate->paired));
    json_object_set_new(object, "max_regress", number(gate->regress_max));
    json_object_set_new(object, "rows", rows);
    return object;
}

static json_t *noise_json(const struct lp_bench_report *report)
{
    const struct lp_noise *noise = &report->bench->noise;
    struct lp_str lines[8];
    json_t *warnings = json_array();
    size_t count = lp_bench_warnings(report, lines, LP_ARRAY_LEN(lines));
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(warnings, json_string(lines[i].ptr));
        lp_str_release(&lines[i]);
    }
    json_t *object = json_object();
    json_object_set_new(object, "others", number(noise->others));
    json_object_set_new(object, "spread", number(noise->spread));
    json_object_set_new(object, "noisy", json_boolean(noise->noisy));
    json_object_set_new(object, "warnings", warnings);
    return object;
}

static json_t *clock_json(const struct lp_bench *bench)
{
    json_t *object = json_object();
    json_object_set_new(object, "monotonic_ns", number(bench->clock_ns));
    json_object_set_new(object, "tsc_ns",
                        bench->host.ticks.tsc ? number(bench->tsc_ns) : json_null());
    json_object_set_new(object, "event_ns", number(bench->event_ns));
    return object;
}

void lp_bench_write_json(const struct lp_bench_report *report, struct lp_str *out)
{
    const struct lp_bench *bench = report->bench;
    json_t *root = json_object(), *locks = json_array(), *plots = json_array();
    for (size_t i = 0; i < bench->lock_count; i++)
        json_array_append_new(locks, lock_json(bench, &bench->locks[i]));
    for (size_t i = 0; report->plots && report->plots[i]; i++)
        json_array_append_new(plots, json_string(report->plots[i]));
    json_object_set_new(root, "lockproof", json_string(LP_VERSION));
    json_object_set_new(root, "kind", json_string("bench"));
    json_object_set_new(root, "command", json_string(report->command));
    json_object_set_new(root, "started", json_string(bench->started));
    json_object_set_new(root, "elapsed_s", number((double)bench->elapsed_ns / (double)LP_SEC));
    json_object_set_new(root, "exit_status", json_integer(report->exit_status));
    json_object_set_new(root, "machine", machine_json(bench));
    json_object_set_new(root, "settings", settings_json(&bench->plan));
    json_object_set_new(root, "wake_ns", wake_json(bench));
    json_object_set_new(root, "clock", clock_json(bench));
    json_object_set_new(root, "noise", noise_json(report));
    json_object_set_new(root, "locks", locks);
    json_object_set_new(root, "comparison", gate_json(report->gate));
    json_object_set_new(root, "plots", plots);
    char *text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(7));
    if (text) {
        lp_str_add(out, text);
        lp_str_add(out, "\n");
    }
    free(text);
    json_decref(root);
}
