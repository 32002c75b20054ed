/* SPDX-License-Identifier: MIT */
/* What servers of one kind must be told of each other. */
#include "run/topology.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fault/disk.h"
#include "os/file.h"

#define SMALL_DISK_SIZE (96u * 1024 * 1024)

static const struct lp_probe replica_probe = {"INFO replication\r\n", 18, "master_link_status:up",
                                              21};
static const struct lp_probe promote_probe = {"REPLICAOF NO ONE\r\nINFO replication\r\n", 36,
                                              "role:master", 11};

/* ---- from the environment ---- */

static int take_given(struct lp_server_set *set, const char *given, bool networked,
                      struct lp_err *err)
{
    const struct lp_server_row *row = lp_server_find(set->need->name);
    set->given = true;
    if (networked) {
        lp_err_set(err, LP_ERR_NEED, "links to servers of your own are not cut");
        snprintf(err->remedy, sizeof err->remedy, "unset %s, to have them started", row->url_env);
        return -1;
    }
    while (*given && set->count < LP_SERVERS_EACH_MAX) {
        size_t len = strcspn(given, ",");
        struct lp_server *server = &set->servers[set->count++];
        *server = (struct lp_server){.row = row, .child = {.pidfd = -1}, .net_fd = -1};
        server->url = lp_strdup(given);
        server->url[len] = '\0';
        given += len + (given[len] == ',');
    }
    if (set->count >= set->need->count)
        return 0;
    lp_err_set(err, LP_ERR_NEED, "%s names %zu servers, %u are needed", row->url_env, set->count,
               set->need->count);
    snprintf(err->remedy, sizeof err->remedy, "unset %s, to have them started", row->url_env);
    return -1;
}

/* ---- made ---- */

static void add_extra(struct lp_server *server, const char *arg)
{
    for (size_t i = 0; i + 1 < LP_SERVER_EXTRA_MAX; i++) {
        if (server->extra[i])
            continue;
        server->extra[i] = lp_strdup(arg);
        return;
    }
    LP_BUG("more arguments than there is room for");
}

static int make(struct lp_server_set *set, const char *name, const char *scratch,
                struct lp_network *network, bool small_disk, struct lp_err *err)
{
    struct lp_server *server = &set->servers[set->count];
    struct lp_str folder;
    lp_str_init(&folder);
    lp_str_addf(&folder, "%s/%s", scratch, name);
    if (set->count > 0)
        lp_str_addf(&folder, "-%zu", set->count);
    int result = lp_folder_make(folder.ptr, err);
    if (result == 0 && small_disk)
        result = lp_disk_mount(folder.ptr, SMALL_DISK_SIZE, err);
    if (result == 0)
        result = lp_server_init(server, name, folder.ptr, err);
    lp_str_release(&folder);
    if (result == -1)
        return -1;
    server->number = (unsigned)++set->count;
    if (!network)
        return 0;
    unsigned node = network->count;
    if (lp_network_add(network, err) == -1)
        return -1;
    free(server->host);
    server->host = lp_strdup(network->nodes[node].address);
    server->net_fd = network->nodes[node].fd;
    server->remote = true;
    return 0;
}

/* ---- who must know whom ---- */

static void join_replicas(struct lp_server_set *set)
{
    const struct lp_server *primary = &set->servers[0];
    char port[16];
    snprintf(port, sizeof port, "%u", primary->ports[0]);
    for (size_t i = 0; i < set->count; i++)
        set->servers[i].remote = true;
    for (size_t i = 1; i < set->count; i++) {
        add_extra(&set->servers[i], "--replicaof");
        add_extra(&set->servers[i], primary->host);
        add_extra(&set->servers[i], port);
        set->servers[i].probe = &replica_probe;
    }
}

