/* SPDX-License-Identifier: MIT */
/* Our own histories as calls, each rule beside its neighbour. */
#include <string.h>

#include "history/read.h"
#include "tests/unit/history/dump.h"
#include "tests/unit/history_builder.h"
#include "tests/unit/unit.h"

static struct hb hb;
static struct lp_calls calls;

static void tear_down(void)
{
    lp_calls_release(&calls);
    hb_release(&hb);
}

static bool keep(void *context, const struct lp_call *call)
{
    static struct lp_call kept[64];
    struct lp_calls *streamed = context;
    ck_assert_uint_lt(streamed->count, LP_ARRAY_LEN(kept));
    streamed->calls = kept;
    kept[streamed->count++] = *call;
    return true;
}

static void compare(const struct lp_calls *got, const char *wanted)
{
    struct lp_str out;
    lp_str_init(&out);
    dump_calls(got, &out);
    ck_assert_msg(strcmp(out.ptr, wanted) == 0, "gave\n%swanted\n%s", out.ptr, wanted);
    lp_str_release(&out);
}

/* All at once, and one by one. */
static void expect(const struct hb_run *run, const char *wanted)
{
    struct lp_calls streamed;
    hb_build(&hb, run);
    lp_calls_from_history(&calls, &hb.history);
    compare(&calls, wanted);
    ck_assert(lp_calls_stream_history(&streamed, &hb.history, UINT32_MAX, keep, &streamed));
    compare(&streamed, wanted);
    streamed.calls = NULL;
    lp_calls_release(&streamed);
}

static bool take_one(void *context, const struct lp_call *call)
{
    unsigned *taken = context;
    (void)call;
    return ++*taken < 1;
}

START_TEST(a_stream_ends_when_it_was_enough)
{
    const struct hb_op ops[] = {HB_LOCK(0, 10, 12), HB_UNLOCK(0, 13, 14), HB_LOCK(1, 20, 21)};
    unsigned taken = 0;
    hb_build(&hb, &(struct hb_run){HB_OPS(ops)});
    ck_assert(lp_calls_stream_history(&calls, &hb.history, UINT32_MAX, take_one, &taken));
    ck_assert_uint_eq(taken, 1);
}
END_TEST

START_TEST(locks_and_the_store_are_objects)
{
    const struct hb_op ops[] = {HB_LOCK(0, 10, 12),
                                HB_READ(0, 13, 14, 4),
                                HB_WRITE(0, 15, 16, 5),
                                HB_UNLOCK(0, 17, 18),
                                HB_ADD(1, 20, 21, 6),
                                HB_CAS(1, 22, 23, 7),
                                HB_CAS(1, 24, 25, 8, .outcome = LP_BUSY)};
    expect(&(struct hb_run){HB_OPS(ops), .start = 4, .final = 7},
           "worker 0 acquire@lock lock ok 10..12\nworker 0 read@store a=4 ok 13..14\n"
           "worker 0 write@store a=5 ok 15..16\nworker 0 release@lock lock ok 17..18\n"
           "worker 1 add@store a=1 b=6 ok 20..21\nworker 1 cas@store a=6 b=7 ok 22..23\n"
           "worker 1 cas@store a=7 b=8 fail 24..25\n");
    ck_assert_int_eq(calls.start, 4);
    ck_assert(calls.timed);
    for (size_t i = 0; i < calls.count; i++)
        ck_assert_uint_eq(lp_call_own_op(&calls.calls[i]), i);
}
END_TEST

START_TEST(a_holder_that_ends_may_let_go_from_its_last_sign_of_life_on)
{
    const struct hb_op ops[] = {HB_LOCK(0, 10, 12), HB_READ(0, 13, 14, 0), HB_LOCK(1, 20, 22),
                                HB_UNLOCK(1, 23, 24)};
    expect(&(struct hb_run){HB_OPS(ops), .killed = 1},
           "worker 0 acquire@lock lock ok 10..12\nworker 0 read@store a=0 ok 13..14\n"
           "worker 0 release@lock lock unknown 14\nworker 1 acquire@lock lock ok 20..22\n"
           "worker 1 release@lock lock ok 23..24\n");
}
END_TEST

START_TEST(a_refused_release_leaves_the_hold)
{
    const struct hb_op ops[] = {HB_LOCK(0, 10, 12), HB_UNLOCK(0, 13, 14, .outcome = LP_FAIL)};
    expect(&(struct hb_run){HB_OPS(ops)},
           "worker 0 acquire@lock lock ok 10..12\nworker 0 release@lock lock fail 13..14\n"
           "worker 0 release@lock lock unknown 14\n");
}
END_TEST

START_TEST(an_unknown_release_may_still_come)
{
    const struct hb_op ops[] = {HB_LOCK(0, 10, 12), HB_UNLOCK(0, 13, 14, .outcome = LP_UNKNOWN)};
    expect(&(struct hb_run){HB_OPS(ops)}, "worker 0 acquire@lock lock ok 10..12\n"
                                          "worker 0 release@lock lock unknown 13\n");
}
END_TEST

START_TEST(handles_upgrades_and_second_grants_end_holds)
{
    const struct hb_op ops[] = {HB_LOCK(0, 10, 12, HB_SHARED),
                                HB_UPGRADE(0, 13, 14),
                                HB_CLOSE(0, 15, 16),
                                HB_LOCK(1, 20, 21),
                                HB_LOCK(1, 22, 23),
                                HB_UNLOCK(1, 24, 25)};
    expect(&(struct hb_run){HB_OPS(ops)},
           "worker 0 acquire-shared@lock lock ok 10..12\n"
           "worker 0 release@lock lock unknown 13\nworker 0 acquire@lock lock ok 13..14\n"
           "worker 0 release@lock lock unknown 15\nworker 1 acquire@lock lock ok 20..21\n"
           "worker 1 release@lock lock unknown 22\nworker 1 acquire@lock lock ok 22..23\n"
           "worker 1 release@lock lock ok 24..25\n");
}
END_TEST

