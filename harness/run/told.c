/* SPDX-License-Identifier: MIT */
/* A container plan as JSON, and back. */
#include "run/told.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/units.h"

#define FORMAT 1 /* of this JSON: a worker of another version is told so */

char *lp_told_write(const struct lp_container_plan *plan, const struct lp_told_paths *paths)
{
    struct lp_str yaml;
    json_t *servers = json_array();
    lp_str_init(&yaml);
    lp_scenario_write(plan->scenario, &yaml);
    for (size_t i = 0; i < plan->server_count; i++)
        json_array_append_new(
            servers, json_pack("{s:s, s:s}", "name", plan->servers[i].name, "url", paths->urls[i]));
    /* JSON has no unsigned 64-bit numbers: the seed is a text. */
    char seed[32];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)plan->seed);
    json_t *root = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "format", FORMAT,
                             "lockproof", LP_VERSION, "file", plan->scenario->file, "scenario",
                             yaml.ptr, "seed", seed, "scratch", paths->scratch, "run_dir",
                             paths->run_dir, "run_id", plan->run_id, "servers", servers);
    char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
    json_decref(root);
    lp_str_release(&yaml);
    return text;
}

static int bad(struct lp_err *err, const char *what)
{
    return lp_err_set(err, LP_ERR_USAGE, "the plan is none of this version (%s): %s", LP_VERSION,
                      what);
}

static int read_servers(struct lp_told *told, const json_t *servers, struct lp_err *err)
{
    if (!json_is_array(servers) || json_array_size(servers) > LP_SERVERS_MAX)
        return bad(err, "servers");
    for (size_t i = 0; i < json_array_size(servers); i++) {
        const json_t *server = json_array_get(servers, i);
        const char *name = json_string_value(json_object_get(server, "name"));
        const char *url = json_string_value(json_object_get(server, "url"));
        if (!name || !url)
            return bad(err, "a server without name or URL");
        told->servers[told->server_count++] = (struct lp_server_address){
            .name = lp_arena_strdup(&told->arena, name),
            .url = lp_arena_strdup(&told->arena, url),
        };
    }
    return 0;
}

static int read_root(struct lp_told *told, json_t *root, const struct lp_vocabulary *vocabulary,
                     struct lp_err *err)
{
    const char *version, *file, *yaml, *seed, *scratch, *run_dir, *run_id;
    json_t *servers;
    int format;
    if (json_unpack(root, "{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "format", &format,
                    "lockproof", &version, "file", &file, "scenario", &yaml, "seed", &seed,
                    "scratch", &scratch, "run_dir", &run_dir, "run_id", &run_id, "servers",
                    &servers) == -1)
        return bad(err, "something is missing in it");
    if (format != FORMAT || strcmp(version, LP_VERSION) != 0)
        return bad(err, version);
    if (lp_number_parse(seed, 0, UINT64_MAX, &told->seed) == -1)
        return bad(err, "seed");
    told->scratch = lp_arena_strdup(&told->arena, scratch);
    told->run_id = lp_arena_strdup(&told->arena, run_id);
    told->run_dir = lp_arena_strdup(&told->arena, run_dir);
    if (read_servers(told, servers, err) == -1)
        return -1;
    return lp_scenario_parse(&told->scenario, yaml, strlen(yaml), file, vocabulary, err);
}

int lp_told_read(struct lp_told *told, const char *text, size_t len,
                 const struct lp_vocabulary *vocabulary, struct lp_err *err)
{
    *told = (struct lp_told){0};
    lp_arena_init(&told->arena);
    json_error_t where;
    json_t *root = json_loadb(text, len, 0, &where);
    int result = root ? read_root(told, root, vocabulary, err) : bad(err, where.text);
    json_decref(root);
    if (result == -1)
        lp_told_release(told);
    return result;
}

void lp_told_release(struct lp_told *told)
{
    lp_scenario_release(&told->scenario);
    lp_arena_release(&told->arena);
    *told = (struct lp_told){0};
}

struct lp_local_url lp_local_url(const char *url)
{
    static const char socket[] = "unix:", parameter[] = "?host=/";
    struct lp_local_url local = {0};
    const char *slash = strrchr(url, '/'), *host = strstr(url, parameter);
    if (strncmp(url, socket, strlen(socket)) == 0 && slash) {
        local.folder = url + strlen(socket);
        local.folder_len = (size_t)(slash - local.folder);
    } else if (host) {
        local.folder = host + strlen(parameter) - 1;
        local.folder_len = strcspn(local.folder, "&");
    }
    local.loopback = local.folder_len == 0 &&
                     (strstr(url, "127.0.0.") || strstr(url, "localhost") || strstr(url, "[::1]"));
    return local;
}
