/* SPDX-License-Identifier: MIT */
/*
 * Containers of namespaces: each has its own /dev/shm, /proc, hostname and {private}, all see one
 * scratch folder. Each test makes its containers in a child, which cannot come back from them.
 * Where namespaces are forbidden, only that this is told can be tested.
 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "os/file.h"
#include "os/process.h"
#include "place/place.h"

static char scratch[64];
static char run_dir[64];
static char path_private[96], path_own[2][96], path_shared[96];
static struct lp_err err;

static void make_in(char *path, size_t size, const char *name)
{
    snprintf(path, size, "%s/%s", scratch, name);
    ck_assert_int_eq(mkdir(path, 0755), 0);
}

static void setup_in(const char *scratch_base, const char *run_base)
{
    snprintf(scratch, sizeof scratch, "%s/lp-place-XXXXXX", scratch_base);
    ck_assert_ptr_nonnull(mkdtemp(scratch));
    snprintf(run_dir, sizeof run_dir, "%s/lp-place-XXXXXX", run_base);
    ck_assert_ptr_nonnull(mkdtemp(run_dir));
    make_in(path_private, sizeof path_private, "private");
    make_in(path_shared, sizeof path_shared, "shared");
    make_in(path_own[0], sizeof path_own[0], "container-0");
    make_in(path_own[1], sizeof path_own[1], "container-1");
}

static void setup(void)
{
    setup_in("/dev/shm", "/tmp");
}

static void teardown(void)
{
    lp_folder_remove(scratch);
    lp_folder_remove(run_dir);
}

static bool usable(void)
{
    struct lp_err why = {0};
    return lp_place_namespace.usable(&why) == 0;
}

/* In a process that made itself fit for containers: enters container `number` and acts there.
   Returns what `act` did, 100 when it could not get so far. */
static int in_container(unsigned number, int (*act)(unsigned number))
{
    struct lp_child child;
    if (lp_process_fork(&child, lp_place_namespace.namespaces) == -1)
        return 100;
    if (child.pid == 0) {
        struct lp_place_view view = {.scratch = scratch,
                                     .run_dir = run_dir,
                                     .private_at = path_private,
                                     .private_dir = path_own[number],
                                     .container = number};
        if (lp_place_namespace.enter(&view, &err) == -1) {
            fprintf(stderr, "%s\n", err.text);
            _exit(100);
        }
        _exit(act(number));
    }
    int status = lp_process_wait(&child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100;
}

/* Both containers, one after the other. */
static void in_each(int (*act)(unsigned number))
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if (lp_place_namespace.prepare(&err) == -1)
            _exit(100);
        int first = in_container(0, act);
        _exit(first ? first : in_container(1, act));
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(status == 0, "check %d failed", WEXITSTATUS(status));
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static bool make(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd == -1)
        return false;
    close(fd);
    return true;
}

static bool make_in_folder(const char *folder, const char *name)
{
    char path[224];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return make(path);
}

static int look_at_shm(unsigned number)
{
    (void)number;
    return make("/dev/shm/lp-place-mark") ? 0 : 1; /* excl: the other's must not be there */
}

START_TEST(each_has_a_shm_of_its_own)
{
    in_each(look_at_shm);
    ck_assert(!exists("/dev/shm/lp-place-mark"));
}
END_TEST

static int look_at_scratch(unsigned number)
{
    char path[224];
    if (!make_in_folder(path_shared, number == 0 ? "from-0" : "from-1"))
        return 1;
    snprintf(path, sizeof path, "%s/from-0", path_shared);
    if (!exists(path))
        return 2;
    return make_in_folder(run_dir, number == 0 ? "from-0" : "from-1") ? 0 : 3;
}

static void check_scratch(void)
{
    in_each(look_at_scratch);
    char path[224];
    snprintf(path, sizeof path, "%s/from-1", path_shared);
    ck_assert(exists(path));
    snprintf(path, sizeof path, "%s/from-1", run_dir);
    ck_assert(exists(path));
}

START_TEST(all_see_one_scratch_and_run_folder)
{
    check_scratch();
}
END_TEST

START_TEST(folders_outside_of_shm_are_seen_too)
{
    teardown();
    setup_in("/tmp", "/dev/shm");
    check_scratch();
}
END_TEST

static int look_at_private(unsigned number)
{
    (void)number;
    return make_in_folder(path_private, "mark") ? 0 : 1;
}

