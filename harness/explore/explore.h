/* SPDX-License-Identifier: MIT */
/*
 * Exploring a scenario: its workers are led step by step (player.h) on the real backend with the
 * real lock, and the orders of their steps are tried one after the other (search.h), each from a
 * store that was put back. Or one order is followed that somebody wrote down (schedule.h).
 *
 * It is a run like any other, with a run folder, a runner that guards it, servers and places; only
 * that container 0 leads instead of watching. Its history is that of one schedule: the losing one,
 * or else the last.
 */
#ifndef LP_EXPLORE_EXPLORE_H
#define LP_EXPLORE_EXPLORE_H

#include "explore/schedule.h"
#include "explore/search.h"
#include "run/run.h"

#define LP_REPRODUCE_TIMES 10
#define LP_LED_FAULTS_MAX 8

/* Something done to a worker or a lock between any two steps. */
enum lp_led_fault_kind {
    LP_LED_KILL,   /* the worker dies, as by SIGKILL */
    LP_LED_EXPIRE, /* the leases of the lock's holders end, as if their time were over */
};
struct lp_led_fault {
    enum lp_led_fault_kind kind;
    unsigned target; /* worker, or lock */
};

struct lp_explore_request {
    const struct lp_scenario *scenario;
    struct lp_search_options search;
    uint64_t time_ns; /* for searching; 0: no limit */
    struct lp_led_fault faults[LP_LED_FAULTS_MAX];
    unsigned fault_count;
    const struct lp_schedule *replay; /* NULL: search */
    const char *scenario_ref;         /* how a schedule file names the scenario */
    const char *run_dir;
};

/* What came of it, for the report. In shared memory: no pointers. */
struct lp_explore_outcome {
    bool done; /* it came to its end; else only `schedules` may be read */
    _Atomic uint64_t schedules;
    uint64_t classes, outcomes, repeated, unstable, renewed, open, deadlocks, cut, steps;
    uint64_t elapsed_ns;
    size_t longest;
    double probability; /* pct; <0: none */
    bool exhaustive;
    bool bound_complete;
    bool reduced;
    bool attempts_cut; /* some round was given up after LP_ATTEMPTS_MAX attempts */
    bool broken;
    unsigned workers, rounds; /* of the losing schedule: the fewest found */
    unsigned reproduced;      /* of LP_REPRODUCE_TIMES */
    bool swap_found;
    char swap[256];      /* "worker 1's read before worker 0's write" */
    char deadlock[384];  /* who waits for whom; "" */
    bool points_missing; /* an acquire is several operations and marks no points */
    char points_driver[32];
    char lease_driver[32]; /* its leases do not end while exploring; "" */
    bool leases_led;       /* some lock's leases end by virtual time */
    char late[96];         /* the step that did not come back; "" */
    bool handed_over;      /* workers were processes or threads of their own */
    /* replay: */
    bool diverged;
    unsigned diverged_line; /* of the schedule file; 0: behind its end */
    char divergence[256];
};

/* The scenario with so many workers, at least one of each group, and rounds; containers and
   placement as they are needed then. LP_ERR_USAGE; LP_ERR_NEED where exploring is not possible. */
int lp_explore_size(struct lp_scenario *scenario, unsigned workers, unsigned rounds,
                    const struct lp_registry *registry, struct lp_err *err) LP_MUST_CHECK;

/* The scenario's own faults as steps that may come at any time, instead of when it says: a killed
   holder or waiter is worker 0, at all times of which some find it so. A pause is any order in
   which the others go on, and the end of a lease at any time. They are taken out of the scenario.
   LP_ERR_NEED for those that cannot be had. */
int lp_explore_faults(struct lp_scenario *scenario, struct lp_explore_request *request,
                      const struct lp_registry *registry, struct lp_err *err) LP_MUST_CHECK;
/* "kill WORKER" or "expire LOCK" with `mark` between the two; -1: neither. */
int lp_explore_fault_parse(const struct lp_scenario *scenario, const char *text, char mark,
                           struct lp_led_fault *fault) LP_MUST_CHECK;
/* One more. LP_ERR_NEED where the locks do not allow it. */
int lp_explore_fault(struct lp_explore_request *request, const struct lp_scenario *scenario,
                     struct lp_led_fault fault, const struct lp_registry *registry,
                     struct lp_err *err) LP_MUST_CHECK;

/* As lp_run_scenario, but led. run->result.explored tells what was covered. The scenario's own
   placement is kept only where it matters. `options->directing` and `judge` are set here. */
int lp_explore_scenario(struct lp_run *run, struct lp_explore_request *request,
                        const struct lp_run_options *options, struct lp_err *err) LP_MUST_CHECK;

#endif
