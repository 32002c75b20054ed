/* SPDX-License-Identifier: MIT */
#include "doctor/recipe.h"

#include <stdio.h>
#include <string.h>

/* ---- what a text mentions ---- */

static bool ends_in(const char *path, const char *end)
{
    size_t len = strlen(path), tail = strlen(end);
    return len > tail && strcmp(path + len - tail, end) == 0;
}

static bool use_of(const char *path, enum lp_path_use *use)
{
    static const struct {
        const char *end;
        enum lp_path_use use;
    } ends[] = {
        {".lock", LP_USE_LOCK},      {".lck", LP_USE_LOCK},  {"/lock", LP_USE_LOCK},
        {".pid", LP_USE_PID},        {".db", LP_USE_SQLITE}, {".sqlite", LP_USE_SQLITE},
        {".sqlite3", LP_USE_SQLITE},
    };
    if (strncmp(path, "/dev/shm/", strlen("/dev/shm/")) == 0) {
        *use = LP_USE_SHM;
        return true;
    }
    for (size_t i = 0; i < LP_ARRAY_LEN(ends); i++) {
        if (ends_in(path, ends[i].end)) {
            *use = ends[i].use;
            return true;
        }
    }
    return false;
}

static void mention_path(struct lp_program *program, const char *path, size_t len,
                         struct lp_spot spot)
{
    struct lp_mentioned *row = &program->mentioned[program->mentioned_count];
    if (program->mentioned_count == LP_MENTIONED_MAX || len >= sizeof row->path)
        return;
    memcpy(row->path, path, len);
    row->path[len] = '\0';
    for (size_t i = 0; i < program->mentioned_count; i++)
        if (strcmp(program->mentioned[i].path, row->path) == 0)
            return;
    row->spot = spot;
    program->mentioned_count += use_of(row->path, &row->use);
}

/* Absolute paths in a text: from a '/' that begins a word or stands behind '=', ':' or a quote.
   "http://host" and "sqlite:////data/x.db" both have a ':' in front; a path has one slash, and
   SQLAlchemy's form for an absolute path has four. */
static void mention_text(struct lp_program *program, const char *text, struct lp_spot spot)
{
    static const char stop[] = " \t\n\"'`;,|&<>(){}[]:=";
    for (const char *at = strchr(text, '/'); at; at = strchr(at, '/')) {
        size_t slashes = strspn(at, "/");
        bool begins = at == text || strchr(stop, at[-1]);
        const char *path = at + slashes - 1;
        size_t len = 1 + strcspn(path + 1, stop);
        if (begins && (slashes == 1 || slashes == 4))
            mention_path(program, path, len, spot);
        at = path + len;
    }
}

/* Aliases may make a node contain itself. */
#define DEPTH_MAX 12

static void mention(struct lp_program *program, struct lp_node node, const char *file, int depth)
{
    const char *text = lp_node_text(node);
    if (text)
        mention_text(program, text, lp_node_spot(node, file));
    for (size_t i = 0; depth < DEPTH_MAX && i < lp_node_count(node); i++)
        mention(program, lp_node_value(node, i), file, depth + 1);
}

void lp_recipe_mention(struct lp_program *program, struct lp_node node, const char *file)
{
    mention(program, node, file, 0);
}

struct lp_mounted *lp_recipe_mount(struct lp_program *program, const char *target,
                                   const char *source)
{
    if (program->mounted_count == LP_MOUNTED_MAX)
        return NULL;
    struct lp_mounted *mounted = &program->mounted[program->mounted_count++];
    memset(mounted, 0, sizeof *mounted);
    snprintf(mounted->target, sizeof mounted->target, "%s", target);
    size_t len = strlen(mounted->target);
    while (len > 1 && mounted->target[len - 1] == '/')
        mounted->target[--len] = '\0';
    snprintf(mounted->source, sizeof mounted->source, "%s", source);
    return mounted;
}

/* ---- judging ---- */

static const struct lp_mounted not_mounted = {.kind = LP_MOUNTED_NOT,
                                              .what = "the container's own layer"};
