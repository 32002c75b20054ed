/* SPDX-License-Identifier: MIT */
/*
 * Gates and barriers over a mapping that processes share: who waits is woken, who leaves or dies is
 * not waited for, and nobody passes early.
 */
#include "tests/unit/unit.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/random.h"
#include "base/units.h"
#include "os/clock.h"
#include "os/futex.h"

#define MEMBERS 6
#define GENERATIONS 300

struct shared {
    _Atomic uint32_t gate;
    _Atomic uint32_t passed;
    struct lp_barrier barrier;
    _Atomic uint32_t arrived[GENERATIONS]; /* members that came to this generation */
    _Atomic uint32_t gone[GENERATIONS];    /* members that had left before it */
    _Atomic uint32_t early;                /* members that passed before all had come */
};

static struct shared *shared;

static void map_shared(void)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(shared, MAP_FAILED);
}

static void unmap_shared(void)
{
    munmap(shared, sizeof *shared);
}

static uint64_t soon(void)
{
    return lp_clock_ns() + 20 * LP_MS;
}

static void start(unsigned count, void (*act)(unsigned number))
{
    for (unsigned i = 0; i < count; i++) {
        pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0) {
            act(i);
            _exit(0);
        }
    }
}

/* How many of them ended well. */
static unsigned join(void)
{
    unsigned good = 0;
    int status;
    while (wait(&status) > 0)
        good += status == 0;
    return good;
}

START_TEST(a_word_that_differs_is_not_waited_for)
{
    atomic_store(&shared->gate, 7);
    ck_assert(lp_futex_wait(&shared->gate, 6, LP_FOREVER));
}
END_TEST

START_TEST(a_deadline_ends_the_wait)
{
    uint64_t deadline_ns = soon();
    ck_assert(!lp_futex_wait(&shared->gate, 0, deadline_ns));
    ck_assert_uint_ge(lp_clock_ns(), deadline_ns);
}
END_TEST

static void pass_gate(unsigned number)
{
    (void)number;
    lp_futex_wait(&shared->gate, 0, LP_FOREVER);
    atomic_fetch_add(&shared->passed, 1);
}

START_TEST(an_opened_gate_lets_every_process_through)
{
    start(MEMBERS, pass_gate);
    lp_futex_wait(&shared->passed, 0, soon());
    ck_assert_uint_eq(atomic_load(&shared->passed), 0);
    atomic_store(&shared->gate, 1);
    lp_futex_wake_all(&shared->gate);
    ck_assert_uint_eq(join(), MEMBERS);
    ck_assert_uint_eq(atomic_load(&shared->passed), MEMBERS);
}
END_TEST

/* Each member leaves for good in a generation of its own, by leaving or, as its supervisor would
   see it, by dying; before that it checks that all others are there when it passes. */
static void take_part(unsigned number)
{
    struct lp_random random;
    lp_random_init(&random, 11, number);
    unsigned last = number == 0 ? GENERATIONS : GENERATIONS / MEMBERS * number;
    for (unsigned i = 0; i < last; i++) {
        lp_clock_spend(lp_random_between(&random, 0, 5 * LP_US));
        atomic_fetch_add(&shared->arrived[i], 1);
        lp_barrier_arrive(&shared->barrier, LP_FOREVER);
        if (atomic_load(&shared->arrived[i]) + atomic_load(&shared->gone[i]) < MEMBERS)
            atomic_fetch_add(&shared->early, 1);
    }
    for (unsigned i = last; i < GENERATIONS; i++)
        atomic_fetch_add(&shared->gone[i], 1);
    lp_barrier_leave(&shared->barrier);
}

START_TEST(nobody_passes_a_barrier_before_all_that_are_left_have_come)
{
    lp_barrier_join(&shared->barrier, MEMBERS);
    start(MEMBERS, take_part);
    ck_assert_uint_eq(join(), MEMBERS);
    ck_assert_uint_eq(atomic_load(&shared->early), 0);
    ck_assert_uint_eq(atomic_load(&shared->arrived[0]), MEMBERS);
    ck_assert_uint_eq(atomic_load(&shared->arrived[GENERATIONS - 1]), 1);
    ck_assert_uint_eq(atomic_load(&shared->barrier.generation), GENERATIONS);
}
END_TEST

static void arrive_once(unsigned number)
{
    (void)number;
    lp_barrier_arrive(&shared->barrier, LP_FOREVER);
    atomic_fetch_add(&shared->passed, 1);
}

START_TEST(the_last_to_leave_frees_those_that_wait)
{
    lp_barrier_join(&shared->barrier, 3);
    start(2, arrive_once);
    lp_barrier_leave(&shared->barrier);
    ck_assert_uint_eq(join(), 2);
}
END_TEST

START_TEST(a_member_that_has_not_come_is_waited_for)
{
    lp_barrier_join(&shared->barrier, 3);
    start(2, arrive_once);
    lp_futex_wait(&shared->passed, 0, soon());
    ck_assert_uint_eq(atomic_load(&shared->passed), 0);
    lp_barrier_arrive(&shared->barrier, LP_FOREVER);
    ck_assert_uint_eq(join(), 2);
}
END_TEST

START_TEST(an_opened_barrier_frees_those_that_wait)
{
    lp_barrier_join(&shared->barrier, 3);
    start(2, arrive_once);
    while ((uint32_t)atomic_load(&shared->barrier.count) < 2)
        lp_clock_spend(LP_US);
    lp_barrier_open(&shared->barrier);
    ck_assert_uint_eq(join(), 2);
}
END_TEST

START_TEST(a_barrier_has_a_deadline_too)
{
    lp_barrier_join(&shared->barrier, 2);
    uint64_t deadline_ns = soon();
    lp_barrier_arrive(&shared->barrier, deadline_ns);
    ck_assert_uint_ge(lp_clock_ns(), deadline_ns);
}
END_TEST

START_TEST(a_barrier_without_others_holds_nobody)
{
    lp_barrier_join(&shared->barrier, 1);
    lp_barrier_arrive(&shared->barrier, LP_FOREVER);
    lp_barrier_arrive(&shared->barrier, LP_FOREVER);
    ck_assert_uint_eq(atomic_load(&shared->barrier.generation), 2);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("futex");
    TCase *tcase = tcase_create("futex");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, map_shared, unmap_shared);
    tcase_add_test(tcase, a_word_that_differs_is_not_waited_for);
    tcase_add_test(tcase, a_deadline_ends_the_wait);
    tcase_add_test(tcase, an_opened_gate_lets_every_process_through);
    tcase_add_test(tcase, nobody_passes_a_barrier_before_all_that_are_left_have_come);
    tcase_add_test(tcase, the_last_to_leave_frees_those_that_wait);
    tcase_add_test(tcase, a_member_that_has_not_come_is_waited_for);
    tcase_add_test(tcase, an_opened_barrier_frees_those_that_wait);
    tcase_add_test(tcase, a_barrier_has_a_deadline_too);
    tcase_add_test(tcase, a_barrier_without_others_holds_nobody);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
