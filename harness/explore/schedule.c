/* SPDX-License-Identifier: MIT */
/* Schedule files: line by line, with a place for every mistake. */
#include "explore/schedule.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/units.h"

#define SIZE_MAX_BYTES (16u << 20)
#define FILE_SHOWN_MAX 160
#define SHOWN_MAX 40
#define WORKER_MAX 9999

/* A part of the text on one line. */
struct span {
    const char *from;
    size_t len;
};

struct reader {
    struct lp_schedule *schedule;
    struct lp_err *err;
    struct span text; /* what is left */
    struct span row;  /* the line, without comment and blanks at its end */
    const char *row_start;
    unsigned line;
};

int lp_schedule_fail(const struct lp_schedule *schedule, unsigned line, unsigned column,
                     struct lp_err *err, const char *fmt, ...)
{
    size_t len = strlen(schedule->file);
    const char *file =
        len > FILE_SHOWN_MAX ? schedule->file + len - FILE_SHOWN_MAX : schedule->file;
    struct lp_str text;
    va_list args;
    lp_str_init(&text);
    va_start(args, fmt);
    lp_str_vaddf(&text, fmt, args);
    va_end(args);
    lp_err_set(err, LP_ERR_USAGE, "%s:%u:%u: %s", file, line, column, text.ptr);
    lp_str_release(&text);
    return -1;
}

/* ---- spans ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct span trim(struct span span)
{
    while (span.len && is_blank(*span.from)) {
        span.from++;
        span.len--;
    }
    while (span.len && is_blank(span.from[span.len - 1]))
        span.len--;
    return span;
}

static bool is(struct span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.from, text, span.len) == 0;
}

/* Columns count characters of UTF-8. */
static unsigned column_of(const struct reader *reader, const char *at)
{
    unsigned column = 1;
    for (const char *c = reader->row_start; c < at; c++)
        column += ((unsigned char)*c & 0xc0) != 0x80;
    return column;
}

/* What comes from the file is shortened and cleaned before it is shown. */
static const char *shown(const struct reader *reader, struct span span)
{
    size_t len = span.len > SHOWN_MAX ? SHOWN_MAX : span.len;
    char *text = lp_arena_strndup(&reader->schedule->arena, span.from, len);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    return text;
}

/* The text with its inner blanks made one. */
static const char *keep(const struct reader *reader, struct span span)
{
    char *text = lp_arena_strndup(&reader->schedule->arena, span.from, span.len);
    char *to = text;
    for (const char *from = text; *from; from++)
        if (!is_blank(*from) || !is_blank(from[1]))
            *to++ = is_blank(*from) ? ' ' : *from;
    *to = '\0';
    return text;
}

static int fail(const struct reader *reader, const char *at, const char *what, struct span span)
{
    return lp_schedule_fail(reader->schedule, reader->line, column_of(reader, at), reader->err,
                            "%s '%s'", what, shown(reader, span));
}

/* ---- lines ---- */

/* A '#' at the start or after a blank begins a comment. */
static struct span without_comment(struct span row)
{
    for (size_t i = 0; i < row.len; i++)
        if (row.from[i] == '#' && (i == 0 || is_blank(row.from[i - 1])))
            row.len = i;
    return row;
}

/* False at the end. Empty lines are passed over. */
static bool next_row(struct reader *reader)
{
    while (reader->text.len) {
        const char *end = memchr(reader->text.from, '\n', reader->text.len);
        size_t len = end ? (size_t)(end - reader->text.from) : reader->text.len;
        struct span row = {reader->text.from, len};
        reader->row_start = row.from;
        reader->text.from += len + (end != NULL);
        reader->text.len -= len + (end != NULL);
        reader->line++;
        reader->row = trim(without_comment(row));
        if (reader->row.len)
            return true;
    }
    return false;
}

static int read_key(struct reader *reader, struct span name, struct span value)
{
    struct lp_schedule *schedule = reader->schedule;
    const char *text = keep(reader, name);
    if (lp_schedule_find(schedule, text))
        return fail(reader, name.from, "given a second time:", name);
    if (!value.len)
        return fail(reader, name.from, "no value for", name);
    schedule->keys = lp_grow(schedule->keys, &schedule->key_cap, schedule->key_count + 1,
                             sizeof *schedule->keys);
    schedule->keys[schedule->key_count++] =
        (struct lp_schedule_key){.name = text,
                                 .value = lp_arena_strndup(&schedule->arena, value.from, value.len),
                                 .line = reader->line,
                                 .column = column_of(reader, value.from)};
    return 0;
}

static const char *find_arrow(struct span span)
{
    return span.len >= 2 ? memmem(span.from, span.len, "=>", 2) : NULL;
}

static int read_result(struct reader *reader, struct lp_schedule_line *line, struct span result)
{
    line->result_column = column_of(reader, result.from);
    if (!result.len)
        return lp_schedule_fail(
            reader->schedule, reader->line, line->result_column, reader->err,
            "nothing behind '=>', expected what comes of the step or " LP_SCHEDULE_WAITING);
    line->result = keep(reader, result);
    line->waiting = strcmp(line->result, LP_SCHEDULE_WAITING) == 0;
    if (!line->waiting && *line->result == '<')
        return fail(reader, result.from, "expected " LP_SCHEDULE_WAITING ", not", result);
    return 0;
}

