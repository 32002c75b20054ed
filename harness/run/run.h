/* SPDX-License-Identifier: MIT */
/*
 * One scenario from start to verdict: folders, runner, watching, checking, judging.
 */
#ifndef LP_RUN_RUN_H
#define LP_RUN_RUN_H

#include "drivers/registry.h"
#include "reports/result.h"
#include "run/container.h"
#include "run/control.h"
#include "run/folder.h"

struct lp_run;

struct lp_run_options {
    const struct lp_registry *registry;
    const char *run_dir;
    const char *workdir; /* for the scratch folder; NULL: chosen */
    const char *worker;  /* static executable for containers of an engine; NULL: there is none */
    /* Containers of other hosts: where they join, "HOST:PORT" or ":PORT", and the file of their
       one-time secret; NULL: any port, a new secret (a Swarm is told both). */
    const char *listen, *key_file;
    const char *reproduce; /* the command so far; the seed is added */
    int interrupt_fd;      /* a signalfd; readable: end early. -1: none */
    /* Exploring: who leads the workers, and who judges in place of lp_judge, when checks are done.
       NULL: a free run. */
    const struct lp_directing *directing;
    void (*judge)(struct lp_run *run, void *context);
    /* Called about ten times a second while workers run, and once at their end; NULL: not. */
    void (*progress)(void *context, const struct lp_scenario *scenario,
                     const struct lp_control *control);
    void *progress_context;
};

struct lp_run {
    struct lp_run_result result;
    struct lp_history history;
    struct lp_checks checks;
    struct lp_judgement judgement;
    struct lp_arena arena;
    bool interrupted;
    bool failed; /* lockproof or the machine failed: `trouble` says how */
    struct lp_err trouble;
};

/* Carries the scenario out. 0 with a verdict in run->result, also when it was interrupted or failed
   half-way (what was recorded is judged). -1: not even started; *err says why, and run->interrupted
   whether that was the user's wish. The scenario must outlive the run. */
int lp_run_scenario(struct lp_run *run, const struct lp_scenario *scenario,
                    const struct lp_run_options *options, struct lp_err *err) LP_MUST_CHECK;
void lp_run_release(struct lp_run *run); /* takes a zeroed struct too */

#endif
