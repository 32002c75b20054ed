/* SPDX-License-Identifier: MIT */
/*
 * What a scenario asks for beside its workers: servers in some topology, and faults, that is what
 * is done on purpose to workers, containers, servers and the network between them while the run
 * goes on. One table (lp_fault_rows) gives names, targets and help; the parser and `lockproof list
 * faults` read it.
 *
 * When a fault strikes: `at` after the start (and `every`, or at `random` distances, `times`
 * times); with `after: STEP` as soon as the target has done that step, and it waits there until the
 * fault is over. When it is over: `for` a time, or `until: STEP N`, when others have done that step
 * N times since it struck.
 */
#ifndef LP_SCENARIO_FAULT_H
#define LP_SCENARIO_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "scenario/step.h"

#define LP_SERVER_NEEDS_MAX 4
#define LP_SERVERS_EACH_MAX 8
#define LP_FAULTS_MAX 16

enum lp_topology {
    LP_TOPOLOGY_ONE,
    LP_TOPOLOGY_REPLICA,     /* a primary, and `count` - 1 replicas that follow it */
    LP_TOPOLOGY_INDEPENDENT, /* `count` servers that do not know each other */
    LP_TOPOLOGY_ENSEMBLE,    /* `count` members of one */
    LP_TOPOLOGY_POOLER,      /* one, and a pooler of connections in front of it */
};

struct lp_mark {
    unsigned line; /* a place in a scenario file; both count from 1. 0: not from the file */
    unsigned column;
};

struct lp_server_need {
    const char *name; /* "redis" */
    enum lp_topology topology;
    unsigned count; /* servers, a pooler not counted */
    struct lp_mark mark;
};

enum lp_fault_kind {
    LP_FAULT_KILL,
    LP_FAULT_PAUSE,
    LP_FAULT_RESET,
    LP_FAULT_EXPIRE,
    LP_FAULT_CRASH,
    LP_FAULT_RESTART,
    LP_FAULT_FAILOVER,
    LP_FAULT_PARTITION,
    LP_FAULT_SLOW,
    LP_FAULT_DISK_FULL,
    LP_FAULT_CLOCK_JUMP,
};

enum lp_target_kind {
    LP_TARGET_NONE = 0,
    LP_TARGET_HOLDER = 1 << 0,    /* whoever holds a lock or is in a transaction */
    LP_TARGET_WAITER = 1 << 1,    /* whoever waits for a lock */
    LP_TARGET_WORKER = 1 << 2,    /* worker N, counted from 0 */
    LP_TARGET_GROUP = 1 << 3,     /* all workers of a group */
    LP_TARGET_CONTAINER = 1 << 4, /* all workers of container N */
    LP_TARGET_SERVER = 1 << 5,    /* server NAME [N], counted from 0 */
};
#define LP_TARGETS_WORKERS                                                                         \
    (LP_TARGET_HOLDER | LP_TARGET_WAITER | LP_TARGET_WORKER | LP_TARGET_GROUP | LP_TARGET_CONTAINER)

struct lp_fault_target {
    enum lp_target_kind kind;
    unsigned index;   /* of the worker, group, container; of the server among its kind */
    unsigned server;  /* SERVER: index into the scenario's servers */
    const char *text; /* as written; NULL: not given */
    struct lp_mark mark;
};

/* A step that somebody has done, so many times. */
struct lp_fault_point {
    enum lp_step_kind step; /* LP_STEP_NONE: not given */
    unsigned count;
};

enum lp_fault_way {
    LP_WAY_BOTH,
    LP_WAY_OUT, /* what `target` sends to `from` is dropped */
    LP_WAY_IN,  /* what `from` sends to `target` is dropped */
};

struct lp_range {
    uint64_t min_ns;
    uint64_t max_ns;
};

struct lp_fault {
    enum lp_fault_kind kind;
    struct lp_fault_target target;
    struct lp_fault_target from; /* PARTITION, SLOW: the other side */
    enum lp_fault_way way;
    uint64_t at_ns;
    uint64_t every_ns;      /* 0: not given */
    struct lp_range random; /* distance between two of them; 0..0: not given */
    unsigned times;         /* 0: once; with `every` or `random` as often as there is time */
    struct lp_fault_point after;
    struct lp_fault_target by; /* AFTER: who must have done it; or NONE: whoever `target` means */
    struct lp_fault_point until;
    uint64_t for_ns;
    bool lose_data; /* CRASH, RESTART: the server starts again without what it had */
    struct lp_mark mark;
};

struct lp_fault_row {
    const char *name; /* first: rows are searched by lp_nearest */
    enum lp_fault_kind kind;
    unsigned targets; /* enum lp_target_kind ored */
    bool lasts;       /* it is over at some time: `for` or `until` is needed */
    bool network;     /* needs networks of our own: root and placement namespace */
    const char *help;
    const char *proof; /* how it is known to have happened */
};
extern const struct lp_fault_row lp_fault_rows[]; /* by enum lp_fault_kind */
extern const size_t lp_fault_row_count;

#endif
