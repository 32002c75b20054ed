/* SPDX-License-Identifier: MIT */
/*
 * Who has which file: identities agree exactly when the locks exclude each other, and looking at
 * them disturbs no lock (a POSIX lock is lost when its file is closed anywhere in the process).
 */
#include "tests/unit/unit.h"

#include <sys/stat.h>
#include "tests/unit/drivers/actor.h"

static struct actor actors[2];
static char settings_text[2][2][160];

static bool same(const struct lp_identity *a, const struct lp_identity *b)
{
    return a->domain == b->domain && a->object == b->object;
}

/* Both actors, each with a path of its own below the scratch folder. */
static void two_actors(unsigned role, const char *journal, const char *path_a, const char *path_b,
                       bool own_processes)
{
    const char *const paths[] = {path_a, path_b};
    for (int i = 0; i < 2; i++) {
        snprintf(settings_text[i][0], sizeof settings_text[i][0], "path=%s/%s", scratch, paths[i]);
        snprintf(settings_text[i][1], sizeof settings_text[i][1], "journal=%s", journal);
        const char *settings[] = {settings_text[i][0], settings_text[i][1], NULL};
        actor_init(&actors[i], &lp_driver_sqlite, settings, NULL, role, (uint64_t)i, own_processes);
    }
}

static void prepare(int who)
{
    struct lp_client *client = actors[who].client;
    ck_assert_msg(lp_driver_sqlite.prepare(client, actors[who].role, 0) == LP_OK, "%s",
                  client->error);
}

static struct answer must(int who, enum act what, enum lp_outcome want)
{
    struct answer answer = act(&actors[who], what, 0);
    ck_assert_msg(answer.outcome == want, "actor %d: %d: %s", who, (int)answer.outcome,
                  answer.error);
    return answer;
}

static void release_both(void)
{
    actor_release(&actors[0]);
    actor_release(&actors[1]);
}

static const char *below(const char *name)
{
    static char path[4][160];
    static int next;
    char *text = path[next++ % 4];
    snprintf(text, sizeof path[0], "%s/%s", scratch, name);
    return text;
}

static const struct {
    const char *journal;
    bool own_processes;
} ways[] = {{"delete", true}, {"delete", false}, {"wal", true}, {"wal", false}};

START_TEST(one_file_is_one_store_and_one_lock)
{
    for (int role = LP_ROLE_LOCK; role <= LP_ROLE_STORE; role++) {
        two_actors((unsigned)role, ways[_i].journal, "db", "./db", ways[_i].own_processes);
        prepare(0);
        must(0, ACT_OPEN, LP_OK);
        must(1, ACT_OPEN, LP_OK);
        bool lock = role == LP_ROLE_LOCK;
        struct answer a = must(0, lock ? ACT_TRY : ACT_IDENTIFY, LP_OK);
        if (lock)
            must(0, ACT_RELEASE, LP_OK);
        struct answer b = must(1, lock ? ACT_TRY : ACT_IDENTIFY, LP_OK);
        ck_assert_msg(same(&a.identity, &b.identity), "%s / %s", a.identity.text, b.identity.text);
        ck_assert_str_eq(a.identity.text, b.identity.text);
        release_both();
    }
}
END_TEST

START_TEST(two_files_are_two)
{
    two_actors(LP_ROLE_STORE, ways[_i].journal, "db", "other", ways[_i].own_processes);
    prepare(0);
    prepare(1);
    must(0, ACT_OPEN, LP_OK);
    must(1, ACT_OPEN, LP_OK);
    struct answer a = must(0, ACT_IDENTIFY, LP_OK);
    struct answer b = must(1, ACT_IDENTIFY, LP_OK);
    ck_assert(!same(&a.identity, &b.identity));
    release_both();
}
END_TEST

/* The old inode's number is often given to the new file at once; its generation differs. */
START_TEST(a_file_made_anew_is_another_one)
{
    two_actors(LP_ROLE_LOCK, ways[_i].journal, "db", "db", ways[_i].own_processes);
    prepare(0);
    must(0, ACT_OPEN, LP_OK);
    struct answer a = must(0, ACT_TRY, LP_OK);
    unlink(below("db"));
    unlink(below("db-wal"));
    unlink(below("db-shm"));
    prepare(1);
    must(1, ACT_OPEN, LP_OK);
    struct answer b = must(1, ACT_TRY, LP_OK);
    ck_assert(!same(&a.identity, &b.identity));
    must(0, ACT_RELEASE, LP_OK);
    struct answer again = must(0, ACT_TRY, LP_OK);
    ck_assert_msg(same(&a.identity, &again.identity), "an open connection keeps its file");
    release_both();
}
END_TEST

/* With a WAL the locks are in the -shm file beside it, found by name. Within one process SQLite
   knows the inode again and all is well; two processes with a link each do not exclude each other.
 */
START_TEST(a_second_link_is_another_lock_only_with_a_wal)
{
    bool wal = strcmp(ways[_i].journal, "wal") == 0;
    if (!ways[_i].own_processes)
        return;
    for (int role = LP_ROLE_LOCK; role <= LP_ROLE_STORE; role++) {
        bool lock = role == LP_ROLE_LOCK;
        two_actors((unsigned)role, ways[_i].journal, lock ? "db" : "db2",
                   lock ? "else/db" : "else/db2", true);
        prepare(0);
        mkdir(below("else"), 0700);
        ck_assert_int_eq(link(below(lock ? "db" : "db2"), below(lock ? "else/db" : "else/db2")), 0);
        must(0, ACT_OPEN, LP_OK);
        must(1, ACT_OPEN, LP_OK);
        struct answer a = must(0, lock ? ACT_TRY : ACT_IDENTIFY, LP_OK);
        if (lock && !wal) {
            must(1, ACT_TRY, LP_BUSY);
            must(0, ACT_RELEASE, LP_OK);
        }
        struct answer b = must(1, lock ? ACT_TRY : ACT_IDENTIFY, LP_OK);
        ck_assert_int_eq(same(&a.identity, &b.identity), !wal);
        release_both();
    }
}
END_TEST

