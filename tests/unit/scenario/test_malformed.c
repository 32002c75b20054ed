/* SPDX-License-Identifier: MIT */
/*
 * Every file of tests/corpus/malformed must be refused with the place and the words that its first
 * line states: "# expect: LINE:COL: part of the message".
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "base/str.h"
#include "tests/unit/scenario/vocabulary.h"
#include "tests/unit/unit.h"

#define FOLDER "tests/corpus/malformed"

static const char expect_key[] = "# expect: ";

static void read_file(const char *path, struct lp_str *text)
{
    char buf[4096];
    size_t len;
    FILE *file = fopen(path, "re");

    ck_assert_msg(file != NULL, "%s: %s (run from the root of the repository)", path,
                  strerror(errno));
    lp_str_init(text);
    while ((len = fread(buf, 1, sizeof(buf), file)) > 0)
        lp_str_add_bytes(text, buf, len);
    ck_assert(!ferror(file));
    fclose(file);
}

/* Returns the number of complaints about one file; they are printed, so that one run shows all. */
static int try_file(const char *name)
{
    struct lp_scenario scenario;
    struct lp_err err = {0};
    struct lp_str path, text, expected;
    int complaints = 0;

    lp_str_init(&path);
    lp_str_addf(&path, FOLDER "/%s", name);
    read_file(path.ptr, &text);
    ck_assert_msg(strncmp(text.ptr, expect_key, strlen(expect_key)) == 0, "%s states nothing",
                  name);
    const char *statement = text.ptr + strlen(expect_key);
    lp_str_init(&expected);
    lp_str_addf(&expected, "%s:", name);
    lp_str_add_bytes(&expected, statement, strcspn(statement, "\n"));

    if (lp_scenario_parse(&scenario, text.ptr, text.len, name, &test_vocabulary, &err) == 0) {
        fprintf(stderr, "%s: accepted\n", name);
        lp_scenario_release(&scenario);
        complaints++;
    } else if (err.kind != LP_ERR_USAGE || strncmp(err.text, expected.ptr, expected.len) != 0) {
        fprintf(stderr, "expected: %s\n  actual: %s\n", expected.ptr, err.text);
        complaints++;
    }
    lp_str_release(&expected);
    lp_str_release(&text);
    lp_str_release(&path);
    return complaints;
}

START_TEST(each_is_refused_where_and_why_it_says)
{
    DIR *folder = opendir(FOLDER);
    int complaints = 0;
    unsigned files = 0;

    ck_assert_msg(folder != NULL, FOLDER ": %s (run from the root of the repository)",
                  strerror(errno));
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot, ".yaml") != 0)
            continue;
        files++;
        complaints += try_file(entry->d_name);
    }
    closedir(folder);
    ck_assert_uint_ge(files, 50);
    ck_assert_int_eq(complaints, 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("scenario/malformed");
    TCase *tcase = tcase_create("corpus");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, each_is_refused_where_and_why_it_says);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
