/* SPDX-License-Identifier: MIT */
/*
 * The lock: a database as a mutex. BEGIN IMMEDIATE takes the only write transaction that there is,
 * BEGIN EXCLUSIVE shuts out readers as well; COMMIT, with nothing written, gives it back.
 *
 * A try never waits, and leaves nothing behind: when BEGIN EXCLUSIVE gets as far as PENDING and
 * then meets a reader, SQLite undoes it all, since no transaction had begun.
 */
#include "drivers/sqlite/sqlite.h"

#include <errno.h>
#include <sched.h>
#include "drivers/bare.h"
#include "drivers/builtin.h"

static enum lp_outcome lock_acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                        struct lp_grant *grant)
{
    struct sqlite_state *state = sqlite_state_of(client);
    bool exclusive = sqlite_params_of(client)->mode == MODE_EXCLUSIVE;

    if (mode == LP_SHARED)
        return lp_fail(client, LP_FAIL, 0, "a database as a mutex has no shared mode");
    sqlite3_stmt *statement =
        lp_sqlite_statement(client, exclusive ? STMT_BEGIN_EXCLUSIVE : STMT_BEGIN_IMMEDIATE);
    if (!statement)
        return lp_fail(client, LP_FAIL, 0, "begin: %s",
                       state->db ? sqlite3_errmsg(state->db) : "the database is closed");
    enum lp_outcome outcome =
        lp_sqlite_outcome(client, lp_sqlite_run(statement, NULL, NULL), false, "begin");
    if (outcome == LP_OK) {
        state->in_transaction = true;
        lp_identity_grant(grant, &state->lock_identity);
    }
    return outcome;
}

static enum lp_outcome lock_release(struct lp_client *client)
{
    struct sqlite_state *state = sqlite_state_of(client);

    if (!state->db || sqlite3_get_autocommit(state->db)) {
        state->in_transaction = false;
        return lp_fail(client, LP_FAIL, 0, "not held: there is no transaction");
    }
    sqlite3_stmt *statement = lp_sqlite_statement(client, STMT_COMMIT);
    if (!statement)
        return lp_fail(client, LP_FAIL, 0, "commit: %s", sqlite3_errmsg(state->db));
    int answer = lp_sqlite_run(statement, NULL, NULL);
    /* SQLite takes its exclusive lock at every commit, also of nothing, and is refused while
       another one looks whether the database is free. As nothing was written, a rollback does the
       same. */
    if ((answer & 0xff) == SQLITE_BUSY && (statement = lp_sqlite_statement(client, STMT_ROLLBACK)))
        answer = lp_sqlite_run(statement, NULL, NULL);
    enum lp_outcome outcome = lp_sqlite_outcome(client, answer, true, "commit");
    if (outcome == LP_OK)
        state->in_transaction = false;
    return outcome;
}

/* "No" is proved: without a transaction SQLite holds no lock. "Yes" is what SQLite keeps in its
   books; a stray close(2) elsewhere in the process drops its POSIX locks without its knowledge, so
   that is no proof, and this driver does not say it. */
static enum lp_held lock_still_held(struct lp_client *client)
{
    struct sqlite_state *state = sqlite_state_of(client);
    if (!state->db || sqlite3_txn_state(state->db, "main") != SQLITE_TXN_WRITE)
        return LP_HELD_NO;
    return LP_HELD_UNKNOWN;
}

const struct lp_lock_ops lp_sqlite_lock_ops = {
    .acquire_try = lock_acquire_try,
    .release = lock_release,
    .still_held = lock_still_held,
    .drop = lp_sqlite_drop,
    .reopen = lp_sqlite_reopen,
};

/* ---- what a program without us would do, for `lockproof bench` ---- */

static int bare_loop(struct lp_client *client, struct lp_work *work, uint32_t pairs)
{
    bool exclusive = sqlite_params_of(client)->mode == MODE_EXCLUSIVE;
    sqlite3_stmt *begin =
        lp_sqlite_statement(client, exclusive ? STMT_BEGIN_EXCLUSIVE : STMT_BEGIN_IMMEDIATE);
    sqlite3_stmt *commit = lp_sqlite_statement(client, STMT_COMMIT);
    if (!begin || !commit)
        return ENOMEM;
    for (; pairs > 0; pairs--) {
        int answer;
        while ((answer = sqlite3_step(begin)) == SQLITE_BUSY) {
            sqlite3_reset(begin);
            sched_yield();
        }
        sqlite3_reset(begin);
        if (answer != SQLITE_DONE)
            return EIO;
        lp_work_inside(work);
        while ((answer = sqlite3_step(commit)) == SQLITE_BUSY)
            sqlite3_reset(commit);
        sqlite3_reset(commit);
        if (answer != SQLITE_DONE)
            return EIO;
        lp_work_outside(work);
    }
    return 0;
}

const struct lp_bare lp_bare_sqlite = {&lp_driver_sqlite, NULL, bare_loop};
