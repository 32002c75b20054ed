/* SPDX-License-Identifier: MIT */
/*
 * A broken lock that a scenario expects is a success of the run: the standing, not the verdict,
 * decides about alarm.
 */
#include "reports/tally.h"

#include "base/units.h"
#include "reports/clean.h"
#include "reports/model.h"

enum lp_standing lp_standing(const struct lp_run_result *result)
{
    switch (result->judgement->verdict) {
    case LP_HELD:
    case LP_BROKEN:
        return result->as_expected ? LP_AS_EXPECTED : LP_CONTRADICTED;
    case LP_INCONCLUSIVE:
        return LP_UNDECIDED_RUN;
    case LP_SKIPPED:
        return LP_NOT_RUN;
    }
    return LP_UNDECIDED_RUN;
}

struct lp_tally lp_tally_count(const struct lp_run_result *const *results, size_t count)
{
    struct lp_tally tally = {0};

    for (size_t i = 0; i < count; i++) {
        tally.verdicts[results[i]->judgement->verdict]++;
        tally.contradicted += lp_standing(results[i]) == LP_CONTRADICTED;
        tally.unasked |= results[i]->unasked;
        tally.elapsed_ns += results[i]->elapsed_ns;
    }
    return tally;
}

void lp_tally_text(const struct lp_tally *tally, struct lp_str *out)
{
    const char *separator = ": ";
    size_t total = 0;

    for (size_t i = 0; i < LP_ARRAY_LEN(tally->verdicts); i++)
        total += tally->verdicts[i];
    lp_str_addf(out, "%zu scenario%s", total, total == 1 ? "" : "s");
    for (size_t i = 0; i < LP_ARRAY_LEN(tally->verdicts); i++) {
        if (tally->verdicts[i] == 0)
            continue;
        lp_str_addf(out, "%s%zu %s", separator, tally->verdicts[i],
                    lp_verdict_name((enum lp_verdict)i));
        separator = ", ";
    }
    if (tally->unasked && tally->verdicts[LP_HELD] + tally->verdicts[LP_BROKEN] > 0)
        return;
    if (tally->contradicted > 0)
        lp_str_addf(out, "; %zu not as expected", tally->contradicted);
    else if (tally->verdicts[LP_HELD] + tally->verdicts[LP_BROKEN] > 0)
        lp_str_add(out, "; none against its expectation");
    else
        lp_str_add(out, "; nothing was decided");
}

const char *lp_result_cause(const struct lp_run_result *result)
{
    const struct lp_judgement *judgement = result->judgement;

    if (judgement->verdict == LP_SKIPPED || judgement->diagnosis_count == 0)
        return NULL;
    return judgement->diagnoses[0].cause;
}

void lp_add_number(struct lp_str *out, uint64_t number)
{
    char buf[32];

    lp_str_add(out, lp_number_format(number, buf, sizeof(buf)));
}

static void broken_proof(const struct lp_checks *checks, struct lp_str *out)
{
    const struct lp_lost_update *lost = &checks->lost_update;

    if (lost->result == LP_VIOLATED && lost->lost_max > 0) {
        lp_add_number(out, lost->lost_min);
        if (lost->lost_max > lost->lost_min) {
            lp_str_add(out, "..");
            lp_add_number(out, lost->lost_max);
        }
        lp_str_add(out, " lost");
    } else if (lost->result == LP_VIOLATED && lost->extra > 0) {
        lp_add_number(out, lost->extra);
        lp_str_add(out, " too many");
    } else if (checks->mutual_exclusion.result == LP_VIOLATED) {
        lp_add_number(out, checks->mutual_exclusion.overlaps_total);
        lp_str_add(out, " double holds");
    } else if (checks->progress.result == LP_VIOLATED) {
        lp_add_number(out, checks->progress.workers - checks->progress.finished);
        lp_str_add(out, " stuck");
    }
}

void lp_result_proof(const struct lp_run_result *result, struct lp_str *out)
{
    const struct lp_checks *checks = result->checks;

    if (result->model) {
        lp_add_number(out, result->model->decision->judged);
        lp_str_add(out, " calls");
    }
    if (!checks)
        return;
    if (result->explored && result->judgement->verdict != LP_BROKEN) {
        lp_add_number(out, result->explored->schedules);
        lp_str_add(out, result->explored->schedules == 1 ? " schedule" : " schedules");
        return;
    }
    switch (result->judgement->verdict) {
    case LP_HELD:
        lp_add_number(out, checks->contention.meetings);
        lp_str_add(out, " meetings");
        break;
    case LP_BROKEN:
        broken_proof(checks, out);
        break;
    case LP_INCONCLUSIVE:
        lp_add_number(out, checks->contention.meetings);
        if (checks->contention.meetings < result->scenario->min_meetings) {
            lp_str_add(out, " of ");
            lp_add_number(out, result->scenario->min_meetings);
        }
        lp_str_add(out, " meetings");
        break;
    case LP_SKIPPED:
        break;
    }
}

void lp_result_expected(const struct lp_run_result *result, struct lp_str *out)
{
    const struct lp_scenario *scenario = result->scenario;

    lp_str_add(out, scenario->expect == LP_EXPECT_HELD ? "held" : "broken");
    if (scenario->expect == LP_EXPECT_BROKEN && scenario->cause) {
        lp_str_add(out, " by ");
        lp_clean_line(out, scenario->cause);
    }
}

void lp_result_needs(const struct lp_run_result *result, struct lp_str *out)
{
    for (size_t i = 0; i < result->need_count && i < LP_ARRAY_LEN(result->needs); i++) {
        const struct lp_need *need = &result->needs[i];

        lp_str_add(out, i > 0 ? "; " : "");
        lp_clean_field(out, need->name, sizeof(need->name));
        if (need->remedy[0]) {
            lp_str_add(out, ": ");
            lp_clean_field(out, need->remedy, sizeof(need->remedy));
        }
    }
    if (result->need_count == 0)
        lp_clean_line(out, result->judgement->reason);
}
