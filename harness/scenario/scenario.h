/* SPDX-License-Identifier: MIT */
/*
 * A scenario: what is protected, by which lock, who does which steps where, and what is expected.
 * lp_scenario_parse turns YAML text into this plain struct and checks everything that can be known
 * without running; every mistake is told with file, line, column and, for a name, the nearest right
 * one. docs/SCENARIO.md is the reference for authors.
 *
 * All texts and arrays belong to the scenario's arena and live until lp_scenario_release.
 */
#ifndef LP_SCENARIO_SCENARIO_H
#define LP_SCENARIO_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/err.h"
#include "scenario/fault.h"
#include "scenario/step.h"

#define LP_LOCKS_MAX 8  /* a history file's header has room for so many */
#define LP_STEPS_MAX 64 /* in one group */
#define LP_GROUPS_MAX 16
#define LP_WORKERS_MAX 10000
#define LP_CONTAINERS_MAX 1000
#define LP_DOCKER_ROWS_MAX 16
#define LP_MOUNTS_MAX 16 /* in one row of `docker` */

enum lp_expect {
    LP_EXPECT_HELD,
    LP_EXPECT_BROKEN,
};

enum lp_placement {
    LP_PLACE_AUTO, /* process; namespace when there are several containers */
    LP_PLACE_THREAD,
    LP_PLACE_PROCESS,
    LP_PLACE_NAMESPACE,
    LP_PLACE_DOCKER, /* containers of a Docker engine on this host */
    LP_PLACE_SWARM,  /* a job of an existing Docker Swarm, over its nodes */
    LP_PLACE_REMOTE, /* containers that somebody else starts; they join over TCP */
};

/* One `key: value` for a driver, text as written (before variables are replaced). */
struct lp_setting {
    const char *key;
    const char *value;
    struct lp_mark key_mark;
    struct lp_mark value_mark;
};

/* The store, or one lock. */
struct lp_resource {
    const char *name; /* "store"; "lock" for the only one, else as named under `locks` */
    const char *driver;
    unsigned driver_index; /* row in the vocabulary */
    struct lp_setting *settings;
    size_t setting_count;
    struct lp_mark mark;
};

struct lp_step {
    enum lp_step_kind kind;
    int target;            /* index of the lock; -1: the store */
    unsigned mode;         /* enum lp_lock_mode or enum lp_begin_mode */
    unsigned fence;        /* READ, WRITE: 1 + index of the lock whose token is shown; 0: none */
    struct lp_range think; /* LP_STEP_THINK */
    struct lp_mark mark;
};

/* What happens in a round when the lock step itself fails (not busy: an error). */
enum lp_on_error {
    LP_ON_ERROR_END_ROUND, /* nothing is read or written */
    LP_ON_ERROR_CONTINUE,  /* goes on without the lock: a mistake that people make */
};

/* What happens when a transaction is refused with busy or a serialization failure. */
enum lp_on_busy {
    LP_ON_BUSY_RETRY_ROUND, /* rolled back and done again from its first step: a new read */
    LP_ON_BUSY_RETRY_WRITE, /* only the refused write again, with the old value: a mistake */
    LP_ON_BUSY_END_ROUND,
};

struct lp_group {
    const char *name;
    unsigned workers;
    unsigned rounds; /* 0: the scenario's */
    struct lp_step *steps;
    size_t step_count;
    struct lp_range pause; /* random time outside the lock, before each round */
    int container;         /* -1: spread over all; else all workers in this one */
    enum lp_on_error on_error;
    enum lp_on_busy on_busy;
    struct lp_mark mark;
};

enum lp_mount_kind {
    LP_MOUNT_VOLUME, /* a volume of the run: made before it and removed after it */
    LP_MOUNT_BIND,   /* a folder or a file of the host */
    LP_MOUNT_TMPFS,
};

struct lp_mount {
    enum lp_mount_kind kind;
    const char *source; /* name of the volume, path on the host (variables not replaced); or NULL */
    const char *target;
    bool read_only;
    bool file;     /* bind: a file, made empty when it is not there */
    bool new_file; /* bind: a new file takes its name just before this container starts */
};

/* How Docker makes containers: one item of `docker`. A container gets all rows that are for it, in
   order: mounts add up, of single values the last one counts. */
struct lp_docker_row {
    int container;     /* -1: all */
    const char *image; /* NULL, here and below: not given */
    struct lp_mount mounts[LP_MOUNTS_MAX];
    size_t mount_count;
    const char *ipc;     /* private, shareable, host, none, container:N */
    const char *pid;     /* private, host, container:N */
    const char *network; /* bridge, host, none; else a network of the run */
    const char *user;
    const char *memory, *cpus;
    unsigned pids;  /* 0: not given */
    bool read_only; /* the root */
    struct lp_mark mark;
};

