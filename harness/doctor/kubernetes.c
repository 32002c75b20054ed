/* SPDX-License-Identifier: MIT */
/* Kubernetes manifests: workloads with their pod templates and claims (API apps/v1, batch/v1, v1).
 */
#include "doctor/recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define PROGRAMS_MAX 256

struct manifest {
    struct lp_findings *findings;
    const char *file;
    struct lp_documents *documents;
    struct lp_program *programs;
    size_t count;
};

static const struct workload {
    const char *kind;
    const char *pod;    /* where its pod's spec is */
    const char *copies; /* where it says how many run at once; NULL: one */
} workloads[] = {
    {"Deployment", "spec.template.spec", "spec.replicas"},
    {"ReplicaSet", "spec.template.spec", "spec.replicas"},
    {"StatefulSet", "spec.template.spec", "spec.replicas"},
    {"DaemonSet", "spec.template.spec", NULL},
    {"Job", "spec.template.spec", "spec.parallelism"},
    {"CronJob", "spec.jobTemplate.spec.template.spec", "spec.jobTemplate.spec.parallelism"},
    {"Pod", "spec", NULL},
};

static bool is(const char *text, const char *what)
{
    return text && strcmp(text, what) == 0;
}

static const struct workload *workload_of(const char *kind)
{
    for (size_t i = 0; i < LP_ARRAY_LEN(workloads); i++)
        if (is(kind, workloads[i].kind))
            return &workloads[i];
    return NULL;
}

/* ---- claims ---- */

static bool lists(struct lp_node list, const char *what)
{
    for (size_t i = 0; i < lp_node_count(list); i++)
        if (is(lp_node_text(lp_node_value(list, i)), what))
            return true;
    return false;
}

static struct lp_node claim_named(const struct manifest *manifest, const char *name)
{
    for (size_t i = 0; i < manifest->documents->count; i++) {
        struct lp_node root = lp_node_root(&manifest->documents->document[i]);
        if (is(lp_node_text(lp_node_member(root, "kind")), "PersistentVolumeClaim") &&
            is(lp_node_text(lp_node_path(root, "metadata.name")), name))
            return root;
    }
    return (struct lp_node){NULL, NULL};
}

static void claim_mount(const struct manifest *manifest, struct lp_mounted *mounted,
                        const char *claim)
{
    struct lp_node modes = lp_node_path(claim_named(manifest, claim), "spec.accessModes");
    const char *mode = "unknown access";
    mounted->kind = LP_MOUNTED_SHARED;
    if (lists(modes, "ReadWriteMany")) {
        mounted->kind = LP_MOUNTED_MANY_NODE;
        mode = "ReadWriteMany";
    } else if (lists(modes, "ReadWriteOnce")) {
        /* One node, not one pod: pods of that node share it, others do not get it at all. */
        mode = "ReadWriteOnce";
    }
    mounted->what = lp_findings_say(manifest->findings, "claim '%s' (%s)", claim, mode);
    snprintf(mounted->source, sizeof mounted->source, "claim %s", claim);
}

/* ---- pods ---- */

static struct lp_node volume_named(struct lp_node pod, const char *name)
{
    struct lp_node volumes = lp_node_member(pod, "volumes");
    for (size_t i = 0; name && i < lp_node_count(volumes); i++)
        if (is(lp_node_text(lp_node_member(lp_node_value(volumes, i), "name")), name))
            return lp_node_value(volumes, i);
    return (struct lp_node){pod.document, NULL};
}

static void volume_mount(const struct manifest *manifest, struct lp_program *program,
                         struct lp_node pod, struct lp_node mount, bool of_template)
{
    const char *target = lp_node_text(lp_node_member(mount, "mountPath"));
    const char *name = lp_node_text(lp_node_member(mount, "name"));
    struct lp_node volume = volume_named(pod, name);
    struct lp_mounted *mounted =
        target ? lp_recipe_mount(program, target, name ? name : target) : NULL;
    if (!mounted)
        return;
    const char *claim = lp_node_text(lp_node_path(volume, "persistentVolumeClaim.claimName"));
    const char *host = lp_node_text(lp_node_path(volume, "hostPath.path"));
    mounted->spot = lp_node_spot(mount, manifest->file);
    if (claim) {
        claim_mount(manifest, mounted, claim);
    } else if (host) {
        mounted->kind = program->copies > 1 ? LP_MOUNTED_ONE_NODE : LP_MOUNTED_SHARED;
        mounted->what = lp_findings_say(manifest->findings, "the node's %s (hostPath)", host);
        snprintf(mounted->source, sizeof mounted->source, "%s", host);
    } else if (lp_node_member(volume, "emptyDir").node) {
        mounted->kind = LP_MOUNTED_OWN;
        mounted->what = "an emptyDir, new for each pod";
    } else if (!volume.node && of_template) {
        mounted->kind = LP_MOUNTED_OWN;
        mounted->what = "a volume of volumeClaimTemplates, one for each pod";
    } else {
        mounted->kind = LP_MOUNTED_SHARED;
        mounted->what = lp_findings_say(manifest->findings, "volume '%s'", name ? name : "?");
    }
    if (strncmp(target, "/dev/shm", strlen("/dev/shm")) == 0 && mounted->kind == LP_MOUNTED_OWN)
        mounted->what = "a /dev/shm of each pod's own";
}

