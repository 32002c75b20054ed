/* SPDX-License-Identifier: MIT */
/*
 * Any history as calls. The format is found from the content, never from the name: a folder of
 * lockproof's own, Jepsen's EDN, its JSON form, its text logs. docs/FORMATS.md tells what is read
 * of each and how it is understood.
 *
 * Files are mapped and read once, from front to back; memory grows with the number of calls (56
 * bytes each), not with the file.
 */
#ifndef LP_HISTORY_READ_H
#define LP_HISTORY_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "history/calls.h"
#include "history/history.h"
#include "history/pair.h"

struct lp_read_options {
    const char *key; /* NULL: found out; "value": values are [key value]; "none": one object;
                        else the row's field that names the object */
    uint64_t uncertainty_ns; /* of the clocks of different processes; not 0: rows need times */
    size_t calls_max;        /* how many to keep in memory; 0: no limit */
};

/* What was read, for messages. */
struct lp_reading {
    const char *format; /* "EDN", "JSON", "lines of text", "lockproof" */
    size_t rows;        /* or records */
    bool full;          /* there are more calls than calls_max: only the first were read */
    char early[160];    /* where and how the input ended early; else "" */
};

/* Reads a file ("-": standard input). LP_ERR_USAGE: file, line, column, what was expected. */
int lp_calls_read(struct lp_calls *calls, const char *path, const struct lp_read_options *options,
                  struct lp_reading *reading, struct lp_err *err) LP_MUST_CHECK;

/*
 * One pass for what is larger than memory: `take` gets each call in order of invocation, as soon as
 * it and all invoked before it are settled. options->calls_max may wait for that; what is open
 * longer is taken for unknown, and an LP_ERR_USAGE should it complete after all. `names` has keys,
 * processes, texts and foreign operations; its calls are none of the caller's business. No
 * uncertainty of clocks: that needs sorting.
 */
int lp_calls_stream(struct lp_calls *names, const char *path, const struct lp_read_options *options,
                    lp_call_sink *take, void *context, struct lp_reading *reading,
                    struct lp_err *err) LP_MUST_CHECK;

/* The same as lp_calls_read from memory; `name` is for messages. */
int lp_calls_parse(struct lp_calls *calls, const char *name, const char *bytes, size_t size,
                   const struct lp_read_options *options, struct lp_reading *reading,
                   struct lp_err *err) LP_MUST_CHECK;

/*
 * Calls of a run of our own: each lock is a key, and the store is one. What ended a hold without a
 * release (the handle closed, the worker gone, granted again) is a release of unknown outcome,
 * invoked when the holder last knew of it. A try that found the lock taken counts as not done:
 * drivers need not promise that it was taken. Steps in transactions are foreign: they take effect
 * together at the commit. A call's source is twice the number of its operation (from 1), one less
 * for the releases above.
 */
void lp_calls_from_history(struct lp_calls *calls, const struct lp_history *history);

/*
 * The same one by one, in order of invocation, until `take` has enough; a history that was only
 * opened (lp_history_open) will do. Only kinds in `ordered` (a bit each) are: others come when they
 * are met. `names` as in lp_calls_stream. A call's source counts the operations of its own worker.
 * False when those in order were not, as no worker writes them: what was taken is worth nothing.
 */
bool lp_calls_stream_history(struct lp_calls *names, const struct lp_history *history,
                             uint32_t ordered, lp_call_sink *take, void *context) LP_MUST_CHECK;

/* Index into history->ops of a call's source. */
static inline size_t lp_call_own_op(const struct lp_call *call)
{
    return (call->source + 1) / 2 - 1;
}

#endif
