/* SPDX-License-Identifier: MIT */
/* What is certainly held, and when two holds exclude each other. */
#include "check/check.h"
#include "tests/unit/history_builder.h"
#include "tests/unit/unit.h"

#define TABLE(...)                                                                                 \
    (const struct hb_op[])                                                                         \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define OPS(...)                                                                                   \
    .ops = TABLE(__VA_ARGS__), .op_count = sizeof(TABLE(__VA_ARGS__)) / sizeof(struct hb_op)
#define LEASE(ns) .value = (ns)
#define SHARED_TX .flags = LP_FLAG_IN_TX

static const struct case_of_two {
    const char *name;
    struct hb_run run;
    enum lp_result result;
    uint64_t overlaps;
} cases[] = {
    {"one after the other",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 2, 13), HB_UNLOCK(1, 20, 21))},
     LP_PASS,
     0},
    {"granted before the release was asked for",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 2, 9), HB_UNLOCK(1, 20, 21))},
     LP_VIOLATED,
     1},
    {"granted at the very instant in which the release was asked for",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 2, 10), HB_UNLOCK(1, 20, 21))},
     LP_PASS,
     0},
    {"granted while the release was under way",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 2, 11), HB_UNLOCK(1, 20, 21))},
     LP_PASS,
     0},
    {"held for less than clocks may differ, while another holds it",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 20, 22), HB_LOCK(1, 2, 8), HB_UNLOCK(1, 7, 9))},
     LP_PASS,
     0},
    {"held for an instant, while another holds it",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 20, 22), HB_LOCK(1, 2, 8), HB_UNLOCK(1, 8, 9))},
     LP_VIOLATED,
     1},
    {"the grant is the last that was heard of its worker",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 20, 22), HB_LOCK(1, 2, 8)), .killed = 2},
     LP_VIOLATED,
     1},
    {"the same from another host: it may have come, and its worker gone, before",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 20, 22), HB_LOCK(1, 2, 8)), .killed = 2, .widened_ns = 1},
     LP_PASS,
     0},
    {"from another host, and heard of once more after the grant",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 20, 22), HB_LOCK(1, 2, 8), HB_READ(1, 9, 10, 0)),
      .killed = 2, .widened_ns = 1},
     LP_VIOLATED,
     1},
    {"one worker may be granted its own lock again",
     {OPS(HB_LOCK(0, 1, 5), HB_LOCK(0, 7, 8), HB_UNLOCK(0, 10, 12))},
     LP_PASS,
     0},
    {"both shared",
     {OPS(HB_LOCK(0, 1, 5, HB_SHARED), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 2, 6, HB_SHARED),
          HB_UNLOCK(1, 9, 10))},
     LP_PASS,
     0},
    {"an exclusive one beside a shared one",
     {OPS(HB_LOCK(0, 1, 5, HB_SHARED), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 2, 6),
          HB_UNLOCK(1, 9, 10))},
     LP_VIOLATED,
     1},
    {"a shared one beside an exclusive one",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 2, 6, HB_SHARED),
          HB_UNLOCK(1, 9, 10))},
     LP_VIOLATED,
     1},
    {"different locks",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 2, 6, .lock = 1),
          HB_UNLOCK(1, 9, 10, .lock = 1))},
     LP_PASS,
     0},
    {"one name, different objects",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 2, 6, .object = 77),
          HB_UNLOCK(1, 9, 10))},
     LP_VIOLATED,
     1},
    {"as many as a semaphore has places",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 2, 6), HB_UNLOCK(1, 9, 10)),
      .capacity = {2}},
     LP_PASS,
     0},
    {"one more than a semaphore has places",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 2, 6), HB_UNLOCK(1, 9, 10),
          HB_LOCK(2, 3, 7), HB_UNLOCK(2, 11, 12)),
      .capacity = {2}},
     LP_VIOLATED,
     1},
    {"a place that was given back counts again",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 2, 6), HB_UNLOCK(1, 7, 8),
          HB_LOCK(2, 3, 9), HB_UNLOCK(2, 11, 12)),
      .capacity = {2}},
     LP_PASS,
     0},

    /* holders that vanish */
    {"a holder that was killed holds to its last sign of life",
     {OPS(HB_LOCK(0, 1, 5), HB_READ(0, 6, 7, 0), HB_LOCK(1, 2, 9), HB_UNLOCK(1, 20, 21)),
      .killed = 1},
     LP_PASS,
     0},
    {"and until then",
     {OPS(HB_LOCK(0, 1, 5), HB_READ(0, 6, 10, 0), HB_LOCK(1, 2, 9), HB_UNLOCK(1, 20, 21)),
      .killed = 1},
     LP_VIOLATED,
     1},
    {"an operation that it began is a sign of life",
     {OPS(HB_LOCK(0, 1, 5), HB_READ(0, 10, 0, 0), HB_LOCK(1, 2, 9), HB_UNLOCK(1, 20, 21)),
      .killed = 1},
     LP_VIOLATED,
     1},
    {"closing the lock's handle ends the hold",
     {OPS(HB_LOCK(0, 1, 5), HB_CLOSE(0, 6, 7), HB_READ(0, 15, 16, 0), HB_LOCK(1, 2, 9),
          HB_UNLOCK(1, 20, 21))},
     LP_PASS,
     0},
    {"closing the store's handle does not",
     {OPS(HB_LOCK(0, 1, 5), HB_CLOSE(0, 6, 7, .flags = LP_FLAG_STORE), HB_UNLOCK(0, 15, 16),
          HB_LOCK(1, 2, 9), HB_UNLOCK(1, 20, 21))},
     LP_VIOLATED,
     1},

    /* releases that fail */
    {"a refused release is no evidence of holding on",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 6, 7, .outcome = LP_FAIL), HB_READ(0, 30, 31, 0),
          HB_LOCK(1, 2, 9), HB_UNLOCK(1, 20, 21))},
     LP_PASS,
     0},
    {"but before it the lock was held",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 11, .outcome = LP_FAIL), HB_LOCK(1, 2, 9),
          HB_UNLOCK(1, 20, 21))},
     LP_VIOLATED,
     1},
    {"an unlock of nothing makes no hold",
     {OPS(HB_UNLOCK(0, 1, 2, .outcome = LP_FAIL), HB_READ(0, 30, 31, 0), HB_LOCK(1, 2, 9),
          HB_UNLOCK(1, 20, 21))},
     LP_PASS,
     0},
    {"a hold that the backend disowned was lost under its holder",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 30, 31, .flags = LP_FLAG_HELD_NO), HB_LOCK(1, 2, 9),
          HB_UNLOCK(1, 20, 21))},
     LP_VIOLATED,
     1},
    {"an acquire that failed makes no hold",
     {OPS(HB_LOCK(0, 1, 5, .outcome = LP_FAIL), HB_UNLOCK(0, 30, 31), HB_LOCK(1, 2, 9),
          HB_UNLOCK(1, 20, 21))},
     LP_PASS,
     0},
    {"an acquire of unknown outcome makes no certain hold",
     {OPS(HB_LOCK(0, 1, 0), HB_LOCK(1, 2, 9), HB_UNLOCK(1, 20, 21))},
     LP_PASS,
     0},

    /* leases: the try's begin + ttl - 1 % */
    {"granted after the lease was over, released late",
     {OPS(HB_LOCK(0, 1000, 1010, LEASE(1000)), HB_UNLOCK(0, 3000, 3010, .outcome = LP_FAIL),
          HB_LOCK(1, 1500, 2100, LEASE(1000)), HB_UNLOCK(1, 2200, 2210))},
     LP_PASS,
     0},
    {"granted when the lease may just have been over, by a fast clock",
     {OPS(HB_LOCK(0, 1000, 1010, LEASE(1000)), HB_UNLOCK(0, 3000, 3010),
          HB_LOCK(1, 1500, 1995, LEASE(1000)), HB_UNLOCK(1, 2200, 2210))},
     LP_PASS,
     0},
    {"granted before the lease can have been over",
     {OPS(HB_LOCK(0, 1000, 1010, LEASE(1000)), HB_UNLOCK(0, 3000, 3010),
          HB_LOCK(1, 1500, 1980, LEASE(1000)), HB_UNLOCK(1, 2200, 2210))},
     LP_VIOLATED,
     1},
    {"disowned after its lease: lawful",
     {OPS(HB_LOCK(0, 1000, 1010, LEASE(1000)), HB_UNLOCK(0, 3000, 3010, .flags = LP_FLAG_HELD_NO),
          HB_LOCK(1, 1500, 2100, LEASE(1000)), HB_UNLOCK(1, 2200, 2210))},
     LP_PASS,
     0},
    {"a polled lease runs from the try that was granted",
     {OPS(HB_LOCK(0, 10, 5010, LEASE(1000), .attempt_ns = 5000), HB_UNLOCK(0, 5900, 5910),
          HB_LOCK(1, 5020, 5500, LEASE(1000)), HB_UNLOCK(1, 5600, 5610))},
     LP_VIOLATED,
     1},

    /* upgrades */
    {"an upgrade may drop the shared lock first",
     {OPS(HB_LOCK(0, 1, 5, HB_SHARED), HB_UPGRADE(0, 6, 20), HB_UNLOCK(0, 25, 26), HB_LOCK(1, 2, 9),
          HB_UNLOCK(1, 15, 16))},
     LP_PASS,
     0},
    {"after it the lock is exclusive",
     {OPS(HB_LOCK(0, 1, 5, HB_SHARED), HB_UPGRADE(0, 6, 7), HB_UNLOCK(0, 25, 26),
          HB_LOCK(1, 2, 9, HB_SHARED), HB_UNLOCK(1, 15, 16))},
     LP_VIOLATED,
     1},
    {"a failed upgrade leaves nothing certain",
     {OPS(HB_LOCK(0, 1, 5, HB_SHARED), HB_UPGRADE(0, 6, 7, .outcome = LP_BUSY),
          HB_UNLOCK(0, 25, 26), HB_LOCK(1, 2, 9), HB_UNLOCK(1, 15, 16))},
     LP_PASS,
     0},

    /* transactions */
    {"two immediate transactions at once",
     {OPS(HB_BEGIN(0, 1, 5, HB_IMMEDIATE), HB_COMMIT(0, 10, 12), HB_BEGIN(1, 2, 6, HB_IMMEDIATE),
          HB_COMMIT(1, 9, 10))},
     LP_VIOLATED,
     1},
    {"one after the other",
     {OPS(HB_BEGIN(0, 1, 5, HB_IMMEDIATE), HB_COMMIT(0, 10, 12), HB_BEGIN(1, 2, 13, HB_EXCLUSIVE),
          HB_COMMIT(1, 14, 15))},
     LP_PASS,
     0},
    {"of different stores",
     {OPS(HB_BEGIN(0, 1, 5, HB_IMMEDIATE), HB_COMMIT(0, 10, 12),
          HB_BEGIN(1, 2, 6, HB_IMMEDIATE, .object = 9), HB_COMMIT(1, 9, 10))},
     LP_PASS,
     0},
    {"deferred ones hold nothing before they write",
     {OPS(HB_BEGIN(0, 1, 5), HB_READ(0, 6, 7, 0, SHARED_TX), HB_COMMIT(0, 10, 12),
          HB_BEGIN(1, 2, 6), HB_READ(1, 7, 8, 0, SHARED_TX), HB_COMMIT(1, 9, 10))},
     LP_NOT_APPLICABLE,
     0},
    {"deferred ones that both wrote and both committed",
     {OPS(HB_BEGIN(0, 1, 2), HB_READ(0, 3, 4, 0, SHARED_TX), HB_WRITE(0, 5, 6, 1, SHARED_TX),
          HB_COMMIT(0, 20, 21), HB_BEGIN(1, 1, 2), HB_READ(1, 3, 4, 0, SHARED_TX),
          HB_WRITE(1, 7, 8, 1, SHARED_TX), HB_COMMIT(1, 22, 23))},
     LP_VIOLATED,
     1},
    {"an optimistic store refuses one of them at its commit",
     {OPS(HB_BEGIN(0, 1, 2), HB_READ(0, 3, 4, 0, SHARED_TX), HB_WRITE(0, 5, 6, 1, SHARED_TX),
          HB_COMMIT(0, 20, 21), HB_BEGIN(1, 1, 2), HB_READ(1, 3, 4, 0, SHARED_TX),
          HB_WRITE(1, 7, 8, 1, SHARED_TX), HB_COMMIT(1, 22, 23, .outcome = LP_FAIL))},
     LP_PASS,
     0},
    {"a statement that failed may have rolled it back",
     {OPS(HB_BEGIN(0, 1, 5, HB_IMMEDIATE), HB_READ(0, 6, 7, 0, SHARED_TX),
          HB_WRITE(0, 8, 9, 1, SHARED_TX, .outcome = LP_FAIL), HB_ROLLBACK(0, 30, 31),
          HB_BEGIN(1, 2, 12, HB_IMMEDIATE), HB_COMMIT(1, 20, 21))},
     LP_PASS,
     0},

    {"no lock at all", {OPS(HB_READ(0, 1, 2, 0))}, LP_NOT_APPLICABLE, 0},
    {"a history with a worker missing proves no exclusion",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12)), .workers = 2, .missing = 2},
     LP_UNDECIDED,
     0},
};

