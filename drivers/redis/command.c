/* SPDX-License-Identifier: MIT */
/*
 * One command and its reply, and what is certain when there is none:
 *
 *     no connection, or no byte of the command has left   LP_FAIL: certainly not done
 *     the reply is an error                               LP_FAIL: refused
 *     any byte has left and no reply came                 LP_UNKNOWN if the command writes
 *
 * A connection on which a reply is missing is never used again: the late reply would be taken for
 * that of the next command. The next operation makes a new one.
 */
#include "drivers/redis/redis.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define KNOWN_SERVER_TEXT 400

static enum lp_outcome lost(struct lp_client *client, enum lp_outcome outcome, int errnum,
                            const char *what)
{
    char where[KNOWN_SERVER_TEXT];
    lp_redis_hang_up(client);
    return lp_fail(client, outcome, errnum, "%s at %s", what,
                   lp_redis_address_text(&redis_state_of(client)->address, where, sizeof where));
}

/* Over the connection that is there. */
static enum lp_outcome exchange(struct lp_client *client, const struct redis_command *command,
                                uint64_t deadline_ns, redisReply **reply)
{
    enum lp_outcome in_the_air = command->writes ? LP_UNKNOWN : LP_FAIL;
    const char *argv[sizeof command->argv / sizeof command->argv[0]];
    size_t sizes[sizeof command->argv / sizeof command->argv[0]];
    bool any_sent = false;
    char *bytes = NULL;

    for (int i = 0; i < command->argc; i++) {
        argv[i] = command->argv[i];
        sizes[i] = strlen(argv[i]);
    }
    long long size = redisFormatCommandArgv(&bytes, command->argc, argv, sizes);
    if (size < 0)
        return lp_fail(client, LP_FAIL, ENOMEM, "cannot make a Redis command");
    int rc = lp_redis_send(client, bytes, (size_t)size, deadline_ns, &any_sent);
    int errnum = errno;
    redisFreeCommand(bytes);
    if (rc == -1)
        return lost(client, any_sent ? in_the_air : LP_FAIL, errnum, "cannot send to Redis");
    if (lp_redis_receive(client, deadline_ns, reply) == -1)
        return lost(client, in_the_air, errno, "no reply from Redis");
    if ((*reply)->type != REDIS_REPLY_ERROR)
        return LP_OK;
    lp_fail(client, LP_FAIL, 0, "Redis refused %s: %s", command->argv[0], (*reply)->str);
    freeReplyObject(*reply);
    *reply = NULL;
    return LP_FAIL;
}

static enum lp_outcome log_in(struct lp_client *client, uint64_t deadline_ns)
{
    const struct redis_address *address = &redis_state_of(client)->address;
    char database[16];
    redisReply *reply;
    struct redis_command auth = {.argv = {"AUTH", address->user, address->password}, .argc = 3};
    struct redis_command select = {.argv = {"SELECT", database}, .argc = 2};

    if (address->user[0] == '\0') {
        auth.argv[1] = address->password;
        auth.argc = 2;
    }
    if (address->password[0]) {
        enum lp_outcome outcome = exchange(client, &auth, deadline_ns, &reply);
        /* A server that does not know the command quotes its arguments: the password. */
        if (outcome != LP_OK && redis_state_of(client)->reader)
            return lp_fail(client, outcome, 0, "Redis refused the user or the password");
        if (outcome != LP_OK)
            return outcome;
        freeReplyObject(reply);
    }
    if (address->database == 0)
        return LP_OK;
    snprintf(database, sizeof database, "%u", address->database);
    enum lp_outcome outcome = exchange(client, &select, deadline_ns, &reply);
    if (outcome == LP_OK)
        freeReplyObject(reply);
    return outcome;
}

/* The run_id is made at each start of a server, so it tells a restarted one from the old one. */
static enum lp_outcome ask_run_id(struct lp_client *client, uint64_t deadline_ns)
{
    static const struct redis_command info = {.argv = {"INFO", "server"}, .argc = 2};
    struct redis_state *state = redis_state_of(client);
    redisReply *reply;

    enum lp_outcome outcome = exchange(client, &info, deadline_ns, &reply);
    if (outcome != LP_OK)
        return outcome;
    const char *at = reply->str ? strstr(reply->str, "run_id:") : NULL;
    if (at && state->run_id[0] == '\0')
        snprintf(state->run_id, sizeof state->run_id, "%.*s", (int)strcspn(at + 7, "\r\n"), at + 7);
    freeReplyObject(reply);
    if (state->run_id[0] == '\0')
        return lp_fail(client, LP_FAIL, 0, "Redis does not tell its run_id, which names the lock");
    return LP_OK;
}

/* By which the server can be asked to cut it. */
static enum lp_outcome ask_session(struct lp_client *client, uint64_t deadline_ns)
{
    static const struct redis_command id = {.argv = {"CLIENT", "ID"}, .argc = 2};
    redisReply *reply;
    enum lp_outcome outcome = exchange(client, &id, deadline_ns, &reply);
    if (outcome != LP_OK)
        return outcome;
    client->session.id = (uint64_t)reply->integer;
    freeReplyObject(reply);
    return LP_OK;
}

