/* SPDX-License-Identifier: MIT */
/*
 * `lockproof explore -- PROGRAM`: schedules of its copies, one by one, in virtual time; the losing
 * one made simple, repeated, and written to a file that `lockproof replay` carries out again.
 */
#ifndef LP_PROGRAM_EXPLORE_H
#define LP_PROGRAM_EXPLORE_H

#include "explore/schedule.h"
#include "explore/search.h"
#include "program/world.h"
#include "reports/result.h"

struct lp_program_explore_options {
    const struct lp_program *program;
    uint64_t schedules_max; /* 0: 200 */
    uint64_t time_ns;       /* 0: 60 s */
    bool strategy_given;    /* otherwise: within few preemptions first, then pct */
    enum lp_strategy strategy;
    uint32_t preemptions; /* LP_NO_BOUND: not given */
    enum lp_reduction reduction;
    uint64_t seed;
    const char *run_dir;
    const char *command;              /* how it was called */
    const char *trace_file;           /* of the losing schedule, else of the last; NULL: none */
    const struct lp_schedule *replay; /* NULL: search */
    void (*progress)(void *context, uint64_t schedules);
    void *progress_context;
};

struct lp_program_exploration {
    struct lp_run_result result;
    struct lp_explored explored;
    struct lp_scenario scenario; /* only what reports read */
    struct lp_checks checks;
    struct lp_judgement judgement;
    struct lp_arena arena;
    struct lp_program_world world;
    bool interrupted;
    bool diverged; /* replay: the schedule could not be followed */
};

/* 0 with a verdict. -1: not done; *err. */
int lp_program_explore(struct lp_program_exploration *exploration,
                       const struct lp_program_explore_options *options,
                       struct lp_err *err) LP_MUST_CHECK;
void lp_program_exploration_release(struct lp_program_exploration *exploration);

/* A program as keys of a schedule file, and back; texts of the program live in `arena`. */
void lp_program_write_keys(const struct lp_program *program, struct lp_str *out);
int lp_program_read_keys(struct lp_program *program, const struct lp_schedule *schedule,
                         struct lp_arena *arena, struct lp_err *err) LP_MUST_CHECK;

#endif
