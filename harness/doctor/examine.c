/* SPDX-License-Identifier: MIT */
#include "doctor/examine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "doctor/probe.h"

/* CLOCK_REALTIME of two places on one host is one clock; a gap is a time namespace or a container
   that was restored. Reading it twice takes far less. */
#define CLOCK_GAP_NS (50 * LP_MS)

/* An examination of two sides. `name` stands in front of all that is said. */
struct exam {
    struct lp_findings *findings;
    const struct lp_doctor_place *place[2];
    struct lp_side side[2];
    struct lp_side_self self[2];
    struct lp_look look[2];
    const char *name;
    bool believed;
};

enum { A, B };

static enum lp_outcome order(struct exam *exam, int who, enum lp_side_act act, const char *path,
                             const char *text, struct lp_side_answer *answer)
{
    struct lp_side_order order = {.act = act};
    snprintf(order.path, sizeof order.path, "%s", path);
    snprintf(order.text, sizeof order.text, "%s", text);
    lp_side_do(&exam->side[who], &order, answer);
    return answer->outcome;
}

/* ---- what each kind of trouble means ---- */

static const char *scenario_of(enum lp_probe_kind kind)
{
    switch (kind) {
    case LP_PROBE_SQLITE:
    case LP_PROBE_SQLITE_WAL:
        return "sqlite-naive";
    case LP_PROBE_MMAP:
        return "private-shm";
    default:
        return "flock-own-file";
    }
}

static const char *kinds_text(const struct exam *exam)
{
    const struct lp_look *a = &exam->look[A], *b = &exam->look[B];
    return lp_findings_say(exam->findings,
                           "%s: inode %llu of device %u:%u on %s; %s: inode %llu of "
                           "device %u:%u on %s",
                           exam->place[A]->side, (unsigned long long)a->inode, a->device_major,
                           a->device_minor, a->type, exam->place[B]->side,
                           (unsigned long long)b->inode, b->device_major, b->device_minor, b->type);
}

/* Why two places are two, from what they lie on. */
static const char *fix_of(const struct exam *exam)
{
    const struct lp_look *a = &exam->look[A], *b = &exam->look[B];
    if (lp_look_is_deleted(a) || lp_look_is_deleted(b))
        return "mount the folder that the file is in and not the file: a bind mount of a single "
               "file stays with the inode, and the file was replaced (by rename) since";
    if (a->class == LP_MOUNT_LAYER || b->class == LP_MOUNT_LAYER)
        return "put it on a volume that both mount: the other folders of a container are its own "
               "layer";
    if (a->class == LP_MOUNT_RAM || b->class == LP_MOUNT_RAM)
        return strncmp(a->at, "/dev/shm", strlen("/dev/shm")) == 0
                   ? "share it: `ipc: shareable` and `ipc: \"service:NAME\"` (or `--ipc`), or map "
                     "a "
                     "file on a volume that both mount"
                   : "put it on a volume that both mount: a tmpfs is another one for each mount";
    if (a->class == LP_MOUNT_FUSE || b->class == LP_MOUNT_FUSE)
        return "reach the folder through one mount only, or lock on a filesystem whose locks the "
               "kernel keeps";
    return "mount one volume or folder in both, or use a lock that a server keeps";
}

/* ---- sides ---- */

static void fact(struct exam *exam, int who, const char *text)
{
    lp_findings_fact(exam->findings, exam->place[who]->name, text);
}

static int start(struct exam *exam, struct lp_err *err)
{
    for (int who = A; who <= B; who++) {
        struct lp_side_answer answer;
        if (lp_side_start(&exam->side[who], exam->place[who]->side, exam->place[who]->pid, err) ==
            -1)
            return -1;
        order(exam, who, LP_SIDE_SELF, "", "", &answer);
        exam->self[who] = answer.self;
        order(exam, who, LP_SIDE_LOOK, exam->place[who]->path, "", &answer);
        exam->look[who] = answer.look;
        if (answer.look.errnum)
            return lp_err_set(err, LP_ERR_USAGE, "'%s'%s%s cannot be looked at: %s",
                              exam->place[who]->path, exam->place[who]->pid ? " in " : "",
                              exam->place[who]->pid ? exam->place[who]->side : "",
                              strerrordesc_np(answer.look.errnum));
    }
    return 0;
}

