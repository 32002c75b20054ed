/* SPDX-License-Identifier: MIT */
/* A container as the engine is asked for it. */
#include "place/docker_spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "place/owner.h"

#define STICKY_FOR_ALL 01777
#define STOP_SECONDS 1

json_t *lp_docker_name(const char *run_id, const char *name)
{
    char text[128];
    snprintf(text, sizeof text, "%s-%s", run_id, name);
    return json_string(text);
}

json_t *lp_docker_labels(const struct lp_docker *docker)
{
    return json_pack("{s:s, s:s, s:s}", LP_LABEL_RUN, docker->run_id, LP_LABEL_OWNER, docker->owner,
                     LP_LABEL_SCRATCH, docker->scratch);
}

const char *lp_docker_image(const struct lp_docker_row *row)
{
    return row->image ? row->image : LP_DOCKER_IMAGE;
}

bool lp_docker_is_builtin_network(const char *network)
{
    static const char *const names[] = {"bridge", "host", "none"};
    for (size_t i = 0; i < LP_ARRAY_LEN(names); i++)
        if (strcmp(network, names[i]) == 0)
            return true;
    return false;
}

/* The parser lets variables stand only at the beginning of a source. */
void lp_docker_bind_source(const struct lp_docker *docker, unsigned number, const char *source,
                           struct lp_str *path)
{
    static const char *const shared[] = {"{shared}", "{node}"};
    for (size_t i = 0; i < LP_ARRAY_LEN(shared); i++) {
        size_t len = strlen(shared[i]);
        if (strncmp(source, shared[i], len) == 0) {
            lp_str_addf(path, "%s/%.*s%s", docker->scratch, (int)len - 2, shared[i] + 1,
                        source + len);
            return;
        }
    }
    if (strncmp(source, "{private}", 9) == 0)
        lp_str_addf(path, "%s/container-%u%s", docker->scratch, number, source + 9);
    else if (strncmp(source, "{run}", 5) == 0)
        lp_str_addf(path, "%s%s", docker->run_dir, source + 5);
    else
        lp_str_add(path, source);
}

/* ---- mounts ---- */

static void add_bind(json_t *mounts, const char *source, const char *target, bool read_only)
{
    json_array_append_new(mounts, json_pack("{s:s, s:s, s:s, s:b}", "Type", "bind", "Source",
                                            source, "Target", target, "ReadOnly", (int)read_only));
}

static void add_scratch(json_t *mounts, const struct lp_docker *docker, const char *name,
                        const char *target)
{
    struct lp_str source;
    lp_str_init(&source);
    lp_str_addf(&source, "%s/%s", docker->scratch, name);
    add_bind(mounts, source.ptr, target, false);
    lp_str_release(&source);
}

static void add_own(json_t *mounts, const struct lp_docker *docker, unsigned number,
                    const struct lp_docker_row *row)
{
    char name[64], target[128];
    add_scratch(mounts, docker, "shared", LP_DOCKER_ROOT "/shared");
    add_scratch(mounts, docker, "node", LP_DOCKER_ROOT "/node");
    /* Who may not write to the root cannot make a folder there. */
    snprintf(name, sizeof name, "container-%u", number);
    if (row->user || row->read_only)
        add_scratch(mounts, docker, name, LP_DOCKER_ROOT "/private");
    snprintf(target, sizeof target, LP_DOCKER_ROOT "/%s", docker->run_id);
    add_bind(mounts, docker->run_dir, target, false);
    add_bind(mounts, docker->plan, LP_DOCKER_ROOT "/plan", true);
    if (strcmp(lp_docker_image(row), LP_DOCKER_IMAGE) != 0)
        add_bind(mounts, docker->worker, LP_DOCKER_ROOT "/worker", true);
    for (size_t i = 0; i < docker->server_count; i++) {
        snprintf(target, sizeof target, LP_DOCKER_ROOT "/server-%zu", i);
        add_bind(mounts, docker->servers[i].folder, target, false);
    }
}

static json_t *mount_of(const struct lp_docker *docker, unsigned number,
                        const struct lp_mount *mount)
{
    json_t *spec = NULL;
    struct lp_str source;
    switch (mount->kind) {
    case LP_MOUNT_VOLUME:
        spec = json_pack("{s:s, s:o, s:s, s:b}", "Type", "volume", "Source",
                         lp_docker_name(docker->run_id, mount->source), "Target", mount->target,
                         "ReadOnly", (int)mount->read_only);
        break;
    case LP_MOUNT_BIND:
        lp_str_init(&source);
        lp_docker_bind_source(docker, number, mount->source, &source);
        spec = json_pack("{s:s, s:s, s:s, s:b}", "Type", "bind", "Source", source.ptr, "Target",
                         mount->target, "ReadOnly", (int)mount->read_only);
        lp_str_release(&source);
        break;
    case LP_MOUNT_TMPFS:
        spec = json_pack("{s:s, s:s, s:{s:i}}", "Type", "tmpfs", "Target", mount->target,
                         "TmpfsOptions", "Mode", STICKY_FOR_ALL);
        break;
    }
    return spec;
}

