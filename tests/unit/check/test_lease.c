/* SPDX-License-Identifier: MIT */
/* Leases, tokens and dead holders: what is reported, and its nearest neighbours that must not be.
 */
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
#define TTL(n) .value = (n)
/* Tokens share their place with the time of a try. */
#define TOKEN(n) .attempt_ns = (n)
#define STALE .outcome = LP_FAIL, .flags = LP_FLAG_STALE
/* Worker 0 has the lock for 100 ns from 1 on and reads; worker 1 is granted it at `granted`. */
#define FIRST HB_LOCK(0, 1, 2, TTL(100)), HB_READ(0, 3, 4, 0)
#define SECOND(granted) HB_LOCK(1, (granted)-1, granted, TTL(1000))

static const struct lease_case {
    const char *name;
    struct hb_run run;
    enum lp_result result;
    uint64_t late;
} lease_cases[] = {
    {"a write accepted after a newer grant",
     {OPS(FIRST, SECOND(200), HB_WRITE(0, 210, 211, 1))},
     LP_VIOLATED,
     1},
    {"the newer grant completed only after the write was invoked",
     {OPS(FIRST, SECOND(212), HB_WRITE(0, 210, 215, 1))},
     LP_PASS,
     0},
    {"late, but nobody else was granted the lock",
     {OPS(FIRST, HB_WRITE(0, 210, 211, 1))},
     LP_PASS,
     0},
    {"late and refused",
     {OPS(FIRST, SECOND(200), HB_WRITE(0, 210, 211, 1, .outcome = LP_FAIL))},
     LP_PASS,
     0},
    {"late, and nobody knows whether it was accepted",
     {OPS(FIRST, SECOND(200), HB_WRITE(0, 210, 211, 1, .outcome = LP_UNKNOWN))},
     LP_PASS,
     0},
    {"conditional on the value read",
     {OPS(FIRST, SECOND(200), HB_CAS(0, 210, 211, 1))},
     LP_PASS,
     0},
    {"a token shown at the write alone does not help",
     {OPS(FIRST, SECOND(200), HB_WRITE(0, 210, 211, 1, TOKEN(1)))},
     LP_VIOLATED,
     1},
    {"a token shown at read and write is the store's to judge",
     {OPS(HB_LOCK(0, 1, 2, TTL(100)), HB_READ(0, 3, 4, 0, TOKEN(1)), SECOND(200),
          HB_WRITE(0, 210, 211, 1, TOKEN(1)))},
     LP_PASS,
     0},
    {"renewed in time",
     {OPS(FIRST, HB(0, LP_STEP_RENEW, 90, 91, TTL(1000)), HB_WRITE(0, 210, 211, 1))},
     LP_PASS,
     0},
    {"another lock object is another lock",
     {OPS(FIRST, HB_LOCK(1, 199, 200, TTL(1000), .object = 9), HB_WRITE(0, 210, 211, 1))},
     LP_PASS,
     0},
    {"no lease at all",
     {OPS(HB_LOCK(0, 1, 2), HB_READ(0, 3, 4, 0), HB_WRITE(0, 210, 211, 1))},
     LP_NOT_APPLICABLE,
     0},
};