/* etcd wants "m1=http://host:port,...", ZooKeeper a line "server.1=host:port:port" each. */
static void join_members(struct lp_server_set *set)
{
    bool is_etcd = strcmp(set->need->name, "etcd") == 0;
    for (size_t i = 0; i < set->count; i++) {
        struct lp_str peers;
        lp_str_init(&peers);
        for (size_t j = 0; j < set->count; j++) {
            const struct lp_server *peer = &set->servers[j];
            if (is_etcd)
                lp_str_addf(&peers, "%sm%u=http://%s:%u", peers.len ? "," : "", peer->number,
                            peer->host, peer->ports[1]);
            else
                lp_str_addf(&peers, "server.%u=%s:%u:%u\n", peer->number, peer->host,
                            peer->ports[1], peer->ports[2]);
        }
        set->servers[i].peers = lp_str_detach(&peers);
        lp_str_release(&peers);
    }
}

static int add_pooler(struct lp_server_set *set, const char *scratch, struct lp_network *network,
                      struct lp_err *err)
{
    const struct lp_server *behind = &set->servers[0];
    struct lp_str target;
    if (make(set, "pgbouncer", scratch, network, false, err) == -1)
        return -1;
    lp_str_init(&target);
    lp_str_addf(&target, "host=%s port=%u user=postgres dbname=postgres",
                behind->remote ? behind->host : behind->folder, behind->ports[0]);
    set->servers[set->count - 1].peers = lp_str_detach(&target);
    lp_str_release(&target);
    return 0;
}

static int join(struct lp_server_set *set, const char *scratch, struct lp_network *network,
                struct lp_err *err)
{
    switch (set->need->topology) {
    case LP_TOPOLOGY_REPLICA:
        join_replicas(set);
        return 0;
    case LP_TOPOLOGY_POOLER:
        return add_pooler(set, scratch, network, err);
    case LP_TOPOLOGY_ENSEMBLE:
        join_members(set);
        return 0;
    case LP_TOPOLOGY_ONE:
    case LP_TOPOLOGY_INDEPENDENT:
        return 0;
    }
    return 0;
}

/* ---- started ---- */

/* Members of an ensemble are only ready together, a replica and a pooler only after the other. */
static int launch(struct lp_server_set *set, struct lp_err *err)
{
    bool together =
        set->need->topology != LP_TOPOLOGY_REPLICA && set->need->topology != LP_TOPOLOGY_POOLER;
    for (size_t i = 0; i < set->count; i++) {
        if (lp_server_launch(&set->servers[i], err) == -1)
            return -1;
        if (!together && lp_server_wait_ready(&set->servers[i], err) == -1)
            return -1;
    }
    for (size_t i = 0; i < set->count && together; i++)
        if (lp_server_wait_ready(&set->servers[i], err) == -1)
            return -1;
    return 0;
}

int lp_server_set_start(struct lp_server_set *set, const struct lp_server_need *need,
                        const char *scratch, struct lp_network *network, bool small_disk,
                        struct lp_err *err)
{
    *set = (struct lp_server_set){.need = need, .node = network ? network->count : 0};
    const struct lp_server_row *row = lp_server_find(need->name);
    if (!row)
        return lp_err_set(err, LP_ERR_SELF, "no server of the name '%s' is known", need->name);
    const char *given = getenv(row->url_env);
    int result = 0;
    if (given && *given) {
        result = take_given(set, given, network != NULL, err);
    } else {
        for (unsigned i = 0; i < need->count && result == 0; i++)
            result = make(set, need->name, scratch, network, small_disk, err);
        if (result == 0)
            result = join(set, scratch, network, err);
        if (result == 0)
            result = launch(set, err);
    }
    for (size_t i = 0; i < set->count && result == 0; i++)
        set->urls[set->url_count++] = set->servers[i].url;
    return result;
}

void lp_server_set_release(struct lp_server_set *set)
{
    while (set->count > 0)
        lp_server_release(&set->servers[--set->count]);
    *set = (struct lp_server_set){.need = NULL};
}

bool lp_server_set_is_remote(const struct lp_server_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->given ? strncmp(set->servers[i].url, "unix:", 5) != 0 : set->servers[i].remote)
            return true;
    return false;
}

int lp_server_set_promote(struct lp_server_set *set, struct lp_err *err)
{
    if (set->count > 1 && lp_server_answers(&set->servers[1], &promote_probe))
        return 0;
    return lp_err_set(err, LP_ERR_SELF, "the replica did not become the primary");
}
