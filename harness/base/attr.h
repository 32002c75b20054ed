/* SPDX-License-Identifier: MIT */
/* Compiler attributes and small macros that every room uses. */
#ifndef LP_BASE_ATTR_H
#define LP_BASE_ATTR_H

#include <stddef.h>

#define LP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define LP_MUST_CHECK __attribute__((warn_unused_result))
#define LP_NORETURN __attribute__((noreturn))

#define LP_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* A programmer's mistake: prints file and line and aborts. Never used for what a user can cause. */
#define LP_BUG(text) lp_bug(__FILE__, __LINE__, text)
void lp_bug(const char *file, int line, const char *text) LP_NORETURN;

#endif
