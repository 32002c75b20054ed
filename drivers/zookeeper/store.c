/* SPDX-License-Identifier: MIT */
/*
 * The store: a node with the counter, and a node beside it with the highest token that was shown.
 * Every set names the version that it expects, so what is conditional on a value, or on a token, is
 * conditional on the version at which it was looked at; both nodes are written in one multi.
 */
#include "drivers/zookeeper/zookeeper.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANY_VERSION (-1)

static enum lp_outcome get(struct lp_client *client, const char *path, int64_t *value, int *version)
{
    char text[32], *end = NULL;
    int len = sizeof text - 1;
    struct Stat stat;
    enum lp_outcome outcome = zk_connect(client);
    if (outcome != LP_OK)
        return outcome;
    int code = zoo_get(zk_state_of(client)->handle, path, 0, text, &len, &stat);
    outcome = zk_outcome(client, code, false, "cannot read the counter");
    if (outcome != LP_OK)
        return outcome;
    text[len > 0 ? len : 0] = '\0';
    *value = strtoll(text, &end, 10);
    *version = stat.version;
    if (end != text && *end == '\0')
        return LP_OK;
    return lp_fail(client, LP_FAIL, 0, "read: the node holds no number");
}

static enum lp_outcome set(struct lp_client *client, const char *path, int64_t value, int version)
{
    char text[24];
    enum lp_outcome outcome = zk_connect(client);
    if (outcome != LP_OK)
        return outcome;
    int len = snprintf(text, sizeof text, "%" PRId64, value);
    int code = zoo_set(zk_state_of(client)->handle, path, text, len, version);
    if (code == ZBADVERSION)
        return lp_fail(client, LP_BUSY, 0, "the node has changed since it was read");
    return zk_outcome(client, code, true, "cannot write the counter");
}

static enum lp_outcome store_read(struct lp_client *client, int64_t *value)
{
    return get(client, zk_state_of(client)->path, value, &zk_state_of(client)->version);
}

static enum lp_outcome store_write(struct lp_client *client, int64_t value)
{
    return set(client, zk_state_of(client)->path, value, ANY_VERSION);
}

static enum lp_outcome store_cas(struct lp_client *client, int64_t expected, int64_t desired)
{
    int64_t value = 0;
    int version = 0;
    enum lp_outcome outcome = get(client, zk_state_of(client)->path, &value, &version);
    if (outcome != LP_OK)
        return outcome;
    if (value != expected)
        return lp_fail(client, LP_BUSY, 0, "cas: the value is not the expected one");
    lp_point(client, "between get and set");
    return set(client, zk_state_of(client)->path, desired, version);
}

/* ---- with a token ---- */

static void fence_path(struct lp_client *client, char *path, size_t size)
{
    snprintf(path, size, "%.250s-seen", zk_state_of(client)->path);
}

static enum lp_outcome stale(struct lp_client *client, struct lp_fence *fence)
{
    fence->stale = true;
    return lp_fail(client, LP_FAIL, 0, "refused: the store has seen a newer token than %" PRIu64,
                   fence->token);
}

/* Raises the mark, and writes the counter with it if `value` is not NULL, unless the mark has
   changed since it was looked at: then it is looked at again. */
static enum lp_outcome raise_mark(struct lp_client *client, struct lp_fence *fence,
                                  const int64_t *value)
{
    char path[ZK_PATH_SIZE], mark_text[24], text[24];
    fence_path(client, path, sizeof path);
    for (;;) {
        int64_t mark = 0;
        int version = 0;
        enum lp_outcome outcome = get(client, path, &mark, &version);
        if (outcome != LP_OK)
            return outcome;
        if ((uint64_t)mark > fence->token)
            return stale(client, fence);
        zoo_op_t ops[2];
        zoo_op_result_t results[2];
        struct Stat stats[2];
        int len = snprintf(mark_text, sizeof mark_text, "%" PRIu64, fence->token);
        zoo_set_op_init(&ops[0], path, mark_text, len, version, &stats[0]);
        if (value) {
            len = snprintf(text, sizeof text, "%" PRId64, *value);
            zoo_set_op_init(&ops[1], zk_state_of(client)->path, text, len, ANY_VERSION, &stats[1]);
        }
        int code = zoo_multi(zk_state_of(client)->handle, value ? 2 : 1, ops, results);
        if (code != ZBADVERSION)
            return zk_outcome(client, code, true, "cannot write under a token");
    }
}

static enum lp_outcome store_read_fenced(struct lp_client *client, struct lp_fence *fence,
                                         int64_t *value)
{
    enum lp_outcome outcome = raise_mark(client, fence, NULL);
    if (outcome == LP_OK)
        outcome = store_read(client, value);
    return outcome;
}

static enum lp_outcome store_write_fenced(struct lp_client *client, struct lp_fence *fence,
                                          int64_t value)
{
    return raise_mark(client, fence, &value);
}

static enum lp_outcome store_identify(struct lp_client *client, struct lp_identity *identity)
{
    zk_identity(client, zk_state_of(client)->path, identity);
    return LP_OK;
}

static enum lp_outcome store_drop(struct lp_client *client)
{
    zk_hang_up(client);
    return LP_OK;
}

const struct lp_store_ops zk_store_ops = {
    .read = store_read,
    .write = store_write,
    .identify = store_identify,
    .cas = store_cas,
    .drop = store_drop,
    .reopen = zk_connect,
    .read_fenced = store_read_fenced,
    .write_fenced = store_write_fenced,
};
