/* SPDX-License-Identifier: MIT */
/*
 * A world in memory: workers with programs over a few counters and locks, some of which are wrong
 * on purpose. What it declares of each step is exact or more, so that the reduction can be compared
 * with trying everything.
 */
#ifndef LP_TESTS_EXPLORE_TOY_H
#define LP_TESTS_EXPLORE_TOY_H

#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "explore/follow.h"
#include "explore/search.h"
#include "explore/shrink.h"

#define TOY_WORKERS 4
#define TOY_STEPS 16
#define TOY_VARS 3
#define TOY_LOCKS 3
#define TOY_NOBODY 99

enum toy_op {
    TOY_READ,
    TOY_WRITE,   /* what was read last, plus one */
    TOY_ADD,     /* one step */
    TOY_LOCK,    /* waits */
    TOY_TRY,     /* taken: the rest of the program is left out */
    TOY_UNLOCK,  /* also of a lock that another one holds */
    TOY_CHECK,   /* of a lock that is made of two steps: waits until it looks free, */
    TOY_TAKE,    /*   then takes it, whoever has it by now */
    TOY_JOIN,    /* queues up: to wait is a step of its own */
    TOY_NOTHING, /* touches nothing */
    /* Of a world with time: */
    TOY_THINK, /* for `object` + 1: the next step has to wait */
    TOY_LEASE, /* takes a lock for 2, waits */
    TOY_KILL,  /* at any time or never: worker `object` does no more */
};

struct toy_step {
    enum toy_op op;
    unsigned object;
};

struct toy {
    unsigned workers;
    struct toy_step program[TOY_WORKERS][TOY_STEPS];
    unsigned length[TOY_WORKERS];
    /* state: */
    unsigned at[TOY_WORKERS];
    int64_t value[TOY_VARS], seen[TOY_WORKERS];
    unsigned holder[TOY_LOCKS];
    unsigned waiting[TOY_LOCKS]; /* how many queued up */
    bool queued[TOY_WORKERS];
    uint64_t told[TOY_WORKERS]; /* all that each worker saw */
    uint64_t acknowledged;
    bool timed;
    unsigned faults; /* so many of the workers are no workers, the last ones */
    unsigned now, thinks_until[TOY_WORKERS], lease_ends[TOY_LOCKS];
    /* how it may fail the searcher: */
    uint64_t resets, drift_after; /* from this reset on variable 0 starts with another value */
    int forgetful;                /* reset() that is not fresh leaves variable 0 as it is */
};

static int toy_reset(void *self, bool fresh, struct lp_err *err)
{
    struct toy *toy = self;
    (void)err;
    int64_t kept = toy->value[0];
    memset(toy->at, 0, sizeof toy->at);
    memset(toy->value, 0, sizeof toy->value);
    memset(toy->seen, 0, sizeof toy->seen);
    memset(toy->told, 0, sizeof toy->told);
    memset(toy->waiting, 0, sizeof toy->waiting);
    memset(toy->queued, 0, sizeof toy->queued);
    memset(toy->thinks_until, 0, sizeof toy->thinks_until);
    memset(toy->lease_ends, 0, sizeof toy->lease_ends);
    toy->acknowledged = toy->now = 0;
    for (unsigned i = 0; i < TOY_LOCKS; i++)
        toy->holder[i] = TOY_NOBODY;
    toy->resets++;
    if (toy->drift_after && toy->resets > toy->drift_after)
        toy->value[0] = (int64_t)toy->resets;
    if (toy->forgetful && !fresh)
        toy->value[0] = kept;
    return 0;
}

static bool toy_is_over(const struct toy *toy)
{
    for (unsigned w = 0; w < toy->workers - toy->faults; w++)
        if (toy->at[w] < toy->length[w])
            return false;
    return true;
}

