/* SPDX-License-Identifier: MIT */
/* Each rule from both sides: what must be called a loss, and its nearest neighbour that must not.
 */
#include "check/check.h"
#include "tests/unit/history_builder.h"
#include "tests/unit/unit.h"

/* Worker w reads v and writes v + 1 in [t, t + 8]. */
#define UPDATE(w, t, v) HB_READ(w, t, (t) + 1, v), HB_WRITE(w, (t) + 6, (t) + 8, (v) + 1)
#define UNKNOWN_UPDATE(w, t, v) HB_READ(w, t, (t) + 1, v), HB_WRITE(w, (t) + 6, 0, (v) + 1)

#define TABLE(...)                                                                                 \
    (const struct hb_op[])                                                                         \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define OPS(...)                                                                                   \
    .ops = TABLE(__VA_ARGS__), .op_count = sizeof(TABLE(__VA_ARGS__)) / sizeof(struct hb_op)

struct expected {
    enum lp_result result;
    uint64_t lost_min, lost_max, extra;
    uint64_t acknowledged, unknown;
    uint64_t origins; /* overlapping pairs */
    uint64_t echoes;
};

static const struct lost_case {
    const char *name;
    struct hb_run run;
    struct expected expected;
} cases[] = {
    {"one after the other",
     {OPS(UPDATE(0, 10, 0), UPDATE(1, 20, 1)), .final = 2},
     {.acknowledged = 2}},
    {"two of one value overlap",
     {OPS(UPDATE(0, 10, 0), UPDATE(1, 12, 0)), .final = 1},
     {LP_VIOLATED, 1, 1, .acknowledged = 2, .origins = 1}},
    {"two of one value, final not known: the values prove it alone",
     {OPS(UPDATE(0, 10, 0), UPDATE(1, 12, 0)), .no_final = true},
     {LP_VIOLATED, 1, 2, .acknowledged = 2, .origins = 1}},
    {"all distinct, final not known",
     {OPS(UPDATE(0, 10, 0), UPDATE(1, 20, 1)), .no_final = true},
     {LP_UNDECIDED, 0, 2, .acknowledged = 2}},
    {"the counter need not start at 0",
     {OPS(UPDATE(0, 10, -5), UPDATE(1, 20, -4)), .start = -5, .final = -3},
     {.acknowledged = 2}},
    {"an acknowledged value above the final one",
     {OPS(UPDATE(0, 10, 0), UPDATE(1, 20, 1)), .final = 1},
     {LP_VIOLATED, 1, 1, .acknowledged = 2}},
    {"a stale write sets the counter back; only it is an origin, what follows are echoes",
     {OPS(HB_READ(2, 10, 11, 0), UPDATE(0, 12, 0), UPDATE(1, 24, 1), UPDATE(0, 36, 2),
          HB_WRITE(2, 50, 51, 1), UPDATE(1, 60, 1), UPDATE(0, 72, 2)),
      .final = 3},
     {LP_VIOLATED, 3, 3, .acknowledged = 6, .origins = 1, .echoes = 2}},
    {"a stale write over other values: the first write inside its window is its partner",
     {OPS(HB_READ(1, 10, 11, 0), UNKNOWN_UPDATE(2, 12, 0), UPDATE(0, 30, 1),
          HB_WRITE(1, 50, 51, 1)),
      .final = 1},
     {LP_VIOLATED, 1, 2, .acknowledged = 2, .unknown = 1, .origins = 1}},

    /* unknown outcomes */
    {"an unknown write that fills a gap was applied",
     {OPS(UPDATE(0, 10, 0), UNKNOWN_UPDATE(1, 20, 1), UPDATE(0, 40, 2)), .final = 3},
     {.acknowledged = 2, .unknown = 1}},
    {"an unknown write at the end that is not in the final value was not",
     {OPS(UPDATE(0, 10, 0), UNKNOWN_UPDATE(1, 20, 1)), .final = 1},
     {.acknowledged = 1, .unknown = 1}},
    {"the sum fits but an unknown write may hide a loss",
     {OPS(UPDATE(0, 10, 0), UPDATE(0, 20, 1), UNKNOWN_UPDATE(1, 19, 1)), .final = 2},
     {LP_UNDECIDED, 0, 1, .acknowledged = 2, .unknown = 1}},
    {"an unknown write does not excuse two of one value",
     {OPS(UPDATE(0, 10, 0), UPDATE(1, 12, 0), UNKNOWN_UPDATE(2, 40, 1)), .final = 2},
     {LP_VIOLATED, 1, 1, .acknowledged = 2, .unknown = 1, .origins = 1}},
    {"two unknown writes for one gap",
     {OPS(UNKNOWN_UPDATE(0, 10, 0), UNKNOWN_UPDATE(1, 12, 0), UPDATE(2, 40, 1)), .final = 2},
     {LP_UNDECIDED, 0, 1, .acknowledged = 1, .unknown = 2}},
    {"a gap that nobody fills",
     {OPS(UPDATE(0, 10, 0), UPDATE(1, 20, 2), UNKNOWN_UPDATE(2, 40, 3)), .final = 3},
     {LP_UNDECIDED, 0, 0, .acknowledged = 2, .unknown = 1}},
    {"an acknowledged value above the final one, unknown ones or not",
     {OPS(UPDATE(0, 10, 0), UNKNOWN_UPDATE(1, 20, 1), UPDATE(0, 40, 2)), .final = 2},
     {LP_VIOLATED, 1, 1, .acknowledged = 2, .unknown = 1, .origins = 1}},
    {"a final value that nobody wrote may be half of an unknown write",
     {OPS(UPDATE(0, 10, 100), UPDATE(0, 20, 101), UNKNOWN_UPDATE(1, 40, 102)), .start = 100,
      .final = 10},
     {LP_UNDECIDED, 0, 3, .acknowledged = 2, .unknown = 1}},
    {"without an unknown write it is not",
     {OPS(UPDATE(0, 10, 100), UPDATE(0, 20, 101)), .start = 100, .final = 10},
     {LP_VIOLATED, 2, 2, .acknowledged = 2}},
    {"add: the sum decides",
     {OPS(HB_ADD(0, 10, 11, 1), HB_ADD(1, 12, 13, 2)), .final = 2},
     {.acknowledged = 2}},
    {"add: two got the same value and the sum is short",
     {OPS(HB_ADD(0, 10, 13, 1), HB_ADD(1, 12, 14, 1)), .final = 1},
     {LP_VIOLATED, 1, 1, .acknowledged = 2, .origins = 1}},
    {"add: two were told the same value but the sum is right",
     {OPS(HB_ADD(0, 10, 13, 2), HB_ADD(1, 12, 14, 2)), .final = 2},
     {.acknowledged = 2}},
    {"add: an unknown one leaves a range",
     {OPS(HB_ADD(0, 10, 11, 1), HB_ADD(1, 12, 0, 0)), .final = 1},
     {LP_UNDECIDED, 0, 1, .acknowledged = 1, .unknown = 1}},
    {"add: the range may lie above 0",
     {OPS(HB_ADD(0, 10, 11, 1), HB_ADD(0, 12, 13, 2), HB_ADD(1, 14, 0, 0)), .final = 1},
     {LP_VIOLATED, 1, 2, .acknowledged = 2, .unknown = 1}},

    /* what certainly did not happen */
    {"a refused write is no update",
     {OPS(UPDATE(0, 10, 0), HB_READ(1, 12, 13, 0), HB_WRITE(1, 14, 15, 1, .outcome = LP_FAIL)),
      .final = 1},
     {.acknowledged = 1}},
    {"a compare that did not match is no update",
     {OPS(HB_READ(1, 10, 11, 0), UPDATE(0, 12, 0), HB_CAS(1, 30, 31, 1, .outcome = LP_BUSY),
          HB_READ(1, 32, 33, 1, .attempt = 1), HB_CAS(1, 34, 35, 2, .attempt = 1)),
      .final = 2},
     {.acknowledged = 2}},
    {"a compare that matched is one",
     {OPS(HB_READ(1, 10, 11, 0), HB_CAS(1, 12, 13, 1)), .final = 0},
     {LP_VIOLATED, 1, 1, .acknowledged = 1}},
    {"final above all that can have happened",
     {OPS(UPDATE(0, 10, 0)), .final = 2},
     {LP_VIOLATED, .extra = 1, .acknowledged = 1}},
    {"final above what was acknowledged, as an unknown one explains",
     {OPS(UPDATE(0, 10, 0), UNKNOWN_UPDATE(1, 30, 1)), .final = 2},
     {.acknowledged = 1, .unknown = 1}},
    {"missing files may explain it too",
     {OPS(UPDATE(0, 10, 0)), .final = 2, .workers = 2, .missing = 2},
     {LP_UNDECIDED, .acknowledged = 1}},
    {"but missing files do not explain a loss",
     {OPS(UPDATE(0, 10, 0), UPDATE(1, 12, 0)), .final = 1, .workers = 3, .missing = 4},
     {LP_VIOLATED, 1, 1, .acknowledged = 2, .origins = 1}},

    /* transactions */
    {"a committed transaction",
     {OPS(HB_BEGIN(0, 10, 11), HB_READ(0, 12, 13, 0, HB_TX), HB_WRITE(0, 14, 15, 1, HB_TX),
          HB_COMMIT(0, 16, 17)),
      .final = 1},
     {.acknowledged = 1}},
    {"acknowledged only by its commit",
     {OPS(HB_BEGIN(0, 10, 11), HB_READ(0, 12, 13, 0, HB_TX), HB_WRITE(0, 14, 15, 1, HB_TX),
          HB_COMMIT(0, 16, 17)),
      .final = 0},
     {LP_VIOLATED, 1, 1, .acknowledged = 1}},
    {"rolled back: nothing happened",
     {OPS(HB_BEGIN(0, 10, 11), HB_READ(0, 12, 13, 0, HB_TX), HB_WRITE(0, 14, 15, 1, HB_TX),
          HB_ROLLBACK(0, 16, 17), UPDATE(1, 20, 0)),
      .final = 1},
     {.acknowledged = 1}},
    {"a refused commit: nothing happened",
     {OPS(HB_BEGIN(0, 10, 11), HB_READ(0, 12, 13, 0, HB_TX), HB_WRITE(0, 14, 15, 1, HB_TX),
          HB_COMMIT(0, 16, 17, .outcome = LP_FAIL), UPDATE(1, 20, 0)),
      .final = 1},
     {.acknowledged = 1}},
    {"a busy commit may be tried again",
     {OPS(HB_BEGIN(0, 10, 11), HB_READ(0, 12, 13, 0, HB_TX), HB_WRITE(0, 14, 15, 1, HB_TX),
          HB_COMMIT(0, 16, 17, .outcome = LP_BUSY), HB_COMMIT(0, 18, 19)),
      .final = 1},
     {.acknowledged = 1}},
    {"an unknown commit makes its writes unknown",
     {OPS(HB_BEGIN(0, 10, 11), HB_READ(0, 12, 13, 0, HB_TX), HB_WRITE(0, 14, 15, 1, HB_TX),
          HB_COMMIT(0, 16, 0)),
      .final = 0},
     {LP_UNDECIDED, 0, 1, .unknown = 1}},
    {"who went away before its commit did not commit",
     {OPS(HB_BEGIN(0, 10, 11), HB_READ(0, 12, 13, 0, HB_TX), HB_WRITE(0, 14, 15, 1, HB_TX),
          UPDATE(1, 20, 0)),
      .final = 1},
     {.acknowledged = 1}},
    {"a retried transaction reads again",
     {OPS(HB_BEGIN(0, 10, 11), HB_READ(0, 12, 13, 0, HB_TX),
          HB_WRITE(0, 30, 31, 1, HB_TX, .outcome = LP_BUSY), HB_ROLLBACK(0, 32, 33),
          UPDATE(1, 14, 0), HB_BEGIN(0, 34, 35, .attempt = 1),
          HB_READ(0, 36, 37, 1, HB_TX, .attempt = 1), HB_WRITE(0, 38, 39, 2, HB_TX, .attempt = 1),
          HB_COMMIT(0, 40, 41, .attempt = 1)),
      .final = 2},
     {.acknowledged = 2}},
    {"only the write retried: the old value is written",
     {OPS(HB_BEGIN(0, 10, 11), HB_READ(0, 12, 13, 0, HB_TX),
          HB_WRITE(0, 30, 31, 1, HB_TX, .outcome = LP_BUSY), HB_ROLLBACK(0, 32, 33),
          UPDATE(1, 14, 0), HB_BEGIN(0, 34, 35), HB_WRITE(0, 38, 39, 1, HB_TX),
          HB_COMMIT(0, 40, 41)),
      .final = 1},
     {LP_VIOLATED, 1, 1, .acknowledged = 2, .origins = 1}},

    /* one read, several writes */
    {"writing one read's value again is the same update",
     {OPS(HB_READ(0, 10, 11, 0), HB_WRITE(0, 12, 13, 1), HB_WRITE(0, 14, 15, 1)), .final = 1},
     {.acknowledged = 1}},
    {"an unknown write that is repeated and done is done",
     {OPS(HB_READ(0, 10, 11, 0), HB_WRITE(0, 12, 13, 1, .outcome = LP_UNKNOWN),
          HB_WRITE(0, 14, 15, 1)),
      .final = 1},
     {.acknowledged = 1}},
    {"a write without a read proves nothing",
     {OPS(UPDATE(0, 10, 0), HB_WRITE(1, 30, 31, 1)), .final = 1},
     {LP_UNDECIDED, 0, 1, .acknowledged = 1, .unknown = 1}},
    {"a read of another round is no read of this one",
     {OPS(UPDATE(0, 10, 0), HB_READ(1, 8, 9, 0), HB_WRITE(1, 30, 31, 1, .round = 1)), .final = 1},
     {LP_UNDECIDED, 0, 1, .acknowledged = 1, .unknown = 1}},
    {"a step of two proves nothing",
     {OPS(HB_READ(0, 10, 11, 0), HB_WRITE(0, 12, 13, 2)), .final = 2},
     {LP_UNDECIDED, .extra = 0, .lost_max = 0, .unknown = 1}},

    /* stores */
    {"each container sees its own store",
     {OPS(UPDATE(0, 10, 0), HB_READ(1, 10, 11, 0, .object = 9),
          HB_WRITE(1, 12, 13, 1, .object = 9)),
      .containers = 2, .final = 1, .views[1] = {.set = true, .value = 1, .object = 9}},
     {LP_VIOLATED, 1, 1, .acknowledged = 2, .origins = 1}},
    {"another identity with the same data is the same store",
     {OPS(UPDATE(0, 10, 0), HB_READ(1, 20, 21, 1, .object = 9),
          HB_WRITE(1, 22, 23, 2, .object = 9)),
      .containers = 2, .final = 2, .views[1] = {.set = true, .value = 2, .object = 9}},
     {.acknowledged = 2}},
    {"the updates of one container are not seen by the other, which reads too",
     {OPS(UPDATE(0, 10, 0), HB_READ(1, 20, 21, 0, .object = 9)), .containers = 2, .final = 1,
      .views[1] = {.set = true, .value = 0, .object = 9}},
     {LP_VIOLATED, .acknowledged = 1}},
    {"a container that does not use the store may see what it wants",
     {OPS(UPDATE(0, 10, 0), HB_LOCK(1, 20, 21)), .containers = 2, .final = 1,
      .views[1] = {.set = true, .value = 0, .object = 9}},
     {LP_UNDECIDED, .acknowledged = 1}},
    {"one store, read differently: nobody knows its value",
     {OPS(UPDATE(0, 10, 0), UPDATE(1, 20, 1)), .containers = 2, .final = 2,
      .views[1] = {.set = true, .value = 1}},
     {LP_UNDECIDED, .acknowledged = 2}},
    {"a container that could not look takes nothing away",
     {OPS(UPDATE(0, 10, 0), UPDATE(1, 20, 1)), .containers = 2, .final = 2,
      .views[1] = {.set = true, .unknown = true}},
     {.acknowledged = 2}},
    {"unless something was written where nobody looked",
     {OPS(UPDATE(0, 10, 0), HB_READ(1, 20, 21, 1, .object = 9),
          HB_WRITE(1, 22, 23, 2, .object = 9)),
      .containers = 2, .final = 1, .views[1] = {.set = true, .unknown = true}},
     {LP_UNDECIDED, 0, 2, .acknowledged = 2}},
    {"a file replaced at each write is one store",
     {OPS(HB_READ(0, 10, 11, 0), HB_WRITE(0, 12, 13, 1, .object = 7),
          HB_READ(1, 14, 15, 1, .object = 7), HB_WRITE(1, 16, 17, 2, .object = 8)),
      .final = 2, .views[0] = {.set = true, .value = 2, .object = 8}},
     {.acknowledged = 2}},
    {"nobody writes", {OPS(HB_READ(0, 10, 11, 0)), .final = 0}, {.result = LP_NOT_APPLICABLE}},
    {"nobody writes, but it changed",
     {OPS(HB_READ(0, 10, 11, 0)), .final = 1},
     {.result = LP_UNDECIDED}},
    {"all were refused",
     {OPS(HB_READ(0, 10, 11, 0), HB_WRITE(0, 12, 13, 1, .outcome = LP_FAIL)), .final = 0},
     {.result = LP_UNDECIDED}},
};

