/* SPDX-License-Identifier: MIT */
/* Markdown and GitHub's workflow commands: what is shown, and what cannot be forged. */
#include "tests/unit/unit.h"

#include "tests/unit/reports/fixture.h"

START_TEST(every_format_has_a_name_and_writes_something)
{
    struct fixture *f = fixture_new();

    ck_assert_uint_eq(lp_report_format_count, 6);
    for (size_t i = 0; i < lp_report_format_count; i++) {
        ck_assert_ptr_nonnull(lp_report_formats[i].help);
        char *report = fixture_report(f, lp_report_formats[i].name);
        ck_assert_uint_gt(strlen(report), 40);
        free(report);
    }
    free(f);
}
END_TEST

START_TEST(github_annotates_only_what_needs_a_look)
{
    struct fixture *f = fixture_new();
    char *report = fixture_report(f, "github");

    assert_contains(report, "::error file=scenarios/test/example.yaml,title=my-lock%3A broken%2C");
    assert_contains(report, "::warning file=scenarios/test/example.yaml,title=short-run");
    assert_contains(report, "::notice file=scenarios/test/example.yaml,title=redis-lock");
    assert_lacks(report, "title=flock");
    free(report);
    free(f);
}
END_TEST

START_TEST(github_command_without_a_file_has_only_a_title)
{
    struct fixture *f = fixture_new();

    f->scenarios[BAD_ONE].file = NULL;
    char *report = fixture_report(f, "github");
    assert_contains(report, "::error title=my-lock");
    free(report);
    free(f);
}
END_TEST

START_TEST(hostile_text_forges_no_workflow_command)
{
    struct fixture *f = fixture_hostile();
    char *report = fixture_report(f, "github");
    static const char *const begins[] = {
        "::error file=", "::warning file=", "::notice file=", "lockproof: "};
    size_t lines = 0;

    for (char *line = report, *rest; *line; line = rest, lines++) {
        bool known = false;
        rest = line + strcspn(line, "\n") + 1;
        for (size_t i = 0; i < LP_ARRAY_LEN(begins); i++)
            known |= strncmp(line, begins[i], strlen(begins[i])) == 0;
        ck_assert_msg(known, "%.80s", line);
    }
    ck_assert_uint_eq(lines, 4);
    /* In a property ':' and ',' are escaped, '%' everywhere. */
    assert_contains(report, "'a' %25   %3A%3Aerror%3A%3Ax |");
    free(report);
    free(f);
}
END_TEST

/* Lines outside of code blocks that contain `part`. */
static size_t lines_with(const char *report, const char *part)
{
    bool code = false;
    size_t found = 0;

    for (const char *line = report; *line;) {
        size_t len = strcspn(line, "\n");
        char *copy = strndup(line, len);
        if (strncmp(copy, "```", 3) == 0)
            code = !code;
        else if (!code && strstr(copy, part))
            found++;
        free(copy);
        line += len + (line[len] == '\n');
    }
    return found;
}

START_TEST(hostile_text_makes_no_markup)
{
    struct fixture *f = fixture_hostile();
    char *report = fixture_report(f, "markdown");

    ck_assert_uint_eq(lines_with(report, "<b>"), 0);
    ck_assert_uint_eq(lines_with(report, "@user"), 0);
    ck_assert_uint_eq(lines_with(report, "<details"), 3);
    ck_assert_uint_eq(lines_with(report, "</details>"), 3);
    free(report);
    free(f);
}
END_TEST

START_TEST(fence_is_longer_than_what_it_encloses)
{
    struct fixture *f = fixture_new();

    snprintf(f->twice.headers[0].group, sizeof(f->twice.headers[0].group), "``````");
    char *report = fixture_report(f, "markdown");
    assert_contains(report, "\n```````text\n");
    free(report);
    free(f);
}
END_TEST

START_TEST(table_rows_have_eight_cells_whatever_the_texts)
{
    struct fixture *f = fixture_hostile();
    char *report = fixture_report(f, "markdown");
    size_t rows = 0;

    for (char *line = report; *line;) {
        size_t len = strcspn(line, "\n"), bars = 0;
        if (line[0] == '|') {
            for (size_t i = 0; i < len; i++)
                bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
            ck_assert_uint_eq(bars, 9);
            rows++;
        }
        line += len + (line[len] == '\n');
    }
    ck_assert_uint_eq(rows, RESULTS + 2);
    free(report);
    free(f);
}
END_TEST

static Suite *markup_suite(void)
{
    Suite *suite = suite_create("reports/markup");
    TCase *tests = tcase_create("markup");

    tcase_add_test(tests, every_format_has_a_name_and_writes_something);
    tcase_add_test(tests, github_annotates_only_what_needs_a_look);
    tcase_add_test(tests, github_command_without_a_file_has_only_a_title);
    tcase_add_test(tests, hostile_text_forges_no_workflow_command);
    tcase_add_test(tests, hostile_text_makes_no_markup);
    tcase_add_test(tests, fence_is_longer_than_what_it_encloses);
    tcase_add_test(tests, table_rows_have_eight_cells_whatever_the_texts);
    suite_add_tcase(suite, tests);
    return suite;
}

LP_UNIT_MAIN(markup_suite)
