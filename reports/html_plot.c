/* SPDX-License-Identifier: MIT */
/*
 * Plots drawn as SVG in the page itself, so that they take its colours: latency by percentile on
 * the axis of HdrHistogram (each step leaves out nine tenths of what was left), operations over
 * time, and how often each worker was served.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/units.h"
#include "reports/html_markup.h"
#include "reports/html_parts.h"
#include "reports/witness.h"

enum { WIDTH = 400, HEIGHT = 240, LEFT = 62, RIGHT = 16, TOP = 14, BOTTOM = 42 };
enum { INNER_WIDTH = WIDTH - LEFT - RIGHT, INNER_HEIGHT = HEIGHT - TOP - BOTTOM };

static double at_x(double share)
{
    return LEFT + share * INNER_WIDTH;
}

static double at_y(double share)
{
    return TOP + (1 - share) * INNER_HEIGHT;
}

static void begin(struct lp_str *out, const char *title, const char *described)
{
    lp_str_addf(out,
                "<figure><figcaption>%s</figcaption><svg class=\"plot\" viewBox=\"0 0 %d %d\" "
                "role=\"img\" aria-label=\"%s\">\n",
                title, WIDTH, HEIGHT, described);
}

static void label(struct lp_str *out, double x, double y, const char *anchor, const char *text)
{
    lp_str_addf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor,
                text);
}

static void grid_y(struct lp_str *out, double share, const char *text)
{
    lp_str_addf(out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>\n", LEFT, at_y(share),
                WIDTH - RIGHT);
    label(out, LEFT - 6, at_y(share) + 4, "end", text);
}

static void grid_x(struct lp_str *out, double share, const char *text)
{
    lp_str_addf(out, "<path class=\"grid\" d=\"M%.1f %dV%d\"/>\n", at_x(share), TOP,
                HEIGHT - BOTTOM);
    label(out, at_x(share), HEIGHT - BOTTOM + 16, "middle", text);
}

static void end(struct lp_str *out, const char *axis)
{
    label(out, LEFT + INNER_WIDTH / 2.0, HEIGHT - 6, "middle", axis);
    lp_str_add(out, "</svg></figure>\n");
}

/* ---- latency by percentile ---- */

struct scale {
    double low, high; /* log10 of ns */
    double nines;
};

