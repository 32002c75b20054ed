/* SPDX-License-Identifier: MIT */
/*
 * The lane diagram: one lane a worker, time downwards.
 *
 *        time  worker 2 (polite)  worker 7 (rogue)
 *    1.203 ms  + lock
 *    1.210 ms  | read 41
 *    1.214 ms  |                    read 41
 *    1.420 ms  | write 42
 *    1.431 ms  |                    write 42       <- overwrites the 42 of worker 2
 *    1.440 ms  + unlock
 *
 * The bar left of a lane's text is the lock that the worker holds: from + to +; ':' where a lease
 * may be over or the holder was not seen alive any more. With several locks each has a bar of its
 * own. An operation takes one row, timed by its end; when something of another worker fell between
 * its invocation and its end, it takes two ("lock ...", "... lock"). Plain ASCII: it must survive
 * CI logs, XML, and mail. More workers than LANES_MAX do not fit side by side: then a column names
 * them.
 */
#include "reports/result.h"

#include <inttypes.h>
#include <stdio.h>
#include "base/units.h"
#include "reports/clean.h"
#include "reports/diagram.h"
#include "reports/layout.h"
#include "reports/model.h"

enum { LANES_MAX = 5, LANE_GAP = 2 };

struct drawing {
    const struct lp_diagram *diagram;
    int decimals; /* of the time in ms: 3 or 6 */
    bool color;
};

static char bar_at(const struct lp_diagram *diagram, size_t lane, size_t column, size_t row)
{
    char shown = ' ';

    for (size_t i = 0; i < diagram->bar_count; i++) {
        const struct lp_lane_bar *bar = &diagram->bars[i];
        if (bar->lane != lane || bar->column != column || row < bar->from_row ||
            row > bar->until_row)
            continue;
        if (row == bar->from_row || (row == bar->until_row && bar->ends_seen))
            return '+';
        if (row < bar->until_row)
            shown = diagram->rows[row].time_ns > bar->certain_until_ns ? ':' : '|';
    }
    return shown;
}

static uint64_t since_start(const struct lp_diagram *diagram, uint64_t time_ns)
{
    return time_ns > diagram->start_ns ? time_ns - diagram->start_ns : 0;
}

static void format_time(const struct drawing *drawing, uint64_t time_ns, char *buf, size_t size)
{
    uint64_t since_ns = since_start(drawing->diagram, time_ns);

    if (drawing->diagram->places)
        snprintf(buf, size, "%" PRIu64, time_ns);
    else if (drawing->decimals == 3)
        snprintf(buf, size, "%" PRIu64 ".%03u ms", since_ns / LP_MS,
                 (unsigned)(since_ns % LP_MS / LP_US));
    else
        snprintf(buf, size, "%" PRIu64 ".%06u ms", since_ns / LP_MS, (unsigned)(since_ns % LP_MS));
}

/* Microseconds, unless two different instants would then read the same. */
static int choose_decimals(const struct lp_diagram *diagram)
{
    for (size_t i = 1; i < diagram->row_count; i++) {
        uint64_t before_ns = since_start(diagram, diagram->rows[i - 1].time_ns);
        uint64_t now_ns = since_start(diagram, diagram->rows[i].time_ns);
        if (before_ns != now_ns && before_ns / LP_US == now_ns / LP_US)
            return 6;
    }
    return 3;
}

static void write_note(const struct drawing *drawing, const char *note, struct lp_str *out)
{
    if (*note) {
        lp_str_add(out, "  ");
        lp_ink(out, drawing->color, LP_INK_RED, "<- ");
        lp_ink(out, drawing->color, LP_INK_RED, note);
    }
}

