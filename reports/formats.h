/* SPDX-License-Identifier: MIT */
/* The writers behind the table of formats; one file each. */
#ifndef LP_REPORTS_FORMATS_H
#define LP_REPORTS_FORMATS_H

#include "base/str.h"
#include "reports/result.h"

void lp_report_text(const struct lp_report_set *set, struct lp_str *out);
void lp_report_json(const struct lp_report_set *set, struct lp_str *out);
void lp_report_junit(const struct lp_report_set *set, struct lp_str *out);
void lp_report_tap(const struct lp_report_set *set, struct lp_str *out);
void lp_report_markdown(const struct lp_report_set *set, struct lp_str *out);
void lp_report_github(const struct lp_report_set *set, struct lp_str *out);

#endif
