/* SPDX-License-Identifier: MIT */
/*
 * result.json, and `-f json`. Every number that a text report shows is here too, unrounded, and
 * what does not apply is null rather than a number that looks measured. Texts are made well-formed
 * UTF-8 first: JSON has no other, and a title may hold any bytes. Integers above INT64_MAX (a seed
 * may be one) are written as a text of their digits, which no reader can round.
 */
#include "reports/formats.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "reports/clean.h"
#include "reports/model_json.h"
#include "reports/tally.h"
#include "reports/witness.h"

/* jansson returns NULL when memory is short (its other failures cannot happen here), and goes on
   with a document that lacks a part. Rather end, as every other allocation does. */
static json_t *made(json_t *value)
{
    if (!value)
        free(lp_alloc(SIZE_MAX, SIZE_MAX));
    return value;
}

static void set(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, made(value)) != 0)
        made(NULL);
}

static void append(json_t *array, json_t *value)
{
    if (json_array_append_new(array, made(value)) != 0)
        made(NULL);
}

static json_t *text_or_null(const char *text)
{
    struct lp_str clean;

    if (!text)
        return json_null();
    lp_str_init(&clean);
    lp_clean_utf8(&clean, text);
    json_t *value = json_stringn(clean.ptr, clean.len);
    lp_str_release(&clean);
    return value;
}

/* An array of chars that may lack its '\0'. */
static json_t *field(const char *text, size_t size)
{
    char *copy = lp_alloc(size + 1, 1);

    memcpy(copy, text, strnlen(text, size));
    json_t *value = text_or_null(copy);
    free(copy);
    return value;
}

static json_t *number(uint64_t value)
{
    char digits[24];

    if (value <= INT64_MAX)
        return json_integer((json_int_t)value);
    snprintf(digits, sizeof(digits), "%" PRIu64, value);
    return json_string(digits);
}

/* NaN and infinity are not JSON; a ratio of nothing to nothing does not apply. */
static json_t *real_or_null(double value)
{
    return value >= 0 && value <= 1e300 ? json_real(value) : json_null();
}

static const char *result_name(enum lp_result result)
{
    switch (result) {
    case LP_PASS:
        return "pass";
    case LP_VIOLATED:
        return "fail";
    case LP_UNDECIDED:
    case LP_NOT_APPLICABLE:
        break;
    }
    return "unknown";
}

static json_t *witness_json(const struct lp_history *history, const size_t *indexes, size_t count)
{
    json_t *array = made(json_array());
    struct lp_witness witness;
    struct lp_str text;

    if (!history || !indexes)
        return array;
    lp_witness_init(&witness, history, indexes, count);
    lp_str_init(&text);
    for (size_t i = 0; i < witness.count; i++) {
        const struct lp_op *op = witness.ops[i];
        const struct lp_history_header *header = history->workers[op->worker].header;
        json_t *row = made(json_object());
        int64_t value;

        set(row, "t_ns", number(lp_since_start(history, op->record->invoke_ns)));
        set(row, "t_end_ns",
            lp_op_completed(op) ? number(lp_since_start(history, op->record->complete_ns))
                                : json_null());
        set(row, "worker", json_integer(header->worker));
        set(row, "group", field(header->group, sizeof(header->group)));
        set(row, "container", json_integer(header->container));
        lp_str_clear(&text);
        lp_op_step(history, op, &text);
        set(row, "step", text_or_null(text.ptr));
        set(row, "value", lp_op_value(op, &value) ? json_integer(value) : json_null());
        /* Three outcomes outside: found taken is one way of certainly having had no effect. */
        bool busy = strcmp(lp_op_outcome(op), "busy") == 0;
        set(row, "outcome", json_string(busy ? "fail" : lp_op_outcome(op)));
        lp_str_clear(&text);
        lp_witness_note(&witness, i, &text);
        set(row, "note", text_or_null(busy && text.len == 0 ? "busy" : text.ptr));
        append(array, row);
    }
    lp_str_release(&text);
    lp_witness_release(&witness);
    return array;
}

static json_t *invariant(const char *name, enum lp_result result, const char *detail)
{
    json_t *object = made(json_object());

    set(object, "name", json_string(name));
    set(object, "result", json_string(result_name(result)));
    set(object, "detail", text_or_null(detail));
    return object;
}

