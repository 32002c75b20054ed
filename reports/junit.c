/* SPDX-License-Identifier: MIT */
/*
 * JUnit XML in the dialect that Jenkins, GitLab and the surefire schema agree on: one suite, a case
 * a scenario. A contradiction is a <failure>. An inconclusive run is an <error>, not <skipped>: CI
 * servers show skipped tests as harmless, and a test that proved nothing is not. Only what XML 1.0
 * allows is written: control characters are already made visible, the rest is escaped here.
 */
#include "reports/formats.h"

#include <inttypes.h>
#include "reports/clean.h"
#include "reports/evidence.h"
#include "reports/tally.h"

/* `text` is printable. Escaping '>' everywhere takes care of "]]>", quotes of attributes. */
static void add_escaped(struct lp_str *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            lp_str_add(out, "&amp;");
            break;
        case '<':
            lp_str_add(out, "&lt;");
            break;
        case '>':
            lp_str_add(out, "&gt;");
            break;
        case '"':
            lp_str_add(out, "&quot;");
            break;
        default:
            lp_str_add_bytes(out, text, 1);
        }
    }
}

static void add_attribute(struct lp_str *out, const char *name, const char *text)
{
    struct lp_str line;

    lp_str_init(&line);
    lp_clean_line(&line, text);
    lp_str_addf(out, " %s=\"", name);
    add_escaped(out, line.ptr);
    lp_str_add(out, "\"");
    lp_str_release(&line);
}

/* The schema's type is a decimal number of seconds. */
static void add_time(struct lp_str *out, uint64_t ns)
{
    lp_str_addf(out, " time=\"%" PRIu64 ".%06u\"", ns / 1000000000u,
                (unsigned)(ns % 1000000000u / 1000u));
}

static void add_counts(struct lp_str *out, const struct lp_tally *tally, size_t count)
{
    add_attribute(out, "name", "lockproof");
    lp_str_addf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"", count,
                tally->contradicted, tally->verdicts[LP_INCONCLUSIVE], tally->verdicts[LP_SKIPPED]);
    add_time(out, tally->elapsed_ns);
}

static void add_outcome(struct lp_str *out, const struct lp_run_result *result,
                        const struct lp_evidence *evidence)
{
    const char *cause = lp_result_cause(result);
    struct lp_str text;

    lp_str_init(&text);
    switch (lp_standing(result)) {
    case LP_AS_EXPECTED:
        break;
    case LP_CONTRADICTED: {
        const char *expected = lp_evidence_find(evidence, "expected");
        const char *sentence = lp_evidence_find(evidence, "evidence");
        lp_str_add(out, "      <failure");
        lp_str_addf(&text, "expected %s", expected ? expected : "otherwise");
        add_attribute(out, "message", text.ptr);
        add_attribute(out, "type", cause ? cause : lp_verdict_name(result->judgement->verdict));
        lp_str_add(out, ">");
        add_escaped(out, sentence ? sentence : text.ptr);
        lp_str_add(out, "</failure>\n");
        break;
    }
    case LP_UNDECIDED_RUN:
        lp_str_add(out, "      <error");
        add_attribute(out, "message", result->judgement->reason);
        add_attribute(out, "type", "inconclusive");
        lp_str_add(out, "/>\n");
        break;
    case LP_NOT_RUN:
        lp_result_needs(result, &text);
        lp_str_add(out, "      <skipped");
        add_attribute(out, "message", text.ptr);
        lp_str_add(out, "/>\n");
        break;
    }
    lp_str_release(&text);
}

static void add_case(struct lp_str *out, const struct lp_run_result *result)
{
    struct lp_evidence evidence;
    struct lp_str text;

    lp_str_init(&text);
    lp_evidence_init(&evidence, result, false);
    /* The placement is the class: a sweep runs one name under several. */
    lp_str_addf(&text, "lockproof.%s", lp_placement_name(result->placement));
    lp_str_add(out, "    <testcase");
    add_attribute(out, "classname", text.ptr);
    add_attribute(out, "name", result->scenario->name);
    add_time(out, result->elapsed_ns);
    lp_str_add(out, ">\n");
    add_outcome(out, result, &evidence);
    lp_str_clear(&text);
    lp_str_addf(&text, "%s, seed %" PRIu64 "\n", lp_verdict_name(result->judgement->verdict),
                result->seed);
    lp_evidence_plain(&evidence, &text);
    lp_str_add(out, "      <system-out>");
    add_escaped(out, text.ptr);
    lp_str_add(out, "</system-out>\n    </testcase>\n");
    lp_evidence_release(&evidence);
    lp_str_release(&text);
}

void lp_report_junit(const struct lp_report_set *set, struct lp_str *out)
{
    struct lp_tally tally = lp_tally_count(set->results, set->count);

    lp_str_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    add_counts(out, &tally, set->count);
    lp_str_add(out, ">\n  <testsuite");
    add_counts(out, &tally, set->count);
    lp_str_add(out, ">\n    <properties>\n      <property name=\"lockproof.version\"");
    add_attribute(out, "value", set->version);
    lp_str_add(out, "/>\n    </properties>\n");
    for (size_t i = 0; i < set->count; i++)
        add_case(out, set->results[i]);
    lp_str_add(out, "  </testsuite>\n</testsuites>\n");
}
