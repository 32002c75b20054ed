/* SPDX-License-Identifier: MIT */
/*
 * Names by number: each different text gets the next number, and is kept once. One table each for
 * the keys, processes and texts of a struct lp_calls.
 */
#ifndef LP_HISTORY_INTERN_H
#define LP_HISTORY_INTERN_H

#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"

struct lp_intern {
    const char ***names; /* the array to grow, and its length: they belong to a struct lp_calls */
    size_t *count;
    size_t cap;
    struct lp_arena *arena; /* for the texts */
    uint32_t *slots;        /* open addressing (Knuth 6.4, linear probing): number + 1, or 0 */
    uint32_t *hashes;
    size_t slot_count; /* a power of two */
};

/* `names` is a malloc'd array or NULL; what is in it already keeps its numbers. */
void lp_intern_init(struct lp_intern *intern, const char ***names, size_t *count,
                    struct lp_arena *arena);
void lp_intern_release(struct lp_intern *intern); /* the names stay */

/* The number of the text; it must have no '\0' inside. */
uint32_t lp_intern(struct lp_intern *intern, const char *text, size_t len);

#endif
