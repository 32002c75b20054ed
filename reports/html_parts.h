/* SPDX-License-Identifier: MIT */
/* Inside the HTML report: its parts, one file each. `index` numbers the entry in ids: s0, s1, ...
 */
#ifndef LP_REPORTS_HTML_PARTS_H
#define LP_REPORTS_HTML_PARTS_H

#include <jansson.h>
#include "reports/html.h"
#include "reports/timeline.h"

/* Verdict, cause, witness, plots, operations, environment, command. */
void lp_html_result(const struct lp_page_entry *entry, size_t index, bool many, struct lp_str *out);
/* The table that begins a page of several. */
void lp_html_summary(const struct lp_page *page, struct lp_str *out);
/* The witness's figure and table; nothing without a history. */
void lp_html_witness(const struct lp_page_entry *entry, size_t index, struct lp_str *out);
/* The data of timeline and operations table. */
void lp_html_history(const struct lp_page_entry *entry, const struct lp_timeline *timeline,
                     size_t index, struct lp_str *out);
/* Plots drawn here: latency by percentile, operations over time, share of each worker. */
void lp_html_plots(const struct lp_page_entry *entry, const struct lp_timeline *timeline,
                   struct lp_str *out);
/* A benchmark's tables; where it ran; whole runs timed by hyperfine. */
void lp_html_bench(const json_t *bench, struct lp_str *out);
void lp_html_bench_places(const json_t *bench, struct lp_str *out);
void lp_html_hyperfine(const json_t *hyperfine, struct lp_str *out);
void lp_html_facts(const struct lp_page_facts *facts, struct lp_str *out);
void lp_html_badge(const struct lp_run_result *result, struct lp_str *out);

#endif
