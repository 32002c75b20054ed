/* SPDX-License-Identifier: MIT */
/*
 * The table of verdicts that begins a text report, and the lines right below it. It decides for
 * each result how much is shown of it.
 */
#ifndef LP_REPORTS_TABLE_H
#define LP_REPORTS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"
#include "reports/layout.h"
#include "reports/result.h"

enum lp_detail {
    LP_SHOW_NOTHING, /* not even a row of the table */
    LP_SHOW_ROW,
    LP_SHOW_LINE, /* a row, and one line below the table */
    LP_SHOW_FULL, /* a row and a block of evidence */
};

struct lp_table {
    const struct lp_report_set *set;
    size_t width;
    size_t name_width;
    size_t cause_width;
    size_t proof_width;
    bool places; /* one scenario ran under several placements: name them */
    bool few;
    bool explains; /* something shown explains the exit status */
};

void lp_table_measure(struct lp_table *table, const struct lp_report_set *set);
enum lp_detail lp_table_detail(const struct lp_table *table, const struct lp_run_result *result);

/* The result's name in this table: with its placement when a scenario ran under several. */
void lp_table_name(const struct lp_table *table, const struct lp_run_result *result,
                   struct lp_str *out);
enum lp_ink lp_table_ink(const struct lp_run_result *result); /* of the verdict's word */

void lp_table_write(const struct lp_table *table, struct lp_str *out);
/* One line each for results of `verdict` that have no block of evidence, under `title`. */
void lp_table_write_lines(const struct lp_table *table, enum lp_verdict verdict, const char *title,
                          struct lp_str *out);

#endif
