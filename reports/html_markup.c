/* SPDX-License-Identifier: MIT */
/* Escaping. */
#include "reports/html_markup.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reports/clean.h"

static void add_escaped(struct lp_str *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        switch (*c) {
        case '<':
            lp_str_add(out, "&lt;");
            break;
        case '>':
            lp_str_add(out, "&gt;");
            break;
        case '&':
            lp_str_add(out, "&amp;");
            break;
        case '"':
            lp_str_add(out, "&quot;");
            break;
        case '\'':
            lp_str_add(out, "&#39;");
            break;
        default:
            lp_str_add_bytes(out, c, 1);
        }
    }
}

void lp_html_text(struct lp_str *out, const char *text)
{
    struct lp_str line;
    lp_str_init(&line);
    lp_clean_line(&line, text);
    add_escaped(out, line.ptr);
    lp_str_release(&line);
}

void lp_html_lines(struct lp_str *out, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        struct lp_str line;
        lp_str_init(&line);
        lp_str_add_bytes(&line, text, len);
        lp_html_text(out, line.ptr);
        lp_str_release(&line);
        text += len;
        if (*text) {
            lp_str_add(out, "\n");
            text++;
        }
    }
}

void lp_html_base64(struct lp_str *out, const void *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = bytes;
    char quad[4];
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t word = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                        (left > 2 ? in[i + 2] : 0);
        quad[0] = digits[word >> 18];
        quad[1] = digits[word >> 12 & 63];
        quad[2] = left > 1 ? digits[word >> 6 & 63] : '=';
        quad[3] = left > 2 ? digits[word & 63] : '=';
        lp_str_add_bytes(out, quad, sizeof quad);
    }
}

void lp_html_bytes(struct lp_str *out, const char *id, const void *bytes, size_t len)
{
    lp_str_addf(out, "<script type=\"text/plain\" id=\"%s\">", id);
    lp_html_base64(out, bytes, len);
    lp_str_add(out, "</script>\n");
}

/* '<' can stand only inside a JSON text, where its number means the same. */
void lp_html_json(struct lp_str *out, const char *id, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
    if (!text)
        free(lp_alloc(SIZE_MAX, SIZE_MAX));
    lp_str_addf(out, "<script type=\"application/json\" id=\"%s\">", id);
    for (const char *c = text; c && *c;) {
        size_t len = strcspn(c, "<");
        lp_str_add_bytes(out, c, len);
        c += len;
        if (*c) {
            lp_str_add(out, "\\u003c");
            c++;
        }
    }
    lp_str_add(out, "</script>\n");
    free(text);
}

void lp_json_set(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0)
        free(lp_alloc(SIZE_MAX, SIZE_MAX));
}

void lp_json_append(json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        free(lp_alloc(SIZE_MAX, SIZE_MAX));
}

json_t *lp_json_text(const char *text)
{
    struct lp_str line;
    lp_str_init(&line);
    lp_clean_line(&line, text);
    json_t *value = json_stringn(line.ptr, line.len);
    lp_str_release(&line);
    return value;
}
