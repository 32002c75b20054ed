/* SPDX-License-Identifier: MIT */
/* Inside the room: following a schedule file to the letter. */
#ifndef LP_EXPLORE_REPLAY_H
#define LP_EXPLORE_REPLAY_H

#include "explore/director.h"

/* The keys that a schedule of a scenario may have; ended by NULL. */
extern const char *const lp_replay_keys[];

/* Whether the file's lines can be of this scenario at all: workers, faults, words of steps. */
int lp_replay_check(const struct lp_schedule *schedule, const struct lp_scenario *scenario,
                    struct lp_err *err) LP_MUST_CHECK;
/* The faults that the file has lines for, for the request. */
int lp_replay_faults(const struct lp_schedule *schedule, const struct lp_scenario *scenario,
                     struct lp_explore_request *request, const struct lp_registry *registry,
                     struct lp_err *err) LP_MUST_CHECK;

/* Follows request->replay; outcome and history are left as by a search. */
int lp_replay(struct lp_director *director, struct lp_err *err);

#endif
