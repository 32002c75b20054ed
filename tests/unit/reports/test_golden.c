/* SPDX-License-Identifier: MIT */
/*
 * Whole reports, byte by byte, against tests/golden/. After a wanted change:
 * `LOCKPROOF_GOLDEN_WRITE=1 make unit-reports`, and read the difference.
 */
#include "tests/unit/unit.h"

#include "tests/unit/reports/fixture.h"

static const struct golden {
    const char *file;
    const char *format;
    size_t first, count;
    bool verbose, quiet, color;
    unsigned width;
} goldens[] = {
    {"many.txt", "text", 0, RESULTS, .width = 100},
    {"many-narrow.txt", "text", 0, RESULTS, .width = 80},
    {"many-color.txt", "text", 0, RESULTS, .color = true},
    {"quiet.txt", "text", 0, RESULTS, .quiet = true},
    {"verbose.txt", "text", 0, RESULTS, .verbose = true},
    {"held.txt", "text", HELD_ONE, 1, .width = 80},
    {"broken.txt", "text", BROKEN_ONE, 1, .width = 80},
    {"skipped.txt", "text", SKIPPED_ONE, 1, .width = 80},
    {"report.json", "json", 0, RESULTS, .width = 0},
    {"report.xml", "junit", 0, RESULTS, .width = 0},
    {"report.tap", "tap", 0, RESULTS, .width = 0},
    {"report.md", "markdown", 0, RESULTS, .width = 0},
    {"report.github", "github", 0, RESULTS, .width = 0},
};

START_TEST(report_equals_its_golden_file)
{
    const struct golden *golden = &goldens[_i];
    struct fixture *f = fixture_new();
    char path[128];

    f->set.results += golden->first;
    f->set.count = golden->count;
    if (golden->count == 1)
        f->set.reproduce = NULL;
    f->set.verbose = golden->verbose;
    f->set.quiet = golden->quiet;
    f->set.color = golden->color;
    f->set.width = golden->width;
    snprintf(path, sizeof(path), "tests/golden/%s", golden->file);
    char *report = fixture_report(f, golden->format);
    if (getenv("LOCKPROOF_GOLDEN_WRITE"))
        write_file(path, report);
    char *expected = read_file(path);
    ck_assert_msg(expected != NULL, "cannot read %s", path);
    ck_assert_msg(strcmp(report, expected) == 0, "%s differs; this is the report:\n%s", path,
                  report);
    free(expected);
    free(report);
    free(f);
}
END_TEST

static Suite *golden_suite(void)
{
    Suite *suite = suite_create("reports/golden");
    TCase *cases = tcase_create("golden");

    tcase_add_loop_test(cases, report_equals_its_golden_file, 0, (int)LP_ARRAY_LEN(goldens));
    suite_add_tcase(suite, cases);
    return suite;
}

LP_UNIT_MAIN(golden_suite)
