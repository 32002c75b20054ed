/* SPDX-License-Identifier: MIT */
/*
 * The lock of etcd's own lock service (v3lock): under a prefix each client has a key that lives
 * with its lease, and the oldest one holds. The revision at which a key was made grows with every
 * grant: it is the fencing token. A lease ends by itself when it is not renewed, and the key with
 * it; so does a waiter's, and version 3.4 grants the lock all the same (etcd issue 11456). So after
 * a wait we look whether our key is still there.
 */
#include "drivers/etcd/etcd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

static enum lp_outcome grant_lease(struct lp_client *client)
{
    struct etcd_state *state = etcd_state_of(client);
    int64_t asked = (int64_t)((etcd_params_of(client)->ttl_ns + NS_PER_S - 1) / NS_PER_S);
    json_t *reply;
    enum lp_outcome outcome =
        etcd_call(client, "/v3/lease/grant", json_pack("{s:o}", "TTL", etcd_number(asked)), true,
                  etcd_deadline(client), &reply);
    if (outcome != LP_OK)
        return outcome;
    state->lease = etcd_number_of(reply, "ID");
    state->ttl_ns = (uint64_t)etcd_number_of(reply, "TTL") * NS_PER_S;
    client->session.id = (uint64_t)state->lease;
    json_decref(reply);
    return LP_OK;
}

/* Its keys go with it. */
static enum lp_outcome revoke_lease(struct lp_client *client)
{
    struct etcd_state *state = etcd_state_of(client);
    json_t *reply;
    if (state->lease == 0)
        return LP_OK;
    enum lp_outcome outcome =
        etcd_call(client, "/v3/lease/revoke", json_pack("{s:o}", "ID", etcd_number(state->lease)),
                  true, etcd_deadline(client), &reply);
    json_decref(reply);
    state->lease = 0;
    client->session.id = 0;
    return outcome;
}

static enum lp_outcome keep_alive(struct lp_client *client)
{
    struct etcd_state *state = etcd_state_of(client);
    json_t *reply;
    enum lp_outcome outcome = etcd_call(client, "/v3/lease/keepalive",
                                        json_pack("{s:o}", "ID", etcd_number(state->lease)), true,
                                        etcd_deadline(client), &reply);
    if (outcome != LP_OK)
        return outcome;
    int64_t ttl_s = etcd_number_of(json_object_get(reply, "result"), "TTL");
    json_decref(reply);
    if (ttl_s <= 0)
        return lp_fail(client, LP_FAIL, 0, "lost: the lease is over");
    state->ttl_ns = (uint64_t)ttl_s * NS_PER_S;
    return LP_OK;
}

/* Is our key there, and since which revision? */
static enum lp_outcome look(struct lp_client *client, bool *there, int64_t *revision)
{
    json_t *reply;
    enum lp_outcome outcome = etcd_call(
        client, "/v3/kv/range", json_pack("{s:o}", "key", etcd_bytes(etcd_state_of(client)->held)),
        false, etcd_deadline(client), &reply);
    if (outcome != LP_OK)
        return outcome;
    const json_t *pair = etcd_first(reply);
    *there = pair != NULL;
    *revision = etcd_number_of(pair, "create_revision");
    json_decref(reply);
    return LP_OK;
}

static enum lp_outcome granted(struct lp_client *client, struct lp_grant *grant)
{
    struct etcd_state *state = etcd_state_of(client);
    bool there = false;
    enum lp_outcome outcome = look(client, &there, &state->revision);
    if (outcome == LP_OK && !there)
        outcome = lp_fail(client, LP_FAIL, 0, "the lease ended while we waited");
    if (outcome != LP_OK)
        return outcome;
    etcd_identity(client, etcd_params_of(client)->key, &grant->identity);
    grant->token = (uint64_t)state->revision;
    grant->ttl_ns = state->ttl_ns;
    return LP_OK;
}

/* Without waiting: our key is made if there is none under the prefix, in one transaction. */
static enum lp_outcome put_if_alone(struct lp_client *client, bool *alone)
{
    struct etcd_state *state = etcd_state_of(client);
    const char *key = etcd_params_of(client)->key;
    char from[ETCD_KEY_SIZE], to[ETCD_KEY_SIZE];
    json_t *reply;
    snprintf(from, sizeof from, "%.250s/", key);
    snprintf(to, sizeof to, "%.250s0", key); /* '0' is the letter behind '/' */
    snprintf(state->held, sizeof state->held, "%.250s/%" PRIx64, key, (uint64_t)state->lease);
    json_t *compare =
        json_pack("{s:s,s:s,s:o,s:o,s:s}", "target", "CREATE", "result", "EQUAL", "key",
                  etcd_bytes(from), "range_end", etcd_bytes(to), "createRevision", "0");
    json_t *put = json_pack("{s:{s:o,s:o}}", "requestPut", "key", etcd_bytes(state->held), "lease",
                            etcd_number(state->lease));
    enum lp_outcome outcome = etcd_call(
        client, "/v3/kv/txn", json_pack("{s:[o],s:[o]}", "compare", compare, "success", put), true,
        etcd_deadline(client), &reply);
    if (outcome == LP_OK)
        *alone = json_is_true(json_object_get(reply, "succeeded"));
    json_decref(reply);
    return outcome;
}

