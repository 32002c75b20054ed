/* SPDX-License-Identifier: MIT */
/* One scenario's part of the page, from the verdict down to the command that repeats it. */
#include <string.h>

#include "base/units.h"
#include "reports/evidence.h"
#include "reports/html_markup.h"
#include "reports/html_parts.h"
#include "reports/tally.h"

/* A shape beside the colour, so that it needs no eye for colours. */
static const struct {
    const char *mark, *class;
} badges[] = {
    [LP_HELD] = {"&#10003;", "held"},
    [LP_BROKEN] = {"&#10007;", "broken"},
    [LP_INCONCLUSIVE] = {"?", "open"},
    [LP_SKIPPED] = {"&#8211;", "skipped"},
};

void lp_html_badge(const struct lp_run_result *result, struct lp_str *out)
{
    enum lp_verdict verdict = result->judgement->verdict;
    lp_str_addf(out, "<span class=\"badge %s\"><span aria-hidden=\"true\">%s</span> %s</span>",
                badges[verdict].class, badges[verdict].mark, lp_verdict_name(verdict));
}

static void write_standing(const struct lp_run_result *result, struct lp_str *out)
{
    struct lp_str text;
    lp_str_init(&text);
    switch (lp_standing(result)) {
    case LP_AS_EXPECTED:
        lp_str_add(&text, "as expected");
        break;
    case LP_CONTRADICTED:
        lp_str_add(&text, "expected: ");
        lp_result_expected(result, &text);
        break;
    case LP_UNDECIDED_RUN:
        lp_str_add(&text, "this run cannot tell");
        break;
    case LP_NOT_RUN:
        lp_str_add(&text, "not run");
        break;
    }
    lp_str_addf(out, "<span class=\"standing%s\">",
                lp_standing(result) == LP_CONTRADICTED ? " wrong" : "");
    lp_html_text(out, text.ptr);
    lp_str_add(out, "</span>");
    lp_str_release(&text);
}

static const struct lp_cause_row *cause_row(const char *name)
{
    for (size_t i = 0; name && i < lp_cause_row_count; i++)
        if (strcmp(lp_cause_rows[i].name, name) == 0)
            return &lp_cause_rows[i];
    return NULL;
}

static void write_cause(const struct lp_run_result *result, struct lp_str *out)
{
    const char *cause = lp_result_cause(result);
    const struct lp_cause_row *row = cause_row(cause);
    if (!cause)
        return;
    lp_str_add(out, "<p class=\"cause\">Cause: <strong>");
    lp_html_text(out, cause);
    lp_str_add(out, "</strong>");
    if (row) {
        lp_str_add(out, ": ");
        lp_html_text(out, row->summary);
    }
    lp_str_add(out, "</p>\n");
}

static bool is_lead(const char *label)
{
    static const char *const leads[] = {"claim", "reason", "evidence", "needs"};
    for (size_t i = 0; i < LP_ARRAY_LEN(leads); i++)
        if (strcmp(leads[i], label) == 0)
            return true;
    return false;
}

/* "see 1 2 3": into the timeline. */
static void write_links(const struct lp_run_result *result, size_t index, struct lp_str *out)
{
    size_t count;
    if (!lp_evidence_witness(result, &count) || count == 0)
        return;
    lp_str_add(out, " <span class=\"links\">In the timeline: ");
    for (size_t i = 0; i < count; i++)
        lp_str_addf(out,
                    "<a class=\"jump\" href=\"#s%zu-timeline\" data-witness=\"%zu\" "
                    "aria-label=\"operation %zu in the timeline\">%zu</a> ",
                    index, i, i + 1, i + 1);
    lp_str_add(out, "</span>");
}

/* A sentence of its own begins with a capital; one that begins with a path does not. */
static void write_sentence(const char *text, struct lp_str *out)
{
    char first[2] = {text[0], '\0'};
    bool lower = first[0] >= 'a' && first[0] <= 'z';
    if (lower)
        first[0] = (char)(first[0] - 'a' + 'A');
    if (lower)
        lp_html_text(out, first);
    lp_html_text(out, text + lower);
}