START_TEST(losses_are_proved_and_nothing_else_is)
{
    const struct lost_case *it = &cases[_i];
    const struct expected *expected = &it->expected;
    struct hb hb;
    struct lp_checks checks;
    hb_build(&hb, &it->run);
    lp_checks_run(&checks, &hb.history);
    const struct lp_lost_update *lost = &checks.lost_update;
    uint64_t origins = 0;
    for (size_t i = 0; i < lost->pair_count; i++)
        origins += lost->pairs[i].overlapping;
    ck_assert_msg(lost->result == expected->result, "%s: result %d (%s)", it->name, lost->result,
                  lost->detail);
    ck_assert_msg(lost->acknowledged == expected->acknowledged, "%s: acknowledged %ju", it->name,
                  (uintmax_t)lost->acknowledged);
    ck_assert_msg(lost->unknown == expected->unknown, "%s: unknown %ju", it->name,
                  (uintmax_t)lost->unknown);
    ck_assert_msg(lost->lost_min == expected->lost_min, "%s: lost_min %ju", it->name,
                  (uintmax_t)lost->lost_min);
    ck_assert_msg(lost->lost_max == expected->lost_max, "%s: lost_max %ju", it->name,
                  (uintmax_t)lost->lost_max);
    ck_assert_msg(lost->extra == expected->extra, "%s: extra %ju", it->name,
                  (uintmax_t)lost->extra);
    ck_assert_msg(origins == expected->origins, "%s: origins %ju", it->name, (uintmax_t)origins);
    ck_assert_msg(lost->pair_count - origins == expected->echoes, "%s: echoes %ju", it->name,
                  (uintmax_t)(lost->pair_count - origins));
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

START_TEST(the_witness_is_the_two_reads_and_the_two_writes)
{
    const struct hb_op ops[] = {UPDATE(2, 1, 0), UPDATE(0, 10, 1), UPDATE(1, 12, 1),
                                UPDATE(2, 40, 2)};
    struct hb hb;
    struct lp_checks checks;
    hb_build(&hb, &(struct hb_run){HB_OPS(ops), .final = 3});
    lp_checks_run(&checks, &hb.history);
    const struct lp_lost_update *lost = &checks.lost_update;
    ck_assert_uint_eq(lost->witness_count, 4);
    const uint64_t times[] = {10, 12, 16, 18};
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(hb.history.ops[lost->witness[i]].record->invoke_ns, times[i]);
    ck_assert_uint_eq(lost->first_loss_ns, 20 - 1);
    lp_checks_release(&checks);
    lp_checks_release(&checks); /* a second time does no harm */
    hb_release(&hb);
}
END_TEST

START_TEST(extreme_values_do_not_overflow)
{
    const struct hb_op ops[] = {HB_ADD(0, 14, 15, INT64_MIN), HB_READ(1, 10, 11, INT64_MAX - 1),
                                HB_WRITE(1, 12, 13, INT64_MAX)};
    struct hb hb;
    struct lp_checks checks;
    hb_build(&hb, &(struct hb_run){HB_OPS(ops), .start = INT64_MIN, .final = INT64_MAX});
    lp_checks_run(&checks, &hb.history);
    ck_assert_uint_eq(checks.lost_update.extra, UINT64_MAX - 2);
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("lost_update");
    TCase *tcase = tcase_create("lost_update");
    tcase_add_loop_test(tcase, losses_are_proved_and_nothing_else_is, 0, LP_ARRAY_LEN(cases));
    tcase_add_test(tcase, the_witness_is_the_two_reads_and_the_two_writes);
    tcase_add_test(tcase, extreme_values_do_not_overflow);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
