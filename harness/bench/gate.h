/* SPDX-License-Identifier: MIT */
/*
 * Has a lock become slower? Two ways to ask:
 *
 * - paired: the lock and the one to compare it with run in turn in the same cells, A B, B A, ...,
 *   slice by slice, and each pair of slices gives one ratio. What disturbs the machine disturbs
 *   both. The median ratio's interval decides; while it does not, further cells are run until the
 *   budget is spent. This is the way that answers.
 * - stored: the result of an earlier benchmark. What the machine did then cannot be had again, so
 *   what is compared is the price over the bare loop of the same run, and the interval is widened
 *   by 5 % and by as much as the bare loops themselves differ. It often cannot tell, and says so.
 *
 * A ratio is time now over time before: 1.30 is 30 % slower. (Kalibera and Jones, Rigorous
 * Benchmarking in Reasonable Time, ISMM 2013, on ratios with intervals and on repeating until they
 * are narrow enough.)
 */
#ifndef LP_BENCH_GATE_H
#define LP_BENCH_GATE_H

#include "bench/bench.h"

enum lp_gate_answer {
    LP_GATE_PASS,       /* certainly not slower by more than allowed */
    LP_GATE_REGRESSION, /* certainly slower by more than allowed */
    LP_GATE_CANNOT_TELL,
};
extern const char *const lp_gate_answer_names[];

struct lp_comparison_row {
    const char *lock;      /* as given */
    const char *reference; /* what it was compared with */
    unsigned workers;
    struct lp_figure ratio; /* with its interval */
    size_t pairs;           /* that the interval rests on; 0: stored */
    enum lp_gate_answer answer;
    char why[200]; /* one line */
};

struct lp_comparison {
    bool paired;
    double regress_max;    /* 0.10: 10 % */
    uint64_t wake_then_ns; /* stored: the wake cost of that run; 0: unknown */
    struct lp_comparison_row *rows;
    size_t row_count;
};

/* Compares each lock with `against`, at each worker count of the plan, paired. `budget_ns`: at most
   so long for one row. */
int lp_gate_paired(struct lp_comparison *gate, struct lp_bench *bench,
                   struct lp_bench_lock *against, uint64_t budget_ns,
                   struct lp_err *err) LP_MUST_CHECK;
/* Compares with a result.json. Locks that are not in it are left out; LP_ERR_USAGE when it holds
   none of them or is no result of a benchmark. */
int lp_gate_stored(struct lp_comparison *gate, const struct lp_bench *bench, const char *file,
                   struct lp_err *err) LP_MUST_CHECK;
void lp_comparison_release(struct lp_comparison *gate); /* takes a zeroed struct too */

/* What an interval says. */
enum lp_gate_answer lp_gate_decide(const struct lp_figure *ratio, double regress_max);

/* 1 a regression; 3 it cannot be told of one; else 0. */
int lp_gate_exit_status(const struct lp_comparison *gate);

#endif
