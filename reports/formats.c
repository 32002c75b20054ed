/* SPDX-License-Identifier: MIT */
/* The table of report formats; help, completion and "did you mean" read it. */
#include "reports/formats.h"

const struct lp_report_format lp_report_formats[] = {
    {"text", "a table of verdicts and the evidence, for people", lp_report_text},
    {"json", "all of it, for programs", lp_report_json},
    {"junit", "JUnit XML, for CI servers", lp_report_junit},
    {"tap", "Test Anything Protocol, version 13", lp_report_tap},
    {"markdown", "a job summary or a comment: table and foldable evidence", lp_report_markdown},
    {"github", "annotations for a GitHub Actions log", lp_report_github},
};
const size_t lp_report_format_count = LP_ARRAY_LEN(lp_report_formats);