static void stop(struct exam *exam)
{
    lp_side_release(&exam->side[A]);
    lp_side_release(&exam->side[B]);
}

/* ---- probes ---- */

static void tell_probe(struct exam *exam, const char *name, const struct lp_probe *probe)
{
    static const char *const words[] = {
        [LP_PROBE_WORKS] = "works",      [LP_PROBE_TWICE] = "BROKEN",
        [LP_PROBE_UNSEEN] = "BROKEN",    [LP_PROBE_IN_USE] = "in use",
        [LP_PROBE_UNAVAILABLE] = "none", [LP_PROBE_UNCLEAR] = "unclear",
    };
    lp_findings_tried(exam->findings,
                      &(struct lp_tried){
                          .subject = exam->name,
                          .name = name,
                          .result = words[probe->result],
                          .detail = lp_findings_say(exam->findings, "%s", probe->text),
                      });
}

static void judge_probe(struct exam *exam, const char *name, const char *purpose,
                        enum lp_probe_kind kind, const struct lp_probe *probe)
{
    struct lp_findings *findings = exam->findings;
    struct lp_finding finding = {
        .subject = lp_findings_say(findings, "%s: %s", exam->name, name),
        .evidence = lp_findings_say(findings, "%s (%s)", probe->text, kinds_text(exam)),
        .fix = fix_of(exam),
        .scenario = scenario_of(kind),
    };
    tell_probe(exam, name, probe);
    switch (probe->result) {
    case LP_PROBE_TWICE:
        finding.severity = LP_PROBLEM;
        finding.cause = "different-lock";
        finding.consequence = lp_findings_say(
            findings, "two workers hold the lock at once: updates get lost (%s)", purpose);
        break;
    case LP_PROBE_UNSEEN:
        finding.severity = LP_PROBLEM;
        finding.cause = "different-store";
        finding.consequence =
            lp_findings_say(findings, "what one side writes the other never reads (%s)", purpose);
        break;
    case LP_PROBE_UNCLEAR:
    case LP_PROBE_IN_USE:
        finding.severity = LP_OPEN;
        finding.consequence = "nothing is known about it";
        finding.fix = probe->result == LP_PROBE_IN_USE ? "ask again while nobody uses it" : NULL;
        finding.scenario = NULL;
        break;
    case LP_PROBE_UNAVAILABLE:
        finding.severity = LP_NOTE;
        finding.consequence = "whoever ignores that the call failed works without a lock";
        finding.fix = NULL;
        finding.scenario = NULL;
        break;
    case LP_PROBE_WORKS:
        return;
    }
    lp_findings_add(findings, &finding);
}

static void try_kind(struct exam *exam, enum lp_probe_kind kind, const char *path_a,
                     const char *path_b)
{
    struct lp_probe probe;
    lp_probe_try(&probe, kind, &exam->side[A], path_a, &exam->side[B], path_b);
    judge_probe(exam, lp_probe_name(kind), lp_probe_purpose(kind), kind, &probe);
}

/* A folder of our own inside the place, seen from both sides; false when B does not see it. */
static bool make_common(struct exam *exam, char *path_a, char *path_b, size_t size, bool *tried)
{
    struct lp_side_answer answer;
    char template[512], token[32];
    snprintf(template, sizeof template, "%s/.lockproof-XXXXXX", exam->place[A]->path);
    *tried = order(exam, A, LP_SIDE_FOLDER, template, "", &answer) == LP_OK;
    if (!*tried) {
        lp_findings_add(exam->findings,
                        &(struct lp_finding){
                            .severity = LP_OPEN,
                            .subject = exam->name,
                            .evidence = lp_findings_say(exam->findings, "%s", answer.text),
                            .consequence = "nothing could be tried in this folder",
                            .fix = "run it as a user who may write there",
                        });
        return false;
    }
    snprintf(path_a, size, "%s", answer.text);
    snprintf(path_b, size, "%s/%s", exam->place[B]->path, strrchr(answer.text, '/') + 1);
    snprintf(token, sizeof token, "%llx", (unsigned long long)exam->self[A].monotonic_ns);
    snprintf(template, sizeof template, "%.490s/token", path_a);
    order(exam, A, LP_SIDE_MAKE, template, token, &answer);
    snprintf(template, sizeof template, "%.490s/token", path_b);
    return order(exam, B, LP_SIDE_READ, template, "", &answer) == LP_OK &&
           strcmp(answer.text, token) == 0;
}

