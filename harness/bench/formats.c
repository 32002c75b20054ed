/* SPDX-License-Identifier: MIT */
/* What the formats share: their table, numbers in few digits, warnings, colours. */
#include "bench/report.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "base/units.h"

const struct lp_bench_format lp_bench_formats[] = {
    {"text", lp_bench_write_text},
    {"json", lp_bench_write_json},
    {"csv", lp_bench_write_csv},
    {"markdown", lp_bench_write_markdown},
};
const size_t lp_bench_format_count = LP_ARRAY_LEN(lp_bench_formats);

char *lp_rate_format(double rate, char *buf, size_t size)
{
    static const struct {
        double from;
        const char *unit;
    } rows[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {0, ""}};
    size_t i = 0;
    while (rate < rows[i].from)
        i++;
    double shown = rows[i].from > 0 ? rate / rows[i].from : rate;
    int digits = shown < 10 ? 2 : shown < 100 ? 1 : 0;
    snprintf(buf, size, "%.*f%s", digits, shown, rows[i].unit);
    return buf;
}

/* ---- warnings ---- */

#define HANDOVER_SHARE_MIN 0.05

struct warnings {
    struct lp_str *lines;
    size_t count, max;
};

static struct lp_str *another(struct warnings *to)
{
    if (to->count == to->max)
        return NULL;
    lp_str_init(&to->lines[to->count]);
    return &to->lines[to->count++];
}

static void warn_noise(struct warnings *to, const struct lp_noise *noise)
{
    struct lp_str *line = noise->noisy ? another(to) : NULL;
    if (line)
        lp_str_addf(line,
                    "the machine was noisy: others took %.0f %% of it, repeats of a point differ "
                    "%.2f times (median)",
                    noise->others * 100, noise->spread);
}

/* The bare truth about loops that follow their own release. */
static void warn_fast_path(struct warnings *to, const struct lp_bench *bench)
{
    struct lp_str names;
    size_t count = 0;
    lp_str_init(&names);
    for (size_t i = 0; i < bench->lock_count; i++) {
        bool met = false, tried = false;
        for (size_t k = 0; bench->locks[i].driver && k < bench->plan.worker_count; k++) {
            const struct lp_point *point = &bench->locks[i].points[k];
            if (point->workers < 2 || point->sample_count == 0)
                continue;
            tried = true;
            met |= lp_point_figure(point, lp_metric_find("handover_share")).median >=
                   HANDOVER_SHARE_MIN;
        }
        if (tried && !met) {
            lp_str_addf(&names, "%s%s", count++ ? ", " : "", bench->locks[i].text);
        }
    }
    struct lp_str *line = count ? another(to) : NULL;
    if (line)
        lp_str_addf(line,
                    "fewer than 5 %% hand-overs of %s: mostly the fast path was measured; a "
                    "longer --think makes workers take turns",
                    names.ptr);
    lp_str_release(&names);
}

static void warn_stored_wake(struct warnings *to, const struct lp_bench_report *report)
{
    const struct lp_comparison *gate = report->gate;
    if (!gate || gate->paired || gate->wake_then_ns == 0)
        return;
    double now = (double)report->bench->wake[report->bench->plan.cpus].p50_ns;
    double then = (double)gate->wake_then_ns;
    struct lp_str *line = now > 1.5 * then || then > 1.5 * now ? another(to) : NULL;
    if (line)
        lp_str_addf(line,
                    "waking a process cost %.1f us then and %.1f us now: whatever blocks cannot "
                    "be compared",
                    then / 1000, now / 1000);
}

size_t lp_bench_warnings(const struct lp_bench_report *report, struct lp_str *lines, size_t max)
{
    struct warnings to = {.lines = lines, .max = max};
    warn_noise(&to, &report->bench->noise);
    warn_fast_path(&to, report->bench);
    warn_stored_wake(&to, report);
    return to.count;
}

/* ---- colours ---- */

/*
 * All can be read on white and on black (contrast of at least 3 on both), and differ for the usual
 * kinds of colour blindness in hue or in lightness (after Okabe and Ito, Color Universal Design,
 * 2008); plots tell lines apart by dashes and marks as well.
 */
static const struct {
    const char *driver;
    const char *color;
} colors[] = {
    {"flock", "#0072b2"},     {"posix", "#d55e00"},     {"ofd", "#b0569a"},
    {"lockfile", "#009e73"},  {"mkdir", "#8a7d00"},     {"mutex", "#3e97c9"},
    {"robust", "#7b61c9"},    {"semaphore", "#a65a3c"}, {"sqlite", "#74808c"},
    {"pidfile", "#b87a14"},   {"redis", "#cf4b5a"},     {"redlock", "#a8485a"},
    {"postgres", "#4a6fb8"},  {"mariadb", "#2f8a6a"},   {"etcd", "#2f9a9a"},
    {"zookeeper", "#6e8f2d"},
};

const char *lp_bench_color(const char *driver)
{
    for (size_t i = 0; i < LP_ARRAY_LEN(colors); i++)
        if (strcmp(colors[i].driver, driver) == 0)
            return colors[i].color;
    uint64_t hash = 0;
    for (const char *at = driver; *at; at++)
        hash = lp_mix(hash, (unsigned char)*at);
    return colors[hash % LP_ARRAY_LEN(colors)].color;
}
