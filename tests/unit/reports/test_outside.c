/* SPDX-License-Identifier: MIT */
/*
 * Reports judged by the programs that will read them: xmllint with a schema, perl's TAP::Parser (by
 * prove and by its module). Each skips itself by name where its program is missing.
 */
#include "tests/unit/unit.h"

#include "tests/unit/reports/fixture.h"

enum { TIMEOUT_S = 60 };

static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof(folder), "/tmp/lockproof-reports-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/report", folder);
    unlink(path);
    rmdir(folder);
}

/* Writes a report and runs `reader` with its path at the end. */
static int judge(struct fixture *f, const char *format, const char *reader, struct lp_str *output)
{
    char path[128], command[2048];
    char *report = fixture_report(f, format);

    snprintf(path, sizeof(path), "%s/report", folder);
    write_file(path, report);
    snprintf(command, sizeof(command), "%s %s 2>&1", reader, path);
    free(report);
    free(f);
    return run_command(command, output);
}

static int lint(struct fixture *f, struct lp_str *output)
{
    return judge(f, "junit", "xmllint --noout --schema tests/golden/junit.xsd", output);
}

START_TEST(junit_follows_the_schema)
{
    struct lp_str output;

    if (!have_program("xmllint"))
        return;
    lp_str_init(&output);
    ck_assert_msg(lint(fixture_new(), &output) == 0, "%s", output.ptr);
    ck_assert_msg(lint(fixture_hostile(), &output) == 0, "%s", output.ptr);
    struct fixture *none = fixture_new();
    none->set.count = 0;
    ck_assert_msg(lint(none, &output) == 0, "%s", output.ptr);
    lp_str_release(&output);
}
END_TEST

/* The schema must be able to refuse, or the test above proves nothing. */
START_TEST(schema_refuses_what_is_not_junit)
{
    static const char *const wrong[] = {
        "<testsuites name='x' tests='1' failures='0' errors='0' time='0'><oops/></testsuites>",
        "<testsuites name='x' tests='-1' failures='0' errors='0' time='0'/>",
        "<testsuites name='x' tests='1' failures='0' errors='0' time='1,5'/>",
        "<testsuites name='x' tests='1' failures='0' errors='0' time='0'><testsuite name='x' "
        "tests='1' failures='0' errors='0' time='0'><testcase name='a' time='0'/></testsuite>"
        "</testsuites>",
    };
    char path[128], command[256];

    if (!have_program("xmllint"))
        return;
    snprintf(path, sizeof(path), "%s/report", folder);
    snprintf(command, sizeof(command),
             "xmllint --noout --schema tests/golden/junit.xsd %s 2>/dev/null", path);
    for (size_t i = 0; i < LP_ARRAY_LEN(wrong); i++) {
        write_file(path, wrong[i]);
        ck_assert_msg(run_command(command, NULL) != 0, "accepted: %s", wrong[i]);
    }
}
END_TEST

START_TEST(junit_says_each_standing_in_its_own_way)
{
    static const struct {
        const char *query, *answer;
    } queries[] = {
        {"count(//testcase)", "5"},
        {"count(//testcase[failure])", "1"},
        {"string(//failure/../@name)", "my-lock"},
        {"string(//failure/@type)", "double-grant"},
        {"string(//error/../@name)", "short-run"},
        {"string(//error/@type)", "inconclusive"},
        {"string(//skipped/../@name)", "redis-lock"},
        {"string(//skipped/@message)", "redis-server: apt-get install redis-server"},
        {"count(//testcase[@name=\"flock-one-rogue\"]/failure)", "0"},
        {"string(/testsuites/@failures)", "1"},
        {"string(//testsuite/@errors)", "1"},
    };

    if (!have_program("xmllint"))
        return;
    for (size_t i = 0; i < LP_ARRAY_LEN(queries); i++) {
        struct lp_str output;
        char reader[256];
        lp_str_init(&output);
        snprintf(reader, sizeof(reader), "xmllint --xpath '%s'", queries[i].query);
        ck_assert_int_eq(judge(fixture_new(), "junit", reader, &output), 0);
        while (output.len > 0 && output.ptr[output.len - 1] == '\n')
            output.ptr[--output.len] = '\0';
        ck_assert_str_eq(output.ptr, queries[i].answer);
        lp_str_release(&output);
    }
}
END_TEST

static int prove(struct fixture *f, struct lp_str *output)
{
    return judge(f, "tap", "prove --exec cat", output);
}