/* ---- namespaces and limits ---- */

/* "container:0" of the scenario is a container's name in the engine. */
static void set_mode(json_t *host, const char *key, const char *mode,
                     const struct lp_docker *docker)
{
    static const char prefix[] = "container:";
    char text[128];
    if (!mode)
        return;
    if (strncmp(mode, prefix, strlen(prefix)) == 0)
        snprintf(text, sizeof text, "%s%s-%s", prefix, docker->run_id, mode + strlen(prefix));
    else
        snprintf(text, sizeof text, "%s", mode);
    json_object_set_new(host, key, json_string(text));
}

static json_int_t bytes_of(const char *memory)
{
    char *unit;
    json_int_t number = strtoll(memory, &unit, 10);
    unsigned shift = *unit == 'g' ? 30 : *unit == 'm' ? 20 : 10;
    return number << shift;
}

/* "0.5" as billionths: the parser lets three digits stand behind the point. */
static json_int_t nano_cpus(const char *cpus)
{
    char *point;
    json_int_t number = strtoll(cpus, &point, 10) * 1000000000;
    json_int_t digit = 100000000;
    if (*point == '.')
        for (point++; *point; point++, digit /= 10)
            number += digit * (*point - '0');
    return number;
}

static const char *network_of(const struct lp_docker *docker, const struct lp_docker_row *row)
{
    return row->network ? row->network : docker->host_network ? "host" : NULL;
}

static json_t *host_config(const struct lp_docker *docker, unsigned number,
                           const struct lp_docker_row *row)
{
    json_t *host = json_object(), *mounts = json_array();
    const char *network = network_of(docker, row);
    add_own(mounts, docker, number, row);
    for (size_t i = 0; i < row->mount_count; i++)
        json_array_append_new(mounts, mount_of(docker, number, &row->mounts[i]));
    json_object_set_new(host, "Mounts", mounts);
    set_mode(host, "IpcMode", row->ipc, docker);
    if (row->pid && strcmp(row->pid, "private") != 0)
        set_mode(host, "PidMode", row->pid, docker);
    if (network)
        json_object_set_new(host, "NetworkMode",
                            lp_docker_is_builtin_network(network)
                                ? json_string(network)
                                : lp_docker_name(docker->run_id, network));
    if (row->memory)
        json_object_set_new(host, "Memory", json_integer(bytes_of(row->memory)));
    if (row->cpus)
        json_object_set_new(host, "NanoCpus", json_integer(nano_cpus(row->cpus)));
    if (row->pids)
        json_object_set_new(host, "PidsLimit", json_integer(row->pids));
    json_object_set_new(host, "ReadonlyRootfs", json_boolean(row->read_only));
    return host;
}

static json_t *entry_point(const struct lp_docker_row *row)
{
    if (strcmp(lp_docker_image(row), LP_DOCKER_IMAGE) == 0)
        return json_pack("[s, s]", "lockproof", "worker");
    return json_pack("[s]", LP_DOCKER_ROOT "/worker");
}

json_t *lp_docker_spec(const struct lp_docker *docker, unsigned number,
                       const struct lp_docker_row *row)
{
    char text[16], hostname[32];
    snprintf(text, sizeof text, "%u", number);
    snprintf(hostname, sizeof hostname, "container-%u", number);
    json_t *spec =
        json_pack("{s:s, s:o, s:[s, s], s:s, s:i, s:o, s:o}", "Image", lp_docker_image(row),
                  "Entrypoint", entry_point(row), "Cmd", LP_DOCKER_ROOT "/plan", text, "WorkingDir",
                  "/", "StopTimeout", STOP_SECONDS, "Labels", lp_docker_labels(docker),
                  "HostConfig", host_config(docker, number, row));
    /* A container in the host's network has the host's name. */
    const char *network = network_of(docker, row);
    if (!network || strcmp(network, "host") != 0)
        json_object_set_new(spec, "Hostname", json_string(hostname));
    if (row->user)
        json_object_set_new(spec, "User", json_string(row->user));
    return spec;
}