static void tell_two_folders(struct exam *exam)
{
    struct lp_findings *findings = exam->findings;
    if (!exam->believed) {
        lp_findings_add(findings, &(struct lp_finding){
                                      .severity = LP_NOTE,
                                      .subject = exam->name,
                                      .evidence = "a file made in one is not seen in the other",
                                      .consequence = "these are two folders; what is locked in one "
                                                     "is nothing to the other",
                                  });
        return;
    }
    lp_findings_add(
        findings,
        &(struct lp_finding){
            .severity = LP_PROBLEM,
            .cause = "different-store",
            .subject = exam->name,
            .evidence =
                lp_findings_say(findings, "a file made in it by %s is not seen by %s (%s)",
                                exam->place[A]->side, exam->place[B]->side, kinds_text(exam)),
            .consequence = "each side has a folder of its own by this name: neither data nor locks "
                           "in it are shared",
            .fix = fix_of(exam),
            .scenario = "flock-own-file",
        });
}

static void try_folder(struct exam *exam)
{
    char path_a[512], path_b[512], a[544], b[544];
    struct lp_side_answer answer;
    bool tried;
    bool common = make_common(exam, path_a, path_b, sizeof path_a, &tried);
    if (tried && !common)
        tell_two_folders(exam);
    for (int kind = 0; common && kind < LP_PROBE_KINDS; kind++) {
        snprintf(a, sizeof a, "%s/probe-%d", path_a, kind);
        snprintf(b, sizeof b, "%s/probe-%d", path_b, kind);
        try_kind(exam, (enum lp_probe_kind)kind, a, b);
    }
    if (common) {
        struct lp_probe probe;
        snprintf(a, sizeof a, "%s/name", path_a);
        snprintf(b, sizeof b, "%s/name", path_b);
        lp_probe_names(&probe, &exam->side[A], a, &exam->side[B], b);
        judge_probe(exam, "rename", "files replaced by rename(2)", LP_PROBE_LOCKFILE, &probe);
    }
    if (tried)
        order(exam, A, LP_SIDE_REMOVE, path_a, "", &answer);
}

/* On the file itself, without waiting and for a moment only: it may be in use. */
static void try_file(struct exam *exam)
{
    for (int kind = LP_PROBE_FLOCK; kind <= LP_PROBE_OFD; kind++)
        try_kind(exam, (enum lp_probe_kind)kind, exam->place[A]->path, exam->place[B]->path);
}

/* ---- what two places share besides ---- */

static void compare_pids(struct exam *exam)
{
    struct lp_findings *findings = exam->findings;
    const struct lp_side_self *a = &exam->self[A], *b = &exam->self[B];
    if (a->pid_ns == b->pid_ns)
        return;
    lp_findings_add(
        findings,
        &(struct lp_finding){
            .severity = LP_NOTE,
            .subject = exam->name,
            .evidence = lp_findings_say(findings,
                                        "their PID namespaces differ: the number %d means another "
                                        "process, or none, on the other side",
                                        (int)a->pid),
            .consequence = "a PID file, or kill(pid, 0), cannot tell whether the owner "
                           "is alive; /proc/locks and fuser do not show the other side",
            .fix = "ask by trying the lock; never by a process number",
        });
    if (strcmp(a->host, b->host) == 0)
        lp_findings_add(
            findings,
            &(struct lp_finding){
                .severity = LP_NOTE,
                .subject = exam->name,
                .evidence = lp_findings_say(findings,
                                            "both have the host name '%s' and process numbers of "
                                            "their own",
                                            a->host),
                .consequence = "two owners named HOST:PID can be equal, and each takes "
                               "the other's lock for its own",
                .fix = "a random token for each acquire",
            });
}

