/* SPDX-License-Identifier: MIT */
/*
 * A vocabulary that learns: drivers and causes are not this room's business, so a name that the
 * parser does not know is added, as a driver of which nothing more is known, and the text is tried
 * again.
 */
#ifndef LP_TESTS_LEARN_H
#define LP_TESTS_LEARN_H

#include <check.h>
#include <string.h>
#include "scenario/scenario.h"

enum { NAMES_MAX = 64 };

static struct lp_vocabulary_driver learned_drivers[NAMES_MAX];
static const char *learned_causes[NAMES_MAX + 1];
static size_t learned_cause_count;
/* What needs a server is called after it. */
static const char *const learned_servers[] = {"redis", "postgres",  "mariadb",
                                              "etcd",  "zookeeper", NULL};
static struct lp_vocabulary learned = {
    .drivers = learned_drivers, .causes = learned_causes, .servers = learned_servers};

/* Takes the name in backquotes out of "... unknown driver `NAME`"; false when it is another error.
 */
static bool learn(const char *error)
{
    static const char driver[] = ": unknown driver `", cause[] = ": unknown cause `";
    const char *name;

    if ((name = strstr(error, driver)) != NULL) {
        name += strlen(driver);
        ck_assert_uint_lt(learned.driver_count, NAMES_MAX);
        struct lp_vocabulary_driver *row = &learned_drivers[learned.driver_count++];
        row->name = strndup(name, strcspn(name, "`"));
        row->has_harm = true;
        for (size_t i = 0; learned_servers[i]; i++)
            if (strcmp(row->name, learned_servers[i]) == 0)
                row->server = learned_servers[i];
    } else if ((name = strstr(error, cause)) != NULL) {
        name += strlen(cause);
        ck_assert_uint_lt(learned_cause_count, NAMES_MAX);
        learned_causes[learned_cause_count++] = strndup(name, strcspn(name, "`"));
    }
    return name != NULL;
}

static void parse_learning(struct lp_scenario *scenario, const char *text, size_t len,
                           const char *file)
{
    struct lp_err err = {0};

    while (lp_scenario_parse(scenario, text, len, file, &learned, &err) != 0)
        ck_assert_msg(learn(err.text), "%s", err.text);
}

#endif
