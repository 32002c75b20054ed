/* SPDX-License-Identifier: MIT */
/*
 * One worker: opens its own clients of the store and the locks, waits at the gate, carries out its
 * group's steps round after round, and records every operation. The same code runs as a thread or
 * as a process.
 */
#ifndef LP_RUN_WORKER_H
#define LP_RUN_WORKER_H

#include <stdbool.h>
#include "base/random.h"
#include "run/binding.h"
#include "run/control.h"
#include "run/recorder.h"
#include "run/services.h"

/* What all workers of a container share; read-only while they run. */
struct lp_crew {
    const struct lp_scenario *scenario;
    struct lp_control *control;
    struct lp_binding store;
    struct lp_binding locks[LP_LOCKS_MAX];
    int history_fd; /* folder of the histories */
    int event_fd;   /* eventfd: told whenever something moved that the runner waits for */
    int give_fd;    /* where we leave what names us, for faults; -1: nobody asks */
    unsigned container;
    uint64_t seed;
    const char *boot_id;
    void (*worker_main)(const struct lp_crew *crew, uint32_t index);
    const void *task; /* of another worker_main than lp_worker_main */
};

struct lp_worker;

/* Who leads a worker from outside, step by step (harness/explore); NULL in a free run. */
struct lp_direction {
    /* For its clients. What these tell of points and waits comes back to `wait` and `between`. */
    const struct lp_services *services;
    /* The lock is taken. Comes back when it is to be tried again, or not any more. */
    enum lp_waited (*wait)(struct lp_worker *worker);
    /* Between two operations of the backend that belong to one step. */
    void (*between)(struct lp_worker *worker, const char *name);
    bool thorough; /* ask before each unlock whether the lock is still held, as a free run does */
};

struct lp_worker {
    const struct lp_crew *crew;
    const struct lp_direction *direction;
    const struct lp_group *group;
    struct lp_slot *slot;
    uint32_t index;
    struct lp_host host;
    struct lp_recorder recorder;
    struct lp_random random;
    struct lp_client *store;
    struct lp_client *locks[LP_LOCKS_MAX];
    /* The state of the current round: */
    bool held[LP_LOCKS_MAX];
    uint64_t tokens[LP_LOCKS_MAX]; /* of the latest grant */
    bool in_transaction;
    enum lp_begin_mode begin_mode;
    int64_t value_read;
    uint64_t round_started_ns;
    uint64_t rounds_done;
};

/* How a step went on. */
enum lp_flow {
    LP_FLOW_NEXT,
    LP_FLOW_END_ROUND, /* nothing more in this round */
    LP_FLOW_RETRY,     /* refused with busy: the round again, from its first step */
    LP_FLOW_STOPPED,   /* told to stop */
    LP_FLOW_DEADLINE,
    LP_FLOW_ERROR,
    LP_FLOW_FULL,
};

/* Carries out one step (harness/run/step.c). */
enum lp_flow lp_step_do(struct lp_worker *worker, const struct lp_step *step);
/* The wait before another try of a lock that was found taken, after `tries` others. */
void lp_step_poll_pause(struct lp_random *random, unsigned tries);
/* Rolls back and unlocks whatever the round still holds. */
void lp_step_let_go(struct lp_worker *worker);

/* ---- the parts of a worker's life ---- */

/* What is known at the start; `recorder` is open. */
void lp_worker_fill_header(struct lp_worker *worker);
/* On -1 some may be open: to be closed all the same. */
int lp_worker_open_clients(struct lp_worker *worker, struct lp_err *err) LP_MUST_CHECK;
void lp_worker_close_clients(struct lp_worker *worker); /* takes what is closed already too */

/* The moves of any worker, whatever it does in between: a client of a binding, opened (NULL with
   the reason when that fails; `services` NULL: those of a free run); waiting for the others (false:
   the run is off); leaving them. */
struct lp_client *lp_worker_client(const struct lp_crew *crew, uint32_t index,
                                   const struct lp_binding *binding, uint64_t number,
                                   struct lp_host *host, const struct lp_services *services,
                                   struct lp_err *err);
void lp_worker_close_client(struct lp_client *client); /* takes NULL too */
bool lp_worker_pass_gate(const struct lp_crew *crew, uint32_t index);
void lp_worker_leave(const struct lp_crew *crew, uint32_t index);

/* The whole life of worker `index`; returns when it ended. Troubles at opening are reported to the
   run's control block. */
void lp_worker_main(const struct lp_crew *crew, uint32_t index);

#endif
