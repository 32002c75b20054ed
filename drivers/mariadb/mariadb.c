/* SPDX-License-Identifier: MIT */
/*
 * The MariaDB plug-in: a counter in an InnoDB row, user locks (GET_LOCK) and row locks. This file
 * is its table, and makes, opens and closes a client.
 */
#include "drivers/mariadb/mariadb.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {"get-lock", "row", NULL};
static const char *const isolation_names[] = {"repeatable-read", "read-committed", "serializable",
                                              NULL};
static const char *const select_names[] = {"plain", "for-update", NULL};

#define BOTH (LP_ROLE_LOCK | LP_ROLE_STORE)
#define AT(member) offsetof(struct my_params, member)

static const struct lp_param params[] = {
    {"name", LP_PARAM_TEXT, BOTH, AT(name), NULL, NULL, "of the row, or of the user lock"},
    {"kind", LP_PARAM_CHOICE, LP_ROLE_LOCK, AT(kind), "get-lock", kind_names,
     "GET_LOCK, or SELECT ... FOR UPDATE of a row"},
    {"isolation", LP_PARAM_CHOICE, LP_ROLE_STORE, AT(isolation), "repeatable-read", isolation_names,
     "level of transactions"},
    {"select", LP_PARAM_CHOICE, LP_ROLE_STORE, AT(select), "plain", select_names,
     "how the counter is read"},
    {"snapshot", LP_PARAM_BOOL, LP_ROLE_STORE, AT(snapshot), "no", NULL,
     "a transaction's snapshot is taken by its begin, not by its first read"},
    {"timeout", LP_PARAM_DURATION, BOTH, AT(timeout_ns), "2s", NULL,
     "how long one statement may take, connecting included"},
};

static enum lp_outcome my_open(struct lp_client *client, unsigned role)
{
    (void)role;
    return my_connect(client);
}

static void my_close(struct lp_client *client)
{
    my_hang_up(client);
}

static enum lp_outcome check_start(struct lp_client *client, int64_t start)
{
    int64_t value = 0;
    enum lp_outcome outcome = my_store_ops.read(client, &value);
    if (outcome != LP_OK || value == start)
        return outcome;
    return lp_fail(client, LP_FAIL, 0,
                   "the row \"%.40s\" is there already with %" PRId64 ", not %" PRId64
                   "; delete it or name another",
                   my_params_of(client)->name, value, start);
}

static enum lp_outcome make_row(struct lp_client *client, int64_t start)
{
    char sql[700], name[400];
    const char *const tables[] = {
        "CREATE DATABASE IF NOT EXISTS lockproof",
        "CREATE TABLE IF NOT EXISTS lockproof.counters (name VARCHAR(190) COLLATE utf8mb4_bin "
        "PRIMARY KEY, n BIGINT NOT NULL, fence DECIMAL(20) NOT NULL DEFAULT 0) ENGINE=InnoDB"};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        enum lp_outcome outcome = my_do(client, tables[i], true, 0, NULL, NULL);
        if (outcome != LP_OK)
            return outcome;
    }
    snprintf(sql, sizeof sql,
             "INSERT IGNORE INTO lockproof.counters (name, n) VALUES (%s, %" PRId64 ")",
             my_quote(client, my_params_of(client)->name, name, sizeof name), start);
    return my_do(client, sql, true, 0, NULL, NULL);
}

static enum lp_outcome my_prepare(struct lp_client *client, unsigned role, int64_t start)
{
    bool row = role == LP_ROLE_STORE || my_params_of(client)->kind == MY_ROW;
    enum lp_outcome outcome = my_connect(client);
    if (outcome == LP_OK && row)
        outcome = make_row(client, start);
    if (outcome == LP_OK && role == LP_ROLE_STORE)
        outcome = check_start(client, start);
    my_hang_up(client);
    return outcome == LP_OK ? LP_OK : LP_FAIL;
}

/* KILL only marks the connection; it is gone when the server does not list it any more. */
static enum lp_outcome my_harm(struct lp_client *client, enum lp_harm harm,
                               const struct lp_session *victim)
{
    char sql[120];
    int64_t left = 1;
    uint64_t until_ns = lp_now_ns(client) + my_params_of(client)->timeout_ns;
    (void)harm;
    snprintf(sql, sizeof sql, "KILL %" PRIu64, victim->id);
    enum lp_outcome outcome = my_do(client, sql, true, 0, NULL, NULL);
    snprintf(sql, sizeof sql,
             "SELECT COUNT(*) FROM information_schema.processlist WHERE id = %" PRIu64, victim->id);
    while (outcome == LP_OK && left != 0 && lp_now_ns(client) < until_ns)
        outcome = my_do(client, sql, false, 0, NULL, &left);
    if (outcome == LP_OK && left != 0)
        return lp_fail(client, LP_FAIL, 0, "the session is still there");
    return outcome;
}

static const struct lp_driver driver = {
    .magic = LP_DRIVER_MAGIC,
    .abi = LP_DRIVER_ABI,
    .size = sizeof(struct lp_driver),
    .roles = BOTH,
    .abilities = LP_ATOMIC_ACQUIRE | LP_ATOMIC_ADD | LP_TRANSACTIONS | LP_ATOMIC_WRITE,
    .owner = LP_OWNER_SESSION,
    .name = "mariadb",
    .summary = "a counter in a MariaDB row; GET_LOCK and row locks",
    .server = "mariadb",
    .params = params,
    .param_count = sizeof params / sizeof params[0],
    .params_size = sizeof(struct my_params),
    .state_size = sizeof(struct my_state),
    .prepare = my_prepare,
    .open = my_open,
    .close = my_close,
    .harm = my_harm,
    .lock = &my_lock_ops,
    .store = &my_store_ops,
};

LP_DRIVER_EXPORT(driver);