START_TEST(a_removed_shm_gives_two_locks_with_two_identities)
{
    two_actors(LP_ROLE_LOCK, "wal", "db", "db", true);
    prepare(0);
    must(0, ACT_OPEN, LP_OK);
    struct answer a = must(0, ACT_TRY, LP_OK);
    ck_assert_int_eq(unlink(below("db-shm")), 0);
    must(1, ACT_OPEN, LP_OK);
    struct answer b = must(1, ACT_TRY, LP_OK);
    ck_assert(!same(&a.identity, &b.identity));
    release_both();
}
END_TEST

/* The last connection to be closed takes the -shm with it. The store is still the same one. */
START_TEST(a_store_stays_the_same_when_all_have_closed_it)
{
    two_actors(LP_ROLE_STORE, ways[_i].journal, "db", "db", ways[_i].own_processes);
    prepare(0);
    must(0, ACT_OPEN, LP_OK);
    struct answer a = must(0, ACT_IDENTIFY, LP_OK);
    must(0, ACT_DROP, LP_OK);
    must(0, ACT_IDENTIFY, LP_FAIL);
    ck_assert_int_eq(access(below("db-shm"), F_OK), -1);
    must(1, ACT_OPEN, LP_OK);
    struct answer b = must(1, ACT_IDENTIFY, LP_OK);
    ck_assert(same(&a.identity, &b.identity));
    release_both();
}
END_TEST

/* All that the driver does in a process beside a held lock, and another process still cannot have
 * it. */
START_TEST(nothing_in_the_process_drops_a_held_lock)
{
    two_actors(LP_ROLE_LOCK, ways[_i].journal, "db", "db", true);
    struct actor holder, neighbour;
    const char *settings[] = {settings_text[0][0], settings_text[0][1], NULL};
    actor_init(&holder, &lp_driver_sqlite, settings, NULL, LP_ROLE_LOCK, 7, false);
    actor_init(&neighbour, &lp_driver_sqlite, settings, NULL, LP_ROLE_LOCK, 8, false);
    prepare(0);
    ck_assert_int_eq(act(&holder, ACT_OPEN, 0).outcome, LP_OK);
    must(1, ACT_OPEN, LP_OK);
    ck_assert_int_eq(act(&holder, ACT_TRY, 0).outcome, LP_OK);

    ck_assert_int_eq(act(&neighbour, ACT_OPEN, 0).outcome, LP_OK);
    must(1, ACT_TRY, LP_BUSY);
    ck_assert_int_eq(act(&neighbour, ACT_TRY, 0).outcome, LP_BUSY);
    must(1, ACT_TRY, LP_BUSY);
    ck_assert_int_eq(act(&neighbour, ACT_REOPEN, 0).outcome, LP_OK);
    must(1, ACT_TRY, LP_BUSY);
    ck_assert_int_eq(act(&neighbour, ACT_DROP, 0).outcome, LP_OK);
    must(1, ACT_TRY, LP_BUSY);
    ck_assert_int_eq(act(&holder, ACT_RELEASE, 0).outcome, LP_OK);
    must(1, ACT_TRY, LP_OK);
    actor_release(&neighbour);
    actor_release(&holder);
    release_both();
}
END_TEST

START_TEST(prepare_finds_what_is_there_and_refuses_another_value)
{
    two_actors(LP_ROLE_STORE, ways[_i].journal, "db", "db", false);
    struct lp_client *client = actors[0].client;
    ck_assert_int_eq(lp_driver_sqlite.prepare(client, LP_ROLE_STORE, 5), LP_OK);
    ck_assert_int_eq(lp_driver_sqlite.prepare(client, LP_ROLE_STORE, 5), LP_OK);
    ck_assert_int_eq(lp_driver_sqlite.prepare(client, LP_ROLE_STORE, 6), LP_FAIL);
    ck_assert_ptr_nonnull(strstr(client->error, "its counter is 5"));
    must(1, ACT_OPEN, LP_OK);
    ck_assert_int_eq(must(1, ACT_READ, LP_OK).value, 5);
    release_both();
}
END_TEST

START_TEST(open_makes_no_database)
{
    two_actors(LP_ROLE_STORE, "delete", "missing", "db", false);
    must(0, ACT_OPEN, LP_FAIL);
    ck_assert_int_eq(access(below("missing"), F_OK), -1);
    release_both();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("sqlite identity");
    TCase *tcase = tcase_create("identity");
    int count = (int)(sizeof ways / sizeof ways[0]);

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, scratch_make, scratch_remove);
    tcase_add_loop_test(tcase, one_file_is_one_store_and_one_lock, 0, count);
    tcase_add_loop_test(tcase, two_files_are_two, 0, count);
    tcase_add_loop_test(tcase, a_file_made_anew_is_another_one, 0, count);
    tcase_add_loop_test(tcase, a_second_link_is_another_lock_only_with_a_wal, 0, count);
    tcase_add_test(tcase, a_removed_shm_gives_two_locks_with_two_identities);
    tcase_add_loop_test(tcase, a_store_stays_the_same_when_all_have_closed_it, 0, count);
    tcase_add_loop_test(tcase, nothing_in_the_process_drops_a_held_lock, 0, count);
    tcase_add_loop_test(tcase, prepare_finds_what_is_there_and_refuses_another_value, 0, count);
    tcase_add_test(tcase, open_makes_no_database);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
