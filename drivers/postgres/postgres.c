/* SPDX-License-Identifier: MIT */
/*
 * The PostgreSQL plug-in: a counter in a row, advisory locks, row locks. This file is its table,
 * and makes, opens and closes a client.
 */
#include "drivers/postgres/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {"session", "transaction", "statement", "row", NULL};
static const char *const isolation_names[] = {"read-committed", "repeatable-read", "serializable",
                                              NULL};
static const char *const select_names[] = {"plain", "for-update", NULL};

#define BOTH (LP_ROLE_LOCK | LP_ROLE_STORE)
#define AT(member) offsetof(struct pg_params, member)

static const struct lp_param params[] = {
    {"name", LP_PARAM_TEXT, BOTH, AT(name), NULL, NULL,
     "of the row, or what the advisory lock's number is made of"},
    {"kind", LP_PARAM_CHOICE, LP_ROLE_LOCK, AT(kind), "session", kind_names,
     "an advisory lock of the session, of a transaction, of one statement; or a row"},
    {"isolation", LP_PARAM_CHOICE, LP_ROLE_STORE, AT(isolation), "read-committed", isolation_names,
     "level of transactions"},
    {"select", LP_PARAM_CHOICE, LP_ROLE_STORE, AT(select), "plain", select_names,
     "how the counter is read"},
    {"pooler", LP_PARAM_BOOL, BOTH, AT(pooler), "no", NULL,
     "through the pooler of `topology: pooler`"},
    {"timeout", LP_PARAM_DURATION, BOTH, AT(timeout_ns), "2s", NULL,
     "how long one statement may take, connecting included"},
};

/* A number of 62 bits, never negative: FNV-1a (Fowler, Noll, Vo). */
static int64_t key_of(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return (int64_t)(hash >> 2);
}

static enum lp_outcome pg_open(struct lp_client *client, unsigned role)
{
    (void)role;
    pg_state_of(client)->key = key_of(pg_params_of(client)->name);
    return pg_connect(client);
}

static void pg_close(struct lp_client *client)
{
    pg_hang_up(client);
}

static enum lp_outcome check_start(struct lp_client *client, int64_t start)
{
    int64_t value = 0;
    enum lp_outcome outcome = pg_store_ops.read(client, &value);
    if (outcome != LP_OK || value == start)
        return outcome;
    return lp_fail(client, LP_FAIL, 0,
                   "the row \"%.40s\" is there already with %" PRId64 ", not %" PRId64
                   "; delete it or name another",
                   pg_params_of(client)->name, value, start);
}

/* Two that make the table at once may both find it missing: the second is refused, and asks again.
 */
static enum lp_outcome make_row(struct lp_client *client, int64_t start)
{
    char text[24];
    struct pg_statement table = {
        .sql = "CREATE TABLE IF NOT EXISTS lockproof (name text PRIMARY KEY, n bigint NOT NULL, "
               "fence numeric NOT NULL DEFAULT 0)",
        .writes = true};
    struct pg_statement row = {
        .sql = "INSERT INTO lockproof (name, n) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        .values = {pg_params_of(client)->name, text},
        .count = 2,
        .writes = true};
    snprintf(text, sizeof text, "%" PRId64, start);
    enum lp_outcome outcome = pg_do(client, &table, NULL);
    if (outcome != LP_OK)
        outcome = pg_do(client, &table, NULL);
    return outcome == LP_OK ? pg_do(client, &row, NULL) : outcome;
}

static enum lp_outcome pg_prepare(struct lp_client *client, unsigned role, int64_t start)
{
    enum lp_outcome outcome = pg_open(client, role);
    bool row = role == LP_ROLE_STORE || pg_params_of(client)->kind == PG_ROW;
    if (outcome == LP_OK && row)
        outcome = make_row(client, start);
    if (outcome == LP_OK && role == LP_ROLE_STORE)
        outcome = check_start(client, start);
    pg_close(client);
    return outcome == LP_OK ? LP_OK : LP_FAIL;
}

/* Only the session can be ended, which is the connection. */
static enum lp_outcome pg_harm(struct lp_client *client, enum lp_harm harm,
                               const struct lp_session *victim)
{
    char pid[24];
    PGresult *result;
    struct pg_statement statement = {
        .sql = "SELECT pg_terminate_backend($1::int, 2000) AND NOT EXISTS (SELECT FROM "
               "pg_stat_activity WHERE pid = $1::int)",
        .values = {pid},
        .count = 1};
    (void)harm;
    snprintf(pid, sizeof pid, "%" PRIu64, victim->id);
    enum lp_outcome outcome = pg_do(client, &statement, &result);
    if (outcome != LP_OK)
        return outcome;
    bool gone = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    PQclear(result);
    return gone ? LP_OK : lp_fail(client, LP_FAIL, 0, "the session is still there");
}

static const struct lp_driver driver = {
    .magic = LP_DRIVER_MAGIC,
    .abi = LP_DRIVER_ABI,
    .size = sizeof(struct lp_driver),
    .roles = BOTH,
    .abilities = LP_ATOMIC_ACQUIRE | LP_ATOMIC_ADD | LP_TRANSACTIONS | LP_ATOMIC_WRITE,
    .owner = LP_OWNER_SESSION,
    .name = "postgres",
    .summary = "a counter in a PostgreSQL row; advisory locks and row locks",
    .server = "postgres",
    .params = params,
    .param_count = sizeof params / sizeof params[0],
    .params_size = sizeof(struct pg_params),
    .state_size = sizeof(struct pg_state),
    .prepare = pg_prepare,
    .open = pg_open,
    .close = pg_close,
    .harm = pg_harm,
    .lock = &pg_lock_ops,
    .store = &pg_store_ops,
};

LP_DRIVER_EXPORT(driver);
