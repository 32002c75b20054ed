/* SPDX-License-Identifier: MIT */
/* "Did you mean": the nearest name in a table. */
#ifndef LP_BASE_NEAREST_H
#define LP_BASE_NEAREST_H

#include <stddef.h>

/*
 * The name nearest to `word` by Damerau-Levenshtein distance (optimal string alignment; Damerau
 * 1964), or NULL when none is near enough to be meant (more than a third of the longer word's
 * letters differ, and no name begins with the word). `names` has `count` entries, `stride` bytes
 * apart, each beginning with a `const char *`; so any table whose rows start with their name will
 * do.
 */
const char *lp_nearest(const char *word, const void *names, size_t count, size_t stride);

#endif