static void write_verdict(const struct lp_page_entry *entry, size_t index,
                          const struct lp_evidence *evidence, struct lp_str *out)
{
    const struct lp_run_result *result = entry->result;
    const char *fix = lp_evidence_find(evidence, "fix");
    write_cause(result, out);
    for (size_t i = 0, said = 0; i < evidence->count; i++) {
        const struct lp_fact *fact = &evidence->facts[i];
        if (!is_lead(fact->label) && strcmp(fact->label, "also") != 0)
            continue;
        if (strcmp(fact->label, "reason") == 0 && lp_evidence_find(evidence, "evidence"))
            continue; /* the same in fewer words */
        lp_str_addf(out, "<p class=\"%s\">%s", said ? "more" : "lead",
                    strcmp(fact->label, "also") == 0 ? "Also: " : "");
        write_sentence(fact->text, out);
        if (strcmp(fact->label, "evidence") == 0)
            write_links(result, index, out);
        lp_str_add(out, "</p>\n");
        said++;
    }
    if (!fix)
        fix = lp_evidence_find(evidence, "change");
    if (fix) {
        lp_str_add(out, "<p class=\"fix\"><strong>What to do:</strong> ");
        lp_html_text(out, fix);
        lp_str_add(out, "</p>\n");
    }
    if (entry->note) {
        lp_str_add(out, "<p class=\"note\">");
        lp_html_text(out, entry->note);
        lp_str_add(out, "</p>\n");
    }
}

static void write_row(const char *name, const char *value, struct lp_str *out)
{
    lp_str_add(out, "<div><dt>");
    lp_html_text(out, name);
    lp_str_add(out, "<dd>");
    lp_html_text(out, value);
    lp_str_add(out, "</div>\n");
}

void lp_html_facts(const struct lp_page_facts *facts, struct lp_str *out)
{
    lp_str_add(out, "<dl class=\"facts\">\n");
    for (size_t i = 0; i < facts->count; i++)
        write_row(facts->rows[i].name, facts->rows[i].value, out);
    lp_str_add(out, "</dl>\n");
}

static void write_meetings(const struct lp_run_result *result, struct lp_str *out)
{
    struct lp_str text;
    lp_str_init(&text);
    lp_add_number(&text, result->checks->contention.meetings);
    lp_str_addf(&text, " (held needs %u)", result->scenario->min_meetings);
    write_row("meetings", text.ptr, out);
    lp_str_release(&text);
}

/* The numbers; what stands elsewhere on the page is not repeated. */
static void write_numbers(const struct lp_run_result *result, const struct lp_evidence *evidence,
                          struct lp_str *out)
{
    static const char *const elsewhere[] = {"cause",  "fix",   "change", "also",
                                            "repeat", "files", "timing"};
    lp_str_add(out, "<dl class=\"facts\">\n");
    for (size_t i = 0; i < evidence->count; i++) {
        const struct lp_fact *fact = &evidence->facts[i];
        bool told = is_lead(fact->label);
        /* Without a history nothing is known of grants. */
        if (strcmp(fact->label, "meetings") == 0 && !result->checks->history) {
            write_meetings(result, out);
            continue;
        }
        for (size_t k = 0; k < LP_ARRAY_LEN(elsewhere); k++)
            told |= strcmp(elsewhere[k], fact->label) == 0;
        if (!told)
            write_row(fact->label, fact->text, out);
    }
    lp_str_add(out, "</dl>\n");
}

static void write_latency(const char *name, const struct lp_histogram *histogram,
                          struct lp_str *out)
{
    static const double quantiles[] = {0.5, 0.9, 0.99, 0.999, 1};
    char text[32];
    if (histogram->count == 0)
        return;
    lp_str_addf(out, "<tr><th scope=\"row\">%s", name);
    for (size_t i = 0; i < LP_ARRAY_LEN(quantiles); i++)
        lp_str_addf(out, "<td class=\"num\">%s",
                    lp_duration_format(quantiles[i] < 1
                                           ? lp_histogram_quantile(histogram, quantiles[i])
                                           : histogram->max,
                                       text, sizeof text));
    lp_str_addf(out, "<td class=\"num\">%s\n",
                lp_number_format(histogram->count, text, sizeof text));
}

static void write_latencies(const struct lp_run_result *result, struct lp_str *out)
{
    if (result->acquire_ns.count == 0 && result->hold_ns.count == 0)
        return;
    lp_str_add(out, "<div class=\"wide\"><table><caption>How long it took</caption><thead><tr><th>"
                    "<th class=\"num\">median<th class=\"num\">90 %<th class=\"num\">99 %"
                    "<th class=\"num\">99.9 %<th class=\"num\">longest<th class=\"num\">count"
                    "<tbody>\n");
    write_latency("to acquire", &result->acquire_ns, out);
    write_latency("held", &result->hold_ns, out);
    lp_str_add(out, "</table></div>\n");
}

