/* SPDX-License-Identifier: MIT */
/*
 * Locks (MariaDB manual, GET_LOCK; InnoDB row locks):
 *
 *     get-lock   a name on the server; the connection's, until RELEASE_LOCK or its end. The name's
 *                letter case counts, and RELEASE_LOCK tells by 1, 0 or NULL, never by an error
 *     row        SELECT ... FOR UPDATE of a row, inside BEGIN ... COMMIT
 */
#include "drivers/mariadb/mariadb.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define QUOTED_SIZE 400
#define SQL_SIZE 600

static bool is_row(const struct lp_client *client)
{
    return my_params_of(client)->kind == MY_ROW;
}

static void undo(struct lp_client *client)
{
    char complaint[sizeof client->error];
    if (!my_state_of(client)->in_transaction)
        return;
    memcpy(complaint, client->error, sizeof complaint);
    if (my_do(client, "ROLLBACK", false, 0, NULL, NULL) != LP_OK)
        my_hang_up(client);
    my_state_of(client)->in_transaction = false;
    memcpy(client->error, complaint, sizeof complaint);
}

static void describe(struct lp_client *client, struct lp_grant *grant)
{
    char text[80];
    snprintf(text, sizeof text, is_row(client) ? "row \"%.40s\"" : "user lock \"%.40s\"",
             my_params_of(client)->name);
    my_identity(client, text, &grant->identity);
}

static enum lp_outcome take_row(struct lp_client *client, uint64_t wait_s, uint64_t deadline_ns)
{
    char sql[SQL_SIZE], name[QUOTED_SIZE];
    bool found = false;
    enum lp_outcome outcome = my_do(client, "START TRANSACTION", false, 0, NULL, NULL);
    if (outcome != LP_OK)
        return outcome;
    my_state_of(client)->in_transaction = true;
    snprintf(sql, sizeof sql, "SELECT n FROM lockproof.counters WHERE name = %s FOR UPDATE %s",
             my_quote(client, my_params_of(client)->name, name, sizeof name),
             wait_s ? "" : "NOWAIT");
    outcome = my_do(client, sql, true, deadline_ns, &found, NULL);
    if (outcome == LP_OK && !found)
        outcome = lp_fail(client, LP_FAIL, 0, "the row is gone");
    if (outcome != LP_OK)
        undo(client);
    return outcome;
}

/* 1: granted; 0: not in time; NULL: an error that is none. */
static enum lp_outcome take_name(struct lp_client *client, double wait_s, uint64_t deadline_ns)
{
    char sql[SQL_SIZE], name[QUOTED_SIZE];
    bool found = false;
    int64_t granted = 0;
    snprintf(sql, sizeof sql, "SELECT GET_LOCK(%s, %.3f)",
             my_quote(client, my_params_of(client)->name, name, sizeof name), wait_s);
    enum lp_outcome outcome = my_do(client, sql, true, deadline_ns, &found, &granted);
    if (outcome != LP_OK)
        return outcome;
    if (!found)
        return lp_fail(client, LP_FAIL, 0, "GET_LOCK answered NULL");
    return granted == 1 ? LP_OK : LP_BUSY;
}

static enum lp_outcome acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                   struct lp_grant *grant)
{
    if (mode == LP_SHARED)
        return lp_fail(client, LP_FAIL, 0, "shared mode is not offered");
    enum lp_outcome outcome = is_row(client) ? take_row(client, 0, 0) : take_name(client, 0, 0);
    if (outcome == LP_OK)
        describe(client, grant);
    return outcome;
}

/* The server gives up first: whoever stops waiting for its answer cannot tell whether the lock was
   granted. */
static enum lp_outcome acquire_wait(struct lp_client *client, enum lp_lock_mode mode,
                                    uint64_t deadline_ns, struct lp_grant *grant)
{
    char sql[80];
    uint64_t now = lp_now_ns(client);
    double left_s = deadline_ns > now ? (double)(deadline_ns - now) / 1e9 : 0;
    uint64_t wait_s = (uint64_t)left_s + 1;
    uint64_t answer_ns = now + wait_s * 1000000000 + my_params_of(client)->timeout_ns;
    enum lp_outcome outcome;
    if (mode == LP_SHARED)
        return lp_fail(client, LP_FAIL, 0, "shared mode is not offered");
    if (is_row(client)) {
        snprintf(sql, sizeof sql, "SET innodb_lock_wait_timeout = %" PRIu64, wait_s);
        outcome = my_do(client, sql, false, 0, NULL, NULL);
        if (outcome == LP_OK)
            outcome = take_row(client, wait_s, answer_ns);
    } else {
        outcome = take_name(client, left_s, answer_ns);
    }
    if (outcome == LP_OK)
        describe(client, grant);
    return outcome;
}

static enum lp_outcome lock_release(struct lp_client *client)
{
    char sql[SQL_SIZE], name[QUOTED_SIZE];
    bool found = false;
    int64_t released = 0;
    struct my_state *state = my_state_of(client);
    if (!state->connection)
        return lp_fail(client, LP_FAIL, 0, "not held: the session is gone");
    if (is_row(client)) {
        if (!state->in_transaction)
            return lp_fail(client, LP_FAIL, 0, "not held: the transaction is gone");
        state->in_transaction = false;
        return my_do(client, "COMMIT", true, 0, NULL, NULL);
    }
    snprintf(sql, sizeof sql, "SELECT RELEASE_LOCK(%s)",
             my_quote(client, my_params_of(client)->name, name, sizeof name));
    enum lp_outcome outcome = my_do(client, sql, true, 0, &found, &released);
    if (outcome != LP_OK || (found && released == 1))
        return outcome;
    return lp_fail(client, LP_FAIL, 0, "not held by this session");
}

static enum lp_held still_held(struct lp_client *client)
{
    char sql[SQL_SIZE], name[QUOTED_SIZE];
    bool found = false;
    int64_t own = 0;
    struct my_state *state = my_state_of(client);
    if (!state->connection)
        return LP_HELD_NO;
    if (is_row(client))
        return LP_HELD_UNKNOWN;
    snprintf(sql, sizeof sql, "SELECT IFNULL(IS_USED_LOCK(%s) = CONNECTION_ID(), 0)",
             my_quote(client, my_params_of(client)->name, name, sizeof name));
    if (my_do(client, sql, false, 0, &found, &own) != LP_OK)
        return state->connection ? LP_HELD_UNKNOWN : LP_HELD_NO;
    return own == 1 ? LP_HELD_YES : LP_HELD_NO;
}

static enum lp_outcome lock_drop(struct lp_client *client)
{
    my_hang_up(client);
    return LP_OK;
}

const struct lp_lock_ops my_lock_ops = {
    .acquire_try = acquire_try,
    .acquire_wait = acquire_wait,
    .release = lock_release,
    .still_held = still_held,
    .drop = lock_drop,
    .reopen = my_connect,
};
