/* SPDX-License-Identifier: MIT */
/* From a path to a result by a model. */
#include "cli/check_calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "check/uncertain.h"
#include "cli/check_stream.h"
#include "os/clock.h"
#include "os/file.h"

#define SHRINK_NS_MAX (10 * LP_SEC)
#define CALLS_PART 2 /* of the memory: what the calls may take, so that they can be decided too */

int lp_check_open(struct lp_history *history, const char *path, struct lp_err *err)
{
    struct lp_str folder;
    lp_str_init(&folder);
    lp_str_addf(&folder, "%s/history", path);
    const char *from = lp_is_folder(folder.ptr) ? folder.ptr : path;
    int result = lp_history_open(history, from, err);
    lp_str_release(&folder);
    return result;
}

int lp_check_load(struct lp_history *history, const char *path, struct lp_err *err)
{
    if (lp_check_open(history, path, err) == -1)
        return -1;
    lp_history_merge(history);
    return 0;
}

static void tell_early(struct lp_calls_decision *decision)
{
    const struct lp_history *history = &decision->history;
    char *early = decision->reading.early;
    if (history->damaged)
        snprintf(early, sizeof decision->reading.early, "%s", history->damage);
    else if (history->worker_count > 0 && !history->complete)
        snprintf(early, sizeof decision->reading.early, "the run did not come to its end");
}

static int read_calls(struct lp_calls_decision *decision, const char *path,
                      const struct lp_calls_request *request, struct lp_err *err)
{
    if (!lp_is_folder(path)) {
        struct lp_read_options options = request->read;
        options.calls_max = request->memory / CALLS_PART / sizeof(struct lp_call);
        return lp_calls_read(&decision->calls, path, &options, &decision->reading, err);
    }
    if (lp_check_load(&decision->history, path, err) == -1)
        return -1;
    lp_calls_from_history(&decision->calls, &decision->history);
    decision->calls.uncertainty_ns = request->read.uncertainty_ns;
    decision->reading =
        (struct lp_reading){.format = "lockproof", .rows = decision->history.op_count};
    tell_early(decision);
    return 0;
}

static int choose_model(struct lp_calls_decision *decision, const char *path,
                        const struct lp_calls_request *request, struct lp_err *err)
{
    struct lp_inference *inference = &decision->inference;
    const struct lp_calls *calls = &decision->calls;
    if (request->model)
        return lp_model_parse(&inference->model, request->model, err);
    /* Nothing at all is a history too, of which nothing can be said. */
    if (calls->count == 0 && calls->foreign_count == 0) {
        snprintf(inference->why, sizeof inference->why, "there is nothing to decide");
        return lp_model_parse(&inference->model, "mutex", err);
    }
    if (calls->count == 0)
        return lp_model_suits(&inference->model, calls, path, err);
    if (lp_model_infer(calls, inference, err) == -1)
        return lp_err_wrap(err, "%s", path);
    return 0;
}

/* ---- decisions ---- */

static struct lp_budget budget_of(const struct lp_calls_decision *decision,
                                  const struct lp_calls_request *request, uint64_t start_ns)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t used = decision->calls.count * sizeof(struct lp_call);
    struct lp_budget budget = {.threads = processors > 1 ? (unsigned)processors : 1,
                               .want_order = request->want_order};
    if (request->timeout_ns > 0)
        budget.deadline_ns = start_ns + request->timeout_ns;
    if (request->memory > 0)
        budget.memory = request->memory > used ? request->memory - used : 1;
    return budget;
}

/* However the clocks were off, it must hold. */
static void demand_certainty(struct lp_calls_decision *decision, const struct lp_budget *budget)
{
    struct lp_calls strict;
    struct lp_decision second;
    bool ambiguous;
    char time[32];
    lp_calls_narrow(&decision->calls, &decision->inference.model, &strict, &ambiguous);
    if (!ambiguous) {
        lp_model_decide(&decision->inference.model, &strict, budget, &second);
        ambiguous = second.decided != LP_DECIDED_HELD;
        lp_decision_release(&second);
    }
    free(strict.calls);
    if (ambiguous)
        snprintf(decision->hinder, sizeof decision->hinder,
                 "clocks that may each be wrong by %s leave the order of some calls open",
                 lp_duration_format(decision->calls.uncertainty_ns, time, sizeof time));
}

