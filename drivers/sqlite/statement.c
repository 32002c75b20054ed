/* SPDX-License-Identifier: MIT */
/*
 * One statement carried out, and what SQLite's answer means. A statement is always stepped to its
 * end and reset: in autocommit mode the commit happens there, so an UPDATE ... RETURNING that
 * handed out its row may still be refused; and a SELECT left standing would keep its shared lock.
 */
#include "drivers/sqlite/sqlite.h"

static const char *const texts[STMT_COUNT] = {
    [STMT_READ] = "SELECT value FROM counter WHERE id = 1",
    [STMT_WRITE] = "UPDATE counter SET value = ?1 WHERE id = 1",
    [STMT_ADD] = "UPDATE counter SET value = value + ?1 WHERE id = 1 RETURNING value",
    [STMT_CAS] = "UPDATE counter SET value = ?2 WHERE id = 1 AND value = ?1",
    [STMT_BEGIN_DEFERRED] = "BEGIN DEFERRED",
    [STMT_BEGIN_IMMEDIATE] = "BEGIN IMMEDIATE",
    [STMT_BEGIN_EXCLUSIVE] = "BEGIN EXCLUSIVE",
    [STMT_COMMIT] = "COMMIT",
    [STMT_ROLLBACK] = "ROLLBACK",
};

sqlite3_stmt *lp_sqlite_statement(struct lp_client *client, enum sqlite_statement which)
{
    struct sqlite_state *state = sqlite_state_of(client);
    if (state->db && !state->statements[which])
        sqlite3_prepare_v3(state->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT,
                           &state->statements[which], NULL);
    return state->statements[which];
}

int lp_sqlite_run(sqlite3_stmt *statement, int64_t *value, int *rows)
{
    int rc, count = 0;

    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        if (count++ == 0 && value)
            *value = sqlite3_column_int64(statement, 0);
    }
    if (rows)
        *rows = count;
    sqlite3_reset(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/*
 * Which answers prove that nothing was changed. What is not here (an I/O error, a damaged file, no
 * memory) says nothing about how far the change got. https://sqlite.org/rescode.html
 */
static const struct answer {
    int code;
    enum lp_outcome outcome;
} answers[] = {
    {SQLITE_OK, LP_OK},         {SQLITE_BUSY, LP_BUSY}, /* with all its kinds: BUSY_SNAPSHOT,
                                                           BUSY_RECOVERY */
    {SQLITE_PROTOCOL, LP_BUSY}, /* WAL: lost the race for a read mark too many times */
    {SQLITE_LOCKED, LP_FAIL},   {SQLITE_CONSTRAINT, LP_FAIL}, {SQLITE_READONLY, LP_FAIL},
    {SQLITE_PERM, LP_FAIL},     {SQLITE_AUTH, LP_FAIL},       {SQLITE_FULL, LP_FAIL},
    {SQLITE_CANTOPEN, LP_FAIL}, {SQLITE_NOTADB, LP_FAIL},     {SQLITE_SCHEMA, LP_FAIL},
    {SQLITE_MISUSE, LP_FAIL},   {SQLITE_MISMATCH, LP_FAIL},   {SQLITE_RANGE, LP_FAIL},
    {SQLITE_ERROR, LP_FAIL}, /* does not compile, no such table, no transaction to end */
};

enum lp_outcome lp_sqlite_outcome(struct lp_client *client, int rc, bool writes, const char *what)
{
    sqlite3 *db = sqlite_state_of(client)->db;
    enum lp_outcome outcome = writes ? LP_UNKNOWN : LP_FAIL;

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (answers[i].code == (rc & 0xff))
            outcome = answers[i].outcome;
    }
    if (outcome == LP_OK)
        return LP_OK;
    /* The connection remembers the longer text only of its latest call. */
    bool latest = db && sqlite3_extended_errcode(db) == rc;
    return lp_fail(client, outcome, 0, "%s: %s (SQLite code %d)", what,
                   latest ? sqlite3_errmsg(db) : sqlite3_errstr(rc), rc);
}
