/* SPDX-License-Identifier: MIT */
/*
 * Durations and numbers, read and written with whole numbers only: what a double would round is
 * either exact here or refused. A duration is at most INT64_MAX ns (292 years), so that a point in
 * time plus a duration does not overflow.
 */
#include "base/units.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct unit {
    const char *name;
    uint64_t ns;
    uint64_t shown_from_ns; /* the largest unit that a duration reaches is the one it is shown in */
} units[] = {
    {"ns", 1, 0},
    {"us", LP_US, LP_US},
    {"ms", LP_MS, LP_MS},
    {"s", LP_SEC, LP_SEC},
    {"m", 60 * LP_SEC, 600 * LP_SEC}, /* "90s" reads better than "1.5m" */
    {"h", 3600 * LP_SEC, 36000 * LP_SEC},
};

static const struct unit *find_unit(const char *name)
{
    for (size_t i = 0; i < LP_ARRAY_LEN(units); i++)
        if (strcmp(units[i].name, name) == 0)
            return &units[i];
    return NULL;
}

int lp_duration_parse(const char *text, uint64_t *ns)
{
    const char *whole = text;
    const char *fraction = NULL;
    uint64_t total = 0;

    if (strcmp(text, "0") == 0) {
        *ns = 0;
        return 0;
    }
    while (isdigit((unsigned char)*text))
        text++;
    const char *whole_end = text;
    if (whole_end == whole)
        return -1;
    if (*text == '.') {
        fraction = ++text;
        while (isdigit((unsigned char)*text))
            text++;
        if (text == fraction)
            return -1;
    }
    const struct unit *unit = find_unit(text);
    if (!unit)
        return -1;
    for (const char *digit = whole; digit < whole_end; digit++)
        if (__builtin_mul_overflow(total, UINT64_C(10), &total) ||
            __builtin_add_overflow(total, (uint64_t)(*digit - '0'), &total))
            return -1;
    if (__builtin_mul_overflow(total, unit->ns, &total))
        return -1;
    uint64_t scale = unit->ns;
    for (const char *digit = fraction; digit && digit < text; digit++) {
        if (scale % 10 != 0 && *digit != '0')
            return -1; /* finer than a nanosecond */
        scale /= 10;
        total += scale * (uint64_t)(*digit - '0');
    }
    if (total > INT64_MAX)
        return -1;
    *ns = total;
    return 0;
}

/* 1203, 1000000 of 1000 -> "1.203": four digits, rounded to nearest, no zeros behind the point. */
char *lp_duration_format(uint64_t ns, char *buf, size_t size)
{
    size_t i = LP_ARRAY_LEN(units) - 1;

    if (ns == 0) {
        snprintf(buf, size, "0");
        return buf;
    }
    while (ns < units[i].shown_from_ns)
        i--;
    for (;;) {
        const uint64_t unit_ns = units[i].ns;
        uint64_t power = 1; /* 10 to the number of digits behind the point */
        unsigned digits = 0;
        for (uint64_t whole = ns / unit_ns; digits < 3 && whole * power < 1000; digits++)
            power *= 10;
        if (unit_ns == 1) {
            digits = 0;
            power = 1;
        }
        uint64_t scaled = (uint64_t)(((unsigned __int128)ns * power + unit_ns / 2) / unit_ns);
        /* 999,999 ns are "1ms", not "1000us". */
        if (i + 1 < LP_ARRAY_LEN(units) &&
            (unsigned __int128)scaled * unit_ns >=
                (unsigned __int128)units[i + 1].shown_from_ns * power) {
            i++;
            continue;
        }
        while (digits > 0 && scaled % 10 == 0) {
            scaled /= 10;
            power /= 10;
            digits--;
        }
        if (digits)
            snprintf(buf, size, "%" PRIu64 ".%0*" PRIu64 "%s", scaled / power, (int)digits,
                     scaled % power, units[i].name);
        else
            snprintf(buf, size, "%" PRIu64 "%s", scaled, units[i].name);
        return buf;
    }
}

int lp_number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
    uint64_t total = 0;

    if (!*text)
        return -1;
    for (; *text; text++) {
        if (!isdigit((unsigned char)*text) || __builtin_mul_overflow(total, UINT64_C(10), &total) ||
            __builtin_add_overflow(total, (uint64_t)(*text - '0'), &total))
            return -1;
    }
    if (total < min || total > max)
        return -1;
    *number = total;
    return 0;
}

char *lp_number_format(uint64_t number, char *buf, size_t size)
{
    char plain[24], grouped[32];
    int len = snprintf(plain, sizeof(plain), "%" PRIu64, number);
    char *to = grouped;

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            *to++ = ',';
        *to++ = plain[i];
    }
    *to = '\0';
    snprintf(buf, size, "%s", grouped);
    return buf;
}

int lp_size_parse(const char *text, uint64_t *bytes)
{
    static const char letters[] = "kMGT";
    uint64_t number = 0, factor = 1;
    const char *at = text;

    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(number, UINT64_C(10), &number) ||
            __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number))
            return -1;
    if (at == text)
        return -1;
    const char *unit = *at ? strchr(letters, *at == 'K' ? 'k' : *at) : NULL;
    if (unit) {
        factor = UINT64_C(1) << 10 * (unit - letters + 1);
        at++;
    }
    if (*at && strcmp(at, "B") != 0 && strcmp(at, "iB") != 0)
        return -1;
    if (number == 0 || __builtin_mul_overflow(number, factor, bytes))
        return -1;
    return 0;
}
