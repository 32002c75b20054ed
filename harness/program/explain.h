/* SPDX-License-Identifier: MIT */
/* What a schedule of a program came to, in words; and schedules of programs as files. */
#ifndef LP_PROGRAM_EXPLAIN_H
#define LP_PROGRAM_EXPLAIN_H

#include "explore/follow.h"
#include "explore/schedule.h"
#include "program/world.h"
#include "verdict/verdict.h"

/* Kept of a schedule before the next one begins; texts belong to the arena given. */
struct lp_explanation {
    bool set;
    bool deadlock;
    struct lp_program_outcome result;
    const char *outcome;    /* one sentence */
    const char *lapse_text; /* or NULL */
    enum lp_cause cause;
    bool hint; /* the lapse only explains a loss */
    unsigned silent;
    uint64_t lost;
    const char *printed; /* or NULL */
};

/* Of the schedule that was judged last. */
void lp_explain(struct lp_explanation *explanation, const struct lp_program_world *world,
                enum lp_ending ending, struct lp_arena *arena);

void lp_explanation_checks(const struct lp_explanation *explanation, struct lp_checks *checks,
                           bool found);
void lp_explanation_diagnose(const struct lp_explanation *explanation,
                             struct lp_judgement *judgement);
/* The reason of a verdict that is `inconclusive`. */
void lp_explanation_doubt(const struct lp_explanation *explanation, struct lp_judgement *judgement);

/* "copy 0's write /tmp/c before copy 1's read /tmp/c": the order in which nothing is lost. Carries
   the schedule out once more. */
int lp_explain_swap(struct lp_program_world *world, const struct lp_trace *losing, size_t first,
                    struct lp_str *out, struct lp_err *err) LP_MUST_CHECK;

/* Carries the schedule out once more and writes it down. */
int lp_write_schedule(struct lp_program_world *world, const struct lp_trace *losing,
                      const char *file, const char *comment, struct lp_err *err) LP_MUST_CHECK;

struct lp_replayed {
    enum lp_ending ending;
    struct lp_outcome_seen seen;
    bool diverged;
    char divergence[256]; /* "FILE:LINE: ..." */
};
/* Follows it line by line; a step or result that is written and is another now is a divergence. */
int lp_follow_schedule(struct lp_program_world *world, const struct lp_schedule *schedule,
                       struct lp_replayed *replayed, struct lp_err *err) LP_MUST_CHECK;

#endif
