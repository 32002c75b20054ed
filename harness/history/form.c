/* SPDX-License-Identifier: MIT */
/*
 * Scanning forms. What is inside a composite is passed over with a stack of the brackets that are
 * open, not by recursion: no input can exhaust the stack. It is held against the notation's rules
 * on that way, so that opening it later cannot fail.
 */
#include "history/form.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- places and errors ---- */

size_t lp_scan_line(const struct lp_scan *scan, const char *at)
{
    size_t line = 1;
    for (const char *from = scan->begin; from < at; from++, line++) {
        from = memchr(from, '\n', (size_t)(at - from));
        if (!from)
            break;
    }
    return line;
}

static size_t column_of(const struct lp_scan *scan, const char *at)
{
    const char *from = at;
    while (from > scan->begin && from[-1] != '\n')
        from--;
    return (size_t)(at - from) + 1;
}

int lp_scan_error(struct lp_scan *scan, const char *at, const char *fmt, ...)
{
    char text[384];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    scan->ran_out = false;
    return lp_err_set(scan->err, LP_ERR_USAGE, "%s:%zu:%zu: %s", scan->name, lp_scan_line(scan, at),
                      column_of(scan, at), text);
}

int lp_scan_short(struct lp_scan *scan, const char *at, const char *what)
{
    lp_scan_error(scan, at, "the file ends inside the %s that begins here", what);
    scan->ran_out = true;
    return -1;
}

static int unexpected(struct lp_scan *scan, const char *expected)
{
    unsigned char byte = (unsigned char)*scan->at;
    if (byte > ' ' && byte < 0x7f)
        return lp_scan_error(scan, scan->at, "expected %s, not '%c'", expected, byte);
    return lp_scan_error(scan, scan->at, "expected %s, not byte 0x%02x", expected, byte);
}

/* ---- letters ---- */

enum { PLAIN = 0, BLANK, BREAK, BAD };

/* PLAIN: part of a word; BREAK: ends one and begins something else; BAD: no byte of a text. */
static const unsigned char classes[256] = {
    [0] = BAD,      [1] = BAD,      [2] = BAD,      [3] = BAD,      [4] = BAD,     [5] = BAD,
    [6] = BAD,      [7] = BAD,      [8] = BAD,      [14] = BAD,     [15] = BAD,    [16] = BAD,
    [17] = BAD,     [18] = BAD,     [19] = BAD,     [20] = BAD,     [21] = BAD,    [22] = BAD,
    [23] = BAD,     [24] = BAD,     [25] = BAD,     [26] = BAD,     [27] = BAD,    [28] = BAD,
    [29] = BAD,     [30] = BAD,     [31] = BAD,     [127] = BAD,    [' '] = BLANK, ['\t'] = BLANK,
    ['\n'] = BLANK, ['\r'] = BLANK, ['\f'] = BLANK, ['\v'] = BLANK, [','] = BLANK, ['('] = BREAK,
    [')'] = BREAK,  ['['] = BREAK,  [']'] = BREAK,  ['{'] = BREAK,  ['}'] = BREAK, ['"'] = BREAK,
    [';'] = BREAK,
};

static unsigned class_of(char byte)
{
    return classes[(unsigned char)byte];
}

int lp_scan_blanks(struct lp_scan *scan)
{
    struct lp_form discarded;
    for (;;) {
        const char *at = scan->at, *end = scan->end;
        while (at < end && class_of(*at) == BLANK)
            at++;
        scan->at = at;
        if (at == end)
            return 0;
        if (scan->json) {
            return 1;
        } else if (*scan->at == ';') {
            const char *line = memchr(scan->at, '\n', (size_t)(scan->end - scan->at));
            scan->at = line ? line + 1 : scan->end;
        } else if (*scan->at == '#' && scan->end - scan->at > 1 && scan->at[1] == '_') {
            const char *from = scan->at;
            if (scan->depth == LP_FORM_DEPTH_MAX)
                return lp_scan_error(scan, from, "nested deeper than %d", LP_FORM_DEPTH_MAX);
            scan->at += 2;
            scan->depth++;
            int taken = lp_scan_form(scan, &discarded);
            scan->depth--;
            if (taken == 0 && scan->at < scan->end)
                return unexpected(scan, "a form to discard");
            if (taken == 0)
                return lp_scan_short(scan, from, "#_");
            if (taken == -1)
                return -1;
        } else {
            return 1;
        }
    }
}

/* ---- words and strings ---- */

