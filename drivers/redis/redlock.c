/* SPDX-License-Identifier: MIT */
/*
 * Redlock: one key with one token on several servers that do not know each other, granted when most
 * of them gave it in less than the time to live, less what their clocks may be off
 * (https://redis.io/docs/manual/patterns/distributed-locks, "The Redlock algorithm"). It needs
 * servers that do not forget: one that restarts without its data gives the key away again.
 */
#include "drivers/redis/redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The part of the time to live by which clocks may differ, and 2 ms for the expiry's own grain. */
#define DRIFT_PART 100
#define DRIFT_MIN_NS 2000000

struct redis_members {
    size_t count;
    uint64_t domain; /* of all of them as one */
    struct lp_client clients[REDIS_MEMBERS_MAX];
    struct redis_state states[REDIS_MEMBERS_MAX];
};

static size_t quorum(const struct redis_members *members)
{
    return members->count / 2 + 1;
}

static void copy_token(struct lp_client *client)
{
    struct redis_state *state = redis_state_of(client);
    for (size_t i = 0; i < state->members->count; i++)
        memcpy(state->members->states[i].token, state->token, sizeof state->token);
}

void lp_redlock_close(struct lp_client *client)
{
    struct redis_state *state = redis_state_of(client);
    for (size_t i = 0; state->members && i < state->members->count; i++)
        lp_redis_hang_up(&state->members->clients[i]);
    free(state->members);
    state->members = NULL;
}

/* Those that cannot be reached now may be later; most must answer. */
enum lp_outcome lp_redlock_open(struct lp_client *client)
{
    struct redis_state *state = redis_state_of(client);
    struct redis_members *members = calloc(1, sizeof *members);
    size_t reached = 0;
    if (!members)
        return lp_fail(client, LP_FAIL, 0, "no memory");
    members->count =
        client->server_count < REDIS_MEMBERS_MAX ? client->server_count : REDIS_MEMBERS_MAX;
    state->members = members;
    for (size_t i = 0; i < members->count; i++) {
        struct lp_client *member = &members->clients[i];
        *member = *client;
        member->state = &members->states[i];
        member->server_url = client->server_urls[i];
        member->server_count = 1;
        if (lp_redis_connect(member) != LP_OK) {
            memcpy(client->error, member->error, sizeof client->error);
            continue;
        }
        struct lp_identity identity = {0};
        lp_redis_identity(member, &identity);
        members->domain = members->domain * UINT64_C(0x100000001b3) ^ identity.domain;
        reached++;
    }
    if (members->count > 1 && reached >= quorum(members))
        return LP_OK;
    return lp_fail(client, LP_FAIL, 0, "redlock reached %zu of %zu servers", reached,
                   members->count);
}

/* Also where nobody knows whether it was taken: the token makes sure that it was ours. */
static size_t give_all(struct lp_client *client, size_t *unknown)
{
    struct redis_members *members = redis_state_of(client)->members;
    size_t given = 0;
    for (size_t i = 0; i < members->count; i++) {
        enum lp_outcome outcome = lp_redis_give_key(&members->clients[i]);
        given += outcome == LP_OK;
        *unknown += outcome == LP_UNKNOWN;
    }
    return given;
}

static uint64_t drift_ns(const struct lp_client *client)
{
    return lp_redis_ttl_ms(client) * 1000000 / DRIFT_PART + DRIFT_MIN_NS;
}

enum lp_outcome lp_redlock_acquire(struct lp_client *client, struct lp_grant *grant)
{
    struct redis_members *members = redis_state_of(client)->members;
    uint64_t begin_ns = lp_now_ns(client), ttl_ns = lp_redis_ttl_ms(client) * 1000000;
    size_t taken = 0, unknown = 0;
    copy_token(client);
    for (size_t i = 0; i < members->count; i++) {
        lp_point(client, "before the next member");
        taken += lp_redis_take_key(&members->clients[i]) == LP_OK;
    }
    uint64_t spent_ns = lp_now_ns(client) - begin_ns + drift_ns(client);
    if (taken < quorum(members) || (ttl_ns && spent_ns >= ttl_ns)) {
        give_all(client, &unknown);
        return LP_BUSY;
    }
    snprintf(grant->identity.text, sizeof grant->identity.text,
             "key \"%.40s\" on %zu Redis servers", redis_params_of(client)->key, members->count);
    struct lp_identity first = {0};
    lp_redis_identity(&members->clients[0], &first);
    grant->identity.domain = members->domain;
    grant->identity.object = first.object;
    grant->ttl_ns = ttl_ns ? ttl_ns - drift_ns(client) : 0;
    return LP_OK;
}

enum lp_outcome lp_redlock_reset(struct lp_client *client)
{
    struct redis_members *members = redis_state_of(client)->members;
    enum lp_outcome outcome = LP_OK;
    for (size_t i = 0; i < members->count && outcome == LP_OK; i++)
        outcome = lp_redis_reset_key(&members->clients[i]);
    return outcome;
}

enum lp_outcome lp_redlock_release(struct lp_client *client)
{
    const struct redis_members *members = redis_state_of(client)->members;
    size_t unknown = 0, given = give_all(client, &unknown);
    if (given >= quorum(members))
        return LP_OK;
    if (given + unknown >= quorum(members))
        return lp_fail(client, LP_UNKNOWN, 0, "no answer from %zu servers", unknown);
    return lp_fail(client, LP_FAIL, 0, "not held: %zu of %zu servers had our key", given,
                   members->count);
}

enum lp_outcome lp_redlock_renew(struct lp_client *client, struct lp_grant *grant)
{
    struct redis_members *members = redis_state_of(client)->members;
    size_t renewed = 0;
    for (size_t i = 0; i < members->count; i++)
        renewed += lp_redis_renew_key(&members->clients[i]) == LP_OK;
    if (renewed < quorum(members))
        return lp_fail(client, LP_FAIL, 0, "lost: %zu of %zu servers had our key", renewed,
                       members->count);
    grant->ttl_ns = lp_redis_ttl_ms(client) * 1000000 - drift_ns(client);
    return LP_OK;
}

enum lp_held lp_redlock_still_held(struct lp_client *client)
{
    struct redis_members *members = redis_state_of(client)->members;
    size_t ours = 0, others = 0;
    for (size_t i = 0; i < members->count; i++) {
        enum lp_held held = lp_redis_owns_key(&members->clients[i]);
        ours += held == LP_HELD_YES;
        others += held == LP_HELD_NO;
    }
    if (ours >= quorum(members))
        return LP_HELD_YES;
    return others > members->count - quorum(members) ? LP_HELD_NO : LP_HELD_UNKNOWN;
}
