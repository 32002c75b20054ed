/* SPDX-License-Identifier: MIT */
/* The options of `lockproof bench`, and the plan that they make. */
#ifndef LP_CLI_BENCH_PLAN_H
#define LP_CLI_BENCH_PLAN_H

#include "bench/gate.h"
#include "cli/options.h"

#define LP_BENCH_WORKERS "1,2,4,8,16"
#define LP_BENCH_THINK "10us"
#define LP_BENCH_REGRESS "10%"

/* What the command line said. */
struct lp_bench_choice {
    uint64_t duration_ns, containers, seed, repeats;
    const char *workers, *hold, *think, *cpus, *placement, *out, *baseline, *against, *max_regress,
        *progress, *workdir;
    struct lp_texts formats, drivers;
    bool no_plots, no_color, dry_run;
};

/* Fills everything of the plan but folder, interrupts and progress. */
int lp_bench_choose(struct lp_bench_plan *plan, const struct lp_bench_choice *choice,
                    const struct lp_registry *registry, struct lp_err *err) LP_MUST_CHECK;
/* "10%" or "2.5" to 0.10 or 0.025. */
int lp_percent_parse(const char *text, double *part, struct lp_err *err) LP_MUST_CHECK;
/* The locks that are named, or all embedded ones that are not wrong on purpose. */
int lp_bench_choose_locks(struct lp_bench *bench, const char **names, size_t count,
                          struct lp_err *err) LP_MUST_CHECK;

#endif
