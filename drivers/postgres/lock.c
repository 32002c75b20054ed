/* SPDX-License-Identifier: MIT */
/*
 * Locks (PostgreSQL manual, "Explicit Locking"):
 *
 *     session      pg_advisory_lock: the connection's, until it is unlocked or the connection ends
 *     transaction  pg_advisory_xact_lock inside BEGIN ... COMMIT; unlock is the commit
 *     statement    the same without BEGIN: over with the statement that took it, which is the
 *                  mistake
 *     row          SELECT ... FOR UPDATE of a row, inside BEGIN ... COMMIT
 *
 * A lock that cannot be had at once is waited for in the server, with lock_timeout as the deadline.
 */
#include "drivers/postgres/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void key_text(struct lp_client *client, char *text, size_t size)
{
    snprintf(text, size, "%" PRId64, pg_state_of(client)->key);
}

static enum lp_outcome simple(struct lp_client *client, const char *sql, bool writes)
{
    struct pg_statement statement = {.sql = sql, .writes = writes};
    return pg_do(client, &statement, NULL);
}

static bool is_transaction(struct lp_client *client)
{
    unsigned kind = pg_params_of(client)->kind;
    return kind == PG_TRANSACTION || kind == PG_ROW;
}

static enum lp_outcome begin(struct lp_client *client)
{
    if (!is_transaction(client))
        return LP_OK;
    enum lp_outcome outcome = simple(client, "BEGIN", false);
    pg_state_of(client)->in_transaction = outcome == LP_OK;
    return outcome;
}

static void undo(struct lp_client *client)
{
    struct pg_state *state = pg_state_of(client);
    char complaint[sizeof client->error];
    if (!state->in_transaction)
        return;
    memcpy(complaint, client->error, sizeof complaint);
    if (simple(client, "ROLLBACK", false) != LP_OK)
        pg_hang_up(client);
    state->in_transaction = false;
    memcpy(client->error, complaint, sizeof complaint);
}

static void describe(struct lp_client *client, struct lp_grant *grant)
{
    char text[64];
    if (pg_params_of(client)->kind == PG_ROW)
        snprintf(text, sizeof text, "row \"%.40s\"", pg_params_of(client)->name);
    else
        snprintf(text, sizeof text, "advisory lock %" PRId64, pg_state_of(client)->key);
    pg_identity(client, text, &grant->identity);
}

/* Takes it by a function that answers whether it was granted, or by a row that is then locked. */
static enum lp_outcome take(struct lp_client *client, const char *function, const char *row_clause,
                            uint64_t deadline_ns, struct lp_grant *grant)
{
    char sql[160], key[24];
    const struct pg_params *params = pg_params_of(client);
    struct pg_statement statement = {
        .sql = sql, .count = 1, .writes = true, .deadline_ns = deadline_ns};
    PGresult *result;
    enum lp_outcome outcome = begin(client);
    if (outcome != LP_OK)
        return outcome;
    key_text(client, key, sizeof key);
    if (params->kind == PG_ROW) {
        snprintf(sql, sizeof sql, "SELECT n FROM lockproof WHERE name = $1 FOR UPDATE%s",
                 row_clause);
        statement.values[0] = params->name;
    } else {
        snprintf(sql, sizeof sql, "SELECT %s($1)", function);
        statement.values[0] = key;
    }
    outcome = pg_do(client, &statement, &result);
    if (outcome == LP_OK) {
        bool granted = PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "f") != 0;
        PQclear(result);
        outcome = granted ? LP_OK : LP_BUSY;
    }
    if (outcome == LP_OK)
        describe(client, grant);
    else
        undo(client);
    return outcome;
}

static enum lp_outcome acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                   struct lp_grant *grant)
{
    bool session = pg_params_of(client)->kind == PG_SESSION;
    if (mode == LP_SHARED)
        return lp_fail(client, LP_FAIL, 0, "shared mode is not offered");
    return take(client, session ? "pg_try_advisory_lock" : "pg_try_advisory_xact_lock", " NOWAIT",
                0, grant);
}

