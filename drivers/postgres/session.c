/* SPDX-License-Identifier: MIT */
/*
 * A connection through libpq's asynchronous half, so that every wait has a deadline of ours. What
 * an error means for the outcome:
 *
 *     serialization_failure, deadlock_detected, lock_not_available   LP_BUSY
 *     any other error that the server tells                          LP_FAIL
 *     the connection is gone after the statement was sent            LP_UNKNOWN if it writes
 *     it is gone before                                              LP_FAIL
 *
 * (PostgreSQL manual, "Transaction Isolation" and appendix "Error Codes".) An advisory lock that
 * the lost connection held is gone with it: a new connection is made only for a new statement, and
 * the driver never says that the old one's locks are still held.
 *
 * While exploring nobody else goes on unless this client says that it waits: what is not answered
 * soon is looked at from a second connection (pg_blocking_pids: "System Information Functions").
 */
#include "drivers/postgres/postgres.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t deadline_of(struct lp_client *client)
{
    return lp_now_ns(client) + pg_params_of(client)->timeout_ns;
}

static bool wait_for(struct lp_client *client, int fd, short events, uint64_t deadline_ns)
{
    for (;;) {
        uint64_t now = lp_now_ns(client);
        if (now >= deadline_ns)
            return false;
        uint64_t left = deadline_ns - now;
        struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000),
                                   .tv_nsec = (long)(left % 1000000000)};
        struct pollfd polled = {.fd = fd, .events = events};
        int ready = ppoll(&polled, 1, &timeout, NULL);
        if (ready > 0)
            return true;
        if (ready == -1 && errno != EINTR)
            return false;
    }
}

/* The first line of what libpq says, in one sentence. */
static enum lp_outcome tell(struct lp_client *client, enum lp_outcome outcome, const char *what,
                            const char *text)
{
    return lp_fail(client, outcome, 0, "%s: %.*s", what, (int)strcspn(text, "\n"), text);
}

void pg_hang_up(struct lp_client *client)
{
    struct pg_state *state = pg_state_of(client);
    if (state->watcher)
        PQfinish(state->watcher);
    state->watcher = NULL;
    if (state->connection)
        PQfinish(state->connection);
    state->connection = NULL;
    state->in_transaction = false;
    client->session.id = 0;
}

static const char *url_of(const struct lp_client *client)
{
    bool pooled = pg_params_of(client)->pooler && client->server_count > 1;
    return pooled ? client->server_urls[client->server_count - 1] : client->server_url;
}

static bool finish_connecting(struct lp_client *client, uint64_t deadline_ns)
{
    PGconn *connection = pg_state_of(client)->connection;
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING) {
        short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!wait_for(client, PQsocket(connection), events, deadline_ns))
            return false;
        next = PQconnectPoll(connection);
    }
    return next == PGRES_POLLING_OK;
}

static void be_silent(void *context, const char *message)
{
    (void)context, (void)message;
}

/* Who the server is: a restart does not change it, another cluster or database does. */
static enum lp_outcome ask_who(struct lp_client *client)
{
    static const struct pg_statement statement = {
        .sql = "SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = "
               "current_database()) FROM pg_control_system()"};
    struct pg_state *state = pg_state_of(client);
    PGresult *result;
    enum lp_outcome outcome = pg_do(client, &statement, &result);
    if (outcome != LP_OK)
        return outcome;
    if (PQntuples(result) == 1) {
        state->system = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
        state->database = (unsigned)strtoul(PQgetvalue(result, 0, 1), NULL, 10);
    }
    PQclear(result);
    return LP_OK;
}

enum lp_outcome pg_connect(struct lp_client *client)
{
    struct pg_state *state = pg_state_of(client);
    if (state->connection && PQstatus(state->connection) == CONNECTION_OK)
        return LP_OK;
    pg_hang_up(client);
    if (!client->server_url)
        return lp_fail(client, LP_FAIL, 0, "no server was given");
    state->connection = PQconnectStart(url_of(client));
    if (!state->connection)
        return lp_fail(client, LP_FAIL, ENOMEM, "cannot connect to PostgreSQL");
    if (PQstatus(state->connection) == CONNECTION_BAD ||
        !finish_connecting(client, deadline_of(client))) {
        tell(client, LP_FAIL, "cannot connect to PostgreSQL", PQerrorMessage(state->connection));
        pg_hang_up(client);
        return LP_FAIL;
    }
    PQsetNoticeProcessor(state->connection, be_silent, NULL);
    PQsetnonblocking(state->connection, 1);
    client->session.id = (uint64_t)PQbackendPID(state->connection);
    if (state->system == 0 && ask_who(client) != LP_OK) {
        pg_hang_up(client);
        return LP_FAIL;
    }
    return LP_OK;
}

/* ---- one statement ---- */

static bool is_conflict(const char *code)
{
    static const char *const conflicts[] = {"40001", "40P01", "55P03"};
    for (size_t i = 0; code && i < sizeof conflicts / sizeof conflicts[0]; i++)
        if (strcmp(code, conflicts[i]) == 0)
            return true;
    return false;
}