static bool toy_next(void *self, unsigned worker, struct lp_intent *intent)
{
    static const enum lp_access_kind kinds[] = {
        [TOY_READ] = LP_ACCESS_READ,  [TOY_WRITE] = LP_ACCESS_WRITE,
        [TOY_ADD] = LP_ACCESS_WRITE,  [TOY_LOCK] = LP_ACCESS_LOCK,
        [TOY_TRY] = LP_ACCESS_TRY,    [TOY_UNLOCK] = LP_ACCESS_UNLOCK,
        [TOY_CHECK] = LP_ACCESS_LOCK, [TOY_TAKE] = LP_ACCESS_LOCK,
        [TOY_JOIN] = LP_ACCESS_LOCK,  [TOY_NOTHING] = LP_ACCESS_READ,
        [TOY_THINK] = LP_ACCESS_READ, [TOY_LEASE] = LP_ACCESS_LOCK,
    };
    const struct toy *toy = self;
    *intent = (struct lp_intent){.everything = worker >= toy->workers - toy->faults};
    if (worker < toy->workers && toy->at[worker] >= toy->length[worker])
        return false;
    if (intent->everything)
        return !toy_is_over(toy);
    const struct toy_step *step = &toy->program[worker][toy->at[worker]];
    if (step->op == TOY_NOTHING || step->op == TOY_THINK)
        return true;
    intent->count = 1;
    intent->access[0].object = step->object + (step->op >= TOY_LOCK ? 100 : 0);
    intent->access[0].kind = kinds[step->op];
    return true;
}

static bool toy_has_to_wait(const struct toy *toy, const struct toy_step *step)
{
    return (step->op == TOY_LOCK || step->op == TOY_CHECK || step->op == TOY_JOIN ||
            step->op == TOY_LEASE) &&
           toy->holder[step->object] != TOY_NOBODY;
}

static unsigned toy_sooner(const struct toy *toy, unsigned found, unsigned at)
{
    return at > toy->now && (found == 0 || at < found) ? at : found;
}

/* To the next end of a thought or a lease. */
static void toy_pass_time(struct toy *toy, struct lp_effect *effect)
{
    unsigned until = 0;
    for (unsigned w = 0; w < toy->workers - toy->faults; w++)
        if (toy->at[w] < toy->length[w])
            until = toy_sooner(toy, until, toy->thinks_until[w]);
    for (unsigned i = 0; i < TOY_LOCKS; i++)
        until = toy_sooner(toy, until, toy->lease_ends[i]);
    if (until == 0) {
        effect->went = LP_WENT_BLOCKED;
        return;
    }
    effect->result = toy->now = until;
    for (unsigned i = 0; i < TOY_LOCKS; i++) {
        if (toy->lease_ends[i] == 0 || toy->lease_ends[i] > until)
            continue;
        toy->lease_ends[i] = 0;
        toy->holder[i] = TOY_NOBODY;
    }
}

static int toy_step(void *self, unsigned worker, struct lp_effect *effect, struct lp_err *err)
{
    struct toy *toy = self;
    *effect = (struct lp_effect){.went = LP_WENT_DONE};
    if (worker == toy->workers) {
        toy_pass_time(toy, effect);
        return 0;
    }
    const struct toy_step *step = &toy->program[worker][toy->at[worker]];
    unsigned object = step->object;
    uint64_t told = 0;
    (void)err;
    if (toy->thinks_until[worker] > toy->now) {
        effect->went = LP_WENT_BLOCKED;
        return 0;
    }
    if (toy_has_to_wait(toy, step)) {
        effect->went = LP_WENT_BLOCKED;
        if (step->op == TOY_JOIN && !toy->queued[worker]) {
            toy->queued[worker] = true;
            toy->waiting[object]++;
            effect->went = LP_WENT_WAITING;
        }
        return 0;
    }
    toy->at[worker]++;
    switch (step->op) {
    case TOY_READ:
        toy->seen[worker] = toy->value[object];
        told = (uint64_t)toy->value[object];
        break;
    case TOY_WRITE:
        toy->value[object] = toy->seen[worker] + 1;
        toy->acknowledged++;
        break;
    case TOY_ADD:
        told = (uint64_t)++toy->value[object];
        toy->acknowledged++;
        break;
    case TOY_LOCK:
    case TOY_TAKE:
        toy->holder[object] = worker;
        break;
    case TOY_JOIN:
        told = toy->waiting[object];
        toy->waiting[object] -= toy->queued[worker];
        toy->queued[worker] = false;
        toy->holder[object] = worker;
        break;
    case TOY_TRY:
        told = toy->holder[object] == TOY_NOBODY;
        if (told)
            toy->holder[object] = worker;
        else
            toy->at[worker] = toy->length[worker];
        break;
    case TOY_LEASE:
        toy->holder[object] = worker;
        toy->lease_ends[object] = toy->now + 2;
        break;
    case TOY_KILL:
        toy->at[object] = toy->length[object];
        break;
    case TOY_THINK:
        toy->thinks_until[worker] = toy->now + object + 1;
        break;
    case TOY_UNLOCK:
        told = toy->holder[object];
        toy->lease_ends[object] = 0;
        toy->holder[object] = TOY_NOBODY;
        break;
    case TOY_CHECK:
    case TOY_NOTHING:
        break;
    }
    toy->told[worker] = lp_mix(toy->told[worker], told + 1);
    effect->result = told;
    return 0;
}