static json_t *lost_update_json(const struct lp_checks *checks)
{
    const struct lp_lost_update *lost = &checks->lost_update;
    json_t *object = invariant("lost-update", lost->result, lost->detail);

    set(object, "start", json_integer(lost->start));
    set(object, "acknowledged", number(lost->acknowledged));
    set(object, "unknown", number(lost->unknown));
    set(object, "final", lost->final_known ? json_integer(lost->final) : json_null());
    set(object, "lost", number(lost->lost_min));
    set(object, "lost_max", number(lost->lost_max));
    set(object, "extra", number(lost->extra));
    set(object, "stores", number(lost->distinct_stores));
    set(object, "first_loss_ns", lost->first_loss_ns ? number(lost->first_loss_ns) : json_null());
    set(object, "witness", witness_json(checks->history, lost->witness, lost->witness_count));
    return object;
}

static json_t *mutual_exclusion_json(const struct lp_checks *checks)
{
    const struct lp_mutual_exclusion *exclusion = &checks->mutual_exclusion;
    json_t *object = invariant("mutual-exclusion", exclusion->result, exclusion->detail);

    set(object, "holds", number(exclusion->holds));
    set(object, "overlaps", number(exclusion->overlaps_total));
    set(object, "witness",
        witness_json(checks->history, exclusion->witness, exclusion->witness_count));
    return object;
}

static json_t *progress_json(const struct lp_checks *checks)
{
    const struct lp_progress *progress = &checks->progress;
    json_t *object = invariant("progress", progress->result, progress->detail);

    set(object, "finished", number(progress->finished));
    set(object, "workers", number(progress->workers));
    set(object, "stuck", number(progress->stuck_count));
    set(object, "witness",
        witness_json(checks->history, progress->witness, progress->witness_count));
    return object;
}

static json_t *lease_json(const struct lp_checks *checks)
{
    const struct lp_lease *lease = &checks->lease;
    json_t *object = invariant("lease", lease->result, lease->detail);

    set(object, "leases", number(lease->leases));
    set(object, "late_writes", number(lease->late));
    set(object, "witness", witness_json(checks->history, lease->witness, lease->witness_count));
    return object;
}

static json_t *fencing_json(const struct lp_checks *checks)
{
    const struct lp_fencing *fencing = &checks->fencing;
    json_t *object = invariant("fencing", fencing->result, fencing->detail);

    set(object, "shown", number(fencing->shown));
    set(object, "refused", number(fencing->refused));
    set(object, "backwards", number(fencing->backwards));
    set(object, "witness", witness_json(checks->history, fencing->witness, fencing->witness_count));
    return object;
}

static json_t *recovery_json(const struct lp_checks *checks)
{
    const struct lp_recovery *recovery = &checks->recovery;
    json_t *object = invariant("recovery", recovery->result, recovery->detail);

    set(object, "deaths", number(recovery->deaths));
    set(object, "recovered", number(recovery->recovered));
    set(object, "took_ns_max", number(recovery->took_ns_max));
    set(object, "promised_ns", number(recovery->promised_ns));
    set(object, "witness",
        witness_json(checks->history, recovery->witness, recovery->witness_count));
    return object;
}

static json_t *liveness_json(const char *name, const struct lp_liveness *liveness)
{
    json_t *object = invariant(name, liveness->result, liveness->detail);

    set(object, "waits", number(liveness->waits));
    set(object, "witness", json_array()); /* that of `progress` */
    return object;
}

/* An invariant that the scenario cannot have (no locks) is left out rather than "unknown". */
static json_t *invariants_json(const struct lp_run_result *result)
{
    const struct lp_checks *checks = result->checks;
    json_t *array = made(json_array());

    if (result->model)
        append(array, lp_model_json(result->model));
    if (checks && checks->lost_update.result != LP_NOT_APPLICABLE)
        append(array, lost_update_json(checks));
    if (checks && checks->mutual_exclusion.result != LP_NOT_APPLICABLE)
        append(array, mutual_exclusion_json(checks));
    if (checks && checks->progress.result != LP_NOT_APPLICABLE)
        append(array, progress_json(checks));
    if (checks && checks->lease.result != LP_NOT_APPLICABLE)
        append(array, lease_json(checks));
    if (checks && checks->fencing.result != LP_NOT_APPLICABLE)
        append(array, fencing_json(checks));
    if (checks && checks->recovery.result != LP_NOT_APPLICABLE)
        append(array, recovery_json(checks));
    if (checks && checks->deadlock.result != LP_NOT_APPLICABLE)
        append(array, liveness_json("deadlock", &checks->deadlock));
    if (checks && checks->starvation.result != LP_NOT_APPLICABLE)
        append(array, liveness_json("starvation", &checks->starvation));
    return array;
}

