/* SPDX-License-Identifier: MIT */
/*
 * The page of a bench folder: which locks do not lock before which is how fast, then what each
 * costs alone, then all of them side by side at each number of workers. It is made from the
 * folder's result.json (docs/BENCH.md); what is not there is left out. The figures of a lock that
 * is not one are not compared.
 */
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "reports/html_markup.h"
#include "reports/html_parts.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* The median of a figure over the repeats; negative: there is none. */
static double median_of(const json_t *object, const char *key)
{
    const json_t *median = json_object_get(json_object_get(object, key), "median");
    return json_is_number(median) ? json_number_value(median) : -1;
}

static bool is_verdict(const json_t *lock, const char *verdict)
{
    return strcmp(text_of(lock, "verdict"), verdict) == 0;
}

static void cell(struct lp_str *out, const char *text)
{
    lp_str_add(out, "<td class=\"num\">");
    lp_html_text(out, text);
}

static void time_cell(struct lp_str *out, double ns)
{
    char text[32] = "";
    if (ns >= 0 && ns < 1e18)
        lp_duration_format((uint64_t)(ns + 0.5), text, sizeof text);
    cell(out, text);
}

static void count_cell(struct lp_str *out, double count)
{
    char text[32] = "";
    if (count >= 0 && count < 1e18)
        lp_number_format((uint64_t)(count + 0.5), text, sizeof text);
    cell(out, text);
}

static void ratio_cell(struct lp_str *out, double ratio)
{
    struct lp_str text;
    lp_str_init(&text);
    if (ratio >= 0)
        lp_str_addf(&text, "%.3g", ratio);
    cell(out, text.ptr);
    lp_str_release(&text);
}

static void begin_table(struct lp_str *out, const char *name, const char *heads)
{
    lp_str_addf(out,
                "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table>"
                "<thead><tr>%s<tbody>\n",
                name, heads);
}

static void end_table(struct lp_str *out)
{
    lp_str_add(out, "</table></div>\n");
}

/* A lock's name, with the colour that it has in the plots. */
static void name_cell(struct lp_str *out, const json_t *lock)
{
    const char *color = text_of(lock, "color");
    lp_str_add(out, "<th scope=\"row\">");
    if (color[0] == '#' && strlen(color) == 7 && strspn(color + 1, "0123456789abcdefABCDEF") == 6)
        lp_str_addf(out, "<span class=\"dot\" style=\"background: %s\"></span>", color);
    lp_html_text(out, text_of(lock, "name"));
}

/* ---- what does not lock ---- */

static void write_broken(const json_t *lock, struct lp_str *out)
{
    char lost[32], intrusions[32], entered[32];
    lp_str_add(out, "<p class=\"lead\"><span class=\"badge broken\"><span "
                    "aria-hidden=\"true\">&#10007;</span> broken</span> <strong>");
    lp_html_text(out, text_of(lock, "name"));
    lp_str_addf(
        out,
        "</strong> does not lock: of %s sections %s updates were lost and %s were intruded "
        "upon. Its speed is not compared.</p>\n",
        lp_number_format((uint64_t)number_of(lock, "entered"), entered, sizeof entered),
        lp_number_format((uint64_t)number_of(lock, "lost"), lost, sizeof lost),
        lp_number_format((uint64_t)number_of(lock, "intrusions"), intrusions, sizeof intrusions));
}

static void write_missing(const json_t *lock, struct lp_str *out)
{
    lp_str_add(out, "<p class=\"note\">");
    lp_html_text(out, text_of(lock, "name"));
    lp_str_add(out, ": ");
    lp_html_text(out, text_of(lock, "verdict"));
    if (text_of(lock, "trouble")[0]) {
        lp_str_add(out, ", ");
        lp_html_text(out, text_of(lock, "trouble"));
    }
    if (text_of(lock, "remedy")[0]) {
        lp_str_add(out, " (");
        lp_html_text(out, text_of(lock, "remedy"));
        lp_str_add(out, ")");
    }
    lp_str_add(out, "</p>\n");
}

