/* SPDX-License-Identifier: MIT */
/* What the files of the PostgreSQL plug-in share; nobody else includes it. */
#ifndef LP_DRIVERS_POSTGRES_POSTGRES_H
#define LP_DRIVERS_POSTGRES_POSTGRES_H

#include <stdbool.h>
#include <stdint.h>
#include <libpq-fe.h>
#include "drivers/driver.h"

enum pg_kind { PG_SESSION, PG_TRANSACTION, PG_STATEMENT, PG_ROW };
enum pg_isolation { PG_READ_COMMITTED, PG_REPEATABLE_READ, PG_SERIALIZABLE };
enum pg_select { PG_PLAIN, PG_FOR_UPDATE };

struct pg_params {
    const char *name; /* of the row, or what the advisory key is made of */
    uint64_t timeout_ns;
    unsigned kind;      /* lock: enum pg_kind */
    unsigned isolation; /* store: enum pg_isolation */
    unsigned select;    /* store: enum pg_select */
    bool pooler;        /* through the pooler */
};

struct pg_state {
    PGconn *connection;
    PGconn *watcher;     /* while exploring: looks whether the connection waits */
    bool given_up;       /* while exploring: the statement was cancelled instead of waiting on */
    bool in_transaction; /* of the store, or of a lock that is one */
    int64_t key;         /* of the advisory lock */
    uint64_t system;     /* identifier of the database cluster, made by initdb */
    unsigned database;   /* its oid */
    char isolation[24];  /* as SQL */
};

static inline const struct pg_params *pg_params_of(const struct lp_client *client)
{
    return client->params;
}

static inline struct pg_state *pg_state_of(struct lp_client *client)
{
    return client->state;
}

/* session.c: one connection and one statement at a time, with a deadline. */

/* Connects if there is no connection. LP_OK or LP_FAIL. */
enum lp_outcome pg_connect(struct lp_client *client);
void pg_hang_up(struct lp_client *client);
/*
 * Sends `sql` and waits for its end until the driver's timeout, or `deadline_ns`. LP_OK: *result is
 * the last result, to be cleared (NULL: cleared already). LP_BUSY: a conflict that calls for a new
 * transaction, or a lock that was not available in time. LP_FAIL: refused. LP_UNKNOWN: the
 * connection was lost after `writes` was sent.
 */
struct pg_statement {
    const char *sql;
    const char *values[3]; /* of $1 ... */
    int count;
    bool writes;
    uint64_t deadline_ns; /* 0: by the timeout */
};
enum lp_outcome pg_do(struct lp_client *client, const struct pg_statement *statement,
                      PGresult **result);
/* Of the row or key `text`, on the server at the other end. */
void pg_identity(struct lp_client *client, const char *text, struct lp_identity *identity);

extern const struct lp_lock_ops pg_lock_ops;
extern const struct lp_store_ops pg_store_ops;

#endif
