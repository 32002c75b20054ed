/* SPDX-License-Identifier: MIT */
/* The JSON report, read back and checked field by field. */
#include "tests/unit/unit.h"

#include <jansson.h>
#include "tests/unit/reports/fixture.h"

static json_t *parse(struct fixture *f)
{
    char *report = fixture_report(f, "json");
    json_error_t error;
    json_t *root = json_loads(report, JSON_REJECT_DUPLICATES, &error);

    ck_assert_msg(root != NULL, "line %d: %s", error.line, error.text);
    free(report);
    free(f);
    return root;
}

static json_t *scenario_of(json_t *root, size_t index)
{
    json_t *scenario = json_array_get(json_object_get(root, "scenarios"), index);

    ck_assert_ptr_nonnull(scenario);
    return scenario;
}

/* "a.b.0.c": members by name, elements by number. */
static json_t *at(json_t *value, const char *path)
{
    char copy[128], *rest = copy, *key;

    snprintf(copy, sizeof(copy), "%s", path);
    while ((key = strsep(&rest, ".")) != NULL) {
        value = json_is_array(value) ? json_array_get(value, (size_t)atoi(key))
                                     : json_object_get(value, key);
        ck_assert_msg(value != NULL, "no %s (at %s)", path, key);
    }
    return value;
}

static const struct text_field {
    size_t scenario;
    const char *path, *text; /* NULL: must be null */
} texts[] = {
    {HELD_ONE, "name", "flock"},
    {HELD_ONE, "title", "flock protects a counter"},
    {HELD_ONE, "expect", "held"},
    {HELD_ONE, "verdict", "held"},
    {HELD_ONE, "placement", "process"},
    {HELD_ONE, "run_dir", "lockproof-runs/flock"},
    {HELD_ONE, "assumes", "independent"},
    {HELD_ONE, "placement_note", NULL},
    {HELD_ONE, "expect_cause", NULL},
    {HELD_ONE, "invariants.0.name", "lost-update"},
    {HELD_ONE, "invariants.0.result", "pass"},
    {HELD_ONE, "invariants.1.name", "mutual-exclusion"},
    {HELD_ONE, "invariants.2.name", "progress"},
    {BROKEN_ONE, "expect", "broken"},
    {BROKEN_ONE, "expect_cause", "advisory-bypass"},
    {BROKEN_ONE, "failure_rate_max", NULL},
    {BROKEN_ONE, "invariants.0.result", "fail"},
    {BROKEN_ONE, "invariants.0.witness.4.step", "write"},
    {BROKEN_ONE, "invariants.0.witness.4.group", "rogue"},
    {BROKEN_ONE, "invariants.0.witness.4.outcome", "ok"},
    {BROKEN_ONE, "invariants.0.witness.4.note", "overwrites the 42 of worker 0"},
    {BROKEN_ONE, "invariants.0.witness.0.value", NULL},
    {BROKEN_ONE, "diagnosis.0.cause", "advisory-bypass"},
    {BROKEN_ONE, "diagnosis.0.fix", "make every writer take the lock"},
    {BROKEN_ONE, "diagnosis.0.witness.5.step", "unlock"},
    {OPEN_ONE, "verdict", "inconclusive"},
    {OPEN_ONE, "failure_rate_max", NULL},
    {SKIPPED_ONE, "verdict", "skipped"},
    {SKIPPED_ONE, "needs.0.name", "redis-server"},
    {SKIPPED_ONE, "needs.0.remedy", "apt-get install redis-server"},
    {SKIPPED_ONE, "latency_ns.acquire", NULL},
    {SKIPPED_ONE, "fairness.jain", NULL},
    {BAD_ONE, "invariants.1.result", "fail"},
};

START_TEST(text_field_has_its_value)
{
    json_t *root = parse(fixture_new());
    json_t *value = at(scenario_of(root, texts[_i].scenario), texts[_i].path);

    if (texts[_i].text)
        ck_assert_str_eq(json_string_value(value), texts[_i].text);
    else
        ck_assert(json_is_null(value));
    json_decref(root);
}
END_TEST

