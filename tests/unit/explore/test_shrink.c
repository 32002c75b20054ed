/* SPDX-License-Identifier: MIT */
/* Following, repeating and shrinking schedules, and the swap that makes the difference. */
#include "tests/unit/explore/toy.h"
#include "tests/unit/unit.h"

static const struct lp_shrink_limits limits = {.schedules_max = 10000};

static void follow(struct toy *toy, const char *order, enum lp_follow_rule rule,
                   struct lp_followed *followed)
{
    struct lp_world world = toy_world(toy);
    struct lp_err err = {0};
    unsigned workers[64];
    size_t count = 0;
    for (; order[count]; count++)
        workers[count] = (unsigned)(order[count] - '0');
    ck_assert_int_eq(lp_follow(&world, workers, count, rule, false, 0, followed, &err), 0);
}

static void expect_order(const struct lp_trace *trace, const char *order)
{
    char seen[64];
    size_t count = 0;
    for (; count < trace->count; count++)
        seen[count] = (char)('0' + trace->moves[count].worker);
    seen[count] = '\0';
    ck_assert_str_eq(seen, order);
}

START_TEST(an_order_is_followed_to_the_end)
{
    struct toy toy = {0};
    struct lp_followed followed = {0};
    toy_program(&toy, "rw");
    toy_program(&toy, "rw");
    follow(&toy, "0101", LP_FOLLOW_STRICT, &followed);
    ck_assert(!followed.diverged);
    ck_assert_int_eq(followed.ending, LP_ENDING_ALL);
    ck_assert_int_eq(followed.seen.found, LP_FOUND_VIOLATION);
    follow(&toy, "01", LP_FOLLOW_STRICT, &followed); /* the rest in turn */
    expect_order(&followed.trace, "0110");
    follow(&toy, "0011", LP_FOLLOW_STRICT, &followed);
    ck_assert_int_eq(followed.seen.found, LP_FOUND_NOTHING);
    lp_followed_release(&followed);
}
END_TEST

START_TEST(where_it_cannot_be_followed_is_told)
{
    struct toy toy = {0};
    struct lp_followed followed = {0};
    toy_program(&toy, "lrwu");
    toy_program(&toy, "lrwu");
    follow(&toy, "0010", LP_FOLLOW_STRICT, &followed); /* has to wait */
    ck_assert(followed.diverged);
    ck_assert_uint_eq(followed.diverged_at, 2);
    follow(&toy, "00000", LP_FOLLOW_STRICT, &followed); /* is at its end */
    ck_assert(followed.diverged);
    ck_assert_uint_eq(followed.diverged_at, 4);
    follow(&toy, "7", LP_FOLLOW_STRICT, &followed); /* is not there */
    ck_assert(followed.diverged);
    follow(&toy, "0010", LP_FOLLOW_LOOSE, &followed);
    ck_assert(!followed.diverged);
    expect_order(&followed.trace, "00001111");
    lp_followed_release(&followed);
}
END_TEST

START_TEST(a_deadlock_is_followed_into)
{
    struct toy toy = {0};
    struct lp_followed followed = {0};
    toy_program(&toy, "lLUu");
    toy_program(&toy, "LluU");
    follow(&toy, "01", LP_FOLLOW_STRICT, &followed);
    ck_assert_int_eq(followed.ending, LP_ENDING_DEADLOCK);
    lp_followed_release(&followed);
}
END_TEST

START_TEST(shrinking_keeps_the_loss_and_little_else)
{
    struct toy toy = {0};
    struct lp_followed followed = {0};
    struct lp_err err = {0};
    toy_program(&toy, "rw-rw-");
    toy_program(&toy, "-rw-rw");
    toy_program(&toy, "---");
    struct lp_world world = toy_world(&toy);
    follow(&toy, "012012012011001", LP_FOLLOW_STRICT, &followed);
    ck_assert_int_eq(followed.seen.found, LP_FOUND_VIOLATION);
    ck_assert_int_eq(lp_shrink(&world, &followed.trace, &limits, &err), 0);
    /* 0, then 1, then 0 again, and 2 anywhere outside: three switches are the least. */
    ck_assert_uint_eq(lp_trace_switches(&followed.trace), 3);
    unsigned reproduced;
    ck_assert_int_eq(lp_reproduce(&world, &followed.trace, 10, 0, &reproduced, &err), 0);
    ck_assert_uint_eq(reproduced, 10);
    lp_followed_release(&followed);
}
END_TEST

