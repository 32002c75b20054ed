/* SPDX-License-Identifier: MIT */
/* What a wait to its deadline proves, and what slowness and bad luck do not. */
#include "base/units.h"
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
#define MS(n) ((n)*LP_MS)
/* Worker w waits from 100 ms to its deadline at 1100 ms. */
#define GAVE_UP(w, ...) HB_LOCK(w, MS(100), MS(1100), HB_BUSY_AT_DEADLINE, ##__VA_ARGS__)

static const struct progress_case {
    const char *name;
    struct hb_run run;
    enum lp_result result;
    enum lp_stuck_reason reason; /* of the first; when not LP_PASS */
} cases[] = {
    {"all came to their end", {OPS(HB_LOCK(0, 1, 2), HB_UNLOCK(0, 3, 4))}, LP_PASS, LP_STUCK_OTHER},

    /* free lock */
    {"waited to its deadline for a lock that was free all the time",
     {OPS(HB_LOCK(0, MS(1), MS(50)), HB_UNLOCK(0, MS(60), MS(61)), GAVE_UP(1)), .deadline = 2},
     LP_VIOLATED,
     LP_STUCK_FREE_LOCK},
    {"free during the last half",
     {OPS(HB_LOCK(0, MS(1), MS(50)), HB_UNLOCK(0, MS(590), MS(599)), GAVE_UP(1)), .deadline = 2},
     LP_VIOLATED,
     LP_STUCK_FREE_LOCK},
    {"held into the last half: bad luck",
     {OPS(HB_LOCK(0, MS(1), MS(50)), HB_UNLOCK(0, MS(590), MS(601)), GAVE_UP(1)), .deadline = 2},
     LP_UNDECIDED,
     LP_STUCK_OTHER},
    {"served others in the last half: slow, not broken",
     {OPS(HB_LOCK(0, MS(1), MS(50)), HB_UNLOCK(0, MS(60), MS(61)), HB_LOCK(0, MS(700), MS(701)),
          HB_UNLOCK(0, MS(702), MS(703)), GAVE_UP(1)),
      .deadline = 2},
     LP_UNDECIDED,
     LP_STUCK_OTHER},
    {"a grant of unknown outcome may hold it",
     {OPS(HB_LOCK(0, MS(1), 0), GAVE_UP(1)), .deadline = 2, .unfinished = 1},
     LP_UNDECIDED,
     LP_STUCK_OTHER},
    {"a refused release may leave it held",
     {OPS(HB_LOCK(0, MS(1), MS(50)), HB_UNLOCK(0, MS(60), MS(61), .outcome = LP_FAIL),
          HB_READ(0, MS(2000), MS(2001), 0), GAVE_UP(1)),
      .deadline = 2},
     LP_UNDECIDED,
     LP_STUCK_OTHER},
    {"a wait too short to tell a wake-up that came late",
     {OPS(HB_LOCK(0, 1, 2), HB_UNLOCK(0, 3, 4), HB_LOCK(1, MS(100), MS(299), HB_BUSY_AT_DEADLINE)),
      .deadline = 2},
     LP_UNDECIDED,
     LP_STUCK_OTHER},
    {"busy without having waited to its deadline",
     {OPS(HB_LOCK(0, 1, 2), HB_UNLOCK(0, 3, 4), HB_LOCK(1, MS(100), MS(1100), .outcome = LP_BUSY)),
      .unfinished = 2},
     LP_UNDECIDED,
     LP_STUCK_OTHER},
    {"a lease that has ended frees the lock",
     {OPS(HB_LOCK(0, MS(1), MS(2), .value = MS(300)), HB_READ(0, MS(2000), MS(2001), 0),
          GAVE_UP(1)),
      .deadline = 2},
     LP_VIOLATED,
     LP_STUCK_FREE_LOCK},
    {"a lease that has not",
     {OPS(HB_LOCK(0, MS(1), MS(2), .value = MS(700)), HB_READ(0, MS(2000), MS(2001), 0),
          GAVE_UP(1)),
      .deadline = 2},
     LP_UNDECIDED,
     LP_STUCK_OTHER},
    {"readers do not keep a reader out",
     {OPS(HB_LOCK(0, 1, 2, HB_SHARED), HB_READ(0, MS(2000), MS(2001), 0),
          HB_LOCK(1, MS(100), MS(1100), .outcome = LP_BUSY,
                  .flags = LP_FLAG_DEADLINE | LP_FLAG_SHARED)),
      .deadline = 2},
     LP_VIOLATED,
     LP_STUCK_FREE_LOCK},
    {"a reader keeps a writer out",
     {OPS(HB_LOCK(0, 1, 2, HB_SHARED), HB_READ(0, MS(2000), MS(2001), 0), GAVE_UP(1)),
      .deadline = 2},
     LP_UNDECIDED,
     LP_STUCK_OTHER},
    {"a lock that was never granted may be the one that is held by another name",
     {OPS(HB_LOCK(0, MS(1), MS(2), .lock = 0, .object = 7), HB_READ(0, MS(2000), MS(2001), 0),
          GAVE_UP(1, .lock = 1)),
      .deadline = 2},
     LP_UNDECIDED,
     LP_STUCK_OTHER},
    {"a lock that was held by that name as another object is free",
     {OPS(HB_LOCK(0, MS(1), MS(2), .lock = 0, .object = 7), HB_READ(0, MS(2000), MS(2001), 0),
          HB_LOCK(1, MS(1), MS(2), .lock = 1, .object = 8), HB_UNLOCK(1, MS(3), MS(4), .lock = 1),
          GAVE_UP(1, .lock = 1)),
      .deadline = 2},
     LP_VIOLATED,
     LP_STUCK_FREE_LOCK},
    {"and is not when it was the same object",
     {OPS(HB_LOCK(0, MS(1), MS(2), .lock = 0, .object = 7), HB_READ(0, MS(2000), MS(2001), 0),
          HB_LOCK(1, MS(1), MS(2), .lock = 1, .object = 7), HB_UNLOCK(1, MS(3), MS(4), .lock = 1),
          GAVE_UP(1, .lock = 1)),
      .deadline = 2},
     LP_UNDECIDED,
     LP_STUCK_OTHER},
    {"with a worker's history missing nobody knows who held it",
     {OPS(GAVE_UP(1)), .deadline = 2, .workers = 3, .missing = 4},
     LP_UNDECIDED,
     LP_STUCK_OTHER},

    /* orphans */
    {"its holder was killed and the lock stays taken",
     {OPS(HB_LOCK(0, MS(1), MS(50)), GAVE_UP(1)), .killed = 1, .deadline = 2},
     LP_VIOLATED,
     LP_STUCK_ORPHAN},
    {"its holder ended without releasing it",
     {OPS(HB_LOCK(0, MS(1), MS(50)), GAVE_UP(1)), .deadline = 2},
     LP_VIOLATED,
     LP_STUCK_ORPHAN},
    {"its holder closed the handle and ended, and the name stays",
     {OPS(HB_LOCK(0, MS(1), MS(50)), HB_CLOSE(0, MS(51), MS(52)), GAVE_UP(1)), .deadline = 2},
     LP_VIOLATED,
     LP_STUCK_ORPHAN},
    {"its holder was alive into the last half",
     {OPS(HB_LOCK(0, MS(1), MS(50)), HB_READ(0, MS(700), MS(701), 0), GAVE_UP(1)), .killed = 1,
      .deadline = 2},
     LP_UNDECIDED,
     LP_STUCK_OTHER},

    /* circles */
    {"two locks taken in different orders",
     {OPS(HB_LOCK(0, MS(1), MS(2), .lock = 0), HB_LOCK(1, MS(1), MS(2), .lock = 1),
          HB_LOCK(0, MS(100), MS(1100), HB_BUSY_AT_DEADLINE, .lock = 1),
          HB_LOCK(1, MS(110), MS(1110), HB_BUSY_AT_DEADLINE, .lock = 0),
          HB_UNLOCK(0, MS(1101), MS(1102), .lock = 0), HB_UNLOCK(1, MS(1111), MS(1112), .lock = 1)),
      .deadline = 3},
     LP_VIOLATED,
     LP_STUCK_CYCLE},
    {"broken up when the first gave up: it was one all the same",
     {OPS(HB_LOCK(0, MS(1), MS(2), .lock = 0), HB_LOCK(1, MS(1), MS(2), .lock = 1),
          HB_LOCK(0, MS(100), MS(1100), HB_BUSY_AT_DEADLINE, .lock = 1),
          HB_UNLOCK(0, MS(1101), MS(1102), .lock = 0), HB_LOCK(1, MS(110), MS(1103), .lock = 0)),
      .deadline = 1},
     LP_VIOLATED,
     LP_STUCK_CYCLE},
    {"a chain that does not lead back",
     {OPS(HB_LOCK(0, MS(1), MS(2), .lock = 0), HB_READ(0, MS(2000), MS(2001), 0),
          HB_LOCK(1, MS(1), MS(2), .lock = 1),
          HB_LOCK(1, MS(100), MS(1100), HB_BUSY_AT_DEADLINE, .lock = 0),
          HB_LOCK(2, MS(100), MS(1090), HB_BUSY_AT_DEADLINE, .lock = 1),
          HB_READ(1, MS(2000), MS(2001), 0)),
      .deadline = 6},
     LP_UNDECIDED,
     LP_STUCK_OTHER},
    {"three in a circle, one of them polling",
     {OPS(HB_LOCK(0, 1, 2, .lock = 0), HB_LOCK(1, 1, 2, .lock = 1), HB_LOCK(2, 1, 2, .lock = 2),
          GAVE_UP(0, .lock = 1), HB_LOCK(1, MS(100), MS(1200), .lock = 2),
          HB_TRY(1, MS(100), MS(101), .lock = 2), HB_TRY(1, MS(1099), MS(1101), .lock = 2),
          HB_LOCK(2, MS(90), MS(1199), .lock = 0), HB_UNLOCK(0, MS(1150), MS(1151), .lock = 0)),
      .deadline = 1},
     LP_VIOLATED,
     LP_STUCK_CYCLE},
    {"a lock that its own holder asks for again",
     {OPS(HB_LOCK(0, MS(1), MS(2)), GAVE_UP(0), HB_UNLOCK(0, MS(1101), MS(1102))), .deadline = 1},
     LP_VIOLATED,
     LP_STUCK_CYCLE},
    {"asked for again while another one shares it",
     {OPS(HB_LOCK(0, MS(1), MS(2), HB_SHARED), HB_LOCK(1, MS(1), MS(2), HB_SHARED), GAVE_UP(0),
          HB_READ(1, MS(2000), MS(2001), 0)),
      .deadline = 1},
     LP_UNDECIDED,
     LP_STUCK_OTHER},
    {"two that both wait to upgrade",
     {OPS(HB_LOCK(0, 1, 2, HB_SHARED), HB_LOCK(1, 1, 2, HB_SHARED),
          HB_UPGRADE(0, MS(100), MS(1100), HB_BUSY_AT_DEADLINE),
          HB_UPGRADE(1, MS(110), MS(1110), HB_BUSY_AT_DEADLINE)),
      .deadline = 3},
     LP_VIOLATED,
     LP_STUCK_CYCLE},
    {"one that waits to upgrade while another one reads on",
     {OPS(HB_LOCK(0, 1, 2, HB_SHARED), HB_LOCK(1, 1, 2, HB_SHARED),
          HB_UPGRADE(0, MS(100), MS(1100), HB_BUSY_AT_DEADLINE), HB_READ(1, MS(2000), MS(2001), 0)),
      .deadline = 1},
     LP_UNDECIDED,
     LP_STUCK_OTHER},

    /* proves nothing */
    {"killed while it waited",
     {OPS(HB_LOCK(0, MS(1), 0)), .killed = 1},
     LP_UNDECIDED,
     LP_STUCK_OTHER},
    {"still waiting when the history ends",
     {OPS(HB_LOCK(0, MS(1), 0)), .unfinished = 1, .no_final = true},
     LP_UNDECIDED,
     LP_STUCK_OTHER},
};

