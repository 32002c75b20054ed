/* SPDX-License-Identifier: MIT */
/*
 * A growable text. `ptr` is never NULL after lp_str_init and always ends in '\0'; `len` does not
 * count it. The holder of the struct owns the memory. Running out of memory ends the program with
 * one line and exit status 4 (lp_alloc below): no caller could do anything better.
 */
#ifndef LP_BASE_STR_H
#define LP_BASE_STR_H

#include <stdarg.h>
#include <stddef.h>
#include "base/attr.h"

struct lp_str {
    char *ptr;
    size_t len;
    size_t cap;
};

void lp_str_init(struct lp_str *str);
void lp_str_release(struct lp_str *str); /* takes a zeroed struct too */
void lp_str_clear(struct lp_str *str);   /* empties, keeps the memory */

void lp_str_add(struct lp_str *str, const char *text);
void lp_str_add_bytes(struct lp_str *str, const void *bytes, size_t len);
void lp_str_addf(struct lp_str *str, const char *fmt, ...) LP_PRINTF(2, 3);
void lp_str_vaddf(struct lp_str *str, const char *fmt, va_list args) LP_PRINTF(2, 0);
/* Takes the text out; the caller frees it with free(). The struct is as after lp_str_init. */
char *lp_str_detach(struct lp_str *str);

/* malloc, zeroed, that does not fail. Freed with free(). */
void *lp_alloc(size_t count, size_t size);
/* Doubles an array when it has room for fewer than `need` elements; *cap counts elements. New ones
   are zeroed. Returns the array. */
void *lp_grow(void *array, size_t *cap, size_t need, size_t size);
/* strdup that does not fail. */
char *lp_strdup(const char *text);

#endif