static json_t *diagnosis_json(const struct lp_run_result *result)
{
    const struct lp_judgement *judgement = result->judgement;
    json_t *array = made(json_array());

    if (judgement->verdict == LP_SKIPPED)
        return array;
    for (size_t i = 0; i < judgement->diagnosis_count; i++) {
        const struct lp_diagnosis *diagnosis = &judgement->diagnoses[i];
        json_t *object = made(json_object());

        set(object, "cause", text_or_null(diagnosis->cause));
        set(object, "text", text_or_null(diagnosis->text));
        set(object, "fix", text_or_null(diagnosis->fix));
        set(object, "pairs", number(diagnosis->pairs));
        set(object, "witness",
            witness_json(result->checks ? result->checks->history : NULL, diagnosis->witness,
                         diagnosis->witness_count));
        append(array, object);
    }
    return array;
}

static json_t *latency_json(const struct lp_histogram *histogram)
{
    static const struct {
        const char *key;
        double quantile;
    } quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
    json_t *object;

    if (histogram->count == 0)
        return json_null();
    object = made(json_object());
    for (size_t i = 0; i < LP_ARRAY_LEN(quantiles); i++)
        set(object, quantiles[i].key,
            number(lp_histogram_quantile(histogram, quantiles[i].quantile)));
    set(object, "max", number(histogram->max));
    return object;
}

static json_t *needs_json(const struct lp_run_result *result)
{
    json_t *array = made(json_array());

    for (size_t i = 0; i < result->need_count && i < LP_ARRAY_LEN(result->needs); i++) {
        const struct lp_need *need = &result->needs[i];
        json_t *object = made(json_object());

        set(object, "name", field(need->name, sizeof(need->name)));
        set(object, "remedy", field(need->remedy, sizeof(need->remedy)));
        append(array, object);
    }
    return array;
}

/* Contested grants (or updates) over all of them. */
static double contention(const struct lp_checks *checks)
{
    const struct lp_contention *counts = &checks->contention;
    uint64_t all = counts->counts_updates ? counts->windows : counts->acquires;

    if (all == 0)
        return 0;
    return counts->meetings < all ? (double)counts->meetings / (double)all : 1;
}

static void set_measured(json_t *object, const struct lp_run_result *result)
{
    const struct lp_checks *checks = result->checks;
    const struct lp_model_report *model = result->model;
    bool held = result->judgement->verdict == LP_HELD;
    json_t *group = made(json_object());

    set(group, "ok", number(checks ? checks->ops_ok : model ? model->ok : 0));
    set(group, "fail", number(checks ? checks->ops_fail : model ? model->fail : 0));
    set(group, "unknown", number(checks ? checks->ops_unknown : model ? model->unknown : 0));
    set(object, "operations", group);
    set(object, "contention", json_real(checks ? contention(checks) : 0));
    set(object, "rounds_per_s", checks ? real_or_null(result->rounds_per_s) : json_null());
    set(object, "meetings", number(checks ? checks->contention.meetings : 0));
    set(object, "meetings_needed", json_integer(result->scenario->min_meetings));
    set(object, "blocked", number(checks ? checks->contention.blocked : 0));
    set(object, "failure_rate_max",
        held ? real_or_null(result->judgement->failure_rate_max) : json_null());
    set(object, "assumes", json_string("independent"));
    group = made(json_object());
    set(group, "acquire", latency_json(&result->acquire_ns));
    set(group, "hold", latency_json(&result->hold_ns));
    set(object, "latency_ns", group);
    group = made(json_object());
    set(group, "jain", checks ? real_or_null(result->jain) : json_null());
    set(group, "max_wait_ns", number(result->wait_ns_max));
    set(object, "fairness", group);
}

