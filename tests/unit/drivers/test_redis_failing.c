/* SPDX-License-Identifier: MIT */
/*
 * The Redis plug-in when things fail: what is certain about a command whose reply was lost, whose
 * server was killed or stands still, or which was never sent; and no secret in any text.
 */
#include "tests/unit/unit.h"

#include "tests/unit/drivers/redis_world.h"

enum op { OP_READ, OP_WRITE, OP_ADD, OP_CAS, OP_ACQUIRE, OP_RELEASE, OP_HELD };

static const struct op_row {
    const char *trigger; /* what its command holds */
    enum op op;
    int lost;           /* when the reply is lost: outcome, or enum lp_held */
    int refused;        /* when nothing could be sent */
    const char *before; /* the key's reply to GET while the operation was not done ... */
    const char *after;  /* ... and when it was */
} op_rows[] = {
    {"GET", OP_READ, LP_FAIL, LP_FAIL, "$1\r\n5\r\n", "$1\r\n5\r\n"},
    {"SET", OP_WRITE, LP_UNKNOWN, LP_FAIL, "$1\r\n5\r\n", "$1\r\n6\r\n"},
    {"INCRBY", OP_ADD, LP_UNKNOWN, LP_FAIL, "$1\r\n5\r\n", "$1\r\n6\r\n"},
    {"EVAL", OP_CAS, LP_UNKNOWN, LP_FAIL, "$1\r\n5\r\n", "$1\r\n6\r\n"},
    {"NX", OP_ACQUIRE, LP_UNKNOWN, LP_FAIL, "$-1\r\n", NULL},
    {"EVAL", OP_RELEASE, LP_UNKNOWN, LP_FAIL, NULL, "$-1\r\n"},
    {"GET", OP_HELD, LP_HELD_UNKNOWN, LP_HELD_UNKNOWN, NULL, NULL},
};
#define OP_COUNT ((int)(sizeof op_rows / sizeof op_rows[0]))

static int carry_out(struct lp_client *client, enum op op)
{
    struct lp_grant grant = {.token = 0};
    int64_t value;
    switch (op) {
    case OP_READ:
        return redis->store->read(client, &value);
    case OP_WRITE:
        return redis->store->write(client, 6);
    case OP_ADD:
        return redis->store->add(client, 1, &value);
    case OP_CAS:
        return redis->store->cas(client, 5, 6);
    case OP_ACQUIRE:
        return redis->lock->acquire_try(client, LP_EXCLUSIVE, &grant);
    case OP_RELEASE:
        return redis->lock->release(client);
    case OP_HELD:
        return redis->lock->still_held(client);
    }
    return 0;
}

/* A client that has worked with the server, ready for the operation to be tried. */
static struct lp_client *ready_for(const struct op_row *row, const char *url, const char *timeout)
{
    const char *settings[] = {"key=k", timeout, NULL};
    struct lp_client *client = one_client(redis, settings, url, 1);
    unsigned role = row->op >= OP_ACQUIRE ? LP_ROLE_LOCK : LP_ROLE_STORE;
    struct lp_grant grant = {.token = 0};

    ck_assert_int_eq(redis->prepare(client, role, 5), LP_OK);
    ck_assert_int_eq(redis->open(client, role), LP_OK);
    ck_assert_int_eq(redis->lock->acquire_try(client, LP_EXCLUSIVE, &grant),
                     role == LP_ROLE_LOCK ? LP_OK : LP_BUSY);
    if (row->op == OP_CAS)
        ck_assert_int_eq(redis->store->cas(client, 77, 78), LP_BUSY);
    if (row->op == OP_RELEASE) {
        /* The server learns the script, so that the release is one command. */
        ck_assert_int_eq(redis->lock->release(client), LP_OK);
        ck_assert_int_eq(redis->lock->acquire_try(client, LP_EXCLUSIVE, &grant), LP_OK);
    }
    if (row->op == OP_ACQUIRE)
        ask("DEL k");
    return client;
}

static void check_outcome(const struct op_row *row, const struct lp_client *client, int got,
                          int want)
{
    ck_assert_msg(got == want, "operation %d: %d, wanted %d: %s", (int)row->op, got, want,
                  client->error);
}

/* Even rounds: the command never came to the server; odd ones: it was carried out. */
START_TEST(a_lost_reply_is_unknown_for_all_that_writes)
{
    const struct op_row *row = &op_rows[_i / 2];
    struct proxy proxy;
    proxy_init(&proxy);
    struct lp_client *client = ready_for(row, proxy.url, "timeout=30s");
    proxy.hand_on = _i % 2;
    proxy.trigger = row->trigger;
    check_outcome(row, client, carry_out(client, row->op), row->lost);
    const char *want = proxy.hand_on ? row->after : row->before;
    if (want)
        ck_assert_str_eq(ask("GET k"), want);
    /* The next operation makes a new connection. */
    proxy.trigger = NULL;
    ck_assert_int_ne(redis->lock->still_held(client), LP_HELD_UNKNOWN);
    one_client_free(client);
    proxy_release(&proxy);
}
END_TEST

START_TEST(a_server_killed_in_mid_operation_leaves_it_unknown)
{
    const struct op_row *row = &op_rows[_i];
    struct proxy proxy;
    proxy_init(&proxy);
    struct lp_client *client = ready_for(row, proxy.url, "timeout=30s");
    proxy.kill_server = true;
    proxy.trigger = row->trigger;
    check_outcome(row, client, carry_out(client, row->op), row->lost);
    one_client_free(client);
    proxy_release(&proxy);
}
END_TEST