START_TEST(a_lease_and_the_try_that_was_granted)
{
    const struct hb_op ops[] = {HB_LOCK(0, 10, 30, .value = 500, .attempt_ns = 25),
                                HB_UNLOCK(0, 31, 32), HB_TRYLOCK(1, 40, 41, .outcome = LP_BUSY)};
    expect(&(struct hb_run){HB_OPS(ops)},
           "worker 0 acquire@lock lock lease=500 ok 25..30\n"
           "worker 0 release@lock lock ok 31..32\nworker 1 acquire@lock lock fail 40..41\n");
}
END_TEST

/* As only damaged files are: the first call began behind the second one of its worker. */
START_TEST(a_stream_out_of_order_says_so)
{
    const struct hb_op ops[] = {HB_LOCK(0, 10, 100, .attempt_ns = 90), HB_READ(0, 20, 21, 0)};
    struct lp_calls streamed;
    hb_build(&hb, &(struct hb_run){HB_OPS(ops)});
    lp_calls_from_history(&calls, &hb.history);
    compare(&calls, "worker 0 read@store a=0 ok 20..21\n"
                    "worker 0 acquire@lock lock ok 90..100\n"
                    "worker 0 release@lock lock unknown 100\n");
    ck_assert(!lp_calls_stream_history(&streamed, &hb.history, UINT32_MAX, keep, &streamed));
    streamed.calls = NULL;
    lp_calls_release(&streamed);
}
END_TEST

START_TEST(a_lease_is_renewed_while_it_is_held)
{
    const struct hb_op ops[] = {HB_LOCK(0, 10, 30, .value = 500, .attempt_ns = 25),
                                HB_RENEW(0, 100, 101, .value = 500),
                                HB_RENEW(0, 200, 201, .value = 500, .outcome = LP_FAIL),
                                HB_UNLOCK(0, 300, 301), HB_RENEW(0, 400, 401, .value = 500)};
    expect(&(struct hb_run){HB_OPS(ops)}, "worker 0 acquire@lock lock lease=575 ok 25..30\n"
                                          "worker 0 release@lock lock ok 300..301\n");
}
END_TEST

START_TEST(a_release_that_was_refused_does_not_end_renewals)
{
    const struct hb_op ops[] = {HB_LOCK(0, 10, 30, .value = 500),
                                HB_UNLOCK(0, 50, 51, .outcome = LP_FAIL),
                                HB_RENEW(0, 110, 111, .value = 500), HB_UNLOCK(0, 300, 301)};
    expect(&(struct hb_run){HB_OPS(ops)}, "worker 0 acquire@lock lock lease=600 ok 10..30\n"
                                          "worker 0 release@lock lock fail 50..51\n"
                                          "worker 0 release@lock lock ok 300..301\n");
}
END_TEST

START_TEST(a_token_is_that_of_the_grant_before_it)
{
    const struct hb_op ops[] = {HB_LOCK(0, 10, 12), HB_TOKEN(0, 12, 7), HB_UNLOCK(0, 13, 14),
                                HB_LOCK(0, 20, 22), HB_UNLOCK(0, 23, 24)};
    expect(&(struct hb_run){HB_OPS(ops)},
           "worker 0 acquire@lock lock a=7 ok 10..12\nworker 0 release@lock lock ok 13..14\n"
           "worker 0 acquire@lock lock ok 20..22\nworker 0 release@lock lock ok 23..24\n");
}
END_TEST

START_TEST(steps_of_transactions_are_foreign)
{
    const struct hb_op ops[] = {HB_BEGIN(0, 10, 11, HB_IMMEDIATE), HB_READ(0, 12, 13, 0, HB_TX),
                                HB_COMMIT(0, 14, 15)};
    expect(&(struct hb_run){HB_OPS(ops)},
           "foreign a transaction 2\nforeign a step in a transaction 1\n");
    ck_assert(calls.foreign[0].data);
}
END_TEST

START_TEST(a_run_without_its_end_is_truncated)
{
    const struct hb_op ops[] = {HB_LOCK(0, 10, 12), HB_UNLOCK(0, 13, 14)};
    expect(&(struct hb_run){HB_OPS(ops), .no_final = true},
           "worker 0 acquire@lock lock ok 10..12\nworker 0 release@lock lock ok 13..14\n"
           "truncated\n");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("own calls");
    TCase *tcase = tcase_create("own calls");
    tcase_add_checked_fixture(tcase, NULL, tear_down);
    tcase_add_test(tcase, locks_and_the_store_are_objects);
    tcase_add_test(tcase, a_holder_that_ends_may_let_go_from_its_last_sign_of_life_on);
    tcase_add_test(tcase, a_refused_release_leaves_the_hold);
    tcase_add_test(tcase, an_unknown_release_may_still_come);
    tcase_add_test(tcase, handles_upgrades_and_second_grants_end_holds);
    tcase_add_test(tcase, a_lease_and_the_try_that_was_granted);
    tcase_add_test(tcase, a_stream_ends_when_it_was_enough);
    tcase_add_test(tcase, a_stream_out_of_order_says_so);
    tcase_add_test(tcase, a_lease_is_renewed_while_it_is_held);
    tcase_add_test(tcase, a_release_that_was_refused_does_not_end_renewals);
    tcase_add_test(tcase, a_token_is_that_of_the_grant_before_it);
    tcase_add_test(tcase, steps_of_transactions_are_foreign);
    tcase_add_test(tcase, a_run_without_its_end_is_truncated);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
