/* SPDX-License-Identifier: MIT */
/*
 * The driver ABI: how lockproof speaks to one backend. A driver plays the role lock, store, or
 * both. This header and base/outcome.h are all that a driver needs; drivers/skeleton.c is the
 * manual by example, docs/DRIVER.md the tour.
 *
 * A *client* (struct lp_client) is one worker's own use of a backend: its descriptors, its
 * connection. The harness allocates it and `state_size` zeroed bytes of private state, calls
 * open(), then the operations one at a time, then close(). Two clients are never used by one thread
 * at once, but many clients live in one process under placement `thread`: no static variables.
 *
 * Nothing here prints, exits, or installs signal handlers. An operation that ends other than LP_OK
 * puts one sentence into client->error with lp_fail() (LP_BUSY may leave it alone).
 */
#ifndef LP_DRIVER_H
#define LP_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/outcome.h"

#define LP_DRIVER_MAGIC 0x4c505244u /* "LPRD" */
#define LP_DRIVER_ABI 2u

enum lp_role {
    LP_ROLE_LOCK = 1,
    LP_ROLE_STORE = 2,
};

enum lp_lock_mode {
    LP_EXCLUSIVE = 0,
    LP_SHARED = 1,
};

enum lp_begin_mode {
    LP_BEGIN_DEFERRED = 0,
    LP_BEGIN_IMMEDIATE = 1,
    LP_BEGIN_EXCLUSIVE = 2,
};

/* Who the backend thinks holds the lock. Exploring may step two clients in one thread only when the
   owner is a description or a session. */
enum lp_owner {
    LP_OWNER_DESCRIPTION, /* open file description: flock, OFD */
    LP_OWNER_PROCESS,     /* fcntl POSIX locks */
    LP_OWNER_THREAD,      /* pthread mutex */
    LP_OWNER_SESSION,     /* a connection to a server or a database */
    LP_OWNER_NAME,        /* nobody: a name exists or it does not (lock file, directory, key) */
};

enum lp_ability {
    LP_ATOMIC_ACQUIRE = 1 << 0, /* a try is one atomic operation of the backend, or lp_point() marks
                                   every place between its operations */
    LP_ATOMIC_ADD = 1 << 1,     /* store: add() is one atomic operation */
    LP_TRANSACTIONS = 1 << 2,   /* store: begin, commit, rollback work */
    LP_SHARED_MODE = 1 << 3,    /* lock: LP_SHARED works */
    LP_LEASE = 1 << 4,          /* lock: a grant ends by itself after grant->ttl_ns */
    LP_TOKENS = 1 << 5,         /* lock: grant->token grows with every grant (fencing) */
    LP_ATOMIC_WRITE = 1 << 6,   /* store: a read never sees half of a write */
    LP_NEEDS_SHARED_VM = 1 << 7,  /* works only between threads of one process, by its own rules */
    LP_TIMED = 1 << 8,            /* lock: what it does depends on lp_now_ns() */
    LP_TOKENS_IF_ASKED = 1 << 10, /* lock: like LP_TOKENS, but only with the parameters for it */
    LP_FINDS_DEADLOCK = 1 << 9,   /* lock: the backend refuses to wait in a circle (EDEADLK) */
};

/* One parameter of a driver; the scenario's value is parsed into the parameter struct at `offset`.
 */
enum lp_param_type {
    LP_PARAM_TEXT,   /* const char *; variables such as {shared} are already replaced */
    LP_PARAM_PATH,   /* const char *, the same; names a file: its folder is made before prepare() */
    LP_PARAM_BOOL,   /* bool; yes/no/true/false */
    LP_PARAM_NUMBER, /* uint64_t */
    LP_PARAM_DURATION, /* uint64_t ns */
    LP_PARAM_CHOICE,   /* unsigned: index into `choices` */
};