static void write_history(const struct lp_page_entry *entry, size_t index, struct lp_str *out)
{
    const struct lp_checks *checks = entry->result->checks;
    struct lp_timeline timeline;
    char count[32];
    if (!checks || !checks->history || checks->history->op_count == 0)
        return;
    lp_timeline_init(&timeline, checks);
    lp_html_plots(entry, &timeline, out);
    lp_str_addf(out,
                "<h3>Operations</h3>\n<div class=\"operations\" id=\"s%zu-ops\" data-entry=\"%zu\">"
                "<noscript><p>%s operations are recorded in this file; the page's script shows "
                "them.</noscript></div>\n",
                index, index, lp_number_format(checks->history->op_count, count, sizeof count));
    lp_html_history(entry, &timeline, index, out);
    lp_timeline_release(&timeline);
}

static void write_places(const struct lp_page_entry *entry, const struct lp_evidence *evidence,
                         struct lp_str *out)
{
    const char *files = lp_evidence_find(evidence, "files");
    if (entry->environment.count) {
        lp_str_add(out, "<h3>Environment</h3>\n");
        lp_html_facts(&entry->environment, out);
    }
    if (entry->result->reproduce[0] && entry->result->judgement->verdict != LP_SKIPPED) {
        lp_str_add(out, "<h3>Run it again</h3>\n<pre class=\"command\"><code>");
        lp_html_text(out, entry->result->reproduce);
        lp_str_add(out, "</code></pre>\n");
    }
    if (files && *files) {
        lp_str_add(out, "<p class=\"files\">History and scenario: <code>");
        lp_html_text(out, files);
        lp_str_add(out, "</code></p>\n");
    }
}

static void write_story(const struct lp_run_result *result, struct lp_str *out)
{
    const struct lp_cause_row *row = cause_row(lp_result_cause(result));
    const struct lp_scenario *scenario = result->scenario;
    if (!row && !scenario->why && !scenario->summary)
        return;
    lp_str_addf(out, "<details><summary>%s</summary>\n",
                row ? "Why this happens" : "About this scenario");
    const char *const texts[] = {scenario->summary, scenario->why, row ? row->story : NULL};
    for (size_t i = 0; i < LP_ARRAY_LEN(texts); i++) {
        if (!texts[i] || !texts[i][0])
            continue;
        lp_str_add(out, "<p>");
        lp_html_text(out, texts[i]);
        lp_str_add(out, "</p>\n");
    }
    lp_str_add(out, "</details>\n");
}

static void write_heading(const struct lp_run_result *result, bool many, struct lp_str *out)
{
    lp_str_addf(out, "<%s class=\"verdict\">", many ? "summary" : "div");
    lp_html_badge(result, out);
    lp_str_addf(out, " <%s>", many ? "span class=\"h2\"" : "h2");
    lp_html_text(out, result->scenario->name);
    if (result->scenario->title && strcmp(result->scenario->title, result->scenario->name) != 0) {
        lp_str_add(out, "<span class=\"title\">: ");
        lp_html_text(out, result->scenario->title);
        lp_str_add(out, "</span>");
    }
    lp_str_addf(out, "</%s> ", many ? "span" : "h2");
    write_standing(result, out);
    lp_str_addf(out, "</%s>\n", many ? "summary" : "div");
}

void lp_html_result(const struct lp_page_entry *entry, size_t index, bool many, struct lp_str *out)
{
    struct lp_evidence evidence;
    const char *tag = many ? "details" : "section";
    lp_evidence_init(&evidence, entry->result, false);
    lp_str_addf(out, "<%s class=\"result\" id=\"s%zu\">\n", tag, index);
    write_heading(entry->result, many, out);
    write_verdict(entry, index, &evidence, out);
    write_story(entry->result, out);
    lp_html_witness(entry, index, out);
    if (entry->result->judgement->verdict != LP_SKIPPED) {
        lp_str_add(out, "<h3>Numbers</h3>\n");
        write_numbers(entry->result, &evidence, out);
        write_latencies(entry->result, out);
    }
    if (entry->invariants.count) {
        lp_str_add(out, "<h3>Checked</h3>\n");
        lp_html_facts(&entry->invariants, out);
    }
    if (entry->explored.count) {
        lp_str_add(out, "<h3>Exploration</h3>\n");
        lp_html_facts(&entry->explored, out);
    }
    write_history(entry, index, out);
    write_places(entry, &evidence, out);
    lp_str_addf(out, "</%s>\n", tag);
    lp_evidence_release(&evidence);
}