struct lp_scenario {
    struct lp_arena arena;
    const char *file; /* as given, for messages */
    const char *name; /* file name without folder and ".yaml" */
    const char *title;
    const char *summary;
    const char *why;          /* mechanism, in prose; or NULL */
    const char *fix;          /* or NULL */
    const char *interleaving; /* the shortest losing order, for people; or NULL */
    const char *sources;      /* reports and manuals, in prose; or NULL */
    const char *twin;         /* name of the other half of a pair; or NULL */
    enum lp_expect expect;
    const char *cause; /* expected diagnosis[0].cause, or NULL */
    struct lp_resource store;
    struct lp_resource locks[LP_LOCKS_MAX];
    size_t lock_count;
    struct lp_group groups[LP_GROUPS_MAX];
    size_t group_count;
    /* Those that `servers` names, then one of each kind that a driver needs beside. */
    struct lp_server_need servers[LP_SERVER_NEEDS_MAX];
    size_t server_count;
    struct lp_fault faults[LP_FAULTS_MAX];
    size_t fault_count;
    unsigned containers;
    enum lp_placement placement;
    enum lp_placement placement_needed; /* `needs: [namespace]`: no weaker one shows it; or AUTO */
    struct lp_docker_row docker[LP_DOCKER_ROWS_MAX];
    size_t docker_count;
    unsigned rounds;      /* 0: until `duration` */
    uint64_t duration_ns; /* 0: until `rounds` */
    int64_t start;        /* of the counter */
    uint64_t deadline_ns; /* of one operation */
    uint64_t timeout_ns;  /* of the whole run */
    unsigned min_meetings;
    unsigned burst; /* every so many rounds all workers start together; 0: only the first */
    bool misuse;    /* unlock without lock and the like are meant */
    uint64_t seed;  /* 0: chosen at start */
    struct {
        unsigned workers, rounds; /* the smallest with which exploring shows its bug; 2 x 2 */
        const char *cannot;       /* why exploring cannot show it, in prose; or NULL */
    } explore;
};

/* What the parser must know about drivers, without knowing drivers. Rows start with their name. */
struct lp_vocabulary_param {
    const char *name;
    unsigned roles;
    bool required;
    /* Checks one value's form; on -1 err->text says what was expected. Variables such as {shared}
       stand in it unreplaced. */
    int (*check)(const void *param, const char *value, struct lp_err *err);
    const void *param;
};
struct lp_vocabulary_driver {
    const char *name;
    unsigned roles;     /* LP_ROLE_LOCK 1, LP_ROLE_STORE 2 */
    unsigned abilities; /* LP_* abilities of drivers/driver.h */
    bool has_add, has_cas, has_begin, has_upgrade, has_shared, has_renew, has_fence, has_token,
        has_harm;
    const char *server; /* the kind of server that it needs, or NULL */
    bool known;         /* false: exists but is not available here: params cannot be checked */
    const struct lp_vocabulary_param *params;
    size_t param_count;
};
struct lp_vocabulary {
    const struct lp_vocabulary_driver *drivers;
    size_t driver_count;
    const char *const *causes;  /* names, ended by NULL */
    const char *const *servers; /* kinds that can be started, ended by NULL */
};

/* `text` of `len` bytes need not end in '\0'. On -1 `scenario` is zeroed and needs no release; err
   is LP_ERR_USAGE (LP_ERR_SELF only when the YAML library had no memory). */
int lp_scenario_parse(struct lp_scenario *scenario, const char *text, size_t len, const char *file,
                      const struct lp_vocabulary *vocabulary, struct lp_err *err) LP_MUST_CHECK;
void lp_scenario_release(struct lp_scenario *scenario); /* takes a zeroed struct too */

/* Overrides from the command line; 0 or -1 or AUTO in a member: not given. */
struct lp_overrides {
    unsigned workers; /* total; with several groups the largest one takes the difference */
    unsigned rounds;
    uint64_t duration_ns;
    unsigned containers;
    enum lp_placement placement;
    uint64_t seed;
    int min_meetings; /* -1: not given */
    uint64_t timeout_ns;
    const char *image; /* of all containers of an engine; NULL: not given */
};
int lp_scenario_override(struct lp_scenario *scenario, const struct lp_overrides *overrides,
                         struct lp_err *err) LP_MUST_CHECK;

/* The scenario as resolved, as YAML that lp_scenario_parse reads back to an equal one. */
struct lp_str;
void lp_scenario_write(const struct lp_scenario *scenario, struct lp_str *out);

/* The rows of `docker` for one container as one. */
struct lp_docker_row lp_scenario_docker(const struct lp_scenario *scenario, unsigned container);
/* Do its containers depend on others that were started before them? */
bool lp_scenario_docker_ordered(const struct lp_scenario *scenario);

const char *lp_placement_name(enum lp_placement placement);
/* 0 and *placement, or -1. */
int lp_placement_parse(const char *name, enum lp_placement *placement);

unsigned lp_scenario_workers(const struct lp_scenario *scenario); /* over all groups */

/* Which worker belongs where: group and container of worker `index`, 0-based. Workers are numbered
   group by group and dealt to the containers in turn, so that every group meets the others; those
   of a group with a container of its own do not take a turn. */
struct lp_seat {
    unsigned group;
    unsigned container;
};
struct lp_seat lp_scenario_seat(const struct lp_scenario *scenario, unsigned index);

#endif