static void shrink(struct lp_calls_decision *decision, const struct lp_calls_request *request,
                   const struct lp_budget *budget)
{
    uint64_t from_ns = lp_clock_ns();
    struct lp_budget own = *budget;
    own.want_order = false;
    own.deadline_ns = from_ns + SHRINK_NS_MAX;
    /* The verdict is there; its evidence may take a little of the time that the user gave. */
    uint64_t limit_ns = budget->deadline_ns + request->timeout_ns / 20;
    if (request->timeout_ns > 0 && limit_ns < own.deadline_ns)
        own.deadline_ns = limit_ns;
    lp_model_shrink(&decision->inference.model, &decision->calls, &decision->decision, &own,
                    &decision->shrunk);
    decision->report.shrink_ns = lp_clock_ns() - from_ns;
}

static void count_outcomes(struct lp_calls_decision *decision)
{
    struct lp_model_report *report = &decision->report;
    for (size_t i = 0; i < decision->calls.count; i++) {
        unsigned outcome = decision->calls.calls[i].outcome;
        report->ok += outcome == LP_OK;
        report->unknown += outcome == LP_UNKNOWN;
        report->fail += outcome == LP_FAIL || outcome == LP_BUSY;
    }
}

static int decide(struct lp_calls_decision *decision, const char *path,
                  const struct lp_calls_request *request, uint64_t start_ns, struct lp_err *err)
{
    struct lp_budget budget = budget_of(decision, request, start_ns);
    const struct lp_model *model = &decision->inference.model;
    uint64_t from_ns = lp_clock_ns();
    decision->report.read_ns = from_ns - start_ns;
    count_outcomes(decision);
    if (lp_model_suits(model, &decision->calls, path, err) == -1)
        return -1;
    lp_model_decide(model, &decision->calls, &budget, &decision->decision);
    if (decision->decision.why == LP_WHY_UNSUITED)
        return lp_err_set(err, LP_ERR_USAGE, "%s: %s", path, decision->decision.detail);
    if (decision->decision.decided == LP_DECIDED_HELD && decision->calls.uncertainty_ns > 0)
        demand_certainty(decision, &budget);
    decision->report.decide_ns = lp_clock_ns() - from_ns;
    if (decision->decision.decided == LP_DECIDED_BROKEN)
        shrink(decision, request, &budget);
    return 0;
}

static int stream(struct lp_calls_decision *decision, const char *path,
                  const struct lp_calls_request *request, uint64_t start_ns, struct lp_err *err)
{
    if (lp_model_parse(&decision->inference.model, request->model, err) == -1)
        return -1;
    struct lp_budget budget = budget_of(decision, request, start_ns);
    budget.memory /= 2; /* the other half is for what waits */
    if (lp_check_stream(decision, path, request, &budget, err) == -1 ||
        lp_model_suits(&decision->inference.model, &decision->calls, path, err) == -1)
        return -1;
    if (decision->decision.why == LP_WHY_UNSUITED)
        return lp_err_set(err, LP_ERR_USAGE, "%s: %s", path, decision->decision.detail);
    tell_early(decision);
    decision->report.decide_ns = lp_clock_ns() - start_ns;
    return 0;
}

/* One pass over a run of our own was not enough to tell, or to tell the evidence, and it fits. */
static bool deserves_more(const struct lp_calls_decision *decision,
                          const struct lp_calls_request *request)
{
    const struct lp_history *history = &decision->history;
    size_t bytes = decision->reading.rows * (sizeof(struct lp_record) + sizeof(struct lp_call));
    return history->worker_count > 0 && decision->decision.decided != LP_DECIDED_HELD &&
           (request->memory == 0 || bytes <= request->memory);
}

static void start_again(struct lp_calls_decision *decision)
{
    lp_shrunk_release(&decision->shrunk);
    lp_decision_release(&decision->decision);
    lp_calls_release(&decision->calls);
    lp_history_release(&decision->history);
    decision->report = (struct lp_model_report){0};
    decision->reading = (struct lp_reading){0};
}

/* ---- what is told ---- */

/* Why nothing was decided, with what the user can do about it. */
static void explain_unknown(struct lp_calls_decision *decision,
                            const struct lp_calls_request *request)
{
    const struct lp_decision *decided = &decision->decision;
    char *reason = decision->judgement.reason;
    size_t size = sizeof decision->judgement.reason;
    char time[32], objects[80] = "";
    if (decided->keys > 1)
        snprintf(objects, sizeof objects, "; %llu of %llu objects hold",
                 (unsigned long long)decided->keys_held, (unsigned long long)decided->keys);
    if (decided->why == LP_WHY_TIMEOUT)
        snprintf(reason, size, "nothing was decided within %s (--timeout)%s",
                 lp_duration_format(request->timeout_ns, time, sizeof time), objects);
    else if (decided->why == LP_WHY_MEMORY)
        snprintf(reason, size, "the memory allowed (--memory) does not suffice to decide it%s",
                 objects);
    else
        snprintf(reason, size, "%.120s%s%.120s", decided->detail, decision->hinder[0] ? "; " : "",
                 decision->hinder);
}

