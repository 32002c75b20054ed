/* SPDX-License-Identifier: MIT */
/* The store: a counter in a key. GET and SET, INCRBY as the atomic add, a script as the cas. */
#include "drivers/redis/redis.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const struct redis_script compare_and_set = {
    .text = "if redis.call('get',KEYS[1])==ARGV[1] then redis.call('set',KEYS[1],ARGV[2]) "
            "return 1 end return 0",
    .sha1 = "bac60586e81bfc6ac8b17ee1e5a712d48a63c9e3",
};

/* The highest token that was shown is in a key beside the counter's. */
static const struct redis_script read_if_newest = {
    .text = "local seen=KEYS[1]..':seen' if "
            "tonumber(ARGV[1])<tonumber(redis.call('get',seen) or '0') then return "
            "false end redis.call('set',seen,ARGV[1]) return "
            "tonumber(redis.call('get',KEYS[1]))",
    .sha1 = "eab585e2064d9bd89963d5ed1ffbd7ec1e9a52a2",
};
static const struct redis_script write_if_newest = {
    .text = "local seen=KEYS[1]..':seen' if "
            "tonumber(ARGV[1])<tonumber(redis.call('get',seen) or '0') then return "
            "false end redis.call('set',seen,ARGV[1]) "
            "redis.call('set',KEYS[1],ARGV[2]) return 1",
    .sha1 = "fdeacb37c9efef2ba4293da011ccfec54b3e5e2e",
};

static enum lp_outcome store_read(struct lp_client *client, int64_t *value)
{
    struct redis_command get = {.argv = {"GET", redis_params_of(client)->key}, .argc = 2};
    redisReply *reply;
    char *end = NULL;

    enum lp_outcome outcome = lp_redis_do(client, &get, &reply);
    if (outcome != LP_OK)
        return outcome;
    errno = 0;
    if (reply->type == REDIS_REPLY_STRING)
        *value = strtoll(reply->str, &end, 10);
    bool good = end && end != reply->str && *end == '\0' && errno == 0;
    freeReplyObject(reply);
    return good ? LP_OK : lp_fail(client, LP_FAIL, 0, "read: the key is gone or no number");
}

static enum lp_outcome store_write(struct lp_client *client, int64_t value)
{
    char text[24];
    redisReply *reply;
    struct redis_command set = {
        .argv = {"SET", redis_params_of(client)->key, text}, .argc = 3, .writes = true};

    snprintf(text, sizeof text, "%" PRId64, value);
    enum lp_outcome outcome = lp_redis_do(client, &set, &reply);
    if (outcome == LP_OK)
        freeReplyObject(reply);
    return outcome;
}

static enum lp_outcome store_add(struct lp_client *client, int64_t delta, int64_t *result)
{
    char text[24];
    redisReply *reply;
    struct redis_command add = {
        .argv = {"INCRBY", redis_params_of(client)->key, text}, .argc = 3, .writes = true};

    snprintf(text, sizeof text, "%" PRId64, delta);
    enum lp_outcome outcome = lp_redis_do(client, &add, &reply);
    if (outcome != LP_OK)
        return outcome;
    *result = reply->integer;
    freeReplyObject(reply);
    return LP_OK;
}

static enum lp_outcome store_cas(struct lp_client *client, int64_t expected, int64_t desired)
{
    char old_text[24], new_text[24];
    int64_t done = 0;

    snprintf(old_text, sizeof old_text, "%" PRId64, expected);
    snprintf(new_text, sizeof new_text, "%" PRId64, desired);
    enum lp_outcome outcome =
        lp_redis_run_script(client, &compare_and_set, old_text, new_text, &done);
    if (outcome != LP_OK || done == 1)
        return outcome;
    return lp_fail(client, LP_BUSY, 0, "cas: the value is not the expected one");
}

static enum lp_outcome fenced(struct lp_client *client, const struct redis_script *script,
                              struct lp_fence *fence, const char *value, int64_t *result)
{
    char token[24];
    if (fence->token == 0)
        return lp_fail(client, LP_FAIL, 0, "no token to show: the lock needs `fencing: yes`");
    snprintf(token, sizeof token, "%" PRIu64, fence->token);
    enum lp_outcome outcome = lp_redis_run_script(client, script, token, value, result);
    if (outcome != LP_BUSY)
        return outcome;
    fence->stale = true;
    return lp_fail(client, LP_FAIL, 0, "refused: the store has seen a newer token than %" PRIu64,
                   fence->token);
}

static enum lp_outcome store_read_fenced(struct lp_client *client, struct lp_fence *fence,
                                         int64_t *value)
{
    return fenced(client, &read_if_newest, fence, "", value);
}

static enum lp_outcome store_write_fenced(struct lp_client *client, struct lp_fence *fence,
                                          int64_t value)
{
    char text[24];
    int64_t done;
    snprintf(text, sizeof text, "%" PRId64, value);
    return fenced(client, &write_if_newest, fence, text, &done);
}

static enum lp_outcome store_identify(struct lp_client *client, struct lp_identity *identity)
{
    enum lp_outcome outcome = lp_redis_connect(client);
    if (outcome == LP_OK)
        lp_redis_identity(client, identity);
    return outcome == LP_OK ? LP_OK : LP_FAIL;
}

static enum lp_outcome store_drop(struct lp_client *client)
{
    lp_redis_hang_up(client);
    return LP_OK;
}

const struct lp_store_ops lp_redis_store_ops = {
    .read = store_read,
    .write = store_write,
    .identify = store_identify,
    .add = store_add,
    .cas = store_cas,
    .drop = store_drop,
    .reopen = lp_redis_connect,
    .read_fenced = store_read_fenced,
    .write_fenced = store_write_fenced,
};
