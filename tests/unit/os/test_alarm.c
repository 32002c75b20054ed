/* SPDX-License-Identifier: MIT */
/*
 * The deadline of calls that take none: flock(2) on a lock that another description holds, which
 * without the alarm would block for ever.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/units.h"
#include "os/alarm.h"
#include "os/clock.h"

static char path[64];
static int holder = -1, waiter = -1;
static struct lp_alarm alarm_;
static struct lp_err err;

static void setup(void)
{
    snprintf(path, sizeof path, "/tmp/lp-alarm-XXXXXX");
    holder = mkostemp(path, O_CLOEXEC);
    ck_assert_int_ge(holder, 0);
    waiter = open(path, O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(waiter, 0);
    ck_assert_int_eq(flock(holder, LOCK_EX), 0);
    ck_assert_int_eq(lp_alarm_init(&alarm_, &err), 0);
}

static void teardown(void)
{
    lp_alarm_release(&alarm_);
    close(holder);
    close(waiter);
    unlink(path);
}

/* 0, or the errno of a blocking flock(). */
static int lock(int fd)
{
    return flock(fd, LOCK_EX) == -1 ? errno : 0;
}

START_TEST(a_blocked_call_ends_at_the_deadline_and_not_before)
{
    uint64_t deadline_ns = lp_clock_ns() + 20 * LP_MS;
    lp_alarm_arm(&alarm_, deadline_ns);
    int result = lock(waiter);
    uint64_t ended_ns = lp_clock_ns();
    lp_alarm_disarm(&alarm_);
    ck_assert_int_eq(result, EINTR);
    ck_assert_uint_ge(ended_ns, deadline_ns);
}
END_TEST

START_TEST(a_deadline_that_has_passed_counts_at_once)
{
    lp_alarm_arm(&alarm_, 0);
    ck_assert_int_eq(lock(waiter), EINTR);
    lp_alarm_disarm(&alarm_);
}
END_TEST

START_TEST(every_further_call_is_ended_too)
{
    lp_alarm_arm(&alarm_, lp_clock_ns());
    for (unsigned i = 0; i < 5; i++)
        ck_assert_int_eq(lock(waiter), EINTR);
    lp_alarm_disarm(&alarm_);
}
END_TEST

START_TEST(after_disarming_a_call_waits_until_it_is_granted)
{
    lp_alarm_arm(&alarm_, lp_clock_ns() + LP_MS);
    ck_assert_int_eq(lock(waiter), EINTR);
    lp_alarm_disarm(&alarm_);
    pid_t pid = fork(); /* shares the holder's description: its unlock is the holder's */
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        lp_clock_spend(30 * LP_MS);
        _exit(flock(holder, LOCK_UN) == -1);
    }
    ck_assert_int_eq(lock(waiter), 0);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

struct thread {
    struct lp_alarm alarm;
    int fd, result;
};

static void *wait_in_thread(void *argument)
{
    struct thread *thread = argument;
    struct lp_err own = {0};
    if (lp_alarm_init(&thread->alarm, &own) == -1)
        return NULL;
    lp_alarm_arm(&thread->alarm, lp_clock_ns() + 5 * LP_MS);
    thread->result = lock(thread->fd);
    lp_alarm_release(&thread->alarm);
    return NULL;
}

START_TEST(each_thread_has_an_alarm_of_its_own)
{
    struct thread threads[4];
    pthread_t ids[4];
    for (size_t i = 0; i < LP_ARRAY_LEN(threads); i++) {
        threads[i] = (struct thread){.fd = open(path, O_RDWR | O_CLOEXEC), .result = -1};
        ck_assert_int_ge(threads[i].fd, 0);
        ck_assert_int_eq(pthread_create(&ids[i], NULL, wait_in_thread, &threads[i]), 0);
    }
    for (size_t i = 0; i < LP_ARRAY_LEN(threads); i++) {
        pthread_join(ids[i], NULL);
        ck_assert_int_eq(threads[i].result, EINTR);
        close(threads[i].fd);
    }
}
END_TEST

START_TEST(a_child_makes_one_of_its_own)
{
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct lp_alarm own;
        if (lp_alarm_init(&own, &err) == -1)
            _exit(2);
        lp_alarm_arm(&own, lp_clock_ns() + LP_MS);
        int result = lock(waiter);
        lp_alarm_release(&own);
        _exit(result == EINTR ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(releasing_twice_or_nothing_is_allowed)
{
    struct lp_alarm none = {0};
    lp_alarm_release(&none);
    lp_alarm_release(&alarm_);
    lp_alarm_release(&alarm_);
    ck_assert(!alarm_.made);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("alarm");
    TCase *tcase = tcase_create("alarm");
    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_blocked_call_ends_at_the_deadline_and_not_before);
    tcase_add_test(tcase, a_deadline_that_has_passed_counts_at_once);
    tcase_add_test(tcase, every_further_call_is_ended_too);
    tcase_add_test(tcase, after_disarming_a_call_waits_until_it_is_granted);
    tcase_add_test(tcase, each_thread_has_an_alarm_of_its_own);
    tcase_add_test(tcase, a_child_makes_one_of_its_own);
    tcase_add_test(tcase, releasing_twice_or_nothing_is_allowed);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
