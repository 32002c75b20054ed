/* SPDX-License-Identifier: MIT */
/*
 * What SQLite's transactions and locks exclude and what they let through: scripts of up to three
 * actors, one act after the other, each played by processes and again within one process.
 */
#include "tests/unit/unit.h"

#include "tests/unit/drivers/actor.h"

#define STORE LP_ROLE_STORE
#define LOCK LP_ROLE_LOCK
#define DEFERRED LP_BEGIN_DEFERRED
#define IMMEDIATE LP_BEGIN_IMMEDIATE
#define EXCLUSIVE LP_BEGIN_EXCLUSIVE
#define ANY (-1) /* of a value: not looked at */
#define A 0
#define B 1
#define C 2

struct line {
    int who;
    enum act act;
    int64_t arg;
    int want; /* outcome; ACT_HELD: enum lp_held */
    int64_t value;
    const char *says; /* part of the error's text */
};

struct script {
    const char *name;
    const char *journal;
    const char *mode;
    unsigned roles[3];
    struct line lines[20];
};

/* clang-format off */
static const struct script scripts[] = {
    {"immediate shuts out a second writer, not a reader", "delete", NULL, {STORE, STORE}, {
        {A, ACT_BEGIN, IMMEDIATE, LP_OK, 0, NULL},
        {B, ACT_BEGIN, IMMEDIATE, LP_BUSY, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 0, NULL},
        {A, ACT_READ, 0, LP_OK, 0, NULL},
        {A, ACT_WRITE, 1, LP_OK, 0, NULL},
        {B, ACT_WRITE, 7, LP_BUSY, 0, NULL},
        {A, ACT_COMMIT, 0, LP_OK, 0, NULL},
        {B, ACT_BEGIN, IMMEDIATE, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 1, NULL},
        {B, ACT_ROLLBACK, 0, LP_OK, 0, NULL}}},
    {"immediate shuts out a second writer with a WAL", "wal", NULL, {STORE, STORE}, {
        {A, ACT_BEGIN, IMMEDIATE, LP_OK, 0, NULL},
        {B, ACT_BEGIN, IMMEDIATE, LP_BUSY, 0, NULL},
        {A, ACT_WRITE, 1, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 0, NULL},
        {A, ACT_COMMIT, 0, LP_OK, 0, NULL},
        {B, ACT_BEGIN, IMMEDIATE, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 1, NULL},
        {B, ACT_COMMIT, 0, LP_OK, 0, NULL}}},
    {"immediate with journal truncate", "truncate", NULL, {STORE, STORE}, {
        {A, ACT_BEGIN, IMMEDIATE, LP_OK, 0, NULL},
        {B, ACT_BEGIN, IMMEDIATE, LP_BUSY, 0, NULL},
        {A, ACT_WRITE, 1, LP_OK, 0, NULL},
        {A, ACT_COMMIT, 0, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 1, NULL}}},
    {"immediate with journal memory", "memory", NULL, {STORE, STORE}, {
        {A, ACT_BEGIN, IMMEDIATE, LP_OK, 0, NULL},
        {B, ACT_BEGIN, IMMEDIATE, LP_BUSY, 0, NULL},
        {A, ACT_WRITE, 1, LP_OK, 0, NULL},
        {A, ACT_COMMIT, 0, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 1, NULL}}},
    {"exclusive shuts out readers", "delete", NULL, {STORE, STORE}, {
        {A, ACT_BEGIN, EXCLUSIVE, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_BUSY, ANY, NULL},
        {A, ACT_COMMIT, 0, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 0, NULL}}},
    {"exclusive with a WAL lets readers read", "wal", NULL, {STORE, STORE}, {
        {A, ACT_BEGIN, EXCLUSIVE, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 0, NULL},
        {B, ACT_BEGIN, IMMEDIATE, LP_BUSY, 0, NULL},
        {A, ACT_COMMIT, 0, LP_OK, 0, NULL}}},
    {"two deferred read-modify-writes: the second is busy, nothing is lost", "delete", NULL,
     {STORE, STORE}, {
        {A, ACT_BEGIN, DEFERRED, LP_OK, 0, NULL},
        {A, ACT_READ, 0, LP_OK, 0, NULL},
        {B, ACT_BEGIN, DEFERRED, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 0, NULL},
        {A, ACT_WRITE, 1, LP_OK, 0, NULL},
        {B, ACT_WRITE, 1, LP_BUSY, 0, NULL},
        {B, ACT_ROLLBACK, 0, LP_OK, 0, NULL},
        {A, ACT_COMMIT, 0, LP_OK, 0, NULL},
        {B, ACT_BEGIN, DEFERRED, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 1, NULL},
        {B, ACT_WRITE, 2, LP_OK, 0, NULL},
        {B, ACT_COMMIT, 0, LP_OK, 0, NULL},
        {A, ACT_READ, 0, LP_OK, 2, NULL}}},
    {"a busy commit leaves the transaction open", "delete", NULL, {STORE, STORE, STORE}, {
        {B, ACT_BEGIN, DEFERRED, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 0, NULL},
        {A, ACT_BEGIN, IMMEDIATE, LP_OK, 0, NULL},
        {A, ACT_WRITE, 1, LP_OK, 0, NULL},
        {A, ACT_COMMIT, 0, LP_BUSY, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 0, NULL},
        {B, ACT_COMMIT, 0, LP_OK, 0, NULL},
        {A, ACT_COMMIT, 0, LP_OK, 0, NULL},
        {C, ACT_READ, 0, LP_OK, 1, NULL}}},
    {"a busy commit that is rolled back wrote nothing", "delete", NULL, {STORE, STORE}, {
        {B, ACT_BEGIN, DEFERRED, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 0, NULL},
        {A, ACT_BEGIN, IMMEDIATE, LP_OK, 0, NULL},
        {A, ACT_WRITE, 1, LP_OK, 0, NULL},
        {A, ACT_COMMIT, 0, LP_BUSY, 0, NULL},
        {A, ACT_ROLLBACK, 0, LP_OK, 0, NULL},
        {B, ACT_COMMIT, 0, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 0, NULL}}},
    {"a stale snapshot cannot write", "wal", NULL, {STORE, STORE}, {
        {A, ACT_BEGIN, DEFERRED, LP_OK, 0, NULL},
        {A, ACT_READ, 0, LP_OK, 0, NULL},
        {B, ACT_WRITE, 1, LP_OK, 0, NULL},
        {A, ACT_READ, 0, LP_OK, 0, NULL},
        {A, ACT_WRITE, 1, LP_BUSY, 0, "code 517"},
        {A, ACT_ROLLBACK, 0, LP_OK, 0, NULL},
        {A, ACT_BEGIN, DEFERRED, LP_OK, 0, NULL},
        {A, ACT_READ, 0, LP_OK, 1, NULL},
        {A, ACT_WRITE, 2, LP_OK, 0, NULL},
        {A, ACT_COMMIT, 0, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 2, NULL}}},
    {"a snapshot is taken at the first read, not at begin", "wal", NULL, {STORE, STORE}, {
        {A, ACT_BEGIN, DEFERRED, LP_OK, 0, NULL},
        {B, ACT_WRITE, 1, LP_OK, 0, NULL},
        {A, ACT_READ, 0, LP_OK, 1, NULL},
        {A, ACT_WRITE, 2, LP_OK, 0, NULL},
        {A, ACT_COMMIT, 0, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 2, NULL}}},
    {"add adds, and tells the new value", "delete", NULL, {STORE, STORE}, {
        {A, ACT_ADD, 1, LP_OK, 1, NULL},
        {B, ACT_ADD, 2, LP_OK, 3, NULL},
        {A, ACT_BEGIN, IMMEDIATE, LP_OK, 0, NULL},
        {B, ACT_ADD, 1, LP_BUSY, ANY, NULL},
        {A, ACT_ADD, 1, LP_OK, 4, NULL},
        {A, ACT_COMMIT, 0, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 4, NULL}}},
    {"add that is refused at its commit did nothing", "delete", NULL, {STORE, STORE}, {
        {B, ACT_BEGIN, DEFERRED, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 0, NULL},
        {A, ACT_ADD, 1, LP_BUSY, ANY, NULL},
        {B, ACT_COMMIT, 0, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 0, NULL},
        {A, ACT_ADD, 1, LP_OK, 1, NULL}}},
    {"cas writes only over the expected value", "wal", NULL, {STORE, STORE}, {
        {A, ACT_CAS, 0, LP_OK, 0, NULL},
        {B, ACT_CAS, 0, LP_BUSY, 0, "not the expected"},
        {B, ACT_CAS, 1, LP_OK, 0, NULL},
        {A, ACT_READ, 0, LP_OK, 2, NULL}}},
    {"rollback and drop undo", "delete", NULL, {STORE, STORE}, {
        {A, ACT_BEGIN, IMMEDIATE, LP_OK, 0, NULL},
        {A, ACT_WRITE, 5, LP_OK, 0, NULL},
        {A, ACT_ROLLBACK, 0, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 0, NULL},
        {A, ACT_BEGIN, IMMEDIATE, LP_OK, 0, NULL},
        {A, ACT_WRITE, 6, LP_OK, 0, NULL},
        {A, ACT_DROP, 0, LP_OK, 0, NULL},
        {B, ACT_BEGIN, IMMEDIATE, LP_OK, 0, NULL},
        {B, ACT_READ, 0, LP_OK, 0, NULL},
        {B, ACT_COMMIT, 0, LP_OK, 0, NULL},
        {A, ACT_READ, 0, LP_FAIL, ANY, "closed"},
        {A, ACT_REOPEN, 0, LP_OK, 0, NULL},
        {A, ACT_ADD, 1, LP_OK, 1, NULL}}},
    {"what does not fit together is refused", "delete", NULL, {STORE}, {
        {A, ACT_COMMIT, 0, LP_FAIL, 0, "no transaction"},
        {A, ACT_ROLLBACK, 0, LP_FAIL, 0, "no transaction"},
        {A, ACT_BEGIN, DEFERRED, LP_OK, 0, NULL},
        {A, ACT_BEGIN, DEFERRED, LP_FAIL, 0, "within a transaction"},
        {A, ACT_COMMIT, 0, LP_OK, 0, NULL}}},
    {"a database as a mutex", "delete", "immediate", {LOCK, LOCK}, {
        {A, ACT_RELEASE, 0, LP_FAIL, 0, "not held"},
        {A, ACT_TRY, 0, LP_OK, 0, NULL},
        {B, ACT_TRY, 0, LP_BUSY, 0, NULL},
        {B, ACT_HELD, 0, LP_HELD_NO, 0, NULL},
        {A, ACT_HELD, 0, LP_HELD_UNKNOWN, 0, NULL},
        {B, ACT_RELEASE, 0, LP_FAIL, 0, "not held"},
        {A, ACT_RELEASE, 0, LP_OK, 0, NULL},
        {A, ACT_HELD, 0, LP_HELD_NO, 0, NULL},
        {B, ACT_TRY, 0, LP_OK, 0, NULL},
        {A, ACT_TRY, 0, LP_BUSY, 0, NULL},
        {B, ACT_DROP, 0, LP_OK, 0, NULL},
        {A, ACT_TRY, 0, LP_OK, 0, NULL},
        {B, ACT_REOPEN, 0, LP_OK, 0, NULL},
        {B, ACT_TRY, 0, LP_BUSY, 0, NULL}}},
    {"a database with a WAL as a mutex", "wal", "exclusive", {LOCK, LOCK}, {
        {A, ACT_TRY, 0, LP_OK, 0, NULL},
        {B, ACT_TRY, 0, LP_BUSY, 0, NULL},
        {A, ACT_RELEASE, 0, LP_OK, 0, NULL},
        {B, ACT_TRY, 0, LP_OK, 0, NULL},
        {B, ACT_TRY_SHARED, 0, LP_FAIL, 0, "no shared mode"}}},
    {"a failed try leaves no lock that shuts out readers", "delete", "exclusive",
     {STORE, LOCK, STORE}, {
        {A, ACT_BEGIN, DEFERRED, LP_OK, 0, NULL},
        {A, ACT_READ, 0, LP_OK, 0, NULL},
        {B, ACT_TRY, 0, LP_BUSY, 0, NULL},
        {C, ACT_READ, 0, LP_OK, 0, NULL},
        {A, ACT_COMMIT, 0, LP_OK, 0, NULL},
        {B, ACT_TRY, 0, LP_OK, 0, NULL},
        {C, ACT_READ, 0, LP_BUSY, ANY, NULL}}},
    {"mode immediate lets a reader be", "delete", "immediate", {STORE, LOCK, STORE}, {
        {A, ACT_BEGIN, DEFERRED, LP_OK, 0, NULL},
        {A, ACT_READ, 0, LP_OK, 0, NULL},
        {B, ACT_TRY, 0, LP_OK, 0, NULL},
        {C, ACT_READ, 0, LP_OK, 0, NULL},
        {C, ACT_WRITE, 1, LP_BUSY, 0, NULL}}},
};
/* clang-format on */

