/* SPDX-License-Identifier: MIT */
/*
 * Processes on a leash: a child does not outlive its parent, however that ends, and its end is
 * seen. What is alive is known from a pipe: its reader sees the end of file when the last writer is
 * gone.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/attr.h"
#include "os/process.h"

static int ends[2];

static void pipe_make(void)
{
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
}

static void pipe_remove(void)
{
    close(ends[0]);
}

static void hang(void) LP_NORETURN;
static void hang(void)
{
    for (;;)
        pause();
}

/* A parent with a hanging child; both hold the pipe's end for writing, the child says its pid. */
static pid_t parent_of_hanging(int namespaces)
{
    pid_t parent = fork();
    ck_assert_int_ge(parent, 0);
    if (parent > 0)
        return parent;
    struct lp_child child;
    close(ends[0]);
    if (lp_process_fork(&child, namespaces) == -1)
        _exit(2);
    if (child.pid == 0) {
        if (write(ends[1], "c", 1) != 1)
            _exit(3);
        hang();
    }
    hang();
}

/* Waits until a byte comes (1) or nobody is left to write one (0). */
static ssize_t hear(void)
{
    char byte;
    ssize_t got;
    while ((got = read(ends[0], &byte, 1)) == -1 && errno == EINTR)
        ;
    return got;
}

static const int namespace_cases[] = {0, CLONE_NEWPID};

START_TEST(a_child_dies_with_its_killed_parent)
{
    pid_t parent = parent_of_hanging(namespace_cases[_i]);
    close(ends[1]);
    if (hear() != 1) {
        int status;
        ck_assert_int_eq(waitpid(parent, &status, 0), parent);
        ck_assert_msg(namespace_cases[_i] && WEXITSTATUS(status) == 2, "no child was made");
        return; /* no right to make namespaces here */
    }
    ck_assert_int_eq(kill(parent, SIGKILL), 0);
    ck_assert_int_eq(waitpid(parent, NULL, 0), parent);
    ck_assert_int_eq(hear(), 0);
}
END_TEST

START_TEST(a_child_lives_as_long_as_its_parent)
{
    pid_t parent = parent_of_hanging(0);
    close(ends[1]);
    ck_assert_int_eq(hear(), 1);
    struct pollfd polled = {.fd = ends[0], .events = POLLIN};
    ck_assert_int_eq(poll(&polled, 1, 50), 0);
    kill(parent, SIGKILL);
    waitpid(parent, NULL, 0);
}
END_TEST

static const struct {
    int exit_with, kill_by;
    const char *text;
} statuses[] = {
    {0, 0, "exit status 0"},
    {3, 0, "exit status 3"},
    {255, 0, "exit status 255"},
    {0, SIGKILL, "killed by signal 9 (Killed)"},
    {0, SIGUSR1, "killed by signal 10 (User defined signal 1)"},
};

START_TEST(the_end_of_a_child_is_told_as_it_was)
{
    struct lp_child child;
    char text[64];
    ck_assert_int_eq(lp_process_fork(&child, 0), 0);
    if (child.pid == 0) {
        if (!statuses[_i].kill_by)
            _exit(statuses[_i].exit_with);
        hang();
    }
    if (statuses[_i].kill_by)
        lp_process_kill(&child, statuses[_i].kill_by);
    struct pollfd polled = {.fd = child.pidfd, .events = POLLIN};
    ck_assert_int_eq(poll(&polled, 1, -1), 1);
    int status = lp_process_wait(&child);
    ck_assert_str_eq(lp_process_status_text(status, text, sizeof text), statuses[_i].text);
    ck_assert_int_eq(child.pidfd, -1);
}
END_TEST

START_TEST(a_child_that_is_gone_already_cannot_be_waited_for)
{
    struct lp_child child;
    ck_assert_int_eq(lp_process_fork(&child, 0), 0);
    if (child.pid == 0)
        _exit(0);
    ck_assert_int_eq(lp_process_wait(&child), 0);
    ck_assert_int_eq(lp_process_wait(&child), -1);
}
END_TEST

START_TEST(in_a_pid_namespace_of_its_own_a_child_is_the_first)
{
    struct lp_child child;
    if (lp_process_fork(&child, CLONE_NEWPID) == -1) {
        ck_assert_int_eq(errno, EPERM);
        return;
    }
    if (child.pid == 0)
        _exit(getpid() == 1 ? 0 : 1);
    ck_assert_int_eq(lp_process_wait(&child), 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("process");
    TCase *tcase = tcase_create("process");
    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, pipe_make, pipe_remove);
    tcase_add_loop_test(tcase, a_child_dies_with_its_killed_parent, 0,
                        (int)LP_ARRAY_LEN(namespace_cases));
    tcase_add_test(tcase, a_child_lives_as_long_as_its_parent);
    tcase_add_loop_test(tcase, the_end_of_a_child_is_told_as_it_was, 0,
                        (int)LP_ARRAY_LEN(statuses));
    tcase_add_test(tcase, a_child_that_is_gone_already_cannot_be_waited_for);
    tcase_add_test(tcase, in_a_pid_namespace_of_its_own_a_child_is_the_first);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