static void write_findings(const json_t *bench, struct lp_str *out)
{
    const json_t *locks = json_object_get(bench, "locks");
    size_t i, held = 0;
    json_t *lock, *warning;
    json_array_foreach(locks, i, lock)
    {
        held += is_verdict(lock, "held");
    }
    json_array_foreach(locks, i, lock)
    {
        if (is_verdict(lock, "broken"))
            write_broken(lock, out);
    }
    lp_str_addf(out,
                "<p class=\"lead\">%zu of %zu locks held: exclusion is checked in the same run "
                "that is timed.</p>\n",
                held, json_array_size(locks));
    json_array_foreach(locks, i, lock)
    {
        if (!is_verdict(lock, "held") && !is_verdict(lock, "broken"))
            write_missing(lock, out);
    }
    json_array_foreach(json_object_get(json_object_get(bench, "noise"), "warnings"), i, warning)
    {
        lp_str_add(out, "<p class=\"note\">");
        lp_html_text(out, json_string_value(warning) ? json_string_value(warning) : "");
        lp_str_add(out, "</p>\n");
    }
}

/* ---- uncontended ---- */

static const json_t *loop_of(const json_t *overhead, const char *name)
{
    size_t i;
    json_t *loop;
    json_array_foreach(json_object_get(overhead, "loops"), i, loop)
    {
        if (strcmp(text_of(loop, "loop"), name) == 0)
            return loop;
    }
    return NULL;
}

static void write_overhead(const json_t *lock, struct lp_str *out)
{
    static const char *const loops[] = {"off", "timed", "sampled", "full"};
    const json_t *overhead = json_object_get(lock, "overhead");
    if (!json_is_object(overhead))
        return;
    lp_str_add(out, "<tr>");
    name_cell(out, lock);
    time_cell(out, median_of(loop_of(overhead, "bare"), "pair_ns"));
    time_cell(out, median_of(loop_of(overhead, "off"), "pair_ns"));
    time_cell(out, number_of(json_object_get(overhead, "acquire_ns"), "p50"));
    time_cell(out, number_of(json_object_get(overhead, "acquire_ns"), "p99"));
    for (size_t i = 0; i < LP_ARRAY_LEN(loops); i++) {
        const json_t *loop = loop_of(overhead, loops[i]);
        double ratio = median_of(loop, "ratio");
        lp_str_add(out, "<td class=\"num\">");
        if (ratio >= 0)
            lp_str_addf(out, "%.3f", ratio);
        if (json_is_false(json_object_get(loop, "met")))
            lp_str_addf(out, " <abbr title=\"falls short of its aim, %.3g\">!</abbr>",
                        number_of(loop, "aim"));
    }
    lp_str_add(out, "\n");
}

static void write_uncontended(const json_t *bench, struct lp_str *out)
{
    size_t i;
    json_t *lock;
    lp_str_add(out, "<h3>Uncontended</h3>\n<p class=\"more\">One worker, no pause: what a pair of "
                    "acquire and release costs, and how fast each loop is relative to a bare loop "
                    "over the same calls in the same run. ! falls short of its aim.</p>\n");
    begin_table(
        out, "Uncontended",
        "<th>lock<th class=\"num\">bare pair<th class=\"num\">pair<th class=\"num\">acquire "
        "p50<th class=\"num\">p99<th class=\"num\">off<th class=\"num\">timed<th "
        "class=\"num\">sampled<th class=\"num\">full");
    json_array_foreach(json_object_get(bench, "locks"), i, lock)
    {
        if (!is_verdict(lock, "broken"))
            write_overhead(lock, out);
    }
    end_table(out);
}

/* ---- side by side ---- */

static const json_t *point_at(const json_t *lock, json_int_t workers)
{
    size_t i;
    json_t *point;
    json_array_foreach(json_object_get(lock, "points"), i, point)
    {
        if (json_integer_value(json_object_get(point, "workers")) == workers)
            return point;
    }
    return NULL;
}

static double fastest_at(const json_t *locks, json_int_t workers)
{
    double most = 0;
    size_t i;
    json_t *lock;
    json_array_foreach(locks, i, lock)
    {
        double rate = median_of(point_at(lock, workers), "acquires_per_s");
        if (!is_verdict(lock, "broken") && rate > most)
            most = rate;
    }
    return most;
}

