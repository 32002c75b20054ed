/* SPDX-License-Identifier: MIT */
/* Run folder and scratch folder: what is made when, what is refused, and that scratch goes. */
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "os/file.h"
#include "run/folder.h"

static char base[64];
static struct lp_arena arena;
static struct lp_folders folders;
static struct lp_err err;

static void setup(void)
{
    snprintf(base, sizeof base, "/tmp/lp-folder-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(base));
    lp_arena_init(&arena);
    memset(&folders, 0, sizeof folders);
}

static void teardown(void)
{
    lp_folders_release(&folders);
    lp_arena_release(&arena);
    lp_folder_remove(base);
}

static const char *in(const char *folder, const char *name)
{
    return lp_arena_printf(&arena, "%s/%s", folder, name);
}

static void make(const char *run)
{
    ck_assert_msg(lp_folders_make(&folders, in(base, run), base, &arena, &err) == 0, "%s",
                  err.text);
}

START_TEST(the_run_folder_is_made_at_once_and_scratch_only_named)
{
    make("deep/run");
    ck_assert(lp_is_folder(in(base, "deep/run/history")));
    ck_assert_int_ge(folders.history_fd, 0);
    ck_assert_int_eq(folders.run_dir[0], '/');
    ck_assert_int_eq(strncmp(folders.scratch, base, strlen(base)), 0);
    ck_assert_int_eq(access(folders.scratch, F_OK), -1);
}
END_TEST

START_TEST(scratch_has_a_place_for_each_container_and_nobody_else_may_look)
{
    make("run");
    ck_assert_msg(lp_scratch_make(folders.scratch, 3, &err) == 0, "%s", err.text);
    static const char *const there[] = {"shared", "node", "private", "container-0", "container-2"};
    for (size_t i = 0; i < LP_ARRAY_LEN(there); i++)
        ck_assert_msg(lp_is_folder(in(folders.scratch, there[i])), "%s", there[i]);
    ck_assert(!lp_is_folder(in(folders.scratch, "container-3")));
    struct stat info;
    ck_assert_int_eq(stat(folders.scratch, &info), 0);
    ck_assert_int_eq(info.st_mode & 0777, 0700);
}
END_TEST

START_TEST(release_removes_scratch_and_keeps_the_run)
{
    make("run");
    ck_assert_int_eq(lp_scratch_make(folders.scratch, 1, &err), 0);
    const char *scratch = folders.scratch;
    ck_assert_int_eq(lp_file_write(in(scratch, "shared/counter"), "1", 1, &err), 0);
    lp_folders_release(&folders);
    ck_assert_int_eq(access(scratch, F_OK), -1);
    ck_assert(lp_is_folder(in(base, "run/history")));
    lp_folders_release(&folders);
}
END_TEST

START_TEST(a_folder_that_is_there_already_is_not_taken_for_scratch)
{
    make("run");
    ck_assert_int_eq(mkdir(folders.scratch, 0755), 0);
    ck_assert_int_eq(lp_scratch_make(folders.scratch, 1, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_SELF);
    ck_assert_ptr_nonnull(strstr(err.text, "File exists"));
}
END_TEST

START_TEST(two_runs_never_share_scratch)
{
    struct lp_folders other = {0};
    make("one");
    ck_assert_int_eq(lp_folders_make(&other, in(base, "two"), base, &arena, &err), 0);
    ck_assert_str_ne(folders.scratch, other.scratch);
    lp_folders_release(&other);
}
END_TEST

START_TEST(a_folder_with_a_run_is_refused_and_an_empty_one_is_not)
{
    struct lp_folders second = {0};
    ck_assert_int_eq(lp_folder_make(in(base, "run"), &err), 0);
    make("run");
    ck_assert_int_eq(lp_folders_make(&second, in(base, "run"), base, &arena, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "holds a run already"));
    lp_folders_release(&second);
    ck_assert(lp_is_folder(in(base, "run/history")));
}
END_TEST

START_TEST(a_workdir_that_is_not_there_is_named)
{
    ck_assert_int_eq(lp_folders_make(&folders, in(base, "run"), in(base, "none"), &arena, &err),
                     -1);
    ck_assert_int_eq(err.kind, LP_ERR_SELF);
    ck_assert_ptr_nonnull(strstr(err.text, "/none': No such file"));
}
END_TEST

START_TEST(scratch_is_on_memory_where_there_is_some)
{
    char name[32];
    ck_assert_int_eq(lp_folders_make(&folders, in(base, "run"), NULL, &arena, &err), 0);
    lp_filesystem_name("/dev/shm", name, sizeof name);
    bool room = lp_filesystem_free("/dev/shm") >= (UINT64_C(64) << 20);
    if (strcmp(name, "tmpfs") == 0 && room && access("/dev/shm", W_OK) == 0)
        ck_assert_str_eq(folders.workdir, "/dev/shm");
    else
        ck_assert_str_ne(folders.workdir, "/dev/shm");
}
END_TEST

START_TEST(the_machine_is_described_in_json)
{
    char boot[40];
    struct lp_scenario scenario = {.name = "n", .title = "t", .store = {.name = "store"}};
    scenario.store.driver = "file";
    lp_boot_id(boot, sizeof boot);
    make("run");
    ck_assert_msg(lp_folders_describe(&folders, &scenario, boot, &err) == 0, "%s", err.text);
    ck_assert(lp_is_file(in(base, "run/scenario.yaml")));
    json_t *root = json_load_file(in(base, "run/system.json"), 0, NULL);
    ck_assert_ptr_nonnull(root);
    ck_assert_str_eq(json_string_value(json_object_get(root, "boot_id")), boot);
    ck_assert_ptr_nonnull(
        json_string_value(json_object_get(json_object_get(root, "filesystems"), "scratch")));
    ck_assert_int_gt(json_integer_value(json_object_get(root, "processors")), 0);
    json_decref(root);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("folder");
    TCase *tcase = tcase_create("folder");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_run_folder_is_made_at_once_and_scratch_only_named);
    tcase_add_test(tcase, scratch_has_a_place_for_each_container_and_nobody_else_may_look);
    tcase_add_test(tcase, release_removes_scratch_and_keeps_the_run);
    tcase_add_test(tcase, a_folder_that_is_there_already_is_not_taken_for_scratch);
    tcase_add_test(tcase, two_runs_never_share_scratch);
    tcase_add_test(tcase, a_folder_with_a_run_is_refused_and_an_empty_one_is_not);
    tcase_add_test(tcase, a_workdir_that_is_not_there_is_named);
    tcase_add_test(tcase, scratch_is_on_memory_where_there_is_some);
    tcase_add_test(tcase, the_machine_is_described_in_json);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
