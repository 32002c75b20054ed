/* SPDX-License-Identifier: MIT */
/*
 * Durations and numbers as people write them. Time is uint64_t nanoseconds everywhere inside.
 */
#ifndef LP_BASE_UNITS_H
#define LP_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>
#include "base/attr.h"

#define LP_US UINT64_C(1000)
#define LP_MS UINT64_C(1000000)
#define LP_SEC UINT64_C(1000000000)

/* What a duration looks like, for messages: "a time such as 500us, 10ms, 2s or 1m". */
#define LP_DURATION_EXPECTED "a time such as 500us, 10ms, 2s or 1m"

/* "500us" "10ms" "2s" "1m" "1.5s" "0" -> ns; units are ns, us, ms, s, m, h. At most INT64_MAX ns,
   so that a point in time plus a duration does not overflow. 0 and *ns set, or -1 when it is none.
 */
int lp_duration_parse(const char *text, uint64_t *ns) LP_MUST_CHECK;
/* 1203000 -> "1.203ms", at most 4 significant digits; `buf` of at least 16 bytes. Returns buf. */
char *lp_duration_format(uint64_t ns, char *buf, size_t size);

/* A whole decimal number in [min, max]; nothing before or behind it. 0, or -1. */
int lp_number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *number) LP_MUST_CHECK;

/* "200M" "1G" "512k" "4096" -> bytes, by powers of 1024; "B" and "iB" may follow. 0, or -1 when it
   is none, is 0, or does not fit. */
int lp_size_parse(const char *text, uint64_t *bytes) LP_MUST_CHECK;
#define LP_SIZE_EXPECTED "a size such as 512k, 200M or 1G"

/* 12431 -> "12,431"; `buf` of at least 28 bytes. Returns buf. */
char *lp_number_format(uint64_t number, char *buf, size_t size);

#endif