/* The server gives up at the deadline, not we: whoever stops waiting for the answer could not tell
   whether the lock was granted. Our own deadline is later. */
static enum lp_outcome acquire_wait(struct lp_client *client, enum lp_lock_mode mode,
                                    uint64_t deadline_ns, struct lp_grant *grant)
{
    char sql[64];
    uint64_t now = lp_now_ns(client);
    uint64_t left_ms = deadline_ns > now ? (deadline_ns - now) / 1000000 + 1 : 1;
    bool session = pg_params_of(client)->kind == PG_SESSION;
    if (mode == LP_SHARED)
        return lp_fail(client, LP_FAIL, 0, "shared mode is not offered");
    snprintf(sql, sizeof sql, "SET lock_timeout = %" PRIu64, left_ms);
    if (!pg_params_of(client)->pooler && simple(client, sql, false) != LP_OK)
        return LP_FAIL;
    return take(client, session ? "pg_advisory_lock" : "pg_advisory_xact_lock", "",
                deadline_ns + pg_params_of(client)->timeout_ns, grant);
}

static enum lp_outcome release_session(struct lp_client *client)
{
    char key[24];
    PGresult *result;
    struct pg_statement statement = {
        .sql = "SELECT pg_advisory_unlock($1)", .values = {key}, .count = 1, .writes = true};
    if (!pg_state_of(client)->connection)
        return lp_fail(client, LP_FAIL, 0, "not held: the session is gone");
    key_text(client, key, sizeof key);
    enum lp_outcome outcome = pg_do(client, &statement, &result);
    if (outcome != LP_OK)
        return outcome;
    bool unlocked = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    PQclear(result);
    return unlocked ? LP_OK : lp_fail(client, LP_FAIL, 0, "not held by this session");
}

static enum lp_outcome lock_release(struct lp_client *client)
{
    struct pg_state *state = pg_state_of(client);
    switch ((enum pg_kind)pg_params_of(client)->kind) {
    case PG_SESSION:
        return release_session(client);
    case PG_STATEMENT:
        return lp_fail(client, LP_FAIL, 0, "not held: it ended with its statement");
    case PG_TRANSACTION:
    case PG_ROW:
        break;
    }
    if (!state->connection || !state->in_transaction)
        return lp_fail(client, LP_FAIL, 0, "not held: the transaction is gone");
    state->in_transaction = false;
    return simple(client, "COMMIT", true);
}

/* Asked over the connection that took it; a pooler may ask over another one, which is then the
   truth as well. */
static enum lp_held still_held(struct lp_client *client)
{
    char key[24];
    PGresult *result;
    struct pg_statement statement = {
        .sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = "
               "pg_backend_pid() AND ((classid::bigint << 32) | objid::bigint) = $1",
        .values = {key},
        .count = 1};
    struct pg_state *state = pg_state_of(client);
    if (!state->connection || PQstatus(state->connection) == CONNECTION_BAD)
        return LP_HELD_NO;
    if (pg_params_of(client)->kind == PG_ROW)
        return PQtransactionStatus(state->connection) == PQTRANS_INTRANS ? LP_HELD_YES
                                                                         : LP_HELD_UNKNOWN;
    key_text(client, key, sizeof key);
    if (pg_do(client, &statement, &result) != LP_OK)
        return state->connection ? LP_HELD_UNKNOWN : LP_HELD_NO;
    bool held = strcmp(PQgetvalue(result, 0, 0), "0") != 0;
    PQclear(result);
    return held ? LP_HELD_YES : LP_HELD_NO;
}

static enum lp_outcome lock_drop(struct lp_client *client)
{
    pg_hang_up(client);
    return LP_OK;
}

const struct lp_lock_ops pg_lock_ops = {
    .acquire_try = acquire_try,
    .acquire_wait = acquire_wait,
    .release = lock_release,
    .still_held = still_held,
    .drop = lock_drop,
    .reopen = pg_connect,
};
