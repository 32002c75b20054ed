/* SPDX-License-Identifier: MIT */
/* When a run is held, broken, or tells nothing. */
#include "tests/unit/history_builder.h"
#include "tests/unit/unit.h"
#include "verdict/verdict.h"

#define TABLE(...)                                                                                 \
    (const struct hb_op[])                                                                         \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define OPS(...)                                                                                   \
    .ops = TABLE(__VA_ARGS__), .op_count = sizeof(TABLE(__VA_ARGS__)) / sizeof(struct hb_op)
/* Worker w waits from 1 on, and is inside at t. */
#define INSIDE(w, t, v)                                                                            \
    HB_LOCK(w, 1, t), HB_READ(w, (t) + 1, (t) + 2, v), HB_WRITE(w, (t) + 3, (t) + 4, (v) + 1),     \
        HB_UNLOCK(w, (t) + 5, (t) + 6)
/* Two meetings: each grant overlaps the other's wait. */
#define GOOD INSIDE(0, 10, 0), INSIDE(1, 20, 1)
#define TX_UPDATE(w, t, v, ...)                                                                    \
    HB_BEGIN(w, t, (t) + 1), HB_READ(w, (t) + 2, (t) + 3, v, HB_TX),                               \
        HB_WRITE(w, (t) + 4, (t) + 5, (v) + 1, HB_TX), HB_COMMIT(w, (t) + 6, (t) + 7, __VA_ARGS__)

