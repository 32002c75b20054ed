/* SPDX-License-Identifier: MIT */
/*
 * Memory that is freed all at once. Pointers stay valid until lp_arena_release. Not thread-safe.
 */
#ifndef LP_BASE_ARENA_H
#define LP_BASE_ARENA_H

#include <stddef.h>
#include "base/attr.h"

struct lp_arena_block;

struct lp_arena {
    struct lp_arena_block *last;
};

void lp_arena_init(struct lp_arena *arena);
void lp_arena_release(struct lp_arena *arena); /* takes a zeroed struct too */

/* Zeroed, aligned for any type. */
void *lp_arena_alloc(struct lp_arena *arena, size_t size);
void *lp_arena_array(struct lp_arena *arena, size_t count, size_t size);
char *lp_arena_strdup(struct lp_arena *arena, const char *text);
char *lp_arena_strndup(struct lp_arena *arena, const char *text, size_t len);
char *lp_arena_printf(struct lp_arena *arena, const char *fmt, ...) LP_PRINTF(2, 3);

#endif
