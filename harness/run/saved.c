/* SPDX-License-Identifier: MIT */
/*
 * Reading a run folder back. result.json wins over a second judgement: it knows what the history
 * does not, such as that a user interrupted the run, or that an exploration proved it in another
 * schedule than the last one.
 */
#include "run/saved.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "os/file.h"
#include "run/stats.h"

#define JSON_SIZE_MAX ((size_t)256 * 1024 * 1024)
#define YAML_SIZE_MAX ((size_t)1024 * 1024)

/* ---- files ---- */

static const char *path_in(struct lp_saved *saved, const char *dir, const char *name)
{
    return lp_arena_printf(&saved->arena, "%s/%s", dir, name);
}

static json_t *read_json(const char *path, struct lp_err *err)
{
    struct lp_str text;
    json_error_t where;
    json_t *root = NULL;
    lp_str_init(&text);
    if (lp_file_read(path, JSON_SIZE_MAX, &text, err) == 0) {
        root = json_loadb(text.ptr, text.len, 0, &where);
        if (!root)
            lp_err_set(err, LP_ERR_USAGE, "%s:%d:%d: %s", path, where.line, where.column,
                       where.text);
    }
    lp_str_release(&text);
    return root;
}

json_t *lp_saved_json(const char *dir, const char *name, struct lp_err *err)
{
    struct lp_str path;
    json_t *root = NULL;
    lp_str_init(&path);
    lp_str_addf(&path, "%s/%s", dir, name);
    if (lp_is_file(path.ptr))
        root = read_json(path.ptr, err);
    lp_str_release(&path);
    return root;
}

json_t *lp_saved_result(const char *dir, struct lp_err *err)
{
    json_t *root = lp_saved_json(dir, "result.json", err);
    if (root && !json_is_array(json_object_get(root, "scenarios"))) {
        lp_err_set(err, LP_ERR_USAGE, "'%s/result.json' is no result of lockproof", dir);
        json_decref(root);
        root = NULL;
    }
    return root;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static uint64_t number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_integer(value))
        return json_integer_value(value) < 0 ? 0 : (uint64_t)json_integer_value(value);
    uint64_t number = 0;
    if (json_is_string(value) && lp_number_parse(json_string_value(value), 0, UINT64_MAX, &number))
        return 0;
    return number;
}

/* ---- the scenario ---- */

/* What history and result know of it, where its file is not to be had. */
static void invent_scenario(struct lp_saved *saved, const char *dir, const json_t *said)
{
    struct lp_scenario *scenario = &saved->scenario;
    lp_arena_init(&scenario->arena);
    scenario->file = dir ? lp_arena_strdup(&saved->arena, dir) : "";
    scenario->name = "run";
    scenario->groups[0].name = "workers";
    scenario->group_count = 1;
    scenario->containers = 1;
    scenario->min_meetings = 30;
    if (saved->history.worker_count) {
        const struct lp_history_header *header = lp_history_any_header(&saved->history);
        if (header->scenario[0])
            scenario->name = lp_arena_strdup(&saved->arena, header->scenario);
        scenario->containers = saved->history.containers;
        scenario->groups[0].workers = (unsigned)saved->history.worker_count;
    }
    if (said) {
        const char *expect = text_of(said, "expect");
        if (expect && strcmp(expect, "broken") == 0)
            scenario->expect = LP_EXPECT_BROKEN;
        scenario->cause = text_of(said, "expect_cause");
        scenario->groups[0].workers = (unsigned)number_of(said, "workers");
        scenario->containers = (unsigned)number_of(said, "containers");
        if (json_object_get(said, "meetings_needed"))
            scenario->min_meetings = (unsigned)number_of(said, "meetings_needed");
        scenario->cause = scenario->cause ? lp_arena_strdup(&saved->arena, scenario->cause) : NULL;
    }
    scenario->title = scenario->name;
}

/* The file in the folder is called scenario.yaml: its name is in the history and in the result. */
static void name_scenario(struct lp_saved *saved, const json_t *said)
{
    struct lp_scenario *scenario = &saved->scenario;
    const char *name = text_of(said, "name"), *title = text_of(said, "title");
    if (name)
        scenario->name = lp_arena_strdup(&saved->arena, name);
    else if (saved->history.worker_count && lp_history_any_header(&saved->history)->scenario[0])
        scenario->name =
            lp_arena_strdup(&saved->arena, lp_history_any_header(&saved->history)->scenario);
    if (title)
        scenario->title = lp_arena_strdup(&saved->arena, title);
}