static enum lp_outcome acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                   struct lp_grant *grant)
{
    bool alone = false;
    if (mode == LP_SHARED)
        return lp_fail(client, LP_FAIL, 0, "an etcd lock has no shared mode");
    enum lp_outcome outcome = grant_lease(client);
    if (outcome != LP_OK)
        return LP_FAIL; /* a lease alone is no lock */
    lp_point(client, "between lease and key");
    outcome = put_if_alone(client, &alone);
    if (outcome == LP_OK && alone)
        return granted(client, grant);
    revoke_lease(client);
    return outcome == LP_OK ? LP_BUSY : outcome;
}

/* In the queue of the lock service, in slices shorter than the lease, which is renewed between
   them. Whoever hangs up is taken out of the queue. */
static enum lp_outcome wait_in_queue(struct lp_client *client, uint64_t deadline_ns)
{
    struct etcd_state *state = etcd_state_of(client);
    for (;;) {
        uint64_t now = lp_now_ns(client), slice_ns = now + state->ttl_ns / 2;
        json_t *reply;
        enum lp_outcome outcome =
            etcd_call(client, "/v3/lock/lock",
                      json_pack("{s:o,s:o}", "name", etcd_bytes(etcd_params_of(client)->key),
                                "lease", etcd_number(state->lease)),
                      true, slice_ns < deadline_ns ? slice_ns : deadline_ns, &reply);
        if (outcome == LP_OK) {
            bool good = etcd_text(json_object_get(reply, "key"), state->held, sizeof state->held);
            json_decref(reply);
            return good ? LP_OK : lp_fail(client, LP_UNKNOWN, 0, "etcd names no key of the lock");
        }
        if (outcome == LP_FAIL)
            return outcome;
        if (lp_now_ns(client) >= deadline_ns)
            return LP_BUSY;
        if (keep_alive(client) != LP_OK)
            return lp_now_ns(client) >= deadline_ns ? LP_BUSY : LP_UNKNOWN;
    }
}

static enum lp_outcome acquire_wait(struct lp_client *client, enum lp_lock_mode mode,
                                    uint64_t deadline_ns, struct lp_grant *grant)
{
    if (mode == LP_SHARED)
        return lp_fail(client, LP_FAIL, 0, "an etcd lock has no shared mode");
    if (grant_lease(client) != LP_OK)
        return LP_FAIL;
    enum lp_outcome outcome = wait_in_queue(client, deadline_ns);
    if (outcome == LP_OK)
        outcome = granted(client, grant);
    if (outcome == LP_OK)
        return LP_OK;
    /* A revoked lease leaves no key behind, whatever was granted. */
    if (revoke_lease(client) == LP_OK && outcome == LP_UNKNOWN)
        return LP_FAIL;
    return outcome;
}

/* Deleting the key of this very grant, or nothing. */
static enum lp_outcome lock_release(struct lp_client *client)
{
    struct etcd_state *state = etcd_state_of(client);
    json_t *reply;
    json_t *compare =
        json_pack("{s:s,s:s,s:o,s:o}", "target", "CREATE", "result", "EQUAL", "key",
                  etcd_bytes(state->held), "createRevision", etcd_number(state->revision));
    json_t *delete = json_pack("{s:{s:o}}", "requestDeleteRange", "key", etcd_bytes(state->held));
    enum lp_outcome outcome = etcd_call(
        client, "/v3/kv/txn", json_pack("{s:[o],s:[o]}", "compare", compare, "success", delete),
        true, etcd_deadline(client), &reply);
    bool ours = json_is_true(json_object_get(reply, "succeeded"));
    json_decref(reply);
    revoke_lease(client);
    if (outcome != LP_OK || ours)
        return outcome;
    return lp_fail(client, LP_FAIL, 0, "not held: our key is gone");
}

static enum lp_held still_held(struct lp_client *client)
{
    bool there = false;
    int64_t revision = 0;
    if (look(client, &there, &revision) != LP_OK)
        return LP_HELD_UNKNOWN;
    return there && revision == etcd_state_of(client)->revision ? LP_HELD_YES : LP_HELD_NO;
}

static enum lp_outcome lock_renew(struct lp_client *client, struct lp_grant *grant)
{
    enum lp_outcome outcome = keep_alive(client);
    if (outcome == LP_OK)
        grant->ttl_ns = etcd_state_of(client)->ttl_ns;
    return outcome;
}

enum lp_outcome etcd_harm(struct lp_client *client, enum lp_harm harm,
                          const struct lp_session *victim)
{
    json_t *reply;
    if (harm != LP_HARM_EXPIRE)
        return lp_fail(client, LP_FAIL, 0, "an etcd lease does not hang on a connection");
    enum lp_outcome outcome = etcd_call(client, "/v3/lease/revoke",
                                        json_pack("{s:o}", "ID", etcd_number((int64_t)victim->id)),
                                        true, etcd_deadline(client), &reply);
    json_decref(reply);
    if (outcome != LP_OK)
        return outcome;
    outcome = etcd_call(client, "/v3/lease/timetolive",
                        json_pack("{s:o}", "ID", etcd_number((int64_t)victim->id)), false,
                        etcd_deadline(client), &reply);
    bool gone = outcome == LP_OK && etcd_number_of(reply, "TTL") < 0;
    json_decref(reply);
    return gone ? LP_OK : lp_fail(client, LP_FAIL, 0, "the lease is still there");
}

const struct lp_lock_ops etcd_lock_ops = {
    .acquire_try = acquire_try,
    .acquire_wait = acquire_wait,
    .release = lock_release,
    .still_held = still_held,
    .renew = lock_renew,
};