static const struct lp_mounted own_shm = {.kind = LP_MOUNTED_OWN,
                                          .what = "its own /dev/shm (`ipc: private`)"};
static const struct lp_mounted common_shm = {
    .kind = LP_MOUNTED_SHARED, .source = "ipc", .what = "a shared /dev/shm"};

/* The mount that a path lies on: the longest target above it. */
static const struct lp_mounted *mount_of(const struct lp_program *program, const char *path)
{
    const struct lp_mounted *best = NULL;
    size_t longest = 0;
    for (size_t i = 0; i < program->mounted_count; i++) {
        const struct lp_mounted *mounted = &program->mounted[i];
        size_t len = strlen(mounted->target);
        bool above = strncmp(path, mounted->target, len) == 0 &&
                     (path[len] == '/' || path[len] == '\0' || len == 1);
        if (above && len > longest) {
            best = mounted;
            longest = len;
        }
    }
    if (best)
        return best;
    if (strncmp(path, "/dev/shm/", strlen("/dev/shm/")) == 0)
        return program->shares_ipc ? &common_shm : &own_shm;
    return &not_mounted;
}

static const char *cause_of(enum lp_path_use use)
{
    return use == LP_USE_LOCK || use == LP_USE_PID ? "different-lock" : "different-store";
}

static const char *scenario_of(enum lp_path_use use)
{
    return use == LP_USE_SHM ? "private-shm" : "flock-own-file";
}

static const char *split_consequence(enum lp_path_use use)
{
    switch (use) {
    case LP_USE_LOCK:
    case LP_USE_PID:
        return "each copy has a lock of its own by this name: all of them hold it at once";
    case LP_USE_SQLITE:
        return "each copy has a database of its own by this name; what one writes the others never "
               "read";
    case LP_USE_SHM:
        return "same name, different shared memory: mutexes, semaphores and counters in it are not "
               "shared";
    }
    return "";
}

static const char *split_fix(enum lp_path_use use)
{
    return use == LP_USE_SHM
               ? "share it: `ipc: shareable` and `ipc: \"service:NAME\"`, one pod, or a file on a "
                 "volume that all mount"
               : "put it on one volume that all of them mount, or use a lock that a server keeps";
}

static bool is_apart(const struct lp_mounted *mounted)
{
    return mounted->kind == LP_MOUNTED_NOT || mounted->kind == LP_MOUNTED_OWN;
}

/* Copies of one program. */
static void judge_copies(struct lp_findings *findings, const struct lp_program *program,
                         const struct lp_mentioned *mentioned)
{
    const struct lp_mounted *mounted = mount_of(program, mentioned->path);
    /* Copies of one service share no IPC with one another, whoever else they share it with. */
    if (mentioned->use == LP_USE_SHM && mounted == &common_shm)
        return;
    struct lp_finding finding = {
        .cause = cause_of(mentioned->use),
        .subject = lp_findings_say(findings, "%s in %s", mentioned->path, program->name),
        .scenario = scenario_of(mentioned->use),
        .spot = mentioned->spot,
    };
    if (program->copies > 1 && is_apart(mounted)) {
        finding.severity = LP_PROBLEM;
        finding.evidence = lp_findings_say(findings, "%ld copies run, and the path lies on %s",
                                           program->copies, mounted->what);
        finding.consequence = split_consequence(mentioned->use);
        finding.fix = split_fix(mentioned->use);
        lp_findings_add(findings, &finding);
    } else if (program->copies > 1 && mounted->kind == LP_MOUNTED_ONE_NODE) {
        finding.severity = LP_HAZARD;
        finding.evidence = lp_findings_say(
            findings,
            "%ld copies may run on several nodes, and the path lies on %s, which is "
            "there once for each node",
            program->copies, mounted->what);
        finding.consequence = "a lock of the host's kernel does not reach the other nodes: one "
                              "copy on each node holds it";
        finding.fix = "one node for all copies, or a lock that a server keeps (Redis, PostgreSQL, "
                      "etcd, ZooKeeper)";
        lp_findings_add(findings, &finding);
    }
}

