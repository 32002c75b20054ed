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

/* What copies share without the tape seeing it: a server, stores into a shared mapping, processes of
   another architecture, calls beyond those that are kept. Words for a report, which live as long as
   the tape; NULL: nothing. */
const char *lp_tape_unseen(const struct lp_tape *tape);

/* A name that a copy leaves behind in a folder where another leaves one, too: who lists the folder sees
   both, and listing is not traced. The path; NULL: none. */
const char *lp_tape_common_folder(const struct lp_tape *tape);

/* Did a copy take away a lock's name that others may still stand behind: a locked file that was
   removed or replaced, or a name that another copy had made? What goes wrong then takes three: one
   behind the old name, one that takes it away, one at the new. The path; NULL: none. */
const char *lp_tape_removed_lock(const struct lp_tape *tape);

#endif
