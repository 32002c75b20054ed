/* SPDX-License-Identifier: MIT */
/*
 * The SQLite driver: a counter in a row of a database (store), or a database file as a mutex (lock:
 * BEGIN IMMEDIATE or EXCLUSIVE, released by COMMIT). This file is its table.
 *
 * One connection a client, so that SQLite's own mutexes are not needed (SQLITE_OPEN_NOMUTEX).
 * SQLite locks with fcntl(2) POSIX locks, which a process loses as soon as *any* descriptor of the
 * file is closed in it (https://sqlite.org/howtocorrupt.html, 2.2). SQLite guards against itself by
 * keeping descriptors open, but cannot guard against us: nothing in this driver opens a database
 * file, it only asks stat by path. Many clients may then share one process.
 *
 * `synchronous` is off unless asked for: it decides what survives a power cut, which no run makes;
 * locking is the same, and a run spends its time on contention and not on fsync. A worker that is
 * killed loses nothing by it: what it wrote is in the page cache.
 */
#include "drivers/sqlite/sqlite.h"

const char *const lp_sqlite_journal_names[] = {"delete", "wal", "truncate", "memory", NULL};
const char *const lp_sqlite_synchronous_names[] = {"off", "normal", "full", NULL};
static const char *const handler_names[] = {"jitter", "default", NULL};
static const char *const mode_names[] = {"immediate", "exclusive", NULL};

#define BOTH (LP_ROLE_LOCK | LP_ROLE_STORE)
#define AT(member) offsetof(struct sqlite_params, member)

static const struct lp_param params[] = {
    {"path", LP_PARAM_PATH, BOTH, AT(path), NULL, NULL, "the database file"},
    {"journal", LP_PARAM_CHOICE, BOTH, AT(journal), "delete", lp_sqlite_journal_names,
     "journal mode; memory: a worker killed in mid-commit leaves a damaged file"},
    {"synchronous", LP_PARAM_CHOICE, BOTH, AT(synchronous), "off", lp_sqlite_synchronous_names,
     "what a power cut may cost; locking is the same"},
    {"busy-timeout", LP_PARAM_DURATION, LP_ROLE_STORE, AT(busy_timeout_ns), "5s", NULL,
     "how long a statement waits for others; 0: not at all"},
    {"busy-handler", LP_PARAM_CHOICE, LP_ROLE_STORE, AT(handler), "jitter", handler_names,
     "how it waits: short random pauses, or SQLite's own handler, which starves some waiters"},
    {"mode", LP_PARAM_CHOICE, LP_ROLE_LOCK, AT(mode), "immediate", mode_names,
     "which transaction is the lock: BEGIN IMMEDIATE or BEGIN EXCLUSIVE"},
};

const struct lp_driver lp_driver_sqlite = {
    .magic = LP_DRIVER_MAGIC,
    .abi = LP_DRIVER_ABI,
    .size = sizeof(struct lp_driver),
    .roles = BOTH,
    .abilities = LP_ATOMIC_ACQUIRE | LP_ATOMIC_ADD | LP_TRANSACTIONS | LP_ATOMIC_WRITE,
    .owner = LP_OWNER_SESSION,
    .name = "sqlite",
    .summary = "a row in an SQLite database; or a database as a mutex (BEGIN IMMEDIATE)",
    .params = params,
    .param_count = sizeof params / sizeof params[0],
    .params_size = sizeof(struct sqlite_params),
    .state_size = sizeof(struct sqlite_state),
    .prepare = lp_sqlite_prepare,
    .open = lp_sqlite_open,
    .close = lp_sqlite_close,
    .lock = &lp_sqlite_lock_ops,
    .store = &lp_sqlite_store_ops,
};
