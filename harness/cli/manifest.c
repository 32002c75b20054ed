/* SPDX-License-Identifier: MIT */
/* lockproof manifest kubernetes: a scenario as objects of a cluster. */
#include "cli/commands.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/catalogue.h"
#include "cli/options.h"
#include "cli/ui.h"
#include "place/docker.h"
#include "run/link.h"

#define PORT 7070
#define NAME_LEN_MAX 40 /* with what is put behind it a label of at most 63 (RFC 1123) */

struct options {
    uint64_t workers, rounds, containers;
    const char *image;
};

#define AT(member) offsetof(struct options, member)
static const struct lp_option rows[] = {
    {"workers", 'w', "N", LP_OPTION_NUMBER, AT(workers), 1, "workers in all"},
    {"rounds", 'r', "N", LP_OPTION_NUMBER, AT(rounds), 1, "rounds of each worker"},
    {"containers", 'c', "N", LP_OPTION_NUMBER, AT(containers), 1, "pods of the job"},
    {"image", '\0', "IMAGE", LP_OPTION_TEXT, AT(image), 0,
     "with lockproof in it (" LP_DOCKER_IMAGE ")"},
};
const struct lp_command_line lp_line_manifest = {
    .options = rows,
    .option_count = LP_ARRAY_LEN(rows),
    .synopsis = "manifest kubernetes [OPTION...] SCENARIO",
    .summary =
        "Writes the scenario for a cluster: an Indexed Job whose pods are its containers, a Job\n"
        "that coordinates them and ends with the verdict, and a one-time secret.\n"
        "  lockproof manifest kubernetes flock | kubectl apply -f -",
};

/* ---- texts ---- */

/* "lockproof-NAME", as names of objects may be. */
static const char *object_name(const char *scenario, struct lp_arena *arena)
{
    char *name = lp_arena_printf(arena, "lockproof-%.*s", NAME_LEN_MAX - 10, scenario);
    for (char *at = name; *at; at++)
        *at = isalnum((unsigned char)*at) ? (char)tolower((unsigned char)*at) : '-';
    size_t len = strlen(name);
    while (len > 0 && name[len - 1] == '-')
        name[--len] = '\0';
    return name;
}

/* As a literal block below a key. */
static void add_block(struct lp_str *out, int indent, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        if (len)
            lp_str_addf(out, "%*s%.*s", indent, "", (int)len, text);
        lp_str_add(out, "\n");
        text += text[len] ? len + 1 : len;
    }
}

static void add_head(struct lp_str *out, const char *api, const char *kind, const char *name,
                     const char *suffix)
{
    lp_str_addf(out,
                "---\napiVersion: %s\nkind: %s\nmetadata:\n  name: %s%s\n"
                "  labels: {app.kubernetes.io/name: lockproof, app.kubernetes.io/instance: %s}\n",
                api, kind, name, suffix, name);
}

struct manifest {
    const struct lp_scenario *scenario;
    const char *name;
    const char *image;
    const struct lp_registry *registry;
    struct lp_str *out;
};

