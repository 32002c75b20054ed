/* SPDX-License-Identifier: MIT */
/* Where the copies of a program live: what happens in a copy's first process before exec. */
#ifndef LP_PROGRAM_PLACE_H
#define LP_PROGRAM_PLACE_H

#include "base/err.h"

/* Copies in containers made of namespaces, which share one folder. */
struct lp_copy_place {
    const char *share; /* a folder that all copies see at its own path; NULL: none */
};

/* Which copy of which place: given to lp_copy_place_enter() as `self`. */
struct lp_copy_seat {
    const struct lp_copy_place *place;
    unsigned number;
};

/* Enters the place; everything but the shared folder is the copy's own from then on. */
int lp_copy_place_enter(void *self, struct lp_err *err);

#endif
