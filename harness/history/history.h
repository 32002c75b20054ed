/* SPDX-License-Identifier: MIT */
/*
 * A whole run's history in memory: the files of all workers and containers, mapped read-only, and
 * one array of operations in order of invocation. Read-only after loading; safe to share.
 */
#ifndef LP_HISTORY_HISTORY_H
#define LP_HISTORY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/str.h"
#include "history/record.h"

/* No time in a history is later (146 years after boot), so that adding two cannot overflow. */
#define LP_HISTORY_TIME_MAX (UINT64_C(1) << 62)

struct lp_op {
    const struct lp_record *record;
    uint32_t worker;   /* index into history->workers */
    uint32_t sequence; /* number of the operation in its worker's own order */
};

struct lp_history_worker {
    const struct lp_history_header *header;
    const struct lp_record *records;
    size_t record_count; /* up to the first empty or impossible one */
    uint64_t last_ns;    /* its last sign of life, a completion or invocation, at the earliest */
    bool cut;            /* the file goes on with something impossible, or was truncated */
    bool exited;         /* its supervisor saw it end, */
    int exit_status;     /*   with this wait(2) status, */
    uint64_t exit_ns;    /*   at this time */
};

/* A container's own view of the store at the end. */
struct lp_history_view {
    uint32_t container;
    bool known;
    int64_t value;
    uint64_t domain, object;
};

struct lp_history {
    struct lp_history_worker *workers; /* workers only, ordered by their number */
    size_t worker_count;
    struct lp_history_view *views; /* by container number */
    size_t view_count;
    struct lp_op *ops; /* of workers, sorted by invoke_ns, then worker, then sequence */
    size_t op_count;
    const struct lp_fault_record *faults; /* in the order in which they struck */
    size_t fault_count;
    uint64_t start_ns; /* earliest start of a worker; times are told relative to it */
    int64_t start_value;
    uint32_t containers;
    bool complete; /* every container's observer has spoken: the run came to its end */
    /* Operations are missing that a worker may have done (a worker's file is not there or was cut):
       nothing can be concluded from what is absent. `damage` says what, in one line. */
    bool damaged;
    char damage[160];
    /* private: */
    struct lp_history_map *maps;
    size_t map_count;
};

/* Reads all "*.lph" files of a folder, and the faults if there are any. A file that is no history,
   of another version, or of another byte order is an LP_ERR_USAGE that names it. A truncated one is
   read to its last record. */
int lp_history_load(struct lp_history *history, const char *folder,
                    struct lp_err *err) LP_MUST_CHECK;
void lp_history_release(struct lp_history *history); /* takes a zeroed struct too */

/* The same in two parts: opened it has no `ops` and no `start_ns` yet, which take a pass and 16
   bytes an operation. */
int lp_history_open(struct lp_history *history, const char *folder,
                    struct lp_err *err) LP_MUST_CHECK;
void lp_history_merge(struct lp_history *history);

/* The same from images in memory (tests, fuzzing); the images must outlive the history and be
   aligned for a struct lp_record. */
struct lp_history_image {
    const void *bytes;
    size_t size;
    const char *name; /* for messages */
};
int lp_history_from_images(struct lp_history *history, const struct lp_history_image *images,
                           size_t count, struct lp_err *err) LP_MUST_CHECK;

/* The file of faults, as an image: takes what is whole. The image must outlive the history.
   LP_ERR_USAGE when it is no such file. */
int lp_history_take_faults(struct lp_history *history, const struct lp_history_image *image,
                           struct lp_err *err) LP_MUST_CHECK;

/* Never NULL after loading: a history without a worker is an error. */
const struct lp_history_header *lp_history_any_header(const struct lp_history *history);

/* The name of an identity for people, from any worker's table; "object N in M" when none knows it.
 */
void lp_history_identity_text(const struct lp_history *history, uint64_t domain, uint64_t object,
                              struct lp_str *out);

/* What is certain of an operation, whatever its file says. */
static inline bool lp_op_done(const struct lp_op *op)
{
    return op->record->state == LP_RECORD_COMPLETE;
}

static inline enum lp_outcome lp_op_result(const struct lp_op *op)
{
    return lp_op_done(op) ? (enum lp_outcome)op->record->outcome : LP_UNKNOWN;
}

static inline bool lp_op_ok(const struct lp_op *op)
{
    return lp_op_result(op) == LP_OK;
}

/* By then it was over; UINT64_MAX when nobody knows. */
static inline uint64_t lp_op_end_ns(const struct lp_op *op)
{
    return lp_op_done(op) ? op->record->complete_ns : UINT64_MAX;
}

/* When the try that was granted began; of others, when they were invoked. */
static inline uint64_t lp_op_attempt_ns(const struct lp_op *op)
{
    const struct lp_record *record = op->record;
    bool acquires = record->kind <= LP_STEP_BEGIN;
    uint64_t attempt_ns = acquires ? record->attempt_ns : record->invoke_ns;
    return attempt_ns < record->invoke_ns || attempt_ns > lp_op_end_ns(op) ? record->invoke_ns
                                                                           : attempt_ns;
}

#endif
