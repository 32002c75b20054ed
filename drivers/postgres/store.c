/* SPDX-License-Identifier: MIT */
/*
 * The store: a row (name, n, fence). At READ COMMITTED a plain SELECT takes no lock and keeps no
 * snapshot, so read and write of one transaction are open to others; a stricter level refuses the
 * second writer, and FOR UPDATE makes it wait (PostgreSQL manual, "Transaction Isolation").
 */
#include "drivers/postgres/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A conflict or an error leaves the transaction to be rolled back; the harness asks for that. */
static enum lp_outcome one_number(struct lp_client *client, const struct pg_statement *statement,
                                  bool *found, int64_t *value)
{
    PGresult *result;
    enum lp_outcome outcome = pg_do(client, statement, &result);
    if (outcome != LP_OK)
        return outcome;
    *found = PQntuples(result) == 1;
    if (*found)
        *value = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return LP_OK;
}

static enum lp_outcome store_read(struct lp_client *client, int64_t *value)
{
    bool lock = pg_params_of(client)->select == PG_FOR_UPDATE;
    bool found = false;
    struct pg_statement statement = {.sql =
                                         lock ? "SELECT n FROM lockproof WHERE name = $1 FOR UPDATE"
                                              : "SELECT n FROM lockproof WHERE name = $1",
                                     .values = {pg_params_of(client)->name},
                                     .count = 1};
    enum lp_outcome outcome = one_number(client, &statement, &found, value);
    if (outcome == LP_OK && !found)
        return lp_fail(client, LP_FAIL, 0, "the row is gone");
    return outcome;
}

static enum lp_outcome store_write(struct lp_client *client, int64_t value)
{
    char text[24];
    bool found = false;
    int64_t written;
    struct pg_statement statement = {.sql =
                                         "UPDATE lockproof SET n = $2 WHERE name = $1 RETURNING n",
                                     .values = {pg_params_of(client)->name, text},
                                     .count = 2,
                                     .writes = true};
    snprintf(text, sizeof text, "%" PRId64, value);
    enum lp_outcome outcome = one_number(client, &statement, &found, &written);
    if (outcome == LP_OK && !found)
        return lp_fail(client, LP_FAIL, 0, "the row is gone");
    return outcome;
}

static enum lp_outcome store_add(struct lp_client *client, int64_t delta, int64_t *result)
{
    char text[24];
    bool found = false;
    struct pg_statement statement = {
        .sql = "UPDATE lockproof SET n = n + $2 WHERE name = $1 RETURNING n",
        .values = {pg_params_of(client)->name, text},
        .count = 2,
        .writes = true};
    snprintf(text, sizeof text, "%" PRId64, delta);
    enum lp_outcome outcome = one_number(client, &statement, &found, result);
    if (outcome == LP_OK && !found)
        return lp_fail(client, LP_FAIL, 0, "the row is gone");
    return outcome;
}

/* No row changed is the conflict; it raises nothing, one must look. */
static enum lp_outcome store_cas(struct lp_client *client, int64_t expected, int64_t desired)
{
    char old_text[24], new_text[24];
    bool found = false;
    int64_t written;
    struct pg_statement statement = {
        .sql = "UPDATE lockproof SET n = $3 WHERE name = $1 AND n = $2 RETURNING n",
        .values = {pg_params_of(client)->name, old_text, new_text},
        .count = 3,
        .writes = true};
    snprintf(old_text, sizeof old_text, "%" PRId64, expected);
    snprintf(new_text, sizeof new_text, "%" PRId64, desired);
    enum lp_outcome outcome = one_number(client, &statement, &found, &written);
    if (outcome == LP_OK && !found)
        return lp_fail(client, LP_BUSY, 0, "cas: the value is not the expected one");
    return outcome;
}

/* ---- with a token ---- */

static enum lp_outcome fenced(struct lp_client *client, struct lp_fence *fence,
                              struct pg_statement *statement, int64_t *value)
{
    bool found = false;
    enum lp_outcome outcome = one_number(client, statement, &found, value);
    if (outcome != LP_OK || found)
        return outcome;
    fence->stale = true;
    return lp_fail(client, LP_FAIL, 0, "refused: the row has seen a newer token than %" PRIu64,
                   fence->token);
}

static enum lp_outcome store_read_fenced(struct lp_client *client, struct lp_fence *fence,
                                         int64_t *value)
{
    char token[24];
    struct pg_statement statement = {
        .sql = "UPDATE lockproof SET fence = $2 WHERE name = $1 AND fence <= $2 RETURNING n",
        .values = {pg_params_of(client)->name, token},
        .count = 2,
        .writes = true};
    snprintf(token, sizeof token, "%" PRIu64, fence->token);
    return fenced(client, fence, &statement, value);
}

