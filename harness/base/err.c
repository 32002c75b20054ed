/* SPDX-License-Identifier: MIT */
/*
 * Filling struct lp_err. The text is made in a buffer of its own first, because callers like to
 * quote the old text of the same struct as an argument. A text that does not fit ends in "...".
 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Copies at most size - 1 bytes, never half of a UTF-8 character. */
static void put_text(char *to, size_t size, const char *from)
{
    static const char ellipsis[] = "...";
    size_t len = strlen(from);

    if (len < size) {
        memcpy(to, from, len + 1);
        return;
    }
    len = size - sizeof(ellipsis);
    while (len > 0 && ((unsigned char)from[len] & 0xc0) == 0x80)
        len--;
    memcpy(to, from, len);
    memcpy(to + len, ellipsis, sizeof(ellipsis));
}

int lp_err_set(struct lp_err *err, enum lp_err_kind kind, const char *fmt, ...)
{
    char text[2 * sizeof(err->text)];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    err->kind = kind;
    put_text(err->text, sizeof(err->text), text);
    err->remedy[0] = '\0';
    return -1;
}

int lp_err_sys(struct lp_err *err, enum lp_err_kind kind, int errnum, const char *fmt, ...)
{
    char text[2 * sizeof(err->text)];
    char reason[128];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return lp_err_set(err, kind, "%s: %s", text, strerror_r(errnum, reason, sizeof(reason)));
}

int lp_err_wrap(struct lp_err *err, const char *fmt, ...)
{
    char prefix[sizeof(err->text)];
    char text[2 * sizeof(err->text) + 2];
    va_list args;

    va_start(args, fmt);
    vsnprintf(prefix, sizeof(prefix), fmt, args);
    va_end(args);
    snprintf(text, sizeof(text), "%s: %s", prefix, err->text);
    put_text(err->text, sizeof(err->text), text);
    return -1;
}