static const struct verdict_case {
    const char *name;
    struct hb_run run;
    unsigned min_meetings;
    const char *hindrance;
    enum lp_verdict verdict;
    const char *reason; /* some words of it */
    const char *cause;  /* of diagnoses[0], or NULL */
} cases[] = {
    {"enough meetings and nothing wrong",
     {OPS(GOOD), .final = 2},
     2,
     NULL,
     LP_HELD,
     "0 failures in 2 contested grants: if independent, fewer than 100 % at 95 %",
     NULL},
    {"one meeting too few",
     {OPS(GOOD), .final = 2},
     3,
     NULL,
     LP_INCONCLUSIVE,
     "2 contested grants of 2, 3 needed",
     "no-contention"},
    {"no meeting asked for and none had",
     {OPS(HB_LOCK(0, 1, 2), HB_READ(0, 3, 4, 0), HB_WRITE(0, 5, 6, 1), HB_UNLOCK(0, 7, 8)),
      .final = 1},
     0,
     NULL,
     LP_HELD,
     "no meeting was asked for",
     NULL},
    {"granted and read, but no update was acknowledged",
     {OPS(HB_LOCK(0, 1, 2), HB_READ(0, 3, 4, 0), HB_UNLOCK(0, 5, 6), HB_LOCK(1, 1, 8),
          HB_READ(1, 9, 10, 0), HB_UNLOCK(1, 11, 12)),
      .final = 0},
     0,
     NULL,
     LP_INCONCLUSIVE,
     "no update was acknowledged",
     NULL},
    {"locks alone, in a scenario without a store",
     {OPS(HB_LOCK(0, 1, 2), HB_UNLOCK(0, 5, 6), HB_LOCK(1, 1, 8), HB_UNLOCK(1, 11, 12)),
      .final = 0},
     0,
     NULL,
     LP_HELD,
     "0 failures",
     NULL},
    {"something hindered the run",
     {OPS(GOOD), .final = 2},
     2,
     "interrupted",
     LP_INCONCLUSIVE,
     "interrupted",
     NULL},
    {"a violation outranks what hindered the run",
     {OPS(GOOD), .final = 1},
     2,
     "interrupted",
     LP_BROKEN,
     "1 of 2 acknowledged updates lost",
     NULL},
    {"a violation outranks too few meetings",
     {OPS(GOOD), .final = 1},
     1000,
     NULL,
     LP_BROKEN,
     "1 of 2 acknowledged updates lost",
     NULL},
    {"and what could not be decided",
     {OPS(GOOD), .final = 1, .unfinished = 1},
     2,
     NULL,
     LP_BROKEN,
     "1 of 2",
     NULL},
    {"a worker did not come to its end",
     {OPS(GOOD), .final = 2, .unfinished = 1},
     2,
     NULL,
     LP_INCONCLUSIVE,
     "1 of 2 workers did not come to their end: worker 0",
     NULL},
    {"a worker was killed",
     {OPS(GOOD), .final = 2, .killed = 2},
     2,
     NULL,
     LP_INCONCLUSIVE,
     "worker 1 was killed by signal 9",
     NULL},
    {"the final value is not known",
     {OPS(GOOD), .no_final = true},
     2,
     NULL,
     LP_INCONCLUSIVE,
     "final value is not known",
     NULL},
    {"a worker's file is missing",
     {OPS(GOOD), .final = 2, .workers = 3, .missing = 4},
     2,
     NULL,
     LP_INCONCLUSIVE,
     "histories of 1 of 3 workers are missing",
     NULL},
    {"nothing was done",
     {OPS(HB_READ(0, 1, 2, 0)), .workers = 2},
     0,
     NULL,
     LP_INCONCLUSIVE,
     "nothing to decide",
     NULL},
    {"a lock without a store can hold too",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 2, 13), HB_UNLOCK(1, 20, 21))},
     1,
     NULL,
     LP_HELD,
     "2 contested grants",
     NULL},

    /* nothing lost, but not by the lock's doing */
    {"a rogue that had luck",
     {OPS(GOOD, HB_READ(2, 40, 41, 2), HB_WRITE(2, 42, 43, 3)), .final = 3},
     2,
     NULL,
     LP_INCONCLUSIVE,
     "1 acknowledged update was made under no lock, the first by worker 2",
     "advisory-bypass"},
    {"nobody locked and all had luck",
     {OPS(HB_READ(0, 1, 2, 0), HB_WRITE(0, 3, 4, 1), HB_READ(1, 5, 6, 1), HB_WRITE(1, 7, 8, 2)),
      .final = 2},
     0,
     NULL,
     LP_INCONCLUSIVE,
     "under no lock",
     "no-lock"},
    {"a plain add that had luck",
     {OPS(HB_ADD(0, 1, 5, 1), HB_ADD(1, 2, 6, 2)), .final = 2},
     0,
     NULL,
     LP_INCONCLUSIVE,
     "under no lock",
     "non-atomic-update"},
    {"an atomic add needs none",
     {OPS(HB_ADD(0, 1, 5, 1), HB_ADD(1, 2, 6, 2)), .final = 2, .store_flags = LP_STORE_ATOMIC_ADD},
     2,
     NULL,
     LP_HELD,
     "2 updates that met another",
     NULL},
    {"a lock around the write only, and luck",
     {OPS(GOOD, HB_READ(2, 40, 41, 2), HB_LOCK(2, 42, 43), HB_WRITE(2, 44, 45, 3),
          HB_UNLOCK(2, 46, 47)),
      .final = 3},
     2,
     NULL,
     LP_INCONCLUSIVE,
     "did not cover it from read to write",
     "narrow-scope"},
    {"a semaphore that admits two, and luck",
     {OPS(GOOD), .final = 2, .capacity = {2}},
     2,
     NULL,
     LP_INCONCLUSIVE,
     "admits several",
     "double-grant"},
    {"deferred transactions are kept apart by the store",
     {OPS(TX_UPDATE(0, 1, 0), HB_BEGIN(1, 2, 3), HB_READ(1, 4, 5, 0, HB_TX),
          HB_WRITE(1, 6, 20, 1, HB_TX, .outcome = LP_BUSY), HB_ROLLBACK(1, 21, 22),
          TX_UPDATE(1, 30, 1)),
      .final = 2},
     2,
     NULL,
     LP_HELD,
     "2 updates that met another",
     NULL},
    {"compare-and-exchange needs no lock",
     {OPS(HB_READ(0, 1, 2, 0), HB_READ(1, 3, 4, 0), HB_CAS(1, 5, 6, 1),
          HB_CAS(0, 8, 9, 1, .outcome = LP_BUSY), HB_READ(0, 10, 11, 1), HB_CAS(0, 12, 13, 2)),
      .final = 2},
     2,
     NULL,
     LP_HELD,
     "2 updates",
     NULL},
    {"a lock that its backend disowned, and luck",
     {OPS(INSIDE(0, 10, 0), HB_LOCK(1, 1, 20), HB_READ(1, 21, 22, 1), HB_WRITE(1, 23, 24, 2),
          HB_UNLOCK(1, 25, 26, .flags = LP_FLAG_HELD_NO)),
      .final = 2},
     2,
     NULL,
     LP_INCONCLUSIVE,
     "worker 1 did not hold `lock` any more",
     "dropped-lock"},
    {"a write after the lease, when another one had been granted the lock, and luck",
     {OPS(HB_LOCK(0, 1, 2, .value = 100), HB_READ(0, 3, 4, 0), HB_WRITE(0, 210, 211, 1),
          HB_LOCK(1, 1, 200, .value = 100, .attempt_ns = 190), HB_READ(1, 220, 221, 1),
          HB_WRITE(1, 222, 223, 2)),
      .final = 2},
     0,
     NULL,
     LP_BROKEN,
     "1 writes accepted of holders that had been succeeded",
     "lease-expired"},
    {"a write after the lease, when nobody else wanted the lock",
     {OPS(HB_LOCK(0, 1, 2, .value = 100), HB_READ(0, 3, 4, 0), HB_WRITE(0, 210, 211, 1)),
      .final = 1},
     0,
     NULL,
     LP_HELD,
     "no meeting",
     NULL},
    {"a lease that ended lawfully is none",
     {OPS(GOOD, HB_LOCK(2, 1, 40, .value = 5, .attempt_ns = 39),
          HB_UNLOCK(2, 90, 91, .flags = LP_FLAG_HELD_NO, .outcome = LP_FAIL)),
      .final = 2},
     2,
     NULL,
     LP_HELD,
     "2 contested grants",
     NULL},
};

