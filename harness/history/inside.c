/* SPDX-License-Identifier: MIT */
/*
 * Forms opened: elements, entries, words, and the canonical text by which values are compared.
 */
#include "history/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lp_scan lp_form_open(const struct lp_scan *scan, const struct lp_form *form)
{
    struct lp_scan inside = *scan;
    inside.at = form->begin + (form->kind == LP_FORM_SET ? 2 : 1);
    inside.end = form->end - 1;
    return inside;
}

/* The next form inside of a composite. JSON's colons have been seen to. */
static bool take_inside(struct lp_scan *scan, struct lp_form *form)
{
    while (scan->json && lp_scan_blanks(scan) == 1 && *scan->at == ':')
        scan->at++;
    return lp_scan_form(scan, form) == 1;
}

size_t lp_form_elements(const struct lp_scan *scan, const struct lp_form *form,
                        struct lp_form *elements, size_t max)
{
    struct lp_scan inside = lp_form_open(scan, form);
    struct lp_form element;
    size_t count = 0;
    while (count <= max && take_inside(&inside, &element)) {
        if (count < max)
            elements[count] = element;
        count++;
    }
    return count;
}

struct lp_form lp_form_get(const struct lp_scan *scan, const struct lp_form *form, const char *key)
{
    struct lp_form name, value, none = {.kind = LP_FORM_NONE};
    if (form->kind != LP_FORM_MAP)
        return none;
    struct lp_scan inside = lp_form_open(scan, form);
    while (take_inside(&inside, &name) && take_inside(&inside, &value))
        if (lp_form_is(&name, key))
            return value;
    return none;
}

void lp_form_word(const struct lp_form *form, const char **text, size_t *len)
{
    const char *begin = form->begin, *end = form->end;
    *text = "";
    *len = 0;
    if (form->kind == LP_FORM_STRING)
        begin++, end--;
    else if (form->kind != LP_FORM_WORD)
        return;
    if (begin < end && *begin == ':')
        begin++;
    *text = begin;
    *len = (size_t)(end - begin);
}

bool lp_form_is(const struct lp_form *form, const char *word)
{
    const char *text;
    size_t len, want = strlen(word);
    lp_form_word(form, &text, &len);
    return len == want && memcmp(text, word, len) == 0;
}

/* ---- the canonical text ---- */

