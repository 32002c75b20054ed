/* SPDX-License-Identifier: MIT */
/* How an engine makes containers: what may be said, where a mistake is, what one container gets. */
#include "base/str.h"
#include "tests/unit/scenario/vocabulary.h"
#include "tests/unit/unit.h"

static struct lp_scenario scenario;
static struct lp_err err;

static int parse(const char *docker)
{
    struct lp_str text;
    lp_str_init(&text);
    lp_str_addf(&text, "store: {driver: word}\ncontainers: 3\nsteps: [add]\ndocker: %s\n", docker);
    int result = lp_scenario_parse(&scenario, text.ptr, text.len, "t.yaml", &test_vocabulary, &err);
    lp_str_release(&text);
    return result;
}

static void tear_down(void)
{
    lp_scenario_release(&scenario);
}

static const struct wrong {
    const char *docker;
    const char *error; /* begins so */
} wrongs[] = {
    {"{ipc: privat}", "t.yaml:4:15: `ipc` is `privat`, did you mean `private`?"},
    {"{pid: shareable}", "t.yaml:4:15: `pid` is `shareable`"},
    {"{ipc: 'container:0'}",
     "t.yaml:4:9: `container:0` in `docker`, expected it for one container"},
    {"[{container: 1, pid: 'container:1'}]", "t.yaml:4:10: `container:1` in `docker`"},
    {"[{container: 3}]", "t.yaml:4:10: `docker` for container 3, expected one from 0 to 2"},
    {"{binds: ['data:/x']}", "t.yaml:4:18: `binds` has `data:/x`"},
    {"{binds: ['{sharde}/x:/x']}", "t.yaml:4:18: `binds` has `{sharde}/x:/x`"},
    {"{binds: ['{id}/x:/x']}", "t.yaml:4:18: `binds` has `{id}/x:/x`"},
    {"{binds: ['/x:x']}", "t.yaml:4:18: `binds` has `/x:x`"},
    {"{binds: ['/x:/x:rw']}", "t.yaml:4:18: `binds` has `/x:/x:rw`"},
    {"{volumes: ['/x:/x']}", "t.yaml:4:20: `volumes` has `/x:/x`"},
    {"{volumes: ['a:/x:file']}", "t.yaml:4:20: `volumes` has `a:/x:file`"},
    {"{tmpfs: [x]}", "t.yaml:4:18: `tmpfs` has `x`"},
    {"{tmpfs: /x}", "t.yaml:4:17: `tmpfs` is a text, expected a list"},
    {"{tmpfs: [/x, /x]}", "t.yaml:4:22: a second mount at `/x`"},
    {"{memory: 64}", "t.yaml:4:18: `memory` is `64`"},
    {"{memory: m}", "t.yaml:4:18: `memory` is `m`"},
    {"{cpus: '0'}", "t.yaml:4:16: `cpus` is `0`"},
    {"{cpus: 1.}", "t.yaml:4:16: `cpus` is `1.`"},
    {"{pids: 0}", "t.yaml:4:16: `pids` is `0`"},
    {"{usr: me}", "t.yaml:4:10: unknown key `usr` in `docker`, did you mean `user`?"},
    {"{title: x}", "t.yaml:4:10: key `title` in `docker`, expected it in the top level"},
};

START_TEST(a_mistake_is_told_with_its_place)
{
    const struct wrong *wrong = &wrongs[_i];
    ck_assert_int_eq(parse(wrong->docker), -1);
    ck_assert_msg(strncmp(err.text, wrong->error, strlen(wrong->error)) == 0, "%s: %s",
                  wrong->docker, err.text);
}
END_TEST

static const char *const rights[] = {
    "{ipc: host, pid: host, network: a, user: '1:1', read-only: true, memory: 64m, cpus: 0.5}",
    "{binds: ['{shared}/x:/x', '{private}:/p:ro', '/y:/y:file', '{run}/z:/z:ro:new-file']}",
    "{volumes: ['a:/a', 'b.c_d-e:/b:ro'], tmpfs: [/t], pids: 5, image: 'reg:5000/a:b'}",
    "[{container: 1, ipc: 'container:0'}, {cpus: 12}]",
};

START_TEST(what_is_right_is_taken)
{
    ck_assert_msg(parse(rights[_i]) == 0, "%s", err.text);
}
END_TEST

START_TEST(rows_add_up_for_each_container)
{
    ck_assert_int_eq(parse("[{image: a, tmpfs: [/t]}, {container: 1, image: b, volumes: ['v:/v']}, "
                           "{read-only: true}]"),
                     0);
    struct lp_docker_row zero = lp_scenario_docker(&scenario, 0);
    struct lp_docker_row one = lp_scenario_docker(&scenario, 1);
    ck_assert_str_eq(zero.image, "a");
    ck_assert_uint_eq(zero.mount_count, 1);
    ck_assert(zero.read_only && one.read_only);
    ck_assert_str_eq(one.image, "b");
    ck_assert_uint_eq(one.mount_count, 2);
    ck_assert_str_eq(one.mounts[1].source, "v");
}
END_TEST

START_TEST(an_image_of_the_command_line_is_that_of_all)
{
    struct lp_overrides overrides = {.min_meetings = -1, .image = "mine"};
    ck_assert_int_eq(parse("[{image: a}, {container: 1, image: b}]"), 0);
    ck_assert_int_eq(lp_scenario_override(&scenario, &overrides, &err), 0);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_str_eq(lp_scenario_docker(&scenario, i).image, "mine");
}
END_TEST

START_TEST(fewer_containers_than_rows_speak_of_are_refused)
{
    struct lp_overrides overrides = {.min_meetings = -1, .containers = 2};
    ck_assert_int_eq(parse("[{container: 2, image: b}]"), 0);
    ck_assert_int_eq(lp_scenario_override(&scenario, &overrides, &err), -1);
    overrides.containers = 3;
    ck_assert_int_eq(lp_scenario_override(&scenario, &overrides, &err), 0);
}
END_TEST

START_TEST(only_what_depends_on_an_order_is_started_in_one)
{
    ck_assert_int_eq(parse("[{binds: ['{shared}/x:/x:file'], ipc: shareable}]"), 0);
    ck_assert(!lp_scenario_docker_ordered(&scenario));
    lp_scenario_release(&scenario);
    ck_assert_int_eq(parse("[{container: 1, binds: ['{shared}/x:/x:new-file']}]"), 0);
    ck_assert(lp_scenario_docker_ordered(&scenario));
    lp_scenario_release(&scenario);
    ck_assert_int_eq(parse("[{container: 1, ipc: 'container:0'}]"), 0);
    ck_assert(lp_scenario_docker_ordered(&scenario));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("scenario/docker");
    TCase *tcase = tcase_create("docker");

    tcase_add_checked_fixture(tcase, NULL, tear_down);
    tcase_add_loop_test(tcase, a_mistake_is_told_with_its_place, 0, LP_ARRAY_LEN(wrongs));
    tcase_add_loop_test(tcase, what_is_right_is_taken, 0, LP_ARRAY_LEN(rights));
    tcase_add_test(tcase, rows_add_up_for_each_container);
    tcase_add_test(tcase, an_image_of_the_command_line_is_that_of_all);
    tcase_add_test(tcase, fewer_containers_than_rows_speak_of_are_refused);
    tcase_add_test(tcase, only_what_depends_on_an_order_is_started_in_one);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
