/* SPDX-License-Identifier: MIT */
/*
 * The verdict. A proven violation outranks everything, also what hindered the run. `held` is the
 * strongest claim and needs the most: every check decided, nothing that hindered, enough meetings,
 * and no update that was merely lucky.
 *
 * The rate: no failure in n independent trials bounds it below 3/n at 95 % (the rule of three;
 * Hanley and Lippman-Hand 1983). Meetings of one run are not independent, so the sentence says
 * "if".
 */
#include "verdict/verdict.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/units.h"
#include "verdict/evidence.h"

#define RULE_OF_THREE 3.0

const char *lp_verdict_name(enum lp_verdict verdict)
{
    static const char *const names[] = {
        [LP_HELD] = "held",
        [LP_BROKEN] = "broken",
        [LP_INCONCLUSIVE] = "inconclusive",
        [LP_SKIPPED] = "skipped",
    };
    return names[verdict];
}

/* The check that speaks for the run: the first of the kind asked for, or NULL. */
static const char *detail_of(const struct lp_checks *checks, enum lp_result result)
{
    if (checks->lost_update.result == result)
        return checks->lost_update.detail;
    if (checks->mutual_exclusion.result == result)
        return checks->mutual_exclusion.detail;
    if (checks->lease.result == result)
        return checks->lease.detail;
    if (checks->fencing.result == result)
        return checks->fencing.detail;
    if (checks->recovery.result == result)
        return checks->recovery.detail;
    if (checks->progress.result == result)
        return checks->progress.detail;
    return NULL;
}

static void set_reason(struct lp_judgement *judgement, const char *text)
{
    snprintf(judgement->reason, sizeof judgement->reason, "%s", text);
}

static bool is_decided(const struct lp_checks *checks)
{
    return checks->lost_update.result == LP_PASS || checks->mutual_exclusion.result == LP_PASS;
}

/* Workers came to the store, and none was told that its update is made: what a lock keeps apart
   was never there, however often it was granted. A scenario of locks alone has no such steps. */
static bool nothing_was_updated(const struct lp_checks *checks)
{
    const struct lp_history *history = checks->history;
    if (!history || checks->lost_update.acknowledged > 0)
        return false;
    for (size_t i = 0; i < history->op_count; i++) {
        unsigned kind = history->ops[i].record->kind;
        if (kind >= LP_STEP_READ && kind <= LP_STEP_CAS)
            return true;
    }
    return false;
}

static const char *unit_of(const struct lp_contention *contention)
{
    return contention->counts_updates ? "updates that met another" : "contested grants";
}

static void explain_no_contention(struct lp_judgement *judgement,
                                  const struct lp_contention *contention, unsigned min_meetings)
{
    char met[32], needed[32], total[32];
    uint64_t all = contention->counts_updates ? contention->windows : contention->acquires;
    snprintf(judgement->reason, sizeof judgement->reason,
             "%s %s of %s, %s needed: workers hardly met, so nothing was tested",
             lp_number_format(contention->meetings, met, sizeof met), unit_of(contention),
             lp_number_format(all, total, sizeof total),
             lp_number_format(min_meetings, needed, sizeof needed));
    lp_add_diagnosis(judgement, LP_CAUSE_NO_CONTENTION,
                     lp_arena_strdup(&judgement->arena, judgement->reason), 0);
}

static void judge_held(struct lp_judgement *judgement, const struct lp_contention *contention)
{
    char met[32];
    judgement->verdict = LP_HELD;
    if (contention->meetings == 0) {
        set_reason(judgement, "0 failures, and no meeting was asked for: nothing was contested");
        return;
    }
    judgement->failure_rate_max = RULE_OF_THREE / (double)contention->meetings;
    if (judgement->failure_rate_max > 1)
        judgement->failure_rate_max = 1;
    double percent = 100 * judgement->failure_rate_max;
    snprintf(judgement->reason, sizeof judgement->reason,
             "0 failures in %s %s: if independent, fewer than %.*g %% at 95 %%",
             lp_number_format(contention->meetings, met, sizeof met), unit_of(contention),
             percent < 10 ? 2 : 3, percent);
}

/* A fault that was not seen to have happened: what the scenario asks for was not tried. */
static bool missed_fault(struct lp_judgement *judgement, const struct lp_history *history)
{
    for (size_t i = 0; history && i < history->fault_count; i++) {
        const struct lp_fault_record *fault = &history->faults[i];
        if (fault->outcome == LP_OK)
            continue;
        snprintf(judgement->reason, sizeof judgement->reason,
                 "fault `%s` of %s did not happen: %.150s", fault->fault, fault->target,
                 fault->proof[0] ? fault->proof : "its end was not seen");
        return true;
    }
    return false;
}

static void judge_open(struct lp_judgement *judgement, const struct lp_judge_input *input)
{
    const struct lp_checks *checks = input->checks;
    const char *undecided = detail_of(checks, LP_UNDECIDED);
    judgement->verdict = LP_INCONCLUSIVE;
    if (input->hindrance)
        set_reason(judgement, input->hindrance);
    else if (missed_fault(judgement, checks->history))
        return;
    else if (undecided)
        set_reason(judgement, undecided);
    else if (!is_decided(checks))
        set_reason(judgement, "no update and no hold of a lock: there was nothing to decide");
    else if (nothing_was_updated(checks))
        set_reason(judgement,
                   "no update was acknowledged, so none could be lost: nothing was tested");
    else if (lp_find_weakness(judgement, checks) != LP_CAUSE_NONE)
        set_reason(judgement, judgement->diagnoses[0].text);
    else if (checks->contention.meetings < input->min_meetings)
        explain_no_contention(judgement, &checks->contention, input->min_meetings);
    else
        judge_held(judgement, &checks->contention);
}

void lp_judge(struct lp_judgement *judgement, const struct lp_judge_input *input)
{
    const char *violated = detail_of(input->checks, LP_VIOLATED);
    *judgement = (struct lp_judgement){.failure_rate_max = -1};
    lp_arena_init(&judgement->arena);
    if (!violated) {
        judge_open(judgement, input);
        return;
    }
    judgement->verdict = LP_BROKEN;
    set_reason(judgement, violated);
    lp_diagnose(judgement, input->checks);
}

void lp_judgement_release(struct lp_judgement *judgement)
{
    lp_arena_release(&judgement->arena);
    *judgement = (struct lp_judgement){0};
}
