/* SPDX-License-Identifier: MIT */
/* The history is read once to decide it, and once more for the few calls that prove a violation. A
   folder of ours is read from where it is mapped, all workers side by side. */
#include "cli/check_stream.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "os/file.h"

#define WINDOW_PART 4 /* of the memory: what may wait for completions, twice while it moves */

bool lp_check_streams(const char *path, const struct lp_calls_request *request)
{
    struct lp_model model;
    struct stat status;
    struct lp_err ignored = {0};
    if (!request->model || request->read.uncertainty_ns > 0 || request->want_order ||
        request->want_calls || stat(path, &status) == -1)
        return false;
    bool large = S_ISREG(status.st_mode) && request->memory > 0 &&
                 (uint64_t)status.st_size > request->memory;
    if (!large && !S_ISDIR(status.st_mode))
        return false;
    return lp_model_parse(&model, request->model, &ignored) == 0 &&
           model.kind != LP_MODEL_REGISTER && model.kind != LP_MODEL_CAS_REGISTER;
}

/* All calls, of a file or of a folder of ours. */
static int stream(struct lp_calls *names, const struct lp_calls_decision *decision,
                  const char *path, const struct lp_read_options *options, lp_call_sink *take,
                  void *context, struct lp_reading *reading, bool *in_order, struct lp_err *err)
{
    const struct lp_history *history = &decision->history;
    uint32_t kinds = lp_feed_kinds(&decision->inference.model);
    *in_order = true;
    if (history->worker_count == 0)
        return lp_calls_stream(names, path, options, take, context, reading, err);
    *reading = (struct lp_reading){.format = "lockproof"};
    for (size_t i = 0; i < history->worker_count; i++)
        reading->rows += history->workers[i].record_count;
    *in_order = lp_calls_stream_history(names, history, kinds, take, context);
    return 0;
}

/* ---- the first pass ---- */

struct feeding {
    struct lp_feed *feed;
    struct lp_model_report *report;
};

static bool feed_call(void *context, const struct lp_call *call)
{
    struct feeding *feeding = context;
    feeding->report->ok += call->outcome == LP_OK;
    feeding->report->unknown += call->outcome == LP_UNKNOWN;
    feeding->report->fail += call->outcome == LP_FAIL || call->outcome == LP_BUSY;
    return lp_feed_add(feeding->feed, call);
}

/* ---- the second one ---- */

struct picking {
    const struct lp_decision *decision;
    struct lp_call *calls;
    size_t count;
    size_t number;
    bool own; /* sources count for each worker and say nothing to people */
};

static bool pick_call(void *context, const struct lp_call *call)
{
    struct picking *picking = context;
    const struct lp_decision *decision = picking->decision;
    if (decision->witness[picking->count] == picking->number)
        picking->calls[picking->count++] = *call;
    if (picking->own && picking->count > 0)
        picking->calls[picking->count - 1].source = 0;
    picking->number++;
    return picking->count < decision->witness_count;
}

static int pick_witness(struct lp_calls_decision *decision, const char *path,
                        const struct lp_read_options *options, struct lp_err *err)
{
    struct lp_decision *decided = &decision->decision;
    struct lp_calls names;
    struct lp_reading reading;
    bool in_order;
    struct picking picking = {.decision = decided, .own = decision->history.worker_count > 0};
    if (decided->decided != LP_DECIDED_BROKEN || decided->witness_count == 0)
        return 0;
    picking.calls = lp_alloc(decided->witness_count, sizeof *picking.calls);
    if (stream(&names, decision, path, options, pick_call, &picking, &reading, &in_order, err) ==
        -1) {
        free(picking.calls);
        return -1;
    }
    lp_calls_release(&names); /* the same names in the same order as the first time */
    free(decision->calls.calls);
    decision->calls.calls = picking.calls;
    decision->calls.count = picking.count;
    struct lp_shrunk *shrunk = &decision->shrunk;
    shrunk->calls = lp_alloc(picking.count, sizeof *shrunk->calls);
    shrunk->count = picking.count;
    for (size_t i = 0; i < picking.count; i++)
        shrunk->calls[i] = i;
    return 0;
}

int lp_check_stream(struct lp_calls_decision *decision, const char *path,
                    const struct lp_calls_request *request, const struct lp_budget *budget,
                    struct lp_err *err)
{
    struct lp_read_options options = request->read;
    struct feeding feeding = {.report = &decision->report};
    options.calls_max = request->memory / WINDOW_PART / sizeof(struct lp_call) + 1;
    int64_t start = LP_CALL_NOTHING;
    bool in_order;
    if (lp_is_folder(path) && lp_check_open(&decision->history, path, err) == -1)
        return -1;
    if (decision->history.worker_count > 0)
        start = decision->history.start_value;
    feeding.feed = lp_feed_new(&decision->inference.model, budget, start, 0, err);
    if (!feeding.feed)
        return -1;
    decision->report.streamed = true;
    if (stream(&decision->calls, decision, path, &options, feed_call, &feeding, &decision->reading,
               &in_order, err) == -1) {
        lp_feed_free(feeding.feed);
        return -1;
    }
    lp_feed_end(feeding.feed, &decision->decision);
    lp_feed_free(feeding.feed);
    decision->calls.count = 0;
    if (!in_order) {
        lp_decision_release(&decision->decision);
        decision->decision = (struct lp_decision){.decided = LP_DECIDED_UNKNOWN,
                                                  .why = LP_WHY_ONE_PASS,
                                                  .detail = "the calls are not in order"};
    }
    return pick_witness(decision, path, &options, err);
}
