/* SPDX-License-Identifier: MIT */
/* What a trace or so many copies cannot show, and why "nothing was lost" is then not `held`. */
#ifndef LP_PROGRAM_LIMITS_H
#define LP_PROGRAM_LIMITS_H

#include "program/tape.h"

/* What copies share without the tape seeing it: a server, stores into a shared mapping, processes
   of another architecture, calls beyond those that are kept. Words for a report, which live as long
   as the tape; NULL: nothing. */
const char *lp_tape_unseen(const struct lp_tape *tape);

/* A name that a copy leaves behind in a folder where another leaves one, too: who lists the folder
   sees both, and listing is not traced. The path; NULL: none. */
const char *lp_tape_common_folder(const struct lp_tape *tape);

/* Did a copy take away a lock's name that others may still stand behind: a locked file that was
   removed or replaced, or a name that another copy had made? What goes wrong then takes three: one
   behind the old name, one that takes it away, one at the new. The path; NULL: none. */
const char *lp_tape_removed_lock(const struct lp_tape *tape);

/* Of any schedule; NULL: none. Texts live in the arena of lp_limits_note(). */
struct lp_limits {
    const char *unseen, *removed, *common;
};

void lp_limits_note(struct lp_limits *limits, const struct lp_tape *tape, struct lp_arena *arena);
/* True with the reason when so many copies, which share paths that are known or not, lost nothing
   and yet nothing follows. */
bool lp_limits_hinder(const struct lp_limits *limits, unsigned copies, bool shares, char *reason,
                      size_t size);

#endif
