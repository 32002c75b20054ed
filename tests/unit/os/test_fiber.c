/* SPDX-License-Identifier: MIT */
/* Fibers go on where they left, each on its own stack, with what a call preserves preserved. */
#include <string.h>

#include "os/fiber.h"
#include "tests/unit/unit.h"

#define STACK (64 * 1024)

struct counter {
    struct lp_fiber *fiber;
    int entered;
    double sum;
};

static void count(void *argument)
{
    struct counter *counter = argument;
    double half = 0.5; /* lives across the switch */
    for (;;) {
        counter->entered++;
        counter->sum += half;
        lp_fiber_leave(counter->fiber);
    }
}

START_TEST(it_goes_on_where_it_left)
{
    struct lp_err err;
    struct counter counters[3] = {{0}};
    for (int i = 0; i < 3; i++)
        counters[i].fiber = lp_fiber_make(STACK, count, &counters[i], &err);
    for (int round = 1; round <= 1000; round++) {
        for (int i = 0; i < 3; i++) {
            lp_fiber_enter(counters[i].fiber);
            ck_assert_int_eq(counters[i].entered, round);
        }
    }
    ck_assert_double_eq(counters[2].sum, 500);
    for (int i = 0; i < 3; i++)
        lp_fiber_free(counters[i].fiber);
}
END_TEST

struct deep {
    struct lp_fiber *fiber;
    unsigned sum;
};

static unsigned dig(struct deep *deep, unsigned depth)
{
    unsigned char here[256];
    memset(here, (int)depth, sizeof here);
    if (depth == 0) {
        lp_fiber_leave(deep->fiber);
        return 0;
    }
    unsigned below = dig(deep, depth - 1);
    return below + here[depth % sizeof here];
}

static void dig_and_leave(void *argument)
{
    struct deep *deep = argument;
    deep->sum = dig(deep, 100);
    for (;;)
        lp_fiber_leave(deep->fiber);
}

/* Left in the middle of a call, with a stack that others must not touch. */
START_TEST(what_is_on_its_stack_stays)
{
    struct lp_err err;
    struct deep deep[2] = {{0}};
    for (int i = 0; i < 2; i++)
        deep[i].fiber = lp_fiber_make(STACK, dig_and_leave, &deep[i], &err);
    lp_fiber_enter(deep[0].fiber);
    lp_fiber_enter(deep[1].fiber);
    ck_assert_uint_eq(deep[0].sum, 0);
    lp_fiber_enter(deep[0].fiber);
    ck_assert_uint_eq(deep[0].sum, 5050);
    lp_fiber_free(deep[1].fiber); /* dropped in the middle */
    lp_fiber_free(deep[0].fiber);
    lp_fiber_free(NULL);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("fiber");
    TCase *tcase = tcase_create("fiber");
    tcase_add_test(tcase, it_goes_on_where_it_left);
    tcase_add_test(tcase, what_is_on_its_stack_stays);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
