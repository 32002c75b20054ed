/* SPDX-License-Identifier: MIT */
/*
 * Copies of a program as a world that can be explored (explore/world.h): each copy is a worker, its
 * steps are the calls on what the copies share. Between two steps a copy runs alone until all its
 * processes are held before such a call, sleep, wait for one another, or are gone. Time is virtual
 * and goes on only when no copy can, as part of the step after which none could. Locks are tried
 * and never waited for in the kernel, so that whoever may have one next can be chosen; a cycle of
 * waiting fcntl locks is answered with EDEADLK, as the kernel does.
 *
 * What is shared is learned from one first run. The processes and threads of one copy go on in a
 * fixed order: races between them are not looked for.
 */
#ifndef LP_PROGRAM_WORLD_H
#define LP_PROGRAM_WORLD_H

#include "explore/world.h"
#include "program/lapse.h"
#include "program/paths.h"
#include "program/pidspace.h"
#include "program/program.h"
#include "program/tracer.h"

enum lp_copy_state {
    LP_COPY_STEP,    /* held before a call */
    LP_COPY_SLEEPS,  /* all its tasks sleep or wait for those that do */
    LP_COPY_OUTSIDE, /* waits for something that is not known here */
    LP_COPY_ENDED,
};

struct lp_program_world {
    struct lp_world world; /* what the search is given */
    const struct lp_program *program;
    const char *folder; /* for what copies print; of the latest schedule */
    uint64_t seed;
    struct lp_epoch epoch;
    struct lp_paths shared;
    struct lp_paths seen; /* what copies shared in any schedule; more than `shared`: learn again */
    struct lp_tape tape;  /* of the schedule that is carried out */
    struct lp_tracer tracer;
    struct lp_pidspace numbers;
    bool live;     /* copies may be running */
    bool learning; /* nothing is held */
    /* Following a given order: a copy that sleeps may be woken at any time. The others were slow
       then, which happens. */
    bool free_time;
    unsigned streak; /* so often in a row has `woken` been woken while others could go on */
    unsigned woken;
    bool started; /* `start` is known */
    int64_t start;
    enum lp_copy_state *states; /* of copies */
    struct lp_task **held;      /* of copies: the task whose step is next */
    uint64_t *busy_at;          /* of copies: releases seen when its lock was last found taken */
    uint64_t releases;
    uint32_t step_from;   /* events of the latest step begin here */
    bool went_waiting;    /* the latest step began to wait, and that changed something */
    bool hung;            /* some copy computed without end */
    const char *stranger; /* the last schedule ended with all waiting: lp_world_stranger() */
    unsigned schedules;
    struct lp_intent *did; /* what each step of the schedule was really about */
    size_t did_count, did_cap;
    /* The latest judgement. */
    struct lp_program_outcome outcome;
    struct lp_lapses lapses;
    char *printed; /* what a failing copy said, or NULL */
    unsigned silent;
};

void lp_program_world_init(struct lp_program_world *world, const struct lp_program *program,
                           const char *folder, uint64_t seed);
void lp_program_world_release(struct lp_program_world *world); /* takes a zeroed struct too */

/* The first run: one copy after the other, each until it sleeps or waits. Learns what is shared.
 *seen as of a schedule. */
int lp_program_world_learn(struct lp_program_world *world, struct lp_outcome_seen *seen,
                           struct lp_err *err) LP_MUST_CHECK;

/* ---- inside the room (world_copies.c) ---- */

/* Starts the copies anew, each up to its first step. */
int lp_world_begin(struct lp_program_world *world, struct lp_err *err) LP_MUST_CHECK;
void lp_world_end(struct lp_program_world *world);
/* Lets a copy run until nothing of it goes on, and finds its state. */
int lp_world_settle(struct lp_program_world *world, unsigned copy,
                    struct lp_err *err) LP_MUST_CHECK;
/* Does the copy's next step have to wait for somebody's release, as far as is known? */
bool lp_world_must_wait(const struct lp_program_world *world, unsigned copy);
/* The path of a lock that a copy waits for and that no copy ever had: somebody else holds it. NULL:
   none. */
const char *lp_world_stranger(const struct lp_program_world *world);
/* While no copy can go on and some sleep: wakes who wakes first. */
int lp_world_pass_time(struct lp_program_world *world, struct lp_err *err) LP_MUST_CHECK;
/* Wakes this copy; it settles. */
int lp_world_wake(struct lp_program_world *world, unsigned copy, struct lp_err *err) LP_MUST_CHECK;
/* Is the call that waits part of a cycle of waiting processes? */
bool lp_world_is_deadlock(const struct lp_program_world *world, const struct lp_task *task);

#endif
