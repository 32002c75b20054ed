/* SPDX-License-Identifier: MIT */
/*
 * The report for people: a table with one line a scenario, then evidence for what needs it, then
 * where it ran, and in the last line the tally, the seed and the command that repeats it, so that a
 * log's tail alone is enough to start from. An expected broken lock is marked `ok` and not red: the
 * alarm is kept for what contradicts its expectation.
 */
#include "reports/formats.h"

#include <inttypes.h>
#include <string.h>
#include "base/units.h"
#include "reports/clean.h"
#include "reports/evidence.h"
#include "reports/layout.h"
#include "reports/table.h"
#include "reports/tally.h"

enum { FACT_INDENT = 12 };

/* The diagram stands on lines of its own, indented like the facts. */
static void write_diagram(const char *diagram, struct lp_str *out)
{
    lp_str_add(out, "\n");
    while (*diagram) {
        size_t len = strcspn(diagram, "\n") + 1;
        lp_str_add(out, "  ");
        lp_str_add_bytes(out, diagram, len);
        diagram += len;
    }
    lp_str_add(out, "\n");
}

static void write_block(const struct lp_table *table, const struct lp_run_result *result,
                        struct lp_str *out)
{
    bool color = table->set->color;
    struct lp_evidence evidence;
    struct lp_str text;
    bool drawn = false;

    lp_evidence_init(&evidence, result, color);
    lp_str_init(&text);
    lp_str_add(out, "\n");
    lp_ink(out, color, lp_table_ink(result), lp_verdict_name(result->judgement->verdict));
    lp_str_add(out, "  ");
    lp_table_name(table, result, &text);
    lp_ink(out, color, LP_INK_BOLD, text.ptr);
    if (result->scenario->title) {
        lp_str_add(out, ": ");
        lp_clean_line(out, result->scenario->title);
    }
    lp_str_add(out, "\n");
    for (size_t i = 0; i < evidence.count; i++) {
        const struct lp_fact *fact = &evidence.facts[i];
        if (*evidence.diagram && !drawn && strcmp(fact->label, "repeat") == 0) {
            write_diagram(evidence.diagram, out);
            drawn = true;
        }
        lp_str_add(out, "  ");
        lp_cell(out, color, LP_INK_DIM, fact->label, FACT_INDENT - 2);
        lp_wrap(out, fact->text, FACT_INDENT, table->width);
    }
    if (*evidence.diagram && !drawn)
        write_diagram(evidence.diagram, out);
    lp_str_release(&text);
    lp_evidence_release(&evidence);
}

/* Where those ran that have no block of evidence, which says it already. */
static bool ran_without_block(const struct lp_table *table, const struct lp_run_result *result)
{
    return result->judgement->verdict != LP_SKIPPED &&
           lp_table_detail(table, result) != LP_SHOW_FULL;
}

/* "placed: 2 under process, 1 under namespace; shared files on tmpfs" */
static void write_places(const struct lp_table *table, struct lp_str *out)
{
    static const enum lp_placement placements[] = {LP_PLACE_THREAD,    LP_PLACE_PROCESS,
                                                   LP_PLACE_NAMESPACE, LP_PLACE_DOCKER,
                                                   LP_PLACE_SWARM,     LP_PLACE_REMOTE};
    const struct lp_report_set *set = table->set;
    const char *filesystem = NULL;
    const char *separator = "\nplaced: ";

    for (size_t p = 0; p < LP_ARRAY_LEN(placements); p++) {
        size_t used = 0;
        for (size_t i = 0; i < set->count; i++) {
            const struct lp_run_result *result = set->results[i];
            if (!ran_without_block(table, result))
                continue;
            used += result->placement == placements[p];
            if (result->store_filesystem[0])
                filesystem = result->store_filesystem;
        }
        if (used == 0)
            continue;
        lp_str_addf(out, "%s%zu under %s", separator, used, lp_placement_name(placements[p]));
        separator = ", ";
    }
    if (separator[0] != ',')
        return;
    if (filesystem) {
        lp_str_add(out, "; shared files on ");
        lp_clean_field(out, filesystem, sizeof(set->results[0]->store_filesystem));
    }
    lp_str_add(out, "\n");
}

/* Each reason for a weaker placement once, with the number of scenarios. */
static void write_fallbacks(const struct lp_table *table, struct lp_str *out)
{
    const struct lp_report_set *set = table->set;

    for (size_t i = 0; i < set->count; i++) {
        const char *note = set->results[i]->placement_note;
        size_t same = 0;
        bool told = false;

        if (!set->results[i]->fell_back || !ran_without_block(table, set->results[i]))
            continue;
        for (size_t j = 0; j < set->count; j++) {
            const struct lp_run_result *other = set->results[j];
            bool equal = other->fell_back && ran_without_block(table, other) &&
                         strcmp(other->placement_note, note) == 0;
            told |= equal && j < i;
            same += equal;
        }
        if (told)
            continue;
        struct lp_str text;
        lp_str_init(&text);
        lp_str_addf(&text, "%zu fell back to a weaker placement: ", same);
        lp_clean_line(&text, note);
        lp_ink(out, set->color, LP_INK_YELLOW, "note:");
        lp_str_add(out, "   ");
        lp_wrap(out, text.ptr, 8, table->width);
        lp_str_release(&text);
    }
}

static void write_last_line(const struct lp_report_set *set, struct lp_str *out)
{
    struct lp_tally tally = lp_tally_count(set->results, set->count);
    bool one_seed = set->count > 0 && set->results[0]->seed != 0; /* 0: a history that was read */

    for (size_t i = 1; i < set->count; i++)
        one_seed &= set->results[i]->seed == set->results[0]->seed;
    lp_tally_text(&tally, out);
    if (one_seed)
        lp_str_addf(out, ". seed %" PRIu64, set->results[0]->seed);
    if (set->reproduce) {
        lp_str_add(out, ". repeat: ");
        lp_clean_line(out, set->reproduce);
    } else if (set->count == 1 && set->results[0]->reproduce[0]) {
        lp_str_add(out, ". repeat: ");
        lp_clean_field(out, set->results[0]->reproduce, sizeof(set->results[0]->reproduce));
    }
    lp_str_add(out, "\n");
}

void lp_report_text(const struct lp_report_set *set, struct lp_str *out)
{
    struct lp_table table;
    size_t before = out->len;

    lp_table_measure(&table, set);
    lp_table_write(&table, out);
    lp_table_write_lines(&table, LP_BROKEN, "broken, as expected", out);
    lp_table_write_lines(&table, LP_SKIPPED, "skipped", out);
    for (size_t i = 0; i < set->count; i++)
        if (lp_table_detail(&table, set->results[i]) == LP_SHOW_FULL)
            write_block(&table, set->results[i], out);
    if (!set->quiet) {
        write_places(&table, out);
        write_fallbacks(&table, out);
    }
    if (out->len > before)
        lp_str_add(out, "\n");
    write_last_line(set, out);
}
