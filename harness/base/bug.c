/* SPDX-License-Identifier: MIT */
/*
 * The end of the road for a programmer's mistake: one line that names the place, then abort(3), so
 * that a debugger or a core dump shows how it came to that. write(2) and no stdio: a worker that
 * was forked must not flush its parent's buffers.
 */
#include "base/attr.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void lp_bug(const char *file, int line, const char *text)
{
    char message[512];
    int len = snprintf(message, sizeof(message), "lockproof: %s:%d: bug: %s\n", file, line, text);

    if (len > (int)sizeof(message) - 1)
        len = (int)sizeof(message) - 1;
    if (len > 0 && write(STDERR_FILENO, message, (size_t)len) < 0) {
        /* Nothing is left to tell it with; abort() still does. */
    }
    abort();
}