static double latency_share(const struct scale *scale, uint64_t ns)
{
    double share = (log10((double)(ns ? ns : 1)) - scale->low) / (scale->high - scale->low);
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

static void draw_curve(const struct scale *scale, const struct lp_histogram *histogram,
                       const char *class, const char *name, double legend, struct lp_str *out)
{
    enum { POINTS = 160 };
    if (histogram->count == 0)
        return;
    double own = log10((double)histogram->count);
    own = own < 0.3 ? 0.3 : own; /* not further than its last value */
    lp_str_addf(out, "<path class=\"line %s\" d=\"", class);
    for (int i = 0; i <= POINTS; i++) {
        double nines = scale->nines * i / POINTS;
        uint64_t ns =
            nines >= own ? histogram->max : lp_histogram_quantile(histogram, 1 - pow(10, -nines));
        lp_str_addf(out, "%c%.1f %.1f", i ? 'L' : 'M', at_x((double)i / POINTS),
                    at_y(latency_share(scale, ns)));
        if (nines >= own)
            break;
    }
    lp_str_addf(out, "\"/>\n<path class=\"line %s\" d=\"M%d %.1fh18\"/>\n", class,
                WIDTH - RIGHT - 110, legend);
    label(out, WIDTH - RIGHT - 86, legend + 4, "start", name);
}

static void plot_latency(const struct lp_run_result *result, struct lp_str *out)
{
    static const char *const percentiles[] = {"0", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %"};
    const struct lp_histogram *acquire = &result->acquire_ns, *hold = &result->hold_ns;
    uint64_t most = acquire->count > hold->count ? acquire->count : hold->count;
    uint64_t max_ns = acquire->max > hold->max ? acquire->max : hold->max;
    uint64_t min_ns = UINT64_MAX;
    char text[32];
    if (acquire->count)
        min_ns = lp_histogram_quantile(acquire, 0);
    if (hold->count && lp_histogram_quantile(hold, 0) < min_ns)
        min_ns = lp_histogram_quantile(hold, 0);
    if (most < 2 || max_ns == 0)
        return;
    struct scale scale = {.low = floor(log10((double)(min_ns ? min_ns : 1))),
                          .high = ceil(log10((double)max_ns)),
                          .nines = ceil(log10((double)most))};
    scale.high = scale.high > scale.low ? scale.high : scale.low + 1;
    scale.nines = scale.nines < 1 ? 1 : scale.nines > 5 ? 5 : scale.nines;
    begin(out, "Latency by percentile",
          "Latency by percentile, on logarithmic axes; the table above has the figures");
    for (double e = scale.low; e <= scale.high; e++)
        grid_y(out, (e - scale.low) / (scale.high - scale.low),
               lp_duration_format((uint64_t)(pow(10, e) + 0.5), text, sizeof text));
    for (int i = 0; i <= (int)scale.nines; i++)
        grid_x(out, i / scale.nines, percentiles[i]);
    draw_curve(&scale, acquire, "a", "to acquire", HEIGHT - BOTTOM - 32, out);
    draw_curve(&scale, hold, "b", "held", HEIGHT - BOTTOM - 13, out);
    end(out, "percentile");
}

/* ---- operations over time ---- */

/* At most so many points: the coarsest level that has about one a pixel column. */
static const struct lp_timeline_level *level_for_plot(const struct lp_timeline *timeline)
{
    size_t i = timeline->level_count - 1;
    while (i > 0 && timeline->levels[i].buckets < INNER_WIDTH / 4)
        i--;
    return &timeline->levels[i];
}

static void sum_lanes(const struct lp_timeline *timeline, const struct lp_timeline_level *level,
                      const uint32_t *cells, uint64_t *sums)
{
    for (size_t lane = 0; lane < timeline->lanes; lane++)
        for (size_t b = 0; b < level->buckets; b++)
            sums[b] += cells[lane * level->buckets + b];
}

static void draw_steps(const struct lp_timeline_level *level, const uint64_t *sums, double high,
                       uint64_t span_ns, const char *class, struct lp_str *out)
{
    lp_str_addf(out, "<path class=\"%s\" d=\"M%d %d", class, LEFT, HEIGHT - BOTTOM);
    for (size_t b = 0; b < level->buckets; b++) {
        double x = (double)((b + 1) * level->width_ns) / (double)span_ns;
        lp_str_addf(out, "V%.1fH%.1f", at_y((double)sums[b] / high), at_x(x < 1 ? x : 1));
        if (x >= 1)
            break;
    }
    lp_str_addf(out, "V%dZ\"/>\n", HEIGHT - BOTTOM);
}

/* The next of 1, 2, 5 x 10^n that is not below. */
static double round_up(double value)
{
    double power = pow(10, floor(log10(value > 1e-9 ? value : 1e-9)));
    double first = value / power;
    return power * (first <= 1 ? 1 : first <= 2 ? 2 : first <= 5 ? 5 : 10);
}

static void plot_rate(const struct lp_page_entry *entry, const struct lp_timeline *timeline,
                      struct lp_str *out)
{
    const struct lp_timeline_level *level = level_for_plot(timeline);
    uint64_t *ops = lp_alloc(level->buckets, sizeof *ops);
    uint64_t *bad = lp_alloc(level->buckets, sizeof *bad);
    uint64_t most = 1;
    char text[32];
    sum_lanes(timeline, level, level->ops, ops);
    sum_lanes(timeline, level, level->bad, bad);
    for (size_t b = 0; b < level->buckets; b++)
        most = ops[b] > most ? ops[b] : most;
    double per_s = (double)LP_SEC / (double)level->width_ns;
    double high = round_up((double)most * per_s);
    begin(out, "Operations per second, over time",
          "Operations begun in each part of the run; darker: those that did not end ok");
    for (int i = 0; i <= 2; i++)
        grid_y(out, i / 2.0, lp_number_format((uint64_t)(high * i / 2), text, sizeof text));
    for (int i = 0; i <= 2; i++)
        grid_x(out, i / 2.0,
               lp_duration_format(timeline->span_ns * (unsigned)i / 2, text, sizeof text));
    draw_steps(level, ops, high / per_s, timeline->span_ns, "area a", out);
    draw_steps(level, bad, high / per_s, timeline->span_ns, "area c", out);
    uint64_t loss_ns = entry->result->checks->lost_update.first_loss_ns;
    if (loss_ns > 0 && loss_ns <= timeline->span_ns) {
        double x = at_x((double)loss_ns / (double)timeline->span_ns);
        bool right = x > WIDTH / 2.0;
        lp_str_addf(out, "<path class=\"loss\" d=\"M%.1f %dV%d\"/>\n", x, TOP, HEIGHT - BOTTOM);
        label(out, x + (right ? -5 : 5), TOP + 12, right ? "end" : "start", "first loss");
    }
    end(out, "time since the start");
    free(ops);
    free(bad);
}

/* ---- share of each worker ---- */

static bool is_grant(const struct lp_op *op)
{
    return lp_op_acquires(op) &&
           (op->record->kind != LP_STEP_BEGIN || (op->record->flags & LP_FLAG_BEGIN_MASK) != 0);
}

/* Grants, or acknowledged updates where there are no locks. */
static bool count_served(const struct lp_checks *checks, uint64_t *served)
{
    const struct lp_history *history = checks->history;
    bool grants = false;
    for (size_t i = 0; i < history->op_count; i++) {
        if (!is_grant(&history->ops[i]))
            continue;
        served[history->ops[i].worker]++;
        grants = true;
    }
    for (size_t i = 0; i < checks->update_count && !grants; i++)
        served[checks->updates[i].worker] += checks->updates[i].outcome == LP_OK;
    return grants;
}

static void plot_shares(const struct lp_page_entry *entry, struct lp_str *out)
{
    const struct lp_checks *checks = entry->result->checks;
    size_t count = checks->history->worker_count;
    uint64_t *served = lp_alloc(count, sizeof *served);
    bool grants = count_served(checks, served);
    uint64_t most = 0;
    char text[32];
    for (size_t i = 0; i < count; i++)
        most = served[i] > most ? served[i] : most;
    if (most > 0 && count > 1) {
        double high = round_up((double)most), width = (double)INNER_WIDTH / (double)count;
        double gap = width > 6 ? 2 : 0;
        size_t every = (count + 15) / 16;
        begin(out, grants ? "Grants by worker" : "Updates by worker",
              grants ? "How often each worker was granted the lock"
                     : "Acknowledged updates of each worker");
        for (int i = 0; i <= 2; i++)
            grid_y(out, i / 2.0, lp_number_format((uint64_t)(high * i / 2), text, sizeof text));
        for (size_t i = 0; i < count; i++) {
            double share = (double)served[i] / high, x = LEFT + (double)i * width;
            lp_str_addf(out,
                        "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                        "height=\"%.1f\"><title>worker %u: %" PRIu64 "</title></rect>\n",
                        x + gap / 2, at_y(share), width - gap, share * INNER_HEIGHT,
                        checks->history->workers[i].header->worker, served[i]);
            if (i % every == 0) {
                lp_number_format(checks->history->workers[i].header->worker, text, sizeof text);
                label(out, x + width / 2, HEIGHT - BOTTOM + 16, "middle", text);
            }
        }
        end(out, "worker");
    }
    free(served);
}

void lp_html_plots(const struct lp_page_entry *entry, const struct lp_timeline *timeline,
                   struct lp_str *out)
{
    lp_str_add(out, "<h3>Plots</h3>\n<div class=\"plots\">\n");
    plot_latency(entry->result, out);
    plot_rate(entry, timeline, out);
    plot_shares(entry, out);
    lp_str_add(out, "</div>\n");
}
