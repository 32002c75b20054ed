/* SPDX-License-Identifier: MIT */
/* The table of a sweep. */
#include "cli/sweep.h"

#include <string.h>

#include "cli/ui.h"

const enum lp_placement lp_sweep_placements[] = {
    LP_PLACE_THREAD, LP_PLACE_PROCESS, LP_PLACE_NAMESPACE, LP_PLACE_DOCKER, LP_PLACE_SWARM};
const size_t lp_sweep_placement_count = LP_ARRAY_LEN(lp_sweep_placements);

#define NAME_WIDTH 34
#define CELL_WIDTH 16

static void add_cell(struct lp_str *out, const struct lp_run_result *result)
{
    const struct lp_judgement *judgement = result->judgement;
    const char *text = lp_verdict_name(judgement->verdict);
    if (judgement->verdict == LP_BROKEN && judgement->diagnosis_count > 0)
        text = judgement->diagnoses[0].cause;
    lp_str_addf(out, " %-*s", CELL_WIDTH, text);
}

static void add_notes(struct lp_str *out, const struct lp_report_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct lp_run_result *result = set->results[i];
        if (result->judgement->verdict == LP_BROKEN && result->judgement->diagnosis_count > 0)
            lp_str_addf(out, "\n%s under %s: %s\n", result->scenario->name,
                        lp_placement_name(result->placement), result->judgement->diagnoses[0].text);
        else if (result->judgement->verdict != LP_HELD)
            lp_str_addf(out, "\n%s under %s: %s\n", result->scenario->name,
                        lp_placement_name(result->scenario->placement), result->judgement->reason);
    }
}

int lp_sweep_print(const struct lp_report_set *set, struct lp_err *err)
{
    struct lp_str out;
    lp_str_init(&out);
    lp_str_addf(&out, "%-*s", NAME_WIDTH, "scenario");
    for (size_t k = 0; k < lp_sweep_placement_count; k++)
        lp_str_addf(&out, " %-*s", CELL_WIDTH, lp_placement_name(lp_sweep_placements[k]));
    for (size_t i = 0; i < set->count; i++) {
        if (i % lp_sweep_placement_count == 0)
            lp_str_addf(&out, "\n%-*s", NAME_WIDTH, set->results[i]->scenario->name);
        add_cell(&out, set->results[i]);
    }
    lp_str_add(&out, "\n");
    add_notes(&out, set);
    bool written = lp_ui_print(out.ptr) && lp_ui_flush();
    lp_str_release(&out);
    return written ? 0 : lp_err_set(err, LP_ERR_SELF, "unable to write the table");
}
