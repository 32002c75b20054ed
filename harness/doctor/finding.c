/* SPDX-License-Identifier: MIT */
#include "doctor/finding.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

void lp_findings_init(struct lp_findings *findings)
{
    memset(findings, 0, sizeof *findings);
    lp_arena_init(&findings->arena);
}

void lp_findings_release(struct lp_findings *findings)
{
    free(findings->facts);
    free(findings->tried);
    free(findings->findings);
    lp_arena_release(&findings->arena);
    memset(findings, 0, sizeof *findings);
}

const char *lp_findings_say(struct lp_findings *findings, const char *fmt, ...)
{
    struct lp_str text;
    va_list args;
    lp_str_init(&text);
    va_start(args, fmt);
    lp_str_vaddf(&text, fmt, args);
    va_end(args);
    const char *copy = lp_arena_strdup(&findings->arena, text.ptr);
    lp_str_release(&text);
    return copy;
}

void lp_findings_add(struct lp_findings *findings, const struct lp_finding *finding)
{
    findings->findings = lp_grow(findings->findings, &findings->cap, findings->count + 1,
                                 sizeof *findings->findings);
    findings->findings[findings->count++] = *finding;
}

void lp_findings_fact(struct lp_findings *findings, const char *subject, const char *text)
{
    findings->facts = lp_grow(findings->facts, &findings->fact_cap, findings->fact_count + 1,
                              sizeof *findings->facts);
    findings->facts[findings->fact_count++] = (struct lp_doctor_fact){
        .subject = lp_arena_strdup(&findings->arena, subject),
        .text = lp_arena_strdup(&findings->arena, text),
    };
}

void lp_findings_tried(struct lp_findings *findings, const struct lp_tried *tried)
{
    findings->tried = lp_grow(findings->tried, &findings->tried_cap, findings->tried_count + 1,
                              sizeof *findings->tried);
    findings->tried[findings->tried_count++] = *tried;
}

size_t lp_findings_count(const struct lp_findings *findings, enum lp_severity severity)
{
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++)
        count += findings->findings[i].severity == severity;
    return count;
}

const char *lp_severity_name(enum lp_severity severity)
{
    static const char *const names[] = {
        [LP_PROBLEM] = "problem",
        [LP_HAZARD] = "hazard",
        [LP_OPEN] = "open",
        [LP_NOTE] = "note",
    };
    return names[severity];
}
