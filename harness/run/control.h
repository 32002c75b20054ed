/* SPDX-License-Identifier: MIT */
/*
 * The memory that the processes of one run share: gates, the barrier of bursts, a slot for each
 * worker and container. One anonymous shared mapping, made before anything is forked and inherited
 * by all. Everything in it is for running and for showing progress; evidence is in the history
 * only.
 */
#ifndef LP_RUN_CONTROL_H
#define LP_RUN_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "drivers/driver.h"
#include "os/futex.h"
#include "run/parking.h"

enum lp_gate {
    LP_GATE_CLOSED = 0,
    LP_GATE_OPEN = 1,
    LP_GATE_ABORT = 2, /* somebody could not get ready: go home */
};

/* A worker's life. Each move is forward only. */
enum lp_worker_state {
    LP_WORKER_NONE = 0,
    LP_WORKER_READY = 1, /* everything open, waits at the gate */
    LP_WORKER_RUNNING = 2,
    LP_WORKER_LEFT = 3, /* has left the barrier and will not come back */
};

struct lp_slot {
    _Atomic uint32_t state;    /* enum lp_worker_state */
    _Atomic uint32_t inside;   /* holds a lock, or is inside a transaction */
    _Atomic uint32_t doing;    /* enum lp_step_kind that it is about */
    _Atomic uint64_t rounds;   /* done */
    struct lp_session session; /* of its latest grant, while it is parked; of this lock: */
    uint32_t session_lock;
} __attribute__((aligned(64))); /* no false sharing between workers under test */

/* Who failed first, and how: written once. */
struct lp_trouble {
    _Atomic uint32_t claimed;
    _Atomic uint32_t set;
    struct lp_err err;
};

struct lp_control {
    _Atomic uint32_t gate;      /* enum lp_gate; futex */
    _Atomic uint32_t stop;      /* workers end after their current operation */
    _Atomic uint32_t prepared;  /* containers whose stores and locks are there; futex */
    _Atomic uint32_t ready;     /* workers at the gate */
    _Atomic uint32_t ended;     /* workers that ended, however; futex */
    _Atomic uint32_t left;      /* containers that ended, however; futex */
    _Atomic uint64_t opened_ns; /* when the gate was opened */
    _Atomic uint64_t closed_ns; /* when the last worker ended */
    struct lp_barrier burst;
    struct lp_parking parking;
    /* On another host than the run's: a burst begins when the others there have arrived, too. */
    uint32_t relayed;
    _Atomic uint32_t burst_released; /* futex: bursts that may begin */
    struct lp_trouble trouble;       /* why the run cannot go on */
    struct lp_trouble complaint; /* the first operation that a backend refused; no reason to stop */
    uint32_t worker_count;
    uint32_t container_count;
    struct lp_slot slots[];
};

/* NULL when there is no memory. */
struct lp_control *lp_control_map(uint32_t workers, uint32_t containers);
void lp_control_unmap(struct lp_control *control); /* takes NULL too */

/* The same in a file, for containers that inherit nothing: made by one, opened by the others. */
struct lp_control *lp_control_make(const char *path, uint32_t workers, uint32_t containers,
                                   struct lp_err *err);
struct lp_control *lp_control_open(const char *path, struct lp_err *err);

/* The first one wins; later ones are consequences. Any process may set it. */
void lp_trouble_set(struct lp_trouble *trouble, const struct lp_err *err);
/* -1 and *err when somebody has set it, else 0. */
int lp_trouble_get(struct lp_trouble *trouble, struct lp_err *err);

#endif
