/* SPDX-License-Identifier: MIT */
/*
 * Clocks of several nodes: a violation must be one however the clocks were off (the models see to
 * that: struct lp_calls, uncertainty_ns), and `held` must hold however they were off. This is the
 * second half: the strictest reading that the uncertainty allows.
 */
#ifndef LP_CHECK_UNCERTAIN_H
#define LP_CHECK_UNCERTAIN_H

#include "check/model.h"

/*
 * The same calls with each interval narrowed by the uncertainty at both ends (to its middle, when
 * it is shorter than that) and no uncertainty left. What holds for them holds for all clocks that
 * are off by that much, unless *ambiguous: two calls of different processes on one object, one of
 * them so short that either may have ended before the other began. Names are shared with `calls`;
 * free strict->calls only.
 */
void lp_calls_narrow(const struct lp_calls *calls, const struct lp_model *model,
                     struct lp_calls *strict, bool *ambiguous);

#endif