static void judge(struct lp_calls_decision *decision, const struct lp_calls_request *request)
{
    const struct lp_decision *decided = &decision->decision;
    struct lp_judgement *judgement = &decision->judgement;
    char *reason = judgement->reason;
    size_t size = sizeof judgement->reason;
    if (decision->reading.early[0])
        snprintf(decision->hinder, sizeof decision->hinder, "%s; what is absent proves nothing",
                 decision->reading.early);
    if (decision->reading.full)
        snprintf(decision->hinder, sizeof decision->hinder,
                 "only the first %zu calls fit into half of the memory allowed (--memory)",
                 decision->calls.count);
    judgement->failure_rate_max = -1;
    judgement->verdict = LP_INCONCLUSIVE;
    switch (decided->decided) {
    case LP_DECIDED_BROKEN:
        judgement->verdict = LP_BROKEN;
        snprintf(reason, size, "%s",
                 decision->shrunk.detail[0] ? decision->shrunk.detail : decided->detail);
        return;
    case LP_DECIDED_HELD:
        if (decision->hinder[0]) {
            snprintf(reason, size, "no violation was found, but %.200s", decision->hinder);
            return;
        }
        judgement->verdict = LP_HELD;
        snprintf(reason, size, "%llu calls can be put into an order that explains every answer",
                 (unsigned long long)decided->judged);
        return;
    case LP_DECIDED_UNKNOWN:
        explain_unknown(decision, request);
        return;
    }
}

static void describe(struct lp_calls_decision *decision, const char *path, uint64_t start_ns)
{
    struct lp_model_report *report = &decision->report;
    struct lp_run_result *result = &decision->result;
    struct lp_scenario *scenario = &decision->scenario;
    report->calls = &decision->calls;
    report->decision = &decision->decision;
    report->shrunk = &decision->shrunk;
    report->model = decision->inference.model;
    report->inferred = decision->inference.why[0] ? decision->inference.why : NULL;
    report->format = decision->reading.format;
    report->rows = decision->reading.rows;
    report->hinder = decision->hinder[0] ? decision->hinder : NULL;
    scenario->file = path;
    scenario->name = strcmp(path, "-") == 0 ? "standard input" : path;
    scenario->title = scenario->name;
    scenario->containers = 1;
    scenario->expect = LP_EXPECT_HELD; /* nothing was expected: it is to hold */
    result->scenario = scenario;
    result->model = report;
    result->judgement = &decision->judgement;
    result->as_expected = decision->judgement.verdict == LP_HELD;
    result->unasked = true;
    result->elapsed_ns = lp_clock_ns() - start_ns;
    result->jain = -1;
    struct lp_str name;
    lp_str_init(&name);
    lp_model_name(&report->model, &name);
    snprintf(result->reproduce, sizeof result->reproduce, "lockproof check --model %s %s", name.ptr,
             path);
    lp_str_release(&name);
}

int lp_calls_decide(struct lp_calls_decision *decision, const char *path,
                    const struct lp_calls_request *request, struct lp_err *err)
{
    uint64_t start_ns = lp_clock_ns();
    lp_arena_init(&decision->scenario.arena);
    bool streamed = lp_check_streams(path, request);
    if (streamed && stream(decision, path, request, start_ns, err) == -1)
        return -1;
    if (streamed && deserves_more(decision, request)) {
        start_again(decision);
        streamed = false;
    }
    if (!streamed && (read_calls(decision, path, request, err) == -1 ||
                      choose_model(decision, path, request, err) == -1 ||
                      decide(decision, path, request, start_ns, err) == -1))
        return -1;
    judge(decision, request);
    describe(decision, path, start_ns);
    return 0;
}

void lp_calls_decision_release(struct lp_calls_decision *decision)
{
    lp_judgement_release(&decision->judgement);
    lp_shrunk_release(&decision->shrunk);
    lp_decision_release(&decision->decision);
    lp_calls_release(&decision->calls);
    lp_history_release(&decision->history);
    lp_arena_release(&decision->scenario.arena);
}
