/* SPDX-License-Identifier: MIT */
/*
 * Two sorts and a few short loops: a witness has a dozen operations. The one scan over a worker's
 * whole record is for a release that the witness leaves out.
 */
#include "reports/diagram.h"

#include <inttypes.h>
#include <stdlib.h>
#include "check/check.h"
#include "reports/clean.h"

enum { BARS_MAX = 4 };

static size_t lane_of(struct lp_diagram *diagram, uint32_t worker)
{
    for (size_t i = 0; i < diagram->lane_count; i++)
        if (diagram->lanes[i].worker == worker)
            return i;
    diagram->lanes[diagram->lane_count].worker = worker;
    return diagram->lane_count++;
}

static int by_worker(const void *a, const void *b)
{
    const struct lp_lane *left = a, *right = b;

    return (left->worker > right->worker) - (left->worker < right->worker);
}

static void title_lanes(struct lp_diagram *diagram)
{
    for (size_t i = 0; i < diagram->lane_count; i++) {
        struct lp_lane *lane = &diagram->lanes[i];
        const struct lp_history_header *header =
            diagram->witness.history->workers[lane->worker].header;
        struct lp_str title;

        lp_str_init(&title);
        lp_str_addf(&title, "worker %u", header->worker);
        if (header->group[0]) {
            lp_str_add(&title, " (");
            lp_clean_field(&title, header->group, sizeof(header->group));
            lp_str_add(&title, ")");
        }
        lane->title = lp_str_detach(&title);
        lp_str_addf(&title, "container %u", header->container);
        lane->subtitle = lp_str_detach(&title);
        lp_str_release(&title);
    }
}

/* Ends before beginnings at one instant, so that operations which only touch stay on one row each;
   an operation that took no time keeps its own two ends in order. */
static int by_instant(const void *a, const void *b)
{
    const struct lp_lane_row *left = a, *right = b;

    if (left->time_ns != right->time_ns)
        return left->time_ns < right->time_ns ? -1 : 1;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    if (left->op != right->op)
        return left->op < right->op ? -1 : 1;
    return left->begins ? -1 : 1;
}

void lp_diagram_add_rows(struct lp_diagram *diagram, size_t op, size_t lane, uint64_t begin_ns,
                         uint64_t end_ns)
{
    bool instant = end_ns <= begin_ns;
    struct lp_lane_row row = {
        .time_ns = begin_ns, .op = op, .lane = lane, .begins = true, .rank = instant ? 1 : 2};

    diagram->rows[diagram->row_count++] = row;
    if (end_ns == LP_NEVER)
        return;
    row.time_ns = instant ? begin_ns : end_ns;
    row.begins = false;
    row.ends = true;
    row.rank = instant ? 1 : 0;
    diagram->rows[diagram->row_count++] = row;
}

void lp_diagram_sort_rows(struct lp_diagram *diagram)
{
    size_t kept = 0;

    qsort(diagram->rows, diagram->row_count, sizeof(struct lp_lane_row), by_instant);
    for (size_t i = 0; i < diagram->row_count; i++) {
        struct lp_lane_row *row = &diagram->rows[i];
        if (row->ends && kept > 0 && diagram->rows[kept - 1].op == row->op &&
            diagram->rows[kept - 1].begins) {
            row->begins = true;
            kept--;
        }
        diagram->rows[kept++] = *row;
    }
    diagram->row_count = kept;
}

static void make_rows(struct lp_diagram *diagram)
{
    const struct lp_witness *witness = &diagram->witness;

    diagram->rows = lp_alloc(2 * witness->count, sizeof(struct lp_lane_row));
    for (size_t i = 0; i < witness->count; i++) {
        const struct lp_op *op = witness->ops[i];
        lp_diagram_add_rows(diagram, i, lane_of(diagram, op->worker), op->record->invoke_ns,
                            lp_op_completed(op) ? op->record->complete_ns : LP_NEVER);
    }
    lp_diagram_sort_rows(diagram);
}

static void write_cells(struct lp_diagram *diagram)
{
    for (size_t i = 0; i < diagram->row_count; i++) {
        struct lp_lane_row *row = &diagram->rows[i];
        const struct lp_op *op = diagram->witness.ops[row->op];
        struct lp_str text;
        int64_t value;

        lp_str_init(&text);
        if (!row->begins)
            lp_str_add(&text, "... ");
        lp_op_step(diagram->witness.history, op, &text);
        bool written = op->record->kind == LP_STEP_WRITE || op->record->kind == LP_STEP_CAS;
        if (lp_op_value(op, &value) && (row->ends || written))
            lp_str_addf(&text, " %" PRId64, value);
        if (!row->ends)
            lp_str_add(&text, " ...");
        else if (op->record->outcome != LP_OK)
            lp_str_addf(&text, ": %s", lp_op_outcome(op));
        row->text = lp_str_detach(&text);
        if (row->ends || !lp_op_completed(op))
            lp_witness_note(&diagram->witness, row->op, &text);
        row->note = lp_str_detach(&text);
        lp_str_release(&text);
    }
}

