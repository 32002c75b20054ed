/* SPDX-License-Identifier: MIT */
/* Files and folders: what comes in and out, and that removing a tree touches nothing beside it. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "os/clock.h"
#include "os/file.h"

static char folder[64];
static struct lp_err err;

static void folder_make(void)
{
    snprintf(folder, sizeof folder, "/tmp/lp-file-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void folder_remove(void)
{
    lp_folder_remove(folder);
}

/* A path in the test's folder; valid until the fourth call from now. */
static const char *in(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % LP_ARRAY_LEN(paths)];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text)
{
    ck_assert_msg(lp_file_write(in(name), text, strlen(text), &err) == 0, "%s", err.text);
}

START_TEST(what_is_written_is_read)
{
    struct lp_str text;
    lp_str_init(&text);
    put("a", "a long text that is replaced");
    ck_assert_int_eq(lp_file_write(in("a"), "x\0y", 3, &err), 0);
    lp_str_add(&text, "before:");
    ck_assert_int_eq(lp_file_read(in("a"), 100, &text, &err), 0);
    ck_assert_uint_eq(text.len, 10);
    ck_assert_mem_eq(text.ptr, "before:x\0y", 11);
    lp_str_release(&text);
}
END_TEST

START_TEST(a_file_may_be_as_large_as_its_limit_and_no_larger)
{
    struct lp_str text;
    lp_str_init(&text);
    put("a", "12345");
    ck_assert_int_eq(lp_file_read(in("a"), 5, &text, &err), 0);
    lp_str_clear(&text);
    ck_assert_int_eq(lp_file_read(in("a"), 4, &text, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "larger than 4 bytes"));
    lp_str_release(&text);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_or_written_is_named)
{
    struct lp_str text;
    lp_str_init(&text);
    ck_assert_int_eq(lp_file_read(in("none"), 10, &text, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "/none': No such file"));
    ck_assert_int_eq(lp_file_read(folder, 10, &text, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "Is a directory"));
    ck_assert_int_eq(lp_file_write(in("none/x"), "", 0, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_SELF);
    ck_assert_int_eq(lp_file_write("/dev/full", "x", 1, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_SELF);
    ck_assert_ptr_nonnull(strstr(err.text, "No space left"));
    lp_str_release(&text);
}
END_TEST

START_TEST(folders_are_made_with_all_above_them)
{
    ck_assert_int_eq(lp_folder_make(in("a/b/c"), &err), 0);
    ck_assert(lp_is_folder(in("a/b/c")));
    ck_assert_int_eq(lp_folder_make(in("a/b/c"), &err), 0);
    ck_assert_int_eq(lp_folder_make(in("a/b/d/"), &err), 0);
    ck_assert(lp_is_folder(in("a/b/d")));
    ck_assert_int_eq(lp_folder_of(in("e/f/file"), &err), 0);
    ck_assert(lp_is_folder(in("e/f")));
    ck_assert(!lp_is_folder(in("e/f/file")));
    ck_assert_int_eq(lp_folder_of("file", &err), 0);
    ck_assert_int_eq(lp_folder_of("/file", &err), 0);
}
END_TEST

START_TEST(a_file_in_the_way_of_a_folder_is_told)
{
    put("a", "");
    ck_assert_int_eq(lp_folder_make(in("a"), &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_SELF);
    ck_assert_int_eq(lp_folder_make(in("a/b"), &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "Not a directory"));
}
END_TEST

START_TEST(a_removed_tree_takes_nothing_else_with_it)
{
    ck_assert_int_eq(lp_folder_make(in("kept/deep"), &err), 0);
    put("kept/file", "x");
    ck_assert_int_eq(lp_folder_make(in("tree/a/b"), &err), 0);
    put("tree/a/file", "x");
    ck_assert_int_eq(symlink(in("kept"), in("tree/a/link")), 0);
    ck_assert_int_eq(symlink("/nonexistent", in("tree/dangling")), 0);
    lp_folder_remove(in("tree"));
    ck_assert_int_eq(access(in("tree"), F_OK), -1);
    ck_assert(lp_is_file(in("kept/file")));
    ck_assert(lp_is_folder(in("kept/deep")));
    lp_folder_remove(in("tree"));
}
END_TEST

START_TEST(files_and_folders_are_told_apart)
{
    put("a", "");
    ck_assert(lp_is_file(in("a")));
    ck_assert(!lp_is_folder(in("a")));
    ck_assert(!lp_is_file(folder));
    ck_assert(!lp_is_file(in("none")));
    ck_assert(!lp_is_file("/dev/null"));
}
END_TEST

START_TEST(filesystems_have_names)
{
    char name[32];
    lp_filesystem_name("/proc", name, sizeof name);
    ck_assert_str_eq(name, "type 0x9fa0");
    lp_filesystem_name(in("none"), name, sizeof name);
    ck_assert_str_eq(name, "unknown");
    ck_assert_uint_eq(lp_filesystem_free(in("none")), 0);
    ck_assert_uint_gt(lp_filesystem_free(folder), 0);
}
END_TEST

START_TEST(a_time_stamp_names_a_folder)
{
    char stamp[17];
    ck_assert_str_eq(lp_clock_stamp(stamp, sizeof stamp), stamp);
    ck_assert_uint_eq(strlen(stamp), 16);
    ck_assert_uint_eq(strspn(stamp, "0123456789TZ"), 16);
    ck_assert_int_eq(stamp[8], 'T');
    ck_assert_int_eq(stamp[15], 'Z');
}
END_TEST

START_TEST(time_that_is_spent_has_passed)
{
    static const uint64_t durations_ns[] = {0, 1, 1000, 49000, 51000, 2000000};
    for (size_t i = 0; i < LP_ARRAY_LEN(durations_ns); i++) {
        uint64_t before_ns = lp_clock_before();
        lp_clock_spend(durations_ns[i]);
        uint64_t after_ns = lp_clock_after();
        ck_assert_uint_ge(after_ns - before_ns, durations_ns[i]);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("file");
    TCase *tcase = tcase_create("file");
    tcase_add_checked_fixture(tcase, folder_make, folder_remove);
    tcase_add_test(tcase, what_is_written_is_read);
    tcase_add_test(tcase, a_file_may_be_as_large_as_its_limit_and_no_larger);
    tcase_add_test(tcase, a_file_that_cannot_be_read_or_written_is_named);
    tcase_add_test(tcase, folders_are_made_with_all_above_them);
    tcase_add_test(tcase, a_file_in_the_way_of_a_folder_is_told);
    tcase_add_test(tcase, a_removed_tree_takes_nothing_else_with_it);
    tcase_add_test(tcase, files_and_folders_are_told_apart);
    tcase_add_test(tcase, filesystems_have_names);
    tcase_add_test(tcase, a_time_stamp_names_a_folder);
    tcase_add_test(tcase, time_that_is_spent_has_passed);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
