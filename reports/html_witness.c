/* SPDX-License-Identifier: MIT */
/*
 * The witness: a place for the timeline, which the script draws, and the operations as a table that
 * is there without it. The numbers in front of them are those in the timeline.
 */
#include <inttypes.h>

#include "base/units.h"
#include "reports/clean.h"
#include "reports/evidence.h"
#include "reports/html_markup.h"
#include "reports/html_parts.h"
#include "reports/witness.h"

static void write_operation(const struct lp_witness *witness, size_t i, size_t index,
                            struct lp_str *out)
{
    const struct lp_op *op = witness->ops[i];
    const struct lp_history_header *header = witness->history->workers[op->worker].header;
    struct lp_str text;
    char time[32];
    int64_t value;

    lp_str_init(&text);
    lp_witness_note(witness, i, &text);
    lp_str_addf(out,
                "<tr%s><td><a class=\"jump\" href=\"#s%zu-timeline\" data-witness=\"%zu\">%zu</a>",
                text.len ? " class=\"key\"" : "", index, i, i + 1);
    lp_str_addf(out, "<td class=\"num\">%s",
                lp_duration_format(lp_since_start(witness->history, op->record->invoke_ns), time,
                                   sizeof time));
    lp_str_addf(
        out, "<td class=\"num\">%s",
        lp_op_completed(op) && op->record->complete_ns >= op->record->invoke_ns
            ? lp_duration_format(op->record->complete_ns - op->record->invoke_ns, time, sizeof time)
            : "never ended");
    lp_str_addf(out, "<td>%u", header->worker);
    struct lp_str cell;
    lp_str_init(&cell);
    lp_clean_field(&cell, header->group, sizeof header->group);
    if (cell.len) {
        lp_str_add(out, " ");
        lp_html_text(out, cell.ptr);
    }
    lp_str_addf(out, "<td class=\"num\">%u<td>", header->container);
    lp_str_clear(&cell);
    lp_op_step(witness->history, op, &cell);
    lp_html_text(out, cell.ptr);
    lp_str_release(&cell);
    lp_str_add(out, "<td class=\"num\">");
    if (lp_op_value(op, &value))
        lp_str_addf(out, "%" PRId64, value);
    lp_str_addf(out, "<td>%s<td>", lp_op_outcome(op));
    lp_html_text(out, text.ptr);
    lp_str_add(out, "\n");
    lp_str_release(&text);
}

static void write_table(const struct lp_witness *witness, size_t index, struct lp_str *out)
{
    lp_str_add(out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Operations of "
                    "the witness\"><table class=\"witness\"><caption>The operations that prove it, "
                    "in time order. A number leads to its place in the timeline.</caption>\n"
                    "<thead><tr><th>#<th class=\"num\">after<th class=\"num\">took<th>worker"
                    "<th class=\"num\">container<th>operation<th class=\"num\">value<th>outcome"
                    "<th>note<tbody>\n");
    for (size_t i = 0; i < witness->count; i++)
        write_operation(witness, i, index, out);
    lp_str_add(out, "</table></div>\n");
}

/* For who reads without a script, on paper, or wants to paste it. */
static void write_text(const struct lp_history *history, const size_t *indexes, size_t count,
                       struct lp_str *out)
{
    struct lp_str lanes;
    lp_str_init(&lanes);
    lp_report_lanes(history, indexes, count, false, &lanes);
    lp_str_add(out, "<details><summary>The witness as text</summary><div class=\"wide\" "
                    "tabindex=\"0\" role=\"region\" aria-label=\"The witness as text\"><pre>");
    lp_html_lines(out, lanes.ptr);
    lp_str_add(out, "</pre></div></details>\n");
    lp_str_release(&lanes);
}

static void write_field(const char *text, size_t size, struct lp_str *out)
{
    struct lp_str clean;
    lp_str_init(&clean);
    lp_clean_field(&clean, text, size);
    lp_str_add(out, "<td>");
    lp_html_text(out, clean.ptr);
    lp_str_release(&clean);
}

static void write_faults(const struct lp_history *history, struct lp_str *out)
{
    char time[32];
    if (history->fault_count == 0)
        return;
    lp_str_add(out, "<div class=\"wide\"><table><caption>Faults: what was done to this run on "
                    "purpose</caption><thead><tr><th class=\"num\">after<th class=\"num\">lasted"
                    "<th>fault<th>target<th>proof<tbody>\n");
    for (size_t i = 0; i < history->fault_count; i++) {
        const struct lp_fault_record *fault = &history->faults[i];
        lp_str_addf(
            out, "<tr><td class=\"num\">%s<td class=\"num\">",
            lp_duration_format(lp_since_start(history, fault->invoke_ns), time, sizeof time));
        if (fault->over_ns > fault->invoke_ns)
            lp_str_add(out,
                       lp_duration_format(fault->over_ns - fault->invoke_ns, time, sizeof time));
        write_field(fault->fault, sizeof fault->fault, out);
        write_field(fault->target, sizeof fault->target, out);
        write_field(fault->proof, sizeof fault->proof, out);
        lp_str_add(out, "\n");
    }
    lp_str_add(out, "</table></div>\n");
}

void lp_html_witness(const struct lp_page_entry *entry, size_t index, struct lp_str *out)
{
    const struct lp_checks *checks = entry->result->checks;
    size_t count;
    const size_t *indexes = lp_evidence_witness(entry->result, &count);
    bool history = checks && checks->history && checks->history->op_count > 0;

    if (history || count > 0)
        lp_str_addf(out, "<h3>%s</h3>\n", count > 0 ? "Witness" : "Timeline");
    if (history)
        lp_str_addf(out, "<div class=\"timeline\" id=\"s%zu-timeline\" data-entry=\"%zu\"></div>\n",
                    index, index);
    if (count > 0) {
        struct lp_witness witness;
        lp_witness_init(&witness, checks->history, indexes, count);
        write_table(&witness, index, out);
        lp_witness_release(&witness);
        write_text(checks->history, indexes, count, out);
    }
    if (history)
        write_faults(checks->history, out);
}
