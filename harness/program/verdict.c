/* SPDX-License-Identifier: MIT */
/*
 * From the sums of all trials to a verdict. A loss is proved by what the copies acknowledged and
 * what was found afterwards, and outranks all; the trace says why it came about. Without a loss a
 * lapse forbids `held`, and so do unknown exits, too few meetings, and, where nothing was observed,
 * anything that the trace could not see.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "program/exec.h"

#define RULE_OF_THREE 3.0

static void diagnose(struct lp_judgement *judgement, enum lp_cause cause, const char *text,
                     uint64_t pairs)
{
    if (judgement->diagnosis_count == LP_DIAGNOSES_MAX)
        return;
    judgement->diagnoses[judgement->diagnosis_count++] =
        (struct lp_diagnosis){.cause = lp_cause_rows[cause].name,
                              .text = lp_arena_strdup(&judgement->arena, text),
                              .fix = lp_cause_rows[cause].fix,
                              .pairs = pairs};
}

static void set_reason(struct lp_judgement *judgement, const char *text)
{
    snprintf(judgement->reason, sizeof judgement->reason, "%s", text);
}

/* ---- the sums, as reports read them ---- */

static void fill_checks(struct lp_exec *exec)
{
    const struct lp_program_outcome *total = &exec->total;
    struct lp_lost_update *lost = &exec->checks.lost_update;
    exec->checks.ops_ok = total->succeeded;
    exec->checks.ops_fail = total->failed;
    exec->checks.ops_unknown = total->unknown;
    exec->checks.mutual_exclusion.result = LP_NOT_APPLICABLE;
    exec->checks.progress.result = LP_NOT_APPLICABLE;
    exec->checks.lease.result = LP_NOT_APPLICABLE;
    exec->checks.fencing.result = LP_NOT_APPLICABLE;
    exec->checks.recovery.result = LP_NOT_APPLICABLE;
    exec->checks.deadlock.result = LP_NOT_APPLICABLE;
    exec->checks.starvation.result = LP_NOT_APPLICABLE;
    lost->result = LP_NOT_APPLICABLE;
    if (!total->counted)
        return;
    lost->result = total->lost_min > 0 || total->extra > 0 ? LP_VIOLATED
                   : total->lost_max > 0                   ? LP_UNDECIDED
                                                           : LP_PASS;
    lost->start = 0;
    lost->final_known = true;
    lost->final = total->final;
    lost->acknowledged = total->succeeded;
    lost->unknown = total->unknown;
    lost->lost_min = total->lost_min;
    lost->lost_max = total->lost_max;
    lost->extra = total->extra;
    snprintf(lost->detail, sizeof lost->detail,
             "%" PRIu64 " of %u acknowledged runs of the program lost", total->lost_min,
             total->succeeded);
    if (total->lost_min == 0 && total->extra > 0)
        snprintf(lost->detail, sizeof lost->detail,
                 "the counter is %" PRIu64 " above what all runs could add", total->extra);
}

/* ---- broken ---- */

static void judge_broken(struct lp_exec *exec, const struct lp_exec_evidence *evidence)
{
    struct lp_judgement *judgement = &exec->judgement;
    char text[512];
    judgement->verdict = LP_BROKEN;
    set_reason(judgement, evidence->outcome);
    snprintf(text, sizeof text,
             "%u copies ended with 0 and wrote nothing: they report a success that did not happen. "
             "That explains all that was lost; the lock is not to blame",
             evidence->silent);
    bool explained = evidence->silent > 0 && evidence->lost <= evidence->silent;
    if (explained)
        diagnose(judgement, LP_CAUSE_FALSE_SUCCESS, text, evidence->silent);
    else if (evidence->cause != LP_CAUSE_NONE)
        diagnose(judgement, evidence->cause, evidence->lapse_text, exec->losing);
    if (explained || evidence->silent == 0)
        return;
    snprintf(text, sizeof text, "%u copies ended with 0 and wrote nothing", evidence->silent);
    diagnose(judgement, LP_CAUSE_FALSE_SUCCESS, text, evidence->silent);
}

/* ---- not broken ---- */