START_TEST(one_swap_makes_the_difference)
{
    struct toy toy = {0};
    struct lp_followed followed = {0};
    struct lp_err err = {0};
    struct lp_swap swap;
    toy_program(&toy, "rw");
    toy_program(&toy, "rw");
    struct lp_world world = toy_world(&toy);
    follow(&toy, "0110", LP_FOLLOW_STRICT, &followed);
    ck_assert_int_eq(lp_find_swap(&world, &followed.trace, &limits, &swap, &err), 0);
    ck_assert(swap.found);
    /* No two neighbours of r0 r1 w1 w0 do it. In r1 r0 w1 w0, which is the same, r0 and w1 do. */
    ck_assert_uint_eq(swap.first, 1);
    expect_order(&followed.trace, "1010");
    ck_assert_int_eq(followed.trace.moves[1].intent.access[0].kind, LP_ACCESS_READ);
    ck_assert_int_eq(followed.trace.moves[2].intent.access[0].kind, LP_ACCESS_WRITE);
    follow(&toy, "1100", LP_FOLLOW_STRICT, &followed);
    ck_assert_int_eq(followed.seen.found, LP_FOUND_NOTHING);
    follow(&toy, "0101", LP_FOLLOW_STRICT, &followed);
    ck_assert_int_eq(lp_find_swap(&world, &followed.trace, &limits, &swap, &err), 0);
    ck_assert(swap.found);
    ck_assert_uint_eq(swap.first, 1); /* neighbours already */
    expect_order(&followed.trace, "0101");
    lp_followed_release(&followed);
}
END_TEST

/* Whatever two neighbours are swapped, it still deadlocks: none makes the difference. */
START_TEST(sometimes_no_swap_does)
{
    struct toy toy = {0};
    struct lp_followed followed = {0};
    struct lp_err err = {0};
    struct lp_swap swap;
    toy_program(&toy, "ll");
    toy_program(&toy, "-");
    struct lp_world world = toy_world(&toy);
    follow(&toy, "01", LP_FOLLOW_STRICT, &followed);
    ck_assert_int_eq(followed.seen.found, LP_FOUND_VIOLATION);
    ck_assert_int_eq(lp_find_swap(&world, &followed.trace, &limits, &swap, &err), 0);
    ck_assert(!swap.found);
    lp_followed_release(&followed);
}
END_TEST

START_TEST(what_is_not_reproduced_is_counted)
{
    struct toy toy = {0};
    struct lp_followed followed = {0};
    struct lp_err err = {0};
    unsigned reproduced;
    toy_program(&toy, "rw");
    toy_program(&toy, "rw");
    struct lp_world world = toy_world(&toy);
    follow(&toy, "0110", LP_FOLLOW_STRICT, &followed);
    toy.drift_after = toy.resets + 4; /* from then on another start value */
    ck_assert_int_eq(lp_reproduce(&world, &followed.trace, 10, 0, &reproduced, &err), 0);
    ck_assert_uint_eq(reproduced, 4);
    lp_followed_release(&followed);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("shrink");
    TCase *tcase = tcase_create("shrink");
    tcase_add_test(tcase, an_order_is_followed_to_the_end);
    tcase_add_test(tcase, where_it_cannot_be_followed_is_told);
    tcase_add_test(tcase, a_deadlock_is_followed_into);
    tcase_add_test(tcase, shrinking_keeps_the_loss_and_little_else);
    tcase_add_test(tcase, one_swap_makes_the_difference);
    tcase_add_test(tcase, sometimes_no_swap_does);
    tcase_add_test(tcase, what_is_not_reproduced_is_counted);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
