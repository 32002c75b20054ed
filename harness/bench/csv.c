/* SPDX-License-Identifier: MIT */
/* One row a lock and worker count: each figure as its median, smallest and largest repeat. */
#include "bench/report.h"

#include <string.h>

/* RFC 4180. */
static void add_field(struct lp_str *out, const char *text)
{
    if (!strpbrk(text, ",\"\n")) {
        lp_str_add(out, text);
        return;
    }
    lp_str_add(out, "\"");
    for (; *text; text++)
        lp_str_addf(out, *text == '"' ? "\"%c" : "%c", *text);
    lp_str_add(out, "\"");
}

void lp_bench_write_csv(const struct lp_bench_report *report, struct lp_str *out)
{
    const struct lp_bench *bench = report->bench;
    lp_str_add(out, "lock,driver,verdict,workers,repeats,lost,intrusions,wait_ns_max");
    for (size_t i = 0; i < lp_metric_count; i++)
        lp_str_addf(out, ",%s,%s_low,%s_high", lp_metrics[i].name, lp_metrics[i].name,
                    lp_metrics[i].name);
    lp_str_add(out, "\n");
    for (size_t i = 0; i < bench->lock_count; i++) {
        const struct lp_bench_lock *lock = &bench->locks[i];
        for (size_t k = 0; lock->driver && k < bench->plan.worker_count; k++) {
            const struct lp_point *point = &lock->points[k];
            add_field(out, lock->text);
            lp_str_addf(out, ",%s,%s,%u,%zu,%llu,%llu,%llu", lock->driver->name,
                        lp_bench_verdict_names[lock->verdict], point->workers, point->sample_count,
                        (unsigned long long)point->lost, (unsigned long long)point->intrusions,
                        (unsigned long long)point->acquire_ns.max);
            for (size_t m = 0; m < lp_metric_count; m++) {
                struct lp_figure figure = lp_point_figure(point, &lp_metrics[m]);
                lp_str_addf(out, ",%.6g,%.6g,%.6g", figure.median, figure.low, figure.high);
            }
            lp_str_add(out, "\n");
        }
    }
}
