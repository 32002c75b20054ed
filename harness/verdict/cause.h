/* SPDX-License-Identifier: MIT */
/*
 * Inside the room: causes by number, in order of precedence. When one loss fits several, or as many
 * losses fit one as another, the earlier is named first. The number is the row in lp_cause_rows.
 */
#ifndef LP_VERDICT_CAUSE_H
#define LP_VERDICT_CAUSE_H

enum lp_cause {
    LP_CAUSE_DIFFERENT_STORE,
    LP_CAUSE_DIFFERENT_LOCK,
    LP_CAUSE_DROPPED_LOCK,
    LP_CAUSE_FOREIGN_RELEASE,
    LP_CAUSE_LEASE_EXPIRED,
    LP_CAUSE_UNFENCED_WRITE,
    LP_CAUSE_DOUBLE_GRANT,
    LP_CAUSE_ADVISORY_BYPASS,
    LP_CAUSE_NO_LOCK,
    LP_CAUSE_NARROW_SCOPE,
    LP_CAUSE_STALE_SNAPSHOT,
    LP_CAUSE_TORN_READ,
    LP_CAUSE_NON_ATOMIC_UPDATE,
    LP_CAUSE_LOST_WRITE,
    LP_CAUSE_FALSE_SUCCESS,
    LP_CAUSE_ORPHANED_LOCK,
    LP_CAUSE_DEADLOCK,
    LP_CAUSE_STARVATION,
    LP_CAUSE_NO_CONTENTION,
    LP_CAUSE_COUNT,
    LP_CAUSE_NONE = LP_CAUSE_COUNT, /* the evidence does not say */
};

#endif
