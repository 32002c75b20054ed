/* SPDX-License-Identifier: MIT */
/* What the files of the Redis plug-in share; nobody else includes it. */
#ifndef LP_DRIVERS_REDIS_REDIS_H
#define LP_DRIVERS_REDIS_REDIS_H

#include <stdbool.h>
#include <stdint.h>
#include <hiredis/hiredis.h>
#include "drivers/driver.h"

enum redis_release { RELEASE_COMPARE, RELEASE_GET_DELETE, RELEASE_DELETE };
enum redis_acquire { ACQUIRE_SET, ACQUIRE_SETNX_EXPIRE };
enum redis_algorithm { ALGORITHM_SINGLE, ALGORITHM_REDLOCK };

#define REDIS_MEMBERS_MAX 8

struct redis_params {
    const char *key;
    uint64_t ttl_ns;
    uint64_t timeout_ns;
    unsigned acquire;   /* enum redis_acquire */
    unsigned release;   /* enum redis_release */
    unsigned algorithm; /* enum redis_algorithm */
    bool fencing;       /* grants are numbered */
};

/* Where the server is. Holds a secret: never goes into a text as a whole. */
struct redis_address {
    char path[108]; /* unix socket, or "" */
    char host[256];
    char port[8];
    char user[128];
    char password[256];
    unsigned database;
};

struct redis_state {
    struct redis_address address;
    int fd; /* valid while `reader` is set */
    redisReader *reader;
    char run_id[48]; /* of the server that this client met first: a restart makes a new one, and is
                        no other server */
    struct redis_members *members; /* of redlock; NULL: not that */
    char token[64];                /* the value by which this client's lock key is known */
    uint64_t tokens;               /* made so far */
};

static inline const struct redis_params *redis_params_of(struct lp_client *client)
{
    return client->params;
}

static inline struct redis_state *redis_state_of(struct lp_client *client)
{
    return client->state;
}

/* address.c: reads client->server_url; 0, or -1 and *why says what is wrong, without the URL. */
int lp_redis_address(struct redis_address *address, const char *url, const char **why);
/* "unix:/path" or "host:port": for people. Returns buf. */
char *lp_redis_address_text(const struct redis_address *address, char *buf, size_t size);

/* socket.c: bytes, with a deadline. All return -1 with errno. */
int lp_redis_dial(struct lp_client *client, uint64_t deadline_ns);
int lp_redis_send(struct lp_client *client, const char *bytes, size_t size, uint64_t deadline_ns,
                  bool *any_sent);
int lp_redis_receive(struct lp_client *client, uint64_t deadline_ns, redisReply **reply);
void lp_redis_hang_up(struct lp_client *client);

/* command.c: one command and its reply. Connects first when there is no connection. */
struct redis_command {
    const char *argv[10];
    int argc;
    bool writes; /* a lost reply is then LP_UNKNOWN, else LP_FAIL */
};
/* LP_OK: *reply is set, to be freed with freeReplyObject, and is no error. */
enum lp_outcome lp_redis_do(struct lp_client *client, const struct redis_command *command,
                            redisReply **reply);
/* LP_BUSY: the script answered nil. A script of one key, by its hash, and by its text when the
 * server does not know it (any more). */
struct redis_script {
    const char *text;
    const char *sha1;
};
enum lp_outcome lp_redis_run_script(struct lp_client *client, const struct redis_script *script,
                                    const char *arg1, const char *arg2, int64_t *result);
/* LP_OK when connected: the server was there, knows the password, and said who it is. */
enum lp_outcome lp_redis_connect(struct lp_client *client);
/* Of the driver's key on the server at the other end. */
void lp_redis_identity(struct lp_client *client, struct lp_identity *identity);

/* lock.c, for one server; the token is made by the caller. */
void lp_redis_make_token(struct lp_client *client);
enum lp_outcome lp_redis_take_key(struct lp_client *client);
enum lp_outcome lp_redis_give_key(struct lp_client *client);
enum lp_held lp_redis_owns_key(struct lp_client *client);
enum lp_outcome lp_redis_renew_key(struct lp_client *client);
enum lp_outcome lp_redis_reset_key(struct lp_client *client); /* nobody holds it */
uint64_t lp_redis_ttl_ms(const struct lp_client *client);

/* led.c: leases that end by lp_now_ns() while exploring; in a free run the server ends them. */
/* The time to live as a relative expiry. Returns buf. */
char *lp_redis_ttl_text(struct lp_client *client, char *buf, size_t size);
/* Before anything that the key decides: takes it away when its time is over. */
enum lp_outcome lp_redis_lapse(struct lp_client *client);
/* After a grant or a renewal. */
enum lp_outcome lp_redis_set_end(struct lp_client *client);

/* redlock.c: the same over several servers. */
enum lp_outcome lp_redlock_open(struct lp_client *client);
void lp_redlock_close(struct lp_client *client);
enum lp_outcome lp_redlock_reset(struct lp_client *client);
enum lp_outcome lp_redlock_acquire(struct lp_client *client, struct lp_grant *grant);
enum lp_outcome lp_redlock_release(struct lp_client *client);
enum lp_outcome lp_redlock_renew(struct lp_client *client, struct lp_grant *grant);
enum lp_held lp_redlock_still_held(struct lp_client *client);

extern const struct lp_lock_ops lp_redis_lock_ops;
extern const struct lp_store_ops lp_redis_store_ops;

#endif