static void write_point(const json_t *lock, const json_t *point, double fastest, struct lp_str *out)
{
    static const char *const times[] = {"acquire_p50_ns", "acquire_p90_ns", "acquire_p99_ns",
                                        "acquire_p999_ns"};
    static const char *const ratios[] = {"voluntary_per_acquire", "involuntary_per_acquire",
                                         "jain"};
    double rate = median_of(point, "acquires_per_s");
    lp_str_add(out, "<tr>");
    name_cell(out, lock);
    if (rate <= 0 || text_of(point, "trouble")[0]) {
        lp_str_add(out, "<td colspan=\"12\">");
        lp_html_text(out, text_of(point, "trouble")[0] ? text_of(point, "trouble") : "no figure");
        lp_str_add(out, "\n");
        return;
    }
    count_cell(out, rate);
    lp_str_addf(out, "<td><span class=\"meter\" style=\"width: %.0f%%\"></span>",
                fastest > 0 ? 100 * rate / fastest : 0);
    count_cell(out, median_of(point, "handovers_per_s"));
    for (size_t i = 0; i < LP_ARRAY_LEN(times); i++)
        time_cell(out, median_of(point, times[i]));
    time_cell(out, number_of(point, "wait_ns_max"));
    time_cell(out, median_of(point, "cpu_ns_per_acquire"));
    for (size_t i = 0; i < LP_ARRAY_LEN(ratios); i++)
        ratio_cell(out, median_of(point, ratios[i]));
    lp_str_add(out, "\n");
}

static void write_points(const json_t *bench, struct lp_str *out)
{
    const json_t *locks = json_object_get(bench, "locks");
    size_t i, k;
    json_t *count, *lock;
    lp_str_add(out,
               "<h3>Side by side</h3>\n<p class=\"more\">Medians over the repeats. Percentiles "
               "are of the time to acquire; CPU time and context switches are per acquire; "
               "Jain's index of fairness is 1 when all workers got the same.</p>\n");
    json_array_foreach(json_object_get(json_object_get(bench, "settings"), "workers"), i, count)
    {
        json_int_t workers = json_integer_value(count);
        double fastest = fastest_at(locks, workers);
        lp_str_addf(out, "<h4>%lld worker%s</h4>\n", (long long)workers, workers == 1 ? "" : "s");
        begin_table(out, "Locks side by side",
                    "<th>lock<th class=\"num\">acquires/s<th><th class=\"num\">hand-overs/s<th "
                    "class=\"num\">p50<th class=\"num\">p90<th class=\"num\">p99<th "
                    "class=\"num\">p99.9<th class=\"num\">longest<th class=\"num\">CPU<th "
                    "class=\"num\">voluntary<th class=\"num\">involuntary<th "
                    "class=\"num\">Jain");
        json_array_foreach(locks, k, lock)
        {
            if (!is_verdict(lock, "broken") && point_at(lock, workers))
                write_point(lock, point_at(lock, workers), fastest, out);
        }
        end_table(out);
    }
}

/* ---- gate, hyperfine, machine ---- */

static void write_comparison(const json_t *bench, struct lp_str *out)
{
    const json_t *comparison = json_object_get(bench, "comparison");
    size_t i;
    json_t *row;
    if (!json_is_object(comparison))
        return;
    lp_str_addf(out, "<h3>Compared: at most %.3g %% slower</h3>\n",
                100 * number_of(comparison, "max_regress"));
    begin_table(out, "Comparison",
                "<th>lock<th>with<th class=\"num\">workers<th class=\"num\">time, ratio<th "
                "class=\"num\">from<th class=\"num\">to<th class=\"num\">pairs<th>answer<th>why");
    json_array_foreach(json_object_get(comparison, "rows"), i, row)
    {
        const json_t *ratio = json_object_get(row, "ratio");
        lp_str_add(out, "<tr><th scope=\"row\">");
        lp_html_text(out, text_of(row, "lock"));
        lp_str_add(out, "<td>");
        lp_html_text(out, text_of(row, "reference"));
        count_cell(out, number_of(row, "workers"));
        ratio_cell(out, median_of(row, "ratio"));
        ratio_cell(out, number_of(ratio, "low"));
        ratio_cell(out,
                   json_is_number(json_object_get(ratio, "high")) ? number_of(ratio, "high") : -1);
        count_cell(out, number_of(row, "pairs"));
        lp_str_add(out, "<td>");
        lp_html_text(out, text_of(row, "answer"));
        lp_str_add(out, "<td>");
        lp_html_text(out, text_of(row, "why"));
        lp_str_add(out, "\n");
    }
    end_table(out);
}