static void judge_no_contention(struct lp_exec *exec, unsigned needed)
{
    const struct lp_contention *contention = &exec->checks.contention;
    uint64_t all = contention->counts_updates ? contention->windows : contention->acquires;
    char text[256];
    snprintf(
        text, sizeof text,
        "%" PRIu64 " %s of %" PRIu64 ", %u needed: copies hardly met, so little was tested%s",
        contention->meetings,
        contention->counts_updates ? "updates that met another" : "contested grants", all, needed,
        exec->shared.count > 0 ? "; `lockproof explore -- ...` makes them meet"
                               : ": what they share is not seen, and so neither is that they meet");
    set_reason(&exec->judgement, text);
    diagnose(&exec->judgement, LP_CAUSE_NO_CONTENTION, text, 0);
}

static void judge_held(struct lp_exec *exec, const struct lp_program *program, bool shares)
{
    struct lp_judgement *judgement = &exec->judgement;
    uint64_t meetings = exec->checks.contention.meetings;
    judgement->verdict = LP_HELD;
    if (!shares) {
        set_reason(judgement, "copies share no file that any of them changes or locks: there is "
                              "nothing between them that could go wrong");
        return;
    }
    if (meetings > 0) {
        judgement->failure_rate_max = RULE_OF_THREE / (double)meetings;
        if (judgement->failure_rate_max > 1)
            judgement->failure_rate_max = 1;
    }
    snprintf(
        judgement->reason, sizeof judgement->reason, "0 failures in %" PRIu64 " %s%s", meetings,
        exec->checks.contention.counts_updates ? "updates that met another" : "contested grants",
        lp_program_is_observed(program)
            ? ""
            : ": every write to shared data was under a common lock; what was written was "
              "not looked at (no --observe)");
}

static bool sees_all(const struct lp_exec_evidence *evidence)
{
    return !evidence->foreign && !evidence->full && !evidence->mapped && !evidence->services;
}

static bool is_decided(struct lp_exec *exec, const struct lp_exec_options *options,
                       const struct lp_exec_evidence *evidence)
{
    struct lp_judgement *judgement = &exec->judgement;
    const struct lp_program_outcome *total = &exec->total;
    char text[256];
    if (exec->interrupted) {
        set_reason(judgement, "interrupted");
        return false;
    }
    if (total->succeeded == 0) {
        set_reason(judgement, "no copy ended with 0: nothing was acknowledged that could be lost");
        return false;
    }
    if (evidence->lapse_text && !evidence->hint) {
        set_reason(judgement, evidence->lapse_text);
        diagnose(judgement, evidence->cause, evidence->lapse_text, 1);
        return false;
    }
    if (total->counted && total->lost_max > 0) {
        snprintf(text, sizeof text,
                 "%u of %u copies did not end with 0 and may or may not have had their effect; if "
                 "such an exit certainly has none, say so with --fail-codes",
                 total->unknown, exec->copies);
        set_reason(judgement, text);
        return false;
    }
    if (!lp_program_is_observed(options->program) && !sees_all(evidence)) {
        snprintf(text, sizeof text,
                 "nothing was observed, and the trace does not see all: %s; give --observe",
                 evidence->foreign    ? "processes of another architecture"
                 : evidence->full     ? "there were too many calls"
                 : evidence->services ? evidence->service
                                      : "stores into a shared mapping");
        set_reason(judgement, text);
        return false;
    }
    return true;
}

void lp_exec_judge(struct lp_exec *exec, const struct lp_exec_options *options,
                   const struct lp_exec_evidence *evidence)
{
    struct lp_judgement *judgement = &exec->judgement;
    bool shares = exec->shared.count > 0 || !sees_all(evidence);
    *judgement = (struct lp_judgement){.failure_rate_max = -1, .verdict = LP_INCONCLUSIVE};
    lp_arena_init(&judgement->arena);
    fill_checks(exec);
    if (evidence->losing)
        judge_broken(exec, evidence);
    else if (!is_decided(exec, options, evidence))
        return;
    else if ((shares || options->program->copies == 1) &&
             exec->checks.contention.meetings < options->min_meetings)
        judge_no_contention(exec, options->min_meetings);
    else
        judge_held(exec, options->program, shares);
}
