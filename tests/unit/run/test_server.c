/* SPDX-License-Identifier: MIT */
/*
 * Private servers: they are ready when started, leave nothing when ended, die with whoever started
 * them, and what is missing or wrong is said. Tests with a real one are skipped without
 * redis-server.
 */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "os/file.h"
#include "run/server.h"

static char folder[64];
static struct lp_err err;

static void folder_make(void)
{
    unsetenv("LOCKPROOF_REDIS_URL");
    snprintf(folder, sizeof folder, "/tmp/lp-server-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void folder_remove(void)
{
    lp_folder_remove(folder);
}

/* What is in the folder, but for the log; 0 or the number of names. */
static int left_behind(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    int count = 0;
    while ((entry = readdir(dir)))
        count += entry->d_name[0] != '.' && strcmp(entry->d_name, "redis.log") != 0;
    closedir(dir);
    return count;
}

static void start(struct lp_server *server, const char *where)
{
    ck_assert_msg(lp_server_start(server, "redis", where, &err) == 0, "%s", err.text);
}

/* A new connection sends a command; does the reply begin so? */
static bool replies(const char *url, const char *command, const char *want)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char reply[256] = "";
    snprintf(name.sun_path, sizeof name.sun_path, "%s", url + strlen("unix:"));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = connect(fd, (struct sockaddr *)&name, sizeof name) == 0 &&
                send(fd, command, strlen(command), MSG_NOSIGNAL) > 0 &&
                recv(fd, reply, sizeof reply - 1, 0) > 0 && strncmp(reply, want, strlen(want)) == 0;
    close(fd);
    return good;
}

static bool log_says(const char *what)
{
    char path[96];
    struct lp_str text;
    snprintf(path, sizeof path, "%s/redis.log", folder);
    lp_str_init(&text);
    ck_assert_int_eq(lp_file_read(path, 1 << 20, &text, &err), 0);
    bool found = strstr(text.ptr, what);
    lp_str_release(&text);
    return found;
}

START_TEST(a_started_server_is_ready_and_an_ended_one_leaves_nothing)
{
    struct lp_server server;
    start(&server, folder);
    pid_t pid = server.child.pid;
    ck_assert(replies(server.url, "PING\r\n", "+PONG"));
    ck_assert(replies(server.url, "CONFIG GET save\r\n", "*2\r\n$4\r\nsave\r\n$0\r\n"));
    ck_assert_msg(getsid(pid) == pid, "Ctrl-C would reach it");
    char socket_path[108];
    snprintf(socket_path, sizeof socket_path, "%s", server.socket);
    ck_assert_int_eq(access(socket_path, F_OK), 0);
    lp_server_release(&server);
    ck_assert_int_eq(kill(pid, 0), -1);
    ck_assert_int_eq(errno, ESRCH);
    ck_assert_int_eq(left_behind(folder), 0);
    lp_server_release(&server);
}
END_TEST

START_TEST(two_servers_are_two)
{
    char other[96];
    struct lp_server one, two;
    snprintf(other, sizeof other, "%s/other", folder);
    ck_assert_int_eq(mkdir(other, 0700), 0);
    start(&one, folder);
    start(&two, other);
    ck_assert(replies(one.url, "SET k 1\r\n", "+OK"));
    ck_assert(replies(two.url, "GET k\r\n", "$-1"));
    lp_server_release(&one);
    ck_assert(replies(two.url, "PING\r\n", "+PONG"));
    lp_server_release(&two);
    ck_assert_int_eq(left_behind(other), 0);
}
END_TEST

/* lockproof reads its signals from a signalfd, so they are blocked in it. */
START_TEST(blocked_signals_are_not_handed_down)
{
    sigset_t all;
    struct lp_server server;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    signal(SIGTERM, SIG_IGN);
    start(&server, folder);
    lp_server_release(&server);
    ck_assert_msg(log_says("SIGTERM"), "it was not ended in order");
}
END_TEST

START_TEST(a_server_that_stands_still_is_ended_too)
{
    struct lp_server server;
    start(&server, folder);
    pid_t pid = server.child.pid;
    lp_process_kill(&server.child, SIGSTOP);
    lp_server_release(&server);
    ck_assert_int_eq(kill(pid, 0), -1);
    ck_assert_int_eq(left_behind(folder), 0);
}
END_TEST

START_TEST(the_pidfd_tells_that_it_has_ended)
{
    struct lp_server server;
    start(&server, folder);
    struct pollfd ended = {.fd = server.child.pidfd, .events = POLLIN};
    ck_assert_int_eq(poll(&ended, 1, 0), 0);
    lp_process_kill(&server.child, SIGKILL);
    ck_assert_int_eq(poll(&ended, 1, -1), 1);
    lp_server_release(&server);
    ck_assert_int_eq(left_behind(folder), 0);
}
END_TEST

START_TEST(it_dies_with_a_killed_parent)
{
    struct lp_child parent;
    int told[2];
    pid_t pid = 0;
    /* The orphan comes to us, to be buried: not every container has an init that does it. */
    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    ck_assert_int_eq(pipe(told), 0);
    ck_assert_int_eq(lp_process_fork(&parent, 0), 0);
    if (parent.pid == 0) {
        struct lp_server server;
        if (lp_server_start(&server, "redis", folder, &err) == 0 &&
            write(told[1], &server.child.pid, sizeof pid) == sizeof pid)
            pause();
        _exit(1);
    }
    close(told[1]);
    ck_assert_int_eq(read(told[0], &pid, sizeof pid), sizeof pid);
    struct pollfd ended = {.fd = pidfd_open(pid, 0), .events = POLLIN};
    ck_assert_int_ge(ended.fd, 0);
    lp_process_kill(&parent, SIGKILL);
    lp_process_wait(&parent);
    ck_assert_int_eq(poll(&ended, 1, -1), 1);
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close(ended.fd);
    close(told[0]);
}
END_TEST

static const char *const empty_paths[] = {"", "/proc", ":", "relative:"};

START_TEST(a_missing_program_is_a_need)
{
    struct lp_server server;
    setenv("PATH", empty_paths[_i], 1);
    ck_assert_int_eq(lp_server_start(&server, "redis", folder, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_NEED);
    ck_assert_ptr_nonnull(strstr(err.text, "redis-server"));
    ck_assert_str_eq(err.remedy, "apt-get install redis-server");
    ck_assert_int_eq(left_behind(folder), 0);
    lp_server_release(&server);
}
END_TEST

START_TEST(a_given_url_is_taken_and_nothing_started)
{
    struct lp_server server;
    setenv("PATH", "", 1);
    setenv("LOCKPROOF_REDIS_URL", "redis://:secret@db.example:6380/2", 1);
    start(&server, "/nowhere");
    ck_assert_str_eq(server.url, "redis://:secret@db.example:6380/2");
    ck_assert_int_eq(server.child.pid, 0);
    lp_server_release(&server);
    setenv("LOCKPROOF_REDIS_URL", "", 1);
    ck_assert_int_eq(lp_server_start(&server, "redis", folder, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_NEED);
}
END_TEST

/* A program by the server's name that does something else, found first in PATH. */
static void put_program(const char *text)
{
    char path[96];
    snprintf(path, sizeof path, "%s/redis-server", folder);
    ck_assert_int_eq(lp_file_write(path, text, strlen(text), &err), 0);
    ck_assert_int_eq(chmod(path, 0755), 0);
    setenv("PATH", folder, 1);
}

static const struct {
    const char *text, *says;
} programs[] = {
    {"#!/bin/sh\necho first\necho out of luck\nexit 1\n", "its last words: out of luck"},
    {"#!/bin/sh\nexit 0\n", "ended as soon as it was started"},
    {"#!/no/such/shell\n", "cannot run"},
    {"\177ELF this is no program", "cannot run"},
};

START_TEST(a_server_that_cannot_start_says_why)
{
    struct lp_server server;
    put_program(programs[_i].text);
    ck_assert_int_eq(lp_server_start(&server, "redis", folder, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_SELF);
    ck_assert_msg(strstr(err.text, programs[_i].says), "%s", err.text);
    ck_assert_int_eq(server.child.pid, 0);
}
END_TEST

static const struct {
    size_t len; /* of the folder's path, filled up with 'x' */
    const char *says;
} lengths[] = {
    {107 - sizeof "/redis.sock" + 1, "cannot write"}, /* just fits; but there is no such folder */
    {107 - sizeof "/redis.sock" + 2, "has 108 bytes and there is room for 107"},
    {400, "room for 107"},
};

START_TEST(a_path_too_long_for_a_socket_is_told)
{
    char path[512];
    struct lp_server server;
    memset(path, 'x', lengths[_i].len);
    memcpy(path, "/tmp/", 5);
    path[lengths[_i].len] = '\0';
    put_program("#!/bin/sh\n");
    ck_assert_int_eq(lp_server_start(&server, "redis", path, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_SELF);
    ck_assert_msg(strstr(err.text, lengths[_i].says), "%s", err.text);
}
END_TEST

START_TEST(an_unknown_name_is_our_own_mistake)
{
    struct lp_server server;
    ck_assert_int_eq(lp_server_start(&server, "oracle", folder, &err), -1);
    ck_assert_int_eq(err.kind, LP_ERR_SELF);
    ck_assert_ptr_null(lp_server_find("oracle"));
    ck_assert_str_eq(lp_server_find("redis")->package, "redis-server");
}
END_TEST

static void add_real(TCase *tcase)
{
    tcase_add_test(tcase, a_started_server_is_ready_and_an_ended_one_leaves_nothing);
    tcase_add_test(tcase, two_servers_are_two);
    tcase_add_test(tcase, blocked_signals_are_not_handed_down);
    tcase_add_test(tcase, a_server_that_stands_still_is_ended_too);
    tcase_add_test(tcase, the_pidfd_tells_that_it_has_ended);
    tcase_add_test(tcase, it_dies_with_a_killed_parent);
}

static bool have_redis(void)
{
    return access("/usr/bin/redis-server", X_OK) == 0 ||
           access("/usr/local/bin/redis-server", X_OK) == 0;
}

static Suite *make_suite(void)
{
    Suite *suite = suite_create("server");
    TCase *tcase = tcase_create("server");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, folder_make, folder_remove);
    if (have_redis())
        add_real(tcase);
    else
        printf("test_server: skipped in part: there is no redis-server\n");
    tcase_add_loop_test(tcase, a_missing_program_is_a_need, 0,
                        (int)(sizeof empty_paths / sizeof empty_paths[0]));
    tcase_add_test(tcase, a_given_url_is_taken_and_nothing_started);
    tcase_add_loop_test(tcase, a_server_that_cannot_start_says_why, 0,
                        (int)(sizeof programs / sizeof programs[0]));
    tcase_add_loop_test(tcase, a_path_too_long_for_a_socket_is_told, 0,
                        (int)(sizeof lengths / sizeof lengths[0]));
    tcase_add_test(tcase, an_unknown_name_is_our_own_mistake);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
