/* SPDX-License-Identifier: MIT */
/* A run that goes on, one that is gone, one of another host. */
#include "place/owner.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

START_TEST(this_process_is_alive)
{
    char text[192];
    lp_owner_self(text, sizeof text);
    ck_assert_int_eq(lp_owner_look(text), LP_OWNER_ALIVE);
}
END_TEST

START_TEST(one_that_ended_is_gone)
{
    char text[192] = "";
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        lp_owner_self(text, sizeof text);
        _exit(write(ends[1], text, sizeof text) == sizeof text ? 0 : 1);
    }
    ck_assert_int_eq(read(ends[0], text, sizeof text), sizeof text);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    ck_assert_int_eq(lp_owner_look(text), LP_OWNER_GONE);
}
END_TEST

/* The same number, but another process: it was given again, or the host was started again. */
START_TEST(a_number_that_was_given_again_is_another_process)
{
    char text[192], boot[64], host[72];
    long pid;
    unsigned long long start;
    lp_owner_self(text, sizeof text);
    ck_assert_int_eq(sscanf(text, "%71s %63s %ld %llu", host, boot, &pid, &start), 4);
    snprintf(text, sizeof text, "%s %s %ld %llu", host, boot, pid, start - 1);
    ck_assert_int_eq(lp_owner_look(text), LP_OWNER_GONE);
    snprintf(text, sizeof text, "%s %s %ld %llu", host, "another-boot", pid, start);
    ck_assert_int_eq(lp_owner_look(text), LP_OWNER_GONE);
    snprintf(text, sizeof text, "%s %s %ld %llu", "another-host", boot, pid, start);
    ck_assert_int_eq(lp_owner_look(text), LP_OWNER_ELSEWHERE);
}
END_TEST

START_TEST(what_cannot_be_read_is_left_alone)
{
    ck_assert_int_eq(lp_owner_look(""), LP_OWNER_ELSEWHERE);
    ck_assert_int_eq(lp_owner_look("a b"), LP_OWNER_ELSEWHERE);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("place/owner");
    TCase *tcase = tcase_create("owner");

    tcase_add_test(tcase, this_process_is_alive);
    tcase_add_test(tcase, one_that_ended_is_gone);
    tcase_add_test(tcase, a_number_that_was_given_again_is_another_process);
    tcase_add_test(tcase, what_cannot_be_read_is_left_alone);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
