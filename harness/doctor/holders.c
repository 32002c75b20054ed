/* SPDX-License-Identifier: MIT */
/*
 * A lock is on the inode, users meet at the name. A lock file that was unlinked or replaced while
 * somebody holds it shows in /proc: the descriptor's link ends in " (deleted)", or its inode is not
 * the name's (proc_pid_fd(5)).
 */
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor/examine.h"
#include "doctor/mount.h"

struct hunt {
    struct lp_findings *findings;
    const char *path;
    const char *real; /* without symbolic links */
    struct stat now;  /* what has the name */
};

static void name_of(const char *pid, char *name, size_t size)
{
    char path[300];
    snprintf(path, sizeof path, "/proc/%s/comm", pid);
    FILE *file = fopen(path, "re");
    name[0] = '\0';
    if (file && fgets(name, (int)size, file))
        name[strcspn(name, "\n")] = '\0';
    if (file)
        fclose(file);
}

/* fdinfo of a descriptor has a line "lock:" for each lock that is held through it. */
static bool holds_lock(const char *pid, const char *fd)
{
    char path[600], line[256];
    bool found = false;
    snprintf(path, sizeof path, "/proc/%s/fdinfo/%s", pid, fd);
    FILE *file = fopen(path, "re");
    while (file && !found && fgets(line, sizeof line, file))
        found = strncmp(line, "lock:", strlen("lock:")) == 0;
    if (file)
        fclose(file);
    return found;
}

static void report(const struct hunt *hunt, const char *pid, const char *fd,
                   const struct stat *held)
{
    struct lp_findings *findings = hunt->findings;
    char name[32];
    bool locked = holds_lock(pid, fd);
    name_of(pid, name, sizeof name);
    const char *evidence =
        lp_findings_say(findings,
                        "process %s (%s) has descriptor %s open%s on inode %llu under this name, "
                        "but the name leads "
                        "to inode %llu now%s",
                        pid, name, fd, locked ? " and locked" : "",
                        (unsigned long long)held->st_ino, (unsigned long long)hunt->now.st_ino,
                        held->st_nlink == 0 ? "; its own has been unlinked or replaced" : "");
    lp_findings_add(
        findings,
        &(struct lp_finding){
            .severity = locked ? LP_PROBLEM : LP_NOTE,
            .cause = "different-lock",
            .subject = hunt->path,
            .evidence = evidence,
            .consequence =
                locked ? "its lock stops nobody who opens the name from now on: both have \"the\" "
                         "lock, and what it writes there goes to a file without a name"
                       : "it holds no lock through it now; should it lock that descriptor again, "
                         "nobody who opens the name would be stopped",
            .fix =
                "never remove or replace a lock file (lock one beside the data that is only ever "
                "locked), or compare fstat of the descriptor with stat of the path after the "
                "grant and begin again; restart that process",
            .scenario = "flock-unlink",
        });
}

static void look_at_descriptor(const struct hunt *hunt, const char *pid, const char *fd)
{
    static const char gone[] = " (deleted)";
    char link[600], target[PATH_MAX + sizeof gone];
    struct stat held;
    snprintf(link, sizeof link, "/proc/%s/fd/%s", pid, fd);
    ssize_t len = readlink(link, target, sizeof target - 1);
    size_t real = strlen(hunt->real);
    if (len < (ssize_t)real)
        return;
    target[len] = '\0';
    bool named = strcmp(target, hunt->real) == 0;
    bool was = strncmp(target, hunt->real, real) == 0 && strcmp(target + real, gone) == 0;
    if ((!named && !was) || stat(link, &held) == -1 ||
        (held.st_dev == hunt->now.st_dev && held.st_ino == hunt->now.st_ino))
        return;
    report(hunt, pid, fd, &held);
}

/* Paths of processes in other mount namespaces are their own: they are left out. */
static bool sees_our_paths(const char *pid)
{
    char path[300];
    struct stat theirs, ours;
    snprintf(path, sizeof path, "/proc/%s/ns/mnt", pid);
    return stat(path, &theirs) == 0 && stat("/proc/self/ns/mnt", &ours) == 0 &&
           theirs.st_ino == ours.st_ino;
}

static void look_at_process(const struct hunt *hunt, const char *pid)
{
    char path[300];
    snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *folder = sees_our_paths(pid) ? opendir(path) : NULL;
    const struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        if (isdigit((unsigned char)entry->d_name[0]))
            look_at_descriptor(hunt, pid, entry->d_name);
    if (folder)
        closedir(folder);
}

void lp_doctor_holders(struct lp_findings *findings, const char *path)
{
    struct hunt hunt = {.findings = findings, .path = path};
    char *real = realpath(path, NULL);
    DIR *folder = opendir("/proc");
    const struct dirent *entry;
    hunt.real = real;
    bool known = real && stat(real, &hunt.now) == 0;
    while (known && folder && (entry = readdir(folder)))
        if (isdigit((unsigned char)entry->d_name[0]))
            look_at_process(&hunt, entry->d_name);
    if (folder)
        closedir(folder);
    free(real);
}