static enum lp_outcome store_write_fenced(struct lp_client *client, struct lp_fence *fence,
                                          int64_t value)
{
    char token[24], text[24];
    int64_t written;
    struct pg_statement statement = {
        .sql = "UPDATE lockproof SET n = $3, fence = $2 WHERE name = $1 AND fence <= $2 RETURNING "
               "n",
        .values = {pg_params_of(client)->name, token, text},
        .count = 3,
        .writes = true};
    snprintf(token, sizeof token, "%" PRIu64, fence->token);
    snprintf(text, sizeof text, "%" PRId64, value);
    return fenced(client, fence, &statement, &written);
}

/* ---- transactions ---- */

/* Immediate and exclusive: writers wait for each other from the begin on. Readers never wait. */
static enum lp_outcome take_row(struct lp_client *client)
{
    struct pg_statement lock = {.sql = "SELECT FROM lockproof WHERE name = $1 FOR UPDATE",
                                .values = {pg_params_of(client)->name},
                                .count = 1};
    struct pg_statement rollback = {.sql = "ROLLBACK"};
    char complaint[sizeof client->error];
    enum lp_outcome outcome = pg_do(client, &lock, NULL);
    if (outcome == LP_OK)
        return LP_OK;
    memcpy(complaint, client->error, sizeof complaint);
    if (pg_state_of(client)->connection)
        pg_do(client, &rollback, NULL);
    pg_state_of(client)->in_transaction = false;
    memcpy(client->error, complaint, sizeof complaint);
    return outcome;
}

static enum lp_outcome store_begin(struct lp_client *client, enum lp_begin_mode mode)
{
    static const char *const levels[] = {[PG_READ_COMMITTED] = "READ COMMITTED",
                                         [PG_REPEATABLE_READ] = "REPEATABLE READ",
                                         [PG_SERIALIZABLE] = "SERIALIZABLE"};
    char sql[64];
    struct pg_statement statement = {.sql = sql};
    snprintf(sql, sizeof sql, "BEGIN ISOLATION LEVEL %s", levels[pg_params_of(client)->isolation]);
    enum lp_outcome outcome = pg_do(client, &statement, NULL);
    pg_state_of(client)->in_transaction = outcome == LP_OK;
    if (outcome == LP_OK && mode != LP_BEGIN_DEFERRED)
        outcome = take_row(client);
    return outcome;
}

/* COMMIT of a transaction that has failed answers ROLLBACK, without any error. */
static enum lp_outcome store_commit(struct lp_client *client)
{
    struct pg_statement statement = {.sql = "COMMIT", .writes = true};
    PGresult *result;
    enum lp_outcome outcome = pg_do(client, &statement, &result);
    pg_state_of(client)->in_transaction = false;
    if (outcome != LP_OK)
        return outcome;
    bool committed = strcmp(PQcmdStatus(result), "COMMIT") == 0;
    PQclear(result);
    return committed ? LP_OK : lp_fail(client, LP_FAIL, 0, "the transaction was rolled back");
}

static enum lp_outcome store_rollback(struct lp_client *client)
{
    struct pg_statement statement = {.sql = "ROLLBACK"};
    struct pg_state *state = pg_state_of(client);
    if (!state->connection)
        return LP_OK; /* the server has done it */
    state->in_transaction = false;
    return pg_do(client, &statement, NULL);
}

static unsigned store_traits(const void *params)
{
    const struct pg_params *own = params;
    bool weak = own->isolation == PG_READ_COMMITTED && own->select == PG_PLAIN;
    return weak ? LP_TRAIT_WEAK_ISOLATION : 0;
}

static enum lp_outcome store_identify(struct lp_client *client, struct lp_identity *identity)
{
    char text[64];
    /* Inside a transaction the connection is the one that began it, or it is lost. */
    if (!pg_state_of(client)->in_transaction && pg_connect(client) != LP_OK)
        return LP_FAIL;
    snprintf(text, sizeof text, "row \"%.40s\"", pg_params_of(client)->name);
    pg_identity(client, text, identity);
    return LP_OK;
}

static enum lp_outcome store_drop(struct lp_client *client)
{
    pg_hang_up(client);
    return LP_OK;
}

const struct lp_store_ops pg_store_ops = {
    .read = store_read,
    .write = store_write,
    .identify = store_identify,
    .add = store_add,
    .cas = store_cas,
    .begin = store_begin,
    .commit = store_commit,
    .rollback = store_rollback,
    .drop = store_drop,
    .reopen = pg_connect,
    .read_fenced = store_read_fenced,
    .write_fenced = store_write_fenced,
    .traits = store_traits,
};