/* The first row at or after `time_ns`, or of the record itself when it is in the witness. */
static void end_bar(const struct lp_diagram *diagram, const struct lp_record *release,
                    struct lp_lane_bar *bar)
{
    bar->until_row = diagram->row_count;
    for (size_t i = 0; release && i < diagram->row_count; i++) {
        const struct lp_lane_row *row = &diagram->rows[i];
        if (row->begins && diagram->witness.ops[row->op]->record == release) {
            bar->until_row = i;
            bar->ends_seen = true;
            return;
        }
    }
    for (size_t i = bar->from_row; release && i < diagram->row_count; i++)
        if (diagram->rows[i].time_ns >= release->invoke_ns) {
            bar->until_row = i;
            return;
        }
}

/* Each lock has its column, in the order in which the diagram meets them. */
static size_t column_of(struct lp_diagram *diagram, unsigned *locks, const struct lp_record *record)
{
    unsigned lock = record->kind == LP_STEP_BEGIN ? LP_LOCK_TX : record->lock;

    for (size_t i = 0; i < diagram->columns; i++)
        if (locks[i] == lock)
            return i;
    if (diagram->columns == BARS_MAX)
        return BARS_MAX - 1;
    locks[diagram->columns] = lock;
    return diagram->columns++;
}

static void make_bars(struct lp_diagram *diagram)
{
    const struct lp_history *history = diagram->witness.history;
    unsigned locks[BARS_MAX];

    diagram->bars = lp_alloc(diagram->row_count, sizeof(struct lp_lane_bar));
    for (size_t i = 0; i < diagram->row_count; i++) {
        const struct lp_lane_row *row = &diagram->rows[i];
        const struct lp_op *op = diagram->witness.ops[row->op];
        const struct lp_record *record = op->record;
        if (!row->ends || !lp_op_acquires(op))
            continue;
        const struct lp_record *release = lp_op_release(history, op);
        struct lp_lane_bar bar = {.lane = row->lane,
                                  .column = column_of(diagram, locks, record),
                                  .from_row = i,
                                  .certain_until_ns = LP_NEVER};
        if (!release)
            bar.certain_until_ns = history->workers[op->worker].last_ns;
        uint64_t lease_end_ns;
        if (record->kind != LP_STEP_BEGIN && record->value > 0 &&
            !__builtin_add_overflow(record->invoke_ns, (uint64_t)record->value, &lease_end_ns) &&
            lease_end_ns < bar.certain_until_ns)
            bar.certain_until_ns = lease_end_ns;
        end_bar(diagram, release, &bar);
        diagram->bars[diagram->bar_count++] = bar;
    }
}

void lp_diagram_measure(struct lp_diagram *diagram)
{
    for (size_t i = 0; i < diagram->lane_count; i++) {
        struct lp_lane *lane = &diagram->lanes[i];
        size_t bars = diagram->columns ? diagram->columns + 1 : 0;
        size_t title = lp_columns(lane->title);
        size_t subtitle = lp_columns(lane->subtitle);

        if (diagram->subtitles && subtitle > title)
            title = subtitle;
        lane->width = title > bars ? title - bars : 0;
    }
    for (size_t i = 0; i < diagram->row_count; i++) {
        struct lp_lane *lane = &diagram->lanes[diagram->rows[i].lane];
        size_t columns = lp_columns(diagram->rows[i].text);
        if (columns > lane->width)
            lane->width = columns;
    }
}

void lp_diagram_release(struct lp_diagram *diagram)
{
    for (size_t i = 0; i < diagram->lane_count; i++) {
        free(diagram->lanes[i].title);
        free(diagram->lanes[i].subtitle);
    }
    for (size_t i = 0; i < diagram->row_count; i++) {
        free(diagram->rows[i].text);
        free(diagram->rows[i].note);
    }
    free(diagram->bars);
    free(diagram->rows);
    free(diagram->lanes);
    lp_witness_release(&diagram->witness);
}

void lp_diagram_init(struct lp_diagram *diagram, const struct lp_history *history,
                     const size_t *witness, size_t count)
{
    *diagram =
        (struct lp_diagram){.start_ns = history->start_ns, .subtitles = history->containers > 1};
    lp_witness_init(&diagram->witness, history, witness, count);
    diagram->lanes = lp_alloc(diagram->witness.count, sizeof(struct lp_lane));
    for (size_t i = 0; i < diagram->witness.count; i++)
        lane_of(diagram, diagram->witness.ops[i]->worker);
    /* Sorted before the rows refer to them, so that lanes stand in the order of their numbers. */
    qsort(diagram->lanes, diagram->lane_count, sizeof(struct lp_lane), by_worker);
    title_lanes(diagram);
    make_rows(diagram);
    write_cells(diagram);
    make_bars(diagram);
    lp_diagram_measure(diagram);
}