/* A server's address may hold a password: it comes from a secret that the user makes. */
static void add_server(const struct manifest *manifest, const char *driver, struct lp_str *seen)
{
    const struct lp_driver_row *row = lp_registry_find(manifest->registry, driver);
    const char *server = row && row->driver ? row->driver->server : NULL;
    char variable[64];
    if (!server || strstr(seen->ptr, server))
        return;
    if (seen->len == 0)
        lp_str_add(manifest->out, "          env:\n");
    lp_str_add(seen, server);
    snprintf(variable, sizeof variable, "LOCKPROOF_%s_URL", server);
    for (char *at = variable; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    lp_str_addf(manifest->out,
                "            - name: %s\n"
                "              valueFrom: {secretKeyRef: {name: lockproof-servers, key: %s}}\n",
                variable, server);
}

static void add_servers(const struct manifest *manifest)
{
    struct lp_str seen;
    lp_str_init(&seen);
    add_server(manifest, manifest->scenario->store.driver, &seen);
    for (size_t i = 0; i < manifest->scenario->lock_count; i++)
        add_server(manifest, manifest->scenario->locks[i].driver, &seen);
    lp_str_release(&seen);
}

/* ---- objects ---- */

static int add_secret(const struct manifest *manifest, struct lp_err *err)
{
    struct lp_link_key key;
    char text[2 * LP_LINK_KEY + 1];
    if (lp_link_key_make(&key, err) == -1)
        return -1;
    lp_link_key_text(&key, text);
    add_head(manifest->out, "v1", "Secret", manifest->name, "");
    lp_str_addf(manifest->out, "type: Opaque\nstringData:\n  secret: \"%s\"\n", text);
    return 0;
}

static void add_scenario(const struct manifest *manifest)
{
    struct lp_str yaml;
    lp_str_init(&yaml);
    lp_scenario_write(manifest->scenario, &yaml);
    add_head(manifest->out, "v1", "ConfigMap", manifest->name, "");
    lp_str_addf(manifest->out, "data:\n  %s.yaml: |\n", manifest->scenario->name);
    add_block(manifest->out, 4, yaml.ptr);
    lp_str_release(&yaml);
}

static void add_service(const struct manifest *manifest)
{
    add_head(manifest->out, "v1", "Service", manifest->name, "");
    lp_str_addf(manifest->out,
                "spec:\n  clusterIP: None\n  publishNotReadyAddresses: true\n"
                "  selector: {lockproof/coordinator: %s}\n"
                "  ports: [{name: join, port: %d, targetPort: %d}]\n",
                manifest->name, PORT, PORT);
}

static void add_coordinator(const struct manifest *manifest)
{
    const char *name = manifest->name;
    add_head(manifest->out, "batch/v1", "Job", name, "-coordinator");
    lp_str_addf(
        manifest->out,
        "spec:\n  backoffLimit: 0\n  template:\n    metadata:\n"
        "      labels: {lockproof/coordinator: %s}\n    spec:\n"
        "      restartPolicy: Never\n      containers:\n        - name: coordinator\n"
        "          image: \"%s\"\n"
        "          command: [lockproof, run, -p, remote, --listen, \":%d\", --secret-file,\n"
        "                    /run/lockproof/secret, -c, \"%u\", --progress, never, -v, -o,\n"
        "                    /tmp/run, /scenario/%s.yaml]\n"
        "          ports: [{name: join, containerPort: %d}]\n",
        name, manifest->image, PORT, manifest->scenario->containers, manifest->scenario->name,
        PORT);
    add_servers(manifest);
    lp_str_addf(manifest->out,
                "          volumeMounts:\n"
                "            - {name: secret, mountPath: /run/lockproof, readOnly: true}\n"
                "            - {name: scenario, mountPath: /scenario, readOnly: true}\n"
                "      volumes:\n        - {name: secret, secret: {secretName: %s}}\n"
                "        - {name: scenario, configMap: {name: %s}}\n",
                name, name);
}

/* {shared} and {node} are what pods of one node share: its /dev/shm. */
static void add_workers(const struct manifest *manifest)
{
    const char *name = manifest->name;
    unsigned count = manifest->scenario->containers;
    add_head(manifest->out, "batch/v1", "Job", name, "-workers");
    lp_str_addf(manifest->out,
                "spec:\n  completionMode: Indexed\n  completions: %u\n  parallelism: %u\n"
                "  backoffLimit: 0\n  template:\n    metadata:\n"
                "      labels: {lockproof/worker: %s}\n    spec:\n      restartPolicy: Never\n"
                "      topologySpreadConstraints:\n"
                "        - maxSkew: 1\n          topologyKey: kubernetes.io/hostname\n"
                "          whenUnsatisfiable: ScheduleAnyway\n"
                "          labelSelector: {matchLabels: {lockproof/worker: %s}}\n"
                "      containers:\n        - name: worker\n          image: \"%s\"\n"
                "          command: [lockproof, worker, --join, \"%s:%d\", --secret-file,\n"
                "                    /run/lockproof/secret, --patience, 5m]\n",
                count, count, name, name, manifest->image, name, PORT);
    add_servers(manifest);
    lp_str_addf(manifest->out,
                "          volumeMounts:\n"
                "            - {name: secret, mountPath: /run/lockproof, readOnly: true}\n"
                "            - {name: shared, mountPath: %s/shared}\n"
                "      volumes:\n        - {name: secret, secret: {secretName: %s}}\n"
                "        - {name: shared, hostPath: {path: /dev/shm, type: Directory}}\n",
                LP_DOCKER_ROOT, name);
}

static int write_manifest(struct manifest *manifest, struct lp_err *err)
{
    lp_str_addf(
        manifest->out,
        "# %s: %u pods of an Indexed Job, and one that coordinates them.\n"
        "#   kubectl wait --for=condition=complete job/%s-coordinator\n"
        "#   kubectl logs job/%s-coordinator\n"
        "# The coordinator fails when the verdict is not the expected one. Needed servers:\n"
        "#   kubectl create secret generic lockproof-servers --from-literal=redis=HOST:PORT\n",
        manifest->scenario->name, manifest->scenario->containers, manifest->name, manifest->name);
    if (add_secret(manifest, err) == -1)
        return -1;
    add_scenario(manifest);
    add_service(manifest);
    add_coordinator(manifest);
    add_workers(manifest);
    return 0;
}

/* ---- the command ---- */

static int load(const struct options *options, struct lp_catalogue *catalogue, const char *name,
                struct lp_scenario *scenario, struct lp_err *err)
{
    struct lp_scenario_files files = {0};
    struct lp_overrides overrides = {.workers = (unsigned)options->workers,
                                     .rounds = (unsigned)options->rounds,
                                     .containers = (unsigned)options->containers,
                                     .placement = LP_PLACE_REMOTE,
                                     .min_meetings = -1};
    int result = lp_catalogue_find(catalogue, name, &files, err);
    if (result == 0 && files.count != 1)
        result = lp_err_set(err, LP_ERR_USAGE, "'%s' is not one scenario", name);
    if (result == 0)
        result = lp_catalogue_load(catalogue, files.file[0], scenario, err);
    if (result == 0)
        result = lp_scenario_override(scenario, &overrides, err);
    free(files.file);
    return result;
}

static int carry_out(const struct options *options, const char **words, size_t count,
                     struct lp_err *err)
{
    struct lp_catalogue catalogue;
    struct lp_scenario scenario = {0};
    struct lp_str out;
    if (count != 2 || strcmp(words[0], "kubernetes") != 0)
        return lp_err_set(err, LP_ERR_USAGE, "usage: lockproof %s", lp_line_manifest.synopsis);
    if (lp_catalogue_init(&catalogue, NULL, 0, err) == -1)
        return -1;
    lp_str_init(&out);
    int result = load(options, &catalogue, words[1], &scenario, err);
    if (result == 0) {
        struct manifest manifest = {
            .scenario = &scenario,
            .name = object_name(scenario.name, &catalogue.arena),
            .image = options->image ? options->image : LP_DOCKER_IMAGE,
            .registry = &catalogue.registry,
            .out = &out,
        };
        result = write_manifest(&manifest, err);
    }
    if (result == 0 && !(lp_ui_print(out.ptr) && lp_ui_flush()))
        result = lp_err_set(err, LP_ERR_SELF, "unable to write the manifest");
    lp_str_release(&out);
    lp_scenario_release(&scenario);
    lp_catalogue_release(&catalogue);
    return result;
}

int lp_command_manifest(int argc, char **argv)
{
    struct options options = {0};
    struct lp_err err = {0};
    const char **words = lp_alloc((size_t)argc, sizeof *words);
    size_t count;
    bool help;
    int status = -1;
    if (lp_options_parse(&lp_line_manifest, argc, argv, &options, words, &count, &help, &err) == 0)
        status = help ? lp_help_show(&lp_line_manifest) : carry_out(&options, words, count, &err);
    free(words);
    return lp_ui_end(status, &err);
}