START_TEST(one_path_shows_each_its_own_private_folder)
{
    char path[224];
    in_each(look_at_private);
    for (unsigned i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/mark", path_own[i]);
        ck_assert(exists(path));
    }
    snprintf(path, sizeof path, "%s/mark", path_private);
    ck_assert(!exists(path));
}
END_TEST

static int look_at_names(unsigned number)
{
    char name[64], want[64];
    snprintf(want, sizeof want, "container-%u", number);
    if (gethostname(name, sizeof name) == -1 || strcmp(name, want) != 0)
        return 1;
    return getpid() == 1 ? 0 : 2;
}

START_TEST(each_has_a_name_and_pids_of_its_own)
{
    char before[64], after[64];
    ck_assert_int_eq(gethostname(before, sizeof before), 0);
    in_each(look_at_names);
    ck_assert_int_eq(gethostname(after, sizeof after), 0);
    ck_assert_str_eq(before, after);
}
END_TEST

START_TEST(trying_it_out_changes_nothing_here)
{
    char before[64], after[64];
    ck_assert_int_gt(readlink("/proc/self/ns/mnt", before, sizeof before), 0);
    for (unsigned i = 0; i < 3; i++)
        ck_assert(usable());
    ck_assert_int_gt(readlink("/proc/self/ns/mnt", after, sizeof after), 0);
    ck_assert_mem_eq(before, after, 10);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

/* A user namespace that allows no further ones, and in which nobody is root. */
static int be_forbidden(void)
{
    if (unshare(CLONE_NEWUSER) == -1)
        return 77;
    static const char *const limits[] = {"user", "pid", "mnt", "net"};
    for (size_t i = 0; i < LP_ARRAY_LEN(limits); i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/sys/user/max_%s_namespaces", limits[i]);
        int limit = open(path, O_WRONLY | O_CLOEXEC);
        if (limit == -1 || write(limit, "0", 1) != 1)
            return 77;
        close(limit);
    }
    return 0;
}

/* A process with threads cannot make a user namespace (unshare(2)), and that sanitizer has one. */
#ifdef __SANITIZE_THREAD__
#define THREADED true
#else
#define THREADED false
#endif

START_TEST(where_they_are_forbidden_the_reason_and_the_remedy_are_told)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        int result = be_forbidden();
        if (result == 0 && lp_place_namespace.usable(&err) == 0)
            result = 1;
        if (result == 0 && err.kind != LP_ERR_NEED)
            result = 2;
        if (result == 0 && !strstr(err.text, "not allowed here"))
            result = 3;
        if (result == 0 && !err.remedy[0])
            result = 4;
        _exit(result);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    bool arranged = WEXITSTATUS(status) != 77;
    ck_assert_msg(status == 0 || (!arranged && (THREADED || !usable())), "check %d failed",
                  WEXITSTATUS(status));
}
END_TEST

static const struct lp_place *const plain[] = {&lp_place_thread, &lp_place_process};

START_TEST(plain_places_ask_for_nothing)
{
    struct lp_place_view view = {.scratch = scratch};
    ck_assert_int_eq(plain[_i]->usable(&err), 0);
    ck_assert_int_eq(plain[_i]->prepare(&err), 0);
    ck_assert_int_eq(plain[_i]->enter(&view, &err), 0);
    ck_assert_int_eq(plain[_i]->namespaces, 0);
    ck_assert(!plain[_i]->own_view);
    ck_assert_int_eq(plain[_i]->threads, plain[_i] == &lp_place_thread);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("namespace");
    TCase *tcase = tcase_create("namespace");
    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, plain_places_ask_for_nothing, 0, (int)LP_ARRAY_LEN(plain));
    tcase_add_test(tcase, where_they_are_forbidden_the_reason_and_the_remedy_are_told);
    if (usable()) {
        tcase_add_test(tcase, each_has_a_shm_of_its_own);
        tcase_add_test(tcase, all_see_one_scratch_and_run_folder);
        tcase_add_test(tcase, folders_outside_of_shm_are_seen_too);
        tcase_add_test(tcase, one_path_shows_each_its_own_private_folder);
        tcase_add_test(tcase, each_has_a_name_and_pids_of_its_own);
        tcase_add_test(tcase, trying_it_out_changes_nothing_here);
    } else {
        printf("test_namespace: skipped in part: namespaces are not allowed here\n");
    }
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