START_TEST(only_what_a_lock_did_is_a_violation)
{
    const struct progress_case *it = &cases[_i];
    struct hb hb;
    struct lp_checks checks;
    hb_build(&hb, &it->run);
    lp_checks_run(&checks, &hb.history);
    const struct lp_progress *progress = &checks.progress;
    ck_assert_msg(progress->result == it->result, "%s: result %d (%s)", it->name, progress->result,
                  progress->detail);
    if (it->result == LP_PASS)
        ck_assert_uint_eq(progress->stuck_count, 0);
    else
        ck_assert_msg(progress->stuck[0].reason == it->reason, "%s: reason %d", it->name,
                      progress->stuck[0].reason);
    if (it->result == LP_VIOLATED)
        ck_assert_uint_ge(progress->witness_count, 1);
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

START_TEST(a_lost_wake_up_names_the_release_and_who_was_served)
{
    const struct hb_op ops[] = {HB_LOCK(0, MS(1), MS(50)), HB_UNLOCK(0, MS(120), MS(121)),
                                HB_LOCK(0, MS(130), MS(131)), HB_UNLOCK(0, MS(140), MS(141)),
                                GAVE_UP(1)};
    struct hb hb;
    struct lp_checks checks;
    hb_build(&hb, &(struct hb_run){HB_OPS(ops), .deadline = 2});
    lp_checks_run(&checks, &hb.history);
    ck_assert_uint_eq(checks.progress.stuck_count, 1);
    const struct lp_stuck *stuck = &checks.progress.stuck[0];
    ck_assert_uint_eq(stuck->served, 1);
    ck_assert_uint_eq(hb.history.ops[stuck->last_release].record->invoke_ns, MS(140));
    ck_assert_uint_eq(checks.progress.finished, 1);
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("progress");
    TCase *tcase = tcase_create("progress");
    tcase_add_loop_test(tcase, only_what_a_lock_did_is_a_violation, 0, LP_ARRAY_LEN(cases));
    tcase_add_test(tcase, a_lost_wake_up_names_the_release_and_who_was_served);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
