/* SPDX-License-Identifier: MIT */
/* Calls laid out in lanes: processes are lanes, and what was acquired is a bar to its release. */
#include "reports/diagram.h"

#include <stdlib.h>
#include "reports/clean.h"
#include "reports/model.h"

static size_t lane_of(const struct lp_diagram *diagram, uint32_t process)
{
    size_t lane = 0;

    while (lane < diagram->lane_count && diagram->lanes[lane].worker != process)
        lane++;
    return lane;
}

static int by_process(const void *a, const void *b)
{
    const struct lp_lane *left = a, *right = b;

    return (left->worker > right->worker) - (left->worker < right->worker);
}

static void make_lanes(struct lp_diagram *diagram, const struct lp_calls *calls,
                       const size_t *indexes, size_t count)
{
    struct lp_str title;

    diagram->lanes = lp_alloc(count, sizeof(struct lp_lane));
    for (size_t i = 0; i < count; i++) {
        uint32_t process = calls->calls[indexes[i]].process;
        if (lane_of(diagram, process) == diagram->lane_count)
            diagram->lanes[diagram->lane_count++].worker = process;
    }
    qsort(diagram->lanes, diagram->lane_count, sizeof(struct lp_lane), by_process);
    lp_str_init(&title);
    for (size_t i = 0; i < diagram->lane_count; i++) {
        const char *name = calls->processes[diagram->lanes[i].worker];
        lp_str_add(&title, *name >= '0' && *name <= '9' ? "process " : "");
        lp_clean_line(&title, name);
        diagram->lanes[i].title = lp_str_detach(&title);
        diagram->lanes[i].subtitle = lp_strdup("");
    }
    lp_str_release(&title);
}

static void write_cells(struct lp_diagram *diagram, const struct lp_calls *calls,
                        const size_t *indexes)
{
    for (size_t i = 0; i < diagram->row_count; i++) {
        struct lp_lane_row *row = &diagram->rows[i];
        const struct lp_call *call = &calls->calls[indexes[row->op]];
        struct lp_call shown = *call;
        struct lp_str text;

        if (!row->ends)
            shown.outcome = LP_UNKNOWN; /* what it answered is told where it ends */
        lp_str_init(&text);
        lp_str_add(&text, row->begins ? "" : "... ");
        lp_call_step(calls, &shown, &text);
        if (!row->ends)
            lp_str_add(&text, " ...");
        else if (call->outcome != LP_OK)
            lp_str_addf(&text, ": %s", lp_call_outcome(call));
        row->text = lp_str_detach(&text);
        if (call->outcome == LP_UNKNOWN)
            lp_str_add(&text, "it is not known whether it happened");
        row->note = lp_str_detach(&text);
        lp_str_release(&text);
    }
}

/* The release that ends a grant: the next of the same process and object, wherever it stands. */
static const struct lp_call *release_of(const struct lp_calls *calls, size_t acquire)
{
    const struct lp_call *grant = &calls->calls[acquire];

    for (size_t i = acquire + 1; i < calls->count; i++) {
        const struct lp_call *call = &calls->calls[i];
        if (call->process == grant->process && call->key == grant->key &&
            call->kind == LP_CALL_RELEASE && call->outcome != LP_FAIL && call->outcome != LP_BUSY)
            return call;
    }
    return NULL;
}

static void end_bar(const struct lp_diagram *diagram, const struct lp_calls *calls,
                    const size_t *indexes, const struct lp_call *release, struct lp_lane_bar *bar)
{
    bar->until_row = diagram->row_count;
    for (size_t i = bar->from_row + 1; release && i < diagram->row_count; i++) {
        const struct lp_lane_row *row = &diagram->rows[i];
        bool own = &calls->calls[indexes[row->op]] == release && row->begins;
        if (own || row->time_ns > release->invoke_ns) {
            bar->until_row = i;
            bar->ends_seen = own;
            return;
        }
    }
}

static void make_bars(struct lp_diagram *diagram, const struct lp_calls *calls,
                      const size_t *indexes)
{
    diagram->bars = lp_alloc(diagram->row_count, sizeof(struct lp_lane_bar));
    for (size_t i = 0; i < diagram->row_count; i++) {
        const struct lp_lane_row *row = &diagram->rows[i];
        const struct lp_call *call = &calls->calls[indexes[row->op]];
        uint64_t lease_end_ns;

        if (!row->ends || call->outcome != LP_OK ||
            (call->kind != LP_CALL_ACQUIRE && call->kind != LP_CALL_ACQUIRE_SHARED))
            continue;
        struct lp_lane_bar bar = {.lane = row->lane, .from_row = i, .certain_until_ns = LP_NEVER};
        if (call->lease_ns > 0 &&
            !__builtin_add_overflow(call->invoke_ns, call->lease_ns, &lease_end_ns))
            bar.certain_until_ns = lease_end_ns;
        end_bar(diagram, calls, indexes, release_of(calls, indexes[row->op]), &bar);
        diagram->bars[diagram->bar_count++] = bar;
        diagram->columns = 1;
    }
}

void lp_diagram_from_calls(struct lp_diagram *diagram, const struct lp_calls *calls,
                           const size_t *indexes, size_t count)
{
    *diagram = (struct lp_diagram){.places = !calls->timed};
    if (calls->count > 0)
        diagram->start_ns = calls->calls[0].invoke_ns;
    make_lanes(diagram, calls, indexes, count);
    diagram->rows = lp_alloc(2 * count, sizeof(struct lp_lane_row));
    for (size_t i = 0; i < count; i++) {
        const struct lp_call *call = &calls->calls[indexes[i]];
        lp_diagram_add_rows(diagram, i, lane_of(diagram, call->process), call->invoke_ns,
                            call->return_ns);
    }
    lp_diagram_sort_rows(diagram);
    write_cells(diagram, calls, indexes);
    make_bars(diagram, calls, indexes);
    lp_diagram_measure(diagram);
}
