/* SPDX-License-Identifier: MIT */
/* Facts of explorations and of programs that were watched. */
#include "reports/facts.h"

#include "reports/clean.h"
#include "reports/tally.h"

void lp_fact_explored(const struct lp_run_result *result, struct lp_str *out)
{
    const struct lp_explored *explored = result->explored;

    if (!explored)
        return;
    lp_add_number(out, explored->schedules);
    lp_str_addf(out, " schedule%s (", explored->schedules == 1 ? "" : "s");
    lp_clean_line(out, explored->strategy);
    if (explored->classes > 0) {
        lp_str_add(out, ", ");
        lp_add_number(out, explored->classes);
        lp_str_add(out, " classes");
    }
    lp_str_add(out, explored->exhaustive ? "), all there are" : ")");
    if (explored->bound) {
        lp_str_add(out, explored->exhaustive ? " for " : ", ");
        lp_clean_line(out, explored->bound);
    }
    if (explored->probability >= 0)
        lp_str_addf(out, "; a bug of the depth looked for would be found with probability %.3g",
                    explored->probability);
    if (explored->losing && explored->reproduced == 0)
        lp_str_add(out, "; the schedule is not reproducible, what was seen counts");
    if (explored->losing)
        lp_str_addf(out, "; reproduced %u of %u", explored->reproduced, explored->replays);
}

void lp_fact_swap(const struct lp_run_result *result, struct lp_str *out)
{
    if (!result->explored || !result->explored->swap)
        return;
    lp_str_add(out, "nothing is lost with ");
    lp_clean_line(out, result->explored->swap);
}

void lp_fact_waits(const struct lp_run_result *result, struct lp_str *out)
{
    if (result->explored && result->explored->waits)
        lp_clean_line(out, result->explored->waits);
}

void lp_fact_replay(const struct lp_run_result *result, struct lp_str *out)
{
    if (!result->explored || !result->explored->file)
        return;
    lp_str_add(out, "lockproof replay ");
    lp_clean_line(out, result->explored->file);
}

void lp_fact_traced(const struct lp_run_result *result, struct lp_str *out)
{
    if (result->traced)
        lp_clean_line(out, result->traced);
}

void lp_fact_printed(const struct lp_run_result *result, struct lp_str *out)
{
    if (result->printed)
        lp_clean_line(out, result->printed);
}
