/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a busy database, and what a failing one means: the deadline's last try, on a clock of
 * the test's own; many writers at once; writes that are refused, and a commit that ends in mid-air.
 */
#include "tests/unit/unit.h"

#include <signal.h>
#include <sys/resource.h>
#include <sqlite3.h>
#include "tests/unit/drivers/actor.h"

#define SECOND UINT64_C(1000000000)

static struct actor holder, waiter;
static char path_setting[128];

/* The waiter's time: one `step_ns` more with each look at the clock. */
static struct {
    uint64_t now_ns, step_ns;
    int points;
    int release_at; /* the point at which the holder commits; 0: never */
} world;

static uint64_t world_now_ns(void)
{
    uint64_t now = world.now_ns;
    world.now_ns += world.step_ns;
    return now;
}

static void world_point(struct lp_client *client, const char *name)
{
    ck_assert_ptr_eq(client, waiter.client);
    ck_assert_str_eq(name, "busy");
    if (++world.points == world.release_at)
        ck_assert_int_eq(act(&holder, ACT_COMMIT, 0).outcome, LP_OK);
}

static void actors_make(const char *setting)
{
    snprintf(path_setting, sizeof path_setting, "path=%s/db", scratch);
    const char *settings[] = {path_setting, "busy-timeout=5s", setting, NULL};
    actor_init(&holder, &lp_driver_sqlite, settings, NULL, LP_ROLE_STORE, 0, false);
    actor_init(&waiter, &lp_driver_sqlite, settings, NULL, LP_ROLE_STORE, 1, false);
    ck_assert_int_eq(lp_driver_sqlite.prepare(holder.client, LP_ROLE_STORE, 0), LP_OK);
    ck_assert_int_eq(act(&holder, ACT_OPEN, 0).outcome, LP_OK);
    ck_assert_int_eq(act(&waiter, ACT_OPEN, 0).outcome, LP_OK);
}

static void actors_release(void)
{
    one_hooks = (struct one_hooks){.now_ns = NULL};
    actor_release(&waiter);
    actor_release(&holder);
}

/* busy-timeout is 5 s: looks at 0 s (it begins), 2 s, 4 s and 6 s, when it is over. */
static const struct wait_case {
    const char *name;
    uint64_t step_ns;
    int release_at;
    enum lp_outcome want;
    int points;
} wait_cases[] = {
    {"nobody releases: busy, after one try behind the deadline", 2 * SECOND, 0, LP_BUSY, 4},
    {"released when the deadline has passed: the last try gets it", 2 * SECOND, 4, LP_OK, 4},
    {"released before: no wait to the end", 2 * SECOND, 2, LP_OK, 2},
    {"stopped past the deadline while waiting: still a last try", 60 * SECOND, 2, LP_OK, 2},
    {"stopped past the deadline, and nobody releases", 60 * SECOND, 0, LP_BUSY, 2},
};

START_TEST(a_wait_ends_with_one_last_try)
{
    const struct wait_case *one = &wait_cases[_i];
    actors_make("busy-handler=jitter");
    ck_assert_int_eq(act(&holder, ACT_BEGIN, LP_BEGIN_IMMEDIATE).outcome, LP_OK);
    ck_assert_int_eq(act(&holder, ACT_WRITE, 1).outcome, LP_OK);
    world.now_ns = SECOND;
    world.step_ns = one->step_ns;
    world.release_at = one->release_at;
    one_hooks = (struct one_hooks){.now_ns = world_now_ns, .point = world_point};
    for (int again = 0; again < 2; again++) {
        world.points = 0;
        struct answer answer = act(&waiter, ACT_WRITE, 2);
        ck_assert_msg(answer.outcome == one->want, "%s: %d: %s", one->name, (int)answer.outcome,
                      answer.error);
        /* The second time the lock is free, or as taken as before: each wait begins anew. */
        int points = again && one->want == LP_OK ? 0 : one->points;
        ck_assert_msg(world.points == points, "%s: %d looks", one->name, world.points);
    }
    actors_release();
}
END_TEST