static json_t *faults_json(const struct lp_checks *checks)
{
    json_t *array = made(json_array());

    for (size_t i = 0; checks && checks->history && i < checks->history->fault_count; i++) {
        const struct lp_fault_record *fault = &checks->history->faults[i];
        json_t *object = made(json_object());
        set(object, "t_ns", number(fault->invoke_ns - checks->history->start_ns));
        set(object, "fault", field(fault->fault, sizeof(fault->fault)));
        set(object, "target", field(fault->target, sizeof(fault->target)));
        set(object, "happened", json_boolean(fault->outcome == LP_OK));
        set(object, "over_ns",
            fault->over_ns ? number(fault->over_ns - checks->history->start_ns) : json_null());
        set(object, "count", number(fault->count));
        set(object, "proof", field(fault->proof, sizeof(fault->proof)));
        append(array, object);
    }
    return array;
}

static json_t *explored_json(const struct lp_explored *explored)
{
    if (!explored)
        return json_null();
    json_t *object = made(json_object());
    set(object, "schedules", number(explored->schedules));
    set(object, "classes", explored->classes ? number(explored->classes) : json_null());
    set(object, "strategy", text_or_null(explored->strategy));
    set(object, "exhaustive", json_boolean(explored->exhaustive));
    set(object, "bound", text_or_null(explored->bound));
    set(object, "probability", real_or_null(explored->probability));
    set(object, "reproduced", explored->losing ? number(explored->reproduced) : json_null());
    set(object, "replays", explored->losing ? number(explored->replays) : json_null());
    set(object, "swap", text_or_null(explored->swap));
    set(object, "waits", text_or_null(explored->waits));
    set(object, "schedule", text_or_null(explored->file));
    return object;
}

static json_t *result_json(const struct lp_run_result *result)
{
    const struct lp_scenario *scenario = result->scenario;
    const struct lp_judgement *judgement = result->judgement;
    json_t *object = made(json_object());

    set(object, "name", text_or_null(scenario->name));
    set(object, "title", text_or_null(scenario->title));
    set(object, "expect", json_string(scenario->expect == LP_EXPECT_HELD ? "held" : "broken"));
    set(object, "expect_cause", text_or_null(scenario->cause));
    set(object, "verdict", json_string(lp_verdict_name(judgement->verdict)));
    set(object, "as_expected", json_boolean(lp_standing(result) == LP_AS_EXPECTED));
    set(object, "reason", field(judgement->reason, sizeof(judgement->reason)));
    set(object, "seed", number(result->seed));
    set(object, "placement", json_string(lp_placement_name(result->placement)));
    set(object, "placement_note",
        result->placement_note[0] ? field(result->placement_note, sizeof(result->placement_note))
                                  : json_null());
    set(object, "workers", json_integer(lp_scenario_workers(scenario)));
    set(object, "containers", json_integer(scenario->containers));
    set(object, "elapsed_s", json_real((double)result->elapsed_ns / 1e9));
    set(object, "run_dir", field(result->run_dir, sizeof(result->run_dir)));
    set(object, "store_filesystem",
        field(result->store_filesystem, sizeof(result->store_filesystem)));
    set(object, "reproduce", field(result->reproduce, sizeof(result->reproduce)));
    set_measured(object, result);
    set(object, "invariants", invariants_json(result));
    set(object, "diagnosis", diagnosis_json(result));
    set(object, "explored", explored_json(result->explored));
    if (result->traced)
        set(object, "traced", text_or_null(result->traced));
    if (result->printed)
        set(object, "printed", text_or_null(result->printed));
    set(object, "faults", faults_json(result->checks));
    set(object, "needs", needs_json(result));
    return object;
}

void lp_report_json(const struct lp_report_set *report, struct lp_str *out)
{
    json_t *root = made(json_object());
    json_t *scenarios = made(json_array());

    set(root, "lockproof", text_or_null(report->version));
    set(root, "exit_status", json_integer(report->exit_status));
    for (size_t i = 0; i < report->count; i++)
        append(scenarios, result_json(report->results[i]));
    set(root, "scenarios", scenarios);
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    if (!text)
        made(NULL);
    lp_str_addf(out, "%s\n", text);
    free(text);
    json_decref(root);
}
