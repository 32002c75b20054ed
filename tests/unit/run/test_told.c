/* SPDX-License-Identifier: MIT */
/* A plan arrives as it was sent; what another version sent is refused; which addresses are local.
 */
#include "run/told.h"

#include <string.h>

#include "base/str.h"
#include "tests/unit/scenario/learn.h"
#include "tests/unit/unit.h"

static const char yaml[] = "store: {driver: word}\ncontainers: 2\nsteps: [add]\n";

static char *told_text(struct lp_scenario *scenario)
{
    struct lp_container_plan plan = {
        .scenario = scenario,
        .run_id = "lockproof-1",
        .seed = UINT64_MAX - 1,
        .servers = {{.name = "redis", .url = "secret"}},
        .server_count = 1,
    };
    struct lp_told_paths paths = {.scratch = "/s", .run_dir = "/r", .urls = {"unix:/x/y"}};
    return lp_told_write(&plan, &paths);
}

START_TEST(a_plan_arrives_as_it_was_sent)
{
    struct lp_scenario scenario;
    struct lp_told told;
    struct lp_err err = {0};
    parse_learning(&scenario, yaml, strlen(yaml), "t.yaml");
    char *text = told_text(&scenario);
    ck_assert_ptr_nonnull(text);
    ck_assert_msg(lp_told_read(&told, text, strlen(text), &learned, &err) == 0, "%s", err.text);
    ck_assert_uint_eq(told.seed, UINT64_MAX - 1);
    ck_assert_str_eq(told.scratch, "/s");
    ck_assert_str_eq(told.run_id, "lockproof-1");
    ck_assert_uint_eq(told.server_count, 1);
    ck_assert_str_eq(told.servers[0].url, "unix:/x/y");
    ck_assert_uint_eq(told.scenario.containers, 2);
    lp_told_release(&told);
    /* Of another version, cut short, no JSON at all. */
    char *version = strstr(text, LP_VERSION);
    *version = 'x';
    ck_assert_int_eq(lp_told_read(&told, text, strlen(text), &learned, &err), -1);
    ck_assert_int_eq(lp_told_read(&told, text, strlen(text) / 2, &learned, &err), -1);
    ck_assert_int_eq(lp_told_read(&told, "[]", 2, &learned, &err), -1);
    free(text);
    lp_scenario_release(&scenario);
}
END_TEST

static const struct {
    const char *url, *folder; /* NULL: no socket */
    bool loopback;
} urls[] = {
    {"unix:/run/x/redis.sock", "/run/x", false},
    {"postgresql:///postgres?host=/tmp/pg&port=1&user=postgres", "/tmp/pg", false},
    {"postgresql://postgres@127.0.0.1:5432/postgres", NULL, true},
    {"localhost:6379", NULL, true},
    {"10.0.0.1:6379", NULL, false},
    {"http://etcd:2379", NULL, false},
};

START_TEST(local_addresses_are_known)
{
    struct lp_local_url local = lp_local_url(urls[_i].url);
    ck_assert_uint_eq(local.folder_len, urls[_i].folder ? strlen(urls[_i].folder) : 0);
    if (urls[_i].folder)
        ck_assert_mem_eq(local.folder, urls[_i].folder, local.folder_len);
    ck_assert_int_eq(local.loopback, urls[_i].loopback);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("run/told");
    TCase *tcase = tcase_create("told");

    tcase_add_test(tcase, a_plan_arrives_as_it_was_sent);
    tcase_add_loop_test(tcase, local_addresses_are_known, 0, LP_ARRAY_LEN(urls));
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
