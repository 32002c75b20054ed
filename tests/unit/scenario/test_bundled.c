/* SPDX-License-Identifier: MIT */
/*
 * Every bundled scenario is read, written, and read back as the same; and those that come in pairs,
 * broken and right, name each other.
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>

#include "base/str.h"
#include "tests/unit/scenario/equal.h"
#include "tests/unit/scenario/learn.h"
#include "tests/unit/unit.h"

/* nftw passes no context */
static size_t file_count;
static struct half {
    char name[64], twin[64];
    enum lp_expect expect;
} halves[1024];

static void note_half(const struct lp_scenario *scenario)
{
    ck_assert_uint_lt(file_count, LP_ARRAY_LEN(halves));
    struct half *half = &halves[file_count];
    snprintf(half->name, sizeof half->name, "%s", scenario->name);
    snprintf(half->twin, sizeof half->twin, "%s", scenario->twin ? scenario->twin : "");
    half->expect = scenario->expect;
}

static const struct half *half_named(const char *name)
{
    for (size_t i = 0; i < file_count; i++)
        if (strcmp(halves[i].name, name) == 0)
            return &halves[i];
    return NULL;
}

static int check_file(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    const char *dot = strrchr(path, '.');
    struct lp_scenario first, second;
    struct lp_str text, written;
    char buf[4096];
    size_t len;

    (void)status;
    (void)ftw;
    if (type != FTW_F || !dot || strcmp(dot, ".yaml") != 0)
        return 0;
    FILE *file = fopen(path, "re");
    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    lp_str_init(&text);
    while ((len = fread(buf, 1, sizeof(buf), file)) > 0)
        lp_str_add_bytes(&text, buf, len);
    fclose(file);
    parse_learning(&first, text.ptr, text.len, path);
    lp_str_init(&written);
    lp_scenario_write(&first, &written);
    parse_learning(&second, written.ptr, written.len, path);
    const char *member = differs(&first, &second);
    ck_assert_msg(member == NULL, "%s: %s differs\n%s", path, member, written.ptr);
    note_half(&first);
    lp_scenario_release(&second);
    lp_scenario_release(&first);
    lp_str_release(&written);
    lp_str_release(&text);
    file_count++;
    return 0;
}

START_TEST(each_comes_back_equal)
{
    ck_assert_msg(nftw("scenarios", check_file, 16, FTW_PHYS) == 0,
                  "scenarios: %s (run from the root of the repository)", strerror(errno));
    ck_assert_uint_gt(file_count, 0);
    /* Several wrong ways may share the right one, so only the broken half must name its own. */
    for (size_t i = 0; i < file_count; i++) {
        const struct half *half = &halves[i];
        if (!half->twin[0])
            continue;
        const struct half *twin = half_named(half->twin);
        ck_assert_msg(twin != NULL, "%s: no scenario '%s'", half->name, half->twin);
        ck_assert_msg(twin->twin[0], "%s: its twin %s names none", half->name, half->twin);
        ck_assert_msg(twin->expect != half->expect, "%s: its twin %s has the same expectation",
                      half->name, half->twin);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("scenario/bundled");
    TCase *tcase = tcase_create("scenarios");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, each_comes_back_equal);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
