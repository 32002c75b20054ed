/* SPDX-License-Identifier: MIT */
/* What the doctor found, as text for people and as JSON for programs. */
#ifndef LP_DOCTOR_TELL_H
#define LP_DOCTOR_TELL_H

#include "base/str.h"
#include "doctor/finding.h"

/* `quiet`: only problems, hazards and what is open. `width` in columns; 0: 100. */
void lp_doctor_text(const struct lp_findings *findings, bool color, bool quiet, unsigned width,
                    struct lp_str *out);

/* { "version", "problems", "hazards", "open", "notes",
     "facts": [{"subject", "text"}], "probes": [{"subject", "name", "result", "detail"}],
     "findings": [{"severity", "cause", "subject", "evidence", "consequence", "fix", "scenario",
                   "file", "line", "column"}] }; what is not there is null. */
void lp_doctor_json(const struct lp_findings *findings, struct lp_str *out);

#endif
