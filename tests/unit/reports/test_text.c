/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include "tests/unit/reports/fixture.h"

static char *text_of(struct fixture *f)
{
    char *report = fixture_report(f, "text");

    free(f);
    return report;
}

START_TEST(few_scenarios_show_all_their_evidence)
{
    struct fixture *f = fixture_new();

    f->set.count = 3;
    char *report = text_of(f);
    assert_contains(report, "  claim     0 failures in 1,204 contested grants");
    assert_contains(report, "<- overwrites the 42 of worker 0");
    assert_contains(report, "  change    run longer (-d)");
    free(report);
}
END_TEST

START_TEST(many_scenarios_show_evidence_of_what_is_not_as_expected)
{
    char *report = text_of(fixture_new());

    assert_contains(report, "granted, and worker 0 had not released");
    assert_contains(report, "advisory-bypass: worker 1 (rogue) read 41");
    assert_lacks(report, "overwrites the 42 of worker 0");
    assert_lacks(report, "  claim ");
    free(report);
}
END_TEST

START_TEST(quiet_is_silent_about_what_is_as_expected)
{
    struct fixture *f = fixture_new();

    f->set.quiet = true;
    f->set.count = 2;
    f->set.exit_status = 0;
    char *report = text_of(f);
    ck_assert_str_eq(report, "2 scenarios: 1 held, 1 broken; none against its expectation. "
                             "seed 42. repeat: lockproof run --seed 42\n");
    free(report);
}
END_TEST

START_TEST(quiet_explains_an_exit_status_that_comes_from_skipping)
{
    struct fixture *f = fixture_new();

    f->set.quiet = true;
    f->set.results += SKIPPED_ONE;
    f->set.count = 1;
    f->set.exit_status = 3;
    char *report = text_of(f);
    assert_contains(report, "redis-server: apt-get install redis-server");
    free(report);
}
END_TEST

START_TEST(last_line_repeats_tally_seed_and_command)
{
    char *report = text_of(fixture_new());
    const char *last = report + strlen(report) - 1;

    while (last > report && last[-1] != '\n')
        last--;
    ck_assert_str_eq(last, "5 scenarios: 1 held, 2 broken, 1 inconclusive, 1 skipped; 1 not as "
                           "expected. seed 42. repeat: lockproof run --seed 42\n");
    free(report);
}
END_TEST

START_TEST(seed_is_left_out_when_it_differs)
{
    struct fixture *f = fixture_new();

    f->results[BAD_ONE].seed = 43;
    char *report = text_of(f);
    assert_lacks(report, ". seed ");
    free(report);
}
END_TEST

START_TEST(wrong_cause_is_told_with_both_causes)
{
    struct fixture *f = fixture_new();

    f->results[BROKEN_ONE].as_expected = false;
    f->scenarios[BROKEN_ONE].cause = "no-lock";
    char *report = text_of(f);
    assert_contains(report, "!!  flock-one-rogue");
    assert_contains(report, "broken by no-lock, but it is broken by advisory-bypass");
    /* The scenario's cure was meant for the other cause. */
    assert_contains(report, "make every writer take the lock");
    assert_lacks(report, "also the maintenance script");
    free(report);
}
END_TEST

START_TEST(placements_of_one_scenario_are_told_apart)
{
    struct fixture *f = fixture_new();

    f->scenarios[BROKEN_ONE].name = "flock";
    f->results[BROKEN_ONE].placement = LP_PLACE_THREAD;
    char *report = text_of(f);
    assert_contains(report, "flock @process");
    assert_contains(report, "flock @thread");
    free(report);
}
END_TEST

START_TEST(colour_is_only_used_when_asked_for)
{
    struct fixture *plain = fixture_new(), *coloured = fixture_new();

    coloured->set.color = true;
    char *without = text_of(plain), *with = text_of(coloured);
    assert_lacks(without, "\033");
    assert_contains(with, "\033[1;31m!!\033[0m");
    assert_contains(with, "\033[32mok\033[0m  flock-one-rogue  broken ");
    free(with);
    free(without);
}
END_TEST

START_TEST(lost_updates_are_a_range_when_outcomes_are_unknown)
{
    struct fixture *f = fixture_new();

    f->checks[BAD_ONE].lost_update.lost_max = 6;
    f->checks[BAD_ONE].lost_update.final_known = false;
    char *report = text_of(f);
    assert_contains(report, "4..6 lost");
    assert_contains(report, "final not known, lost 4 to 6");
    free(report);
}
END_TEST

START_TEST(long_name_takes_a_line_of_its_own)
{
    struct fixture *f = fixture_new();

    f->scenarios[HELD_ONE].name = "a-name-that-is-longer-than-any-table-would-like-it";
    char *report = text_of(f);
    assert_contains(report, "ok  a-name-that-is-longer-than-any-table-would-like-it\n     ");
    free(report);
}
END_TEST

START_TEST(hostile_texts_do_not_reach_the_terminal)
{
    static const struct {
        bool verbose, quiet;
    } ways[] = {{false, false}, {true, false}, {false, true}};

    for (size_t i = 0; i < LP_ARRAY_LEN(ways); i++) {
        struct fixture *f = fixture_hostile();
        f->set.verbose = ways[i].verbose;
        f->set.quiet = ways[i].quiet;
        char *report = text_of(f);
        assert_lacks(report, "\033");
        assert_lacks(report, "\r");
        assert_lacks(report, "\xff");
        assert_lacks(report, "\xe2\x80\xae");
        assert_lacks(report, "\n::error");
        free(report);
    }
}
END_TEST

START_TEST(nothing_to_report_is_one_line)
{
    struct fixture *f = fixture_new();

    f->set.count = 0;
    f->set.reproduce = NULL;
    char *report = text_of(f);
    ck_assert_str_eq(report, "0 scenarios; nothing was decided\n");
    free(report);
}
END_TEST

static Suite *text_suite(void)
{
    Suite *suite = suite_create("reports/text");
    TCase *tests = tcase_create("text");

    tcase_add_test(tests, few_scenarios_show_all_their_evidence);
    tcase_add_test(tests, many_scenarios_show_evidence_of_what_is_not_as_expected);
    tcase_add_test(tests, quiet_is_silent_about_what_is_as_expected);
    tcase_add_test(tests, quiet_explains_an_exit_status_that_comes_from_skipping);
    tcase_add_test(tests, last_line_repeats_tally_seed_and_command);
    tcase_add_test(tests, seed_is_left_out_when_it_differs);
    tcase_add_test(tests, wrong_cause_is_told_with_both_causes);
    tcase_add_test(tests, placements_of_one_scenario_are_told_apart);
    tcase_add_test(tests, colour_is_only_used_when_asked_for);
    tcase_add_test(tests, lost_updates_are_a_range_when_outcomes_are_unknown);
    tcase_add_test(tests, long_name_takes_a_line_of_its_own);
    tcase_add_test(tests, hostile_texts_do_not_reach_the_terminal);
    tcase_add_test(tests, nothing_to_report_is_one_line);
    suite_add_tcase(suite, tests);
    return suite;
}

LP_UNIT_MAIN(text_suite)
