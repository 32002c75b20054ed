/* SPDX-License-Identifier: MIT */
/*
 * The Redis plug-in: a counter in a key (store), or a key as a lock with a time to live. This file
 * is its table, and makes, opens and closes a client.
 */
#include "drivers/redis/redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const acquire_names[] = {"set", "setnx-expire", NULL};
static const char *const release_names[] = {"compare", "get-delete", "delete", NULL};

static const char *const algorithm_names[] = {"single", "redlock", NULL};

#define BOTH (LP_ROLE_LOCK | LP_ROLE_STORE)
#define AT(member) offsetof(struct redis_params, member)

static const struct lp_param params[] = {
    {"key", LP_PARAM_TEXT, BOTH, AT(key), NULL, NULL, "name of the key"},
    {"ttl", LP_PARAM_DURATION, LP_ROLE_LOCK, AT(ttl_ns), "10s", NULL,
     "the lock's time to live, in whole ms; 0: for ever"},
    {"acquire", LP_PARAM_CHOICE, LP_ROLE_LOCK, AT(acquire), "set", acquire_names,
     "SET NX PX, one command; or SETNX and then PEXPIRE"},
    {"release", LP_PARAM_CHOICE, LP_ROLE_LOCK, AT(release), "compare", release_names,
     "delete the key: if it is ours, by a script; after a look; whoever owns it"},
    {"algorithm", LP_PARAM_CHOICE, LP_ROLE_LOCK, AT(algorithm), "single", algorithm_names,
     "one server, the primary of several; or a majority of independent ones"},
    {"fencing", LP_PARAM_BOOL, LP_ROLE_LOCK, AT(fencing), "no", NULL,
     "each grant has a number, counted beside the key; one server only"},
    {"timeout", LP_PARAM_DURATION, BOTH, AT(timeout_ns), "1s", NULL,
     "how long one command may take, connecting included"},
};

/* A counter left behind by an earlier run would be taken for lost or doubled updates. */
static enum lp_outcome check_start(struct lp_client *client, int64_t start)
{
    int64_t value;
    enum lp_outcome outcome = lp_redis_store_ops.read(client, &value);
    if (outcome != LP_OK || value == start)
        return outcome;
    return lp_fail(client, LP_FAIL, 0,
                   "the key \"%.40s\" is there already with %" PRId64 ", not %" PRId64
                   "; delete it or name another",
                   redis_params_of(client)->key, value, start);
}

static enum lp_outcome make_counter(struct lp_client *client, int64_t start)
{
    char text[24];
    redisReply *reply;
    struct redis_command set = {
        .argv = {"SET", redis_params_of(client)->key, text, "NX"}, .argc = 4, .writes = true};

    snprintf(text, sizeof text, "%" PRId64, start);
    enum lp_outcome outcome = lp_redis_do(client, &set, &reply);
    if (outcome != LP_OK)
        return outcome;
    freeReplyObject(reply);
    return check_start(client, start);
}

static enum lp_outcome redis_open(struct lp_client *client, unsigned role)
{
    const struct redis_params *own = redis_params_of(client);

    if (own->timeout_ns == 0)
        return lp_fail(client, LP_FAIL, 0, "a timeout of 0 leaves no time for any command");
    if (role == LP_ROLE_LOCK && own->fencing && lp_redis_ttl_ms(client) == 0)
        return lp_fail(client, LP_FAIL, 0, "`fencing` wants a lock with a time to live");
    if (role == LP_ROLE_LOCK && own->algorithm == ALGORITHM_REDLOCK)
        return lp_redlock_open(client);
    return lp_redis_connect(client) == LP_OK ? LP_OK : LP_FAIL;
}

static void redis_close(struct lp_client *client)
{
    lp_redlock_close(client);
    lp_redis_hang_up(client);
    explicit_bzero(&redis_state_of(client)->address, sizeof(struct redis_address));
}

static enum lp_outcome redis_prepare(struct lp_client *client, unsigned role, int64_t start)
{
    enum lp_outcome outcome = redis_open(client, role);
    if (outcome == LP_OK && role == LP_ROLE_STORE)
        outcome = make_counter(client, start);
    redis_close(client);
    return outcome == LP_OK ? LP_OK : LP_FAIL;
}

/* The fence is not put back: the store has seen its tokens. */
static enum lp_outcome redis_reset(struct lp_client *client, unsigned role, int64_t start)
{
    if (role == LP_ROLE_STORE)
        return lp_redis_store_ops.write(client, start);
    return redis_state_of(client)->members ? lp_redlock_reset(client) : lp_redis_reset_key(client);
}

/* A key's time to live is nobody's session: only the connection can be cut. */
static enum lp_outcome redis_harm(struct lp_client *client, enum lp_harm harm,
                                  const struct lp_session *victim)
{
    char id[24];
    redisReply *reply;
    struct redis_command kill = {.argv = {"CLIENT", "KILL", "ID", id}, .argc = 4, .writes = true};

    if (harm != LP_HARM_RESET)
        return lp_fail(client, LP_FAIL, 0, "a Redis lock has no session that could be ended");
    snprintf(id, sizeof id, "%" PRIu64, victim->id);
    enum lp_outcome outcome = lp_redis_do(client, &kill, &reply);
    if (outcome != LP_OK)
        return outcome;
    bool killed = reply->integer == 1;
    freeReplyObject(reply);
    return killed ? LP_OK : lp_fail(client, LP_FAIL, 0, "the server has no such connection");
}

/* A try is atomic also with setnx-expire: SETNX alone decides who has the lock. */
static const struct lp_driver driver = {
    .magic = LP_DRIVER_MAGIC,
    .abi = LP_DRIVER_ABI,
    .size = sizeof(struct lp_driver),
    .roles = BOTH,
    .abilities = LP_ATOMIC_ACQUIRE | LP_ATOMIC_ADD | LP_LEASE | LP_TIMED | LP_TOKENS_IF_ASKED |
                 LP_ATOMIC_WRITE,
    .owner = LP_OWNER_NAME,
    .name = "redis",
    .summary = "a counter in a Redis key; or a key with a time to live as a lock",
    .server = "redis",
    .params = params,
    .param_count = sizeof params / sizeof params[0],
    .params_size = sizeof(struct redis_params),
    .state_size = sizeof(struct redis_state),
    .prepare = redis_prepare,
    .open = redis_open,
    .close = redis_close,
    .harm = redis_harm,
    .reset = redis_reset,
    .lock = &lp_redis_lock_ops,
    .store = &lp_redis_store_ops,
};

LP_DRIVER_EXPORT(driver);
