/* SPDX-License-Identifier: MIT */
/* Colour, padding and wrapping for text that people read in a terminal. */
#ifndef LP_REPORTS_LAYOUT_H
#define LP_REPORTS_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

enum lp_ink {
    LP_INK_PLAIN,
    LP_INK_BOLD,
    LP_INK_DIM,
    LP_INK_GREEN,
    LP_INK_YELLOW,
    LP_INK_RED,
};

/* Appends `text` in a colour, or plainly when `color` is false. */
void lp_ink(struct lp_str *out, bool color, enum lp_ink ink, const char *text);

/* Appends `count` blanks. */
void lp_blanks(struct lp_str *out, size_t count);

/* Appends a cell: `text` in a colour, and blanks up to `width` columns. */
void lp_cell(struct lp_str *out, bool color, enum lp_ink ink, const char *text, size_t width);

/* Ends a line without the blanks that its last cell left. */
void lp_end_line(struct lp_str *out);

/* Appends `text` broken at blanks into lines of at most `width` columns, of which the first
   `indent` are blank but in the first line, where the caller has filled them. A longer word is not
   broken: it may be a path or a command. Ends with a newline. */
void lp_wrap(struct lp_str *out, const char *text, size_t indent, size_t width);

#endif
