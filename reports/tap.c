/* SPDX-License-Identifier: MIT */
/*
 * Test Anything Protocol, version 13 (testanything.org/tap-version-13-specification). Skipped has
 * the SKIP directive; inconclusive is `not ok`, since TAP has no third outcome and a pass it is
 * not. The evidence of a `not ok` is its YAML block, with every text double-quoted.
 */
#include "reports/formats.h"

#include <inttypes.h>
#include <string.h>
#include "reports/clean.h"
#include "reports/evidence.h"
#include "reports/tally.h"

/* A '#' would begin a directive; a backslash before it, one of its own. */
static void add_description(struct lp_str *out, const char *text)
{
    struct lp_str line;

    lp_str_init(&line);
    lp_clean_line(&line, text);
    for (const char *c = line.ptr; *c; c++) {
        if (*c == '#' || *c == '\\')
            lp_str_add(out, "\\");
        lp_str_add_bytes(out, c, 1);
    }
    lp_str_release(&line);
}

static void add_quoted(struct lp_str *out, const char *key, const char *text)
{
    lp_str_addf(out, "  %s: \"", key);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            lp_str_add(out, "\\");
        lp_str_add_bytes(out, text, 1);
    }
    lp_str_add(out, "\"\n");
}

/* As comments: the YAML that TAP readers know has no literal block whose lines begin with blanks.
 */
static void add_comments(struct lp_str *out, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        lp_str_add(out, "# ");
        lp_str_add_bytes(out, text, len);
        lp_str_add(out, "\n");
        text += len + (text[len] == '\n');
    }
}

static void add_diagnostics(struct lp_str *out, const struct lp_run_result *result)
{
    struct lp_evidence evidence;
    struct lp_str also;
    size_t numbered = 0;

    lp_evidence_init(&evidence, result, false);
    lp_str_init(&also);
    lp_str_add(out, "  ---\n");
    add_quoted(out, "verdict", lp_verdict_name(result->judgement->verdict));
    lp_str_addf(out, "  seed: %" PRIu64 "\n", result->seed);
    for (size_t i = 0; i < evidence.count; i++) {
        const char *label = evidence.facts[i].label;
        /* A key may stand only once. */
        if (strcmp(label, "also") == 0) {
            lp_str_clear(&also);
            lp_str_addf(&also, "also-%zu", ++numbered);
            label = also.ptr;
        }
        add_quoted(out, label, evidence.facts[i].text);
    }
    lp_str_add(out, "  ...\n");
    add_comments(out, evidence.diagram);
    lp_str_release(&also);
    lp_evidence_release(&evidence);
}

static void add_point(struct lp_str *out, const struct lp_run_result *result, size_t number)
{
    enum lp_standing standing = lp_standing(result);
    const char *cause = lp_result_cause(result);
    bool ok = standing == LP_AS_EXPECTED || standing == LP_NOT_RUN;
    struct lp_str needs;

    lp_str_addf(out, "%sok %zu - ", ok ? "" : "not ", number);
    add_description(out, result->scenario->name);
    if (standing != LP_NOT_RUN)
        lp_str_addf(out, " (%s)", lp_placement_name(result->placement));
    lp_str_addf(out, ": %s", lp_verdict_name(result->judgement->verdict));
    if (cause) {
        lp_str_add(out, ", ");
        add_description(out, cause);
    }
    if (standing == LP_NOT_RUN) {
        lp_str_init(&needs);
        lp_result_needs(result, &needs);
        lp_str_add(out, " # SKIP ");
        add_description(out, needs.ptr);
        lp_str_release(&needs);
    }
    lp_str_add(out, "\n");
    if (!ok)
        add_diagnostics(out, result);
}

void lp_report_tap(const struct lp_report_set *set, struct lp_str *out)
{
    struct lp_tally tally = lp_tally_count(set->results, set->count);

    lp_str_addf(out, "TAP version 13\n1..%zu\n", set->count);
    for (size_t i = 0; i < set->count; i++)
        add_point(out, set->results[i], i + 1);
    lp_str_add(out, "# ");
    lp_tally_text(&tally, out);
    lp_str_add(out, "\n");
}
