/* SPDX-License-Identifier: MIT */
/*
 * One function a fact, and a table that says which verdicts it belongs to and in which order: what
 * happened and why first, then what to do, then the numbers, at last how to see it again.
 */
#include "reports/evidence.h"

#include <string.h>
#include "base/units.h"
#include "reports/clean.h"
#include "reports/facts.h"
#include "reports/model.h"
#include "reports/tally.h"

typedef void fact_fn(const struct lp_run_result *result, struct lp_str *out);

static const struct lp_diagnosis *first_diagnosis(const struct lp_run_result *result)
{
    return result->judgement->diagnosis_count > 0 ? &result->judgement->diagnoses[0] : NULL;
}

static void fact_expected(const struct lp_run_result *result, struct lp_str *out)
{
    if (result->unasked || lp_standing(result) != LP_CONTRADICTED)
        return;
    lp_result_expected(result, out);
    lp_str_addf(out, ", but it is %s", lp_verdict_name(result->judgement->verdict));
    const char *cause = lp_result_cause(result);
    if (result->judgement->verdict == LP_BROKEN && cause &&
        result->scenario->expect == LP_EXPECT_BROKEN)
        lp_str_addf(out, " by %s", cause);
}

static void fact_cause(const struct lp_run_result *result, struct lp_str *out)
{
    const char *cause = lp_result_cause(result);

    if (cause)
        lp_clean_line(out, cause);
}

static void fact_evidence(const struct lp_run_result *result, struct lp_str *out)
{
    const struct lp_diagnosis *diagnosis = first_diagnosis(result);

    if (diagnosis && diagnosis->text)
        lp_clean_line(out, diagnosis->text);
    else if (result->judgement->verdict == LP_BROKEN)
        lp_clean_line(out, result->judgement->reason);
}

static void fact_reason(const struct lp_run_result *result, struct lp_str *out)
{
    lp_clean_line(out, result->judgement->reason);
}

/* A scenario that expects this very cause knows a better cure than the general one. */
static void fact_fix(const struct lp_run_result *result, struct lp_str *out)
{
    const struct lp_diagnosis *diagnosis = first_diagnosis(result);
    const struct lp_scenario *scenario = result->scenario;

    if (scenario->fix && scenario->cause && diagnosis &&
        strcmp(scenario->cause, diagnosis->cause) == 0)
        lp_clean_line(out, scenario->fix);
    else if (diagnosis && diagnosis->fix)
        lp_clean_line(out, diagnosis->fix);
}

static void fact_change(const struct lp_run_result *result, struct lp_str *out)
{
    const struct lp_checks *checks = result->checks;
    const struct lp_diagnosis *diagnosis = first_diagnosis(result);

    if (result->model)
        return;
    if (result->explored && !diagnosis)
        lp_str_add(out, "more time (--time) or schedules (--schedules), fewer workers (-w) or "
                        "rounds (-r)");
    else if (diagnosis && diagnosis->fix)
        lp_clean_line(out, diagnosis->fix);
    else if (checks && checks->contention.meetings < result->scenario->min_meetings)
        lp_str_add(out, "let workers meet more often: more rounds (-r) or a longer run (-d), more "
                        "workers (-w), a longer think inside the lock");
    else if (checks && checks->ops_unknown > 0)
        lp_str_add(out, "find out why operations ended unknown (a timeout, a lost connection): "
                        "their effect cannot be told");
    else
        lp_str_add(out, "run it again, longer (-d) and with more time to end (--timeout)");
}

static void fact_model(const struct lp_run_result *result, struct lp_str *out)
{
    if (!result->model)
        return;
    lp_model_name(&result->model->model, out);
    lp_str_addf(out, ": %s", lp_model_summary(result->model->model.kind));
    if (result->model->inferred)
        lp_str_addf(out, " (inferred: %s)", result->model->inferred);
}

static void fact_story(const struct lp_run_result *result, struct lp_str *out)
{
    if (result->model)
        lp_model_story(result->model, out);
}

static void fact_read(const struct lp_run_result *result, struct lp_str *out)
{
    if (result->model)
        lp_model_read_line(result->model, out);
}

