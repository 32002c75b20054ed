/* SPDX-License-Identifier: MIT */
/* Command lines as text: words with the quotes that a shell needs, and back. */
#ifndef LP_PROGRAM_QUOTE_H
#define LP_PROGRAM_QUOTE_H

#include "base/arena.h"
#include "base/str.h"

/* Adds the word, in single quotes where a shell would not take it as it is. */
void lp_add_quoted(struct lp_str *out, const char *word);
/* The words of a text; ended by NULL, in the arena. Single quotes and backslashes are understood.
 */
const char **lp_split_quoted(const char *text, struct lp_arena *arena, size_t *count);

#endif