static void compare_rest(struct exam *exam)
{
    struct lp_findings *findings = exam->findings;
    const struct lp_side_self *a = &exam->self[A], *b = &exam->self[B];
    if (a->shm_inode && (a->shm_inode != b->shm_inode || a->shm_device != b->shm_device))
        lp_findings_add(
            findings, &(struct lp_finding){
                          .severity = LP_NOTE,
                          .subject = exam->name,
                          .evidence = "each has a /dev/shm of its own",
                          .consequence = "shm_open, sem_open and mutexes in shared memory are not "
                                         "shared between them",
                          .fix = "if they are meant to be: `ipc: shareable` and `ipc: "
                                 "\"service:NAME\"`, or a mapped file on a common volume",
                          .scenario = "private-shm",
                      });
    uint64_t gap = a->realtime_ns > b->realtime_ns ? a->realtime_ns - b->realtime_ns
                                                   : b->realtime_ns - a->realtime_ns;
    /* Between the two readings lies what the first side was asked besides. */
    uint64_t between = b->monotonic_ns - a->monotonic_ns;
    if (a->time_ns == b->time_ns && gap > between + CLOCK_GAP_NS)
        lp_findings_add(findings,
                        &(struct lp_finding){
                            .severity = LP_HAZARD,
                            .subject = exam->name,
                            .evidence = lp_findings_say(findings, "their clocks are %.3f s apart",
                                                        (double)gap / (double)LP_SEC),
                            .consequence = "leases and stale times that one side writes "
                                           "and the other compares are wrong by so much",
                            .fix = "let one clock decide: that of the server",
                        });
}

/* ---- the examinations ---- */

static void describe(struct exam *exam, int who)
{
    char text[1024];
    fact(exam, who, lp_look_text(&exam->look[who], text, sizeof text));
}

int lp_doctor_pair(struct lp_findings *findings, const struct lp_doctor_place *a,
                   const struct lp_doctor_place *b, bool believed, struct lp_err *err)
{
    struct exam exam = {.findings = findings, .place = {a, b}, .believed = believed};
    exam.name = lp_findings_say(findings, "%s and %s", a->name, b->name);
    int result = start(&exam, err);
    if (result == 0) {
        for (int who = A; believed && who <= B; who++)
            describe(&exam, who);
        if (exam.look[A].is_folder && exam.look[B].is_folder)
            try_folder(&exam);
        else if (exam.look[A].is_file && exam.look[B].is_file)
            try_file(&exam);
        else
            result = lp_err_set(err, LP_ERR_USAGE, "%s: not both files or both folders", exam.name);
    }
    if (result == 0 && believed) {
        compare_pids(&exam);
        compare_rest(&exam);
    }
    stop(&exam);
    return result;
}

/* What the kind of mount says about others than the two processes here. */
static void note_reach(struct exam *exam)
{
    static const struct {
        enum lp_mount_class class;
        const char *evidence, *consequence, *fix;
    } rows[] = {
        {LP_MOUNT_NETWORK, "other hosts may have it mounted too",
         "only processes of this host were tried; whether locks reach the others is up to the "
         "filesystem and its mount options",
         "run `lockproof run` with workers on both hosts, or use a lock that a server keeps"},
        {LP_MOUNT_LAYER, "it lies on an overlay, the layer of one container",
         "another container that names the same path has another file",
         "a volume that all of them mount; try it with --container A --container B"},
        {LP_MOUNT_FUSE, "a program serves this mount",
         "a second mount of the same folder may keep locks of its own",
         "name both mounts: lockproof doctor MOUNT1 MOUNT2"},
    };
    for (size_t i = 0; i < LP_ARRAY_LEN(rows); i++)
        if (rows[i].class == exam->look[A].class)
            lp_findings_add(exam->findings, &(struct lp_finding){
                                                .severity = LP_NOTE,
                                                .subject = exam->name,
                                                .evidence = rows[i].evidence,
                                                .consequence = rows[i].consequence,
                                                .fix = rows[i].fix,
                                            });
}

int lp_doctor_path(struct lp_findings *findings, const char *path, struct lp_err *err)
{
    const struct lp_doctor_place here = {.name = path, .path = path, .side = "one process"};
    const struct lp_doctor_place there = {.name = path, .path = path, .side = "another process"};
    struct exam exam = {
        .findings = findings, .place = {&here, &there}, .name = path, .believed = true};
    int result = start(&exam, err);
    if (result == 0 && !exam.look[A].is_folder && !exam.look[A].is_file)
        result = lp_err_set(err, LP_ERR_USAGE, "'%s' is neither a file nor a folder", path);
    if (result == 0) {
        describe(&exam, A);
        if (exam.look[A].is_folder) {
            try_folder(&exam);
        } else {
            try_file(&exam);
            lp_doctor_holders(findings, path);
        }
        note_reach(&exam);
    }
    stop(&exam);
    return result;
}
