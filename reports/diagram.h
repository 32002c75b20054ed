/* SPDX-License-Identifier: MIT */
/*
 * A witness laid out in lanes and rows, before anything is drawn: which operation takes which row
 * of which lane, and from which row to which row each hold lasts.
 */
#ifndef LP_REPORTS_DIAGRAM_H
#define LP_REPORTS_DIAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "history/calls.h"
#include "reports/witness.h"

struct lp_lane {
    uint32_t worker;
    char *title, *subtitle;
    size_t width; /* of the text, without bars */
};

struct lp_lane_row {
    uint64_t time_ns;
    size_t op; /* index into the witness */
    unsigned rank;
    bool ends;   /* this row tells the operation's end, */
    bool begins; /* or its invocation; or both */
    size_t lane;
    char *text;
    char *note;
};

/* One bar: the rows on which a hold begins and ends, and from when it is no longer certain. */
struct lp_lane_bar {
    size_t lane, column;
    size_t from_row, until_row;
    bool ends_seen; /* the release itself is a row */
    uint64_t certain_until_ns;
};

struct lp_diagram {
    struct lp_witness witness; /* empty when it is made of calls */
    uint64_t start_ns;         /* times are told since then */
    bool subtitles;            /* lanes have a second line */
    bool places;               /* times are places in a file, not ns */
    struct lp_lane *lanes;
    size_t lane_count;
    struct lp_lane_row *rows;
    size_t row_count;
    struct lp_lane_bar *bars;
    size_t bar_count;
    size_t columns; /* bars side by side in each lane */
};

void lp_diagram_init(struct lp_diagram *diagram, const struct lp_history *history,
                     const size_t *witness, size_t count);
/* The same of calls (history/calls.h): one lane a process, and a bar for what each acquire got. */
void lp_diagram_from_calls(struct lp_diagram *diagram, const struct lp_calls *calls,
                           const size_t *indexes, size_t count);
void lp_diagram_release(struct lp_diagram *diagram);

/* For those that make diagrams: the rows of operation `op` in `lane`; end_ns LP_NEVER when it has
   none. `rows` has room for two of each. */
void lp_diagram_add_rows(struct lp_diagram *diagram, size_t op, size_t lane, uint64_t begin_ns,
                         uint64_t end_ns);
/* When all are added: sorts, and makes one of two rows between which nothing fell. */
void lp_diagram_sort_rows(struct lp_diagram *diagram);
/* When rows, bars and titles are complete. */
void lp_diagram_measure(struct lp_diagram *diagram);

#endif