static const struct number_field {
    size_t scenario;
    const char *path;
    json_int_t number;
} numbers[] = {
    {HELD_ONE, "seed", 42},
    {HELD_ONE, "workers", 8},
    {HELD_ONE, "containers", 1},
    {HELD_ONE, "operations.ok", 6400},
    {HELD_ONE, "operations.unknown", 0},
    {HELD_ONE, "meetings", 1204},
    {HELD_ONE, "latency_ns.acquire.max", 1000000},
    {HELD_ONE, "latency_ns.hold.p50", 200000},
    {HELD_ONE, "fairness.max_wait_ns", 3000000},
    {HELD_ONE, "invariants.0.lost", 0},
    {BROKEN_ONE, "containers", 2},
    {BROKEN_ONE, "invariants.0.start", 0},
    {BROKEN_ONE, "invariants.0.acknowledged", 1600},
    {BROKEN_ONE, "invariants.0.final", 1288},
    {BROKEN_ONE, "invariants.0.lost", 312},
    {BROKEN_ONE, "invariants.0.extra", 0},
    {BROKEN_ONE, "invariants.0.first_loss_ns", 1431000},
    {BROKEN_ONE, "invariants.0.witness.4.t_ns", 1430000},
    {BROKEN_ONE, "invariants.0.witness.4.t_end_ns", 1431000},
    {BROKEN_ONE, "invariants.0.witness.4.worker", 1},
    {BROKEN_ONE, "invariants.0.witness.4.container", 1},
    {BROKEN_ONE, "invariants.0.witness.4.value", 42},
    {SKIPPED_ONE, "meetings", 0},
    {BAD_ONE, "invariants.1.overlaps", 9},
};

START_TEST(number_field_has_its_value)
{
    json_t *root = parse(fixture_new());
    json_t *value = at(scenario_of(root, numbers[_i].scenario), numbers[_i].path);

    ck_assert(json_is_integer(value));
    ck_assert_int_eq(json_integer_value(value), numbers[_i].number);
    json_decref(root);
}
END_TEST

START_TEST(head_ratios_and_flags_have_their_values)
{
    json_t *root = parse(fixture_new());

    ck_assert_str_eq(json_string_value(at(root, "lockproof")), "0.1.0");
    ck_assert_int_eq(json_integer_value(at(root, "exit_status")), 1);
    ck_assert_uint_eq(json_array_size(at(root, "scenarios")), RESULTS);
    json_t *held = scenario_of(root, HELD_ONE);
    ck_assert_double_eq_tol(json_real_value(at(held, "contention")), 1204.0 / 1600, 1e-9);
    ck_assert_double_eq_tol(json_real_value(at(held, "failure_rate_max")), 3.0 / 1204, 1e-9);
    ck_assert_double_eq_tol(json_real_value(at(held, "elapsed_s")), 0.412, 1e-9);
    ck_assert(json_is_true(at(held, "as_expected")));
    ck_assert(json_is_true(at(scenario_of(root, BROKEN_ONE), "as_expected")));
    ck_assert(json_is_false(at(scenario_of(root, BAD_ONE), "as_expected")));
    ck_assert(json_is_false(at(scenario_of(root, OPEN_ONE), "as_expected")));
    ck_assert_uint_eq(json_array_size(at(scenario_of(root, SKIPPED_ONE), "invariants")), 0);
    json_decref(root);
}
END_TEST

START_TEST(invariant_that_does_not_apply_is_left_out)
{
    struct fixture *f = fixture_new();

    f->checks[HELD_ONE].mutual_exclusion.result = LP_NOT_APPLICABLE;
    f->checks[HELD_ONE].progress.result = LP_UNDECIDED;
    json_t *root = parse(f);
    json_t *held = scenario_of(root, HELD_ONE);
    ck_assert_uint_eq(json_array_size(at(held, "invariants")), 2);
    ck_assert_str_eq(json_string_value(at(held, "invariants.1.name")), "progress");
    ck_assert_str_eq(json_string_value(at(held, "invariants.1.result")), "unknown");
    json_decref(root);
}
END_TEST

