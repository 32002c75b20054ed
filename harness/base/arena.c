/* SPDX-License-Identifier: MIT */
/*
 * Blocks in a chain; the newest is filled first. What does not fit into the rest of it begins a new
 * one, at least as large as asked for, so that nothing ever moves. Blocks come zeroed from calloc
 * and no byte is given out twice: nothing has to be cleared here.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { BLOCK_SIZE = 4096 };

struct lp_arena_block {
    struct lp_arena_block *previous;
    size_t size;
    size_t used;
    alignas(max_align_t) char bytes[];
};

void lp_arena_init(struct lp_arena *arena)
{
    arena->last = NULL;
}

void lp_arena_release(struct lp_arena *arena)
{
    struct lp_arena_block *block = arena->last;

    while (block) {
        struct lp_arena_block *previous = block->previous;
        free(block);
        block = previous;
    }
    arena->last = NULL;
}

static struct lp_arena_block *add_block(struct lp_arena *arena, size_t size)
{
    size_t room = BLOCK_SIZE - sizeof(struct lp_arena_block);
    size_t bytes;

    if (size > room)
        room = size;
    if (__builtin_add_overflow(room, sizeof(struct lp_arena_block), &bytes))
        bytes = SIZE_MAX; /* lp_alloc says what is to be said */
    struct lp_arena_block *block = lp_alloc(1, bytes);
    block->previous = arena->last;
    block->size = room;
    arena->last = block;
    return block;
}

void *lp_arena_alloc(struct lp_arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);
    struct lp_arena_block *block = arena->last;
    size_t start = block ? (block->used + align - 1) / align * align : 0;

    if (!block || start > block->size || size > block->size - start) {
        block = add_block(arena, size);
        start = 0;
    }
    block->used = start + size;
    return block->bytes + start;
}

void *lp_arena_array(struct lp_arena *arena, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        bytes = SIZE_MAX;
    return lp_arena_alloc(arena, bytes);
}

char *lp_arena_strndup(struct lp_arena *arena, const char *text, size_t len)
{
    char *copy = lp_arena_alloc(arena, len + 1);

    if (len)
        memcpy(copy, text, len);
    return copy;
}

char *lp_arena_strdup(struct lp_arena *arena, const char *text)
{
    return lp_arena_strndup(arena, text, strlen(text));
}

char *lp_arena_printf(struct lp_arena *arena, const char *fmt, ...)
{
    va_list args, again;

    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    if (len < 0)
        LP_BUG("a format that vsnprintf refuses");
    char *text = lp_arena_alloc(arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, fmt, again);
    va_end(again);
    va_end(args);
    return text;
}
