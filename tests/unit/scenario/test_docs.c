/* SPDX-License-Identifier: MIT */
/*
 * docs/SCENARIO.md says what the tables say: every key, step, variable and choice with its help
 * text, and no key or step that does not exist. Its examples are scenarios.
 */
#include <errno.h>
#include <stdio.h>

#include "base/str.h"
#include "scenario/schema.h"
#include "tests/unit/scenario/learn.h"
#include "tests/unit/unit.h"

#define DOCS "docs/SCENARIO.md"

static struct lp_str docs;

static void set_up(void)
{
    char buf[4096];
    size_t len;
    FILE *file = fopen(DOCS, "re");

    ck_assert_msg(file != NULL, DOCS ": %s (run from the root of the repository)", strerror(errno));
    lp_str_init(&docs);
    while ((len = fread(buf, 1, sizeof(buf), file)) > 0)
        lp_str_add_bytes(&docs, buf, len);
    fclose(file);
}

static void tear_down(void)
{
    lp_str_release(&docs);
}

/* Lines are broken anywhere, so texts are compared as one: every run of white space is one blank.
   The caller frees it. */
static char *one_line(const char *from, size_t len)
{
    struct lp_str line;

    lp_str_init(&line);
    for (size_t i = 0; i < len; i++) {
        const bool blank = from[i] == '\n' || from[i] == ' ';
        if (!blank)
            lp_str_add_bytes(&line, &from[i], 1);
        else if (line.len > 0 && line.ptr[line.len - 1] != ' ')
            lp_str_add(&line, " ");
    }
    return line.ptr;
}

static void demand(const char *text)
{
    char *all = one_line(docs.ptr, docs.len);

    ck_assert_msg(strstr(all, text) != NULL, DOCS " lacks: %s", text);
    free(all);
}

START_TEST(every_key_is_told_with_its_help)
{
    for (size_t i = 0; i < lp_key_count; i++) {
        char entry[256];
        snprintf(entry, sizeof(entry), "- `%s`: %s", lp_keys[i].name, lp_keys[i].help);
        demand(entry);
        for (const char *const *choice = lp_keys[i].choices; choice && *choice; choice++) {
            snprintf(entry, sizeof(entry), "`%s`", *choice);
            demand(entry);
        }
    }
}
END_TEST

START_TEST(every_step_is_told_with_its_help)
{
    for (size_t i = 0; i < lp_step_row_count; i++) {
        char entry[256];
        snprintf(entry, sizeof(entry), "- `%s`: %s.", lp_step_rows[i].synopsis,
                 lp_step_rows[i].help);
        demand(entry);
        ck_assert_str_eq(lp_step_name(lp_step_rows[i].kind), lp_step_rows[i].name);
    }
}
END_TEST

START_TEST(every_variable_is_told)
{
    for (size_t i = 0; i < lp_variable_count; i++) {
        char entry[64];
        snprintf(entry, sizeof(entry), "- `{%s}`: ", lp_variables[i]);
        demand(entry);
    }
}
END_TEST

static bool exists(const char *word, size_t len)
{
    for (size_t i = 0; i < lp_key_count; i++)
        if (strlen(lp_keys[i].name) == len && strncmp(lp_keys[i].name, word, len) == 0)
            return true;
    for (size_t i = 0; i < lp_step_row_count; i++)
        if (strlen(lp_step_rows[i].synopsis) == len &&
            strncmp(lp_step_rows[i].synopsis, word, len) == 0)
            return true;
    for (size_t i = 0; i < lp_variable_count; i++)
        if (strlen(lp_variables[i]) + 2 == len && strncmp(lp_variables[i], word + 1, len - 2) == 0)
            return true;
    return false;
}

START_TEST(nothing_is_told_that_does_not_exist)
{
    unsigned entries = 0;

    for (const char *at = docs.ptr; (at = strstr(at, "- `")) != NULL; entries++) {
        at += strlen("- `");
        const size_t len = strcspn(at, "`");
        /* Entries only: "- `key`: ..." */
        if (strncmp(at + len, "`: ", 3) == 0)
            ck_assert_msg(exists(at, len), DOCS " tells of %.*s", (int)len, at);
    }
    ck_assert_uint_ge(entries, lp_key_count + lp_step_row_count);
}
END_TEST

START_TEST(examples_are_scenarios)
{
    static const char fence[] = "```yaml\n";
    unsigned examples = 0;

    for (const char *at = docs.ptr; (at = strstr(at, fence)) != NULL; examples++) {
        struct lp_scenario scenario;
        at += strlen(fence);
        const char *end = strstr(at, "\n```");
        ck_assert_ptr_nonnull(end);
        parse_learning(&scenario, at, (size_t)(end + 1 - at), DOCS);
        lp_scenario_release(&scenario);
    }
    ck_assert_uint_ge(examples, 2);
}
END_TEST

START_TEST(steps_of_histories_have_names)
{
    ck_assert_str_eq(lp_step_name(LP_STEP_TRY), "try");
    ck_assert_str_eq(lp_step_name(LP_STEP_OBSERVE), "observe");
    ck_assert_str_eq(lp_step_name(LP_STEP_EXIT), "exit");
    ck_assert_str_eq(lp_step_name(LP_STEP_NONE), "?");
    ck_assert_str_eq(lp_step_name(4711), "?");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("scenario/docs");
    TCase *tcase = tcase_create("docs");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, every_key_is_told_with_its_help);
    tcase_add_test(tcase, every_step_is_told_with_its_help);
    tcase_add_test(tcase, every_variable_is_told);
    tcase_add_test(tcase, nothing_is_told_that_does_not_exist);
    tcase_add_test(tcase, examples_are_scenarios);
    tcase_add_test(tcase, steps_of_histories_have_names);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
