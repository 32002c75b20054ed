/* SPDX-License-Identifier: MIT */
/*
 * GitHub-flavoured Markdown for a job summary or a comment: a table of all, and foldable evidence
 * for what is not as expected and for each broken one. Outside code blocks every character that
 * Markdown or HTML could take for markup is escaped; a code block's fence is longer than any run of
 * backticks in it (CommonMark 0.31, 4.5).
 */
#include "reports/formats.h"

#include <inttypes.h>
#include <string.h>
#include "base/units.h"
#include "reports/clean.h"
#include "reports/evidence.h"
#include "reports/tally.h"

static const char *const marks[] = {
    [LP_AS_EXPECTED] = ":white_check_mark:",
    [LP_CONTRADICTED] = ":x:",
    [LP_UNDECIDED_RUN] = ":grey_question:",
    [LP_NOT_RUN] = ":heavy_minus_sign:",
};

static void add_escaped(struct lp_str *out, const char *text)
{
    struct lp_str line;

    lp_str_init(&line);
    lp_clean_line(&line, text);
    for (const char *c = line.ptr; *c; c++) {
        if (*c == '<')
            lp_str_add(out, "&lt;");
        else if (*c == '>')
            lp_str_add(out, "&gt;");
        else if (*c == '&')
            lp_str_add(out, "&amp;");
        else if (*c == '@') /* would notify a user of that name */
            lp_str_add(out, "&#64;");
        else if (strchr("\\`*_[]#|~!", *c))
            lp_str_addf(out, "\\%c", *c);
        else
            lp_str_add_bytes(out, c, 1);
    }
    lp_str_release(&line);
}

/* Inside <summary> Markdown is not read, only HTML. */
static void add_html(struct lp_str *out, const char *text)
{
    struct lp_str line;

    lp_str_init(&line);
    lp_clean_line(&line, text);
    for (const char *c = line.ptr; *c; c++) {
        if (strchr("<>&\"'@", *c))
            lp_str_addf(out, "&#%d;", *c);
        else
            lp_str_add_bytes(out, c, 1);
    }
    lp_str_release(&line);
}

static size_t longest_run(const char *text, char wanted)
{
    size_t longest = 0, run = 0;

    for (; *text; text++) {
        run = *text == wanted ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

static void add_code_block(struct lp_str *out, const char *text)
{
    size_t fence = longest_run(text, '`') + 1;
    size_t len = strlen(text);

    fence = fence < 3 ? 3 : fence;
    for (size_t i = 0; i < fence; i++)
        lp_str_add(out, "`");
    lp_str_addf(out, "text\n%s%s", text, len > 0 && text[len - 1] == '\n' ? "" : "\n");
    for (size_t i = 0; i < fence; i++)
        lp_str_add(out, "`");
    lp_str_add(out, "\n");
}

static void add_row(struct lp_str *out, const struct lp_run_result *result)
{
    const char *cause = lp_result_cause(result);
    bool ran = result->judgement->verdict != LP_SKIPPED;
    struct lp_str text;
    char time[32];

    lp_str_init(&text);
    lp_str_addf(out, "| %s | ", marks[lp_standing(result)]);
    add_escaped(out, result->scenario->name);
    lp_str_addf(out, " | %s | ", lp_verdict_name(result->judgement->verdict));
    lp_result_expected(result, &text);
    add_escaped(out, text.ptr);
    lp_str_add(out, " | ");
    add_escaped(out, cause ? cause : "");
    lp_str_add(out, " | ");
    lp_str_clear(&text);
    if (ran)
        lp_result_proof(result, &text);
    else
        lp_result_needs(result, &text);
    add_escaped(out, text.ptr);
    lp_str_addf(out, " | %s | %s |\n", ran ? lp_placement_name(result->placement) : "",
                ran ? lp_duration_format(result->elapsed_ns, time, sizeof(time)) : "");
    lp_str_release(&text);
}

static bool has_details(const struct lp_report_set *set, const struct lp_run_result *result)
{
    enum lp_standing standing = lp_standing(result);

    return standing == LP_CONTRADICTED || standing == LP_UNDECIDED_RUN ||
           result->judgement->verdict == LP_BROKEN || (set->verbose && standing == LP_AS_EXPECTED);
}

static void add_details(struct lp_str *out, const struct lp_run_result *result)
{
    struct lp_evidence evidence;
    bool open = lp_standing(result) == LP_CONTRADICTED;

    lp_evidence_init(&evidence, result, false);
    lp_str_addf(out, "\n<details%s>\n<summary>%s: ", open ? " open" : "",
                lp_verdict_name(result->judgement->verdict));
    add_html(out, result->scenario->name);
    if (result->scenario->title) {
        lp_str_add(out, ", ");
        add_html(out, result->scenario->title);
    }
    lp_str_add(out, "</summary>\n\n");
    for (size_t i = 0; i < evidence.count; i++) {
        lp_str_addf(out, "- **%s** ", evidence.facts[i].label);
        add_escaped(out, evidence.facts[i].text);
        lp_str_add(out, "\n");
    }
    if (*evidence.diagram) {
        lp_str_add(out, "\n");
        add_code_block(out, evidence.diagram);
    }
    lp_str_add(out, "\n</details>\n");
    lp_evidence_release(&evidence);
}

void lp_report_markdown(const struct lp_report_set *set, struct lp_str *out)
{
    struct lp_tally tally = lp_tally_count(set->results, set->count);

    lp_str_add(out, "### lockproof: ");
    lp_tally_text(&tally, out);
    lp_str_add(out, "\n\n| | scenario | verdict | expected | cause | proof | placement | time |\n"
                    "| --- | --- | --- | --- | --- | --- | --- | ---: |\n");
    for (size_t i = 0; i < set->count; i++)
        add_row(out, set->results[i]);
    for (size_t i = 0; i < set->count; i++)
        if (has_details(set, set->results[i]))
            add_details(out, set->results[i]);
    if (set->reproduce) {
        lp_str_add(out, "\nRepeat it:\n\n");
        struct lp_str line;
        lp_str_init(&line);
        lp_clean_line(&line, set->reproduce);
        add_code_block(out, line.ptr);
        lp_str_release(&line);
    }
}