/* A replica refuses to write: where there are several servers the primary is looked for. */
static enum lp_outcome check_primary(struct lp_client *client, uint64_t deadline_ns)
{
    static const struct redis_command role = {.argv = {"ROLE"}, .argc = 1};
    redisReply *reply;
    if (client->server_count < 2)
        return LP_OK;
    enum lp_outcome outcome = exchange(client, &role, deadline_ns, &reply);
    if (outcome != LP_OK)
        return outcome;
    bool primary = reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
                   reply->element[0]->str && strcmp(reply->element[0]->str, "master") == 0;
    freeReplyObject(reply);
    return primary ? LP_OK : lp_fail(client, LP_FAIL, 0, "this server is a replica");
}

/* The server may have closed an idle connection (it was restarted): seen before anything is sent,
   this is no loss at all. */
static void notice_hang_up(struct lp_client *client)
{
    struct redis_state *state = redis_state_of(client);
    char byte;
    if (!state->reader)
        return;
    ssize_t size = recv(state->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (size >= 0 || (errno != EAGAIN && errno != EINTR))
        lp_redis_hang_up(client);
}

static enum lp_outcome connect_one(struct lp_client *client, const char *url, uint64_t deadline_ns)
{
    const char *why;
    if (lp_redis_address(&redis_state_of(client)->address, url, &why) == -1)
        return lp_fail(client, LP_FAIL, 0, "%s", why);
    if (lp_redis_dial(client, deadline_ns) == -1)
        return lost(client, LP_FAIL, errno, "cannot connect to Redis");
    enum lp_outcome outcome = log_in(client, deadline_ns);
    if (outcome == LP_OK)
        outcome = ask_run_id(client, deadline_ns);
    if (outcome == LP_OK)
        outcome = ask_session(client, deadline_ns);
    if (outcome == LP_OK)
        outcome = check_primary(client, deadline_ns);
    if (outcome != LP_OK)
        lp_redis_hang_up(client);
    return outcome;
}

static enum lp_outcome connect_until(struct lp_client *client, uint64_t deadline_ns)
{
    notice_hang_up(client);
    if (redis_state_of(client)->reader)
        return LP_OK;
    if (client->server_count < 2)
        return connect_one(client, client->server_url, deadline_ns);
    enum lp_outcome outcome = LP_FAIL;
    for (size_t i = 0; i < client->server_count && outcome != LP_OK; i++)
        outcome = connect_one(client, client->server_urls[i], deadline_ns);
    return outcome;
}

static uint64_t deadline_of(struct lp_client *client)
{
    return lp_now_ns(client) + redis_params_of(client)->timeout_ns;
}

enum lp_outcome lp_redis_connect(struct lp_client *client)
{
    return connect_until(client, deadline_of(client));
}

enum lp_outcome lp_redis_do(struct lp_client *client, const struct redis_command *command,
                            redisReply **reply)
{
    uint64_t deadline_ns = deadline_of(client);

    enum lp_outcome outcome = connect_until(client, deadline_ns);
    if (outcome != LP_OK)
        return outcome;
    return exchange(client, command, deadline_ns, reply);
}

enum lp_outcome lp_redis_run_script(struct lp_client *client, const struct redis_script *script,
                                    const char *arg1, const char *arg2, int64_t *result)
{
    const char *key = redis_params_of(client)->key;
    struct redis_command by_hash = {
        .argv = {"EVALSHA", script->sha1, "1", key, arg1, arg2}, .argc = 6, .writes = true};
    redisReply *reply;

    enum lp_outcome outcome = lp_redis_do(client, &by_hash, &reply);
    if (outcome == LP_FAIL && strstr(client->error, "NOSCRIPT")) {
        struct redis_command by_text = by_hash;
        by_text.argv[0] = "EVAL";
        by_text.argv[1] = script->text;
        outcome = lp_redis_do(client, &by_text, &reply);
    }
    if (outcome != LP_OK)
        return outcome;
    *result = reply->integer;
    bool is_number = reply->type == REDIS_REPLY_INTEGER, is_nil = reply->type == REDIS_REPLY_NIL;
    freeReplyObject(reply);
    if (is_nil)
        return LP_BUSY;
    if (!is_number)
        return lp_fail(client, LP_UNKNOWN, 0, "Redis answered a script with no number");
    return LP_OK;
}

/* FNV-1a (Fowler, Noll, Vo). */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash;
}

void lp_redis_identity(struct lp_client *client, struct lp_identity *identity)
{
    const struct redis_state *state = redis_state_of(client);
    const char *key = redis_params_of(client)->key;
    uint64_t seed = UINT64_C(0xcbf29ce484222325);
    char database[16];

    snprintf(database, sizeof database, "%u:", state->address.database);
    identity->domain = hash_text(hash_text(seed, "redis:"), state->run_id);
    identity->object = hash_text(hash_text(seed, database), key);
    snprintf(identity->text, sizeof identity->text, "key \"%.40s\" in database %u of Redis %.12s",
             key, state->address.database, state->run_id);
}
