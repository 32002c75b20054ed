/* SPDX-License-Identifier: MIT */
/* Rows as maps (EDN, JSON) and as lines of text. */
#include "history/rows.h"

#include <string.h>

/* ---- which notation ---- */

static const char *skip_blank(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r' || *at == ','))
        at++;
    return at;
}

/* What follows the brace of the first row: a quoted name and a colon is JSON. */
static enum lp_notation notation_of_map(const char *at, const char *end)
{
    at = skip_blank(at, end);
    if (at == end || *at != '"')
        return LP_NOTATION_EDN;
    const char *quote = memchr(at + 1, '"', (size_t)(end - at - 1));
    if (!quote)
        return LP_NOTATION_JSON;
    at = skip_blank(quote + 1, end);
    return at == end || *at == ':' ? LP_NOTATION_JSON : LP_NOTATION_EDN;
}

static enum lp_notation notation_of(const char *at, const char *end)
{
    at = skip_blank(at, end);
    if (at == end)
        return LP_NOTATION_LINES;
    if (*at == '{')
        return notation_of_map(at + 1, end);
    if (*at == ';' || *at == '#' || *at == '(')
        return LP_NOTATION_EDN;
    if (*at != '[')
        return LP_NOTATION_LINES;
    at = skip_blank(at + 1, end);
    if (at < end && *at == '{')
        return notation_of_map(at + 1, end);
    /* "[2019-04-17 17:38:16,855] ..." begins a line of a log. */
    return at == end || !strchr("])};#", *at) ? LP_NOTATION_LINES : LP_NOTATION_EDN;
}

void lp_rows_init(struct lp_rows *rows, const char *name, const char *bytes, size_t size,
                  const char *key_field, struct lp_err *err)
{
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, as some editors write it */
    size_t skip = size >= 3 && memcmp(bytes, mark, 3) == 0 ? 3 : 0;
    *rows = (struct lp_rows){
        .scan = {.name = name, .begin = bytes, .at = bytes + skip, .end = bytes + size, .err = err},
        .key_field = key_field ? key_field : "key",
        .line_at = bytes,
        .line = 1,
    };
    rows->key_len = strlen(rows->key_field);
    rows->notation = notation_of(bytes + skip, bytes + size);
    rows->scan.json = rows->notation == LP_NOTATION_JSON;
}

static void count_lines(struct lp_rows *rows, const char *at)
{
    const char *from = rows->line_at;
    while (from < at && (from = memchr(from, '\n', (size_t)(at - from)))) {
        rows->line++;
        from++;
    }
    rows->line_at = at;
}

/* ---- a row as a map ---- */

