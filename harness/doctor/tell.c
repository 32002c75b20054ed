/* SPDX-License-Identifier: MIT */
#include "doctor/tell.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "reports/clean.h"
#include "reports/layout.h"

enum { LABEL_WIDTH = 12, WIDTH = 100 };

/* ---- text ---- */

static void label(struct lp_str *out, const char *name, const char *text, unsigned width)
{
    struct lp_str clean;
    if (!text || !text[0])
        return;
    lp_str_init(&clean);
    lp_clean_line(&clean, text);
    lp_str_addf(out, "  %-*s", LABEL_WIDTH - 2, name);
    lp_wrap(out, clean.ptr, LABEL_WIDTH, width);
    lp_str_release(&clean);
}

static void tell_facts(const struct lp_findings *findings, unsigned width, struct lp_str *out)
{
    for (size_t i = 0; i < findings->fact_count; i++) {
        lp_clean_line(out, findings->facts[i].subject);
        lp_str_add(out, "\n");
        label(out, "is", findings->facts[i].text, width);
    }
}

static enum lp_ink ink_of(const char *result)
{
    return strcmp(result, "works") == 0    ? LP_INK_GREEN
           : strcmp(result, "BROKEN") == 0 ? LP_INK_RED
                                           : LP_INK_YELLOW;
}

static void tell_tried(const struct lp_findings *findings, bool color, struct lp_str *out)
{
    const char *subject = "";
    for (size_t i = 0; i < findings->tried_count; i++) {
        const struct lp_tried *tried = &findings->tried[i];
        if (strcmp(tried->subject, subject) != 0) {
            lp_str_add(out, "\ntried from two sides: ");
            lp_clean_line(out, tried->subject);
            lp_str_add(out, "\n");
        }
        subject = tried->subject;
        lp_str_add(out, "  ");
        lp_cell(out, color, LP_INK_PLAIN, tried->name, 17);
        lp_cell(out, color, ink_of(tried->result), tried->result, 9);
        lp_clean_line(out, tried->detail);
        lp_end_line(out);
    }
}

static void tell_finding(const struct lp_finding *finding, bool color, unsigned width,
                         struct lp_str *out)
{
    static const enum lp_ink inks[] = {
        [LP_PROBLEM] = LP_INK_RED,
        [LP_HAZARD] = LP_INK_YELLOW,
        [LP_OPEN] = LP_INK_YELLOW,
        [LP_NOTE] = LP_INK_DIM,
    };
    lp_str_add(out, "\n");
    lp_ink(out, color, inks[finding->severity], lp_severity_name(finding->severity));
    lp_str_add(out, "  ");
    if (finding->spot.line) {
        lp_clean_line(out, finding->spot.file);
        lp_str_addf(out, ":%u:%u: ", finding->spot.line, finding->spot.column);
    }
    lp_clean_line(out, finding->subject);
    lp_str_add(out, "\n");
    if (finding->severity != LP_NOTE && finding->severity != LP_OPEN)
        label(out, "cause", finding->cause, width);
    label(out, "evidence", finding->evidence, width);
    label(out, "means", finding->consequence, width);
    label(out, "fix", finding->fix, width);
    if (finding->scenario)
        lp_str_addf(out, "  %-*slockproof explain %s\n", LABEL_WIDTH - 2, "see", finding->scenario);
}

static void tell_tally(const struct lp_findings *findings, struct lp_str *out)
{
    size_t problems = lp_findings_count(findings, LP_PROBLEM);
    size_t hazards = lp_findings_count(findings, LP_HAZARD);
    size_t open = lp_findings_count(findings, LP_OPEN);
    lp_str_addf(out, "\n%zu problem%s, %zu hazard%s", problems, problems == 1 ? "" : "s", hazards,
                hazards == 1 ? "" : "s");
    if (open)
        lp_str_addf(out, ", %zu could not be tried", open);
    lp_str_add(out, "\n");
}

