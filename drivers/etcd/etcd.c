/* SPDX-License-Identifier: MIT */
/*
 * The etcd plug-in: a counter in a key, the lock service with leases. This file is its table, and
 * makes, opens and closes a client.
 */
#include "drivers/etcd/etcd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BOTH (LP_ROLE_LOCK | LP_ROLE_STORE)
#define AT(member) offsetof(struct etcd_params, member)

static const struct lp_param params[] = {
    {"key", LP_PARAM_TEXT, BOTH, AT(key), NULL, NULL, "the counter's key, or the lock's name"},
    {"ttl", LP_PARAM_DURATION, LP_ROLE_LOCK, AT(ttl_ns), "10s", NULL,
     "time to live of the lock's lease, in whole seconds; the server grants 2 s at least"},
    {"timeout", LP_PARAM_DURATION, BOTH, AT(timeout_ns), "5s", NULL,
     "how long one request may take, connecting included"},
};

static void etcd_close(struct lp_client *client)
{
    struct etcd_state *state = etcd_state_of(client);
    if (state->curl)
        curl_easy_cleanup(state->curl);
    curl_slist_free_all(state->headers);
    state->curl = NULL;
    state->headers = NULL;
}

static enum lp_outcome ask_cluster(struct lp_client *client)
{
    json_t *reply;
    enum lp_outcome outcome = etcd_call(
        client, "/v3/kv/range", json_pack("{s:o}", "key", etcd_bytes(etcd_params_of(client)->key)),
        false, etcd_deadline(client), &reply);
    json_decref(reply);
    return outcome;
}

static enum lp_outcome etcd_open(struct lp_client *client, unsigned role)
{
    struct etcd_state *state = etcd_state_of(client);
    (void)role;
    if (!client->server_url)
        return lp_fail(client, LP_FAIL, 0, "no server was given");
    if (strlen(etcd_params_of(client)->key) > 250)
        return lp_fail(client, LP_FAIL, 0, "a key of more than 250 bytes");
    state->curl = curl_easy_init();
    state->headers = curl_slist_append(NULL, "Expect:");
    if (!state->curl || !state->headers)
        return lp_fail(client, LP_FAIL, 0, "no memory for a connection");
    return ask_cluster(client);
}

/* A key that is there already is left as it is. */
static enum lp_outcome make_key(struct lp_client *client, const char *key, const char *value)
{
    json_t *reply;
    json_t *compare = json_pack("{s:s,s:s,s:o,s:s}", "target", "CREATE", "result", "EQUAL", "key",
                                etcd_bytes(key), "createRevision", "0");
    json_t *put = json_pack("{s:{s:o,s:o}}", "requestPut", "key", etcd_bytes(key), "value",
                            etcd_bytes(value));
    enum lp_outcome outcome = etcd_call(
        client, "/v3/kv/txn", json_pack("{s:[o],s:[o]}", "compare", compare, "success", put), true,
        etcd_deadline(client), &reply);
    json_decref(reply);
    return outcome;
}

static enum lp_outcome make_counter(struct lp_client *client, int64_t start)
{
    char fence[ETCD_KEY_SIZE], text[24];
    int64_t value = 0;
    const char *key = etcd_params_of(client)->key;
    snprintf(fence, sizeof fence, "%.250s:seen", key);
    snprintf(text, sizeof text, "%" PRId64, start);
    enum lp_outcome outcome = make_key(client, fence, "00000000000000000000");
    if (outcome == LP_OK)
        outcome = make_key(client, key, text);
    if (outcome == LP_OK)
        outcome = etcd_store_ops.read(client, &value);
    if (outcome != LP_OK || value == start)
        return outcome;
    return lp_fail(client, LP_FAIL, 0,
                   "the key \"%.40s\" is there already with %" PRId64 ", not %" PRId64
                   "; delete it or name another",
                   key, value, start);
}

static enum lp_outcome etcd_prepare(struct lp_client *client, unsigned role, int64_t start)
{
    enum lp_outcome outcome = etcd_open(client, role);
    if (outcome == LP_OK && role == LP_ROLE_STORE)
        outcome = make_counter(client, start);
    etcd_close(client);
    return outcome == LP_OK ? LP_OK : LP_FAIL;
}

static const struct lp_driver driver = {
    .magic = LP_DRIVER_MAGIC,
    .abi = LP_DRIVER_ABI,
    .size = sizeof(struct lp_driver),
    .roles = BOTH,
    .abilities = LP_ATOMIC_ACQUIRE | LP_LEASE | LP_TOKENS | LP_ATOMIC_WRITE,
    .owner = LP_OWNER_NAME,
    .name = "etcd",
    .summary = "a counter in an etcd key; etcd's lock service with leases",
    .server = "etcd",
    .params = params,
    .param_count = sizeof params / sizeof params[0],
    .params_size = sizeof(struct etcd_params),
    .state_size = sizeof(struct etcd_state),
    .prepare = etcd_prepare,
    .open = etcd_open,
    .close = etcd_close,
    .harm = etcd_harm,
    .lock = &etcd_lock_ops,
    .store = &etcd_store_ops,
};

LP_DRIVER_EXPORT(driver);
