/* SPDX-License-Identifier: MIT */
/* What counts as a meeting. */
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
#define TX_UPDATE(w, t, v)                                                                         \
    HB_BEGIN(w, t, (t) + 1), HB_READ(w, (t) + 2, (t) + 3, v, HB_TX),                               \
        HB_WRITE(w, (t) + 4, (t) + 5, (v) + 1, HB_TX), HB_COMMIT(w, (t) + 6, (t) + 7)

static const struct meeting_case {
    const char *name;
    struct hb_run run;
    uint64_t meetings, acquires, blocked, handovers;
} cases[] = {
    {"never at the same time",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 13, 15), HB_UNLOCK(1, 20, 21))},
     .acquires = 2,
     .handovers = 1},
    {"a waiter is handed the lock while another one tries",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 6, 15), HB_UNLOCK(1, 20, 21),
          HB_LOCK(2, 14, 23))},
     .meetings = 2,
     .acquires = 3,
     .handovers = 2},
    {"the first of two that found it free: the race that matters",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 2, 15), HB_UNLOCK(1, 20, 21))},
     .meetings = 2,
     .acquires = 2,
     .handovers = 1},
    {"a loser that tries once and sleeps meets nobody at the hand-over",
     {OPS(HB_LOCK(0, 1, 2), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 4, 31, .attempt_ns = 30, .busy = 1),
          HB_TRY(1, 4, 5))},
     .acquires = 2,
     .blocked = 1,
     .handovers = 1},
    {"a try while the lock is held meets nobody",
     {OPS(HB_LOCK(0, 1, 2), HB_TRYLOCK(1, 4, 5, .outcome = LP_BUSY), HB_UNLOCK(0, 10, 12))},
     .acquires = 1,
     .blocked = 1},
    {"a try beside the grant of a free lock does",
     {OPS(HB_LOCK(0, 3, 6), HB_TRYLOCK(1, 4, 5, .outcome = LP_BUSY), HB_UNLOCK(0, 10, 12))},
     .meetings = 1,
     .acquires = 1,
     .blocked = 1},
    {"it was free only if every hold before was over",
     {OPS(HB_LOCK(2, 1, 2), HB_UNLOCK(2, 3, 0), HB_LOCK(0, 4, 9), HB_UNLOCK(0, 10, 12),
          HB_LOCK(0, 20, 30), HB_TRYLOCK(1, 24, 25, .outcome = LP_BUSY))},
     .acquires = 3,
     .blocked = 1,
     .handovers = 1},
    {"windows that touch in one instant do not overlap",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 5, 15))},
     .acquires = 2,
     .handovers = 1},
    {"readers do not contest each other's grants",
     {OPS(HB_LOCK(0, 1, 5, HB_SHARED), HB_LOCK(1, 2, 6, HB_SHARED))},
     .acquires = 2,
     .handovers = 1},
    {"a reader and a writer do",
     {OPS(HB_LOCK(0, 1, 5, HB_SHARED), HB_UNLOCK(0, 6, 7), HB_LOCK(1, 2, 8))},
     .meetings = 2,
     .acquires = 2,
     .handovers = 1},
    {"other locks do not count",
     {OPS(HB_LOCK(0, 1, 5), HB_LOCK(1, 2, 6, .lock = 1))},
     .acquires = 2},
    {"a section under two locks counts once",
     {OPS(HB_LOCK(0, 1, 5), HB_LOCK(0, 6, 8, .lock = 1), HB_UNLOCK(0, 10, 11, .lock = 1),
          HB_UNLOCK(0, 12, 13), HB_LOCK(1, 2, 15), HB_LOCK(1, 16, 17, .lock = 1))},
     .meetings = 2,
     .acquires = 4,
     .handovers = 2},
    {"within one container nothing counts when there are two",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(2, 2, 15)), .workers = 4,
      .containers = 2},
     .acquires = 2,
     .handovers = 1},
    {"between containers it does",
     {OPS(HB_LOCK(0, 1, 5), HB_UNLOCK(0, 10, 12), HB_LOCK(1, 2, 15)), .containers = 2},
     .meetings = 2,
     .acquires = 2,
     .handovers = 1},
    {"BEGIN IMMEDIATE is an acquire",
     {OPS(HB_BEGIN(0, 1, 5, HB_IMMEDIATE), HB_COMMIT(0, 10, 12), HB_BEGIN(1, 2, 15, HB_IMMEDIATE))},
     .meetings = 2,
     .acquires = 2,
     .handovers = 1},

    /* updates */
    {"atomic adds that overlap",
     {OPS(HB_ADD(0, 1, 5, 1), HB_ADD(1, 2, 6, 2), HB_ADD(0, 8, 9, 3)), .final = 3,
      .store_flags = LP_STORE_ATOMIC_ADD},
     .meetings = 2},
    {"adds of a store that does them in steps meet in nothing that holds",
     {OPS(HB_ADD(0, 1, 5, 1), HB_ADD(1, 2, 6, 2)), .final = 2},
     .meetings = 0},
    {"plain writes neither",
     {OPS(HB_READ(0, 1, 2, 0), HB_WRITE(0, 3, 6, 1), HB_READ(1, 5, 7, 1), HB_WRITE(1, 8, 9, 2)),
      .final = 2},
     .meetings = 0},
    {"a compare that did not match saw somebody",
     {OPS(HB_READ(0, 1, 2, 0), HB_READ(1, 3, 4, 0), HB_CAS(1, 5, 6, 1),
          HB_CAS(0, 8, 9, 1, .outcome = LP_BUSY)),
      .final = 1},
     .meetings = 2},
    {"compares one after the other did not meet",
     {OPS(HB_READ(0, 1, 2, 0), HB_CAS(0, 3, 4, 1), HB_READ(1, 5, 6, 1), HB_CAS(1, 7, 8, 2)),
      .final = 2},
     .meetings = 0},
    {"deferred transactions that overlap",
     {OPS(TX_UPDATE(0, 1, 0), TX_UPDATE(1, 7, 1)), .final = 2},
     .meetings = 2},
    {"deferred transactions one after the other",
     {OPS(TX_UPDATE(0, 1, 0), TX_UPDATE(1, 9, 1)), .final = 2},
     .meetings = 0},
    {"a serialization failure",
     {OPS(TX_UPDATE(0, 1, 0), HB_BEGIN(1, 2, 3), HB_READ(1, 4, 5, 0, HB_TX),
          HB_WRITE(1, 10, 11, 1, HB_TX, .outcome = LP_BUSY), HB_ROLLBACK(1, 12, 13)),
      .final = 1},
     .meetings = 2},
};

START_TEST(meetings_are_contested_grants_or_updates)
{
    const struct meeting_case *it = &cases[_i];
    struct hb hb;
    struct lp_checks checks;
    hb_build(&hb, &it->run);
    lp_checks_run(&checks, &hb.history);
    const struct lp_contention *contention = &checks.contention;
    ck_assert_msg(contention->meetings == it->meetings, "%s: meetings %ju", it->name,
                  (uintmax_t)contention->meetings);
    ck_assert_msg(contention->acquires == it->acquires, "%s: acquires %ju", it->name,
                  (uintmax_t)contention->acquires);
    ck_assert_msg(contention->blocked == it->blocked, "%s: blocked %ju", it->name,
                  (uintmax_t)contention->blocked);
    ck_assert_msg(contention->handovers == it->handovers, "%s: handovers %ju", it->name,
                  (uintmax_t)contention->handovers);
    ck_assert(contention->counts_updates == (it->acquires == 0));
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("contention");
    TCase *tcase = tcase_create("contention");
    tcase_add_loop_test(tcase, meetings_are_contested_grants_or_updates, 0, LP_ARRAY_LEN(cases));
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
