/* SPDX-License-Identifier: MIT */
/* From a scenario's settings to a driver's parameters: variables, folders, defaults, and what is
   missing. The driver is one of this test, with a parameter of each kind that matters here. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include "os/file.h"
#include "run/binding.h"
#include "run/services.h"

struct params {
    const char *text;
    const char *path;
    uint64_t number;
    const char *lock_only;
};

static uint64_t capacity(const void *params)
{
    return ((const struct params *)params)->number;
}

static const struct lp_param rows[] = {
    {"text", LP_PARAM_TEXT, LP_ROLE_LOCK | LP_ROLE_STORE, offsetof(struct params, text), "none",
     NULL, "a text"},
    {"path", LP_PARAM_PATH, LP_ROLE_LOCK | LP_ROLE_STORE, offsetof(struct params, path), NULL, NULL,
     "a file"},
    {"number", LP_PARAM_NUMBER, LP_ROLE_LOCK | LP_ROLE_STORE, offsetof(struct params, number), "3",
     NULL, "a number"},
    {"lock-only", LP_PARAM_TEXT, LP_ROLE_LOCK, offsetof(struct params, lock_only), NULL, NULL,
     "required of locks"},
};
static const struct lp_lock_ops lock_ops = {.capacity = capacity};
static const struct lp_store_ops store_ops;
static const struct lp_driver driver = {
    .roles = LP_ROLE_LOCK | LP_ROLE_STORE,
    .name = "test",
    .params = rows,
    .param_count = LP_ARRAY_LEN(rows),
    .params_size = sizeof(struct params),
    .state_size = 40,
    .lock = &lock_ops,
    .store = &store_ops,
};

static struct lp_driver_row registry_rows[] = {
    {.name = "test", .driver = &driver},
    {.name = "absent", .reason = "not built"},
};
static const struct lp_registry registry = {.rows = registry_rows,
                                            .count = LP_ARRAY_LEN(registry_rows)};
static char folder[64];
static struct lp_arena arena;
static struct lp_variables variables;
static struct lp_err err;
static struct lp_setting settings[4];
static struct lp_resource resource;
static struct lp_binding binding;

static void setup(void)
{
    snprintf(folder, sizeof folder, "/tmp/lp-binding-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    lp_arena_init(&arena);
    variables = (struct lp_variables){.shared = lp_arena_printf(&arena, "%s/shared", folder),
                                      .private_ = "/private",
                                      .node = "/node",
                                      .run = "/run"};
    resource = (struct lp_resource){.name = "store", .driver = "test", .settings = settings};
}

static void teardown(void)
{
    lp_arena_release(&arena);
    lp_folder_remove(folder);
}

static void give(const char *key, const char *value)
{
    settings[resource.setting_count++] = (struct lp_setting){.key = key, .value = value};
}

static int bind(unsigned role)
{
    return lp_binding_make(&binding, &resource, role, &registry, &variables, &arena, &err);
}

static const struct {
    const char *given, *bound;
} texts[] = {
    {"plain", "plain"},
    {"", ""},
    {"{private}", "/private"},
    {"a{node}b{run}c", "a/nodeb/runc"},
    {"{private}{private}", "/private/private"},
    {"{{private}}", "{/private}"},
    {"{private", "{private"},
    {"private}", "private}"},
    {"{}", "{}"},
    {"{privat}", "{privat}"},
    {"{private }", "{private }"},
};

START_TEST(variables_are_replaced_and_nothing_else)
{
    give("text", texts[_i].given);
    give("path", "{shared}/x");
    ck_assert_msg(bind(LP_ROLE_STORE) == 0, "%s", err.text);
    const struct params *params = binding.params;
    ck_assert_str_eq(params->text, texts[_i].bound);
}
END_TEST

START_TEST(the_folder_of_a_path_is_made_and_the_file_is_not)
{
    give("path", "{shared}/deep/file");
    ck_assert_int_eq(bind(LP_ROLE_STORE), 0);
    const struct params *params = binding.params;
    char made[128];
    snprintf(made, sizeof made, "%s/shared/deep", folder);
    ck_assert(lp_is_folder(made));
    ck_assert(!lp_is_file(params->path));
    ck_assert(!lp_is_folder(params->path));
}
END_TEST

START_TEST(what_is_not_given_has_its_default)
{
    give("path", "x");
    ck_assert_int_eq(bind(LP_ROLE_STORE), 0);
    const struct params *params = binding.params;
    ck_assert_str_eq(params->text, "none");
    ck_assert_uint_eq(params->number, 3);
    ck_assert_ptr_null(params->lock_only);
}
END_TEST

START_TEST(what_is_required_of_a_role_is_missed_in_that_role_only)
{
    give("path", "x");
    ck_assert_int_eq(bind(LP_ROLE_LOCK), -1);
    ck_assert_int_eq(err.kind, LP_ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "'lock-only'"));
    give("lock-only", "here");
    ck_assert_int_eq(bind(LP_ROLE_LOCK), 0);
}
END_TEST

START_TEST(a_bad_value_is_told)
{
    give("path", "x");
    give("number", "three");
    ck_assert_int_eq(bind(LP_ROLE_STORE), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "three"));
}
END_TEST

START_TEST(capacity_is_asked_of_locks_only)
{
    give("path", "x");
    give("lock-only", "x");
    give("number", "5");
    ck_assert_int_eq(bind(LP_ROLE_LOCK), 0);
    ck_assert_uint_eq(binding.capacity, 5);
    ck_assert_int_eq(bind(LP_ROLE_STORE), 0);
    ck_assert_uint_eq(binding.capacity, 1);
}
END_TEST

static const char *const missing[] = {"absent", "unheard-of"};

START_TEST(a_driver_that_is_not_there_is_a_need)
{
    resource.driver = missing[_i];
    ck_assert_int_eq(bind(LP_ROLE_STORE), -1);
    ck_assert_int_eq(err.kind, LP_ERR_NEED);
    ck_assert_ptr_nonnull(strstr(err.text, missing[_i]));
}
END_TEST

START_TEST(each_client_has_zeroed_state_of_its_own)
{
    static const char zeros[40];
    give("path", "x");
    ck_assert_int_eq(bind(LP_ROLE_STORE), 0);
    struct lp_client *one = lp_client_make(&binding, 1, 11);
    struct lp_client *two = lp_client_make(&binding, 2, 12);
    ck_assert_mem_eq(one->state, zeros, sizeof zeros);
    ck_assert_ptr_ne(one->state, two->state);
    ck_assert_ptr_eq(one->params, two->params);
    ck_assert_uint_eq(two->worker, 2);
    ck_assert_uint_eq(two->seed, 12);
    ck_assert_uint_gt(lp_now_ns(one), 0);
    lp_client_free(one);
    lp_client_free(two);
    lp_client_free(NULL);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("binding");
    TCase *tcase = tcase_create("binding");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, variables_are_replaced_and_nothing_else, 0,
                        (int)LP_ARRAY_LEN(texts));
    tcase_add_test(tcase, the_folder_of_a_path_is_made_and_the_file_is_not);
    tcase_add_test(tcase, what_is_not_given_has_its_default);
    tcase_add_test(tcase, what_is_required_of_a_role_is_missed_in_that_role_only);
    tcase_add_test(tcase, a_bad_value_is_told);
    tcase_add_test(tcase, capacity_is_asked_of_locks_only);
    tcase_add_loop_test(tcase, a_driver_that_is_not_there_is_a_need, 0, (int)LP_ARRAY_LEN(missing));
    tcase_add_test(tcase, each_client_has_zeroed_state_of_its_own);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