START_TEST(a_server_that_stands_still_leaves_it_unknown)
{
    const struct op_row *row = &op_rows[_i];
    struct lp_client *client = ready_for(row, server.url, "timeout=50ms");
    lp_process_kill(&server.child, SIGSTOP);
    check_outcome(row, client, carry_out(client, row->op), row->lost);
    lp_process_kill(&server.child, SIGCONT);
    one_client_free(client);
}
END_TEST

/* Nothing has been sent, so nothing was done; and no SIGPIPE ends the worker. */
START_TEST(a_server_that_is_gone_before_the_operation_makes_it_fail)
{
    const struct op_row *row = &op_rows[_i];
    struct lp_client *client = ready_for(row, server.url, "timeout=1s");
    lp_process_kill(&server.child, SIGKILL);
    struct pollfd ended = {.fd = server.child.pidfd, .events = POLLIN};
    ck_assert_int_eq(poll(&ended, 1, -1), 1);
    check_outcome(row, client, carry_out(client, row->op), row->refused);
    one_client_free(client);
}
END_TEST

START_TEST(a_restarted_server_is_found_again)
{
    struct lp_client *client = ready_for(&op_rows[OP_WRITE], server.url, "timeout=1s");
    server_end();
    unlink(server.socket);
    server_run();
    ck_assert_int_eq(redis->store->write(client, 8), LP_OK);
    ck_assert_str_eq(ask("GET k"), "$1\r\n8\r\n");
    one_client_free(client);
}
END_TEST

static const struct {
    const char *url; /* %d: the proxy's port */
    enum lp_outcome want;
    const char *says;
} logins[] = {
    {"redis://:hunter2@127.0.0.1:%d/0", LP_OK, ""},
    {"redis://:hunter2@127.0.0.1:%d", LP_OK, ""},
    {"redis://default:hunter2@127.0.0.1:%d/5", LP_OK, ""},
    {"redis://:%%68unter2@127.0.0.1:%d/0", LP_OK, ""},
    {"redis://:hunter3@127.0.0.1:%d/0", LP_FAIL, "refused the user or the password"},
    {"redis://127.0.0.1:%d/0", LP_FAIL, "NOAUTH"},
    {"redis://:hunter2@127.0.0.1:%d/99", LP_FAIL, "refused SELECT"},
    {"redis://:hunter2@127.0.0.1:1%d/0", LP_FAIL, "HOST:PORT"},
    {"redis://:hunter2@:%d", LP_FAIL, "HOST:PORT"},
    {"redis://:hunter2@127.0.0.1:%d/x", LP_FAIL, "not a number"},
    {"redis://:hunter2%%@127.0.0.1:%d/0", LP_FAIL, "not encoded"},
    {"rediss://:hunter2@127.0.0.1:%d", LP_FAIL, "server's URL is not"},
    {"redis://:hunter2@127.0.0.1:1", LP_FAIL, "cannot connect to Redis at 127.0.0.1:1"},
    {"unix:relative", LP_FAIL, "begin with '/'"},
    {"", LP_FAIL, "no server"},
};

START_TEST(a_url_is_understood_and_its_secret_kept)
{
    const char *settings[] = {"key=k", "timeout=5s", NULL};
    struct proxy proxy;
    char url[128];

    proxy_init(&proxy);
    ask("CONFIG SET requirepass hunter2");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(url, sizeof url, logins[_i].url, proxy.port);
#pragma GCC diagnostic pop
    struct lp_client *client = one_client(redis, settings, url, 1);
    enum lp_outcome outcome = redis->open(client, LP_ROLE_STORE);
    if (outcome == LP_OK)
        outcome = redis->store->write(client, 1);
    ck_assert_msg(outcome == logins[_i].want, "%s: %s", url, client->error);
    ck_assert_msg(strstr(client->error, logins[_i].says), "%s: %s", url, client->error);
    ck_assert_ptr_null(strstr(client->error, "hunter"));
    one_client_free(client);
    proxy_release(&proxy);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("redis failing");
    TCase *tcase = tcase_create("failing");
    const char *missing = redis_missing();

    suite_add_tcase(suite, tcase);
    if (missing) {
        printf("test_redis_failing: skipped: there is no %s\n", missing);
        return suite;
    }
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, world_make, world_release);
    tcase_add_loop_test(tcase, a_lost_reply_is_unknown_for_all_that_writes, 0, 2 * OP_COUNT);
    tcase_add_loop_test(tcase, a_server_killed_in_mid_operation_leaves_it_unknown, 0, OP_COUNT);
    tcase_add_loop_test(tcase, a_server_that_stands_still_leaves_it_unknown, 0, OP_COUNT);
    tcase_add_loop_test(tcase, a_server_that_is_gone_before_the_operation_makes_it_fail, 0,
                        OP_COUNT);
    tcase_add_test(tcase, a_restarted_server_is_found_again);
    tcase_add_loop_test(tcase, a_url_is_understood_and_its_secret_kept, 0,
                        (int)(sizeof logins / sizeof logins[0]));
    return suite;
}

LP_UNIT_MAIN(make_suite)
