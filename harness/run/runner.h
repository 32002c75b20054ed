/* SPDX-License-Identifier: MIT */
/*
 * The runner: the process between the command and a run's containers. It starts servers and
 * containers, opens the gate, ends the run in time, and cleans up. It holds a pipe to the command:
 * when that is gone, even by SIGKILL, the runner kills everything and removes the scratch folder.
 * It is the subreaper of all that is started below it and, where allowed, PID 1 of a PID namespace,
 * so that nothing below can outlive it either.
 */
#ifndef LP_RUN_RUNNER_H
#define LP_RUN_RUNNER_H

#include "run/container.h"
#include "run/outside.h"
#include "run/relay.h"
#include "os/process.h"

struct lp_runner_plan {
    struct lp_container_plan container; /* servers are filled in by the runner */
    const char *scratch;                /* removed at the end */
    uint64_t timeout_ns;
    struct lp_outside *outside; /* containers of an engine */
    struct lp_relay *relay;     /* containers of other hosts */
    const char *join_address;   /* where those of a Swarm find it; NULL: the node's own */
};

struct lp_runner {
    struct lp_child child;
    int command_fd; /* the command's end of the pipe */
};

/* Starts the runner's process. LP_ERR_SELF when that fails. What fails later is in the control
   block (trouble). The caller waits for runner->child. */
int lp_runner_start(struct lp_runner *runner, const struct lp_runner_plan *plan,
                    struct lp_err *err) LP_MUST_CHECK;

/* Asks for an early end: workers finish their operation; what hangs is killed after a grace time.
 */
void lp_runner_stop(struct lp_runner *runner);

/* Waits for its end and closes the pipe. Returns the wait(2) status. */
int lp_runner_wait(struct lp_runner *runner);

#endif