struct lp_param {
    const char *name;
    enum lp_param_type type;
    unsigned roles; /* for which roles it may be given: LP_ROLE_* ored */
    size_t offset;
    const char *initial;        /* text of the default, parsed like a given one; NULL: required */
    const char *const *choices; /* LP_PARAM_CHOICE: names, ended by NULL */
    const char *help;           /* one line */
};

struct lp_client;

/* What a grant was. Zeroed before acquire; set on LP_OK. */
struct lp_grant {
    struct lp_identity identity; /* of the object that was really locked, found after the grant */
    uint64_t token;              /* fencing token, or 0 */
    uint64_t ttl_ns;             /* lease: ends this long after the acquire was *invoked*; or 0 */
};

/* The token that a read or a write presents to the store. */
struct lp_fence {
    uint64_t token; /* of the caller's latest grant; never 0 */
    bool stale;     /* set with LP_FAIL: refused because the store has seen a newer token */
};

/* A client's connection or session, by which the server knows it. */
struct lp_session {
    uint64_t id;           /* 0: none now */
    unsigned char key[16]; /* what else it takes to name it; zeroes where nothing does */
};

/* What can be done to another client's session at the server: see struct lp_driver. */
enum lp_harm {
    LP_HARM_RESET,  /* the server cuts the connection; the client may make a new one */
    LP_HARM_EXPIRE, /* the server ends the session or lease before its time */
};

enum lp_held {
    LP_HELD_UNKNOWN = 0, /* cannot be told without disturbing the lock */
    LP_HELD_YES = 1,
    LP_HELD_NO = 2, /* proved: the backend says that this client does not hold it now */
};

struct lp_lock_ops {
    /* Required. One try that does not block: LP_OK, LP_BUSY, LP_FAIL, LP_UNKNOWN. A try must not
       change the lock's state when it fails, and keeps its descriptor for the next try. Marks
       points between backend operations with lp_point() when it is not one atomic operation. */
    enum lp_outcome (*acquire_try)(struct lp_client *client, enum lp_lock_mode mode,
                                   struct lp_grant *grant);
    /* Optional. Blocks in the backend until granted or `deadline_ns` (lp_now_ns clock): LP_BUSY
       means that the deadline passed. When NULL the harness polls acquire_try and records each try.
       A system call that has no timeout is bounded by lp_alarm_start(). */
    enum lp_outcome (*acquire_wait)(struct lp_client *client, enum lp_lock_mode mode,
                                    uint64_t deadline_ns, struct lp_grant *grant);
    /* Required. LP_FAIL: refused, not held (any more); the state is as it was. */
    enum lp_outcome (*release)(struct lp_client *client);
    /* Optional. Asked just before release; must not disturb the lock or other waiters. */
    enum lp_held (*still_held)(struct lp_client *client);
    /* Optional. Changes a held shared lock to exclusive, blocking until `deadline_ns`. */
    enum lp_outcome (*upgrade)(struct lp_client *client, uint64_t deadline_ns,
                               struct lp_grant *grant);
    /* Optional. Lets go of the backend's handle without unlock, as close(2) would; reopen() follows
       before the next use. */
    enum lp_outcome (*drop)(struct lp_client *client);
    enum lp_outcome (*reopen)(struct lp_client *client);
    /* Optional (LP_LEASE). Makes the lease of the lock that is held begin again: LP_OK sets
       grant->ttl_ns, which counts from the call. LP_FAIL: refused, the lease is lost. */
    enum lp_outcome (*renew)(struct lp_client *client, struct lp_grant *grant);
    /* Optional. How many exclusive holds at once are lawful with these parameters; NULL: 1. */
    uint64_t (*capacity)(const void *params);
};

/* What is true of a store with the parameters at hand. */
enum lp_store_trait {
    LP_TRAIT_WEAK_ISOLATION = 1 << 0, /* a transaction that reads a value, and writes one made from
                                         it, may overwrite another's without any error */
};

