/* SPDX-License-Identifier: MIT */
/* What every driver, built in or loaded, may call in the program. */
#include "drivers/driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum lp_outcome lp_fail(struct lp_client *client, enum lp_outcome outcome, int errnum,
                        const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(client->error, sizeof client->error, fmt, args);
    va_end(args);
    if (errnum != 0 && len >= 0 && (size_t)len < sizeof client->error) {
        /* Unlike strerror(3) it is safe with threads. */
        const char *text = strerrordesc_np(errnum);
        snprintf(client->error + len, sizeof client->error - (size_t)len, ": %s",
                 text ? text : "unknown error");
    }
    return outcome;
}
