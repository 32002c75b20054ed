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
    struct lp_witness witness;
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
void lp_diagram_release(struct lp_diagram *diagram);

#endif