struct lp_store_ops {
    /* Required. */
    enum lp_outcome (*read)(struct lp_client *client, int64_t *value);
    enum lp_outcome (*write)(struct lp_client *client, int64_t value);
    /* Required. Identity of the store that this client has open now; LP_OK or LP_FAIL. */
    enum lp_outcome (*identify)(struct lp_client *client, struct lp_identity *identity);
    /* Optional: one statement or instruction that adds; `result` is the value after it. */
    enum lp_outcome (*add)(struct lp_client *client, int64_t delta, int64_t *result);
    /* Optional: writes `desired` if the value is `expected`; LP_BUSY when it is not. */
    enum lp_outcome (*cas)(struct lp_client *client, int64_t expected, int64_t desired);
    /* Optional. A refusal that calls for a new transaction (busy, serialization failure) is
       LP_BUSY, from any operation; the harness rolls back and retries from the read. */
    enum lp_outcome (*begin)(struct lp_client *client, enum lp_begin_mode mode);
    enum lp_outcome (*commit)(struct lp_client *client);
    enum lp_outcome (*rollback)(struct lp_client *client);
    /* Optional: close the handle in the middle of a round and open it again. */
    enum lp_outcome (*drop)(struct lp_client *client);
    enum lp_outcome (*reopen)(struct lp_client *client);
    /* Optional, both or none: the same as read and write, in one atomic step with the fence. The
       store remembers the highest token that it was shown, by readers too, and refuses lower ones.
       It must do so at reads: a holder that reads, is succeeded by one that has only read so far,
       and then writes under the older token would undo what the other one is about to write. */
    enum lp_outcome (*read_fenced)(struct lp_client *client, struct lp_fence *fence,
                                   int64_t *value);
    enum lp_outcome (*write_fenced)(struct lp_client *client, struct lp_fence *fence,
                                    int64_t value);
    /* Optional: enum lp_store_trait ored; NULL: none. */
    unsigned (*traits)(const void *params);
};

/* A server that the driver needs, by the name of a row in the harness's table of servers, or NULL.
   Its URL arrives in client->server_url ("unix:/path" or "host:port"); where the scenario asks for
   several of them (replicas, independent ones, an ensemble), all arrive in client->server_urls. */
struct lp_driver {
    uint32_t magic;     /* LP_DRIVER_MAGIC */
    uint32_t abi;       /* LP_DRIVER_ABI */
    uint32_t size;      /* sizeof(struct lp_driver) */
    uint32_t roles;     /* LP_ROLE_* */
    uint32_t abilities; /* LP_ATOMIC_ACQUIRE ... */
    enum lp_owner owner;
    const char *name;
    const char *summary; /* one line for `lockproof list drivers` */
    const char *server;  /* "redis", or NULL */
    const struct lp_param *params;
    size_t param_count;
    size_t params_size; /* of the parameter struct */
    size_t state_size;  /* of the private state */

    /* Required. Makes the backing object if it is not there yet (a counter of `start` for a store);
       finds it there when another container that shares it came first, and then changes nothing.
       Called once in each container before any worker starts, one container at a time. Opens and
       closes what it needs by itself. LP_OK, or LP_FAIL with the reason. */
    enum lp_outcome (*prepare)(struct lp_client *client, unsigned role, int64_t start);
    /* Required. LP_OK, or LP_FAIL with the reason. `role` is one of LP_ROLE_*. */
    enum lp_outcome (*open)(struct lp_client *client, unsigned role);
    /* Required. Takes half-open state. Ends what is open: an uncommitted transaction is rolled
     * back. */
    void (*close)(struct lp_client *client);

    /* Optional. Has the server do something to the session of another client (which `client`, open
       for the same role, is not), and asks the server whether it was done: LP_OK only then. */
    enum lp_outcome (*harm)(struct lp_client *client, enum lp_harm harm,
                            const struct lp_session *victim);