/* Lost: fewer additions to variable 0 than were acknowledged. Deadlocks too. */
static int toy_judge(void *self, enum lp_ending ending, struct lp_outcome_seen *seen,
                     struct lp_err *err)
{
    const struct toy *toy = self;
    (void)err;
    int64_t sum = 0;
    seen->fingerprint = ending;
    for (unsigned i = 0; i < TOY_VARS; i++) {
        seen->fingerprint = lp_mix(seen->fingerprint, (uint64_t)toy->value[i]);
        sum += toy->value[i];
    }
    for (unsigned i = 0; i < TOY_LOCKS; i++)
        seen->fingerprint = lp_mix(seen->fingerprint, toy->holder[i]);
    for (unsigned w = 0; w < toy->workers; w++)
        seen->fingerprint = lp_mix(lp_mix(seen->fingerprint, toy->told[w]), toy->at[w]);
    seen->found = ending == LP_ENDING_DEADLOCK || (uint64_t)sum != toy->acknowledged
                      ? LP_FOUND_VIOLATION
                      : LP_FOUND_NOTHING;
    return 0;
}

static void toy_tell(void *self, unsigned worker, const struct lp_effect *effect,
                     struct lp_str *out)
{
    const struct toy *toy = self;
    if (!effect)
        lp_str_addf(out, "step %u", toy->at[worker]);
}

static inline struct lp_world toy_world(struct toy *toy)
{
    return (struct lp_world){
        .self = toy,
        .workers = toy->workers + toy->timed,
        .in_time = toy->timed ? toy->workers - toy->faults : 0,
        .reset = toy_reset,
        .next = toy_next,
        .step = toy_step,
        .judge = toy_judge,
        .tell = toy_tell,
    };
}

static inline void toy_add(struct toy *toy, unsigned worker, enum toy_op op, unsigned object)
{
    toy->program[worker][toy->length[worker]++] = (struct toy_step){op, object};
}

/* The programs as one letter a step: r w a + (l t u) of lock 0, capitals of lock 1, c k: check and
   take of lock 0, j: queue for it, e: lock 0 for a time of 2, h H: think for 1 or 3, - nothing.
   Variable 0. */
static inline void toy_program(struct toy *toy, const char *letters)
{
    static const struct {
        char letter;
        struct toy_step step;
    } rows[] = {
        {'r', {TOY_READ, 0}},  {'w', {TOY_WRITE, 0}}, {'a', {TOY_ADD, 0}},
        {'l', {TOY_LOCK, 0}},  {'t', {TOY_TRY, 0}},   {'u', {TOY_UNLOCK, 0}},
        {'L', {TOY_LOCK, 1}},  {'T', {TOY_TRY, 1}},   {'U', {TOY_UNLOCK, 1}},
        {'c', {TOY_CHECK, 0}}, {'k', {TOY_TAKE, 0}},  {'j', {TOY_JOIN, 0}},
        {'R', {TOY_READ, 1}},  {'W', {TOY_WRITE, 1}}, {'-', {TOY_NOTHING, 0}},
        {'e', {TOY_LEASE, 0}}, {'h', {TOY_THINK, 0}}, {'H', {TOY_THINK, 2}},
    };
    for (; *letters; letters++)
        for (size_t i = 0; i < LP_ARRAY_LEN(rows); i++)
            if (rows[i].letter == *letters)
                toy_add(toy, toy->workers, rows[i].step.op, rows[i].step.object);
    toy->workers++;
}

#endif
