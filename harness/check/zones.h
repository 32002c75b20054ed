/* SPDX-License-Identifier: MIT */
/* Inside the room: registers whose values tell which write each read saw. See zones.c. */
#ifndef LP_CHECK_ZONES_H
#define LP_CHECK_ZONES_H

#include "check/model_parts.h"

/* True when it has decided. */
bool lp_rule_zones(const struct lp_part *part, struct lp_ruling *ruling);

#endif