START_TEST(only_certain_holds_that_exclude_each_other_count)
{
    const struct case_of_two *it = &cases[_i];
    struct hb hb;
    struct lp_checks checks;
    hb_build(&hb, &it->run);
    lp_checks_run(&checks, &hb.history);
    const struct lp_mutual_exclusion *exclusion = &checks.mutual_exclusion;
    ck_assert_msg(exclusion->result == it->result, "%s: result %d", it->name, exclusion->result);
    ck_assert_msg(exclusion->overlaps_total == it->overlaps, "%s: overlaps %ju", it->name,
                  (uintmax_t)exclusion->overlaps_total);
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

START_TEST(the_witness_is_the_two_acquires_and_the_two_releases)
{
    const struct hb_op ops[] = {HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 2, 6),
                                HB_UNLOCK(1, 9, 11)};
    struct hb hb;
    struct lp_checks checks;
    hb_build(&hb, &(struct hb_run){HB_OPS(ops)});
    lp_checks_run(&checks, &hb.history);
    const struct lp_mutual_exclusion *exclusion = &checks.mutual_exclusion;
    ck_assert_uint_eq(exclusion->witness_count, 4);
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(exclusion->witness[i], i);
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

/* ---- facts about holds that the diagnosis needs ---- */

static const struct lp_hold *only_hold(struct lp_checks *checks, const struct hb *hb)
{
    lp_checks_run(checks, &hb->history);
    ck_assert_uint_ge(checks->hold_count, 1);
    return &checks->holds[0];
}

START_TEST(possibly_held_lasts_longer_than_certainly_held)
{
    const struct hb_op ops[] = {HB_LOCK(0, 1000, 1010, LEASE(1000), .attempt_ns = 1005),
                                HB_UNLOCK(0, 4000, 4010, .outcome = LP_UNKNOWN)};
    struct hb hb;
    struct lp_checks checks;
    hb_build(&hb, &(struct hb_run){HB_OPS(ops)});
    const struct lp_hold *hold = only_hold(&checks, &hb);
    ck_assert_uint_eq(hold->until_ns, 1005 + 990);
    ck_assert_uint_eq(hold->lease_end_ns, 1005 + 990);
    ck_assert_uint_eq(hold->release_complete_ns, 1010 + 1010);
    ck_assert_int_eq(hold->end, LP_HOLD_RELEASED);
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

/* From when until when it was certain, with what happens in the middle of it. */
static uint64_t certain_until(struct hb_op renew)
{
    const struct hb_op ops[] = {HB_LOCK(0, 1000, 1010, LEASE(1000)),
                                HB(0, LP_STEP_TOKEN, 1010, 1010, .attempt_ns = 7), renew,
                                HB_UNLOCK(0, 9000, 9010)};
    struct hb hb;
    struct lp_checks checks;
    hb_build(&hb, &(struct hb_run){HB_OPS(ops)});
    const struct lp_hold *hold = only_hold(&checks, &hb);
    uint64_t until_ns = hold->until_ns;
    ck_assert_uint_eq(hold->token, 7);
    lp_checks_release(&checks);
    hb_release(&hb);
    return until_ns;
}

START_TEST(a_renewed_lease_counts_from_its_renewal)
{
    ck_assert_uint_eq(certain_until((struct hb_op)HB(0, LP_STEP_RENEW, 1500, 1510, .value = 1000)),
                      1500 + 990);
    ck_assert_uint_eq(
        certain_until((struct hb_op)HB(0, LP_STEP_RENEW, 1500, 1510, .outcome = LP_FAIL)),
        1000 + 990);
    ck_assert_uint_eq(
        certain_until((struct hb_op)HB(0, LP_STEP_RENEW, 1500, 1510, .outcome = LP_UNKNOWN)),
        1000 + 990);
}
END_TEST

START_TEST(a_refused_release_leaves_the_lock_possibly_held_until_one_is_granted)
{
    const struct hb_op ops[] = {HB_LOCK(0, 1, 2), HB_UNLOCK(0, 5, 6, .outcome = LP_FAIL),
                                HB_UNLOCK(0, 8, 9)};
    struct hb hb;
    struct lp_checks checks;
    hb_build(&hb, &(struct hb_run){HB_OPS(ops)});
    const struct lp_hold *hold = only_hold(&checks, &hb);
    ck_assert_uint_eq(hold->until_ns, 5);
    ck_assert_uint_eq(hold->release_complete_ns, 9);
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

static const struct drop_case {
    const char *name;
    struct hb_run run;
    bool dropped;
} drop_cases[] = {
    {"lost while nobody else released",
     {OPS(HB_LOCK(0, 1, 2), HB_UNLOCK(0, 20, 21, .flags = LP_FLAG_HELD_NO), HB_READ(1, 30, 31, 0))},
     true},
    {"lost while another one released",
     {OPS(HB_LOCK(0, 1, 2), HB_UNLOCK(0, 20, 21, .flags = LP_FLAG_HELD_NO), HB_UNLOCK(1, 10, 11),
          HB_READ(1, 30, 31, 0))},
     false},
    {"lost when another worker had ended and so closed its handles",
     {OPS(HB_LOCK(0, 1, 2), HB_UNLOCK(0, 20, 21, .flags = LP_FLAG_HELD_NO), HB_READ(1, 10, 11, 0))},
     false},
    {"a lease that ended is not dropped",
     {OPS(HB_LOCK(0, 1, 2, LEASE(5)), HB_UNLOCK(0, 20, 21, .flags = LP_FLAG_HELD_NO),
          HB_READ(1, 30, 31, 0))},
     false},
    {"held to the end",
     {OPS(HB_LOCK(0, 1, 2), HB_UNLOCK(0, 20, 21, .flags = LP_FLAG_HELD_YES),
          HB_READ(1, 30, 31, 0))},
     false},
};

START_TEST(a_hold_is_dropped_only_when_nobody_else_can_have_ended_it)
{
    struct hb hb;
    struct lp_checks checks;
    hb_build(&hb, &drop_cases[_i].run);
    const struct lp_hold *hold = only_hold(&checks, &hb);
    ck_assert_msg(hold->dropped == drop_cases[_i].dropped, "%s", drop_cases[_i].name);
    ck_assert(checks.drops[0] == drop_cases[_i].dropped);
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("mutual_exclusion");
    TCase *tcase = tcase_create("mutual_exclusion");
    tcase_add_loop_test(tcase, only_certain_holds_that_exclude_each_other_count, 0,
                        LP_ARRAY_LEN(cases));
    tcase_add_test(tcase, the_witness_is_the_two_acquires_and_the_two_releases);
    tcase_add_test(tcase, possibly_held_lasts_longer_than_certainly_held);
    tcase_add_test(tcase, a_renewed_lease_counts_from_its_renewal);
    tcase_add_test(tcase, a_refused_release_leaves_the_lock_possibly_held_until_one_is_granted);
    tcase_add_loop_test(tcase, a_hold_is_dropped_only_when_nobody_else_can_have_ended_it, 0,
                        LP_ARRAY_LEN(drop_cases));
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