START_TEST(only_an_accepted_write_of_a_succeeded_holder_breaks_a_lease)
{
    const struct lease_case *it = &lease_cases[_i];
    struct hb hb;
    struct lp_checks checks;
    hb_build(&hb, &it->run);
    lp_checks_run(&checks, &hb.history);
    ck_assert_msg(checks.lease.result == it->result && checks.lease.late == it->late,
                  "%s: %d, %d late", it->name, (int)checks.lease.result, (int)checks.lease.late);
    if (it->result == LP_VIOLATED)
        ck_assert_uint_eq(checks.lease.witness_count, 4);
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

static const struct fencing_case {
    const char *name;
    struct hb_run run;
    enum lp_result result;
    uint64_t refused;
} fencing_cases[] = {
    {"an older token after a newer one",
     {OPS(HB_READ(1, 10, 11, 0, TOKEN(2)), HB_READ(0, 1, 2, 0, TOKEN(1)),
          HB_WRITE(0, 20, 21, 1, TOKEN(1)))},
     LP_VIOLATED,
     0},
    {"the older one was refused",
     {OPS(HB_READ(1, 10, 11, 0, TOKEN(2)), HB_READ(0, 1, 2, 0, TOKEN(1)),
          HB_WRITE(0, 20, 21, 1, TOKEN(1), STALE))},
     LP_PASS,
     1},
    {"the newer one may have come later",
     {OPS(HB_READ(1, 10, 25, 0, TOKEN(2)), HB_WRITE(0, 20, 21, 1, TOKEN(1)))},
     LP_PASS,
     0},
    {"the newer one was not accepted",
     {OPS(HB_READ(1, 10, 11, 0, TOKEN(2), .outcome = LP_FAIL), HB_WRITE(0, 20, 21, 1, TOKEN(1)))},
     LP_PASS,
     0},
    {"one token twice",
     {OPS(HB_READ(0, 1, 2, 0, TOKEN(3)), HB_WRITE(0, 3, 4, 1, TOKEN(3)))},
     LP_PASS,
     0},
    {"another store",
     {OPS(HB_READ(1, 10, 11, 0, TOKEN(2), .object = 7), HB_WRITE(0, 20, 21, 1, TOKEN(1)))},
     LP_PASS,
     0},
    {"no token", {OPS(HB_READ(0, 1, 2, 0), HB_WRITE(0, 3, 4, 1))}, LP_NOT_APPLICABLE, 0},
};

START_TEST(accepted_tokens_never_go_back)
{
    const struct fencing_case *it = &fencing_cases[_i];
    struct hb hb;
    struct lp_checks checks;
    hb_build(&hb, &it->run);
    lp_checks_run(&checks, &hb.history);
    ck_assert_msg(checks.fencing.result == it->result, "%s: %d", it->name,
                  (int)checks.fencing.result);
    ck_assert_uint_eq(checks.fencing.refused, it->refused);
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

/* Worker 0 is killed while it holds the lock; what comes of the others. */
static const struct recovery_case {
    const char *name;
    struct hb_run run;
    enum lp_result result;
} recovery_cases[] = {
    {"the next was granted the lock",
     {OPS(HB_LOCK(0, 1, 2), HB_LOCK(1, 3, 50), HB_UNLOCK(1, 60, 61)), .killed = 1},
     LP_PASS},
    {"nobody asked", {OPS(HB_LOCK(0, 1, 2), HB_READ(1, 3, 4, 0)), .killed = 1}, LP_UNDECIDED},
    {"waited to the deadline for it",
     {OPS(HB_LOCK(0, 1, 2), HB_LOCK(1, 3, 2000000000, HB_BUSY_AT_DEADLINE)), .killed = 1,
      .deadline = 2},
     LP_VIOLATED},
    {"killed after its release",
     {OPS(HB_LOCK(0, 1, 2), HB_UNLOCK(0, 3, 4), HB_LOCK(1, 5, 6), HB_UNLOCK(1, 7, 8)), .killed = 1},
     LP_NOT_APPLICABLE},
    {"nobody was killed", {OPS(HB_LOCK(0, 1, 2), HB_UNLOCK(0, 3, 4))}, LP_NOT_APPLICABLE},
};

START_TEST(a_dead_holder_s_lock_is_granted_again_or_not)
{
    const struct recovery_case *it = &recovery_cases[_i];
    struct hb hb;
    struct lp_checks checks;
    hb_build(&hb, &it->run);
    lp_checks_run(&checks, &hb.history);
    ck_assert_msg(checks.recovery.result == it->result, "%s: %d (%s)", it->name,
                  (int)checks.recovery.result, checks.recovery.detail);
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

/* ---- what faults change ---- */

static void check_with(struct lp_checks *checks, struct hb *hb, const struct hb_run *run,
                       const struct lp_fault_record *fault)
{
    hb_build(hb, run);
    hb->history.faults = fault;
    hb->history.fault_count = fault ? 1 : 0;
    lp_checks_run(checks, &hb->history);
}

static const struct hb_run killed_run = {
    OPS(HB_LOCK(0, 1, 2), HB_LOCK(1, 3, 50), HB_UNLOCK(1, 60, 61)), .killed = 1};

START_TEST(who_was_killed_on_purpose_is_where_it_was_meant_to_be)
{
    struct lp_fault_record fault = {
        .invoke_ns = 2, .complete_ns = 3, .outcome = LP_OK, .fault = "kill"};
    struct lp_checks checks;
    struct hb hb;
    const struct {
        bool there;
        uint32_t worker;
        unsigned outcome;
        enum lp_result result;
    } cases[] = {{true, 0, LP_OK, LP_PASS},
                 {false, 0, LP_OK, LP_UNDECIDED},
                 {true, 1, LP_OK, LP_UNDECIDED},
                 {true, 0, LP_FAIL, LP_UNDECIDED}};
    for (size_t i = 0; i < LP_ARRAY_LEN(cases); i++) {
        fault.worker = cases[i].worker;
        fault.outcome = cases[i].outcome;
        check_with(&checks, &hb, &killed_run, cases[i].there ? &fault : NULL);
        ck_assert_int_eq(checks.progress.result, cases[i].result);
        lp_checks_release(&checks);
        hb_release(&hb);
    }
}
END_TEST

START_TEST(a_session_that_was_ended_makes_no_double_grant)
{
    const struct hb_run run = {
        OPS(HB_LOCK(0, 1, 2), HB_LOCK(1, 3, 50), HB_UNLOCK(1, 60, 61),
            HB_UNLOCK(0, 70, 71, .outcome = LP_FAIL, .flags = LP_FLAG_HELD_NO))};
    struct lp_fault_record fault = {
        .invoke_ns = 10, .complete_ns = 20, .outcome = LP_OK, .fault = "reset"};
    struct lp_checks checks;
    struct hb hb;
    check_with(&checks, &hb, &run, &fault);
    ck_assert_int_eq(checks.mutual_exclusion.result, LP_PASS);
    ck_assert(checks.holds[0].severed && checks.holds[0].dropped);
    ck_assert_uint_eq(checks.holds[0].until_ns, 10);
    lp_checks_release(&checks);
    hb_release(&hb);

    fault.worker = 1; /* somebody else's */
    check_with(&checks, &hb, &run, &fault);
    ck_assert_int_eq(checks.mutual_exclusion.result, LP_VIOLATED);
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("lease");
    TCase *tcase = tcase_create("lease");
    tcase_add_loop_test(tcase, only_an_accepted_write_of_a_succeeded_holder_breaks_a_lease, 0,
                        LP_ARRAY_LEN(lease_cases));
    tcase_add_loop_test(tcase, accepted_tokens_never_go_back, 0, LP_ARRAY_LEN(fencing_cases));
    tcase_add_loop_test(tcase, a_dead_holder_s_lock_is_granted_again_or_not, 0,
                        LP_ARRAY_LEN(recovery_cases));
    tcase_add_test(tcase, who_was_killed_on_purpose_is_where_it_was_meant_to_be);
    tcase_add_test(tcase, a_session_that_was_ended_makes_no_double_grant);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
