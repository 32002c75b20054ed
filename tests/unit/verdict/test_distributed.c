/* SPDX-License-Identifier: MIT */
/* Causes that servers, tokens and faults bring along: each, and its nearest neighbour. */
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
#define TTL(n) .value = (n)
#define TOKEN(w, t, n) HB(w, LP_STEP_TOKEN, t, t, .attempt_ns = (n))
#define SHOWS(n) .attempt_ns = (n)
#define GONE .outcome = LP_FAIL, .flags = LP_FLAG_HELD_NO

/* Two transactions that read one value and both wrote. */
#define TWO_TRANSACTIONS                                                                           \
    HB_BEGIN(0, 1, 2), HB_BEGIN(1, 3, 4), HB_READ(0, 5, 6, 0, HB_TX), HB_READ(1, 7, 8, 0, HB_TX),  \
        HB_WRITE(0, 10, 11, 1, HB_TX), HB_COMMIT(0, 12, 13), HB_WRITE(1, 14, 15, 1, HB_TX),        \
        HB_COMMIT(1, 16, 17)
/* One after the other under one lock; the second reads what was there before the first. */
#define BEGUN_BEFORE                                                                               \
    HB_BEGIN(1, 1, 2), HB_LOCK(0, 3, 4), HB_BEGIN(0, 5, 6), HB_READ(0, 7, 8, 0, HB_TX),            \
        HB_WRITE(0, 9, 10, 1, HB_TX), HB_COMMIT(0, 11, 12), HB_UNLOCK(0, 13, 14),                  \
        HB_LOCK(1, 15, 16), HB_READ(1, 17, 18, 0, HB_TX), HB_WRITE(1, 19, 20, 1, HB_TX),           \
        HB_COMMIT(1, 21, 22), HB_UNLOCK(1, 23, 24)
#define BEGUN_AFTER                                                                                \
    HB_LOCK(0, 3, 4), HB_BEGIN(0, 5, 6), HB_READ(0, 7, 8, 0, HB_TX), HB_WRITE(0, 9, 10, 1, HB_TX), \
        HB_COMMIT(0, 11, 12), HB_UNLOCK(0, 13, 14), HB_LOCK(1, 15, 16), HB_BEGIN(1, 16, 17),       \
        HB_READ(1, 17, 18, 0, HB_TX), HB_WRITE(1, 19, 20, 1, HB_TX), HB_COMMIT(1, 21, 22),         \
        HB_UNLOCK(1, 23, 24)
/* Worker 0's session ends at 10; worker 1 works meanwhile; worker 0 writes, or not. */
#define OTHER_WORKS                                                                                \
    HB_LOCK(1, 11, 12), HB_READ(1, 13, 14, 0), HB_WRITE(1, 15, 16, 1), HB_UNLOCK(1, 17, 18)
#define SEVERED(...) HB_LOCK(0, 1, 2), HB_READ(0, 3, 4, 0), OTHER_WORKS, __VA_ARGS__
/* A late write that sets nothing back: the other had only been granted the lock. */
#define LATE(...)                                                                                  \
    HB_LOCK(0, 1, 2, TTL(100)), __VA_ARGS__, HB_LOCK(1, 199, 200, TTL(1000)), TOKEN(1, 200, 8),    \
        HB_WRITE(0, 210, 211, 1), HB_UNLOCK(0, 220, 221, GONE), HB_UNLOCK(1, 230, 231)

