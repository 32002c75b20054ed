/* SPDX-License-Identifier: MIT */
/*
 * The lock recipe (ZooKeeper manual, "Recipes and Solutions", Locks): an ephemeral sequential node
 * below the lock's; the lowest number holds, everybody else watches the one before. After each
 * wake-up the list is read again: the one before may have died, not unlocked. The node's czxid
 * grows with every node made: it is the fencing token.
 */
#include "drivers/zookeeper/zookeeper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEQUENCE_DIGITS 10

static const char *sequence_of(const char *name)
{
    size_t len = strlen(name);
    return len >= SEQUENCE_DIGITS ? name + len - SEQUENCE_DIGITS : name;
}

static enum lp_outcome make_node(struct lp_client *client, struct lp_grant *grant)
{
    struct zk_state *state = zk_state_of(client);
    struct Stat stat;
    char prefix[ZK_PATH_SIZE], made[ZK_PATH_SIZE];
    enum lp_outcome outcome = zk_connect(client);
    if (outcome != LP_OK)
        return outcome;
    snprintf(prefix, sizeof prefix, "%.250s/n-", zk_state_of(client)->path);
    int code = zoo_create2(state->handle, prefix, "", 0, &ZOO_OPEN_ACL_UNSAFE,
                           ZOO_EPHEMERAL | ZOO_SEQUENCE, made, sizeof made, &stat);
    outcome = zk_outcome(client, code, true, "cannot make the lock's node");
    if (outcome == LP_UNKNOWN)
        zk_hang_up(client); /* one that we do not know would stand before all others */
    if (outcome != LP_OK)
        return outcome;
    snprintf(state->node, sizeof state->node, "%s", made);
    grant->token = (uint64_t)stat.czxid;
    return LP_OK;
}

/* The node next before ours, as a path; "" when ours is the first. */
static enum lp_outcome find_before(struct lp_client *client, char *before, size_t size)
{
    struct zk_state *state = zk_state_of(client);
    struct String_vector children = {0, NULL};
    const char *path = zk_state_of(client)->path, *own = sequence_of(state->node), *best = NULL;
    int code = zoo_get_children(state->handle, path, 0, &children);
    enum lp_outcome outcome = zk_outcome(client, code, false, "cannot list the lock's nodes");
    bool there = false;
    if (outcome != LP_OK)
        return outcome;
    for (int i = 0; i < children.count; i++) {
        int order = strcmp(sequence_of(children.data[i]), own);
        there |= order == 0;
        if (order < 0 && (!best || strcmp(sequence_of(children.data[i]), sequence_of(best)) > 0))
            best = children.data[i];
    }
    before[0] = '\0';
    if (best)
        snprintf(before, size, "%.250s/%.40s", path, best);
    deallocate_String_vector(&children);
    return there ? LP_OK : lp_fail(client, LP_FAIL, 0, "our node is gone");
}

static enum lp_outcome delete_node(struct lp_client *client)
{
    struct zk_state *state = zk_state_of(client);
    if (!state->handle || state->node[0] == '\0')
        return lp_fail(client, LP_FAIL, 0, "not held: the session is gone");
    uint64_t until_ns = zk_now_ns(client) + zk_params_of(client)->timeout_ns;
    int code;
    /* Deleting twice harms nobody: after a lost connection the answer is asked for again. */
    while ((code = zoo_delete(state->handle, state->node, -1)) == ZCONNECTIONLOSS &&
           zk_now_ns(client) < until_ns)
        zk_wait_connected(client, until_ns);
    state->node[0] = '\0';
    if (code == ZNONODE)
        return lp_fail(client, LP_FAIL, 0, "not held: our node is gone");
    return zk_outcome(client, code, true, "cannot delete the lock's node");
}

static void granted(struct lp_client *client, struct lp_grant *grant)
{
    zk_identity(client, zk_state_of(client)->path, &grant->identity);
    grant->ttl_ns = (uint64_t)zoo_recv_timeout(zk_state_of(client)->handle) * 1000000;
}

/* The complaint that counts is the one before the clean-up's own. */
static enum lp_outcome give_up(struct lp_client *client, enum lp_outcome outcome)
{
    char complaint[sizeof client->error];
    memcpy(complaint, client->error, sizeof complaint);
    if (zk_state_of(client)->handle && delete_node(client) == LP_UNKNOWN)
        zk_hang_up(client); /* the session takes the node along */
    memcpy(client->error, complaint, sizeof complaint);
    return outcome;
}

static enum lp_outcome acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                   struct lp_grant *grant)
{
    char before[ZK_PATH_SIZE];
    if (mode == LP_SHARED)
        return lp_fail(client, LP_FAIL, 0, "shared mode is not offered");
    enum lp_outcome outcome = make_node(client, grant);
    if (outcome != LP_OK)
        return outcome;
    lp_point(client, "between node and list");
    outcome = find_before(client, before, sizeof before);
    if (outcome == LP_OK && before[0] == '\0') {
        granted(client, grant);
        return LP_OK;
    }
    return give_up(client, outcome == LP_OK ? LP_BUSY : outcome);
}

static enum lp_outcome acquire_wait(struct lp_client *client, enum lp_lock_mode mode,
                                    uint64_t deadline_ns, struct lp_grant *grant)
{
    struct zk_state *state = zk_state_of(client);
    char before[ZK_PATH_SIZE];
    struct Stat stat;
    if (mode == LP_SHARED)
        return lp_fail(client, LP_FAIL, 0, "shared mode is not offered");
    enum lp_outcome outcome = make_node(client, grant);
    while (outcome == LP_OK) {
        unsigned touched = zk_touched(client);
        outcome = find_before(client, before, sizeof before);
        if (outcome != LP_OK)
            break;
        if (before[0] == '\0') {
            granted(client, grant);
            return LP_OK;
        }
        int code = zoo_wexists(state->handle, before, zk_touch, &state->news, &stat);
        if (code == ZNONODE)
            continue;
        outcome = zk_outcome(client, code, false, "cannot watch the node before ours");
        if (outcome == LP_OK && !zk_wait_touched(client, touched, deadline_ns))
            outcome = LP_BUSY;
    }
    return state->node[0] ? give_up(client, outcome) : outcome;
}

/* Asked of the server, which alone knows whether the session still is. */
static enum lp_held still_held(struct lp_client *client)
{
    struct zk_state *state = zk_state_of(client);
    struct Stat stat;
    if (!state->handle || state->node[0] == '\0')
        return LP_HELD_NO;
    int code = zoo_exists(state->handle, state->node, 0, &stat);
    if (code == ZOK)
        return LP_HELD_YES;
    if (code == ZNONODE)
        return LP_HELD_NO;
    if (code == ZSESSIONEXPIRED || code == ZINVALIDSTATE) {
        zk_hang_up(client);
        return LP_HELD_NO;
    }
    return LP_HELD_UNKNOWN;
}

/* Closing ends the session, and the node with it. */
static enum lp_outcome lock_drop(struct lp_client *client)
{
    zk_hang_up(client);
    return LP_OK;
}

const struct lp_lock_ops zk_lock_ops = {
    .acquire_try = acquire_try,
    .acquire_wait = acquire_wait,
    .release = delete_node,
    .still_held = still_held,
    .drop = lock_drop,
    .reopen = zk_connect,
};
