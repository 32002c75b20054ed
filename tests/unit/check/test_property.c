/* SPDX-License-Identifier: MIT */
/*
 * Random histories against the truth: a lock that holds is never called broken, and of updates
 * without a lock exactly those histories are that lost one. LP_SEED=N tries others.
 */
#include <inttypes.h>

#include "check/check.h"
#include "tests/unit/check/simulate.h"
#include "tests/unit/unit.h"

#define HISTORIES 10000

static uint64_t seed;

static void set_up(void)
{
    const char *text = getenv("LP_SEED");
    seed = text ? strtoull(text, NULL, 10) : 1;
    printf("seed %" PRIu64 ", %d histories\n", seed, HISTORIES);
}

static int64_t truly_lost(const struct sim *sim)
{
    return (int64_t)(sim->acknowledged + sim->applied) - (sim->reg - sim->start);
}

START_TEST(a_lock_that_holds_is_never_called_broken)
{
    uint64_t passed = 0;
    for (uint64_t i = 0; i < HISTORIES; i++) {
        struct sim sim;
        struct hb hb;
        struct lp_checks checks;
        sim_init(&sim, seed, i);
        sim_locked(&sim, i % 2 ? 6 : 0, i % 3 ? 0 : 8);
        sim_build(&sim, &hb);
        lp_checks_run(&checks, &hb.history);
        const struct lp_lost_update *lost = &checks.lost_update;
        ck_assert_msg(lost->result != LP_VIOLATED, "history %" PRIu64 ": %s", i, lost->detail);
        ck_assert_msg(checks.mutual_exclusion.result != LP_VIOLATED, "history %" PRIu64, i);
        ck_assert_msg(checks.progress.result != LP_VIOLATED, "history %" PRIu64, i);
        ck_assert_msg(lost->lost_min == 0, "history %" PRIu64, i);
        ck_assert_uint_eq(lost->acknowledged, sim.acknowledged);
        if (sim.unknown == 0 && sim.acknowledged > 0)
            ck_assert_msg(lost->result == LP_PASS, "history %" PRIu64 ": %s", i, lost->detail);
        passed += lost->result == LP_PASS;
        lp_checks_release(&checks);
        hb_release(&hb);
    }
    ck_assert_uint_gt(passed, HISTORIES / 2);
}
END_TEST

static uint64_t effect_of(const struct sim *sim, const struct lp_op *op)
{
    size_t seen = 0;
    for (size_t i = 0; i < sim->count; i++)
        if (sim->ops[i].worker == op->worker && seen++ == op->sequence)
            return sim->effect_ns[i];
    return 0;
}

/* Did one of the two really write between the read and the write of the other? Which of two writes
   came first cannot be told when their times overlap. */
static bool is_true_origin(const struct sim *sim, const struct lp_checks *checks,
                           const struct lp_losing_pair *pair)
{
    const struct lp_op *ops = checks->history->ops;
    const struct lp_update *sides[2] = {&checks->updates[pair->first],
                                        &checks->updates[pair->second]};
    for (size_t i = 0; i < 2; i++) {
        uint64_t read_ns = effect_of(sim, &ops[sides[i]->read]);
        uint64_t write_ns = effect_of(sim, &ops[sides[i]->write]);
        uint64_t other_ns = effect_of(sim, &ops[sides[1 - i]->write]);
        if (read_ns < other_ns && other_ns < write_ns)
            return true;
    }
    return false;
}

static void compare_with_truth(const struct sim *sim, const struct lp_checks *checks,
                               uint64_t number)
{
    const struct lp_lost_update *lost = &checks->lost_update;
    int64_t truth = truly_lost(sim);
    ck_assert_int_ge(truth, 0);
    ck_assert_msg(lost->lost_min <= (uint64_t)truth,
                  "history %" PRIu64 ": at least %" PRIu64 " lost, truly %" PRId64, number,
                  lost->lost_min, truth);
    ck_assert_msg(lost->lost_max >= (uint64_t)truth,
                  "history %" PRIu64 ": at most %" PRIu64 " lost, truly %" PRId64, number,
                  lost->lost_max, truth);
    if (lost->result == LP_PASS)
        ck_assert_msg(truth == 0, "history %" PRIu64 ": passed, but %" PRId64 " lost", number,
                      truth);
    if (lost->result == LP_VIOLATED)
        ck_assert_msg(truth > 0, "history %" PRIu64 ": %s", number, lost->detail);
    if (sim->unknown > 0)
        return;
    ck_assert_msg((lost->result == LP_VIOLATED) == (truth > 0), "history %" PRIu64, number);
    bool found = truth == 0;
    for (size_t i = 0; i < lost->pair_count; i++)
        found |= lost->pairs[i].overlapping && is_true_origin(sim, checks, &lost->pairs[i]);
    ck_assert_msg(found, "history %" PRIu64 ": no pair tells where it was lost", number);
}

/* Without unknown outcomes, with them, and with atomic adds in between. */
static const struct mix {
    unsigned unknown_in, add_in;
} mixes[] = {{0, 0}, {4, 0}, {0, 3}, {5, 4}};

