/* SPDX-License-Identifier: MIT */
/*
 * What can be explored: a *world* of a few workers, each with a next step, that is put back to its
 * start and then stepped one worker at a time. The steps of a scenario on a real backend are one
 * world, the system calls of traced programs another; search.h, follow.h and shrink.h know neither.
 *
 * A world must be deterministic: after reset(), the same workers stepped in the same order find the
 * same. Whoever does something to the others (kills one, lets a lease expire) is a worker too, with
 * a step of his own that may come at any time.
 */
#ifndef LP_EXPLORE_WORLD_H
#define LP_EXPLORE_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"
#include "base/str.h"

#define LP_EXPLORE_WORKERS_MAX 32 /* bits of a mask */
#define LP_ACCESSES_MAX 8

/*
 * What a step does to an object. Two steps of different workers are *dependent* when they touch one
 * object and not both only read it; all other pairs are independent: neither can enable, disable or
 * change what the other does, so that both orders end in one state. That must be true of what the
 * world declares; to declare more than a step does costs schedules, to declare less loses some.
 *
 * LOCK, UNLOCK and TRY are dependent on each other and among themselves, whoever holds the lock: a
 * busy try has read the lock's state, and of a lock that may be broken nobody knows beforehand that
 * its acquire cannot succeed before the release.
 */
enum lp_access_kind {
    LP_ACCESS_READ,
    LP_ACCESS_WRITE,
    LP_ACCESS_TRY,    /* takes a lock if it is free */
    LP_ACCESS_LOCK,   /* takes a lock, may have to wait */
    LP_ACCESS_UNLOCK, /* gives one back: those who wait for it try again */
};

struct lp_access {
    uint32_t object; /* any number that tells one object from another, or a hash of its name: two
                        objects that are taken for one cost schedules, and lose none */
    enum lp_access_kind kind;
};

/* What a worker's next step is about; known before it is done. */
struct lp_intent {
    struct lp_access access[LP_ACCESSES_MAX];
    unsigned count;
    bool everything; /* dependent on every other step: for what is not understood */
};

enum lp_went {
    LP_WENT_DONE,
    /* Could not be done and nothing was changed: not a step at all. The worker waits; it is tried
       again after a step of another worker that is dependent on what it wants. */
    LP_WENT_BLOCKED,
    /* The same, but to begin to wait changed something (an upgrade lets go of the shared lock, a
       queue has one more in it): a step of the schedule. What next() tells then is the rest of it.
     */
    LP_WENT_WAITING,
};

/* What came of a step. */
struct lp_effect {
    enum lp_went went;
    uint64_t result; /* fingerprint of what the worker saw: equal when it saw the same */
};

/* How a schedule came to its end. */
enum lp_ending {
    LP_ENDING_ALL,      /* every worker did all its steps */
    LP_ENDING_DEADLOCK, /* nobody can go on, and some wait */
    LP_ENDING_CUT,      /* too long, or the schedule to follow was over */
};

enum lp_found {
    LP_FOUND_NOTHING,
    LP_FOUND_VIOLATION,
    LP_FOUND_OPEN, /* it cannot be told whether this schedule is fine */
};

struct lp_outcome_seen {
    enum lp_found found;
    uint64_t fingerprint; /* of the outcome, for people: final values, what each worker saw */
};

/* The functions return 0, or -1 with *err for trouble of the world itself (LP_ERR_SELF), which ends
   the exploration. */
struct lp_world {
    void *self;
    unsigned workers;
    /* Not 0: the last worker is time, which steps only where the first so many all have to wait or
       are at their end. */
    unsigned in_time;
    /* Back to the start. `fresh`: by making everything anew, so that nothing which the cheap way
       forgets to put back can hide. */
    int (*reset)(void *self, bool fresh, struct lp_err *err);
    /* What the worker would do next; false: it is at its end. Asked once after reset() and once
       after each step of that worker (not after LP_WENT_BLOCKED), and of all workers after a step
       that is about everything and after the last one of a worker; never changes anything. */
    bool (*next)(void *self, unsigned worker, struct lp_intent *intent);
    int (*step)(void *self, unsigned worker, struct lp_effect *effect, struct lp_err *err);
    /* May be NULL. Is it known, without trying, that the worker would have to wait now? A world
       that can tell saves the search a walk from the start for each such try. */
    bool (*waits)(void *self, unsigned worker);
    /* The schedule is over: what came of it? */
    int (*judge)(void *self, enum lp_ending ending, struct lp_outcome_seen *seen,
                 struct lp_err *err);
    /* Adds the next step's words as a schedule file has them ("lock a"); with `effect`, those of
       the step just done by the worker: what came of it ("ok 4"), or nothing. */
    void (*tell)(void *self, unsigned worker, const struct lp_effect *effect, struct lp_str *out);
};

bool lp_intents_dependent(const struct lp_intent *a, const struct lp_intent *b);
/* Would `a` have to wait for what `b` gives back? */
bool lp_intent_waits_for(const struct lp_intent *a, const struct lp_intent *b);

#endif
