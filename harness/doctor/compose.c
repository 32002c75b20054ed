/* SPDX-License-Identifier: MIT */
/* Compose files: services, volumes, `ipc`, `pid`, `deploy` (compose-spec, 05-services.md). */
#include "doctor/recipe.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/file.h"

struct compose {
    struct lp_findings *findings;
    const char *file;
    struct lp_node root;
    bool swarm; /* an overlay network: services run on several nodes */
};

/* Whether a named volume says that it is elsewhere. */
static enum lp_mounted_kind volume_kind(const struct compose *compose, const char *name)
{
    struct lp_node volume = lp_node_member(lp_node_member(compose->root, "volumes"), name);
    const char *driver = lp_node_text(lp_node_member(volume, "driver"));
    const char *type = lp_node_text(lp_node_path(volume, "driver_opts.type"));
    if ((driver && strcmp(driver, "local") != 0) ||
        (type && (strncmp(type, "nfs", 3) == 0 || strcmp(type, "cifs") == 0)))
        return LP_MOUNTED_NETWORK;
    return LP_MOUNTED_SHARED;
}

static bool is_single_file(const struct compose *compose, const char *source)
{
    char folder[PATH_MAX], path[PATH_MAX * 2];
    snprintf(folder, sizeof folder, "%s", compose->file);
    snprintf(path, sizeof path, "%s/%s", source[0] == '/' ? "" : dirname(folder), source);
    return lp_is_file(path);
}

static void add_mount(const struct compose *compose, struct lp_program *program, const char *type,
                      const char *source, const char *target, bool read_only, struct lp_node node)
{
    struct lp_mounted *mounted = lp_recipe_mount(program, target, source ? source : target);
    if (!mounted)
        return;
    mounted->spot = lp_node_spot(node, compose->file);
    if (strcmp(type, "tmpfs") == 0) {
        mounted->kind = LP_MOUNTED_OWN;
        mounted->what = "a tmpfs of its own";
    } else if (!source) {
        mounted->kind = LP_MOUNTED_OWN;
        mounted->what = "an anonymous volume, new for each container";
    } else if (strcmp(type, "bind") == 0) {
        mounted->kind = LP_MOUNTED_SHARED;
        mounted->what = lp_findings_say(compose->findings, "the host's %s", source);
        mounted->single_file = !read_only && is_single_file(compose, source);
    } else {
        mounted->kind = volume_kind(compose, source);
        mounted->what = lp_findings_say(
            compose->findings, "volume '%s'%s", source,
            mounted->kind == LP_MOUNTED_NETWORK ? " of another driver or over a network" : "");
    }
    if (program->many_nodes && mounted->kind == LP_MOUNTED_SHARED)
        mounted->kind = LP_MOUNTED_ONE_NODE;
}

/* "SOURCE:TARGET[:MODE]" or "TARGET". */
static void short_mount(const struct compose *compose, struct lp_program *program, const char *text,
                        struct lp_node node)
{
    char source[256], target[256];
    size_t len = strcspn(text, ":");
    if (text[len] == '\0') {
        add_mount(compose, program, "volume", NULL, text, false, node);
        return;
    }
    const char *rest = text + len + 1;
    size_t target_len = strcspn(rest, ":");
    const char *mode = rest[target_len] ? rest + target_len + 1 : "";
    snprintf(source, sizeof source, "%.*s", (int)len, text);
    snprintf(target, sizeof target, "%.*s", (int)target_len, rest);
    bool path = source[0] == '.' || source[0] == '/' || source[0] == '~' || source[0] == '$';
    add_mount(compose, program, path ? "bind" : "volume", source, target,
              strncmp(mode, "ro", 2) == 0, node);
}

static void long_mount(const struct compose *compose, struct lp_program *program,
                       struct lp_node node)
{
    const char *type = lp_node_text(lp_node_member(node, "type"));
    const char *target = lp_node_text(lp_node_member(node, "target"));
    const char *read_only = lp_node_text(lp_node_member(node, "read_only"));
    if (target)
        add_mount(compose, program, type ? type : "volume",
                  lp_node_text(lp_node_member(node, "source")), target,
                  read_only && strcmp(read_only, "true") == 0, node);
}

