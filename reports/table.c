/* SPDX-License-Identifier: MIT */
/*
 * Two passes: columns are as wide as what will be shown needs, so the first pass asks for each
 * result how much that is.
 */
#include "reports/table.h"

#include <string.h>
#include "base/units.h"
#include "reports/clean.h"
#include "reports/evidence.h"
#include "reports/tally.h"

enum {
    WIDTH_USUAL = 100,
    WIDTH_MIN = 60,
    FEW = 3,             /* so many scenarios show all their evidence unasked */
    NAME_MAX_SHOWN = 36, /* a longer name takes a line of its own */
};

static const struct look {
    const char *mark;
    enum lp_ink mark_ink;
} looks[] = {
    [LP_AS_EXPECTED] = {"ok", LP_INK_GREEN},
    [LP_CONTRADICTED] = {"!!", LP_INK_RED},
    [LP_UNDECIDED_RUN] = {"??", LP_INK_YELLOW},
    [LP_NOT_RUN] = {"--", LP_INK_DIM},
};

enum lp_detail lp_table_detail(const struct lp_table *table, const struct lp_run_result *result)
{
    const struct lp_report_set *set = table->set;
    enum lp_standing standing = lp_standing(result);
    bool matters = standing == LP_CONTRADICTED || standing == LP_UNDECIDED_RUN;

    if (matters)
        return LP_SHOW_FULL;
    if (set->quiet)
        return standing == LP_NOT_RUN && set->exit_status != 0 && !table->explains
                   ? LP_SHOW_LINE
                   : LP_SHOW_NOTHING;
    if (set->verbose || table->few)
        return LP_SHOW_FULL;
    if (standing == LP_NOT_RUN || result->judgement->verdict == LP_BROKEN)
        return LP_SHOW_LINE;
    return LP_SHOW_ROW;
}

enum lp_ink lp_table_ink(const struct lp_run_result *result)
{
    switch (result->judgement->verdict) {
    case LP_HELD:
        return lp_standing(result) == LP_CONTRADICTED ? LP_INK_RED : LP_INK_GREEN;
    case LP_BROKEN:
        return lp_standing(result) == LP_CONTRADICTED ? LP_INK_RED : LP_INK_PLAIN;
    case LP_INCONCLUSIVE:
        return LP_INK_YELLOW;
    case LP_SKIPPED:
        return LP_INK_DIM;
    }
    return LP_INK_PLAIN;
}

void lp_table_name(const struct lp_table *table, const struct lp_run_result *result,
                   struct lp_str *out)
{
    lp_str_clear(out);
    lp_clean_line(out, result->scenario->name);
    if (table->places)
        lp_str_addf(out, " @%s", lp_placement_name(result->placement));
}

static void proof_of(const struct lp_run_result *result, struct lp_str *out)
{
    lp_str_clear(out);
    lp_result_proof(result, out);
    for (size_t i = 0; i < result->need_count && i < LP_ARRAY_LEN(result->needs); i++) {
        lp_str_add(out, i == 0 ? "needs " : ", ");
        lp_clean_field(out, result->needs[i].name, sizeof(result->needs[i].name));
    }
}

static void widen(size_t *width, const char *text, size_t limit)
{
    size_t columns = lp_columns(text);

    if (columns > *width)
        *width = columns < limit ? columns : limit;
}

void lp_table_measure(struct lp_table *table, const struct lp_report_set *set)
{
    struct lp_str text;

    *table = (struct lp_table){.set = set};
    for (size_t i = 0; i < set->count; i++) {
        enum lp_standing standing = lp_standing(set->results[i]);
        table->explains |= standing == LP_CONTRADICTED || standing == LP_UNDECIDED_RUN;
        for (size_t j = 0; j < i && !table->places; j++)
            table->places =
                strcmp(set->results[i]->scenario->name, set->results[j]->scenario->name) == 0 &&
                set->results[i]->placement != set->results[j]->placement;
    }
    table->width = set->width ? set->width : WIDTH_USUAL;
    if (table->width < WIDTH_MIN)
        table->width = WIDTH_MIN;
    table->few = set->count <= FEW;
    table->name_width = strlen("scenario");
    table->cause_width = strlen("cause");
    table->proof_width = strlen("proof");
    lp_str_init(&text);
    for (size_t i = 0; i < set->count; i++) {
        const char *cause = lp_result_cause(set->results[i]);
        if (lp_table_detail(table, set->results[i]) == LP_SHOW_NOTHING)
            continue;
        lp_table_name(table, set->results[i], &text);
        widen(&table->name_width, text.ptr, NAME_MAX_SHOWN);
        widen(&table->cause_width, cause ? cause : "", table->width);
        proof_of(set->results[i], &text);
        widen(&table->proof_width, text.ptr, table->width / 3);
    }
    lp_str_release(&text);
}

