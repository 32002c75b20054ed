/* SPDX-License-Identifier: MIT */
/*
 * Requests by libcurl, bodies by jansson. What is certain when a request fails:
 *
 *     no connection could be made               LP_FAIL; the next member is asked
 *     the server refuses it                     LP_FAIL
 *     it says that it does not know (timeout)   LP_UNKNOWN if the request writes
 *     no whole answer came                      LP_UNKNOWN if the request writes
 */
#include "drivers/etcd/etcd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX (256 * 1024)

/* gRPC codes in which a write may have been done (grpc, "Status codes"). */
enum {
    GRPC_CANCELLED = 1,
    GRPC_UNKNOWN = 2,
    GRPC_DEADLINE = 4,
    GRPC_INTERNAL = 13,
    GRPC_UNAVAILABLE = 14
};

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

json_t *etcd_bytes(const char *text)
{
    char out[4 * ETCD_KEY_SIZE];
    size_t len = strlen(text), used = 0;
    for (size_t i = 0; i < len && used + 5 < sizeof out; i += 3) {
        uint32_t three = 0;
        for (size_t k = 0; k < 3; k++)
            three = three << 8 | (i + k < len ? (unsigned char)text[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            out[used++] = i + k > len ? '=' : letters[three >> (18 - 6 * k) & 63];
    }
    out[used] = '\0';
    return json_string(out);
}

bool etcd_text(const json_t *bytes, char *text, size_t size)
{
    const char *from = json_string_value(bytes);
    uint32_t four = 0;
    size_t used = 0;
    if (!from)
        return false;
    for (size_t i = 0; from[i] && from[i] != '='; i++) {
        const char *at = strchr(letters, from[i]);
        if (!at)
            return false;
        four = four << 6 | (uint32_t)(at - letters);
        size_t bits = (i + 1) * 6;
        if (bits / 8 > used) {
            if (used + 1 >= size)
                return false;
            text[used++] = (char)(four >> (bits % 8) & 255);
        }
    }
    text[used] = '\0';
    return true;
}

json_t *etcd_number(int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    return json_string(text);
}

int64_t etcd_number_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (json_is_string(value))
        return strtoll(json_string_value(value), NULL, 10);
    return json_integer_value(value);
}

const json_t *etcd_first(const json_t *reply)
{
    return json_array_get(json_object_get(reply, "kvs"), 0);
}

uint64_t etcd_deadline(struct lp_client *client)
{
    return lp_now_ns(client) + etcd_params_of(client)->timeout_ns;
}

/* FNV-1a (Fowler, Noll, Vo). */
void etcd_identity(struct lp_client *client, const char *key, struct lp_identity *identity)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *at = key; *at; at++)
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    identity->domain = etcd_state_of(client)->cluster;
    identity->object = hash;
    snprintf(identity->text, sizeof identity->text, "key \"%.40s\" in etcd %llx", key,
             (unsigned long long)identity->domain);
}

/* ---- one request ---- */

struct answer {
    char *text;
    size_t len;
};

static size_t take_answer(char *bytes, size_t size, size_t count, void *context)
{
    struct answer *answer = context;
    size_t len = size * count;
    char *grown =
        answer->len + len < ANSWER_MAX ? realloc(answer->text, answer->len + len + 1) : NULL;
    if (!grown)
        return 0;
    memcpy(grown + answer->len, bytes, len);
    answer->text = grown;
    answer->len += len;
    answer->text[answer->len] = '\0';
    return len;
}

static CURLcode post(struct lp_client *client, const char *path, const char *body,
                     uint64_t deadline_ns, struct answer *answer)
{
    struct etcd_state *state = etcd_state_of(client);
    char url[512];
    uint64_t now = lp_now_ns(client);
    long left_ms = deadline_ns > now ? (long)((deadline_ns - now) / 1000000) + 1 : 1;
    const char *server = client->server_count ? client->server_urls[state->endpoint] : "";
    if (!state->curl)
        return CURLE_FAILED_INIT;
    snprintf(url, sizeof url, "%s%s", server, path);
    curl_easy_setopt(state->curl, CURLOPT_URL, url);
    curl_easy_setopt(state->curl, CURLOPT_HTTPHEADER, state->headers);
    curl_easy_setopt(state->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(state->curl, CURLOPT_TIMEOUT_MS, left_ms);
    curl_easy_setopt(state->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(state->curl, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(state->curl, CURLOPT_WRITEDATA, answer);
    return curl_easy_perform(state->curl);
}

/* The other members may be well. A connection that was used before may have been closed just now:
   nobody can tell then whether the request was read. */
static CURLcode post_to_any(struct lp_client *client, const char *path, const char *body,
                            uint64_t deadline_ns, struct answer *answer)
{
    struct etcd_state *state = etcd_state_of(client);
    CURLcode code = CURLE_COULDNT_CONNECT;
    for (size_t i = 0; i < client->server_count && code == CURLE_COULDNT_CONNECT; i++) {
        if (i > 0)
            state->endpoint = (state->endpoint + 1) % client->server_count;
        code = post(client, path, body, deadline_ns, answer);
    }
    if (code != CURLE_OK && code != CURLE_COULDNT_CONNECT && client->server_count > 0)
        state->endpoint = (state->endpoint + 1) % client->server_count;
    return code;
}

static bool may_be_done(int64_t code)
{
    return code == GRPC_CANCELLED || code == GRPC_UNKNOWN || code == GRPC_DEADLINE ||
           code == GRPC_INTERNAL || code == GRPC_UNAVAILABLE;
}

static enum lp_outcome read_answer(struct lp_client *client, const char *text, bool writes,
                                   json_t **reply)
{
    json_t *root = text ? json_loads(text, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
    if (!json_is_object(root)) {
        json_decref(root);
        return lp_fail(client, writes ? LP_UNKNOWN : LP_FAIL, 0, "etcd answers with no JSON");
    }
    const json_t *error = json_object_get(root, "error");
    if (error) {
        const char *words = json_string_value(json_object_get(root, "message"));
        int64_t code = etcd_number_of(json_is_object(error) ? error : root, "code");
        enum lp_outcome outcome = writes && may_be_done(code) ? LP_UNKNOWN : LP_FAIL;
        lp_fail(client, outcome, 0, "etcd: %.120s",
                words                   ? words
                : json_is_string(error) ? json_string_value(error)
                                        : "refused");
        json_decref(root);
        return outcome;
    }
    const json_t *header = json_object_get(root, "header");
    const char *cluster = json_string_value(json_object_get(header, "cluster_id"));
    if (cluster && etcd_state_of(client)->cluster == 0)
        etcd_state_of(client)->cluster = strtoull(cluster, NULL, 10);
    *reply = root;
    return LP_OK;
}

enum lp_outcome etcd_call(struct lp_client *client, const char *path, json_t *body, bool writes,
                          uint64_t deadline_ns, json_t **reply)
{
    struct answer answer = {NULL, 0};
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    *reply = NULL;
    if (!text)
        return lp_fail(client, LP_FAIL, 0, "no memory for a request");
    CURLcode code = post_to_any(client, path, text, deadline_ns, &answer);
    free(text);
    enum lp_outcome outcome;
    if (code == CURLE_OK)
        outcome = read_answer(client, answer.text, writes, reply);
    else
        outcome = lp_fail(client,
                          writes && code != CURLE_COULDNT_CONNECT && code != CURLE_FAILED_INIT
                              ? LP_UNKNOWN
                              : LP_FAIL,
                          0, "etcd: %s", curl_easy_strerror(code));
    free(answer.text);
    return outcome;
}