static void read_pod(const struct manifest *manifest, struct lp_program *program,
                     struct lp_node pod, bool has_templates)
{
    static const char *const lists_of[] = {"containers", "initContainers"};
    static const char *const mentioning[] = {"command", "args", "env"};
    for (size_t l = 0; l < LP_ARRAY_LEN(lists_of); l++) {
        struct lp_node containers = lp_node_member(pod, lists_of[l]);
        for (size_t i = 0; i < lp_node_count(containers); i++) {
            struct lp_node container = lp_node_value(containers, i);
            struct lp_node mounts = lp_node_member(container, "volumeMounts");
            for (size_t m = 0; m < lp_node_count(mounts); m++)
                volume_mount(manifest, program, pod, lp_node_value(mounts, m), has_templates);
            for (size_t w = 0; w < LP_ARRAY_LEN(mentioning); w++)
                lp_recipe_mention(program, lp_node_member(container, mentioning[w]),
                                  manifest->file);
        }
    }
}

/* ---- more instances than the author thinks ---- */

static bool keeps_something(const struct lp_program *program)
{
    for (size_t i = 0; i < program->mounted_count; i++)
        if (program->mounted[i].kind != LP_MOUNTED_OWN)
            return true;
    return false;
}

static void judge_overlap(const struct manifest *manifest, const struct lp_program *program,
                          struct lp_node root, const struct workload *workload)
{
    struct lp_findings *findings = manifest->findings;
    struct lp_finding finding = {
        .severity = LP_HAZARD,
        .cause = "no-lock",
        .subject = program->name,
        .spot = program->spot,
    };
    if (!keeps_something(program))
        return;
    if (is(workload->kind, "CronJob")) {
        struct lp_node policy = lp_node_path(root, "spec.concurrencyPolicy");
        if (policy.node && !is(lp_node_text(policy), "Allow"))
            return;
        if (policy.node)
            finding.spot = lp_node_spot(policy, manifest->file);
        finding.evidence = "concurrencyPolicy is Allow (the default), and the job writes to a "
                           "volume that the next run has too";
        finding.consequence = "a run that takes longer than the period has the next one beside it";
        finding.fix = "concurrencyPolicy: Forbid, and still a lock held for the whole run: the "
                      "policy is best effort";
        lp_findings_add(findings, &finding);
    } else if (is(workload->kind, "Deployment") && program->copies == 1 &&
               program->mentioned_count > 0 &&
               !is(lp_node_text(lp_node_path(root, "spec.strategy.type")), "Recreate")) {
        finding.severity = LP_NOTE;
        finding.evidence = "one replica with a rolling update: maxSurge rounds up to one more, so "
                           "the old and the new pod run at once";
        finding.consequence = "for the time of an update there are two writers";
        finding.fix = "strategy: {type: Recreate}, or a lock that both take";
        lp_findings_add(findings, &finding);
    }
}

static void read_workload(struct manifest *manifest, struct lp_node root,
                          const struct workload *workload)
{
    struct lp_program *program = &manifest->programs[manifest->count++];
    const char *name = lp_node_text(lp_node_path(root, "metadata.name"));
    program->name =
        lp_findings_say(manifest->findings, "%s '%s'", workload->kind, name ? name : "?");
    program->spot = lp_node_spot(root, manifest->file);
    program->copies =
        workload->copies ? lp_node_number(lp_node_path(root, workload->copies), 1) : 1;
    if (is(workload->kind, "DaemonSet"))
        program->copies = 2; /* one a node */
    read_pod(manifest, program, lp_node_path(root, workload->pod),
             lp_node_path(root, "spec.volumeClaimTemplates").node != NULL);
    judge_overlap(manifest, program, root, workload);
}

static int read_documents(struct manifest *manifest, struct lp_err *err)
{
    bool any = false;
    for (size_t i = 0; i < manifest->documents->count && manifest->count < PROGRAMS_MAX; i++) {
        struct lp_node root = lp_node_root(&manifest->documents->document[i]);
        const char *kind = lp_node_text(lp_node_member(root, "kind"));
        const struct workload *workload = workload_of(kind);
        any |= kind != NULL;
        if (workload)
            read_workload(manifest, root, workload);
    }
    if (!any)
        return lp_err_set(err, LP_ERR_USAGE, "%s:1:1: no `kind`, expected Kubernetes manifests",
                          manifest->file);
    lp_recipe_judge(manifest->findings, manifest->programs, manifest->count);
    return 0;
}

int lp_doctor_kubernetes(struct lp_findings *findings, const char *file, struct lp_err *err)
{
    struct lp_documents *documents = lp_alloc(1, sizeof *documents);
    int result = lp_documents_read(documents, file, err);
    if (result == 0) {
        struct manifest manifest = {
            .findings = findings,
            .file = lp_findings_say(findings, "%s", file),
            .documents = documents,
            .programs = lp_alloc(PROGRAMS_MAX, sizeof *manifest.programs),
        };
        result = read_documents(&manifest, err);
        free(manifest.programs);
        lp_documents_release(documents);
    }
    free(documents);
    return result;
}