static void play(const struct script *script, bool own_processes)
{
    char path[128], journal[32], mode[32];
    const char *store_settings[] = {path, journal, "busy-timeout=0", NULL};
    const char *lock_settings[] = {path, journal, mode, NULL};
    struct actor actors[3];
    int count = 0;

    snprintf(path, sizeof path, "path=%s/db", scratch);
    snprintf(journal, sizeof journal, "journal=%s", script->journal);
    snprintf(mode, sizeof mode, "mode=%s", script->mode ? script->mode : "immediate");
    for (; count < 3 && script->roles[count]; count++) {
        unsigned role = script->roles[count];
        actor_init(&actors[count], &lp_driver_sqlite,
                   role == STORE ? store_settings : lock_settings, NULL, role, (uint64_t)count,
                   own_processes);
        struct lp_client *client = actors[count].client;
        ck_assert_msg(lp_driver_sqlite.prepare(client, role, 0) == LP_OK, "%s", client->error);
    }
    for (int i = 0; i < count; i++) {
        struct answer answer = act(&actors[i], ACT_OPEN, 0);
        ck_assert_msg(answer.outcome == LP_OK, "open: %s", answer.error);
    }
    for (const struct line *line = script->lines; line->act != ACT_END; line++) {
        struct answer answer = act(&actors[line->who], line->act, line->arg);
        int number = (int)(line - script->lines) + 1;
        ck_assert_msg((int)answer.outcome == line->want, "%s, line %d: %d, wanted %d: %s",
                      script->name, number, (int)answer.outcome, line->want, answer.error);
        ck_assert_msg(line->value == ANY || answer.value == line->value,
                      "%s, line %d: value %lld, wanted %lld", script->name, number,
                      (long long)answer.value, (long long)line->value);
        ck_assert_msg(!line->says || strstr(answer.error, line->says),
                      "%s, line %d: \"%s\" does not say \"%s\"", script->name, number, answer.error,
                      line->says);
    }
    for (int i = 0; i < count; i++)
        actor_release(&actors[i]);
}

START_TEST(script_between_processes)
{
    play(&scripts[_i], true);
}
END_TEST

START_TEST(script_within_one_process)
{
    play(&scripts[_i], false);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("sqlite");
    TCase *tcase = tcase_create("scripts");
    int count = (int)(sizeof scripts / sizeof scripts[0]);

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, scratch_make, scratch_remove);
    tcase_add_loop_test(tcase, script_between_processes, 0, count);
    tcase_add_loop_test(tcase, script_within_one_process, 0, count);
    suite_add_tcase(suite, tcase);
    return suite;
}

LP_UNIT_MAIN(make_suite)
