/* SPDX-License-Identifier: MIT */
/* The memory that a run's processes share: who failed first, and who is counted out of the barrier.
 */
#include "tests/unit/unit.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "run/container.h"
#include "run/control.h"

#define WORKERS 5

static struct lp_control *control;
static struct lp_err err;

static void setup(void)
{
    control = lp_control_map(WORKERS, 2);
    ck_assert_ptr_nonnull(control);
}

static void teardown(void)
{
    lp_control_unmap(control);
}

START_TEST(a_new_one_is_closed_and_empty)
{
    ck_assert_uint_eq(control->worker_count, WORKERS);
    ck_assert_uint_eq(control->container_count, 2);
    ck_assert_uint_eq(atomic_load(&control->gate), LP_GATE_CLOSED);
    ck_assert_uint_eq(atomic_load(&control->stop), 0);
    ck_assert_int_eq(lp_trouble_get(&control->trouble, &err), 0);
    lp_control_unmap(NULL);
}
END_TEST

START_TEST(workers_share_no_cache_line)
{
    for (unsigned i = 0; i < WORKERS; i++)
        ck_assert_uint_eq((uintptr_t)&control->slots[i] % 64, 0);
    ck_assert_uint_ge(sizeof control->slots[0], 64);
}
END_TEST

START_TEST(the_first_trouble_is_kept)
{
    lp_err_set(&err, LP_ERR_NEED, "first");
    snprintf(err.remedy, sizeof err.remedy, "mend it");
    lp_trouble_set(&control->trouble, &err);
    lp_err_set(&err, LP_ERR_SELF, "second");
    lp_trouble_set(&control->trouble, &err);
    ck_assert_int_eq(lp_trouble_get(&control->trouble, &err), -1);
    ck_assert_str_eq(err.text, "first");
    ck_assert_str_eq(err.remedy, "mend it");
    ck_assert_int_eq(err.kind, LP_ERR_NEED);
    ck_assert_int_eq(lp_trouble_get(&control->complaint, &err), 0);
}
END_TEST

START_TEST(of_many_troubles_at_once_one_is_kept_whole)
{
    for (unsigned i = 0; i < 8; i++) {
        pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid > 0)
            continue;
        char text[400];
        memset(text, 'a' + (int)i, sizeof text - 1);
        text[sizeof text - 1] = '\0';
        lp_err_set(&err, LP_ERR_SELF, "%s", text);
        lp_trouble_set(&control->trouble, &err);
        _exit(0);
    }
    while (wait(NULL) > 0)
        ;
    ck_assert_int_eq(lp_trouble_get(&control->trouble, &err), -1);
    ck_assert_uint_eq(strlen(err.text), 399);
    for (const char *at = err.text; *at; at++)
        ck_assert_int_eq(*at, err.text[0]);
}
END_TEST

/* A worker's end counts it out of the barrier once, if it was in it and had not left by itself. */
static const struct {
    enum lp_worker_state state;
    uint32_t members_after;
} ends[] = {
    {LP_WORKER_NONE, WORKERS}, /* never counted in: the gate did not open for it */
    {LP_WORKER_READY, WORKERS - 1},
    {LP_WORKER_RUNNING, WORKERS - 1},
    {LP_WORKER_LEFT, WORKERS},
};

static uint32_t members(void)
{
    return (uint32_t)(atomic_load(&control->burst.count) >> 32);
}

START_TEST(a_worker_that_is_gone_is_counted_out_once)
{
    lp_barrier_join(&control->burst, WORKERS);
    atomic_store(&control->slots[2].state, ends[_i].state);
    lp_worker_gone(control, 2);
    ck_assert_uint_eq(members(), ends[_i].members_after);
    lp_worker_gone(control, 2);
    ck_assert_uint_eq(members(), ends[_i].members_after);
    ck_assert_uint_eq(atomic_load(&control->slots[2].state), LP_WORKER_LEFT);
}
END_TEST

START_TEST(the_others_do_not_wait_for_a_worker_that_is_gone)
{
    lp_barrier_join(&control->burst, 2);
    atomic_store(&control->slots[0].state, LP_WORKER_RUNNING);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        lp_barrier_arrive(&control->burst, LP_FOREVER);
        _exit(0);
    }
    lp_worker_gone(control, 0);
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("control");
    TCase *tcase = tcase_create("control");
    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_new_one_is_closed_and_empty);
    tcase_add_test(tcase, workers_share_no_cache_line);
    tcase_add_test(tcase, the_first_trouble_is_kept);
    tcase_add_test(tcase, of_many_troubles_at_once_one_is_kept_whole);
    tcase_add_loop_test(tcase, a_worker_that_is_gone_is_counted_out_once, 0,
                        (int)LP_ARRAY_LEN(ends));
    tcase_add_test(tcase, the_others_do_not_wait_for_a_worker_that_is_gone);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