/* `*scan->at` is the first quote; leaves it behind the last. */
static int pass_string(struct lp_scan *scan)
{
    const char *from = scan->at++;
    for (;;) {
        const char *quote = memchr(scan->at, '"', (size_t)(scan->end - scan->at));
        const char *stop = quote ? quote : scan->end;
        const char *escape = memchr(scan->at, '\\', (size_t)(stop - scan->at));
        if (escape) {
            scan->at = escape + 2;
            if (scan->at <= scan->end)
                continue;
        } else if (quote) {
            scan->at = quote + 1;
            return 0;
        }
        scan->at = scan->end;
        return lp_scan_short(scan, from, "string");
    }
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* A whole number that fits. EDN allows a sign and a final N. */
static bool to_integer(const char *at, const char *end, int64_t *value)
{
    bool negative = at < end && *at == '-';
    uint64_t number = 0;
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (end - at > 1 && end[-1] == 'N')
        end--;
    if (at == end)
        return false;
    for (; at < end; at++) {
        unsigned digit = (unsigned)(*at - '0');
        if (digit > 9)
            return false;
        if (__builtin_mul_overflow(number, UINT64_C(10), &number) ||
            __builtin_add_overflow(number, (uint64_t)digit, &number))
            return false;
    }
    if (number > (uint64_t)INT64_MAX + negative)
        return false;
    *value = (int64_t)(negative ? 0 - number : number);
    return true;
}

static bool to_real(const char *at, const char *end, double *value)
{
    char digits[64];
    char *stop;
    size_t len = (size_t)(end - at);
    if (len >= sizeof digits || len == 0 ||
        !(is_digit(*at) || (len > 1 && (*at == '-' || *at == '+') && is_digit(at[1]))))
        return false;
    memcpy(digits, at, len);
    digits[len] = '\0';
    if (memchr(digits, 'x', len) || memchr(digits, 'X', len))
        return false;
    *value = strtod(digits, &stop);
    return *stop == '\0' || (*stop == 'M' && stop[1] == '\0');
}

/* JSON has one kind of number: 3.0 is 3. */
static void classify_json_number(struct lp_form *form)
{
    double real;
    if (to_real(form->begin, form->end, &real) && real >= -9e15 && real <= 9e15 &&
        real == (double)(int64_t)real) {
        form->kind = LP_FORM_INTEGER;
        form->integer = (int64_t)real;
    }
}

static bool same(const char *begin, const char *end, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(end - begin) == len && memcmp(begin, word, len) == 0;
}

/* Reading is mostly this loop. */
static void pass_word(struct lp_scan *scan)
{
    const char *at = scan->at, *end = scan->end;
    if (scan->json)
        while (at < end && class_of(*at) == PLAIN && *at != ':')
            at++;
    else
        while (at < end && class_of(*at) == PLAIN)
            at++;
    scan->at = at;
}

static int take_word(struct lp_scan *scan, struct lp_form *form)
{
    form->begin = scan->at;
    if (*scan->at == '\\' && !scan->json && scan->end - scan->at > 1)
        scan->at += 2; /* a character, which may be a bracket or a blank */
    pass_word(scan);
    form->end = scan->at;
    form->kind = LP_FORM_WORD;
    if (form->begin == form->end)
        return unexpected(scan, scan->json ? "a value" : "a form");
    if (*form->begin == ':')
        return 1; /* a keyword, what most words are */
    if (to_integer(form->begin, form->end, &form->integer))
        form->kind = LP_FORM_INTEGER;
    else if (same(form->begin, form->end, scan->json ? "null" : "nil"))
        form->kind = LP_FORM_NIL;
    else if (scan->json) {
        double real;
        classify_json_number(form);
        if (form->kind == LP_FORM_WORD && !same(form->begin, form->end, "true") &&
            !same(form->begin, form->end, "false") && !to_real(form->begin, form->end, &real)) {
            scan->at = form->begin;
            return lp_scan_error(scan, form->begin, "expected a value, not '%.*s'",
                                 (int)(form->end - form->begin > 40 ? 40 : form->end - form->begin),
                                 form->begin);
        }
    }
    return 1;
}

/* ---- composites ---- */

static char closer_of(char bracket)
{
    return bracket == '(' ? ')' : bracket == '[' ? ']' : '}';
}

struct nest {
    const char *opened[LP_FORM_DEPTH_MAX];
    size_t depth;
};

static int pass_bracket(struct lp_scan *scan, struct nest *nest)
{
    char byte = *scan->at;
    if (byte == '[' || byte == '{' || (byte == '(' && !scan->json)) {
        if (nest->depth == LP_FORM_DEPTH_MAX)
            return lp_scan_error(scan, scan->at, "nested deeper than %d", LP_FORM_DEPTH_MAX);
        nest->opened[nest->depth++] = scan->at++;
        return 0;
    }
    if (byte == '(' || byte == ')' ? scan->json : byte == ';')
        return unexpected(scan, "a value");
    const char *opened = nest->opened[nest->depth - 1];
    if (byte != closer_of(*opened))
        return lp_scan_error(scan, scan->at,
                             "expected '%c' to close the '%c' of line %zu, not '%c'",
                             closer_of(*opened), *opened, lp_scan_line(scan, opened), byte);
    nest->depth--;
    scan->at++;
    return 0;
}

/* `*scan->at` is a bracket; leaves it behind the one that closes it. */
static int pass_composite(struct lp_scan *scan)
{
    const char *from = scan->at;
    struct nest nest;
    struct lp_form word;
    nest.depth = 0; /* the rest is read after it was written only */
    do {
        int result = 0;
        if (scan->at == scan->end)
            return lp_scan_short(scan, from, *from == '{' ? "map" : "sequence");
        switch (class_of(*scan->at)) {
        case BLANK:
            scan->at++;
            break;
        case BREAK:
            if (*scan->at == '"')
                result = pass_string(scan);
            else if (*scan->at == ';' && !scan->json)
                result = lp_scan_blanks(scan) == -1 ? -1 : 0;
            else
                result = pass_bracket(scan, &nest);
            break;
        case PLAIN:
            if (scan->json && *scan->at == ':')
                scan->at++;
            else
                result = take_word(scan, &word) == -1 ? -1 : 0;
            break;
        default:
            result = unexpected(scan, "a text");
        }
        if (result == -1)
            return -1;
    } while (nest.depth > 0);
    return 0;
}

static int take_composite(struct lp_scan *scan, struct lp_form *form, enum lp_form_kind kind)
{
    form->kind = kind;
    if (pass_composite(scan) == -1)
        return -1;
    form->end = scan->at;
    return 1;
}

/* `#` and what follows it; at the end a form of any kind that is not a tag. */
static int take_tagged(struct lp_scan *scan, struct lp_form *form)
{
    const char *from = scan->at;
    for (;;) {
        const char *mark = scan->at;
        char next = scan->end - mark > 1 ? mark[1] : '\0';
        scan->at++;
        if (next == '{') {
            form->begin = from;
            return take_composite(scan, form, mark == from ? LP_FORM_SET : LP_FORM_TAGGED);
        }
        if (next == '#' || next == '\0' || next == '(') {
            scan->at = mark;
            return next == '#' ? take_word(scan, form)
                               : lp_scan_error(scan, mark, "expected a tag after '#'");
        }
        pass_word(scan);
        int more = lp_scan_blanks(scan);
        if (more == -1)
            return -1;
        if (more == 0)
            return lp_scan_short(scan, from, "tagged value");
        if (*scan->at != '#')
            break;
    }
    int taken = lp_scan_form(scan, form);
    if (taken == 0)
        return unexpected(scan, "a form after the tag");
    if (taken == 1 && form->kind != LP_FORM_MAP) {
        form->kind = LP_FORM_TAGGED;
        form->begin = from;
    }
    return taken;
}

int lp_scan_form(struct lp_scan *scan, struct lp_form *form)
{
    *form = (struct lp_form){.kind = LP_FORM_NONE};
    int more = lp_scan_blanks(scan);
    if (more != 1)
        return more;
    form->begin = scan->at;
    switch (*scan->at) {
    case '"':
        form->kind = LP_FORM_STRING;
        if (pass_string(scan) == -1)
            return -1;
        form->end = scan->at;
        return 1;
    case '[':
        return take_composite(scan, form, LP_FORM_SEQUENCE);
    case '{':
        return take_composite(scan, form, LP_FORM_MAP);
    case ']':
    case '}':
        return 0;
    case '(':
    case ')':
        if (scan->json)
            return unexpected(scan, "a value");
        return *scan->at == ')' ? 0 : take_composite(scan, form, LP_FORM_SEQUENCE);
    case '#':
        return scan->json ? unexpected(scan, "a value") : take_tagged(scan, form);
    default:
        return take_word(scan, form);
    }
}
