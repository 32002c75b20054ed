/* SPDX-License-Identifier: MIT */
/* Figures of a run, from histories that are made by hand so that every figure is known. */
#include "tests/unit/unit.h"

#include <math.h>
#include <string.h>
#include "base/units.h"
#include "run/stats.h"

#define WORKERS 4
#define OPS_MAX 64

static struct lp_history_header headers[WORKERS];
static struct lp_history_worker workers[WORKERS];
static struct lp_record records[OPS_MAX];
static struct lp_op ops[OPS_MAX];
static struct lp_update updates[OPS_MAX];
static struct lp_hold holds[OPS_MAX];
static struct lp_history history;
static struct lp_checks checks;
static struct lp_run_result result;

static void setup(void)
{
    memset(headers, 0, sizeof headers);
    memset(records, 0, sizeof records);
    for (unsigned i = 0; i < WORKERS; i++)
        workers[i] = (struct lp_history_worker){.header = &headers[i]};
    history = (struct lp_history){.workers = workers, .worker_count = WORKERS, .ops = ops};
    checks = (struct lp_checks){.history = &history, .updates = updates, .holds = holds};
    memset(&result, 0, sizeof result);
    result.elapsed_ns = 2 * LP_SEC;
}

static struct lp_record *add(unsigned worker, enum lp_step_kind kind, enum lp_outcome outcome,
                             uint64_t duration_ns)
{
    struct lp_record *record = &records[history.op_count];
    *record = (struct lp_record){.invoke_ns = 1000,
                                 .complete_ns = 1000 + duration_ns,
                                 .kind = (uint8_t)kind,
                                 .outcome = (uint8_t)outcome,
                                 .state = LP_RECORD_COMPLETE};
    ops[history.op_count++] = (struct lp_op){.record = record, .worker = worker};
    return record;
}

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

static const struct {
    unsigned served[WORKERS];
    double jain;
} fairness[] = {
    {{5, 5, 5, 5}, 1.0}, {{1, 1, 1, 1}, 1.0},         {{8, 0, 0, 0}, 0.25},
    {{4, 4, 0, 0}, 0.5}, {{3, 1, 1, 1}, 36.0 / 48.0},
};

START_TEST(fairness_of_locks_is_by_grants)
{
    for (unsigned i = 0; i < WORKERS; i++)
        for (unsigned k = 0; k < fairness[_i].served[i]; k++)
            add(i, LP_STEP_LOCK, LP_OK, 100);
    lp_stats_fill(&result, &checks);
    ck_assert_msg(near(result.jain, fairness[_i].jain), "%f", result.jain);
}
END_TEST

START_TEST(fairness_without_locks_is_by_updates)
{
    for (unsigned i = 0; i < WORKERS; i++)
        for (unsigned k = 0; k < fairness[_i].served[i]; k++)
            updates[checks.update_count++] = (struct lp_update){.worker = i, .outcome = LP_OK};
    updates[checks.update_count++] = (struct lp_update){.worker = 3, .outcome = LP_FAIL};
    lp_stats_fill(&result, &checks);
    ck_assert_msg(near(result.jain, fairness[_i].jain), "%f", result.jain);
}
END_TEST

START_TEST(nobody_served_has_no_fairness)
{
    lp_stats_fill(&result, &checks);
    ck_assert(result.jain < 0);
    ck_assert_uint_eq(result.acquire_ns.count, 0);
    ck_assert(near(result.rounds_per_s, 0));
}
END_TEST