/* hyperfine's own export: seconds. */
void lp_html_hyperfine(const json_t *hyperfine, struct lp_str *out)
{
    static const char *const figures[] = {"mean", "stddev", "median", "min", "max"};
    size_t i;
    json_t *row;
    lp_str_add(out, "<section class=\"result\"><h2>Whole runs, timed by hyperfine</h2>\n");
    begin_table(out, "Whole runs",
                "<th>command<th class=\"num\">mean<th class=\"num\">deviation<th "
                "class=\"num\">median<th class=\"num\">shortest<th class=\"num\">longest<th "
                "class=\"num\">runs");
    json_array_foreach(json_object_get(hyperfine, "results"), i, row)
    {
        lp_str_add(out, "<tr><th scope=\"row\">");
        lp_html_text(out, text_of(row, "command"));
        for (size_t k = 0; k < LP_ARRAY_LEN(figures); k++)
            time_cell(out, json_is_number(json_object_get(row, figures[k]))
                               ? number_of(row, figures[k]) * (double)LP_SEC
                               : -1);
        count_cell(out, (double)json_array_size(json_object_get(row, "times")));
        lp_str_add(out, "\n");
    }
    end_table(out);
    lp_str_add(out, "</section>\n");
}

static void write_fact(const char *title, const char *key, const char *value, struct lp_str *out)
{
    lp_str_add(out, "<div><dt>");
    lp_html_text(out, title);
    lp_html_text(out, key);
    lp_str_add(out, "<dd>");
    lp_html_text(out, value);
    lp_str_add(out, "</div>\n");
}

static void write_object(const char *title, const json_t *object, struct lp_str *out)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        char p50[32], p99[32];
        struct lp_str pair;
        if (json_is_object(value)) { /* to wake a process: percentiles */
            lp_str_init(&pair);
            lp_duration_format((uint64_t)number_of(value, "p50"), p50, sizeof p50);
            lp_duration_format((uint64_t)number_of(value, "p99"), p99, sizeof p99);
            lp_str_addf(&pair, "median %s, 99 %% within %s", p50, p99);
            write_fact(title, key, pair.ptr, out);
            lp_str_release(&pair);
            continue;
        }
        char *text = json_is_string(value)
                         ? lp_strdup(json_string_value(value))
                         : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
        write_fact(title, key, text ? text : "", out);
        free(text);
    }
}

void lp_html_bench(const json_t *bench, struct lp_str *out)
{
    lp_str_add(out, "<section class=\"result bench\"><h2>Locks compared</h2>\n");
    write_findings(bench, out);
    write_comparison(bench, out);
    write_uncontended(bench, out);
    write_points(bench, out);
    lp_str_add(out, "</section>\n");
}

void lp_html_bench_places(const json_t *bench, struct lp_str *out)
{
    lp_str_add(out, "<section class=\"result\"><h2>Environment</h2>\n<dl class=\"facts\">\n");
    write_object("", json_object_get(bench, "machine"), out);
    write_object("", json_object_get(bench, "settings"), out);
    write_object("to wake a process, CPUs ", json_object_get(bench, "wake_ns"), out);
    write_object("clock, ", json_object_get(bench, "clock"), out);
    lp_str_add(out, "</dl>\n");
    if (text_of(bench, "command")[0]) {
        lp_str_add(out, "<h3>Run it again</h3>\n<pre class=\"command\"><code>");
        lp_html_text(out, text_of(bench, "command"));
        lp_str_add(out, "</code></pre>\n");
    }
    lp_str_add(out, "</section>\n");
}
