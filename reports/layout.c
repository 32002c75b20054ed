/* SPDX-License-Identifier: MIT */
/* The colours are the eight of ECMA-48 (SGR), which every terminal's theme keeps readable. */
#include "reports/layout.h"

#include <string.h>
#include "reports/clean.h"

static const char *const codes[] = {
    [LP_INK_PLAIN] = NULL,       [LP_INK_BOLD] = "\033[1m",    [LP_INK_DIM] = "\033[2m",
    [LP_INK_GREEN] = "\033[32m", [LP_INK_YELLOW] = "\033[33m", [LP_INK_RED] = "\033[1;31m",
};

void lp_ink(struct lp_str *out, bool color, enum lp_ink ink, const char *text)
{
    if (!color || !codes[ink] || !*text) {
        lp_str_add(out, text);
        return;
    }
    lp_str_add(out, codes[ink]);
    lp_str_add(out, text);
    lp_str_add(out, "\033[0m");
}

void lp_blanks(struct lp_str *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        lp_str_add(out, " ");
}

void lp_cell(struct lp_str *out, bool color, enum lp_ink ink, const char *text, size_t width)
{
    size_t columns = lp_columns(text);

    lp_ink(out, color, ink, text);
    lp_blanks(out, columns < width ? width - columns : 0);
}

void lp_end_line(struct lp_str *out)
{
    while (out->len > 0 && out->ptr[out->len - 1] == ' ')
        out->ptr[--out->len] = '\0';
    lp_str_add(out, "\n");
}

void lp_wrap(struct lp_str *out, const char *text, size_t indent, size_t width)
{
    size_t column = indent;
    struct lp_str word;

    lp_str_init(&word);
    while (*(text += strspn(text, " "))) {
        size_t len = strcspn(text, " ");

        lp_str_clear(&word);
        lp_str_add_bytes(&word, text, len);
        size_t columns = lp_columns(word.ptr);
        if (column > indent && column + 1 + columns > width) {
            lp_str_add(out, "\n");
            lp_blanks(out, indent);
            column = indent;
        } else if (column > indent) {
            lp_str_add(out, " ");
            column++;
        }
        lp_str_add(out, word.ptr);
        column += columns;
        text += len;
    }
    lp_str_add(out, "\n");
    lp_str_release(&word);
}