START_TEST(prove_passes_when_all_is_as_expected)
{
    struct lp_str output;
    struct fixture *f = fixture_new();

    if (!have_program("prove"))
        return;
    lp_str_init(&output);
    f->set.count = 2;
    ck_assert_msg(prove(f, &output) == 0, "%s", output.ptr);
    assert_contains(output.ptr, "Result: PASS");
    lp_str_release(&output);
}
END_TEST

START_TEST(prove_fails_for_undecided_and_contradicted)
{
    struct lp_str output;

    if (!have_program("prove"))
        return;
    lp_str_init(&output);
    ck_assert_int_ne(prove(fixture_new(), &output), 0);
    assert_contains(output.ptr, "Failed tests:  3, 5");
    assert_lacks(output.ptr, "Parse errors");
    lp_str_release(&output);
}
END_TEST

START_TEST(hostile_texts_do_not_change_the_tap)
{
    struct lp_str output;

    if (!have_program("prove"))
        return;
    lp_str_init(&output);
    ck_assert_int_ne(prove(fixture_hostile(), &output), 0);
    assert_contains(output.ptr, "Failed tests:  3, 5");
    assert_lacks(output.ptr, "Parse errors");
    lp_str_release(&output);
}
END_TEST

/* Prints each point as the parser understood it, and the keys of each YAML block. */
static const char tap_reader[] =
    "perl -MTAP::Parser -e '"
    "my $p = TAP::Parser->new({exec => [\"cat\", $ARGV[0]]});"
    "while (my $r = $p->next) {"
    "  if ($r->is_test) { printf \"%s %d %s\\n\","
    "    $r->has_skip ? \"skip\" : $r->is_ok ? \"ok\" : \"not\", $r->number, $r->explanation // "
    "\"\" }"
    "  elsif ($r->is_yaml) { printf \"yaml %s|%s|%s\\n\", $r->data->{verdict},"
    "    $r->data->{seed}, $r->data->{evidence} // \"\" }"
    "  elsif ($r->is_unknown) { printf \"unknown %s\\n\", $r->as_string } }"
    "print \"errors \", scalar($p->parse_errors), \"\\n\"'";

static int read_tap(struct fixture *f, struct lp_str *output)
{
    return judge(f, "tap", tap_reader, output);
}

START_TEST(tap_parser_reads_points_directives_and_yaml)
{
    struct lp_str output;

    if (!have_program("prove"))
        return;
    lp_str_init(&output);
    ck_assert_msg(read_tap(fixture_new(), &output) == 0, "%s", output.ptr);
    ck_assert_str_eq(output.ptr,
                     "ok 1 \nok 2 \nnot 3 \n"
                     "yaml inconclusive|42|workers met 3 times; 30 are needed\n"
                     "skip 4 redis-server: apt-get install redis-server\nnot 5 \n"
                     "yaml broken|42|worker 1 (workers) was granted `lock` 0.110 ms after worker 0 "
                     "(workers), which still held it\nerrors 0\n");
    lp_str_release(&output);
}
END_TEST

START_TEST(tap_parser_reads_hostile_texts_as_texts)
{
    struct lp_str output;

    if (!have_program("prove"))
        return;
    lp_str_init(&output);
    ck_assert_msg(read_tap(fixture_hostile(), &output) == 0, "%s", output.ptr);
    assert_contains(output.ptr, "ok 1 \nok 2 \nnot 3 \n");
    assert_contains(output.ptr, "yaml inconclusive|42|]]></system-out> <b></script>"
                                "<script>alert(1)</script>&amp; \"q\" 'a'");
    assert_contains(output.ptr, "errors 0\n");
    assert_lacks(output.ptr, "unknown ");
    lp_str_release(&output);
}
END_TEST

static Suite *outside_suite(void)
{
    Suite *suite = suite_create("reports/outside");
    TCase *tests = tcase_create("outside");

    tcase_set_timeout(tests, TIMEOUT_S);
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, junit_follows_the_schema);
    tcase_add_test(tests, schema_refuses_what_is_not_junit);
    tcase_add_test(tests, junit_says_each_standing_in_its_own_way);
    tcase_add_test(tests, prove_passes_when_all_is_as_expected);
    tcase_add_test(tests, prove_fails_for_undecided_and_contradicted);
    tcase_add_test(tests, hostile_texts_do_not_change_the_tap);
    tcase_add_test(tests, tap_parser_reads_points_directives_and_yaml);
    tcase_add_test(tests, tap_parser_reads_hostile_texts_as_texts);
    suite_add_tcase(suite, tests);
    return suite;
}

LP_UNIT_MAIN(outside_suite)
