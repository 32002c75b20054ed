/* SPDX-License-Identifier: MIT */
/* From a judged schedule to sentences, causes and numbers. */
#include "program/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "program/exec.h"
#include "reports/clean.h"

/* Who waits for whom at the end of a schedule in which nobody could go on. */
static void add_waits(const struct lp_program_world *world, struct lp_str *out)
{
    lp_str_add(out, "deadlock:");
    for (unsigned i = 0; i < world->program->copies; i++) {
        uint32_t wanted = LP_NO_OBJECT;
        for (size_t k = 0; k < world->tape.hold_count; k++) {
            const struct lp_tape_hold *hold = &world->tape.holds[k];
            if (hold->copy != i || hold->release != LP_NO_EVENT || wanted != LP_NO_OBJECT)
                continue;
            wanted = hold->object;
            lp_str_addf(out, " copy %u holds ", i);
            lp_clean_line(out, world->tape.objects[hold->object].path);
            lp_str_add(out, ";");
        }
    }
    lp_str_add(out, " nobody can go on");
}

static const struct lp_lapse *best_lapse(const struct lp_lapses *lapses)
{
    const struct lp_lapse *best = NULL;
    for (size_t i = 0; i < lapses->count; i++) {
        const struct lp_lapse *lapse = &lapses->lapse[i];
        if (!best || lapse->seen > best->seen ||
            (lapse->seen == best->seen && lapse->cause < best->cause))
            best = lapse;
    }
    return best;
}

void lp_explain(struct lp_explanation *explanation, const struct lp_program_world *world,
                enum lp_ending ending, struct lp_arena *arena)
{
    struct lp_str text;
    *explanation = (struct lp_explanation){
        .set = true,
        .deadlock = ending == LP_ENDING_DEADLOCK,
        .result = world->outcome,
        .cause = LP_CAUSE_NONE,
        .silent = world->silent,
        .lost = world->outcome.lost_min + world->outcome.lines_missing,
    };
    lp_str_init(&text);
    if (world->stranger) {
        lp_str_add(&text, "nobody can go on, for somebody who is none of the copies holds ");
        lp_clean_line(&text, world->stranger);
    } else if (ending == LP_ENDING_DEADLOCK) {
        add_waits(world, &text);
    } else if (ending == LP_ENDING_CUT) {
        lp_str_add(&text, "a schedule did not come to its end: the copies go on and on");
    } else {
        lp_outcome_text(&world->outcome, &text);
    }
    explanation->outcome = lp_arena_strdup(arena, text.ptr);
    const struct lp_lapse *lapse = best_lapse(&world->lapses);
    if (lapse) {
        lp_str_clear(&text);
        lp_lapse_text(&world->tape, lapse, &text);
        explanation->lapse_text = lp_arena_strdup(arena, text.ptr);
        explanation->cause = lapse->cause;
        explanation->hint = lapse->hint;
    }
    if (world->printed)
        explanation->printed = lp_arena_strdup(arena, world->printed);
    lp_str_release(&text);
}

void lp_explanation_checks(const struct lp_explanation *explanation, struct lp_checks *checks,
                           bool found)
{
    const struct lp_program_outcome *result = &explanation->result;
    struct lp_lost_update *lost = &checks->lost_update;
    checks->mutual_exclusion.result = LP_NOT_APPLICABLE;
    checks->progress.result = LP_NOT_APPLICABLE;
    lost->result = LP_NOT_APPLICABLE;
    if (!found || !result->counted)
        return;
    lost->result = result->lost_min > 0 || result->extra > 0 ? LP_VIOLATED : LP_PASS;
    lost->start = result->start;
    lost->final_known = true;
    lost->final = result->final;
    lost->acknowledged = result->succeeded;
    lost->unknown = result->unknown;
    lost->lost_min = result->lost_min;
    lost->lost_max = result->lost_max;
    lost->extra = result->extra;
    checks->ops_ok = result->succeeded;
    checks->ops_unknown = result->unknown;
    checks->ops_fail = result->failed;
    snprintf(lost->detail, sizeof lost->detail,
             "%" PRIu64 " of %u acknowledged runs of the program lost", result->lost_min,
             result->succeeded);
}

static void diagnose(struct lp_judgement *judgement, enum lp_cause cause, const char *text)
{
    judgement->diagnoses[judgement->diagnosis_count++] =
        (struct lp_diagnosis){.cause = lp_cause_rows[cause].name,
                              .text = lp_arena_strdup(&judgement->arena, text),
                              .fix = lp_cause_rows[cause].fix,
                              .pairs = 1};
}

void lp_explanation_diagnose(const struct lp_explanation *explanation,
                             struct lp_judgement *judgement)
{
    snprintf(judgement->reason, sizeof judgement->reason, "%s", explanation->outcome);
    if (explanation->deadlock) {
        diagnose(judgement, LP_CAUSE_DEADLOCK, explanation->outcome);
    } else if (explanation->silent > 0 && explanation->lost <= explanation->silent) {
        char text[256];
        snprintf(text, sizeof text,
                 "%u of the copies ended with 0 and wrote nothing: a success is reported that did "
                 "not happen. That explains all that was lost; the lock is not to blame",
                 explanation->silent);
        diagnose(judgement, LP_CAUSE_FALSE_SUCCESS, text);
    } else if (explanation->cause != LP_CAUSE_NONE) {
        diagnose(judgement, explanation->cause, explanation->lapse_text);
    }
}

void lp_explanation_doubt(const struct lp_explanation *explanation, struct lp_judgement *judgement)
{
    if (explanation->lapse_text && !explanation->hint) {
        snprintf(judgement->reason, sizeof judgement->reason, "%s", explanation->lapse_text);
        diagnose(judgement, explanation->cause, explanation->lapse_text);
        return;
    }
    snprintf(judgement->reason, sizeof judgement->reason, "it cannot be told of every schedule: %s",
             explanation->outcome);
}