static void write_titles(const struct drawing *drawing, size_t time_width, struct lp_str *out)
{
    const struct lp_diagram *diagram = drawing->diagram;
    size_t bars = diagram->columns ? diagram->columns + 1 : 0;
    int lines = diagram->subtitles ? 2 : 1;

    for (int line = 0; line < lines; line++) {
        lp_blanks(out, time_width - (line == 0 ? 4 : 0));
        lp_str_add(out, line > 0 ? "" : diagram->places ? " row" : "time");
        for (size_t i = 0; i < diagram->lane_count; i++) {
            const struct lp_lane *lane = &diagram->lanes[i];
            lp_blanks(out, LANE_GAP);
            lp_cell(out, drawing->color, LP_INK_BOLD, line == 0 ? lane->title : lane->subtitle,
                    bars + lane->width);
        }
        lp_end_line(out);
    }
}

static void write_lane_row(const struct drawing *drawing, size_t index, struct lp_str *out)
{
    const struct lp_diagram *diagram = drawing->diagram;
    const struct lp_lane_row *row = &diagram->rows[index];

    for (size_t i = 0; i < diagram->lane_count; i++) {
        lp_blanks(out, LANE_GAP);
        for (size_t column = 0; column < diagram->columns; column++) {
            char bar[2] = {bar_at(diagram, i, column, index), '\0'};
            lp_ink(out, drawing->color && bar[0] != ' ', LP_INK_GREEN, bar);
        }
        lp_blanks(out, diagram->columns ? 1 : 0);
        lp_cell(out, false, LP_INK_PLAIN, row->lane == i ? row->text : "", diagram->lanes[i].width);
    }
}

static void write_list_row(const struct drawing *drawing, size_t index, struct lp_str *out)
{
    const struct lp_diagram *diagram = drawing->diagram;
    const struct lp_lane_row *row = &diagram->rows[index];
    size_t title = 0, text = 0;

    for (size_t i = 0; i < diagram->lane_count; i++) {
        size_t columns = lp_columns(diagram->lanes[i].title);
        title = columns > title ? columns : title;
    }
    for (size_t i = 0; i < diagram->row_count; i++) {
        size_t columns = lp_columns(diagram->rows[i].text);
        text = columns > text ? columns : text;
    }
    lp_blanks(out, LANE_GAP);
    lp_cell(out, drawing->color, LP_INK_BOLD, diagram->lanes[row->lane].title, title + LANE_GAP);
    lp_cell(out, false, LP_INK_PLAIN, row->text, text);
}

static void write_diagram(const struct drawing *drawing, struct lp_str *out)
{
    const struct lp_diagram *diagram = drawing->diagram;
    size_t time_width = 4;
    char time[40];

    for (size_t i = 0; i < diagram->row_count; i++) {
        format_time(drawing, diagram->rows[i].time_ns, time, sizeof(time));
        time_width = lp_columns(time) > time_width ? lp_columns(time) : time_width;
    }
    if (diagram->lane_count <= LANES_MAX)
        write_titles(drawing, time_width, out);
    for (size_t i = 0; i < diagram->row_count; i++) {
        format_time(drawing, diagram->rows[i].time_ns, time, sizeof(time));
        lp_blanks(out, time_width - lp_columns(time));
        lp_ink(out, drawing->color, LP_INK_DIM, time);
        if (diagram->lane_count <= LANES_MAX)
            write_lane_row(drawing, i, out);
        else
            write_list_row(drawing, i, out);
        write_note(drawing, diagram->rows[i].note, out);
        lp_end_line(out);
    }
}

static void draw_lanes(struct lp_diagram *diagram, bool color, struct lp_str *out)
{
    struct drawing drawing = {
        .diagram = diagram, .color = color, .decimals = choose_decimals(diagram)};

    if (diagram->row_count > 0)
        write_diagram(&drawing, out);
    lp_diagram_release(diagram);
}

void lp_report_lanes(const struct lp_history *history, const size_t *witness, size_t count,
                     bool color, struct lp_str *out)
{
    struct lp_diagram diagram;

    lp_diagram_init(&diagram, history, witness, count);
    draw_lanes(&diagram, color, out);
}

void lp_report_call_lanes(const struct lp_calls *calls, const size_t *indexes, size_t count,
                          bool color, struct lp_str *out)
{
    struct lp_diagram diagram;

    lp_diagram_from_calls(&diagram, calls, indexes, count);
    draw_lanes(&diagram, color, out);
}
