/* SPDX-License-Identifier: MIT */
/* What the files of the SQLite driver share; nobody else includes it. */
#ifndef LP_DRIVERS_SQLITE_SQLITE_H
#define LP_DRIVERS_SQLITE_SQLITE_H

#include <stdbool.h>
#include <stdint.h>
#include <sqlite3.h>
#include "drivers/driver.h"
#include "drivers/identity.h"

enum sqlite_journal { JOURNAL_DELETE, JOURNAL_WAL, JOURNAL_TRUNCATE, JOURNAL_MEMORY };
enum sqlite_synchronous { SYNCHRONOUS_OFF, SYNCHRONOUS_NORMAL, SYNCHRONOUS_FULL };
enum sqlite_handler { HANDLER_JITTER, HANDLER_DEFAULT };
enum sqlite_mode { MODE_IMMEDIATE, MODE_EXCLUSIVE };

extern const char *const lp_sqlite_journal_names[];
extern const char *const lp_sqlite_synchronous_names[];

struct sqlite_params {
    const char *path;
    unsigned journal;     /* enum sqlite_journal */
    unsigned synchronous; /* enum sqlite_synchronous */
    unsigned handler;     /* enum sqlite_handler */
    unsigned mode;        /* enum sqlite_mode */
    uint64_t busy_timeout_ns;
};

/* One statement of the fixed set; prepared at its first use and kept. */
enum sqlite_statement {
    STMT_READ,
    STMT_WRITE,
    STMT_ADD,
    STMT_CAS,
    STMT_BEGIN_DEFERRED,
    STMT_BEGIN_IMMEDIATE,
    STMT_BEGIN_EXCLUSIVE,
    STMT_COMMIT,
    STMT_ROLLBACK,
    STMT_COUNT,
};

/* How long one statement has been waiting for others' locks. */
struct sqlite_wait {
    uint64_t timeout_ns;
    uint64_t deadline_ns;
    uint64_t random; /* state of the jitter */
    bool last_try;   /* the try that begins after the deadline was given */
};

struct sqlite_state {
    sqlite3 *db;
    sqlite3_stmt *statements[STMT_COUNT];
    struct lp_identity store_identity;
    struct lp_identity lock_identity;
    struct lp_kernel_id kernel;
    struct sqlite_wait wait;
    unsigned role;
    bool in_transaction; /* begun and, as far as the harness knows, not ended yet */
};

static inline const struct sqlite_params *sqlite_params_of(struct lp_client *client)
{
    return client->params;
}

static inline struct sqlite_state *sqlite_state_of(struct lp_client *client)
{
    return client->state;
}

/* database.c: the connection. open leaves a half-open state for close; both roles. */
enum lp_outcome lp_sqlite_prepare(struct lp_client *client, unsigned role, int64_t start);
enum lp_outcome lp_sqlite_open(struct lp_client *client, unsigned role);
void lp_sqlite_close(struct lp_client *client);
enum lp_outcome lp_sqlite_drop(struct lp_client *client);
enum lp_outcome lp_sqlite_reopen(struct lp_client *client);

/* identity.c: which files a connection really has open. */
enum lp_outcome lp_sqlite_open_file(struct lp_client *client, int flags);
enum lp_outcome lp_sqlite_identify(struct lp_client *client);

/* busy.c: waiting for others' locks. */
void lp_sqlite_wait_install(struct lp_client *client, unsigned handler, uint64_t timeout_ns);

/* statement.c: carrying out one statement, and what SQLite's answer means. */
sqlite3_stmt *lp_sqlite_statement(struct lp_client *client, enum sqlite_statement which);
/* Steps to the end and resets. The first column of the first row goes to *value (may be NULL);
 *rows (may be NULL) counts rows. Returns SQLite's extended result code, SQLITE_OK for done. */
int lp_sqlite_run(sqlite3_stmt *statement, int64_t *value, int *rows);
/* `writes`: the statement may have changed the database, so an error in mid-air is LP_UNKNOWN. */
enum lp_outcome lp_sqlite_outcome(struct lp_client *client, int rc, bool writes, const char *what);

extern const struct lp_lock_ops lp_sqlite_lock_ops;
extern const struct lp_store_ops lp_sqlite_store_ops;

#endif
