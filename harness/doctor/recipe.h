/* SPDX-License-Identifier: MIT */
/*
 * What Compose files and Kubernetes manifests have in common: programs that run more than once, the
 * paths that they lock, and what is mounted there. Nothing is run; what is found is in the text.
 *
 * Which paths are locks or data is known from what the file says itself: names such as *.lock,
 * *.pid, *.db and paths below /dev/shm in commands, arguments and environments. A path that is not
 * mentioned is not judged: two services with different volumes at /data may be two databases.
 */
#ifndef LP_DOCTOR_RECIPE_H
#define LP_DOCTOR_RECIPE_H

#include "base/err.h"
#include "doctor/document.h"
#include "doctor/finding.h"

enum lp_path_use {
    LP_USE_LOCK,   /* *.lock, *.lck, a name "lock" */
    LP_USE_PID,    /* *.pid */
    LP_USE_SQLITE, /* *.db, *.sqlite, *.sqlite3 */
    LP_USE_SHM,    /* below /dev/shm */
};

enum lp_mounted_kind {
    LP_MOUNTED_NOT,       /* the container's own layer */
    LP_MOUNTED_SHARED,    /* one folder for all that name the same source on one host */
    LP_MOUNTED_OWN,       /* another one for each container: tmpfs, emptyDir, anonymous volume */
    LP_MOUNTED_NETWORK,   /* a volume whose driver or options say nfs, cifs, ... */
    LP_MOUNTED_ONE_NODE,  /* shared by those on the same host, or not to be had elsewhere */
    LP_MOUNTED_MANY_NODE, /* ReadWriteMany */
};

struct lp_mounted {
    enum lp_mounted_kind kind;
    char target[256];
    char source[256]; /* what makes two mounts the same */
    const char *what; /* "a tmpfs", "volume 'data'", for people */
    bool single_file;
    struct lp_spot spot;
};

#define LP_MOUNTED_MAX 64
#define LP_MENTIONED_MAX 64

struct lp_mentioned {
    enum lp_path_use use;
    char path[256];
    struct lp_spot spot;
};

/* One service, or one workload's pod. */
struct lp_program {
    const char *name;
    long copies;     /* how many run at once; at least 1 */
    bool many_nodes; /* the file says that they are spread over hosts */
    bool shares_ipc; /* with somebody, as `ipc` says */
    bool shares_pid;
    struct lp_mounted mounted[LP_MOUNTED_MAX];
    size_t mounted_count;
    struct lp_mentioned mentioned[LP_MENTIONED_MAX];
    size_t mentioned_count;
    struct lp_spot spot;
};

/* Adds the paths that are mentioned anywhere below `node`. */
void lp_recipe_mention(struct lp_program *program, struct lp_node node, const char *file);

/* Adds one; what does not fit is left out. NULL then. */
struct lp_mounted *lp_recipe_mount(struct lp_program *program, const char *target,
                                   const char *source);

/* Names the hazards of all programs, alone and by twos. */
void lp_recipe_judge(struct lp_findings *findings, const struct lp_program *programs, size_t count);

/* The two readers. LP_ERR_USAGE with a place when the file is not what it should be. */
int lp_doctor_compose(struct lp_findings *findings, const char *file,
                      struct lp_err *err) LP_MUST_CHECK;
int lp_doctor_kubernetes(struct lp_findings *findings, const char *file,
                         struct lp_err *err) LP_MUST_CHECK;

#endif
