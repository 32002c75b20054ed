/* SPDX-License-Identifier: MIT */
/* Inside the room: who leads an exploration. */
#ifndef LP_EXPLORE_DIRECTOR_H
#define LP_EXPLORE_DIRECTOR_H

#include "explore/follow.h"
#include "explore/scene.h"

/* A step as a schedule file has it. */
struct lp_step_words {
    char step[80];
    char result[80];
};

struct lp_director {
    const struct lp_container_plan *plan;
    struct lp_scene scene;
    struct lp_world world;
    struct lp_step_words *words; /* of the schedule performed last */
    size_t word_count, word_cap;
};

/* The process of a container of an exploration (struct lp_directing). Never returns. */
void lp_director_main(const struct lp_container_plan *plan, unsigned number) LP_NORETURN;

/* Carries the trace's order out, and goes on to the end, everything recorded; keeps the words. */
int lp_director_perform(struct lp_director *director, const struct lp_trace *trace,
                        struct lp_err *err);
/* Writes the schedule that was performed to the run folder's `schedule`. */
int lp_director_save(struct lp_director *director, const struct lp_trace *trace,
                     struct lp_err *err);
/* One line for a step that was just done, at place `at` of the words. */
void lp_director_note(struct lp_director *director, size_t at, unsigned actor, const char *step,
                      const struct lp_effect *effect);

#endif
