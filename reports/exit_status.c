/* SPDX-License-Identifier: MIT */
/*
 * The exit status of a run that came to its end. A contradiction is a proven fact and outranks
 * whatever could not be decided; a run that decided nothing must not look like a success.
 */
#include "reports/tally.h"

enum { STATUS_EXPECTED = 0, STATUS_CONTRADICTED = 1, STATUS_UNDECIDED = 3 };

int lp_report_exit_status(const struct lp_run_result *const *results, size_t count, bool named,
                          bool require)
{
    struct lp_tally tally = lp_tally_count(results, count);

    if (tally.contradicted > 0)
        return STATUS_CONTRADICTED;
    if (tally.verdicts[LP_INCONCLUSIVE] > 0)
        return STATUS_UNDECIDED;
    if (tally.verdicts[LP_SKIPPED] > 0 && (named || require))
        return STATUS_UNDECIDED;
    if (tally.verdicts[LP_HELD] + tally.verdicts[LP_BROKEN] == 0)
        return STATUS_UNDECIDED;
    return STATUS_EXPECTED;
}
