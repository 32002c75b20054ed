/* SPDX-License-Identifier: MIT */
/*
 * Rows to calls: a completion belongs to the latest open invocation of its process; what is still
 * open at the end is of unknown outcome. docs/FORMATS.md tells how names and values are understood.
 */
#ifndef LP_HISTORY_PAIR_H
#define LP_HISTORY_PAIR_H

#include "history/calls.h"
#include "history/intern.h"
#include "history/rows.h"

/* Where the object of a call is named. */
enum lp_keying {
    LP_KEYED_AUTO,  /* in the row's own field; else as the first of a pair [key value], if the first
                       invocation looks like that, and all others after it too */
    LP_KEYED_VALUE, /* as the first of a pair */
    LP_KEYED_FIELD, /* in the row's own field only */
};

/* Takes a call when it and all invoked before it are settled; false: no more are wanted. */
typedef bool lp_call_sink(void *context, const struct lp_call *call);

struct lp_pairing {
    struct lp_calls *calls; /* filled here; the caller owns it */
    size_t calls_max;       /* how many it may hold; 0: no limit */
    bool full;              /* there were more: what was read is a beginning only */
    lp_call_sink *sink;     /* NULL: all calls are kept; else `calls` is a window over them */
    void *sink_context;
    size_t head;          /* sink: the first in `calls` that was not given away */
    size_t dropped;       /* sink: calls that were taken out of `calls` before its first one */
    bool stopped;         /* the sink wanted no more */
    struct lp_rows *rows; /* for places and messages */
    size_t call_cap;
    struct lp_intern keys, processes, texts;
    struct lp_str text;
    struct lp_open *open; /* by process */
    size_t open_cap;
    uint32_t *small; /* numbers of processes 0, 1, 2 ... by themselves, + 1; 0: not met */
    uint64_t last_ns;
    int64_t last_index;
    enum lp_keying keying;
    bool decided;      /* AUTO: the first invocation has told */
    bool contradicted; /* AUTO: a later one said otherwise: read again with LP_KEYED_FIELD */
    bool raw_times;    /* times as written, however they go; for several clocks */
    bool timed;
    size_t foreign_cap;
};

/* `raw_times`: every row must have a time, and need not be in the order of the file. */
void lp_pairing_init(struct lp_pairing *pairing, struct lp_calls *calls, struct lp_rows *rows,
                     enum lp_keying keying, bool raw_times);
void lp_pairing_release(struct lp_pairing *pairing); /* the calls stay */

/* Takes a row: 0, or -1 with LP_ERR_USAGE (file, line, column). After `contradicted` no more. */
int lp_pairing_add(struct lp_pairing *pairing, const struct lp_row *row,
                   struct lp_err *err) LP_MUST_CHECK;
/* After the last row: gives the rest to the sink, what is open as unknown. */
void lp_pairing_end(struct lp_pairing *pairing);

#endif
