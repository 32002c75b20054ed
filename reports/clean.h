/* SPDX-License-Identifier: MIT */
/*
 * Texts that come from outside (titles, error messages of backends, folder names) made safe to
 * print. A report is read in terminals and by parsers: no byte of a scenario may move a cursor,
 * forge a line, or end a document early. What has a meaning in one format only (`]]>`, `%`, `|`) is
 * escaped by that format.
 */
#ifndef LP_REPORTS_CLEAN_H
#define LP_REPORTS_CLEAN_H

#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

/* Decodes the character at `text` (RFC 3629: shortest form, no surrogates, up to U+10FFFF). Returns
   its length in bytes, or 0 when the bytes there are not well-formed. `len` is not 0. */
size_t lp_utf8_decode(const char *text, size_t len, uint32_t *code);

/* Appends `text`, each ill-formed byte replaced by U+FFFD; nothing else is changed. */
void lp_clean_utf8(struct lp_str *out, const char *text);

/* Appends `text` as one printable line: the same, and white space becomes a blank, control
   characters become \xNN, and characters that reorder or hide text (bidi controls, line separators)
   \uNNNN. */
void lp_clean_line(struct lp_str *out, const char *text);

/* The same for an array that may lack its '\0'. */
void lp_clean_field(struct lp_str *out, const char *text, size_t size);

/* Columns of a terminal that well-formed text takes, one a character. */
size_t lp_columns(const char *text);

#endif
