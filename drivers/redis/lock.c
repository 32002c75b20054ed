/* SPDX-License-Identifier: MIT */
/*
 * The lock: a key that exists while somebody holds it, with a random token by which its owner knows
 * it again, and a time to live after which the server takes it back
 * (https://redis.io/docs/manual/patterns/distributed-locks, "single instance").
 *
 * The other choices are the ways in which it is got wrong:
 *     acquire: setnx-expire   two commands; a client that dies in between leaves the key for ever
 *     release: delete         removes the key whoever owns it: after the lease has ended, another's
 *     release: get-delete     looks first; the lease may end, and another begin, between the two
 */
#include "drivers/redis/redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The hashes are of exactly these bytes; when one is wrong the server answers NOSCRIPT and the
   text is sent, each time. */
static const struct redis_script compare_and_delete = {
    .text = "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) end "
            "return 0",
    .sha1 = "fab5aabdaac7aab1eaa85bbed1724dee07d7744a",
};

/* The fence is a counter beside the key, in the same step as the grant. */
static const struct redis_script set_and_count = {
    .text = "if redis.call('set',KEYS[1],ARGV[1],'NX','PX',ARGV[2]) then return "
            "redis.call('incr',KEYS[1]..':fence') end return false",
    .sha1 = "32aebf9e8aaade87ba59a8fcd5db5558beb08aef",
};
static const struct redis_script compare_and_expire = {
    .text = "if redis.call('get',KEYS[1])==ARGV[1] then return "
            "redis.call('pexpire',KEYS[1],ARGV[2]) end return 0",
    .sha1 = "3b0001d1e78f2ce065ec4b6c4a75b952ed987947",
};

/* splitmix64's finaliser over both words. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t z = (a + UINT64_C(0x9e3779b97f4a7c15)) ^ (b * UINT64_C(0xd6e8feb86659fd93));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A new one for each try: the key of a try whose reply was lost is not taken for that of the next.
 */
void lp_redis_make_token(struct lp_client *client)
{
    struct redis_state *state = redis_state_of(client);
    uint64_t number = ++state->tokens;
    uint64_t first = mix(client->seed, number);
    snprintf(state->token, sizeof state->token, "w%" PRIu64 "-%016" PRIx64 "%016" PRIx64,
             client->worker, first, mix(first, client->worker));
}

uint64_t lp_redis_ttl_ms(const struct lp_client *client)
{
    const struct redis_params *params = client->params;
    return (params->ttl_ns + 999999) / 1000000;
}

/* SET key token NX [PX ttl]: one atomic command. */
static enum lp_outcome acquire_by_set(struct lp_client *client)
{
    struct redis_state *state = redis_state_of(client);
    const char *key = redis_params_of(client)->key;
    char ttl[24];
    redisReply *reply;

    lp_redis_ttl_text(client, ttl, sizeof ttl);
    struct redis_command command = {.argv = {"SET", key, state->token, "NX", "PX", ttl},
                                    .argc = lp_redis_ttl_ms(client) ? 6 : 4,
                                    .writes = true};
    enum lp_outcome outcome = lp_redis_do(client, &command, &reply);
    if (outcome != LP_OK)
        return outcome;
    bool taken = reply->type == REDIS_REPLY_NIL;
    freeReplyObject(reply);
    return taken ? LP_BUSY : LP_OK;
}

/* SETNX, then PEXPIRE. Without the second reply the key may stay for ever: an unknown acquire. */
static enum lp_outcome acquire_by_setnx(struct lp_client *client)
{
    struct redis_state *state = redis_state_of(client);
    const char *key = redis_params_of(client)->key;
    char ttl[24];
    redisReply *reply;
    struct redis_command set = {.argv = {"SETNX", key, state->token}, .argc = 3, .writes = true};
    struct redis_command expire = {.argv = {"PEXPIRE", key, ttl}, .argc = 3, .writes = true};

    enum lp_outcome outcome = lp_redis_do(client, &set, &reply);
    if (outcome != LP_OK)
        return outcome;
    bool taken = reply->integer == 0;
    freeReplyObject(reply);
    if (taken)
        return LP_BUSY;
    if (lp_redis_ttl_ms(client) == 0)
        return LP_OK;

    lp_point(client, "between SETNX and PEXPIRE");
    lp_redis_ttl_text(client, ttl, sizeof ttl);
    if (lp_redis_do(client, &expire, &reply) != LP_OK)
        return LP_UNKNOWN;
    bool gone = reply->integer == 0;
    freeReplyObject(reply);
    if (gone)
        return lp_fail(client, LP_FAIL, 0, "the key vanished before its expiry was set");
    return LP_OK;
}

enum lp_outcome lp_redis_take_key(struct lp_client *client)
{
    enum lp_outcome outcome = lp_redis_lapse(client);
    if (outcome != LP_OK)
        return outcome;
    outcome = redis_params_of(client)->acquire == ACQUIRE_SET ? acquire_by_set(client)
                                                              : acquire_by_setnx(client);
    return outcome == LP_OK ? lp_redis_set_end(client) : outcome;
}

static enum lp_outcome take_numbered(struct lp_client *client, uint64_t *token)
{
    char ttl[24];
    int64_t number = 0;
    enum lp_outcome outcome = lp_redis_lapse(client);
    if (outcome == LP_OK)
        outcome = lp_redis_run_script(client, &set_and_count, redis_state_of(client)->token,
                                      lp_redis_ttl_text(client, ttl, sizeof ttl), &number);
    *token = (uint64_t)number;
    return outcome == LP_OK ? lp_redis_set_end(client) : outcome;
}