static bool is(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

static struct lp_form *field_of(const struct lp_rows *rows, struct lp_row *row,
                                struct lp_form *type, const struct lp_form *name)
{
    const char *text;
    size_t len;
    lp_form_word(name, &text, &len);
    if (len == rows->key_len && memcmp(text, rows->key_field, len) == 0)
        return &row->key;
    switch (len) {
    case 1:
        return *text == 'f' ? &row->f : NULL;
    case 4:
        return is(text, len, "type") ? type : is(text, len, "time") ? &row->time : NULL;
    case 5:
        return is(text, len, "value")   ? &row->value
               : is(text, len, "index") ? &row->index
               : is(text, len, "error") ? &row->error
               : is(text, len, "token") ? &row->token
                                        : NULL;
    case 7:
        return is(text, len, "process") ? &row->process : NULL;
    case 8:
        return is(text, len, "lease-ns") || is(text, len, "lease_ns") ? &row->lease_ns : NULL;
    case sizeof LP_ROW_OWNER - 1:
        return is(text, len, LP_ROW_OWNER) ? &row->owner : NULL;
    default:
        return NULL;
    }
}

static bool type_of(const char *text, size_t len, enum lp_row_type *type)
{
    static const char *const names[] = {
        [LP_ROW_INVOKE] = "invoke",
        [LP_ROW_OK] = "ok",
        [LP_ROW_FAIL] = "fail",
        [LP_ROW_INFO] = "info",
    };
    for (size_t i = 0; i < LP_ARRAY_LEN(names); i++)
        if (is(text, len, names[i])) {
            *type = (enum lp_row_type)i;
            return true;
        }
    return false;
}

static int take_type(struct lp_rows *rows, struct lp_row *row, const struct lp_form *form)
{
    const char *text;
    size_t len;
    if (form->kind == LP_FORM_NONE)
        return lp_scan_error(&rows->scan, row->at,
                             "a row without a type; expected invoke, ok, fail or info");
    lp_form_word(form, &text, &len);
    if (type_of(text, len, &row->type))
        return 1;
    int shown = form->end - form->begin > 40 ? 40 : (int)(form->end - form->begin);
    return lp_scan_error(&rows->scan, form->begin,
                         "expected the type invoke, ok, fail or info, not '%.*s'", shown,
                         form->begin);
}

static int expect_colon(struct lp_rows *rows)
{
    struct lp_scan *scan = &rows->scan;
    const char *at = skip_blank(scan->at, scan->end);
    if (at == scan->end)
        return 0;
    if (*at != ':')
        return lp_scan_error(scan, at, "expected ':' after a name");
    scan->at = at + 1;
    return 0;
}

/* In JSON what follows an element is a comma or the bracket that closes. */
static int expect_comma(struct lp_rows *rows, char closer)
{
    struct lp_scan *scan = &rows->scan;
    const char *at = scan->at;
    while (at < scan->end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
        at++;
    if (at < scan->end && *at != ',' && *at != closer)
        return lp_scan_error(scan, at, "expected ',' or '%c' after a value", closer);
    return 0;
}

static int take_entry(struct lp_rows *rows, struct lp_row *row, struct lp_form *type)
{
    struct lp_scan *scan = &rows->scan;
    struct lp_form name, value;
    const char *from = scan->at;
    int taken = lp_scan_form(scan, &name);
    if (taken != 1)
        return taken;
    if (scan->json && name.kind != LP_FORM_STRING)
        return lp_scan_error(scan, name.begin, "expected a name in quotes");
    if (scan->json && expect_colon(rows) == -1)
        return -1;
    from = scan->at;
    taken = lp_scan_form(scan, &value);
    if (taken == 0 && scan->at < scan->end)
        return lp_scan_error(scan, scan->at, "expected a value after '%.*s'",
                             name.end - name.begin > 40 ? 40 : (int)(name.end - name.begin),
                             name.begin);
    if (taken == 0)
        return lp_scan_short(scan, from, "row");
    if (taken == -1)
        return -1;
    struct lp_form *field = field_of(rows, row, type, &name);
    if (field)
        *field = value;
    return scan->json && expect_comma(rows, '}') == -1 ? -1 : 1;
}

/* `*scan->at` is the opening brace. */
static int take_map(struct lp_rows *rows, struct lp_row *row)
{
    struct lp_scan *scan = &rows->scan;
    struct lp_form type = {.kind = LP_FORM_NONE};
    *row = (struct lp_row){.at = scan->at++};
    int taken;
    while ((taken = take_entry(rows, row, &type)) == 1) {
    }
    if (taken == -1)
        return -1;
    if (scan->at == scan->end)
        return lp_scan_short(scan, row->at, "row");
    if (*scan->at != '}')
        return lp_scan_error(scan, scan->at, "expected '}' to close the row, not '%c'", *scan->at);
    scan->at++;
    count_lines(rows, row->at);
    row->line = rows->line;
    return take_type(rows, row, &type);
}

/* A record's or a namespace's tag before the brace of a row. */
static int pass_tag(struct lp_scan *scan)
{
    const char *from = scan->at;
    while (scan->at < scan->end && !strchr(" \t\r\n,{}[]()\";", *scan->at))
        scan->at++;
    int more = lp_scan_blanks(scan);
    return more == 0 ? lp_scan_short(scan, from, "row") : more;
}

static int end_of_rows(struct lp_rows *rows)
{
    rows->truncated = rows->closer && !rows->closed;
    return 0;
}

static int open_rows(struct lp_rows *rows)
{
    struct lp_scan *scan = &rows->scan;
    if (rows->count > 0 || rows->closer || (*scan->at != '[' && *scan->at != '('))
        return 1;
    rows->closer = *scan->at == '[' ? ']' : ')';
    scan->at++;
    return lp_scan_blanks(scan);
}

static int next_map(struct lp_rows *rows, struct lp_row *row)
{
    struct lp_scan *scan = &rows->scan;
    int more = lp_scan_blanks(scan);
    if (more == 1)
        more = open_rows(rows);
    if (more == 1 && rows->closed)
        return lp_scan_error(scan, scan->at, "expected the end of the file after '%c'",
                             rows->closer);
    if (more == 1 && rows->closer && *scan->at == rows->closer) {
        rows->closed = true;
        scan->at++;
        return next_map(rows, row);
    }
    if (more == 1 && *scan->at == '#' && !scan->json)
        more = pass_tag(scan);
    if (more == 0)
        return end_of_rows(rows);
    if (more == -1)
        return -1;
    if (*scan->at != '{')
        return lp_scan_error(scan, scan->at, "expected a row such as %s, not '%c'",
                             scan->json ? "{\"type\": \"invoke\", ...}" : "{:type :invoke, ...}",
                             *scan->at);
    more = take_map(rows, row);
    if (more == 1 && scan->json && rows->closer && expect_comma(rows, rows->closer) == -1)
        return -1;
    return more;
}

/* ---- a row as a line ---- */

struct word {
    const char *begin, *end;
};

static bool next_word(const char *at, const char *end, struct word *word)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
        at++;
    word->begin = at;
    while (at < end && *at != ' ' && *at != '\t' && *at != '\r')
        at++;
    word->end = at;
    return word->begin < word->end;
}

static bool is_process(const struct word *word, struct lp_form *form)
{
    struct lp_scan scan = {.begin = word->begin, .at = word->begin, .end = word->end};
    struct lp_err ignored = {0};
    scan.err = &ignored;
    if (word->begin == word->end || lp_scan_form(&scan, form) != 1 || scan.at != word->end)
        return false;
    return form->kind == LP_FORM_INTEGER || lp_form_is(form, "nemesis");
}

/* "timed-out" and the like stand where the value would. */
static void sort_out_error(struct lp_row *row)
{
    if ((row->type == LP_ROW_FAIL || row->type == LP_ROW_INFO) && row->value.kind == LP_FORM_WORD &&
        row->value.begin[0] == ':') {
        row->error = row->value;
        row->value = (struct lp_form){.kind = LP_FORM_NONE};
    }
}

/* 1: a row; 0: another line of the log; -1: the row's forms are wrong. */
static int take_line(struct lp_rows *rows, const char *begin, const char *end, struct lp_row *row)
{
    struct word before = {begin, begin}, word;
    const char *at = begin;
    *row = (struct lp_row){.line = rows->line};
    for (;; before = word, at = word.end) {
        if (!next_word(at, end, &word))
            return 0;
        if (*word.begin == ':' &&
            type_of(word.begin + 1, (size_t)(word.end - word.begin - 1), &row->type) &&
            is_process(&before, &row->process))
            break;
    }
    row->at = before.begin;
    struct lp_scan inside = rows->scan;
    inside.at = word.end;
    inside.end = end;
    int taken = lp_scan_form(&inside, &row->f);
    if (taken == 1)
        taken = lp_scan_form(&inside, &row->value);
    if (taken == 1)
        taken = lp_scan_form(&inside, &row->error);
    rows->scan.ran_out = inside.ran_out;
    if (row->f.kind == LP_FORM_NONE && taken != -1)
        return lp_scan_error(&rows->scan, word.begin, "expected an operation after '%.*s'",
                             (int)(word.end - word.begin), word.begin);
    sort_out_error(row);
    return taken == -1 ? -1 : 1;
}

static int next_line(struct lp_rows *rows, struct lp_row *row)
{
    struct lp_scan *scan = &rows->scan;
    while (scan->at < scan->end) {
        const char *begin = scan->at;
        const char *end = memchr(begin, '\n', (size_t)(scan->end - begin));
        scan->at = end ? end + 1 : scan->end;
        int taken = take_line(rows, begin, end ? end : scan->end, row);
        if (taken == -1 && !end) {
            scan->ran_out = true; /* cut in the middle of its last line */
            return -1;
        }
        if (taken == -1 && scan->ran_out)
            return lp_scan_error(scan, begin, "the line ends inside of a value");
        rows->line++;
        if (taken != 0)
            return taken;
    }
    if (rows->count == 0 && skip_blank(scan->begin, scan->end) < scan->end)
        return lp_scan_error(scan, scan->begin,
                             "expected a history: rows in EDN or JSON, lines such as "
                             "\"0 :invoke :read nil\", or a run folder of lockproof");
    return 0;
}

int lp_rows_next(struct lp_rows *rows, struct lp_row *row)
{
    int taken = rows->notation == LP_NOTATION_LINES ? next_line(rows, row) : next_map(rows, row);
    if (taken == -1 && rows->scan.ran_out) {
        /* The row that was being written is lost, like all behind it. */
        rows->truncated = true;
        rows->scan.at = rows->scan.end;
        return 0;
    }
    rows->count += taken == 1;
    return taken;
}