START_TEST(without_a_lock_the_verdict_is_the_truth)
{
    uint64_t violated = 0, passed = 0;
    for (uint64_t i = 0; i < HISTORIES; i++) {
        struct sim sim;
        struct hb hb;
        struct lp_checks checks;
        sim_init(&sim, seed + 1000 + (uint64_t)_i, i);
        sim_unlocked(&sim, mixes[_i].unknown_in, mixes[_i].add_in);
        sim_build(&sim, &hb);
        lp_checks_run(&checks, &hb.history);
        compare_with_truth(&sim, &checks, i);
        violated += checks.lost_update.result == LP_VIOLATED;
        passed += checks.lost_update.result == LP_PASS;
        lp_checks_release(&checks);
        hb_release(&hb);
    }
    /* Both kinds did occur, or this test says nothing. */
    ck_assert_uint_gt(violated, HISTORIES / 20);
    ck_assert_uint_gt(passed, HISTORIES / 100);
}
END_TEST

/* ---- holds of a lock that grants as it likes, against all pairs ---- */

static void simulate_holds(struct sim *sim)
{
    bool holds[SIM_WORKERS_MAX] = {false};
    size_t steps = lp_random_between(&sim->random, 4, 24);
    while (steps-- > 0) {
        uint32_t worker = (uint32_t)lp_random_between(&sim->random, 0, sim->workers - 1);
        struct hb_op *op = sim_step(sim, worker, holds[worker] ? LP_STEP_UNLOCK : LP_STEP_LOCK, 0);
        op->flags = !holds[worker] && sim_chance(sim, 2) ? LP_FLAG_SHARED : 0;
        holds[worker] = !holds[worker];
    }
}

static uint64_t conflicts_by_all_pairs(const struct lp_checks *checks)
{
    uint64_t later = 0;
    for (size_t i = 0; i < checks->hold_count; i++) {
        const struct lp_hold *hold = &checks->holds[i];
        bool conflict = false;
        for (size_t k = 0; k < i; k++) {
            const struct lp_hold *other = &checks->holds[k];
            conflict |= other->worker != hold->worker && other->until_ns > hold->from_ns &&
                        (!other->shared || !hold->shared);
        }
        later += conflict;
    }
    return later;
}

START_TEST(the_sweep_finds_what_all_pairs_find)
{
    uint64_t violated = 0;
    for (uint64_t i = 0; i < HISTORIES; i++) {
        struct sim sim;
        struct hb hb;
        struct lp_checks checks;
        sim_init(&sim, seed + 2000, i);
        simulate_holds(&sim);
        sim_build(&sim, &hb);
        lp_checks_run(&checks, &hb.history);
        uint64_t expected = conflicts_by_all_pairs(&checks);
        ck_assert_msg(checks.mutual_exclusion.overlaps_total == expected,
                      "history %" PRIu64 ": %" PRIu64 " overlaps, by all pairs %" PRIu64, i,
                      checks.mutual_exclusion.overlaps_total, expected);
        violated += checks.mutual_exclusion.result == LP_VIOLATED;
        lp_checks_release(&checks);
        hb_release(&hb);
    }
    ck_assert_uint_gt(violated, HISTORIES / 20);
    ck_assert_uint_lt(violated, HISTORIES);
}
END_TEST

/* The time that a check may take is not asserted; that it does not grow with the square is seen
   from a run under the default timeout of the test. */
START_TEST(a_million_operations_are_no_matter)
{
    enum { WORKERS = 8, ROUNDS = 31250 };
    struct hb_op *ops = lp_alloc((size_t)WORKERS * ROUNDS * 4, sizeof *ops);
    size_t count = 0;
    uint64_t now_ns = 10;
    struct hb hb;
    struct lp_checks checks;
    for (int64_t i = 0; i < (int64_t)WORKERS * ROUNDS; i++) {
        uint32_t worker = (uint32_t)(i % WORKERS);
        uint64_t waits_from = i < WORKERS ? 1 : now_ns - 40 * (WORKERS - 2);
        ops[count++] = (struct hb_op)HB_LOCK(worker, waits_from, now_ns + 2);
        ops[count++] = (struct hb_op)HB_READ(worker, now_ns + 4, now_ns + 6, i);
        ops[count++] = (struct hb_op)HB_WRITE(worker, now_ns + 10, now_ns + 12, i + 1);
        ops[count++] = (struct hb_op)HB_UNLOCK(worker, now_ns + 20, now_ns + 22);
        now_ns += 40;
    }
    hb_build(&hb,
             &(struct hb_run){.ops = ops, .op_count = count, .final = (int64_t)WORKERS * ROUNDS});
    lp_checks_run(&checks, &hb.history);
    ck_assert_int_eq(checks.lost_update.result, LP_PASS);
    ck_assert_int_eq(checks.mutual_exclusion.result, LP_PASS);
    ck_assert_uint_eq(checks.contention.handovers, (uint64_t)WORKERS * ROUNDS - 1);
    lp_checks_release(&checks);
    hb_release(&hb);
    free(ops);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("property");
    TCase *tcase = tcase_create("property");
    tcase_set_timeout(tcase, 120);
    tcase_add_unchecked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, a_lock_that_holds_is_never_called_broken);
    tcase_add_loop_test(tcase, without_a_lock_the_verdict_is_the_truth, 0, LP_ARRAY_LEN(mixes));
    tcase_add_test(tcase, the_sweep_finds_what_all_pairs_find);
    tcase_add_test(tcase, a_million_operations_are_no_matter);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
