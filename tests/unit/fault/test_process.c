/* SPDX-License-Identifier: MIT */
/* Stopping, waking and killing: each is seen to have happened, and what has ended is told. */
#include "tests/unit/unit.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fault/process.h"
#include "os/process.h"

static struct lp_child child;
static struct lp_err err;
static char proof[144];

static void sleeper(void)
{
    ck_assert_int_eq(lp_process_fork(&child, 0), 0);
    if (child.pid == 0)
        for (;;)
            pause();
    proof[0] = '\0';
}

static void end(void)
{
    lp_process_kill(&child, SIGKILL);
    lp_process_wait(&child);
}

START_TEST(a_stopped_process_is_seen_stopped_and_awake_again)
{
    siginfo_t info = {.si_pid = 0};
    sleeper();
    ck_assert_msg(lp_process_pause(child.pidfd, proof, sizeof proof, &err) == 0, "%s", err.text);
    ck_assert(strstr(proof, "state T") != NULL);
    ck_assert_int_eq(waitid(P_PID, (id_t)child.pid, &info, WSTOPPED | WNOHANG), 0);
    ck_assert_int_eq(info.si_pid, child.pid);
    ck_assert_msg(lp_process_resume(child.pidfd, &err) == 0, "%s", err.text);
    ck_assert_int_eq(waitid(P_PID, (id_t)child.pid, &info, WCONTINUED | WNOHANG), 0);
    end();
}
END_TEST

START_TEST(a_killed_process_is_seen_to_end)
{
    sleeper();
    ck_assert_msg(lp_process_slay(child.pidfd, proof, sizeof proof, &err) == 0, "%s", err.text);
    ck_assert(strstr(proof, "ended by SIGKILL") != NULL);
    int status = lp_process_wait(&child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
END_TEST

START_TEST(what_has_ended_can_suffer_nothing)
{
    siginfo_t info;
    sleeper();
    int pidfd = dup(child.pidfd);
    kill(child.pid, SIGKILL);
    ck_assert_int_eq(waitid(P_PID, (id_t)child.pid, &info, WEXITED | WNOWAIT), 0);
    ck_assert_int_eq(lp_process_pause(pidfd, proof, sizeof proof, &err), -1); /* a zombie */
    lp_process_wait(&child);
    ck_assert_int_eq(lp_process_pause(pidfd, proof, sizeof proof, &err), -1);
    ck_assert_int_eq(lp_process_slay(pidfd, proof, sizeof proof, &err), -1);
    ck_assert_int_eq(proof[0], '\0');
    close(pidfd);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("fault/process");
    TCase *tcase = tcase_create("process");
    tcase_add_test(tcase, a_stopped_process_is_seen_stopped_and_awake_again);
    tcase_add_test(tcase, a_killed_process_is_seen_to_end);
    tcase_add_test(tcase, what_has_ended_can_suffer_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