void lp_doctor_text(const struct lp_findings *findings, bool color, bool quiet, unsigned width,
                    struct lp_str *out)
{
    if (!width)
        width = WIDTH;
    if (!quiet) {
        tell_facts(findings, width, out);
        tell_tried(findings, color, out);
    }
    for (int severity = LP_PROBLEM; severity <= LP_NOTE; severity++)
        for (size_t i = 0; i < findings->count; i++)
            if ((int)findings->findings[i].severity == severity && (!quiet || severity != LP_NOTE))
                tell_finding(&findings->findings[i], color, width, out);
    tell_tally(findings, out);
}

/* ---- JSON ---- */

/* A path may hold any bytes; what is no UTF-8 is replaced, as in the other reports. */
static json_t *text_or_null(const char *text)
{
    if (!text)
        return json_null();
    struct lp_str clean;
    lp_str_init(&clean);
    lp_clean_line(&clean, text);
    json_t *string = json_string(clean.ptr);
    lp_str_release(&clean);
    return string ? string : json_null();
}

static json_t *finding_json(const struct lp_finding *finding)
{
    json_t *object = json_object();
    json_object_set_new(object, "severity", json_string(lp_severity_name(finding->severity)));
    json_object_set_new(object, "cause", text_or_null(finding->cause));
    json_object_set_new(object, "subject", text_or_null(finding->subject));
    json_object_set_new(object, "evidence", text_or_null(finding->evidence));
    json_object_set_new(object, "consequence", text_or_null(finding->consequence));
    json_object_set_new(object, "fix", text_or_null(finding->fix));
    json_object_set_new(object, "scenario", text_or_null(finding->scenario));
    bool placed = finding->spot.line > 0;
    json_object_set_new(object, "file", text_or_null(placed ? finding->spot.file : NULL));
    json_object_set_new(object, "line", placed ? json_integer(finding->spot.line) : json_null());
    json_object_set_new(object, "column",
                        placed ? json_integer(finding->spot.column) : json_null());
    return object;
}

void lp_doctor_json(const struct lp_findings *findings, struct lp_str *out)
{
    json_t *root = json_object(), *facts = json_array(), *probes = json_array();
    json_t *list = json_array();
    for (size_t i = 0; i < findings->fact_count; i++) {
        json_t *fact = json_object();
        json_object_set_new(fact, "subject", text_or_null(findings->facts[i].subject));
        json_object_set_new(fact, "text", text_or_null(findings->facts[i].text));
        json_array_append_new(facts, fact);
    }
    for (size_t i = 0; i < findings->tried_count; i++) {
        const struct lp_tried *tried = &findings->tried[i];
        json_t *probe = json_object();
        json_object_set_new(probe, "subject", text_or_null(tried->subject));
        json_object_set_new(probe, "name", text_or_null(tried->name));
        json_object_set_new(probe, "result", text_or_null(tried->result));
        json_object_set_new(probe, "detail", text_or_null(tried->detail));
        json_array_append_new(probes, probe);
    }
    for (size_t i = 0; i < findings->count; i++)
        json_array_append_new(list, finding_json(&findings->findings[i]));
    json_object_set_new(root, "version", json_string(LP_VERSION));
    json_object_set_new(root, "problems",
                        json_integer((json_int_t)lp_findings_count(findings, LP_PROBLEM)));
    json_object_set_new(root, "hazards",
                        json_integer((json_int_t)lp_findings_count(findings, LP_HAZARD)));
    json_object_set_new(root, "open",
                        json_integer((json_int_t)lp_findings_count(findings, LP_OPEN)));
    json_object_set_new(root, "notes",
                        json_integer((json_int_t)lp_findings_count(findings, LP_NOTE)));
    json_object_set_new(root, "facts", facts);
    json_object_set_new(root, "probes", probes);
    json_object_set_new(root, "findings", list);
    char *text = json_dumps(root, JSON_INDENT(2));
    lp_str_add(out, text ? text : "{}");
    lp_str_add(out, "\n");
    free(text);
    json_decref(root);
}
