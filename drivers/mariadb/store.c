/* SPDX-License-Identifier: MIT */
/*
 * The store: a row (name, n, fence). InnoDB's plain SELECT reads a snapshot at REPEATABLE READ, and
 * UPDATE the latest row; so a value that was read plainly may be old when it is written, and no
 * error tells (MariaDB manual, SET TRANSACTION; innodb_snapshot_isolation turns it into error
 * 1020).
 */
#include "drivers/mariadb/mariadb.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define QUOTED_SIZE 400
#define SQL_SIZE 700
#define TABLE "lockproof.counters"

static enum lp_outcome store_read(struct lp_client *client, int64_t *value)
{
    char sql[SQL_SIZE], name[QUOTED_SIZE];
    bool lock = my_params_of(client)->select == MY_FOR_UPDATE, found = false;
    snprintf(sql, sizeof sql, "SELECT n FROM " TABLE " WHERE name = %s%s",
             my_quote(client, my_params_of(client)->name, name, sizeof name),
             lock ? " FOR UPDATE" : "");
    enum lp_outcome outcome = my_do(client, sql, false, 0, &found, value);
    if (outcome == LP_OK && !found)
        return lp_fail(client, LP_FAIL, 0, "the row is gone");
    return outcome;
}

/* Rows that match, not rows that change (CLIENT_FOUND_ROWS): writing the same value is no miss. */
static enum lp_outcome update(struct lp_client *client, const char *set, const char *condition,
                              bool *matched)
{
    char sql[SQL_SIZE], name[QUOTED_SIZE];
    snprintf(sql, sizeof sql, "UPDATE " TABLE " SET %s WHERE name = %s%s", set,
             my_quote(client, my_params_of(client)->name, name, sizeof name), condition);
    enum lp_outcome outcome = my_do(client, sql, true, 0, NULL, NULL);
    *matched = outcome == LP_OK && my_matched(client) == 1;
    return outcome;
}

static enum lp_outcome store_write(struct lp_client *client, int64_t value)
{
    char set[40];
    bool matched;
    snprintf(set, sizeof set, "n = %" PRId64, value);
    enum lp_outcome outcome = update(client, set, "", &matched);
    if (outcome == LP_OK && !matched)
        return lp_fail(client, LP_FAIL, 0, "the row is gone");
    return outcome;
}

/* LAST_INSERT_ID(expr) keeps the new value for this connection: one statement adds and tells. */
static enum lp_outcome store_add(struct lp_client *client, int64_t delta, int64_t *result)
{
    char set[60];
    bool matched;
    snprintf(set, sizeof set, "n = LAST_INSERT_ID(n + %" PRId64 ")", delta);
    enum lp_outcome outcome = update(client, set, "", &matched);
    if (outcome != LP_OK)
        return outcome;
    if (!matched)
        return lp_fail(client, LP_FAIL, 0, "the row is gone");
    *result = (int64_t)mysql_insert_id(my_state_of(client)->connection);
    return LP_OK;
}

static enum lp_outcome store_cas(struct lp_client *client, int64_t expected, int64_t desired)
{
    char set[40], condition[40];
    bool matched;
    snprintf(set, sizeof set, "n = %" PRId64, desired);
    snprintf(condition, sizeof condition, " AND n = %" PRId64, expected);
    enum lp_outcome outcome = update(client, set, condition, &matched);
    if (outcome == LP_OK && !matched)
        return lp_fail(client, LP_BUSY, 0, "cas: the value is not the expected one");
    return outcome;
}

/* ---- with a token ---- */

static enum lp_outcome fenced_update(struct lp_client *client, struct lp_fence *fence,
                                     const char *also)
{
    char set[100], condition[60];
    bool matched;
    snprintf(set, sizeof set, "fence = %" PRIu64 "%s", fence->token, also);
    snprintf(condition, sizeof condition, " AND fence <= %" PRIu64, fence->token);
    enum lp_outcome outcome = update(client, set, condition, &matched);
    if (outcome != LP_OK || matched)
        return outcome;
    fence->stale = true;
    return lp_fail(client, LP_FAIL, 0, "refused: the row has seen a newer token than %" PRIu64,
                   fence->token);
}