static void write_row(const struct lp_table *table, const struct lp_run_result *result,
                      struct lp_str *out)
{
    const struct look *look = &looks[lp_standing(result)];
    const char *cause = lp_result_cause(result);
    bool color = table->set->color;
    struct lp_str text;
    char time[32];

    lp_str_init(&text);
    lp_cell(out, color, look->mark_ink, look->mark, 4);
    lp_table_name(table, result, &text);
    lp_cell(out, false, LP_INK_PLAIN, text.ptr, table->name_width + 2);
    if (lp_columns(text.ptr) > table->name_width) {
        lp_end_line(out);
        lp_blanks(out, 4 + table->name_width + 2);
    }
    lp_cell(out, color, lp_table_ink(result), lp_verdict_name(result->judgement->verdict), 14);
    lp_cell(out, false, LP_INK_PLAIN, cause ? cause : "", table->cause_width + 2);
    proof_of(result, &text);
    lp_cell(out, false, LP_INK_PLAIN, text.ptr, table->proof_width + 2);
    if (result->judgement->verdict != LP_SKIPPED)
        lp_str_addf(out, "%7s", lp_duration_format(result->elapsed_ns, time, sizeof(time)));
    lp_end_line(out);
    lp_str_release(&text);
}

static void write_titles(const struct lp_table *table, struct lp_str *out)
{
    struct lp_str titles;

    lp_str_init(&titles);
    lp_blanks(&titles, 4);
    lp_cell(&titles, false, LP_INK_PLAIN, "scenario", table->name_width + 2);
    lp_cell(&titles, false, LP_INK_PLAIN, "verdict", 14);
    lp_cell(&titles, false, LP_INK_PLAIN, "cause", table->cause_width + 2);
    lp_cell(&titles, false, LP_INK_PLAIN, "proof", table->proof_width + 2);
    lp_str_addf(&titles, "%7s", "time");
    lp_ink(out, table->set->color, LP_INK_DIM, titles.ptr);
    lp_end_line(out);
    lp_str_release(&titles);
}

void lp_table_write(const struct lp_table *table, struct lp_str *out)
{
    const struct lp_report_set *set = table->set;
    bool titled = false;

    for (size_t i = 0; i < set->count; i++) {
        if (lp_table_detail(table, set->results[i]) == LP_SHOW_NOTHING)
            continue;
        if (!titled)
            write_titles(table, out);
        titled = true;
        write_row(table, set->results[i], out);
    }
}

static void line_text(const struct lp_run_result *result, struct lp_str *out)
{
    struct lp_evidence evidence;

    if (result->judgement->verdict == LP_SKIPPED) {
        lp_result_needs(result, out);
        return;
    }
    lp_evidence_init(&evidence, result, false);
    const char *cause = lp_evidence_find(&evidence, "cause");
    const char *sentence = lp_evidence_find(&evidence, "evidence");
    lp_str_addf(out, "%s%s%s", cause ? cause : "", cause && sentence ? ": " : "",
                sentence ? sentence : "");
    lp_evidence_release(&evidence);
}

void lp_table_write_lines(const struct lp_table *table, enum lp_verdict verdict, const char *title,
                          struct lp_str *out)
{
    const struct lp_report_set *set = table->set;
    bool titled = false;
    struct lp_str text;

    lp_str_init(&text);
    for (size_t i = 0; i < set->count; i++) {
        const struct lp_run_result *result = set->results[i];
        if (result->judgement->verdict != verdict || lp_table_detail(table, result) != LP_SHOW_LINE)
            continue;
        if (!titled)
            lp_str_addf(out, "\n%s\n", title);
        titled = true;
        lp_table_name(table, result, &text);
        lp_str_add(out, "  ");
        lp_cell(out, set->color, LP_INK_BOLD, text.ptr, table->name_width);
        lp_str_add(out, "  ");
        if (lp_columns(text.ptr) > table->name_width) {
            lp_end_line(out);
            lp_blanks(out, table->name_width + 4);
        }
        lp_str_clear(&text);
        line_text(result, &text);
        lp_wrap(out, text.ptr, table->name_width + 4, table->width);
    }
    lp_str_release(&text);
}