static enum lp_outcome lock_acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                        struct lp_grant *grant)
{
    if (mode == LP_SHARED)
        return lp_fail(client, LP_FAIL, 0, "a Redis key as a lock has no shared mode");
    lp_redis_make_token(client);
    if (redis_state_of(client)->members)
        return lp_redlock_acquire(client, grant);
    enum lp_outcome outcome = redis_params_of(client)->fencing
                                  ? take_numbered(client, &grant->token)
                                  : lp_redis_take_key(client);
    if (outcome == LP_OK) {
        lp_redis_identity(client, &grant->identity);
        grant->ttl_ns = lp_redis_ttl_ms(client) * 1000000;
    }
    return outcome;
}

enum lp_outcome lp_redis_renew_key(struct lp_client *client)
{
    char ttl[24];
    int64_t renewed = 0;
    enum lp_outcome outcome = lp_redis_lapse(client);
    if (outcome == LP_OK)
        outcome = lp_redis_run_script(client, &compare_and_expire, redis_state_of(client)->token,
                                      lp_redis_ttl_text(client, ttl, sizeof ttl), &renewed);
    if (outcome == LP_OK && renewed == 1)
        return lp_redis_set_end(client);
    if (outcome != LP_OK)
        return outcome;
    return lp_fail(client, LP_FAIL, 0, "lost: the key is gone or has another owner");
}

static enum lp_outcome lock_renew(struct lp_client *client, struct lp_grant *grant)
{
    if (redis_state_of(client)->members)
        return lp_redlock_renew(client, grant);
    enum lp_outcome outcome = lp_redis_renew_key(client);
    if (outcome == LP_OK)
        grant->ttl_ns = lp_redis_ttl_ms(client) * 1000000;
    return outcome;
}

/* What the server says about the key: is it ours? LP_OK and *ours. */
static enum lp_outcome ask_owner(struct lp_client *client, bool *ours)
{
    struct redis_command get = {.argv = {"GET", redis_params_of(client)->key}, .argc = 2};
    redisReply *reply;

    enum lp_outcome outcome = lp_redis_lapse(client);
    if (outcome == LP_OK)
        outcome = lp_redis_do(client, &get, &reply);
    if (outcome != LP_OK)
        return outcome;
    *ours =
        reply->type == REDIS_REPLY_STRING && strcmp(reply->str, redis_state_of(client)->token) == 0;
    freeReplyObject(reply);
    return LP_OK;
}

enum lp_held lp_redis_owns_key(struct lp_client *client)
{
    bool ours;
    if (ask_owner(client, &ours) != LP_OK)
        return LP_HELD_UNKNOWN;
    return ours ? LP_HELD_YES : LP_HELD_NO;
}

static enum lp_held lock_still_held(struct lp_client *client)
{
    return redis_state_of(client)->members ? lp_redlock_still_held(client)
                                           : lp_redis_owns_key(client);
}

static enum lp_outcome delete_if_there(struct lp_client *client, bool *deleted)
{
    struct redis_command del = {
        .argv = {"DEL", redis_params_of(client)->key}, .argc = 2, .writes = true};
    redisReply *reply;

    enum lp_outcome outcome = lp_redis_lapse(client);
    if (outcome == LP_OK)
        outcome = lp_redis_do(client, &del, &reply);
    if (outcome != LP_OK)
        return outcome;
    *deleted = reply->integer == 1;
    freeReplyObject(reply);
    return LP_OK;
}

static enum lp_outcome delete_key(struct lp_client *client)
{
    bool deleted = false;
    enum lp_outcome outcome = delete_if_there(client, &deleted);
    if (outcome != LP_OK || deleted)
        return outcome;
    return lp_fail(client, LP_FAIL, 0, "not held: there is no such key");
}

enum lp_outcome lp_redis_reset_key(struct lp_client *client)
{
    bool deleted;
    return delete_if_there(client, &deleted);
}

static enum lp_outcome release_by_script(struct lp_client *client)
{
    int64_t deleted = 0;
    enum lp_outcome outcome = lp_redis_lapse(client);
    if (outcome == LP_OK)
        outcome = lp_redis_run_script(client, &compare_and_delete, redis_state_of(client)->token,
                                      "", &deleted);
    if (outcome != LP_OK || deleted == 1)
        return outcome;
    return lp_fail(client, LP_FAIL, 0, "not held: the key is gone or has another owner");
}

static enum lp_outcome release_by_get_delete(struct lp_client *client)
{
    bool ours;
    enum lp_outcome outcome = ask_owner(client, &ours);
    if (outcome != LP_OK)
        return outcome;
    if (!ours)
        return lp_fail(client, LP_FAIL, 0, "not held: the key is gone or has another owner");
    lp_point(client, "between GET and DEL");
    return delete_key(client);
}

enum lp_outcome lp_redis_give_key(struct lp_client *client)
{
    switch ((enum redis_release)redis_params_of(client)->release) {
    case RELEASE_COMPARE:
        return release_by_script(client);
    case RELEASE_GET_DELETE:
        return release_by_get_delete(client);
    case RELEASE_DELETE:
        return delete_key(client);
    }
    return lp_fail(client, LP_FAIL, 0, "no such way to release");
}

static enum lp_outcome lock_release(struct lp_client *client)
{
    return redis_state_of(client)->members ? lp_redlock_release(client) : lp_redis_give_key(client);
}

/* The key outlives its connection: nothing but its time to live ends it. */
static enum lp_outcome lock_drop(struct lp_client *client)
{
    lp_redis_hang_up(client);
    return LP_OK;
}

const struct lp_lock_ops lp_redis_lock_ops = {
    .acquire_try = lock_acquire_try,
    .release = lock_release,
    .still_held = lock_still_held,
    .renew = lock_renew,
    .drop = lock_drop,
    .reopen = lp_redis_connect,
};
