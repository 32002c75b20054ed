/* SPDX-License-Identifier: MIT */
/* Inside the room: doing one fault, the proof that it happened, and lifting it. */
#ifndef LP_RUN_STRIKE_H
#define LP_RUN_STRIKE_H

#include "fault/notes.h"
#include "run/backends.h"

/* What all faults of a run share. */
struct lp_strikes {
    const struct lp_container_plan *plan;
    struct lp_backends *backends;
    struct lp_notes notes;
    int *pidfds; /* by worker; -1: it never said */
};

struct lp_strike {
    uint32_t worker; /* whom it means; LP_FAULT_NOBODY: not yet known, or none */
    uint32_t row;
    struct lp_fault_record note;
    size_t note_number;
    unsigned cut; /* PARTITION */
};

/* True: it was done and written down, whatever came of it. False: there is nobody to do it to now.
   `strike` has worker and row set. */
bool lp_strike_do(struct lp_strikes *strikes, const struct lp_fault *fault,
                  struct lp_strike *strike);
/* Undoes what lasts, and completes what is written down. */
void lp_strike_lift(struct lp_strikes *strikes, const struct lp_fault *fault,
                    struct lp_strike *strike);
/* Writes down that it never came to it. */
void lp_strike_missed(struct lp_strikes *strikes, const struct lp_fault *fault, uint32_t row);
bool lp_strike_is_on(const struct lp_strike *strike, uint32_t worker);

/* Servers that were started again end here. */
void lp_strikes_release(struct lp_strikes *strikes);

/* strike_session.c: has the server do it to the worker's session; -1 and *err when it did not. */
int lp_strike_session(struct lp_strikes *strikes, const struct lp_fault *fault,
                      struct lp_strike *strike, struct lp_err *err) LP_MUST_CHECK;

#endif
