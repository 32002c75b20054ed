/* SPDX-License-Identifier: MIT */
/*
 * docs/DRIVER.md promises a complete driver and the command that builds it. Both are taken from the
 * page, carried out, and the lock has to keep two clients apart. Run from the top of the sources;
 * skipped where there is no compiler.
 */
#include "tests/unit/unit.h"

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>
#include "os/file.h"
#include "tests/unit/drivers/one_client.h"

#define PAGE "docs/DRIVER.md"

static char folder[64];

/* A plug-in finds this in the program that loads it; nothing else here would link it in. */
__attribute__((used)) static const void *const offered_to_plugins = (const void *)lp_fail;

static void folder_make(void)
{
    snprintf(folder, sizeof folder, "/tmp/lp-doc-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void folder_remove(void)
{
    lp_folder_remove(folder);
}

/* What stands between two marks; ends the text there. */
static char *between(char *text, const char *from, const char *to)
{
    char *start = strstr(text, from);
    ck_assert_msg(start != NULL, "the page has no \"%s\"", from);
    char *end = strstr(start + strlen(from), to);
    ck_assert_ptr_nonnull(end);
    *end = '\0';
    return start;
}

/* Builds the page's program in `folder` by the page's command. */
static void build_page(void)
{
    struct lp_str page;
    struct lp_err err;
    char source[96], command[512];

    lp_str_init(&page);
    ck_assert_msg(lp_file_read(PAGE, 1 << 20, &page, &err) == 0, "%s", err.text);
    char *build = between(page.ptr, "cc -shared", "\n");
    char *file_names = strstr(build, " mylock.c -o mylock.so");
    ck_assert_msg(file_names && file_names[strlen(" mylock.c -o mylock.so")] == '\0', "%s", build);
    *file_names = '\0';
    snprintf(command, sizeof command, "%s -Wall -Wextra -Werror %s/mylock.c -o %s/mylock.so", build,
             folder, folder);
    char *program = between(page.ptr, "/* mylock.c:", "\n```");
    snprintf(source, sizeof source, "%s/mylock.c", folder);
    ck_assert_int_eq(lp_file_write(source, program, strlen(program), &err), 0);
    ck_assert_msg(system(command) == 0, "%s", command);
    lp_str_release(&page);
}

START_TEST(the_page_s_driver_builds_loads_and_locks)
{
    char library[96], name[64], other_name[64];
    struct lp_err err;
    struct lp_grant grant[3] = {{.token = 0}};

    build_page();
    snprintf(library, sizeof library, "%s/mylock.so", folder);
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(handle != NULL, "%s", dlerror());
    const struct lp_driver *driver =
        *(const struct lp_driver *const *)dlsym(handle, "lockproof_driver");
    ck_assert_msg(lp_driver_check(driver, library, &err) == 0, "%s", err.text);

    snprintf(name, sizeof name, "name=lp-doc-%d", getpid());
    snprintf(other_name, sizeof other_name, "name=lp-doc-%d-other", getpid());
    const char *settings[] = {name, NULL}, *other[] = {other_name, NULL};
    struct lp_client *a = one_client(driver, settings, NULL, 1);
    struct lp_client *b = one_client(driver, settings, NULL, 2);
    struct lp_client *c = one_client(driver, other, NULL, 3);
    ck_assert_int_eq(driver->prepare(a, LP_ROLE_LOCK, 0), LP_OK);
    ck_assert_int_eq(driver->open(a, LP_ROLE_LOCK), LP_OK);
    ck_assert_int_eq(driver->open(b, LP_ROLE_LOCK), LP_OK);
    ck_assert_int_eq(driver->open(c, LP_ROLE_LOCK), LP_OK);
    ck_assert_int_eq(driver->lock->release(a), LP_FAIL);
    ck_assert_int_eq(driver->lock->acquire_try(a, LP_EXCLUSIVE, &grant[0]), LP_OK);
    ck_assert_int_eq(driver->lock->acquire_try(b, LP_EXCLUSIVE, &grant[1]), LP_BUSY);
    ck_assert_int_eq(driver->lock->acquire_try(c, LP_EXCLUSIVE, &grant[2]), LP_OK);
    ck_assert_int_eq(driver->lock->release(a), LP_OK);
    ck_assert_int_eq(driver->lock->acquire_try(b, LP_EXCLUSIVE, &grant[1]), LP_OK);
    ck_assert(grant[0].identity.object == grant[1].identity.object);
    ck_assert(grant[0].identity.object != grant[2].identity.object);
    /* A holder that ends without unlock lets go. */
    one_client_free(b);
    ck_assert_int_eq(driver->lock->acquire_try(a, LP_EXCLUSIVE, &grant[0]), LP_OK);
    one_client_free(c);
    one_client_free(a);
    dlclose(handle);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("driver page");
    TCase *tcase = tcase_create("driver page");

    suite_add_tcase(suite, tcase);
    if (system("command -v cc >/dev/null 2>&1") != 0) {
        printf("test_driver_doc: skipped: there is no cc (apt-get install gcc)\n");
        return suite;
    }
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, folder_make, folder_remove);
    tcase_add_test(tcase, the_page_s_driver_builds_loads_and_locks);
    return suite;
}

LP_UNIT_MAIN(make_suite)
