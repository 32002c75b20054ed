/* SPDX-License-Identifier: MIT */
/* The benchmark on a terminal and as markdown: the same tables under the same headings. */
#include "bench/report.h"
#include "bench/tables.h"

#include "base/units.h"

struct writer {
    const struct lp_bench_report *report;
    struct lp_str *out;
    bool markdown;
};

static void heading(const struct writer *writer, const char *text)
{
    lp_str_addf(writer->out, writer->markdown ? "\n### %s\n\n" : "\n%s\n", text);
}

static void grid(const struct writer *writer, struct lp_grid *table)
{
    if (writer->markdown)
        lp_grid_markdown(table, writer->out);
    else
        lp_grid_text(table, writer->out);
    lp_grid_release(table);
}

static void line(const struct writer *writer, const char *name, const char *text)
{
    if (writer->markdown)
        lp_str_addf(writer->out, "- %s: %s\n", name, text);
    else
        lp_str_addf(writer->out, "  %-9s %s\n", name, text);
}

static void write_settings(const struct writer *writer)
{
    const struct lp_bench *bench = writer->report->bench;
    const struct lp_bench_plan *plan = &bench->plan;
    struct lp_str text;
    char duration[16], hold[16], think[16], took[16];
    lp_str_init(&text);
    lp_str_addf(&text,
                "%u x %s a point, hold %s, think %s (evenly from 0 to twice that), %s, "
                "%u container%s, cpus %s of %u; took %s",
                plan->repeats, lp_duration_format(plan->duration_ns, duration, sizeof duration),
                lp_duration_format(plan->hold_ns, hold, sizeof hold),
                lp_duration_format(plan->think_ns, think, sizeof think),
                lp_placement_name(plan->placement), plan->containers,
                plan->containers == 1 ? "" : "s", lp_cpus_names[plan->cpus], bench->processors,
                lp_duration_format(bench->elapsed_ns, took, sizeof took));
    line(writer, "settings", text.ptr);
    lp_str_release(&text);
}

static void write_wake(const struct writer *writer)
{
    const struct lp_bench *bench = writer->report->bench;
    struct lp_str text;
    lp_str_init(&text);
    for (size_t i = 0; i < LP_ARRAY_LEN(bench->wake); i++)
        lp_str_addf(&text, "%s%s %.1f us (p99 %.1f)", i ? ", " : "", lp_cpus_names[i],
                    (double)bench->wake[i].p50_ns / 1000, (double)bench->wake[i].p99_ns / 1000);
    lp_str_addf(&text, "; here: %s", lp_cpus_names[bench->plan.cpus]);
    line(writer, "wake", text.ptr);
    lp_str_clear(&text);
    lp_str_addf(&text,
                "timed with %s; a record in the history costs %.0f ns, a bare clock read "
                "%.0f ns",
                lp_ticks_name(&bench->host.ticks), bench->event_ns, bench->clock_ns);
    if (bench->host.ticks.tsc)
        lp_str_addf(&text, ", a bare read of the time-stamp counter %.0f ns", bench->tsc_ns);
    if (bench->clock_ns > 0)
        line(writer, "clock", text.ptr);
    lp_str_release(&text);
}

static void write_warnings(const struct writer *writer)
{
    struct lp_str lines[8];
    size_t count = lp_bench_warnings(writer->report, lines, LP_ARRAY_LEN(lines));
    for (size_t i = 0; i < count; i++) {
        line(writer, "warning", lines[i].ptr);
        lp_str_release(&lines[i]);
    }
}

static const char *ink(const struct writer *writer, bool on)
{
    return writer->report->color && !writer->markdown ? (on ? "\033[31;1m" : "\033[0m") : "";
}

/* What is wrong comes first, and is never only a cell of a table. */
static void write_findings(const struct writer *writer)
{
    const struct lp_bench *bench = writer->report->bench;
    for (size_t i = 0; i < bench->lock_count; i++) {
        const struct lp_bench_lock *lock = &bench->locks[i];
        struct lp_str text;
        lp_str_init(&text);
        if (lock->verdict == LP_BENCH_BROKEN) {
            lp_str_addf(&text, "%s%s DOES NOT LOCK%s: ", ink(writer, true), lock->text,
                        ink(writer, false));
            lp_bench_exclusion_text(lock, &text);
            line(writer, "broken", text.ptr);
        } else if (lock->verdict == LP_BENCH_FAILED || lock->verdict == LP_BENCH_SKIPPED) {
            lp_str_addf(&text, "%s: %s", lock->text, lock->trouble);
            if (lock->remedy[0])
                lp_str_addf(&text, "; try: %s", lock->remedy);
            line(writer, lp_bench_verdict_names[lock->verdict], text.ptr);
        }
        lp_str_release(&text);
    }
}

static void write_gate(const struct writer *writer)
{
    const struct lp_comparison *gate = writer->report->gate;
    struct lp_grid table;
    if (!gate)
        return;
    heading(writer, gate->paired ? "Compared in turn, in this run (1.30: takes 30 % longer)"
                                 : "Compared with a stored result (1.30: takes 30 % longer)");
    lp_table_gate(&table, gate);
    grid(writer, &table);
    for (size_t i = 0; i < gate->row_count; i++)
        line(writer, gate->rows[i].lock, gate->rows[i].why);
}

static void write_all(const struct writer *writer)
{
    const struct lp_bench *bench = writer->report->bench;
    struct lp_grid table;
    write_settings(writer);
    write_wake(writer);
    write_warnings(writer);
    write_findings(writer);
    heading(writer, "Uncontended: one worker, no pause; speed relative to the bare loop (! falls "
                    "short of its aim)");
    lp_table_uncontended(&table, bench);
    grid(writer, &table);
    for (size_t i = 0; i < bench->plan.worker_count; i++) {
        struct lp_str text;
        lp_str_init(&text);
        lp_str_addf(&text, "%u worker%s", bench->plan.workers[i],
                    bench->plan.workers[i] == 1 ? "" : "s");
        heading(writer, text.ptr);
        lp_str_release(&text);
        lp_table_point(&table, bench, i);
        grid(writer, &table);
    }
    write_gate(writer);
    lp_str_add(writer->out, "\n");
    line(writer, "folder", bench->host.run_dir);
    if (writer->report->plot_trouble)
        line(writer, "no plots", writer->report->plot_trouble);
}

void lp_bench_write_text(const struct lp_bench_report *report, struct lp_str *out)
{
    write_all(&(struct writer){.report = report, .out = out});
}

void lp_bench_write_markdown(const struct lp_bench_report *report, struct lp_str *out)
{
    lp_str_add(out, "## lockproof bench\n\n");
    write_all(&(struct writer){.report = report, .out = out, .markdown = true});
}
