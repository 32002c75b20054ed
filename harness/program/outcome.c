/* SPDX-License-Identifier: MIT */
/*
 * What a trial left, against what the copies said. An exit of 0 is an acknowledgement; any other is
 * unknown, unless the user says that it certainly had no effect: a copy may fail after its write.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "os/file.h"
#include "program/program.h"
#include "reports/clean.h"

#define UNIQUE_MAX ((size_t)64 << 20)

void lp_outcome_count(const struct lp_program *program, struct lp_program_outcome *outcome,
                      int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        outcome->succeeded++;
    else if (WIFEXITED(status) && program->fail_codes[WEXITSTATUS(status)])
        outcome->failed++;
    else
        outcome->unknown++;
}

/* ---- the counter ---- */

static uint64_t over(int64_t more, int64_t less)
{
    return more > less ? (uint64_t)(more - less) : 0;
}

/* Each success adds `adds`; each unknown one adds it or nothing. */
static void count(const struct lp_program *program, struct lp_program_outcome *outcome)
{
    int64_t adds = program->adds;
    int64_t sure = adds * (int64_t)outcome->succeeded, maybe = adds * (int64_t)outcome->unknown;
    int64_t grown = outcome->final - outcome->start;
    if (adds < 0) { /* a counter that goes down */
        sure = -sure;
        maybe = -maybe;
        grown = -grown;
    }
    outcome->lost_min = over(sure, grown);
    outcome->lost_max = over(sure + maybe, grown);
    outcome->extra = over(grown, sure + maybe);
}

/* ---- the file of lines ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void count_duplicates(struct lp_program_outcome *outcome, const char **lines, size_t count)
{
    qsort(lines, count, sizeof *lines, by_text);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(lines[i - 1], lines[i]) != 0)
            continue;
        if (outcome->duplicates++ == 0)
            snprintf(outcome->duplicate, sizeof outcome->duplicate, "%.*s",
                     (int)sizeof outcome->duplicate - 1, lines[i]);
    }
}

static int read_unique(const struct lp_program *program, struct lp_program_outcome *outcome,
                       struct lp_err *err)
{
    struct lp_str text;
    const char **lines = NULL;
    size_t count = 0, cap = 0;
    lp_str_init(&text);
    int result = 0;
    if (lp_is_file(program->unique_file))
        result = lp_file_read(program->unique_file, UNIQUE_MAX, &text, err);
    else if (outcome->succeeded == 0)
        result = 0;
    for (char *at = text.ptr; result == 0 && *at;) {
        size_t length = strcspn(at, "\n");
        bool last = at[length] == '\0';
        at[length] = '\0';
        lines = lp_grow(lines, &cap, count + 1, sizeof *lines);
        lines[count++] = at;
        at += length + !last;
    }
    outcome->lines = count;
    outcome->lines_missing = count < outcome->succeeded ? outcome->succeeded - count : 0;
    if (count > 0)
        count_duplicates(outcome, lines, count);
    free(lines);
    lp_str_release(&text);
    return result;
}

int lp_program_judge(const struct lp_program *program, struct lp_program_outcome *outcome,
                     struct lp_err *err)
{
    if (program->observe) {
        /* It was read before the copies ran: what it says now is their doing. */
        int read = lp_program_observe(program, &outcome->final, err);
        if (read == -1 && err->kind != LP_ERR_USAGE)
            return -1;
        outcome->unreadable = read == -1;
        outcome->counted = read == 0;
        if (read == 0)
            count(program, outcome);
    }
    if (program->unique_file) {
        outcome->unique_asked = true;
        if (read_unique(program, outcome, err) == -1)
            return -1;
    }
    if (program->invariant) {
        struct lp_command_result result;
        outcome->invariant_asked = true;
        if (lp_shell_run(program->invariant, program->timeout_ns, &result, err) == -1)
            return -1;
        outcome->invariant_holds = result.status == 0 && !result.timed_out;
        lp_command_result_release(&result);
    }
    return 0;
}

bool lp_outcome_is_bad(const struct lp_program_outcome *outcome)
{
    return outcome->unreadable || outcome->lost_min > 0 || outcome->extra > 0 ||
           outcome->duplicates > 0 || outcome->lines_missing > 0 ||
           (outcome->invariant_asked && !outcome->invariant_holds) || outcome->output_differs;
}

void lp_outcome_text(const struct lp_program_outcome *outcome, struct lp_str *out)
{
    if (outcome->counted)
        lp_str_addf(out, "start %" PRId64 ", %u exit%s of 0, final %" PRId64, outcome->start,
                    outcome->succeeded, outcome->succeeded == 1 ? "" : "s", outcome->final);
    else
        lp_str_addf(out, "%u exit%s of 0", outcome->succeeded, outcome->succeeded == 1 ? "" : "s");
    if (outcome->unreadable)
        lp_str_add(out, ", and the counter cannot be read any more");
    if (outcome->unknown > 0)
        lp_str_addf(out, ", %u unknown", outcome->unknown);
    if (outcome->lost_min > 0)
        lp_str_addf(out, ": %" PRIu64 " lost", outcome->lost_min);
    if (outcome->extra > 0)
        lp_str_addf(out, ": %" PRIu64 " too many", outcome->extra);
    if (outcome->lines_missing > 0)
        lp_str_addf(out, ": %" PRIu64 " lines missing", outcome->lines_missing);
    if (outcome->duplicates > 0) {
        lp_str_addf(out, ": %" PRIu64 " lines twice, such as '", outcome->duplicates);
        lp_clean_line(out, outcome->duplicate);
        lp_str_add(out, "'");
    }
    if (outcome->invariant_asked && !outcome->invariant_holds)
        lp_str_add(out, ": the invariant does not hold");
    if (outcome->output_differs)
        lp_str_add(out, ": copies print what they do not print one after the other");
}
