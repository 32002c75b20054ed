/* SPDX-License-Identifier: MIT */
/*
 * Leases while exploring. The server's clock must not end them: how long a schedule really takes
 * depends on the machine. So the key gets an expiry that the server will not live to see, as many
 * ms behind EPOCH_MS as lp_now_ns() has ns at the lease's end, and whoever comes to the key after
 * that first takes it away, as the server would have. Wants PEXPIRETIME (Redis 7).
 */
#include "drivers/redis/redis.h"

#include <inttypes.h>
#include <stdio.h>

#define EPOCH_MS INT64_C(4102444800000) /* the year 2100 */
#define FAR_MS "315360000000"           /* ten years, until the real end is set */

static enum lp_outcome ask(struct lp_client *client, const struct redis_command *command,
                           int64_t *answer)
{
    redisReply *reply;
    enum lp_outcome outcome = lp_redis_do(client, command, &reply);
    if (outcome != LP_OK)
        return outcome;
    *answer = reply->integer;
    freeReplyObject(reply);
    return LP_OK;
}

char *lp_redis_ttl_text(struct lp_client *client, char *buf, size_t size)
{
    if (lp_is_led(client))
        snprintf(buf, size, "%s", FAR_MS);
    else
        snprintf(buf, size, "%" PRIu64, lp_redis_ttl_ms(client));
    return buf;
}

enum lp_outcome lp_redis_lapse(struct lp_client *client)
{
    const char *key = redis_params_of(client)->key;
    struct redis_command when = {.argv = {"PEXPIRETIME", key}, .argc = 2};
    struct redis_command del = {.argv = {"DEL", key}, .argc = 2, .writes = true};
    int64_t end = 0, deleted;
    if (!lp_is_led(client))
        return LP_OK;
    enum lp_outcome outcome = ask(client, &when, &end);
    if (outcome != LP_OK || end <= EPOCH_MS || (uint64_t)(end - EPOCH_MS) > lp_now_ns(client))
        return outcome;
    return ask(client, &del, &deleted);
}

enum lp_outcome lp_redis_set_end(struct lp_client *client)
{
    char end[24];
    struct redis_command expire = {
        .argv = {"PEXPIREAT", redis_params_of(client)->key, end}, .argc = 3, .writes = true};
    int64_t found = 0;
    if (!lp_is_led(client) || lp_redis_ttl_ms(client) == 0)
        return LP_OK;
    snprintf(end, sizeof end, "%" PRIu64,
             (uint64_t)EPOCH_MS + lp_now_ns(client) + lp_redis_ttl_ms(client) * 1000000);
    enum lp_outcome outcome = ask(client, &expire, &found);
    if (outcome != LP_OK || found == 1)
        return outcome;
    return lp_fail(client, LP_FAIL, 0, "the key vanished before its expiry was set");
}
