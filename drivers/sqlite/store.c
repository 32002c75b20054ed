/* SPDX-License-Identifier: MIT */
/*
 * The store: a counter in a row. A refusal with "busy" in a transaction leaves the transaction
 * open, also at COMMIT; it is the harness that rolls back and begins anew with a new read.
 */
#include "drivers/sqlite/sqlite.h"

/* SQLite ends a transaction by itself on some errors. What follows would then be done outside of
   any transaction, which nobody asked for. */
static bool lost_transaction(struct sqlite_state *state)
{
    return state->in_transaction && sqlite3_get_autocommit(state->db);
}

/* The statement, ready to have its values bound; NULL with the reason told and *outcome set. */
static sqlite3_stmt *ready(struct lp_client *client, enum sqlite_statement which, const char *what,
                           enum lp_outcome *outcome)
{
    struct sqlite_state *state = sqlite_state_of(client);

    if (!state->db) {
        *outcome = lp_fail(client, LP_FAIL, 0, "%s: the database is closed", what);
        return NULL;
    }
    if (lost_transaction(state)) {
        *outcome = lp_fail(client, LP_FAIL, 0, "%s: SQLite has rolled the transaction back", what);
        return NULL;
    }
    sqlite3_stmt *statement = lp_sqlite_statement(client, which);
    if (!statement)
        *outcome = lp_sqlite_outcome(client, sqlite3_extended_errcode(state->db), false, what);
    return statement;
}

static enum lp_outcome store_read(struct lp_client *client, int64_t *value)
{
    enum lp_outcome outcome;
    int rows;
    sqlite3_stmt *statement = ready(client, STMT_READ, "read", &outcome);
    if (!statement)
        return outcome;
    int rc = lp_sqlite_run(statement, value, &rows);
    if (rc == SQLITE_OK && rows == 0)
        return lp_fail(client, LP_FAIL, 0, "read: the counter's row is gone");
    return lp_sqlite_outcome(client, rc, false, "read");
}

static enum lp_outcome store_write(struct lp_client *client, int64_t value)
{
    enum lp_outcome outcome;
    sqlite3_stmt *statement = ready(client, STMT_WRITE, "write", &outcome);
    if (!statement)
        return outcome;
    sqlite3_bind_int64(statement, 1, value);
    int rc = lp_sqlite_run(statement, NULL, NULL);
    if (rc == SQLITE_OK && sqlite3_changes(sqlite_state_of(client)->db) == 0)
        return lp_fail(client, LP_FAIL, 0, "write: the counter's row is gone");
    return lp_sqlite_outcome(client, rc, true, "write");
}

static enum lp_outcome store_add(struct lp_client *client, int64_t delta, int64_t *result)
{
    enum lp_outcome outcome;
    int rows;
    sqlite3_stmt *statement = ready(client, STMT_ADD, "add", &outcome);
    if (!statement)
        return outcome;
    sqlite3_bind_int64(statement, 1, delta);
    int rc = lp_sqlite_run(statement, result, &rows);
    if (rc == SQLITE_OK && rows == 0)
        return lp_fail(client, LP_FAIL, 0, "add: the counter's row is gone");
    return lp_sqlite_outcome(client, rc, true, "add");
}

static enum lp_outcome store_cas(struct lp_client *client, int64_t expected, int64_t desired)
{
    enum lp_outcome outcome;
    sqlite3_stmt *statement = ready(client, STMT_CAS, "cas", &outcome);
    if (!statement)
        return outcome;
    sqlite3_bind_int64(statement, 1, expected);
    sqlite3_bind_int64(statement, 2, desired);
    int rc = lp_sqlite_run(statement, NULL, NULL);
    if (rc == SQLITE_OK && sqlite3_changes(sqlite_state_of(client)->db) == 0)
        return lp_fail(client, LP_BUSY, 0, "cas: the value is not the expected one");
    return lp_sqlite_outcome(client, rc, true, "cas");
}

static enum lp_outcome store_begin(struct lp_client *client, enum lp_begin_mode mode)
{
    static const enum sqlite_statement statements[] = {
        [LP_BEGIN_DEFERRED] = STMT_BEGIN_DEFERRED,
        [LP_BEGIN_IMMEDIATE] = STMT_BEGIN_IMMEDIATE,
        [LP_BEGIN_EXCLUSIVE] = STMT_BEGIN_EXCLUSIVE,
    };
    enum lp_outcome outcome;
    sqlite3_stmt *statement = ready(client, statements[mode], "begin", &outcome);
    if (!statement)
        return outcome;
    outcome = lp_sqlite_outcome(client, lp_sqlite_run(statement, NULL, NULL), false, "begin");
    if (outcome == LP_OK)
        sqlite_state_of(client)->in_transaction = true;
    return outcome;
}

static enum lp_outcome store_commit(struct lp_client *client)
{
    enum lp_outcome outcome;
    sqlite3_stmt *statement = ready(client, STMT_COMMIT, "commit", &outcome);
    if (!statement)
        return outcome;
    outcome = lp_sqlite_outcome(client, lp_sqlite_run(statement, NULL, NULL), true, "commit");
    if (outcome == LP_OK)
        sqlite_state_of(client)->in_transaction = false;
    return outcome;
}

/* What SQLite has rolled back already is rolled back: that is what was asked for. */
static enum lp_outcome store_rollback(struct lp_client *client)
{
    struct sqlite_state *state = sqlite_state_of(client);
    enum lp_outcome outcome;

    if (state->db && lost_transaction(state)) {
        state->in_transaction = false;
        return LP_OK;
    }
    sqlite3_stmt *statement = ready(client, STMT_ROLLBACK, "rollback", &outcome);
    if (!statement)
        return outcome;
    outcome = lp_sqlite_outcome(client, lp_sqlite_run(statement, NULL, NULL), true, "rollback");
    if (outcome == LP_OK)
        state->in_transaction = false;
    return outcome;
}

static enum lp_outcome store_identify(struct lp_client *client, struct lp_identity *identity)
{
    if (!sqlite_state_of(client)->db)
        return lp_fail(client, LP_FAIL, 0, "identify: the database is closed");
    *identity = sqlite_state_of(client)->store_identity;
    return LP_OK;
}

const struct lp_store_ops lp_sqlite_store_ops = {
    .read = store_read,
    .write = store_write,
    .identify = store_identify,
    .add = store_add,
    .cas = store_cas,
    .begin = store_begin,
    .commit = store_commit,
    .rollback = store_rollback,
    .drop = lp_sqlite_drop,
    .reopen = lp_sqlite_reopen,
};