/* What is wrong with a place whoever else uses it. */
static void judge_place(struct lp_findings *findings, const struct lp_program *program,
                        const struct lp_mentioned *mentioned)
{
    const struct lp_mounted *mounted = mount_of(program, mentioned->path);
    struct lp_finding finding = {
        .severity = LP_HAZARD,
        .subject = lp_findings_say(findings, "%s in %s", mentioned->path, program->name),
        .spot = mentioned->spot,
    };
    bool network = mounted->kind == LP_MOUNTED_NETWORK || mounted->kind == LP_MOUNTED_MANY_NODE;
    if (mentioned->use == LP_USE_SQLITE && network) {
        finding.cause = "different-lock";
        finding.evidence = lp_findings_say(findings, "a SQLite database on %s", mounted->what);
        finding.consequence = "SQLite needs POSIX locks and, in WAL mode, memory shared with all "
                              "its users; over a network neither can be relied on";
        finding.fix = "keep the database on a local disk of one node, or use a database server";
        lp_findings_add(findings, &finding);
    }
    if (mounted->single_file) {
        finding.cause = "different-lock";
        finding.spot = mounted->spot;
        finding.evidence =
            lp_findings_say(findings, "%s is a bind mount of a single file", mounted->source);
        finding.consequence =
            "the mount stays with the inode: once the file is replaced by rename (editors, atomic "
            "writes, SQLite's backup), the container and everybody else have different files, and "
            "different locks, by one name";
        finding.fix = "mount the folder that it is in";
        finding.scenario = "flock-unlink";
        lp_findings_add(findings, &finding);
    }
}

static void judge_two(struct lp_findings *findings, const struct lp_program *one,
                      const struct lp_mentioned *mentioned, const struct lp_program *two)
{
    bool known = false;
    for (size_t i = 0; i < two->mentioned_count; i++)
        known |= strcmp(two->mentioned[i].path, mentioned->path) == 0;
    if (!known)
        return;
    const struct lp_mounted *a = mount_of(one, mentioned->path);
    const struct lp_mounted *b = mount_of(two, mentioned->path);
    struct lp_finding finding = {
        .severity = LP_PROBLEM,
        .cause = cause_of(mentioned->use),
        .subject =
            lp_findings_say(findings, "%s in %s and %s", mentioned->path, one->name, two->name),
        .scenario = scenario_of(mentioned->use),
        .spot = mentioned->spot,
    };
    if (is_apart(a) || is_apart(b) || strcmp(a->source, b->source) != 0) {
        finding.evidence = lp_findings_say(
            findings, "both name this path, but in %s it lies on %s and in %s on %s", one->name,
            a->what, two->name, b->what);
        finding.consequence = split_consequence(mentioned->use);
        finding.fix = split_fix(mentioned->use);
        lp_findings_add(findings, &finding);
    } else if (mentioned->use == LP_USE_PID && !(one->shares_pid && two->shares_pid)) {
        finding.severity = LP_HAZARD;
        finding.cause = "double-grant";
        finding.evidence = "the file is shared, the process numbers in it are not: each container "
                           "has a PID namespace of its own";
        finding.consequence = "whoever asks kill(pid, 0) takes a living owner for dead, or a "
                              "stranger for the owner";
        finding.fix = "flock the file for life and try that; never judge an owner by its number";
        finding.scenario = NULL;
        lp_findings_add(findings, &finding);
    }
}

void lp_recipe_judge(struct lp_findings *findings, const struct lp_program *programs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct lp_program *program = &programs[i];
        for (size_t m = 0; m < program->mentioned_count; m++) {
            judge_place(findings, program, &program->mentioned[m]);
            judge_copies(findings, program, &program->mentioned[m]);
            for (size_t j = i + 1; j < count; j++)
                judge_two(findings, program, &program->mentioned[m], &programs[j]);
        }
    }
}
