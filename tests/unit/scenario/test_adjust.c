/* SPDX-License-Identifier: MIT */
/* Overrides from the command line, placements by name, and who sits where. */
#include <signal.h>

#include "tests/unit/scenario/vocabulary.h"
#include "tests/unit/unit.h"

static const char text[] = "store: {driver: word}\ncontainers: 2\nduration: 5s\nrounds: 7\n"
                           "groups:\n"
                           "  - {name: a, workers: 3, steps: [add]}\n"
                           "  - {name: b, workers: 4, container: 1, steps: [add]}\n"
                           "  - {name: c, workers: 4, steps: [add]}\n";
static struct lp_scenario scenario;
static struct lp_err err;

static void set_up(void)
{
    ck_assert_int_eq(
        lp_scenario_parse(&scenario, text, strlen(text), "t.yaml", &test_vocabulary, &err), 0);
}

static void tear_down(void)
{
    lp_scenario_release(&scenario);
}

START_TEST(nothing_given_changes_nothing)
{
    ck_assert_int_eq(
        lp_scenario_override(&scenario, &(struct lp_overrides){.min_meetings = -1}, &err), 0);
    ck_assert_uint_eq(lp_scenario_workers(&scenario), 11);
    ck_assert_uint_eq(scenario.rounds, 7);
    ck_assert_uint_eq(scenario.duration_ns, 5 * LP_SEC);
    ck_assert_uint_eq(scenario.containers, 2);
    ck_assert_uint_eq(scenario.min_meetings, 30);
}
END_TEST

START_TEST(each_override_reaches_its_member)
{
    const struct lp_overrides overrides = {.workers = 9,
                                           .rounds = 50,
                                           .containers = 3,
                                           .placement = LP_PLACE_THREAD,
                                           .seed = 77,
                                           .min_meetings = 5,
                                           .timeout_ns = 9};

    ck_assert_int_eq(lp_scenario_override(&scenario, &overrides, &err), 0);
    ck_assert_uint_eq(scenario.groups[0].workers, 3);
    ck_assert_uint_eq(scenario.groups[1].workers, 2); /* the first of the largest */
    ck_assert_uint_eq(scenario.groups[2].workers, 4);
    ck_assert_uint_eq(scenario.rounds, 50);
    ck_assert_uint_eq(scenario.duration_ns, 0); /* else the duration would win over --rounds */
    ck_assert_uint_eq(scenario.containers, 3);
    ck_assert_int_eq(scenario.placement, LP_PLACE_THREAD);
    ck_assert_uint_eq(scenario.seed, 77);
    ck_assert_uint_eq(scenario.min_meetings, 5);
    ck_assert_uint_eq(scenario.timeout_ns, 9);
}
END_TEST

START_TEST(a_duration_replaces_rounds)
{
    const struct lp_overrides overrides = {.duration_ns = LP_SEC, .min_meetings = -1};

    ck_assert_int_eq(lp_scenario_override(&scenario, &overrides, &err), 0);
    ck_assert_uint_eq(scenario.rounds, 0);
    ck_assert_uint_eq(scenario.duration_ns, LP_SEC);
}
END_TEST

START_TEST(too_few_or_too_many_workers_are_refused)
{
    struct lp_overrides overrides = {.workers = 7, .min_meetings = -1};

    ck_assert_int_eq(lp_scenario_override(&scenario, &overrides, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "expected at least 8"));
    overrides.workers = LP_WORKERS_MAX + 1;
    ck_assert_int_eq(lp_scenario_override(&scenario, &overrides, &err), -1);
    overrides.workers = 8;
    ck_assert_int_eq(lp_scenario_override(&scenario, &overrides, &err), 0);
    ck_assert_uint_eq(lp_scenario_workers(&scenario), 8);
}
END_TEST

START_TEST(containers_that_a_group_names_must_stay)
{
    struct lp_overrides overrides = {.containers = 1, .min_meetings = -1};

    ck_assert_int_eq(lp_scenario_override(&scenario, &overrides, &err), -1);
    ck_assert_ptr_nonnull(strstr(err.text, "expected at least 2"));
    overrides.containers = LP_CONTAINERS_MAX + 1;
    ck_assert_int_eq(lp_scenario_override(&scenario, &overrides, &err), -1);
}
END_TEST

/* a: 0 1 0; b pinned to 1; c goes on where a stopped: 1 0 1 0. */
START_TEST(workers_are_dealt_to_containers_in_turn)
{
    static const struct lp_seat expected[] = {{0, 0}, {0, 1}, {0, 0}, {1, 1}, {1, 1}, {1, 1},
                                              {1, 1}, {2, 1}, {2, 0}, {2, 1}, {2, 0}};

    for (unsigned i = 0; i < LP_ARRAY_LEN(expected); i++) {
        const struct lp_seat seat = lp_scenario_seat(&scenario, i);
        ck_assert_uint_eq(seat.group, expected[i].group);
        ck_assert_uint_eq(seat.container, expected[i].container);
    }
}
END_TEST

START_TEST(a_seat_behind_the_last_is_a_bug)
{
    lp_scenario_seat(&scenario, 11);
}
END_TEST

START_TEST(placements_have_names)
{
    static const char *const names[] = {"auto", "thread", "process", "namespace"};
    enum lp_placement placement;

    for (unsigned i = 0; i < LP_ARRAY_LEN(names); i++) {
        ck_assert_int_eq(lp_placement_parse(names[i], &placement), 0);
        ck_assert_int_eq(placement, i);
        ck_assert_str_eq(lp_placement_name(placement), names[i]);
    }
    ck_assert_int_eq(lp_placement_parse("dokcer", &placement), -1);
    ck_assert_int_eq(lp_placement_parse("", &placement), -1);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("scenario/adjust");
    TCase *tcase = tcase_create("adjust");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, nothing_given_changes_nothing);
    tcase_add_test(tcase, each_override_reaches_its_member);
    tcase_add_test(tcase, a_duration_replaces_rounds);
    tcase_add_test(tcase, too_few_or_too_many_workers_are_refused);
    tcase_add_test(tcase, containers_that_a_group_names_must_stay);
    tcase_add_test(tcase, workers_are_dealt_to_containers_in_turn);
    tcase_add_test_raise_signal(tcase, a_seat_behind_the_last_is_a_bug, SIGABRT);
    tcase_add_test(tcase, placements_have_names);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