static int read_step(struct reader *reader, struct span who, struct span what)
{
    struct lp_schedule *schedule = reader->schedule;
    struct lp_schedule_line line = {
        .step = "", .line = reader->line, .column = column_of(reader, who.from)};
    const char *name = keep(reader, who);
    uint64_t worker;
    if (lp_number_parse(name, 0, WORKER_MAX, &worker) == 0)
        line.worker = (unsigned)worker;
    else
        line.actor = name;
    const char *arrow = find_arrow(what);
    struct span step =
        trim((struct span){what.from, arrow ? (size_t)(arrow - what.from) : what.len});
    line.step_column = column_of(reader, step.from);
    line.step = keep(reader, step);
    if (arrow) {
        struct span result = {arrow + 2, (size_t)(what.from + what.len - arrow) - 2};
        if (read_result(reader, &line, trim(result)) == -1)
            return -1;
    }
    if (schedule->line_count == LP_SCHEDULE_STEPS_MAX)
        return lp_schedule_fail(schedule, reader->line, 1, reader->err, "more than %d steps",
                                LP_SCHEDULE_STEPS_MAX);
    schedule->lines = lp_grow(schedule->lines, &schedule->line_cap, schedule->line_count + 1,
                              sizeof *schedule->lines);
    schedule->lines[schedule->line_count++] = line;
    return 0;
}

static bool is_number(struct span span)
{
    for (size_t i = 0; i < span.len; i++)
        if (span.from[i] < '0' || span.from[i] > '9')
            return false;
    return span.len > 0;
}

/* Keys come before the first step; behind it a name is an actor's. */
static int read_row(struct reader *reader)
{
    struct span row = reader->row;
    const char *colon = memchr(row.from, ':', row.len);
    if (!colon)
        return fail(reader, row.from, "expected 'KEY: VALUE' or 'WORKER: STEP => RESULT', not",
                    row);
    struct span before = trim((struct span){row.from, (size_t)(colon - row.from)});
    struct span behind = trim((struct span){colon + 1, (size_t)(row.from + row.len - colon) - 1});
    if (!before.len)
        return fail(reader, row.from, "nothing before the colon of", row);
    if (is_number(before) || is(before, "fault") || is(before, LP_SCHEDULE_TIME) ||
        reader->schedule->line_count)
        return read_step(reader, before, behind);
    return read_key(reader, before, behind);
}

static int read_all(struct reader *reader)
{
    struct lp_schedule *schedule = reader->schedule;
    if (memchr(reader->text.from, '\0', reader->text.len))
        return lp_err_set(reader->err, LP_ERR_USAGE, "%s: not a text file", schedule->file);
    if (!next_row(reader) || !is(reader->row, LP_SCHEDULE_HEAD))
        return lp_schedule_fail(schedule, reader->line ? reader->line : 1, 1, reader->err,
                                "expected '" LP_SCHEDULE_HEAD "' as the first line");
    while (next_row(reader))
        if (read_row(reader) == -1)
            return -1;
    const struct lp_schedule_key *scenario = lp_schedule_find(schedule, "scenario");
    const struct lp_schedule_key *program = lp_schedule_find(schedule, "program");
    if (!scenario && !program)
        return lp_schedule_fail(schedule, reader->line, 1, reader->err,
                                "neither 'scenario: NAME' nor 'program: COMMAND' says what is to "
                                "be replayed");
    if (scenario && program)
        return lp_schedule_fail(schedule, program->line, program->column, reader->err,
                                "both 'scenario' and 'program' are given, expected one");
    return 0;
}

int lp_schedule_parse(struct lp_schedule *schedule, const char *text, size_t len, const char *file,
                      struct lp_err *err)
{
    *schedule = (struct lp_schedule){.file = file};
    lp_arena_init(&schedule->arena);
    struct reader reader = {.schedule = schedule, .err = err, .text = {text, len}};
    int result = len > SIZE_MAX_BYTES ? lp_err_set(err, LP_ERR_USAGE, "%s: too large", file)
                                      : read_all(&reader);
    if (result == -1)
        lp_schedule_release(schedule);
    return result;
}

void lp_schedule_release(struct lp_schedule *schedule)
{
    free(schedule->keys);
    free(schedule->lines);
    lp_arena_release(&schedule->arena);
    *schedule = (struct lp_schedule){0};
}

const struct lp_schedule_key *lp_schedule_find(const struct lp_schedule *schedule, const char *name)
{
    for (size_t i = 0; i < schedule->key_count; i++)
        if (strcmp(schedule->keys[i].name, name) == 0)
            return &schedule->keys[i];
    return NULL;
}

int lp_schedule_allow(const struct lp_schedule *schedule, const char *const *names,
                      struct lp_err *err)
{
    size_t count = 0;
    while (names[count])
        count++;
    for (size_t i = 0; i < schedule->key_count; i++) {
        const struct lp_schedule_key *key = &schedule->keys[i];
        bool known = false;
        for (size_t k = 0; k < count && !known; k++)
            known = strcmp(names[k], key->name) == 0;
        if (known)
            continue;
        const char *nearest = lp_nearest(key->name, names, count, sizeof *names);
        return lp_schedule_fail(schedule, key->line, 1, err, "unknown key '%.*s'%s%s%s", SHOWN_MAX,
                                key->name, nearest ? ", did you mean '" : "",
                                nearest ? nearest : "", nearest ? "'?" : "");
    }
    return 0;
}