static void add_code_point(struct lp_str *out, uint32_t code)
{
    char bytes[4];
    size_t len;
    if (code < 0x80) {
        bytes[0] = (char)code;
        len = 1;
    } else if (code < 0x800) {
        bytes[0] = (char)(0xc0 | code >> 6);
        bytes[1] = (char)(0x80 | (code & 0x3f));
        len = 2;
    } else if (code < 0x10000) {
        bytes[0] = (char)(0xe0 | code >> 12);
        bytes[1] = (char)(0x80 | (code >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (code & 0x3f));
        len = 3;
    } else {
        bytes[0] = (char)(0xf0 | code >> 18);
        bytes[1] = (char)(0x80 | (code >> 12 & 0x3f));
        bytes[2] = (char)(0x80 | (code >> 6 & 0x3f));
        bytes[3] = (char)(0x80 | (code & 0x3f));
        len = 4;
    }
    lp_str_add_bytes(out, bytes, len);
}

static bool hex4(const char *at, const char *end, uint32_t *code)
{
    *code = 0;
    if (end - at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char byte = at[i];
        uint32_t digit = byte >= '0' && byte <= '9'   ? (uint32_t)(byte - '0')
                         : byte >= 'a' && byte <= 'f' ? (uint32_t)(byte - 'a' + 10)
                         : byte >= 'A' && byte <= 'F' ? (uint32_t)(byte - 'A' + 10)
                                                      : 16;
        if (digit == 16)
            return false;
        *code = *code << 4 | digit;
    }
    return true;
}

/* The escape behind a backslash at `at`; returns how many bytes of it were used. What no notation
   knows stays as it is. */
static size_t add_escape(struct lp_str *out, const char *at, const char *end)
{
    static const char from[] = "ntrbf\"\\/", to[] = "\n\t\r\b\f\"\\/";
    uint32_t code, low;
    const char *known = strchr(from, *at);
    if (*at && known) {
        lp_str_add_bytes(out, &to[known - from], 1);
        return 1;
    }
    if (*at != 'u' || !hex4(at + 1, end, &code) || (code & 0xfc00) == 0xdc00) {
        lp_str_add_bytes(out, "\\", 1);
        return 0;
    }
    if ((code & 0xfc00) != 0xd800) {
        add_code_point(out, code);
        return 5;
    }
    if (end - at < 11 || at[5] != '\\' || at[6] != 'u' || !hex4(at + 7, end, &low) ||
        (low & 0xfc00) != 0xdc00) {
        lp_str_add_bytes(out, "\\", 1);
        return 0;
    }
    add_code_point(out, 0x10000 + ((code & 0x3ff) << 10 | (low & 0x3ff)));
    return 11;
}

static void add_decoded(struct lp_str *out, const char *at, const char *end)
{
    while (at < end) {
        if (*at == '\\' && end - at > 1) {
            at++;
            at += add_escape(out, at, end);
        } else {
            lp_str_add_bytes(out, at++, 1);
        }
    }
}

/* One way of writing each byte: as it is, unless it would end the string or the line. */
static void add_string(struct lp_str *out, const struct lp_form *form)
{
    struct lp_str plain;
    lp_str_init(&plain);
    add_decoded(&plain, form->begin + 1, form->end - 1);
    lp_str_add(out, "\"");
    for (size_t i = 0; i < plain.len; i++) {
        unsigned char byte = (unsigned char)plain.ptr[i];
        if (byte == '"' || byte == '\\')
            lp_str_addf(out, "\\%c", byte);
        else if (byte == '\n' || byte == '\t' || byte == '\r')
            lp_str_addf(out, "\\%c", byte == '\n' ? 'n' : byte == '\t' ? 't' : 'r');
        else if (byte < ' ' || byte == 0x7f)
            lp_str_addf(out, "\\u%04x", byte);
        else
            lp_str_add_bytes(out, &plain.ptr[i], 1);
    }
    lp_str_add(out, "\"");
    lp_str_release(&plain);
}

struct entries {
    char **text;
    size_t count, cap;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* An entry is one element, or two with a blank between. */
static void add_sorted(struct lp_scan *inside, size_t forms_each, struct lp_str *out)
{
    struct entries entries = {0};
    struct lp_str entry;
    struct lp_form form;
    lp_str_init(&entry);
    bool more = take_inside(inside, &form);
    for (size_t i = 1; more; i++) {
        lp_str_add(&entry, entry.len > 0 ? " " : "");
        lp_form_canonical(inside, &form, &entry);
        more = take_inside(inside, &form);
        if (i % forms_each != 0 && more)
            continue; /* a last one without its second is an entry, too */
        entries.text = lp_grow(entries.text, &entries.cap, entries.count + 1, sizeof *entries.text);
        entries.text[entries.count++] = lp_str_detach(&entry);
    }
    if (entries.count > 0)
        qsort(entries.text, entries.count, sizeof *entries.text, by_text);
    for (size_t i = 0; i < entries.count; i++) {
        lp_str_addf(out, "%s%s", i > 0 ? " " : "", entries.text[i]);
        free(entries.text[i]);
    }
    free(entries.text);
    lp_str_release(&entry);
}

static void add_elements(struct lp_scan *inside, struct lp_str *out)
{
    struct lp_form form;
    for (bool first = true; take_inside(inside, &form); first = false) {
        lp_str_add(out, first ? "" : " ");
        lp_form_canonical(inside, &form, out);
    }
}

/* The tags as they are, then what they are on. */
static void add_tagged(const struct lp_scan *scan, const struct lp_form *form, struct lp_str *out)
{
    struct lp_scan inside = *scan;
    struct lp_form tag = {.kind = LP_FORM_NONE}, value;
    inside.at = form->begin;
    inside.end = form->end;
    while (inside.at < inside.end && *inside.at == '#') {
        const char *from = inside.at++;
        if (inside.at < inside.end && (*inside.at == '{' || *inside.at == '"')) {
            inside.at -= *inside.at == '{';
            lp_str_add(out, *inside.at == '"' ? "#" : "");
            break;
        }
        tag.begin = from;
        while (inside.at < inside.end && !strchr(" \t\n\r\f\v,()[]{}\";", *inside.at))
            inside.at++;
        lp_str_add_bytes(out, tag.begin, (size_t)(inside.at - tag.begin));
        lp_str_add(out, " ");
        if (lp_scan_blanks(&inside) != 1)
            return;
    }
    if (lp_scan_form(&inside, &value) == 1 && value.begin != form->begin)
        lp_form_canonical(&inside, &value, out);
}

static void add_word(const struct lp_form *form, struct lp_str *out)
{
    char digits[64], *stop;
    size_t len = (size_t)(form->end - form->begin);
    bool number = (*form->begin >= '0' && *form->begin <= '9') ||
                  (len > 1 && (*form->begin == '-' || *form->begin == '+') &&
                   form->begin[1] >= '0' && form->begin[1] <= '9');
    if (number && len < sizeof digits && memchr(form->begin, '.', len)) {
        memcpy(digits, form->begin, len);
        digits[len] = '\0';
        double real = strtod(digits, &stop);
        if (*stop == '\0') {
            lp_str_addf(out, "%.17g", real);
            return;
        }
    }
    /* A character that no text can hold by itself. */
    if (*form->begin == '\\' && len > 1 && (unsigned char)form->begin[1] < ' ') {
        lp_str_addf(out, "\\u%04x", (unsigned char)form->begin[1]);
        lp_str_add_bytes(out, form->begin + 2, len - 2);
        return;
    }
    lp_str_add_bytes(out, form->begin, len);
}

void lp_form_canonical(const struct lp_scan *scan, const struct lp_form *form, struct lp_str *out)
{
    struct lp_scan inside;
    switch (form->kind) {
    case LP_FORM_NONE:
        return;
    case LP_FORM_NIL:
        lp_str_add(out, "nil");
        return;
    case LP_FORM_INTEGER:
        lp_str_addf(out, "%lld", (long long)form->integer);
        return;
    case LP_FORM_WORD:
        add_word(form, out);
        return;
    case LP_FORM_STRING:
        add_string(out, form);
        return;
    case LP_FORM_TAGGED:
        add_tagged(scan, form, out);
        return;
    case LP_FORM_SEQUENCE:
    case LP_FORM_MAP:
    case LP_FORM_SET:
        break;
    }
    inside = lp_form_open(scan, form);
    lp_str_add(out, form->kind == LP_FORM_SEQUENCE ? "[" : form->kind == LP_FORM_SET ? "#{" : "{");
    if (form->kind == LP_FORM_SEQUENCE)
        add_elements(&inside, out);
    else
        add_sorted(&inside, form->kind == LP_FORM_MAP ? 2 : 1, out);
    lp_str_add(out, form->kind == LP_FORM_SEQUENCE ? "]" : "}");
}