START_TEST(contention_of_updates_is_over_updates)
{
    struct fixture *f = fixture_new();

    f->checks[HELD_ONE].contention =
        (struct lp_contention){.meetings = 50, .windows = 200, .counts_updates = true};
    json_t *root = parse(f);
    ck_assert_double_eq_tol(json_real_value(at(scenario_of(root, HELD_ONE), "contention")), 0.25,
                            1e-9);
    json_decref(root);
}
END_TEST

START_TEST(busy_is_a_failure_and_an_open_operation_unknown)
{
    struct fixture *f = fixture_new();

    f->rogue.records[1][0].outcome = LP_BUSY;
    f->rogue.records[1][1].state = LP_RECORD_INVOKED;
    f->rogue.records[1][1].outcome = LP_UNKNOWN;
    json_t *root = parse(f);
    json_t *broken = scenario_of(root, BROKEN_ONE);
    ck_assert_str_eq(json_string_value(at(broken, "invariants.0.witness.2.outcome")), "fail");
    ck_assert_str_eq(json_string_value(at(broken, "invariants.0.witness.2.note")), "busy");
    ck_assert(json_is_null(at(broken, "invariants.0.witness.2.value")));
    ck_assert_str_eq(json_string_value(at(broken, "invariants.0.witness.4.outcome")), "unknown");
    ck_assert(json_is_null(at(broken, "invariants.0.witness.4.t_end_ns")));
    json_decref(root);
}
END_TEST

START_TEST(number_beyond_json_readers_keeps_its_digits)
{
    struct fixture *f = fixture_new();

    f->results[HELD_ONE].seed = UINT64_MAX;
    f->results[BROKEN_ONE].seed = INT64_MAX;
    json_t *root = parse(f);
    ck_assert_str_eq(json_string_value(at(scenario_of(root, HELD_ONE), "seed")),
                     "18446744073709551615");
    ck_assert_int_eq(json_integer_value(at(scenario_of(root, BROKEN_ONE), "seed")), INT64_MAX);
    json_decref(root);
}
END_TEST

START_TEST(not_a_number_becomes_null)
{
    struct fixture *f = fixture_new();

    f->results[HELD_ONE].rounds_per_s = 0.0 / (double)(f->set.count - RESULTS);
    f->judgements[HELD_ONE].failure_rate_max = -1;
    json_t *root = parse(f);
    ck_assert(json_is_null(at(scenario_of(root, HELD_ONE), "rounds_per_s")));
    ck_assert(json_is_null(at(scenario_of(root, HELD_ONE), "failure_rate_max")));
    json_decref(root);
}
END_TEST

START_TEST(any_bytes_make_valid_json)
{
    json_t *root = parse(fixture_hostile());
    const char *name = json_string_value(at(scenario_of(root, HELD_ONE), "name"));

    /* What is well-formed stays as it was, control characters included. */
    assert_contains(name, "]]></system-out> <b></script><script>alert(1)</script>&amp; "
                          "\"q\" 'a' % \r\n::error::x | `` ```");
    assert_contains(name, "\033[31m \x01");
    assert_contains(name, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    assert_contains(name, "\xc3\xa9 @user");
    ck_assert_uint_eq(strlen(json_string_value(at(scenario_of(root, SKIPPED_ONE), "needs.0.name"))),
                      64);
    json_decref(root);
}
END_TEST

static Suite *json_suite(void)
{
    Suite *suite = suite_create("reports/json");
    TCase *tests = tcase_create("json");

    tcase_add_loop_test(tests, text_field_has_its_value, 0, (int)LP_ARRAY_LEN(texts));
    tcase_add_loop_test(tests, number_field_has_its_value, 0, (int)LP_ARRAY_LEN(numbers));
    tcase_add_test(tests, head_ratios_and_flags_have_their_values);
    tcase_add_test(tests, invariant_that_does_not_apply_is_left_out);
    tcase_add_test(tests, contention_of_updates_is_over_updates);
    tcase_add_test(tests, busy_is_a_failure_and_an_open_operation_unknown);
    tcase_add_test(tests, number_beyond_json_readers_keeps_its_digits);
    tcase_add_test(tests, not_a_number_becomes_null);
    tcase_add_test(tests, any_bytes_make_valid_json);
    suite_add_tcase(suite, tests);
    return suite;
}

LP_UNIT_MAIN(json_suite)
