/* SPDX-License-Identifier: MIT */
/*
 * Decoding follows table 3-7 of the Unicode standard, "Well-Formed UTF-8 Byte Sequences". One
 * U+FFFD a bad byte, so that the length of the damage stays visible. The bidi controls are those of
 * "Trojan Source" (Boucher, Anderson 2021): a title must not be able to show another verdict than
 * it has.
 */
#include "reports/clean.h"

#include <stdbool.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

static const struct range {
    uint32_t first, last;
} unseen[] = {
    {0x061c, 0x061c}, /* Arabic letter mark */
    {0x200b, 0x200f}, /* zero width, direction marks */
    {0x2028, 0x202e}, /* line and paragraph separators, embeddings, overrides */
    {0x2060, 0x2069}, /* invisible operators, isolates */
    {0xfeff, 0xfeff}, /* byte order mark */
    {0xfff9, 0xfffb}, /* interlinear annotation */
    {0xfffe, 0xffff}, /* no characters; XML forbids them */
};

static bool is_unseen(uint32_t code)
{
    for (size_t i = 0; i < LP_ARRAY_LEN(unseen); i++)
        if (code >= unseen[i].first && code <= unseen[i].last)
            return true;
    return false;
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

size_t lp_utf8_decode(const char *text, size_t len, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)text[0];
    size_t size;
    uint32_t value;

    if (first < 0x80) {
        *code = first;
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        size = 2;
        value = first & 0x1fu;
    } else if ((first & 0xf0) == 0xe0) {
        size = 3;
        value = first & 0x0fu;
    } else if (first >= 0xf0 && first <= 0xf4) {
        size = 4;
        value = first & 0x07u;
    } else {
        return 0;
    }
    if (size > len)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if (!is_continuation(text[i]))
            return 0;
        value = value << 6 | ((unsigned char)text[i] & 0x3fu);
    }
    if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *code = value;
    return size;
}

static void add_clean(struct lp_str *out, const char *text, size_t len, bool one_line)
{
    while (len > 0) {
        uint32_t code;
        size_t size = lp_utf8_decode(text, len, &code);

        if (size == 0) {
            lp_str_add(out, REPLACEMENT);
            size = 1;
        } else if (!one_line) {
            lp_str_add_bytes(out, text, size);
        } else if (code == '\n' || code == '\r' || code == '\t') {
            lp_str_add(out, " ");
        } else if (code < 0x20 || (code >= 0x7f && code < 0xa0)) {
            lp_str_addf(out, "\\x%02x", code);
        } else if (is_unseen(code)) {
            lp_str_addf(out, "\\u%04x", code);
        } else {
            lp_str_add_bytes(out, text, size);
        }
        text += size;
        len -= size;
    }
}

void lp_clean_utf8(struct lp_str *out, const char *text)
{
    add_clean(out, text, strlen(text), false);
}

void lp_clean_line(struct lp_str *out, const char *text)
{
    add_clean(out, text, strlen(text), true);
}

void lp_clean_field(struct lp_str *out, const char *text, size_t size)
{
    add_clean(out, text, strnlen(text, size), true);
}

size_t lp_columns(const char *text)
{
    size_t columns = 0;

    for (; *text; text++)
        columns += !is_continuation(*text);
    return columns;
}
