/* SPDX-License-Identifier: MIT */
/*
 * How mistakes are told: `FILE:LINE:COL: what is wrong, what was expected`, the form that editors
 * and CI logs make clickable. What comes from the file is shortened and cleaned, so that no
 * scenario can push the position out of the message or write escape sequences to a terminal.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/str.h"
#include "scenario/parse.h"

enum { FILE_SHOWN_MAX = 160 };

int lp_parse_fail(struct lp_parse *parse, struct lp_mark mark, const char *fmt, ...)
{
    const char *file = parse->scenario->file;
    const size_t len = strlen(file);
    const bool shortened = len > FILE_SHOWN_MAX;
    struct lp_str text;
    va_list args;

    lp_str_init(&text);
    va_start(args, fmt);
    lp_str_vaddf(&text, fmt, args);
    va_end(args);
    /* Of a long path the end tells more. */
    lp_err_set(parse->err, LP_ERR_USAGE, "%s%s:%u:%u: %s", shortened ? "..." : "",
               shortened ? file + len - FILE_SHOWN_MAX : file, mark.line, mark.column, text.ptr);
    lp_str_release(&text);
    return -1;
}

struct lp_mark lp_mark_of(const yaml_node_t *node)
{
    return (struct lp_mark){
        .line = (unsigned)node->start_mark.line + 1,
        .column = (unsigned)node->start_mark.column + 1,
    };
}

const char *lp_kind_name(const yaml_node_t *node)
{
    switch (node->type) {
    case YAML_NO_NODE:
        return "nothing";
    case YAML_SCALAR_NODE:
        return node->data.scalar.length ? "a text" : "empty";
    case YAML_SEQUENCE_NODE:
        return "a list";
    case YAML_MAPPING_NODE:
        return "a mapping";
    }
    return "nothing";
}

struct lp_quoted lp_quote(const char *text)
{
    enum { SHOWN_MAX = 60 };
    struct lp_quoted quoted = {""};
    char *to = quoted.text;
    size_t i = 0;

    *to++ = '`';
    for (; i < SHOWN_MAX && text[i]; i++) {
        const unsigned char c = (unsigned char)text[i];
        *to++ = c < 0x20 || c == 0x7f ? '?' : text[i];
    }
    if (text[i]) {
        /* Not in the middle of a UTF-8 character. */
        for (; i > 0 && ((unsigned char)text[i] & 0xc0) == 0x80; i--)
            to--;
        to = stpcpy(to, "...");
    }
    memcpy(to, "`", sizeof "`");
    return quoted;
}

struct lp_hint lp_hint(const char *word, const void *names, size_t count, size_t stride)
{
    struct lp_hint hint = {""};
    const char *near = lp_nearest(word, names, count, stride);

    if (near) {
        snprintf(hint.text, sizeof(hint.text), ", did you mean `%s`?", near);
        return hint;
    }
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = *(const char *const *)(const void *)((const char *)names + i * stride);
        const char *before = i ? ", " : count > 1 ? ", expected one of " : ", expected ";
        if (used + strlen(before) + strlen(name) + sizeof(", ...") > sizeof(hint.text)) {
            memcpy(hint.text + used, ", ...", sizeof ", ...");
            break;
        }
        used += (size_t)snprintf(hint.text + used, sizeof(hint.text) - used, "%s%s", before, name);
    }
    return hint;
}
