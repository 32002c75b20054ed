/* SPDX-License-Identifier: MIT */
/*
 * Steps: what a worker does, one after the other, round after round. One table (lp_step_rows) gives
 * names, arguments and help; the parser, `lockproof list steps`, histories and reports read it.
 * The values are written into history files: they are never renumbered.
 */
#ifndef LP_SCENARIO_STEP_H
#define LP_SCENARIO_STEP_H

#include <stddef.h>
#include <stdint.h>

enum lp_step_kind {
    LP_STEP_NONE = 0,
    LP_STEP_LOCK = 1,    /* lock [NAME] [shared]: waits until granted or the deadline */
    LP_STEP_TRYLOCK = 2, /* trylock [NAME] [shared]: when busy the round ends */
    LP_STEP_UNLOCK = 3,  /* unlock [NAME] */
    LP_STEP_UPGRADE = 4, /* upgrade [NAME]: shared to exclusive */
    LP_STEP_BEGIN = 5,   /* begin deferred|immediate|exclusive */
    LP_STEP_COMMIT = 6,
    LP_STEP_ROLLBACK = 7,
    LP_STEP_READ = 8,
    LP_STEP_WRITE = 9,   /* writes the value of this round's latest read, plus one */
    LP_STEP_ADD = 10,    /* one statement or instruction that adds one */
    LP_STEP_CAS = 11,    /* writes read + 1 if the value is still the one read */
    LP_STEP_THINK = 12,  /* think T or T..T; not recorded */
    LP_STEP_CLOSE = 13,  /* close [NAME|store]: lets go of the handle without unlock */
    LP_STEP_REOPEN = 14, /* reopen [NAME|store] */
    LP_STEP_RENEW = 15,  /* renew [NAME]: the lease begins again */

    /* Only in histories: */
    LP_STEP_TRY = 32,     /* one try of a polling lock that found it taken */
    LP_STEP_OBSERVE = 33, /* a container's own view of the store after all workers ended */
    LP_STEP_EXIT = 34,    /* a worker ended: value = worker, detail = wait status */
    LP_STEP_TOKEN = 35,   /* the fencing token of the grant recorded just before it */
};

enum lp_step_arg {
    LP_ARG_NONE,
    LP_ARG_LOCK,      /* optional name of a lock */
    LP_ARG_LOCK_MODE, /* optional name of a lock, optional "shared" */
    LP_ARG_BEGIN,     /* begin mode */
    LP_ARG_RANGE,     /* T or T..T */
    LP_ARG_HANDLE,    /* optional name of a lock, or "store" */
    LP_ARG_FENCE,     /* optional "fenced", then optional name of a lock */
};

struct lp_step_row {
    const char *name; /* first: rows are searched by lp_nearest */
    enum lp_step_kind kind;
    enum lp_step_arg arg;
    const char *synopsis; /* "lock [NAME] [shared]" */
    const char *help;
};

extern const struct lp_step_row lp_step_rows[]; /* steps that a scenario may name */
extern const size_t lp_step_row_count;

/* Also for those of histories only; never NULL ("?" for an unknown number). */
const char *lp_step_name(unsigned kind);

#endif
