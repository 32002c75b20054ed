/* SPDX-License-Identifier: MIT */
/*
 * The calls that a pairing holds: all of them, or, with a sink, a window over those that wait for
 * their completion or for that of one invoked before them.
 */
#ifndef LP_HISTORY_WINDOW_H
#define LP_HISTORY_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include "history/pair.h"

#define LP_WINDOW_OPEN 1 /* in reserved[0] of a call while its completion may come */

/* A call by its number since the beginning. */
struct lp_call *lp_window_call(struct lp_pairing *pairing, size_t number);
/* Room for one more; false when that would be more than allowed: `full` is then set. */
bool lp_window_room(struct lp_pairing *pairing);
/* Gives away what is settled at the front; with `rest` also what is not: all of it at the end, else
   until no more than allowed wait. */
void lp_window_drain(struct lp_pairing *pairing, bool rest);

#endif
