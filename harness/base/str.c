/* SPDX-License-Identifier: MIT */
/*
 * A growable text, and the allocators that do not fail. Linux overcommits, so a NULL from malloc is
 * rare and nearly always the sign of an absurd size; every caller that handled it would be code
 * that is never run. So it ends the process here, by _exit: a forked worker must not flush its
 * parent's stdio buffers nor run its atexit handlers.
 */
#include "base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_SELF = 4, CAP_FIRST = 64 };

static void LP_NORETURN out_of_memory(void)
{
    static const char message[] = "lockproof: out of memory\n";

    if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0) {
        /* The exit status has to say it alone. */
    }
    _exit(EXIT_SELF);
}

void *lp_alloc(size_t count, size_t size)
{
    /* calloc(0) may be NULL, which would look like a failure. */
    void *memory = calloc(count ? count : 1, size ? size : 1);

    if (!memory)
        out_of_memory();
    return memory;
}

void *lp_grow(void *array, size_t *cap, size_t need, size_t size)
{
    size_t grown = *cap ? *cap : 8;
    size_t bytes;

    if (need <= *cap)
        return array;
    while (grown < need)
        if (__builtin_mul_overflow(grown, (size_t)2, &grown))
            out_of_memory();
    if (__builtin_mul_overflow(grown, size, &bytes))
        out_of_memory();
    char *memory = realloc(array, bytes);
    if (!memory)
        out_of_memory();
    memset(memory + *cap * size, 0, bytes - *cap * size);
    *cap = grown;
    return memory;
}

char *lp_strdup(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(lp_alloc(size, 1), text, size);
}

void lp_str_init(struct lp_str *str)
{
    str->ptr = lp_alloc(CAP_FIRST, 1);
    str->len = 0;
    str->cap = CAP_FIRST;
}

void lp_str_release(struct lp_str *str)
{
    free(str->ptr);
    *str = (struct lp_str){0};
}

void lp_str_clear(struct lp_str *str)
{
    str->len = 0;
    str->ptr[0] = '\0';
}

/* Makes room for `more` bytes and the '\0'. */
static void reserve(struct lp_str *str, size_t more)
{
    size_t need;

    if (__builtin_add_overflow(str->len, more, &need) ||
        __builtin_add_overflow(need, (size_t)1, &need))
        out_of_memory();
    str->ptr = lp_grow(str->ptr, &str->cap, need, 1);
}

void lp_str_add_bytes(struct lp_str *str, const void *bytes, size_t len)
{
    reserve(str, len);
    if (len)
        memcpy(str->ptr + str->len, bytes, len);
    str->len += len;
    str->ptr[str->len] = '\0';
}

void lp_str_add(struct lp_str *str, const char *text)
{
    lp_str_add_bytes(str, text, strlen(text));
}

void lp_str_vaddf(struct lp_str *str, const char *fmt, va_list args)
{
    va_list again;

    va_copy(again, args);
    int len = vsnprintf(str->ptr + str->len, str->cap - str->len, fmt, args);
    if (len < 0)
        LP_BUG("a format that vsnprintf refuses");
    if ((size_t)len >= str->cap - str->len) {
        reserve(str, (size_t)len);
        vsnprintf(str->ptr + str->len, str->cap - str->len, fmt, again);
    }
    str->len += (size_t)len;
    va_end(again);
}

void lp_str_addf(struct lp_str *str, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    lp_str_vaddf(str, fmt, args);
    va_end(args);
}

char *lp_str_detach(struct lp_str *str)
{
    char *text = str->ptr;

    lp_str_init(str);
    return text;
}
