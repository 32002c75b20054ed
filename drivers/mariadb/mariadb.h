/* SPDX-License-Identifier: MIT */
/* What the files of the MariaDB plug-in share; nobody else includes it. */
#ifndef LP_DRIVERS_MARIADB_MARIADB_H
#define LP_DRIVERS_MARIADB_MARIADB_H

#include <stdbool.h>
#include <stdint.h>
#include <mysql.h>
#include "drivers/driver.h"

enum my_kind { MY_GET_LOCK, MY_ROW };
enum my_isolation { MY_REPEATABLE_READ, MY_READ_COMMITTED, MY_SERIALIZABLE };
enum my_select { MY_PLAIN, MY_FOR_UPDATE };

struct my_params {
    const char *name; /* of the row, or of the user lock */
    uint64_t timeout_ns;
    unsigned kind;      /* lock: enum my_kind */
    unsigned isolation; /* store: enum my_isolation */
    unsigned select;    /* store: enum my_select */
    bool snapshot;      /* store: taken by BEGIN, not by the first read */
};

struct my_state {
    MYSQL *connection;
    MYSQL *watcher; /* while exploring: looks whether the connection waits */
    bool given_up;  /* while exploring: the statement was killed instead of waiting on */
    bool in_transaction;
    uint64_t server; /* hash of where its data are */
};

static inline const struct my_params *my_params_of(const struct lp_client *client)
{
    return client->params;
}

static inline struct my_state *my_state_of(struct lp_client *client)
{
    return client->state;
}

/* session.c */
enum lp_outcome my_connect(struct lp_client *client);
void my_hang_up(struct lp_client *client);
/*
 * One statement until the driver's timeout, or `deadline_ns` (0: none given). LP_OK: *value is the
 * number in its only row and column, *found whether there was one that is not NULL; both may be
 * NULL. LP_BUSY: a conflict (deadlock, lock wait timeout, changed snapshot). LP_UNKNOWN: the
 * connection was lost after a statement that `writes`.
 */
enum lp_outcome my_do(struct lp_client *client, const char *sql, bool writes, uint64_t deadline_ns,
                      bool *found, int64_t *value);
/* How many rows the last statement matched. */
uint64_t my_matched(struct lp_client *client);
/* `name` as an SQL text, in quotes; `buf` of 2 * strlen + 3 bytes at least. */
const char *my_quote(struct lp_client *client, const char *name, char *buf, size_t size);
void my_identity(struct lp_client *client, const char *text, struct lp_identity *identity);

extern const struct lp_lock_ops my_lock_ops;
extern const struct lp_store_ops my_store_ops;

#endif
