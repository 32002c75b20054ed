/* SPDX-License-Identifier: MIT */
/*
 * The store: a key with the counter, and beside it one with the highest token that was shown, in 20
 * digits, as etcd compares values byte by byte. Conditional writes are transactions.
 */
#include "drivers/etcd/etcd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *put_request(const char *key, const char *value)
{
    return json_pack("{s:{s:o,s:o}}", "requestPut", "key", etcd_bytes(key), "value",
                     etcd_bytes(value));
}

static enum lp_outcome value_of(struct lp_client *client, const json_t *pair, int64_t *value)
{
    char text[32], *end = NULL;
    if (etcd_text(json_object_get(pair, "value"), text, sizeof text))
        *value = strtoll(text, &end, 10);
    if (end && end != text && *end == '\0')
        return LP_OK;
    return lp_fail(client, LP_FAIL, 0, "read: the key is gone or no number");
}

static enum lp_outcome store_read(struct lp_client *client, int64_t *value)
{
    json_t *reply;
    enum lp_outcome outcome = etcd_call(
        client, "/v3/kv/range", json_pack("{s:o}", "key", etcd_bytes(etcd_params_of(client)->key)),
        false, etcd_deadline(client), &reply);
    if (outcome == LP_OK)
        outcome = value_of(client, etcd_first(reply), value);
    json_decref(reply);
    return outcome;
}

static enum lp_outcome store_write(struct lp_client *client, int64_t value)
{
    char text[24];
    json_t *reply;
    snprintf(text, sizeof text, "%" PRId64, value);
    enum lp_outcome outcome =
        etcd_call(client, "/v3/kv/put",
                  json_pack("{s:o,s:o}", "key", etcd_bytes(etcd_params_of(client)->key), "value",
                            etcd_bytes(text)),
                  true, etcd_deadline(client), &reply);
    json_decref(reply);
    return outcome;
}

/* `compare` and what follows when it is true are taken. LP_BUSY: it was false. */
static enum lp_outcome transact(struct lp_client *client, json_t *compare, json_t *success,
                                json_t **reply)
{
    enum lp_outcome outcome = etcd_call(
        client, "/v3/kv/txn", json_pack("{s:[o],s:o}", "compare", compare, "success", success),
        true, etcd_deadline(client), reply);
    if (outcome == LP_OK && !json_is_true(json_object_get(*reply, "succeeded")))
        outcome = LP_BUSY;
    return outcome;
}

static enum lp_outcome store_cas(struct lp_client *client, int64_t expected, int64_t desired)
{
    const char *key = etcd_params_of(client)->key;
    char old_text[24], new_text[24];
    json_t *reply;
    snprintf(old_text, sizeof old_text, "%" PRId64, expected);
    snprintf(new_text, sizeof new_text, "%" PRId64, desired);
    json_t *compare = json_pack("{s:s,s:s,s:o,s:o}", "target", "VALUE", "result", "EQUAL", "key",
                                etcd_bytes(key), "value", etcd_bytes(old_text));
    enum lp_outcome outcome =
        transact(client, compare, json_pack("[o]", put_request(key, new_text)), &reply);
    json_decref(reply);
    if (outcome == LP_BUSY)
        lp_fail(client, LP_BUSY, 0, "cas: the value is not the expected one");
    return outcome;
}

/* ---- with a token ---- */

static void fence_key(struct lp_client *client, char *key, size_t size)
{
    snprintf(key, size, "%.250s:seen", etcd_params_of(client)->key);
}

/* The mark is raised to the token unless it is higher; `also` is done in the same step. */
static enum lp_outcome fenced(struct lp_client *client, struct lp_fence *fence, json_t *also,
                              json_t **reply)
{
    char key[ETCD_KEY_SIZE], mark[24], limit[24];
    fence_key(client, key, sizeof key);
    snprintf(mark, sizeof mark, "%020" PRIu64, fence->token);
    snprintf(limit, sizeof limit, "%020" PRIu64, fence->token + 1);
    json_t *compare = json_pack("{s:s,s:s,s:o,s:o}", "target", "VALUE", "result", "LESS", "key",
                                etcd_bytes(key), "value", etcd_bytes(limit));
    enum lp_outcome outcome =
        transact(client, compare, json_pack("[o,o]", put_request(key, mark), also), reply);
    if (outcome != LP_BUSY)
        return outcome;
    fence->stale = true;
    return lp_fail(client, LP_FAIL, 0, "refused: the store has seen a newer token than %" PRIu64,
                   fence->token);
}

static enum lp_outcome store_read_fenced(struct lp_client *client, struct lp_fence *fence,
                                         int64_t *value)
{
    json_t *reply;
    json_t *range =
        json_pack("{s:{s:o}}", "requestRange", "key", etcd_bytes(etcd_params_of(client)->key));
    enum lp_outcome outcome = fenced(client, fence, range, &reply);
    if (outcome == LP_OK) {
        const json_t *second = json_array_get(json_object_get(reply, "responses"), 1);
        outcome = value_of(client, etcd_first(json_object_get(second, "response_range")), value);
    }
    json_decref(reply);
    return outcome;
}

static enum lp_outcome store_write_fenced(struct lp_client *client, struct lp_fence *fence,
                                          int64_t value)
{
    char text[24];
    json_t *reply;
    snprintf(text, sizeof text, "%" PRId64, value);
    enum lp_outcome outcome =
        fenced(client, fence, put_request(etcd_params_of(client)->key, text), &reply);
    json_decref(reply);
    return outcome;
}

static enum lp_outcome store_identify(struct lp_client *client, struct lp_identity *identity)
{
    int64_t value;
    if (etcd_state_of(client)->cluster == 0 && store_read(client, &value) != LP_OK)
        return LP_FAIL;
    etcd_identity(client, etcd_params_of(client)->key, identity);
    return LP_OK;
}

const struct lp_store_ops etcd_store_ops = {
    .read = store_read,
    .write = store_write,
    .identify = store_identify,
    .cas = store_cas,
    .read_fenced = store_read_fenced,
    .write_fenced = store_write_fenced,
};