START_TEST(a_verdict_claims_no_more_than_was_seen)
{
    const struct verdict_case *it = &cases[_i];
    struct hb hb;
    struct lp_checks checks;
    struct lp_judgement judgement;
    hb_build(&hb, &it->run);
    lp_checks_run(&checks, &hb.history);
    lp_judge(&judgement, &(struct lp_judge_input){.checks = &checks,
                                                  .min_meetings = it->min_meetings,
                                                  .hindrance = it->hindrance});
    ck_assert_msg(judgement.verdict == it->verdict, "%s: %s (%s)", it->name,
                  lp_verdict_name(judgement.verdict), judgement.reason);
    ck_assert_msg(strstr(judgement.reason, it->reason) != NULL, "%s: \"%s\"", it->name,
                  judgement.reason);
    if (it->verdict == LP_BROKEN)
        ck_assert(judgement.failure_rate_max < 0);
    else if (it->cause)
        ck_assert_msg(judgement.diagnosis_count == 1 &&
                          strcmp(judgement.diagnoses[0].cause, it->cause) == 0,
                      "%s: %s", it->name,
                      judgement.diagnosis_count ? judgement.diagnoses[0].cause : "no cause");
    else
        ck_assert_msg(judgement.diagnosis_count == 0, "%s: %s", it->name,
                      judgement.diagnoses[0].cause);
    lp_judgement_release(&judgement);
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

START_TEST(a_fault_that_did_not_happen_forbids_held)
{
    const struct hb_run run = {OPS(GOOD), .final = 2};
    struct lp_fault_record fault = {.fault = "pause", .target = "worker 1", .proof = "no state T"};
    const struct {
        unsigned outcome;
        enum lp_verdict verdict;
    } outcomes[] = {{LP_OK, LP_HELD}, {LP_FAIL, LP_INCONCLUSIVE}, {LP_UNKNOWN, LP_INCONCLUSIVE}};
    for (size_t i = 0; i < LP_ARRAY_LEN(outcomes); i++) {
        struct hb hb;
        struct lp_checks checks;
        struct lp_judgement judgement;
        fault.outcome = outcomes[i].outcome;
        hb_build(&hb, &run);
        hb.history.faults = &fault;
        hb.history.fault_count = 1;
        lp_checks_run(&checks, &hb.history);
        lp_judge(&judgement, &(struct lp_judge_input){.checks = &checks});
        ck_assert_int_eq(judgement.verdict, outcomes[i].verdict);
        if (outcomes[i].verdict == LP_INCONCLUSIVE)
            ck_assert_str_eq(judgement.reason,
                             "fault `pause` of worker 1 did not happen: no state T");
        lp_judgement_release(&judgement);
        lp_checks_release(&checks);
        hb_release(&hb);
    }
}
END_TEST

START_TEST(the_rule_of_three_is_given_with_its_condition)
{
    struct lp_checks checks = {.lost_update = {.result = LP_PASS},
                               .mutual_exclusion = {.result = LP_PASS},
                               .contention = {.meetings = 12431, .acquires = 20000}};
    struct lp_judgement judgement;
    lp_judge(&judgement, &(struct lp_judge_input){.checks = &checks, .min_meetings = 30});
    ck_assert_int_eq(judgement.verdict, LP_HELD);
    ck_assert_str_eq(judgement.reason,
                     "0 failures in 12,431 contested grants: if independent, fewer "
                     "than 0.024 % at 95 %");
    ck_assert(judgement.failure_rate_max > 0.000241 && judgement.failure_rate_max < 0.000242);
    lp_judgement_release(&judgement);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("judge");
    TCase *tcase = tcase_create("judge");
    tcase_add_loop_test(tcase, a_verdict_claims_no_more_than_was_seen, 0, LP_ARRAY_LEN(cases));
    tcase_add_test(tcase, a_fault_that_did_not_happen_forbids_held);
    tcase_add_test(tcase, the_rule_of_three_is_given_with_its_condition);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
