/* SPDX-License-Identifier: MIT */
/* What the files of the etcd plug-in share; nobody else includes it. */
#ifndef LP_DRIVERS_ETCD_ETCD_H
#define LP_DRIVERS_ETCD_ETCD_H

#include <stdbool.h>
#include <stdint.h>
#include <curl/curl.h>
#include <jansson.h>
#include "drivers/driver.h"

#define ETCD_KEY_SIZE 320

struct etcd_params {
    const char *key;
    uint64_t ttl_ns;
    uint64_t timeout_ns;
};

struct etcd_state {
    CURL *curl;
    struct curl_slist *headers;
    size_t endpoint;          /* index into client->server_urls: the one that answered last */
    uint64_t cluster;         /* who answers */
    int64_t lease;            /* of the lock; 0: none */
    uint64_t ttl_ns;          /* that the server granted */
    int64_t revision;         /* of the lock's key: the fencing token */
    char held[ETCD_KEY_SIZE]; /* the lock's key */
};

static inline const struct etcd_params *etcd_params_of(const struct lp_client *client)
{
    return client->params;
}

static inline struct etcd_state *etcd_state_of(struct lp_client *client)
{
    return client->state;
}

/* call.c: one request of the JSON gateway (etcd manual, "gRPC gateway"). Takes `body`. LP_OK:
 *reply is to be released with json_decref. */
enum lp_outcome etcd_call(struct lp_client *client, const char *path, json_t *body, bool writes,
                          uint64_t deadline_ns, json_t **reply);
uint64_t etcd_deadline(struct lp_client *client);
/* JSON text of base64, as the gateway wants keys and values. */
json_t *etcd_bytes(const char *text);
/* What such a text stands for; false when it is none or does not fit. */
bool etcd_text(const json_t *bytes, char *text, size_t size);
/* Numbers of 64 bits come and go as texts. */
json_t *etcd_number(int64_t number);
int64_t etcd_number_of(const json_t *object, const char *name);
/* kvs[0] of a range's reply; NULL: there is none. */
const json_t *etcd_first(const json_t *reply);
/* Of a key, in the cluster that answers. */
void etcd_identity(struct lp_client *client, const char *key, struct lp_identity *identity);

extern const struct lp_lock_ops etcd_lock_ops;
extern const struct lp_store_ops etcd_store_ops;
enum lp_outcome etcd_harm(struct lp_client *client, enum lp_harm harm,
                          const struct lp_session *victim);

#endif