    /* Optional. Puts the backing object back to what prepare() made of it, cheaply; `client` is
       open for `role` and holds nothing, and nobody uses the object. Exploring does it before each
       schedule. NULL: a store is written, a lock is taken to be free when all have released it. */
    enum lp_outcome (*reset)(struct lp_client *client, unsigned role, int64_t start);

    const struct lp_lock_ops *lock;   /* when LP_ROLE_LOCK */
    const struct lp_store_ops *store; /* when LP_ROLE_STORE */
};

/* One client of one driver. Drivers read; only the harness writes, but for `error` and `session`.
 */
struct lp_client {
    const struct lp_driver *driver;
    const void *params;             /* the parameter struct */
    void *state;                    /* driver->state_size bytes, zeroed before open() */
    const char *server_url;         /* of the first server */
    const char *const *server_urls; /* of all of that kind, in the scenario's order */
    size_t server_count;
    struct lp_session session; /* kept by drivers that have harm() */
    uint64_t worker;           /* for owner names; unique in the run */
    uint64_t seed;             /* for tokens; different for each client and run */
    const struct lp_services *services;
    void *host;
    char error[192];
};

/* What became of a wait that was left to the harness. */
enum lp_waited {
    LP_WAIT_YOURSELF, /* a free run: wait as the backend waits */
    LP_WAITED,        /* somebody else decided when to try again, and it is now */
    LP_WAIT_NO_MORE,  /* give up: what was asked for is LP_BUSY */
    LP_WAIT_REFUSED,  /* all would wait in a circle; only with LP_FINDS_DEADLOCK */
};

/* What the harness offers to drivers. Called through the helpers below. */
struct lp_services {
    uint64_t (*now_ns)(struct lp_client *client);
    void (*point)(struct lp_client *client, const char *name);
    enum lp_waited (*wait)(struct lp_client *client);
    void (*alarm_start)(struct lp_client *client, uint64_t deadline_ns);
    void (*alarm_stop)(struct lp_client *client);
};

/* CLOCK_MONOTONIC in ns; under exploration only as much of it as the scenario thinks. */
static inline uint64_t lp_now_ns(struct lp_client *client)
{
    return client->services->now_ns(client);
}

/* Marks a place between two backend operations, where exploring may let others go first. A no-op
   in a free run. */
static inline void lp_point(struct lp_client *client, const char *name)
{
    client->services->point(client, name);
}

/* Asked when an operation finds what it needs taken, and would now wait in the backend or sleep
   until the next try. Exploring lets others go on instead. */
static inline enum lp_waited lp_wait(struct lp_client *client)
{
    return client->services->wait ? client->services->wait(client) : LP_WAIT_YOURSELF;
}

/* Is somebody else deciding when this client goes on? Then evidence that is dear to get, and only
   for a lock lost on the way, is not worth its price: every order is tried anyway. */
static inline bool lp_is_led(struct lp_client *client)
{
    return client->services->wait != NULL;
}

/* From `deadline_ns` on, the calling thread's blocking system calls end with EINTR, again and again
   until lp_alarm_stop(): for flock(2) and fcntl(2), which take no timeout. */
static inline void lp_alarm_start(struct lp_client *client, uint64_t deadline_ns)
{
    client->services->alarm_start(client, deadline_ns);
}

static inline void lp_alarm_stop(struct lp_client *client)
{
    client->services->alarm_stop(client);
}

/* Fills client->error with a sentence and, when errnum is not 0, its text; returns `outcome`. */
enum lp_outcome lp_fail(struct lp_client *client, enum lp_outcome outcome, int errnum,
                        const char *fmt, ...)
    __attribute__((format(printf, 4, 5), visibility("default")));

/* A loadable driver ends with LP_DRIVER_EXPORT(my_driver); the symbol has the same name in all. */
#define LP_DRIVER_EXPORT(object)                                                                   \
    __attribute__((visibility("default"))) const struct lp_driver *const lockproof_driver =        \
        &(object)

#endif