static void load_scenario(struct lp_saved *saved, const char *dir, const json_t *said,
                          const struct lp_vocabulary *vocabulary)
{
    struct lp_str text;
    struct lp_err err = {0};
    const char *path = dir ? path_in(saved, dir, "scenario.yaml") : NULL;
    int result = -1;
    lp_str_init(&text);
    if (path && lp_is_file(path)) {
        result = lp_file_read(path, YAML_SIZE_MAX, &text, &err);
        if (result == 0)
            result =
                lp_scenario_parse(&saved->scenario, text.ptr, text.len, path, vocabulary, &err);
        if (result == -1)
            saved->entry.note =
                lp_arena_printf(&saved->arena, "The scenario could not be read back: %s", err.text);
    }
    lp_str_release(&text);
    if (result == -1)
        invent_scenario(saved, dir, said);
    name_scenario(saved, said);
}

/* ---- what was said ---- */

/* An operation is known by its worker and the time at which it was invoked. */
static size_t find_op(const struct lp_history *history, uint64_t worker, uint64_t time_ns)
{
    size_t low = 0, high = history->op_count;
    uint64_t wanted_ns = history->start_ns + time_ns;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (history->ops[middle].record->invoke_ns < wanted_ns)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < history->op_count && history->ops[low].record->invoke_ns == wanted_ns; low++)
        if (history->workers[history->ops[low].worker].header->worker == worker)
            return low;
    return LP_NOWHERE;
}

static void take_witness(struct lp_saved *saved, const json_t *rows, struct lp_diagnosis *diagnosis)
{
    size_t i;
    json_t *row;
    diagnosis->witness =
        lp_arena_array(&saved->arena, json_array_size(rows) + 1, sizeof *diagnosis->witness);
    json_array_foreach(rows, i, row)
    {
        size_t op = find_op(&saved->history, number_of(row, "worker"), number_of(row, "t_ns"));
        if (op != LP_NOWHERE)
            diagnosis->witness[diagnosis->witness_count++] = op;
    }
}

static const char *known_text(struct lp_saved *saved, const json_t *object, const char *key)
{
    const char *text = text_of(object, key);
    return lp_arena_strdup(&saved->arena, text ? text : "");
}

static void take_judgement(struct lp_saved *saved, const json_t *said)
{
    struct lp_judgement *judgement = &saved->judgement;
    const char *verdict = text_of(said, "verdict");
    size_t i;
    json_t *row;
    judgement->verdict = LP_INCONCLUSIVE;
    for (enum lp_verdict v = LP_HELD; v <= LP_SKIPPED; v++)
        if (verdict && strcmp(verdict, lp_verdict_name(v)) == 0)
            judgement->verdict = v;
    snprintf(judgement->reason, sizeof judgement->reason, "%s", known_text(saved, said, "reason"));
    const json_t *rate = json_object_get(said, "failure_rate_max");
    judgement->failure_rate_max = json_is_number(rate) ? json_number_value(rate) : -1;
    json_array_foreach(json_object_get(said, "diagnosis"), i, row)
    {
        if (judgement->diagnosis_count == LP_DIAGNOSES_MAX)
            break;
        struct lp_diagnosis *diagnosis = &judgement->diagnoses[judgement->diagnosis_count++];
        diagnosis->cause = known_text(saved, row, "cause");
        diagnosis->text = lp_arena_strdup(&saved->arena, known_text(saved, row, "text"));
        diagnosis->fix = known_text(saved, row, "fix");
        diagnosis->pairs = number_of(row, "pairs");
        take_witness(saved, json_object_get(row, "witness"), diagnosis);
    }
}

static void take_needs(struct lp_saved *saved, const json_t *said)
{
    struct lp_run_result *result = &saved->result;
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(said, "needs"), i, row)
    {
        if (result->need_count == LP_ARRAY_LEN(result->needs))
            break;
        struct lp_need *need = &result->needs[result->need_count++];
        snprintf(need->name, sizeof need->name, "%s", known_text(saved, row, "name"));
        snprintf(need->remedy, sizeof need->remedy, "%s", known_text(saved, row, "remedy"));
    }
}

