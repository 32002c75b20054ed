/* SPDX-License-Identifier: MIT */
/* How much a trial proves: how often copies really wanted the same lock at the same time. */
#ifndef LP_PROGRAM_MEETINGS_H
#define LP_PROGRAM_MEETINGS_H

#include "check/check.h"
#include "program/tape.h"

/*
 * Adds those of the tape. A meeting is a grant whose attempt, from its call to its answer, overlaps
 * an attempt of another copy on the same lock; the time between two attempts does not count. Where
 * nobody asks for a lock: an append, or a name made, that overlaps one of another copy's.
 */
void lp_meetings_add(struct lp_contention *contention, const struct lp_tape *tape);

/* Acquires' waits and holds of the tape, for the report. */
struct lp_histogram;
void lp_meetings_times(const struct lp_tape *tape, struct lp_histogram *acquire_ns,
                       struct lp_histogram *hold_ns);

#endif
