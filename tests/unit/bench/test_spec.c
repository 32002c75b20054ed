/* SPDX-License-Identifier: MIT */
/* "DRIVER:PARAM=VALUE,..." */
#include "bench/bench.h"

#include <string.h>

#include "tests/unit/unit.h"

static struct lp_registry registry;
static struct lp_arena arena;
static struct lp_bench_lock lock;

static void set_up(void)
{
    lp_registry_init(&registry, NULL);
    lp_arena_init(&arena);
}

static void tear_down(void)
{
    lp_arena_release(&arena);
    lp_registry_release(&registry);
}

static const char *value_of(const struct lp_resource *resource, const char *key)
{
    for (size_t i = 0; i < resource->setting_count; i++)
        if (strcmp(resource->settings[i].key, key) == 0)
            return resource->settings[i].value;
    return NULL;
}

static void parsed(const char *text)
{
    struct lp_err err = {0};
    ck_assert_msg(lp_bench_lock_parse(&lock, text, 3, &registry, &arena, &err) == 0, "%s",
                  err.text);
    ck_assert_str_eq(lock.text, text);
}

static void refused(const char *text, const char *expected)
{
    struct lp_err err = {0};
    ck_assert_int_eq(lp_bench_lock_parse(&lock, text, 3, &registry, &arena, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_USAGE);
    ck_assert_msg(strstr(err.text, expected) != NULL, "%s", err.text);
}

START_TEST(a_name_alone_gets_a_path_of_its_own)
{
    parsed("flock");
    ck_assert_str_eq(value_of(&lock.resource, "path"), "{shared}/lock-3");
    /* Against itself it must not be the same file. */
    ck_assert_str_ne(value_of(&lock.against, "path"), value_of(&lock.resource, "path"));
}
END_TEST

START_TEST(settings_are_taken)
{
    parsed("sqlite:journal=wal,mode=exclusive");
    ck_assert_str_eq(value_of(&lock.resource, "journal"), "wal");
    ck_assert_str_eq(value_of(&lock.against, "mode"), "exclusive");
    parsed("flock:path=/tmp/x=y");
    ck_assert_str_eq(value_of(&lock.resource, "path"), "/tmp/x=y");
}
END_TEST

START_TEST(mistakes_are_told_with_the_nearest_right_one)
{
    refused("flok", "did you mean 'flock'?");
    refused("nothinglikeit", "list drivers");
    refused("file", "is a store and no lock");
    refused("flock:pth=/tmp/x", "did you mean 'path'?");
    refused("flock:path", "where PARAM=VALUE was expected");
    refused("flock:", "where PARAM=VALUE was expected");
    refused("flock:open=sometimes", "parameter 'open'");
    refused("flock:open=once,open=once,open=once,open=once,open=once,open=once,open=once,"
            "open=once,open=once",
            "more values than it has parameters");
}
END_TEST

/* Two holders at once are lawful there; called broken, it would be a false alarm. */
START_TEST(what_lets_two_in_is_refused_and_what_lets_one_in_is_not)
{
    refused("semaphore:value=2", "lets 2 in at once");
    parsed("semaphore:value=1");
    parsed("semaphore");
}
END_TEST

START_TEST(a_plug_in_that_is_not_there_is_skipped_with_its_remedy)
{
    parsed("redis");
    ck_assert_int_eq(lock.verdict, LP_BENCH_SKIPPED);
    ck_assert_ptr_null(lock.driver);
    ck_assert(lock.trouble[0] && lock.remedy[0]);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("bench spec");
    TCase *test_case = tcase_create("all");
    tcase_add_checked_fixture(test_case, set_up, tear_down);
    tcase_add_test(test_case, a_name_alone_gets_a_path_of_its_own);
    tcase_add_test(test_case, settings_are_taken);
    tcase_add_test(test_case, mistakes_are_told_with_the_nearest_right_one);
    tcase_add_test(test_case, what_lets_two_in_is_refused_and_what_lets_one_in_is_not);
    tcase_add_test(test_case, a_plug_in_that_is_not_there_is_skipped_with_its_remedy);
    suite_add_tcase(suite, test_case);
    return suite;
}

LP_UNIT_MAIN(make_suite)
