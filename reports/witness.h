/* SPDX-License-Identifier: MIT */
/*
 * A witness put into words: the few operations that prove a violation, what each did, and a note on
 * those that matter. Notes state only what the records say; the reasoning is the diagnosis's.
 */
#ifndef LP_REPORTS_WITNESS_H
#define LP_REPORTS_WITNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "history/history.h"

#define LP_NEVER UINT64_MAX

/* The operations in time order, each once; indexes that the history does not have are left out. */
struct lp_witness {
    const struct lp_history *history;
    const struct lp_op **ops;
    size_t count;
};

void lp_witness_init(struct lp_witness *witness, const struct lp_history *history,
                     const size_t *indexes, size_t count);
void lp_witness_release(struct lp_witness *witness); /* takes a zeroed struct too */

bool lp_op_completed(const struct lp_op *op);
bool lp_op_acquires(const struct lp_op *op); /* a granted lock, or a transaction begun */
/* When `op` acquires: what released it, or NULL; see struct lp_hold for what ends a hold. */
const struct lp_record *lp_op_release(const struct lp_history *history, const struct lp_op *op);

/* "lock a shared", "begin immediate"; without value and outcome. */
void lp_op_step(const struct lp_history *history, const struct lp_op *op, struct lp_str *out);
bool lp_op_value(const struct lp_op *op, int64_t *value); /* false: has none, or it is not known */
const char *lp_op_outcome(const struct lp_op *op);        /* "ok" "busy" "fail" "unknown" */
uint64_t lp_since_start(const struct lp_history *history, uint64_t time_ns);

/* Appends the note on operation `index` of the witness, or nothing. */
void lp_witness_note(const struct lp_witness *witness, size_t index, struct lp_str *out);

#endif