START_TEST(the_default_handler_is_sqlites_own)
{
    actors_make("busy-handler=default");
    one_hooks = (struct one_hooks){.point = world_point};
    actor_release(&holder);
    const char *settings[] = {path_setting, "busy-timeout=5s", "busy-handler=default", NULL};
    actor_init(&holder, &lp_driver_sqlite, settings, NULL, LP_ROLE_STORE, 2, true);
    ck_assert_int_eq(act(&holder, ACT_OPEN, 0).outcome, LP_OK);
    ck_assert_int_eq(act(&holder, ACT_BEGIN, LP_BEGIN_IMMEDIATE).outcome, LP_OK);
    /* An order without waiting for its answer: the commit runs beside the waiter's write. */
    struct order commit = {.act = ACT_COMMIT};
    ck_assert_int_eq(send(holder.fd, &commit, sizeof commit, 0), sizeof commit);
    ck_assert_int_eq(act(&waiter, ACT_WRITE, 2).outcome, LP_OK);
    struct answer answer;
    ck_assert_int_eq(recv(holder.fd, &answer, sizeof answer, 0), sizeof answer);
    ck_assert_int_eq(answer.outcome, LP_OK);
    ck_assert_int_eq(world.points, 0);
    actors_release();
}
END_TEST

#define WRITERS 4
#define ROUNDS 50

/* In a process of its own: rounds of read-modify-write, or of add; the exit status tells. */
static int write_rounds(const char *const *settings, uint64_t worker, bool add)
{
    const struct lp_store_ops *store = lp_driver_sqlite.store;
    struct lp_client *client = one_client(&lp_driver_sqlite, settings, NULL, worker);
    int64_t value;
    bool good = lp_driver_sqlite.open(client, LP_ROLE_STORE) == LP_OK;

    for (int i = 0; i < ROUNDS && good; i++) {
        if (add)
            good = store->add(client, 1, &value) == LP_OK;
        else
            good = store->begin(client, LP_BEGIN_IMMEDIATE) == LP_OK &&
                   store->read(client, &value) == LP_OK &&
                   store->write(client, value + 1) == LP_OK && store->commit(client) == LP_OK;
    }
    one_client_free(client);
    return good ? 0 : 1;
}

static const struct {
    const char *journal;
    bool add;
} crowds[] = {{"journal=delete", false}, {"journal=delete", true},   {"journal=wal", false},
              {"journal=wal", true},     {"journal=truncate", true}, {"journal=memory", false}};

START_TEST(a_crowd_of_writers_loses_nothing_and_nobody_gives_up)
{
    struct lp_child children[WRITERS];
    actors_make(crowds[_i].journal);
    const char *settings[] = {path_setting, "busy-timeout=50s", crowds[_i].journal, NULL};
    for (int i = 0; i < WRITERS; i++) {
        ck_assert_int_eq(lp_process_fork(&children[i], 0), 0);
        if (children[i].pid == 0)
            _exit(write_rounds(settings, 10 + (uint64_t)i, crowds[_i].add));
    }
    for (int i = 0; i < WRITERS; i++)
        ck_assert_int_eq(lp_process_wait(&children[i]), 0);
    ck_assert_int_eq(act(&waiter, ACT_READ, 0).value, WRITERS * ROUNDS);
    actors_release();
}
END_TEST

/* From here on no byte can be written to any file of this process: EFBIG, an I/O error to SQLite.
 */
static void forbid_writing(bool forbid)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = forbid ? 0 : limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* With the journal in memory the first byte goes to disk at the commit. */
START_TEST(a_commit_that_fails_in_mid_air_is_unknown)
{
    actors_make("journal=memory");
    for (int fails = 1; fails >= 0; fails--) {
        ck_assert_int_eq(act(&holder, ACT_BEGIN, LP_BEGIN_IMMEDIATE).outcome, LP_OK);
        ck_assert_int_eq(act(&holder, ACT_WRITE, 3).outcome, LP_OK);
        forbid_writing(fails);
        struct answer answer = act(&holder, ACT_COMMIT, 0);
        forbid_writing(false);
        ck_assert_msg(answer.outcome == (fails ? LP_UNKNOWN : LP_OK), "%d: %s", (int)answer.outcome,
                      answer.error);
        if (fails)
            ck_assert_int_eq(act(&holder, ACT_ROLLBACK, 0).outcome, LP_OK);
    }
    actors_release();
}
END_TEST