static void fact_rule(const struct lp_run_result *result, struct lp_str *out)
{
    if (result->model)
        lp_model_rule_line(result->model, out);
}

static void fact_needs(const struct lp_run_result *result, struct lp_str *out)
{
    lp_result_needs(result, out);
}

static void add_value(struct lp_str *out, int64_t value)
{
    lp_str_add(out, value < 0 ? "-" : "");
    lp_add_number(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

static void fact_counter(const struct lp_run_result *result, struct lp_str *out)
{
    if (!result->checks || result->checks->lost_update.result == LP_NOT_APPLICABLE)
        return;
    const struct lp_lost_update *lost = &result->checks->lost_update;
    char buf[32];

    lp_str_add(out, "start ");
    add_value(out, lost->start);
    lp_str_add(out, ", acknowledged ");
    lp_add_number(out, lost->acknowledged);
    lp_str_add(out, ", unknown ");
    lp_add_number(out, lost->unknown);
    lp_str_add(out, ", final ");
    if (lost->final_known)
        add_value(out, lost->final);
    else
        lp_str_add(out, "not known");
    lp_str_add(out, ", lost ");
    lp_add_number(out, lost->lost_min);
    if (lost->lost_max > lost->lost_min) {
        lp_str_add(out, " to ");
        lp_add_number(out, lost->lost_max);
    }
    if (lost->extra > 0) {
        lp_str_add(out, ", too many ");
        lp_add_number(out, lost->extra);
    }
    if (lost->distinct_stores > 1) {
        lp_str_add(out, ", stores ");
        lp_add_number(out, lost->distinct_stores);
    }
    if (lost->first_loss_ns > 0)
        lp_str_addf(out, "; first loss after %s",
                    lp_duration_format(lost->first_loss_ns, buf, sizeof(buf)));
}

static void add_violation(struct lp_str *out, enum lp_result result, const char *name,
                          const char *detail)
{
    if (result != LP_VIOLATED)
        return;
    lp_str_addf(out, "%s%s", out->len > 0 ? "; " : "", name);
    if (*detail) {
        lp_str_add(out, ": ");
        lp_clean_line(out, detail);
    }
}

static void fact_violated(const struct lp_run_result *result, struct lp_str *out)
{
    const struct lp_checks *checks = result->checks;

    if (!checks)
        return;
    add_violation(out, checks->lost_update.result, "lost-update", checks->lost_update.detail);
    add_violation(out, checks->mutual_exclusion.result, "mutual-exclusion",
                  checks->mutual_exclusion.detail);
    add_violation(out, checks->progress.result, "progress", checks->progress.detail);
}

/* The first of them, and how many in all. */
static void fact_faults(const struct lp_run_result *result, struct lp_str *out)
{
    const struct lp_history *history = result->checks ? result->checks->history : NULL;

    for (size_t i = 0; history && i < history->fault_count; i++) {
        const struct lp_fault_record *fault = &history->faults[i];
        char at[32];
        if (i == 4) {
            lp_str_addf(out, "; and %zu more", history->fault_count - i);
            return;
        }
        lp_str_addf(out, "%s%s of ", i ? "; " : "", fault->fault);
        lp_clean_field(out, fault->target, sizeof(fault->target));
        lp_str_addf(out, " at %s: ",
                    lp_duration_format(fault->invoke_ns - history->start_ns, at, sizeof(at)));
        lp_clean_field(out, fault->proof, sizeof(fault->proof));
    }
}

static void fact_meetings(const struct lp_run_result *result, struct lp_str *out)
{
    if (!result->checks || result->explored)
        return;
    const struct lp_contention *contention = &result->checks->contention;

    lp_add_number(out, contention->meetings);
    if (contention->counts_updates) {
        lp_str_add(out, " updates that met another, of ");
        lp_add_number(out, contention->windows);
    } else {
        lp_str_add(out, " contested grants of ");
        lp_add_number(out, contention->acquires);
    }
    lp_str_addf(out, " (held needs %u)", result->scenario->min_meetings);
    if (contention->counts_updates)
        return;
    lp_str_add(out, "; ");
    lp_add_number(out, contention->handovers);
    lp_str_add(out, " hand-overs, found taken ");
    lp_add_number(out, contention->blocked);
    lp_str_add(out, " times");
}

static void add_latency(struct lp_str *out, const char *name, const struct lp_histogram *histogram)
{
    char p50[32], p99[32], max[32];

    if (histogram->count == 0)
        return;
    lp_str_addf(out, "%s%s median %s, 99 %% within %s, longest %s", out->len > 0 ? "; " : "", name,
                lp_duration_format(lp_histogram_quantile(histogram, 0.5), p50, sizeof(p50)),
                lp_duration_format(lp_histogram_quantile(histogram, 0.99), p99, sizeof(p99)),
                lp_duration_format(histogram->max, max, sizeof(max)));
}

static void fact_timing(const struct lp_run_result *result, struct lp_str *out)
{
    if (result->explored)
        return; /* of one schedule, led step by step: it says nothing */
    add_latency(out, "acquire", &result->acquire_ns);
    add_latency(out, "hold", &result->hold_ns);
}

static void fact_fairness(const struct lp_run_result *result, struct lp_str *out)
{
    char wait[32];

    if (result->jain < 0 || result->explored)
        return;
    lp_str_addf(out, "Jain index %.2f, longest wait %s", result->jain,
                lp_duration_format(result->wait_ns_max, wait, sizeof(wait)));
}

static void fact_placement(const struct lp_run_result *result, struct lp_str *out)
{
    if (result->model)
        return;
    lp_str_addf(out, "%s, %u worker%s, %u container%s", lp_placement_name(result->placement),
                lp_scenario_workers(result->scenario),
                lp_scenario_workers(result->scenario) == 1 ? "" : "s", result->scenario->containers,
                result->scenario->containers == 1 ? "" : "s");
    if (result->placement_note[0]) {
        lp_str_add(out, " (");
        lp_clean_field(out, result->placement_note, sizeof(result->placement_note));
        lp_str_add(out, ")");
    }
}

static void fact_repeat(const struct lp_run_result *result, struct lp_str *out)
{
    lp_clean_field(out, result->reproduce, sizeof(result->reproduce));
}

static void fact_files(const struct lp_run_result *result, struct lp_str *out)
{
    lp_clean_field(out, result->run_dir, sizeof(result->run_dir));
}

enum { HELD = 1 << LP_HELD, BROKEN = 1 << LP_BROKEN, OPEN = 1 << LP_INCONCLUSIVE };
enum { SKIPPED = 1 << LP_SKIPPED, RAN = HELD | BROKEN | OPEN };

static const struct row {
    const char *label;
    unsigned verdicts;
    fact_fn *add; /* adds nothing when there is nothing to say */
} rows[] = {
    {"expected", HELD | BROKEN, fact_expected},
    {"claim", HELD, fact_reason},
    {"reason", OPEN, fact_reason},
    {"cause", BROKEN | OPEN, fact_cause},
    {"evidence", BROKEN | OPEN, fact_evidence},
    {"violated", BROKEN, fact_violated},
    {"calls", BROKEN, fact_story},
    {"fix", BROKEN, fact_fix},
    {"change", OPEN, fact_change},
    {"needs", SKIPPED, fact_needs},
    {"model", RAN, fact_model},
    {"read", RAN, fact_read},
    {"decided", RAN, fact_rule},
    {"explored", RAN, lp_fact_explored},
    {"waits", BROKEN, lp_fact_waits},
    {"swap", BROKEN, lp_fact_swap},
    {"replay", BROKEN, lp_fact_replay},
    {"counter", RAN, fact_counter},
    {"meetings", RAN, fact_meetings},
    {"timing", HELD, fact_timing},
    {"fairness", HELD, fact_fairness},
    {"printed", BROKEN | OPEN, lp_fact_printed},
    {"traced", RAN, lp_fact_traced},
    {"faults", RAN, fact_faults},
    {"placed", RAN, fact_placement},
    {"repeat", RAN, fact_repeat},
    {"files", RAN, fact_files},
};
_Static_assert(LP_ARRAY_LEN(rows) + LP_DIAGNOSES_MAX <= LP_FACTS_MAX, "all facts have room");

static void keep(struct lp_evidence *evidence, const char *label, const struct lp_str *text)
{
    if (text->len == 0)
        return;
    evidence->facts[evidence->count++] =
        (struct lp_fact){label, lp_arena_strndup(&evidence->arena, text->ptr, text->len)};
}

/* Causes besides the first are true too: two mistakes may be in one scenario. */
static void keep_contributing(struct lp_evidence *evidence, const struct lp_run_result *result,
                              struct lp_str *text)
{
    const struct lp_judgement *judgement = result->judgement;

    for (size_t i = 1; i < judgement->diagnosis_count; i++) {
        const struct lp_diagnosis *diagnosis = &judgement->diagnoses[i];
        lp_str_clear(text);
        lp_clean_line(text, diagnosis->cause);
        if (diagnosis->text) {
            lp_str_add(text, ": ");
            lp_clean_line(text, diagnosis->text);
        }
        keep(evidence, "also", text);
    }
}

/* The diagnosis shows most (its locks too); without one, the check that found the violation. */
const size_t *lp_evidence_witness(const struct lp_run_result *result, size_t *count)
{
    const struct lp_checks *checks = result->checks;
    const struct lp_diagnosis *diagnosis = first_diagnosis(result);

    *count = 0;
    if (!checks || !checks->history)
        return NULL;
    if (diagnosis && diagnosis->witness_count > 0) {
        *count = diagnosis->witness_count;
        return diagnosis->witness;
    }
    if (checks->lost_update.result == LP_VIOLATED && checks->lost_update.witness_count > 0) {
        *count = checks->lost_update.witness_count;
        return checks->lost_update.witness;
    }
    if (checks->mutual_exclusion.result == LP_VIOLATED) {
        *count = checks->mutual_exclusion.witness_count;
        return checks->mutual_exclusion.witness;
    }
    if (checks->progress.result == LP_VIOLATED) {
        *count = checks->progress.witness_count;
        return checks->progress.witness;
    }
    return NULL;
}

static void draw(const struct lp_run_result *result, bool color, struct lp_str *out)
{
    size_t count;
    const size_t *witness = lp_evidence_witness(result, &count);

    if (result->model && result->model->shrunk->count > 0)
        lp_report_call_lanes(result->model->calls, result->model->shrunk->calls,
                             result->model->shrunk->count, color, out);
    if (witness)
        lp_report_lanes(result->checks->history, witness, count, color, out);
}

void lp_evidence_init(struct lp_evidence *evidence, const struct lp_run_result *result, bool color)
{
    unsigned verdict = 1u << result->judgement->verdict;
    struct lp_str text;

    *evidence = (struct lp_evidence){0};
    lp_arena_init(&evidence->arena);
    lp_str_init(&text);
    for (size_t i = 0; i < LP_ARRAY_LEN(rows); i++) {
        if (!(rows[i].verdicts & verdict))
            continue;
        lp_str_clear(&text);
        rows[i].add(result, &text);
        keep(evidence, rows[i].label, &text);
        if (rows[i].add == fact_evidence)
            keep_contributing(evidence, result, &text);
    }
    lp_str_clear(&text);
    if (verdict & RAN)
        draw(result, color, &text);
    evidence->diagram = lp_arena_strndup(&evidence->arena, text.ptr, text.len);
    lp_str_release(&text);
}

void lp_evidence_release(struct lp_evidence *evidence)
{
    lp_arena_release(&evidence->arena);
    *evidence = (struct lp_evidence){0};
}

const char *lp_evidence_find(const struct lp_evidence *evidence, const char *label)
{
    for (size_t i = 0; i < evidence->count; i++)
        if (strcmp(evidence->facts[i].label, label) == 0)
            return evidence->facts[i].text;
    return NULL;
}

void lp_evidence_plain(const struct lp_evidence *evidence, struct lp_str *out)
{
    for (size_t i = 0; i < evidence->count; i++)
        lp_str_addf(out, "%-9s %s\n", evidence->facts[i].label, evidence->facts[i].text);
    if (*evidence->diagram)
        lp_str_addf(out, "\n%s", evidence->diagram);
}
