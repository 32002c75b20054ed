/* SPDX-License-Identifier: MIT */
/*
 * The ZooKeeper plug-in: a counter in a node, the lock recipe of ephemeral sequential nodes. This
 * file is its table, and makes, opens and closes a client.
 */
#include "drivers/zookeeper/zookeeper.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BOTH (LP_ROLE_LOCK | LP_ROLE_STORE)
#define AT(member) offsetof(struct zk_params, member)

static const struct lp_param params[] = {
    {"path", LP_PARAM_TEXT, BOTH, AT(path), NULL, NULL,
     "of the node; one that does not begin with '/' is below /lockproof"},
    {"session", LP_PARAM_DURATION, BOTH, AT(session_ns), "4s", NULL,
     "the session's timeout, after which the server takes its nodes away"},
    {"timeout", LP_PARAM_DURATION, BOTH, AT(timeout_ns), "5s", NULL,
     "how long connecting may take"},
};

static enum lp_outcome zk_open(struct lp_client *client, unsigned role)
{
    const char *given = zk_params_of(client)->path;
    char *path = zk_state_of(client)->path;
    (void)role;
    if (!client->server_url)
        return lp_fail(client, LP_FAIL, 0, "no server was given");
    if (given[0] == '\0' || strlen(given) > 230)
        return lp_fail(client, LP_FAIL, 0, "a node's path of 1 to 230 bytes is needed");
    snprintf(path, ZK_PATH_SIZE, "%s%s", given[0] == '/' ? "" : "/lockproof/", given);
    for (char *at = path + 11; given[0] != '/' && *at; at++)
        if (*at == '/')
            *at = '-';
    return zk_connect(client);
}

static void zk_close(struct lp_client *client)
{
    zk_hang_up(client);
}

/* A node that is there already is left as it is. */
static enum lp_outcome make_node(struct lp_client *client, const char *path, int64_t value)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%" PRId64, value);
    int code =
        zoo_create(zk_state_of(client)->handle, path, text, len, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0);
    return code == ZNODEEXISTS ? LP_OK : zk_outcome(client, code, true, "cannot make a node");
}

static enum lp_outcome make_counter(struct lp_client *client, int64_t start)
{
    const char *path = zk_state_of(client)->path;
    char other[ZK_PATH_SIZE];
    int64_t value = 0;
    const char *slash = strrchr(path, '/');
    snprintf(other, sizeof other, "%.*s", (int)(slash - path), path);
    enum lp_outcome outcome = zk_make_path(client, other);
    if (outcome == LP_OK)
        outcome = make_node(client, path, start);
    snprintf(other, sizeof other, "%.250s-seen", path);
    if (outcome == LP_OK)
        outcome = make_node(client, other, 0);
    if (outcome == LP_OK)
        outcome = zk_store_ops.read(client, &value);
    if (outcome != LP_OK || value == start)
        return outcome;
    return lp_fail(client, LP_FAIL, 0,
                   "the node \"%.40s\" is there already with %" PRId64 ", not %" PRId64
                   "; delete it or name another",
                   path, value, start);
}

static enum lp_outcome zk_prepare(struct lp_client *client, unsigned role, int64_t start)
{
    enum lp_outcome outcome = zk_open(client, role);
    if (outcome == LP_OK)
        outcome = role == LP_ROLE_STORE ? make_counter(client, start)
                                        : zk_make_path(client, zk_state_of(client)->path);
    zk_close(client);
    return outcome == LP_OK ? LP_OK : LP_FAIL;
}

/* Only the session can be ended. */
static const struct lp_driver driver = {
    .magic = LP_DRIVER_MAGIC,
    .abi = LP_DRIVER_ABI,
    .size = sizeof(struct lp_driver),
    .roles = BOTH,
    .abilities = LP_ATOMIC_ACQUIRE | LP_LEASE | LP_TOKENS | LP_ATOMIC_WRITE,
    .owner = LP_OWNER_SESSION,
    .name = "zookeeper",
    .summary = "a counter in a ZooKeeper node; the lock recipe of ephemeral sequential nodes",
    .server = "zookeeper",
    .params = params,
    .param_count = sizeof params / sizeof params[0],
    .params_size = sizeof(struct zk_params),
    .state_size = sizeof(struct zk_state),
    .prepare = zk_prepare,
    .open = zk_open,
    .close = zk_close,
    .harm = zk_harm,
    .lock = &zk_lock_ops,
    .store = &zk_store_ops,
};

LP_DRIVER_EXPORT(driver);
