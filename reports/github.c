/* SPDX-License-Identifier: MIT */
/*
 * Workflow commands of GitHub Actions ("::error file=...,title=...::message"): a contradiction is
 * an error, an inconclusive run a warning, a skipped one a notice; what is as expected says
 * nothing, since GitHub shows only the first ten annotations of a kind in a step. Escaping is that
 * of actions/toolkit (packages/core/src/command.ts): %, CR and LF in messages; ':' and ',' in
 * properties besides. A text from outside never begins a line, so it cannot forge a command.
 */
#include "reports/formats.h"

#include <string.h>
#include "reports/clean.h"
#include "reports/evidence.h"
#include "reports/tally.h"

static void add_escaped(struct lp_str *out, const char *text, const char *special)
{
    for (; *text; text++) {
        if (strchr(special, *text))
            lp_str_addf(out, "%%%02X", (unsigned)(unsigned char)*text);
        else
            lp_str_add_bytes(out, text, 1);
    }
}

static void add_data(struct lp_str *out, const char *text)
{
    add_escaped(out, text, "%\r\n");
}

static void add_property(struct lp_str *out, const char *name, const char *text, bool first)
{
    struct lp_str line;

    lp_str_init(&line);
    lp_clean_line(&line, text);
    lp_str_addf(out, "%s%s=", first ? " " : ",", name);
    add_escaped(out, line.ptr, "%\r\n:,");
    lp_str_release(&line);
}

static void add_command(struct lp_str *out, const char *command, const struct lp_run_result *result,
                        const char *title, const char *message)
{
    const char *file = result->scenario->file;
    struct lp_str text;

    lp_str_addf(out, "::%s", command);
    if (file)
        add_property(out, "file", file, true);
    lp_str_init(&text);
    lp_str_addf(&text, "%s: %s", result->scenario->name, title);
    add_property(out, "title", text.ptr, !file);
    lp_str_add(out, "::");
    add_data(out, message);
    lp_str_add(out, "\n");
    lp_str_release(&text);
}

static void add_result(struct lp_str *out, const struct lp_run_result *result)
{
    struct lp_evidence evidence;
    struct lp_str message;

    lp_str_init(&message);
    lp_evidence_init(&evidence, result, false);
    switch (lp_standing(result)) {
    case LP_AS_EXPECTED:
        break;
    case LP_CONTRADICTED:
        lp_str_clear(&message);
        lp_evidence_plain(&evidence, &message);
        add_command(out, "error", result,
                    result->judgement->verdict == LP_HELD ? "held, but expected broken"
                    : result->scenario->expect == LP_EXPECT_HELD
                        ? "broken, but expected held"
                        : "broken by another cause than expected",
                    message.ptr);
        break;
    case LP_UNDECIDED_RUN:
        lp_evidence_plain(&evidence, &message);
        add_command(out, "warning", result, "inconclusive", message.ptr);
        break;
    case LP_NOT_RUN:
        lp_result_needs(result, &message);
        add_command(out, "notice", result, "skipped", message.ptr);
        break;
    }
    lp_evidence_release(&evidence);
    lp_str_release(&message);
}

void lp_report_github(const struct lp_report_set *set, struct lp_str *out)
{
    struct lp_tally tally = lp_tally_count(set->results, set->count);

    for (size_t i = 0; i < set->count; i++)
        add_result(out, set->results[i]);
    lp_str_add(out, "lockproof: ");
    lp_tally_text(&tally, out);
    lp_str_add(out, "\n");
}
