/* SPDX-License-Identifier: MIT */
/*
 * Every file of tests/corpus/histories must be refused in the words, and at the place, that the
 * file NAME.expect beside it says.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "history/read.h"
#include "os/file.h"
#include "tests/unit/unit.h"

#define FOLDER "tests/corpus/histories"
#define SUFFIX ".expect"

static void read_text(const char *name, const char *suffix, struct lp_str *text)
{
    struct lp_str path;
    char chunk[4096];
    size_t got;
    lp_str_init(&path);
    lp_str_init(text);
    lp_str_addf(&path, FOLDER "/%s%s", name, suffix);
    FILE *file = fopen(path.ptr, "re");
    ck_assert_msg(file != NULL, "%s", path.ptr);
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
        lp_str_add_bytes(text, chunk, got);
    fclose(file);
    lp_str_release(&path);
}

static int try_file(const char *name)
{
    struct lp_calls calls;
    struct lp_reading reading;
    struct lp_read_options options = {0};
    struct lp_err err = {0};
    struct lp_str text, expected, actual;
    read_text(name, "", &text);
    read_text(name, SUFFIX, &expected);
    lp_str_init(&actual);
    int result = lp_calls_parse(&calls, "f", text.ptr, text.len, &options, &reading, &err);
    lp_str_addf(&actual, "%s\n", result == -1 ? err.text + strlen("f:") : "accepted");
    bool same = strcmp(actual.ptr, expected.ptr) == 0;
    if (!same)
        fprintf(stderr, "%s\nexpected: %s  actual: %s", name, expected.ptr, actual.ptr);
    if (result == 0)
        lp_calls_release(&calls);
    ck_assert(result == 0 || err.kind == LP_ERR_USAGE);
    lp_str_release(&text);
    lp_str_release(&expected);
    lp_str_release(&actual);
    return same ? 0 : 1;
}

START_TEST(each_is_refused_where_and_why_it_says)
{
    DIR *folder = opendir(FOLDER);
    int complaints = 0;
    unsigned files = 0;
    ck_assert_msg(folder != NULL, FOLDER " (run from the root of the repository)");
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.' || strstr(entry->d_name, SUFFIX))
            continue;
        files++;
        complaints += try_file(entry->d_name);
    }
    closedir(folder);
    ck_assert_uint_ge(files, 30);
    ck_assert_int_eq(complaints, 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("history/malformed");
    TCase *tcase = tcase_create("corpus");
    tcase_add_test(tcase, each_is_refused_where_and_why_it_says);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