/* What counts as an acquire: a grant that takes a lock. */
static const struct {
    enum lp_step_kind kind;
    enum lp_outcome outcome;
    uint8_t flags;
    unsigned counted;
} acquires[] = {
    {LP_STEP_LOCK, LP_OK, 0, 1},
    {LP_STEP_LOCK, LP_BUSY, 0, 0},
    {LP_STEP_LOCK, LP_UNKNOWN, 0, 0},
    {LP_STEP_TRYLOCK, LP_OK, 0, 1},
    {LP_STEP_TRYLOCK, LP_BUSY, 0, 0},
    {LP_STEP_UNLOCK, LP_OK, 0, 0},
    {LP_STEP_READ, LP_OK, 0, 0},
    {LP_STEP_BEGIN, LP_OK, 0, 0}, /* deferred */
    {LP_STEP_BEGIN, LP_OK, 1 << LP_FLAG_BEGIN_SHIFT, 1},
    {LP_STEP_BEGIN, LP_OK, 2 << LP_FLAG_BEGIN_SHIFT, 1},
    {LP_STEP_BEGIN, LP_BUSY, 2 << LP_FLAG_BEGIN_SHIFT, 0},
};

START_TEST(only_grants_are_acquires)
{
    add(0, acquires[_i].kind, acquires[_i].outcome, 100)->flags = acquires[_i].flags;
    lp_stats_fill(&result, &checks);
    ck_assert_uint_eq(result.acquire_ns.count, acquires[_i].counted);
}
END_TEST

START_TEST(an_acquire_that_was_never_answered_is_none)
{
    struct lp_record *record = add(0, LP_STEP_LOCK, LP_UNKNOWN, 0);
    record->complete_ns = 0;
    record->state = LP_RECORD_INVOKED;
    lp_stats_fill(&result, &checks);
    ck_assert_uint_eq(result.acquire_ns.count, 0);
    ck_assert_uint_eq(result.wait_ns_max, 0);
}
END_TEST

START_TEST(the_longest_wait_is_told_exactly)
{
    add(0, LP_STEP_LOCK, LP_OK, 100);
    add(1, LP_STEP_LOCK, LP_OK, 123457);
    add(2, LP_STEP_LOCK, LP_OK, 99999);
    lp_stats_fill(&result, &checks);
    ck_assert_uint_eq(result.wait_ns_max, 123457);
    ck_assert_uint_eq(result.acquire_ns.max, 123457);
    ck_assert_uint_eq(result.acquire_ns.count, 3);
}
END_TEST

START_TEST(holds_are_measured_by_what_is_certain)
{
    holds[0] = (struct lp_hold){.from_ns = 10, .until_ns = 40};
    holds[1] = (struct lp_hold){.from_ns = 40, .until_ns = 40}; /* nothing certain */
    holds[2] = (struct lp_hold){.from_ns = 50, .until_ns = 45}; /* gone before it was heard of */
    checks.hold_count = 3;
    lp_stats_fill(&result, &checks);
    ck_assert_uint_eq(result.hold_ns.count, 1);
    ck_assert_uint_eq(result.hold_ns.max, 30);
}
END_TEST

START_TEST(rounds_are_counted_over_all_workers)
{
    for (unsigned i = 0; i < WORKERS; i++)
        headers[i].rounds_done = 10 * i;
    lp_stats_fill(&result, &checks);
    ck_assert_msg(near(result.rounds_per_s, 30), "%f", result.rounds_per_s);
}
END_TEST

START_TEST(a_run_of_no_time_has_no_rate)
{
    headers[0].rounds_done = 10;
    result.elapsed_ns = 0;
    lp_stats_fill(&result, &checks);
    ck_assert(near(result.rounds_per_s, 0));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("stats");
    TCase *tcase = tcase_create("stats");
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_loop_test(tcase, fairness_of_locks_is_by_grants, 0, (int)LP_ARRAY_LEN(fairness));
    tcase_add_loop_test(tcase, fairness_without_locks_is_by_updates, 0,
                        (int)LP_ARRAY_LEN(fairness));
    tcase_add_test(tcase, nobody_served_has_no_fairness);
    tcase_add_loop_test(tcase, only_grants_are_acquires, 0, (int)LP_ARRAY_LEN(acquires));
    tcase_add_test(tcase, an_acquire_that_was_never_answered_is_none);
    tcase_add_test(tcase, the_longest_wait_is_told_exactly);
    tcase_add_test(tcase, holds_are_measured_by_what_is_certain);
    tcase_add_test(tcase, rounds_are_counted_over_all_workers);
    tcase_add_test(tcase, a_run_of_no_time_has_no_rate);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