/* "no faults": a value that nests is told as JSON. */
static void add_fact(struct lp_saved *saved, struct lp_page_facts *facts, const char *name,
                     const json_t *value)
{
    if (json_is_object(value)) {
        const char *key;
        json_t *inner;
        json_object_foreach((json_t *)(uintptr_t)value, key, inner)
            add_fact(saved, facts, lp_arena_printf(&saved->arena, "%s: %s", name, key), inner);
        return;
    }
    char *text = json_is_string(value)
                     ? lp_strdup(json_string_value(value))
                     : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    facts->rows = lp_grow(facts->rows, &facts->cap, facts->count + 1, sizeof *facts->rows);
    facts->rows[facts->count++] = (struct lp_page_fact){
        .name = lp_arena_strdup(&saved->arena, name),
        .value = lp_arena_strdup(&saved->arena, text ? text : ""),
    };
    free(text);
}

static void add_facts(struct lp_saved *saved, struct lp_page_facts *facts, const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) add_fact(saved, facts, key, value);
}

static void take_invariants(struct lp_saved *saved, const json_t *said)
{
    struct lp_page_facts *facts = &saved->entry.invariants;
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(said, "invariants"), i, row)
    {
        const char *detail = known_text(saved, row, "detail");
        facts->rows = lp_grow(facts->rows, &facts->cap, facts->count + 1, sizeof *facts->rows);
        facts->rows[facts->count++] = (struct lp_page_fact){
            .name = known_text(saved, row, "name"),
            .value = lp_arena_printf(&saved->arena, "%s%s%s", known_text(saved, row, "result"),
                                     *detail ? ": " : "", detail),
        };
    }
}

static enum lp_result result_of(const json_t *row)
{
    const char *result = text_of(row, "result");
    if (!result)
        return LP_NOT_APPLICABLE;
    return strcmp(result, "pass") == 0   ? LP_PASS
           : strcmp(result, "fail") == 0 ? LP_VIOLATED
                                         : LP_UNDECIDED;
}

/* The figures of a run that left no history (a program of the user's own): what it said of them. */
static void take_figures(struct lp_saved *saved, const json_t *said)
{
    struct lp_checks *checks = &saved->checks;
    size_t i;
    json_t *row;
    checks->lost_update.result = LP_NOT_APPLICABLE;
    checks->mutual_exclusion.result = LP_NOT_APPLICABLE;
    checks->progress.result = LP_NOT_APPLICABLE;
    checks->lease.result = LP_NOT_APPLICABLE;
    checks->fencing.result = LP_NOT_APPLICABLE;
    checks->recovery.result = LP_NOT_APPLICABLE;
    checks->deadlock.result = LP_NOT_APPLICABLE;
    checks->starvation.result = LP_NOT_APPLICABLE;
    checks->contention.meetings = number_of(said, "meetings");
    checks->contention.blocked = number_of(said, "blocked");
    json_array_foreach(json_object_get(said, "invariants"), i, row)
    {
        const char *name = text_of(row, "name");
        if (!name || strcmp(name, "lost-update") != 0)
            continue;
        struct lp_lost_update *lost = &checks->lost_update;
        const json_t *final = json_object_get(row, "final");
        *lost = (struct lp_lost_update){
            .result = result_of(row),
            .start = json_integer_value(json_object_get(row, "start")),
            .final_known = json_is_integer(final),
            .final = json_integer_value(final),
            .acknowledged = number_of(row, "acknowledged"),
            .unknown = number_of(row, "unknown"),
            .lost_min = number_of(row, "lost"),
            .lost_max = number_of(row, "lost_max"),
            .extra = number_of(row, "extra"),
            .distinct_stores = 1,
        };
        snprintf(lost->detail, sizeof lost->detail, "%s", known_text(saved, row, "detail"));
    }
    saved->result.checks = checks;
}

