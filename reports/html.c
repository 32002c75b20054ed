/* SPDX-License-Identifier: MIT */
/*
 * The page around its parts. Its content security policy allows nothing to be loaded and only
 * scripts with the page's own nonce to be run, so that even a mistake in escaping stays text.
 */
#include "reports/html.h"

#include <stdlib.h>

#include "base/units.h"
#include "reports/html_markup.h"
#include "reports/html_parts.h"
#include "reports/tally.h"

static void write_head(const struct lp_page *page, struct lp_str *out)
{
    lp_str_addf(out,
                "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src 'unsafe-inline'; img-src data:; script-src 'nonce-%s'; base-uri "
                "'none'; form-action 'none'\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n"
                "<link rel=\"icon\" href=\"data:,\">\n<title>",
                page->nonce);
    if (page->count == 1) {
        lp_str_addf(out, "%s: ", lp_verdict_name(page->entries[0].result->judgement->verdict));
        lp_html_text(out, page->entries[0].result->scenario->name);
    } else {
        lp_html_text(out, page->title);
    }
    lp_str_addf(out, " &#183; lockproof</title>\n<style>\n%s</style>\n</head>\n<body>\n",
                lp_asset_page_css);
}

static void write_title(const struct lp_page *page, struct lp_str *out)
{
    lp_str_add(out, "<header>\n<p class=\"brand\">lockproof <span>does this lock really lock?"
                    "</span></p>\n<h1>");
    lp_html_text(out, page->title);
    lp_str_add(out, "</h1>\n<p class=\"made\">");
    lp_html_text(out, page->made);
    lp_str_add(out, " &#183; version ");
    lp_html_text(out, page->version);
    lp_str_add(out, "</p>\n</header>\n<main>\n");
}

static const struct lp_run_result **results_of(const struct lp_page *page)
{
    const struct lp_run_result **results = lp_alloc(page->count + 1, sizeof *results);
    for (size_t i = 0; i < page->count; i++)
        results[i] = page->entries[i].result;
    return results;
}

static void write_summary_row(const struct lp_run_result *result, size_t index, struct lp_str *out)
{
    const char *cause = lp_result_cause(result);
    bool ran = result->judgement->verdict != LP_SKIPPED;
    struct lp_str text;
    char time[32];
    lp_str_init(&text);
    lp_str_addf(out, "<tr%s><td>",
                lp_standing(result) == LP_CONTRADICTED ? " class=\"wrong\"" : "");
    lp_html_badge(result, out);
    lp_str_addf(out, "<td><a href=\"#s%zu\">", index);
    lp_html_text(out, result->scenario->name);
    lp_str_add(out, "</a><td>");
    lp_result_expected(result, &text);
    lp_html_text(out, text.ptr);
    lp_str_add(out, lp_standing(result) == LP_CONTRADICTED ? " <strong>contradicted</strong>" : "");
    lp_str_add(out, "<td>");
    lp_html_text(out, cause ? cause : "");
    lp_str_add(out, "<td>");
    lp_str_clear(&text);
    if (ran)
        lp_result_proof(result, &text);
    else
        lp_result_needs(result, &text);
    lp_html_text(out, text.ptr);
    lp_str_addf(out, "<td class=\"num\">%s\n",
                ran ? lp_duration_format(result->elapsed_ns, time, sizeof time) : "");
    lp_str_release(&text);
}

void lp_html_summary(const struct lp_page *page, struct lp_str *out)
{
    const struct lp_run_result **results = results_of(page);
    struct lp_tally tally = lp_tally_count(results, page->count);
    struct lp_str text;
    lp_str_init(&text);
    lp_tally_text(&tally, &text);
    lp_str_addf(out, "<section class=\"summary\">\n<h2>%s</h2>\n<p class=\"lead\">",
                tally.contradicted ? "Not as expected" : "Verdicts");
    lp_html_text(out, text.ptr);
    lp_str_add(out,
               "</p>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Verdicts\">"
               "<table><thead><tr><th>verdict<th>scenario<th>expected<th>cause<th>proof"
               "<th class=\"num\">time<tbody>\n");
    /* What needs a look comes first. */
    for (unsigned wrong = 1; wrong < 2; wrong--)
        for (size_t i = 0; i < page->count; i++)
            if ((lp_standing(results[i]) == LP_CONTRADICTED) == (wrong == 1))
                write_summary_row(results[i], i, out);
    lp_str_add(out, "</table></div>\n</section>\n");
    lp_str_release(&text);
    free(results);
}

static void write_plots(const struct lp_page *page, struct lp_str *out)
{
    if (page->plot_count == 0)
        return;
    lp_str_add(out, "<section class=\"result\"><h2>Plots</h2>\n<div class=\"drawn\">\n");
    for (size_t i = 0; i < page->plot_count; i++) {
        const struct lp_page_plot *plot = &page->plots[i];
        lp_str_add(out, "<figure><img alt=\"");
        lp_html_text(out, plot->title);
        lp_str_add(out, "\" src=\"data:image/svg+xml;base64,");
        lp_html_base64(out, plot->svg, plot->size);
        lp_str_add(out, "\"></figure>\n");
    }
    lp_str_add(out, "</div></section>\n");
}

static void write_scripts(const struct lp_page *page, struct lp_str *out)
{
    const char *const scripts[] = {lp_asset_data_js, lp_asset_timeline_js, lp_asset_table_js,
                                   lp_asset_page_js};
    lp_str_addf(out, "<script nonce=\"%s\">\n'use strict';\n", page->nonce);
    for (size_t i = 0; i < LP_ARRAY_LEN(scripts); i++)
        lp_str_add(out, scripts[i]);
    lp_str_add(out, "</script>\n");
}

void lp_page_write(const struct lp_page *page, struct lp_str *out)
{
    write_head(page, out);
    write_title(page, out);
    if (page->bench)
        lp_html_bench(page->bench, out);
    if (page->count > 1)
        lp_html_summary(page, out);
    for (size_t i = 0; i < page->count; i++)
        lp_html_result(&page->entries[i], i, page->count > 1, out);
    write_plots(page, out);
    if (page->hyperfine)
        lp_html_hyperfine(page->hyperfine, out);
    if (page->bench)
        lp_html_bench_places(page->bench, out);
    lp_str_add(out, "</main>\n");
    write_scripts(page, out);
    lp_str_add(out, "</body>\n</html>\n");
}