START_TEST(an_autocommitted_write_that_fails_in_mid_air_is_unknown)
{
    actors_make("journal=memory");
    forbid_writing(true);
    ck_assert_int_eq(act(&holder, ACT_WRITE, 3).outcome, LP_UNKNOWN);
    ck_assert_int_eq(act(&holder, ACT_ADD, 3).outcome, LP_UNKNOWN);
    ck_assert_int_eq(act(&holder, ACT_CAS, 0).outcome, LP_UNKNOWN);
    forbid_writing(false);
    ck_assert_int_eq(act(&holder, ACT_WRITE, 3).outcome, LP_OK);
    actors_release();
}
END_TEST

/* SQLite rolls back by itself; a write that came next would be done outside of any transaction. */
START_TEST(after_a_lost_transaction_nothing_is_written_until_rollback)
{
    actors_make("journal=delete");
    ck_assert_int_eq(act(&holder, ACT_BEGIN, LP_BEGIN_IMMEDIATE).outcome, LP_OK);
    forbid_writing(true);
    ck_assert_int_eq(act(&holder, ACT_WRITE, 3).outcome, LP_UNKNOWN);
    forbid_writing(false);
    struct answer answer = act(&holder, ACT_WRITE, 4);
    ck_assert_int_eq(answer.outcome, LP_FAIL);
    ck_assert_ptr_nonnull(strstr(answer.error, "rolled the transaction back"));
    ck_assert_int_eq(act(&holder, ACT_COMMIT, 0).outcome, LP_FAIL);
    ck_assert_int_eq(act(&holder, ACT_ROLLBACK, 0).outcome, LP_OK);
    ck_assert_int_eq(act(&waiter, ACT_READ, 0).value, 0);
    ck_assert_int_eq(act(&holder, ACT_WRITE, 5).outcome, LP_OK);
    actors_release();
}
END_TEST

/* By a connection of the test's own; SQLite keeps its close from dropping the actors' locks. */
static void run_sql(const char *sql)
{
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(path_setting + strlen("path="), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static const struct {
    const char *sql;
    const char *says;
} refusals[] = {
    {"CREATE TRIGGER no BEFORE UPDATE ON counter BEGIN SELECT RAISE(ABORT, 'not here'); END",
     "not here"},
    {"DELETE FROM counter", "row is gone"},
    {"DROP TABLE counter", "no such table"},
};

START_TEST(a_refused_write_certainly_failed)
{
    actors_make("journal=delete");
    run_sql(refusals[_i].sql);
    static const enum act writes[] = {ACT_WRITE, ACT_ADD};
    for (int i = 0; i < 2; i++) {
        struct answer answer = act(&holder, writes[i], 1);
        ck_assert_msg(answer.outcome == LP_FAIL, "%d: %s", (int)answer.outcome, answer.error);
        ck_assert_msg(strstr(answer.error, refusals[_i].says), "%s", answer.error);
    }
    actors_release();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("sqlite waiting");
    TCase *tcase = tcase_create("waiting and failing");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, scratch_make, scratch_remove);
    tcase_add_loop_test(tcase, a_wait_ends_with_one_last_try, 0,
                        (int)(sizeof wait_cases / sizeof wait_cases[0]));
    tcase_add_test(tcase, the_default_handler_is_sqlites_own);
    tcase_add_loop_test(tcase, a_crowd_of_writers_loses_nothing_and_nobody_gives_up, 0,
                        (int)(sizeof crowds / sizeof crowds[0]));
    tcase_add_test(tcase, a_commit_that_fails_in_mid_air_is_unknown);
    tcase_add_test(tcase, an_autocommitted_write_that_fails_in_mid_air_is_unknown);
    tcase_add_test(tcase, after_a_lost_transaction_nothing_is_written_until_rollback);
    tcase_add_loop_test(tcase, a_refused_write_certainly_failed, 0,
                        (int)(sizeof refusals / sizeof refusals[0]));
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
