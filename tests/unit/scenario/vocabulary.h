/* SPDX-License-Identifier: MIT */
/*
 * A small vocabulary for tests of the parser and for its fuzzer: one driver for each property that
 * the parser asks about. It is a header because each test is a program of one file.
 */
#ifndef LP_TESTS_VOCABULARY_H
#define LP_TESTS_VOCABULARY_H

#include <string.h>
#include "base/units.h"
#include "scenario/scenario.h"

enum { LOCK = 1, STORE = 2 };

/* `param` is the list of choices. */
static int check_choice(const void *param, const char *value, struct lp_err *err)
{
    for (const char *const *choice = param; *choice; choice++)
        if (strcmp(*choice, value) == 0)
            return 0;
    return lp_err_set(err, LP_ERR_USAGE, "'%s' where a choice was expected", value);
}

static int check_time(const void *param, const char *value, struct lp_err *err)
{
    uint64_t ns;

    (void)param;
    if (lp_duration_parse(value, &ns) == 0)
        return 0;
    return lp_err_set(err, LP_ERR_USAGE, "'%s' where %s was expected", value, LP_DURATION_EXPECTED);
}

static const char *const test_formats[] = {"fixed", "plain", NULL};

static const struct lp_vocabulary_param test_file_params[] = {
    {.name = "path", .roles = STORE, .required = true},
    {.name = "format", .roles = STORE, .check = check_choice, .param = test_formats},
};
static const struct lp_vocabulary_param test_lock_params[] = {
    {.name = "path", .roles = LOCK, .required = true},
    {.name = "poll", .roles = LOCK, .check = check_time},
};
static const struct lp_vocabulary_param test_sqlite_params[] = {
    {.name = "path", .roles = LOCK | STORE, .required = true},
    {.name = "journal", .roles = STORE},
};

static const struct lp_vocabulary_driver test_drivers[] = {
    {.name = "file",
     .roles = STORE,
     .known = true,
     .params = test_file_params,
     .param_count = LP_ARRAY_LEN(test_file_params)},
    {.name = "flock",
     .roles = LOCK,
     .has_shared = true,
     .has_upgrade = true,
     .has_renew = true,
     .has_token = true,
     .known = true,
     .params = test_lock_params,
     .param_count = LP_ARRAY_LEN(test_lock_params)},
    {.name = "mutex", .roles = LOCK, .known = true},
    {.name = "sqlite",
     .roles = LOCK | STORE,
     .has_begin = true,
     .has_add = true,
     .known = true,
     .params = test_sqlite_params,
     .param_count = LP_ARRAY_LEN(test_sqlite_params)},
    {.name = "word",
     .roles = STORE,
     .has_add = true,
     .has_cas = true,
     .has_fence = true,
     .known = true},
    {.name = "redis", .has_harm = true, .server = "redis"}, /* exists, but not here */
};

static const char *const test_causes[] = {"no-lock", "advisory-bypass", "narrow-scope", NULL};

static const char *const test_servers[] = {"redis", "postgres", NULL};

static const struct lp_vocabulary test_vocabulary = {
    .drivers = test_drivers,
    .driver_count = LP_ARRAY_LEN(test_drivers),
    .causes = test_causes,
    .servers = test_servers,
};

#endif
