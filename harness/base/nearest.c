/* SPDX-License-Identifier: MIT */
/*
 * The restricted Damerau-Levenshtein distance ("optimal string alignment"): insert, delete, replace
 * and swap of neighbours each cost one (Damerau 1964; Levenshtein 1966). Three rows of the table
 * are enough. Capitals count as small letters: who writes "LOCK" means "lock".
 */
#include "base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum { WORD_MAX = 64 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Both words have at most WORD_MAX letters. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][WORD_MAX + 1];

    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t cost = same(a[i - 1], b[j - 1]) ? 0 : 1;
            row[j] = least(least(above[j] + 1, row[j - 1] + 1), above[j - 1] + cost);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                row[j] = least(row[j], above2[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

const char *lp_nearest(const char *word, const void *names, size_t count, size_t stride)
{
    const size_t len = strlen(word);
    const char *best = NULL;
    const char *begun = NULL;
    size_t best_distance = WORD_MAX;

    if (len == 0 || len > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const char *name = *(const char *const *)(const void *)((const char *)names + i * stride);
        const size_t name_len = strlen(name);
        if (name_len > WORD_MAX)
            continue;
        const size_t d = distance(word, len, name, name_len);
        if (d < best_distance && d <= (name_len > len ? name_len : len) / 3) {
            best = name;
            best_distance = d;
        }
        if (strncasecmp(name, word, len) == 0 && (!begun || name_len < strlen(begun)))
            begun = name;
    }
    /* One slip of the finger is likelier than half of a word left out. */
    return best ? best : begun;
}
