/* SPDX-License-Identifier: MIT */
/*
 * One trial: set-up, the copies side by side, their ends, what they left. Time is real here; a
 * trial in virtual time, step by step, is a schedule (world.h).
 */
#ifndef LP_PROGRAM_TRIAL_H
#define LP_PROGRAM_TRIAL_H

#include "program/paths.h"
#include "program/program.h"
#include "program/tracer.h"

struct lp_trial_plan {
    const struct lp_program *program;
    unsigned slots;  /* copies at once */
    unsigned rounds; /* each slot starts its copy so many times, one after the other */
    bool serial;     /* the next slot only when the one before is done */
    bool aligned;    /* all wait for one another before their first call that matters */
    bool at_locks;   /* ... which is then the first lock that is asked for */
    const struct lp_paths *shared; /* what copies were seen to share; empty at first */
    const char *folder;            /* for what copies print: copy-N.txt */
    uint64_t seed;
};

struct lp_trial {
    struct lp_tape tape;
    struct lp_program_outcome outcome;
    unsigned copies;
    int *statuses;
    uint64_t *wrote; /* bytes that each copy wrote to files */
    unsigned met;    /* copies that were aligned */
    bool timed_out;
    bool interrupted;
    bool silenced; /* some copy printed more than is kept */
    uint64_t elapsed_ns;
};

/* 0 when the trial came to an end, also by time-out or interrupt. -1: it could not be done. */
int lp_trial_run(struct lp_trial *trial, const struct lp_trial_plan *plan,
                 struct lp_err *err) LP_MUST_CHECK;
void lp_trial_release(struct lp_trial *trial); /* takes a zeroed struct too */

/* Adds the paths that copies share and at least one of them writes or locks. */
void lp_trial_learn(const struct lp_tape *tape, struct lp_paths *shared);

#endif
