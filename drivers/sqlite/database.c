/* SPDX-License-Identifier: MIT */
/*
 * The connection: made ready, opened, closed. Opening itself reads the database, so it waits for
 * others as a statement of the store does, whatever the busy timeout of the role will be.
 */
#include "drivers/sqlite/sqlite.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OPEN_TIMEOUT_NS UINT64_C(5000000000)

static enum lp_outcome run_text(struct lp_client *client, const char *sql)
{
    sqlite3 *db = sqlite_state_of(client)->db;
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return lp_sqlite_outcome(client, rc, false, sql);
}

/* Asks for the journal mode and believes only the answer: SQLite leaves the mode as it is when it
   cannot change it, and says so by naming the old one. */
static enum lp_outcome set_journal(struct lp_client *client)
{
    const char *wanted = lp_sqlite_journal_names[sqlite_params_of(client)->journal];
    sqlite3 *db = sqlite_state_of(client)->db;
    sqlite3_stmt *statement = NULL;
    char sql[64], got[16] = "";

    snprintf(sql, sizeof sql, "PRAGMA journal_mode = %s", wanted);
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        snprintf(got, sizeof got, "%s", (const char *)sqlite3_column_text(statement, 0));
        rc = SQLITE_OK;
    }
    enum lp_outcome outcome = lp_sqlite_outcome(client, rc, false, sql);
    sqlite3_finalize(statement);
    if (outcome != LP_OK || strcmp(got, wanted) == 0)
        return outcome;
    return lp_fail(client, LP_FAIL, 0, "journal mode is \"%s\", not \"%s\" as asked", got, wanted);
}

static enum lp_outcome connect_and_set_up(struct lp_client *client, int flags)
{
    const struct sqlite_params *params = sqlite_params_of(client);
    uint64_t timeout_ns = params->busy_timeout_ns;
    char sql[64];

    if (sqlite3_threadsafe() == 0)
        return lp_fail(client, LP_FAIL, 0, "this SQLite was built without thread safety");
    enum lp_outcome outcome = lp_sqlite_open_file(client, flags);
    if (outcome != LP_OK)
        return outcome;
    lp_sqlite_wait_install(client, HANDLER_JITTER,
                           timeout_ns > OPEN_TIMEOUT_NS ? timeout_ns : OPEN_TIMEOUT_NS);
    snprintf(sql, sizeof sql, "PRAGMA synchronous = %s",
             lp_sqlite_synchronous_names[params->synchronous]);
    if ((outcome = set_journal(client)) == LP_OK)
        outcome = run_text(client, sql);
    return outcome;
}

/* In one transaction, so that a second container finds all of it or nothing. */
static enum lp_outcome make_tables(struct lp_client *client, unsigned role, int64_t start)
{
    enum lp_outcome outcome = run_text(client, "BEGIN IMMEDIATE");
    if (outcome != LP_OK)
        return outcome;
    if (role == LP_ROLE_LOCK) {
        /* A database without any table is an empty file, which cannot remember its WAL mode. */
        outcome = run_text(client, "CREATE TABLE IF NOT EXISTS mutex(id INTEGER PRIMARY KEY)");
    } else {
        char sql[96];
        snprintf(sql, sizeof sql, "INSERT OR IGNORE INTO counter VALUES(1, %" PRId64 ")", start);
        outcome = run_text(client, "CREATE TABLE IF NOT EXISTS counter"
                                   "(id INTEGER PRIMARY KEY, value INTEGER NOT NULL)");
        if (outcome == LP_OK)
            outcome = run_text(client, sql);
    }
    return outcome == LP_OK ? run_text(client, "COMMIT") : outcome;
}

/* A counter left behind by an earlier run would be taken for lost or doubled updates. */
static enum lp_outcome check_start(struct lp_client *client, int64_t start)
{
    int64_t value = 0;
    int rows = 0;
    sqlite3_stmt *statement = lp_sqlite_statement(client, STMT_READ);
    int rc = statement ? lp_sqlite_run(statement, &value, &rows)
                       : sqlite3_extended_errcode(sqlite_state_of(client)->db);
    enum lp_outcome outcome = lp_sqlite_outcome(client, rc, false, "read of the new counter");
    if (outcome != LP_OK || (rows == 1 && value == start))
        return outcome;
    return lp_fail(client, LP_FAIL, 0,
                   "\"%s\" is there already and its counter is %" PRId64 ", not %" PRId64,
                   sqlite_params_of(client)->path, value, start);
}

enum lp_outcome lp_sqlite_prepare(struct lp_client *client, unsigned role, int64_t start)
{
    enum lp_outcome outcome =
        connect_and_set_up(client, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    if (outcome == LP_OK)
        outcome = make_tables(client, role, start);
    if (outcome == LP_OK && role == LP_ROLE_STORE)
        outcome = check_start(client, start);
    lp_sqlite_close(client);
    return outcome == LP_OK ? LP_OK : LP_FAIL;
}

/* LP_BUSY: others kept the database locked for the whole time. */
static enum lp_outcome open_role(struct lp_client *client, unsigned role)
{
    struct sqlite_state *state = sqlite_state_of(client);
    const struct sqlite_params *params = sqlite_params_of(client);

    state->role = role;
    enum lp_outcome outcome = connect_and_set_up(client, SQLITE_OPEN_READWRITE);
    /* The first read opens the files of the WAL, which are part of the identity. */
    if (outcome == LP_OK)
        outcome = run_text(client, "SELECT count(*) FROM sqlite_schema");
    if (outcome == LP_OK)
        outcome = lp_sqlite_identify(client);
    if (outcome != LP_OK)
        return outcome;
    /* A lock is polled by the harness, which records each try. */
    lp_sqlite_wait_install(client, params->handler,
                           role == LP_ROLE_LOCK ? 0 : params->busy_timeout_ns);
    return LP_OK;
}

enum lp_outcome lp_sqlite_open(struct lp_client *client, unsigned role)
{
    return open_role(client, role) == LP_OK ? LP_OK : LP_FAIL;
}

void lp_sqlite_close(struct lp_client *client)
{
    struct sqlite_state *state = sqlite_state_of(client);

    for (int i = 0; i < STMT_COUNT; i++)
        sqlite3_finalize(state->statements[i]);
    memset(state->statements, 0, sizeof state->statements);
    /* Rolls back what is open. Cannot be refused: no statement is left. */
    sqlite3_close(state->db);
    state->db = NULL;
    state->in_transaction = false;
}

enum lp_outcome lp_sqlite_drop(struct lp_client *client)
{
    lp_sqlite_close(client);
    return LP_OK;
}

enum lp_outcome lp_sqlite_reopen(struct lp_client *client)
{
    lp_sqlite_close(client);
    enum lp_outcome outcome = open_role(client, sqlite_state_of(client)->role);
    if (outcome != LP_OK)
        lp_sqlite_close(client);
    return outcome;
}