static const struct cause_case {
    const char *name;
    struct hb_run run;
    const char *fault; /* of worker 0, from 10 to 11; or NULL */
    enum lp_verdict verdict;
    const char *causes[3];
} cases[] = {
    {"transactions that keep nothing together",
     {OPS(TWO_TRANSACTIONS), .final = 1, .store_flags = LP_STORE_TRANSACTIONS | LP_STORE_WEAK_TX},
     NULL,
     LP_BROKEN,
     {"narrow-scope"}},
    {"transactions that were to keep it together",
     {OPS(TWO_TRANSACTIONS), .final = 1, .store_flags = LP_STORE_TRANSACTIONS},
     NULL,
     LP_BROKEN,
     {"stale-snapshot"}},
    {"a snapshot older than the lock",
     {OPS(BEGUN_BEFORE), .final = 1, .store_flags = LP_STORE_TRANSACTIONS | LP_STORE_WEAK_TX},
     NULL,
     LP_BROKEN,
     {"stale-snapshot"}},
    {"a snapshot younger than the lock explains nothing",
     {OPS(BEGUN_AFTER), .final = 1, .store_flags = LP_STORE_TRANSACTIONS | LP_STORE_WEAK_TX},
     NULL,
     LP_BROKEN,
     {NULL}},
    {"a session that was ended, and a write after it",
     {OPS(SEVERED(HB_WRITE(0, 20, 21, 1), HB_UNLOCK(0, 22, 23, GONE))), .final = 1},
     "reset",
     LP_BROKEN,
     {"dropped-lock"}},
    {"the same history without the fault",
     {OPS(SEVERED(HB_WRITE(0, 20, 21, 1), HB_UNLOCK(0, 22, 23, GONE))), .final = 1},
     NULL,
     LP_BROKEN,
     {"double-grant"}},
    {"a session that was ended, and no write after it",
     {OPS(SEVERED(HB_UNLOCK(0, 22, 23, GONE))), .final = 1},
     "reset",
     LP_HELD,
     {NULL}},
    {"a session that was ended, and a write that was lucky",
     {OPS(HB_LOCK(0, 1, 2), HB_READ(0, 3, 4, 0), HB_WRITE(0, 20, 21, 1),
          HB_UNLOCK(0, 22, 23, GONE)),
      .final = 1},
     "reset",
     LP_INCONCLUSIVE,
     {"dropped-lock"}},
    {"a late write of a lock that numbers its grants",
     {OPS(LATE(TOKEN(0, 2, 7), HB_READ(0, 3, 4, 0))), .final = 1},
     NULL,
     LP_BROKEN,
     {"lease-expired", "unfenced-write"}},
    {"a late write of one that does not",
     {OPS(LATE(HB_READ(0, 3, 4, 0))), .final = 1},
     NULL,
     LP_BROKEN,
     {"lease-expired"}},
    {"a store that accepts an old token",
     {OPS(HB_READ(0, 1, 2, 0, SHOWS(1)), HB_READ(1, 3, 4, 0, SHOWS(2)),
          HB_WRITE(0, 5, 6, 1, SHOWS(1))),
      .final = 1},
     NULL,
     LP_BROKEN,
     {"unfenced-write"}},
};

START_TEST(causes_are_told_apart)
{
    const struct cause_case *it = &cases[_i];
    struct lp_fault_record fault = {.invoke_ns = 10, .complete_ns = 11, .outcome = LP_OK};
    struct hb hb;
    struct lp_checks checks;
    struct lp_judgement judgement;
    hb_build(&hb, &it->run);
    if (it->fault) {
        snprintf(fault.fault, sizeof fault.fault, "%s", it->fault);
        hb.history.faults = &fault;
        hb.history.fault_count = 1;
    }
    lp_checks_run(&checks, &hb.history);
    lp_judge(&judgement, &(struct lp_judge_input){.checks = &checks});
    ck_assert_msg(judgement.verdict == it->verdict, "%s: %s (%s)", it->name,
                  lp_verdict_name(judgement.verdict), judgement.reason);
    for (size_t i = 0; i < LP_ARRAY_LEN(it->causes) && it->causes[i]; i++) {
        ck_assert_msg(judgement.diagnosis_count > i, "%s: %s is not told", it->name, it->causes[i]);
        ck_assert_msg(strcmp(judgement.diagnoses[i].cause, it->causes[i]) == 0, "%s: %s: %s",
                      it->name, judgement.diagnoses[i].cause, judgement.diagnoses[i].text);
        ck_assert(judgement.diagnoses[i].text[0] != '\0');
    }
    size_t told = 0;
    while (told < LP_ARRAY_LEN(it->causes) && it->causes[told])
        told++;
    ck_assert_msg(judgement.diagnosis_count == told, "%s: also %s", it->name,
                  judgement.diagnosis_count > told ? judgement.diagnoses[told].cause : "");
    lp_judgement_release(&judgement);
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("verdict/distributed");
    TCase *tcase = tcase_create("distributed");
    tcase_add_loop_test(tcase, causes_are_told_apart, 0, LP_ARRAY_LEN(cases));
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