static void take_result(struct lp_saved *saved, const json_t *said)
{
    struct lp_run_result *result = &saved->result;
    const char *placement = text_of(said, "placement");
    const char *note = text_of(said, "placement_note");
    result->as_expected = json_is_true(json_object_get(said, "as_expected"));
    result->seed = number_of(said, "seed");
    result->elapsed_ns =
        (uint64_t)(json_number_value(json_object_get(said, "elapsed_s")) * (double)LP_SEC);
    if (placement && lp_placement_parse(placement, &result->placement) == -1)
        result->placement = LP_PLACE_AUTO;
    result->fell_back = note != NULL;
    snprintf(result->placement_note, sizeof result->placement_note, "%s", note ? note : "");
    snprintf(result->store_filesystem, sizeof result->store_filesystem, "%s",
             known_text(saved, said, "store_filesystem"));
    snprintf(result->reproduce, sizeof result->reproduce, "%s",
             known_text(saved, said, "reproduce"));
    take_judgement(saved, said);
    take_needs(saved, said);
    take_invariants(saved, said);
    if (!result->checks && saved->judgement.verdict != LP_SKIPPED)
        take_figures(saved, said);
    add_facts(saved, &saved->entry.explored, json_object_get(said, "explored"));
}

/* ---- what the history says ---- */

static void judge(struct lp_saved *saved, const char *dir)
{
    struct lp_run_result *result = &saved->result;
    struct lp_judge_input input = {
        .checks = &saved->checks,
        .min_meetings = saved->scenario.min_meetings,
        .hindrance = saved->history.complete ? NULL : "the run did not come to its end",
    };
    lp_judge(&saved->judgement, &input);
    enum lp_verdict verdict = saved->judgement.verdict;
    const char *cause = saved->scenario.cause;
    if (saved->scenario.expect == LP_EXPECT_HELD)
        result->as_expected = verdict == LP_HELD;
    else
        result->as_expected = verdict == LP_BROKEN &&
                              (!cause || (saved->judgement.diagnosis_count > 0 &&
                                          strcmp(saved->judgement.diagnoses[0].cause, cause) == 0));
    for (size_t i = 0; i < saved->history.worker_count; i++) {
        uint64_t last_ns = saved->history.workers[i].last_ns;
        if (last_ns > saved->history.start_ns + result->elapsed_ns)
            result->elapsed_ns = last_ns - saved->history.start_ns;
    }
    snprintf(result->reproduce, sizeof result->reproduce, "lockproof check %s", dir);
    saved->entry.note = "The run left no result (it was killed, or it is still going on): this was "
                        "decided from its history, up to the last complete record.";
}

static int load_history(struct lp_saved *saved, const char *dir, struct lp_err *err)
{
    const char *folder = path_in(saved, dir, "history");
    if (!lp_is_folder(folder))
        return 0;
    struct lp_err own = {0};
    if (lp_history_load(&saved->history, folder, &own) == 0)
        return 0;
    *err = own;
    return -1;
}

static void load_system(struct lp_saved *saved, const char *dir)
{
    const char *path = path_in(saved, dir, "system.json");
    struct lp_err err = {0};
    json_t *system = lp_is_file(path) ? read_json(path, &err) : NULL;
    add_facts(saved, &saved->entry.environment, system);
    json_decref(system);
}

int lp_saved_load(struct lp_saved *saved, const char *dir, const json_t *said,
                  const struct lp_vocabulary *vocabulary, struct lp_err *err)
{
    memset(saved, 0, sizeof *saved);
    lp_arena_init(&saved->arena);
    saved->result.scenario = &saved->scenario;
    saved->result.judgement = &saved->judgement;
    saved->result.jain = -1;
    saved->entry.result = &saved->result;
    if (dir && load_history(saved, dir, err) == -1 && !said) {
        lp_saved_release(saved);
        return -1;
    }
    load_scenario(saved, dir, said, vocabulary);
    if (saved->history.worker_count) {
        lp_checks_run(&saved->checks, &saved->history);
        saved->result.checks = &saved->checks;
    }
    if (said)
        take_result(saved, said);
    else if (saved->result.checks)
        judge(saved, dir);
    if (saved->history.worker_count)
        lp_stats_fill(&saved->result, &saved->checks);
    if (dir) {
        snprintf(saved->result.run_dir, sizeof saved->result.run_dir, "%s", dir);
        load_system(saved, dir);
    }
    return 0;
}

void lp_saved_release(struct lp_saved *saved)
{
    free(saved->entry.environment.rows);
    free(saved->entry.invariants.rows);
    free(saved->entry.explored.rows);
    lp_judgement_release(&saved->judgement);
    if (saved->history.worker_count)
        lp_checks_release(&saved->checks);
    lp_history_release(&saved->history);
    lp_scenario_release(&saved->scenario);
    lp_arena_release(&saved->arena);
    memset(saved, 0, sizeof *saved);
}