static void read_mounts(const struct compose *compose, struct lp_program *program,
                        struct lp_node service)
{
    struct lp_node volumes = lp_node_member(service, "volumes");
    struct lp_node tmpfs = lp_node_member(service, "tmpfs");
    for (size_t i = 0; i < lp_node_count(volumes); i++) {
        struct lp_node volume = lp_node_value(volumes, i);
        const char *text = lp_node_text(volume);
        if (text)
            short_mount(compose, program, text, volume);
        else
            long_mount(compose, program, volume);
    }
    size_t count = lp_node_text(tmpfs) ? 1 : lp_node_count(tmpfs);
    for (size_t i = 0; i < count; i++) {
        struct lp_node row = lp_node_text(tmpfs) ? tmpfs : lp_node_value(tmpfs, i);
        char target[256];
        const char *text = lp_node_text(row);
        snprintf(target, sizeof target, "%.*s", text ? (int)strcspn(text, ":") : 0,
                 text ? text : "");
        if (target[0])
            add_mount(compose, program, "tmpfs", "tmpfs", target, false, row);
    }
}

static bool is_shared(const char *mode)
{
    return mode && (strcmp(mode, "host") == 0 || strcmp(mode, "shareable") == 0 ||
                    strncmp(mode, "service:", 8) == 0 || strncmp(mode, "container:", 10) == 0);
}

static void read_service(const struct compose *compose, struct lp_program *program,
                         struct lp_node key, struct lp_node service)
{
    static const char *const mentioning[] = {"command", "entrypoint", "environment"};
    struct lp_node deploy = lp_node_member(service, "deploy");
    const char *mode = lp_node_text(lp_node_member(deploy, "mode"));
    bool global = mode && strncmp(mode, "global", 6) == 0;
    program->name = lp_node_text(key);
    program->spot = lp_node_spot(key, compose->file);
    program->copies = lp_node_number(lp_node_member(deploy, "replicas"),
                                     lp_node_number(lp_node_member(service, "scale"), 1));
    if (global || program->copies < 1)
        program->copies = global ? 2 : 1; /* one a node: at least two when there are nodes */
    program->many_nodes = (global || compose->swarm || lp_node_member(deploy, "placement").node) &&
                          program->copies > 1 &&
                          !lp_node_path(deploy, "placement.constraints").node;
    program->shares_ipc = is_shared(lp_node_text(lp_node_member(service, "ipc")));
    program->shares_pid = is_shared(lp_node_text(lp_node_member(service, "pid")));
    read_mounts(compose, program, service);
    for (size_t i = 0; i < LP_ARRAY_LEN(mentioning); i++)
        lp_recipe_mention(program, lp_node_member(service, mentioning[i]), compose->file);
}

static bool has_overlay(struct lp_node networks)
{
    for (size_t i = 0; lp_node_is_mapping(networks) && i < lp_node_count(networks); i++) {
        const char *driver = lp_node_text(lp_node_member(lp_node_value(networks, i), "driver"));
        if (driver && strcmp(driver, "overlay") == 0)
            return true;
    }
    return false;
}

static int read_services(struct compose *compose, struct lp_err *err)
{
    struct lp_node services = lp_node_member(compose->root, "services");
    if (!lp_node_is_mapping(services))
        return lp_err_set(err, LP_ERR_USAGE, "%s:1:1: no `services`, expected a Compose file",
                          compose->file);
    compose->swarm = has_overlay(lp_node_member(compose->root, "networks"));
    size_t count = lp_node_count(services);
    struct lp_program *programs = lp_alloc(count ? count : 1, sizeof *programs);
    for (size_t i = 0; i < count; i++)
        read_service(compose, &programs[i], lp_node_key(services, i), lp_node_value(services, i));
    for (size_t i = 0; i < count; i++)
        programs[i].name = lp_findings_say(compose->findings, "service '%s'",
                                           programs[i].name ? programs[i].name : "?");
    lp_recipe_judge(compose->findings, programs, count);
    free(programs);
    return 0;
}

int lp_doctor_compose(struct lp_findings *findings, const char *file, struct lp_err *err)
{
    struct lp_documents *documents = lp_alloc(1, sizeof *documents);
    int result = lp_documents_read(documents, file, err);
    if (result == 0) {
        struct compose compose = {
            .findings = findings,
            .file = lp_findings_say(findings, "%s", file),
            .root = lp_node_root(&documents->document[0]),
        };
        result = read_services(&compose, err);
        lp_documents_release(documents);
    }
    free(documents);
    return result;
}