/* From here on nothing of this connection can be believed. */
static enum lp_outcome lost(struct lp_client *client, const struct pg_statement *statement,
                            const char *what)
{
    PGconn *connection = pg_state_of(client)->connection;
    enum lp_outcome outcome = statement->writes ? LP_UNKNOWN : LP_FAIL;
    tell(client, outcome, what, PQerrorMessage(connection));
    pg_hang_up(client);
    return outcome;
}

static bool send_all(struct lp_client *client, uint64_t deadline_ns)
{
    PGconn *connection = pg_state_of(client)->connection;
    int left;
    while ((left = PQflush(connection)) == 1)
        if (!wait_for(client, PQsocket(connection), POLLOUT, deadline_ns))
            return false;
    return left == 0;
}

/* ---- led ---- */

/* Does the statement that was sent wait for another session? */
static bool is_blocked(struct lp_client *client)
{
    struct pg_state *state = pg_state_of(client);
    char pid[16];
    const char *values[] = {pid};
    if (!state->watcher)
        state->watcher = PQconnectdb(url_of(client));
    snprintf(pid, sizeof pid, "%d", PQbackendPID(state->connection));
    PGresult *result =
        PQexecParams(state->watcher, "SELECT cardinality(pg_blocking_pids($1::int)) > 0", 1, NULL,
                     values, NULL, NULL, 0);
    bool blocked = PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    PQclear(result);
    return blocked;
}

static void cancel(struct lp_client *client)
{
    char error[256];
    PGcancel *cancel = PQgetCancel(pg_state_of(client)->connection);
    pg_state_of(client)->given_up = true;
    if (cancel)
        PQcancel(cancel, error, sizeof error);
    PQfreeCancel(cancel);
}

/* The deadline is virtual: nothing ends by it, but what a server that is not blocked takes. */
static bool wait_led(struct lp_client *client, int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    for (uint64_t ms = 0; ms < pg_params_of(client)->timeout_ns / 1000000; ms++) {
        int ready = poll(&polled, 1, 1);
        if (ready > 0)
            return true;
        if (ready == -1 && errno != EINTR)
            return false;
        if (is_blocked(client) && lp_wait(client) != LP_WAITED)
            cancel(client);
    }
    return false;
}

static bool wait_for_answer(struct lp_client *client, uint64_t deadline_ns)
{
    int fd = PQsocket(pg_state_of(client)->connection);
    return lp_is_led(client) ? wait_led(client, fd) : wait_for(client, fd, POLLIN, deadline_ns);
}

/* The last result, with all before it thrown away; NULL when the connection or the time is over. */
static PGresult *receive(struct lp_client *client, uint64_t deadline_ns)
{
    PGconn *connection = pg_state_of(client)->connection;
    PGresult *last = NULL;
    for (;;) {
        while (PQisBusy(connection)) {
            if (!wait_for_answer(client, deadline_ns) || !PQconsumeInput(connection)) {
                PQclear(last);
                return NULL;
            }
        }
        PGresult *next = PQgetResult(connection);
        if (!next)
            return last;
        PQclear(last);
        last = next;
    }
}

enum lp_outcome pg_do(struct lp_client *client, const struct pg_statement *statement,
                      PGresult **result)
{
    struct pg_state *state = pg_state_of(client);
    uint64_t deadline_ns = statement->deadline_ns ? statement->deadline_ns : deadline_of(client);
    enum lp_outcome outcome = state->connection ? LP_OK : pg_connect(client);
    if (result)
        *result = NULL;
    if (outcome != LP_OK)
        return outcome;
    if (PQsendQueryParams(state->connection, statement->sql, statement->count, NULL,
                          statement->values, NULL, NULL, 0) == 0 ||
        !send_all(client, deadline_ns))
        return lost(client, statement, "cannot send to PostgreSQL");
    state->given_up = false;
    PGresult *got = receive(client, deadline_ns);
    if (!got || PQstatus(state->connection) == CONNECTION_BAD) {
        PQclear(got);
        return lost(client, statement, "no answer from PostgreSQL");
    }
    ExecStatusType status = PQresultStatus(got);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
        if (result)
            *result = got;
        else
            PQclear(got);
        return LP_OK;
    }
    bool conflict = state->given_up || is_conflict(PQresultErrorField(got, PG_DIAG_SQLSTATE));
    outcome = conflict ? LP_BUSY : LP_FAIL;
    tell(client, outcome, "PostgreSQL", PQresultErrorMessage(got));
    PQclear(got);
    return outcome;
}

/* FNV-1a (Fowler, Noll, Vo). */
void pg_identity(struct lp_client *client, const char *text, struct lp_identity *identity)
{
    const struct pg_state *state = pg_state_of(client);
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ state->database;
    for (const char *at = text; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    identity->domain = state->system;
    identity->object = hash;
    snprintf(identity->text, sizeof identity->text, "%.40s in database %u of PostgreSQL %" PRIu64,
             text, state->database, state->system);
}