static enum lp_outcome store_read_fenced(struct lp_client *client, struct lp_fence *fence,
                                         int64_t *value)
{
    enum lp_outcome outcome = fenced_update(client, fence, ", n = LAST_INSERT_ID(n)");
    if (outcome == LP_OK)
        *value = (int64_t)mysql_insert_id(my_state_of(client)->connection);
    return outcome;
}

static enum lp_outcome store_write_fenced(struct lp_client *client, struct lp_fence *fence,
                                          int64_t value)
{
    char also[40];
    snprintf(also, sizeof also, ", n = %" PRId64, value);
    return fenced_update(client, fence, also);
}

/* ---- transactions ---- */

/* Immediate and exclusive: writers wait for each other from the begin on. Plain readers never do.
 */
static enum lp_outcome take_row(struct lp_client *client)
{
    char sql[SQL_SIZE], name[QUOTED_SIZE], complaint[sizeof client->error];
    snprintf(sql, sizeof sql, "SELECT 1 FROM " TABLE " WHERE name = %s FOR UPDATE",
             my_quote(client, my_params_of(client)->name, name, sizeof name));
    enum lp_outcome outcome = my_do(client, sql, false, 0, NULL, NULL);
    if (outcome == LP_OK)
        return LP_OK;
    memcpy(complaint, client->error, sizeof complaint);
    if (my_state_of(client)->connection)
        my_do(client, "ROLLBACK", false, 0, NULL, NULL);
    my_state_of(client)->in_transaction = false;
    memcpy(client->error, complaint, sizeof complaint);
    return outcome;
}

static enum lp_outcome store_begin(struct lp_client *client, enum lp_begin_mode mode)
{
    static const char *const levels[] = {
        [MY_REPEATABLE_READ] = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        [MY_READ_COMMITTED] = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
        [MY_SERIALIZABLE] = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"};
    const struct my_params *params = my_params_of(client);
    enum lp_outcome outcome = my_do(client, levels[params->isolation], false, 0, NULL, NULL);
    if (outcome == LP_OK)
        outcome = my_do(client,
                        params->snapshot ? "START TRANSACTION WITH CONSISTENT SNAPSHOT"
                                         : "START TRANSACTION",
                        false, 0, NULL, NULL);
    my_state_of(client)->in_transaction = outcome == LP_OK;
    if (outcome == LP_OK && mode != LP_BEGIN_DEFERRED)
        outcome = take_row(client);
    return outcome;
}

/* A connection that was lost took the transaction with it: a new one has nothing to commit. */
static enum lp_outcome store_commit(struct lp_client *client)
{
    struct my_state *state = my_state_of(client);
    if (!state->connection)
        return lp_fail(client, LP_FAIL, 0, "the transaction is gone with its connection");
    state->in_transaction = false;
    return my_do(client, "COMMIT", true, 0, NULL, NULL);
}

static enum lp_outcome store_rollback(struct lp_client *client)
{
    struct my_state *state = my_state_of(client);
    if (!state->connection)
        return LP_OK; /* the server has done it */
    state->in_transaction = false;
    return my_do(client, "ROLLBACK", false, 0, NULL, NULL);
}

static unsigned store_traits(const void *params)
{
    const struct my_params *own = params;
    bool weak = own->isolation != MY_SERIALIZABLE && own->select == MY_PLAIN;
    return weak ? LP_TRAIT_WEAK_ISOLATION : 0;
}

static enum lp_outcome store_identify(struct lp_client *client, struct lp_identity *identity)
{
    char text[64];
    if (!my_state_of(client)->in_transaction && my_connect(client) != LP_OK)
        return LP_FAIL;
    snprintf(text, sizeof text, "row \"%.40s\"", my_params_of(client)->name);
    my_identity(client, text, identity);
    return LP_OK;
}

static enum lp_outcome store_drop(struct lp_client *client)
{
    my_hang_up(client);
    return LP_OK;
}

const struct lp_store_ops my_store_ops = {
    .read = store_read,
    .write = store_write,
    .identify = store_identify,
    .add = store_add,
    .cas = store_cas,
    .begin = store_begin,
    .commit = store_commit,
    .rollback = store_rollback,
    .drop = store_drop,
    .reopen = my_connect,
    .read_fenced = store_read_fenced,
    .write_fenced = store_write_fenced,
    .traits = store_traits,
};
