/* SPDX-License-Identifier: MIT */
/* The loops: one body, made anew by the compiler for each kind of loop. */
#include "bench/loop.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "run/worker.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

static __attribute__((noinline, cold)) bool fail(struct lp_hand *hand, enum lp_outcome outcome,
                                                 const char *what)
{
    const char *why = hand->client->error[0] ? hand->client->error : "no reason given";
    if (outcome == LP_BUSY)
        snprintf(hand->error, sizeof hand->error,
                 "%s: still refused after seconds; another worker never released it, or starved "
                 "this one",
                 what);
    else
        snprintf(hand->error, sizeof hand->error, "%s failed: %.160s", what, why);
    return false;
}

/* The first try found it taken. */
static __attribute__((noinline)) enum lp_outcome poll_on(struct lp_hand *hand)
{
    for (unsigned tries = 1;; tries++) {
        lp_step_poll_pause(&hand->random, tries - 1);
        enum lp_outcome outcome = hand->ops->acquire_try(hand->client, LP_EXCLUSIVE, &hand->grant);
        if (outcome != LP_BUSY || lp_clock_ns() >= hand->deadline_ns)
            return outcome;
    }
}

static ALWAYS_INLINE enum lp_outcome acquire(struct lp_hand *hand)
{
    if (hand->ops->acquire_wait)
        return hand->ops->acquire_wait(hand->client, LP_EXCLUSIVE, hand->deadline_ns, &hand->grant);
    enum lp_outcome outcome = hand->ops->acquire_try(hand->client, LP_EXCLUSIVE, &hand->grant);
    return outcome == LP_BUSY ? poll_on(hand) : outcome;
}

enum lp_outcome lp_hand_acquire(struct lp_hand *hand)
{
    return acquire(hand);
}

/* A release that is refused proves nothing by itself: a lease may have ended, and the next holder
   shows in the counter. */
static ALWAYS_INLINE bool after_release(struct lp_hand *hand, enum lp_outcome outcome)
{
    if (outcome == LP_FAIL)
        hand->refusals++;
    return outcome == LP_OK || outcome == LP_FAIL || fail(hand, outcome, "release");
}

static ALWAYS_INLINE bool plain_pair(struct lp_hand *hand)
{
    enum lp_outcome outcome = acquire(hand);
    if (outcome != LP_OK)
        return fail(hand, outcome, "acquire");
    lp_work_inside(&hand->work);
    return after_release(hand, hand->ops->release(hand->client));
}

static ALWAYS_INLINE bool timed_pair(struct lp_hand *hand)
{
    uint64_t called_ns = lp_ticks_before(hand->ticks);
    enum lp_outcome outcome = acquire(hand);
    uint64_t granted_ns = lp_ticks_after(hand->ticks);
    if (outcome != LP_OK)
        return fail(hand, outcome, "acquire");
    lp_work_inside(&hand->work);
    uint64_t releasing_ns = lp_ticks_before(hand->ticks);
    bool going = after_release(hand, hand->ops->release(hand->client));
    lp_histogram_add(hand->acquire_ns, granted_ns - called_ns);
    lp_histogram_add(hand->hold_ns, releasing_ns - granted_ns);
    return going;
}

/* What harness/run/step.c records of a lock and an unlock. */
static ALWAYS_INLINE bool recorded_pair(struct lp_hand *hand)
{
    struct lp_record *record = lp_recorder_begin(hand->recorder, LP_STEP_LOCK, 0, 0);
    if (!record) {
        snprintf(hand->error, sizeof hand->error, "no room for the history");
        return false;
    }
    record->attempt_ns = record->invoke_ns;
    enum lp_outcome outcome = acquire(hand);
    uint64_t complete_ns = lp_clock_after();
    record->domain = hand->grant.identity.domain;
    record->object = hand->grant.identity.object;
    lp_recorder_identity(hand->recorder, &hand->grant.identity);
    record->value = (int64_t)hand->grant.ttl_ns;
    lp_recorder_end_at(record, outcome, complete_ns);
    if (outcome != LP_OK)
        return fail(hand, outcome, "acquire");
    lp_work_inside(&hand->work);
    record = lp_recorder_begin(hand->recorder, LP_STEP_UNLOCK, 0, 0);
    if (!record) {
        hand->ops->release(hand->client);
        snprintf(hand->error, sizeof hand->error, "no room for the history");
        return false;
    }
    outcome = hand->ops->release(hand->client);
    lp_recorder_end(hand->recorder, record, outcome);
    return after_release(hand, outcome);
}

static ALWAYS_INLINE bool pairs_of(enum lp_loop loop, struct lp_hand *hand, uint32_t pairs)
{
    for (; pairs > 0; pairs--) {
        bool going;
        if (loop == LP_LOOP_TIMED)
            going = timed_pair(hand);
        else if (loop == LP_LOOP_FULL || (loop == LP_LOOP_SAMPLED && --hand->until_sample == 0))
            going = recorded_pair(hand);
        else
            going = plain_pair(hand);
        if (loop == LP_LOOP_SAMPLED && hand->until_sample == 0)
            hand->until_sample = LP_SAMPLE_EVERY;
        if (!going)
            return false;
        lp_work_outside(&hand->work);
    }
    return true;
}

static bool bare_pairs(struct lp_hand *hand, uint32_t pairs)
{
    int failed = hand->bare->loop(hand->client, &hand->work, pairs);
    if (failed)
        snprintf(hand->error, sizeof hand->error, "bare loop: %s", strerror(failed));
    return failed == 0;
}

bool lp_loop_do(enum lp_loop loop, struct lp_hand *hand, uint32_t pairs)
{
    switch (loop) {
    case LP_LOOP_BARE:
        return bare_pairs(hand, pairs);
    case LP_LOOP_OFF:
        return pairs_of(LP_LOOP_OFF, hand, pairs);
    case LP_LOOP_TIMED:
        return pairs_of(LP_LOOP_TIMED, hand, pairs);
    case LP_LOOP_SAMPLED:
        return pairs_of(LP_LOOP_SAMPLED, hand, pairs);
    case LP_LOOP_FULL:
        return pairs_of(LP_LOOP_FULL, hand, pairs);
    case LP_LOOP_COUNT:
        break;
    }
    LP_BUG("a loop that is none");
}

static ALWAYS_INLINE void note_wait(struct lp_lane *lane, uint64_t wait_ns, uint64_t at_ns,
                                    uint64_t span_ns)
{
    uint64_t bin = at_ns * LP_BENCH_BINS / span_ns;
    struct lp_bin *to = &lane->bins[bin < LP_BENCH_BINS ? bin : LP_BENCH_BINS - 1];
    to->count++;
    to->wait_ns += wait_ns;
    if (wait_ns > to->wait_ns_max)
        to->wait_ns_max = wait_ns;
    lane->wait_ns += wait_ns;
    lp_histogram_add(&lane->acquire_ns, wait_ns);
}

bool lp_loop_point(struct lp_hand *hand, struct lp_lane *lane, uint64_t start_ns, uint64_t until_ns)
{
    const uint64_t span_ns = until_ns - start_ns;
    for (;;) {
        uint64_t called_ns = lp_ticks_before(hand->ticks);
        if (called_ns >= until_ns)
            return true;
        enum lp_outcome outcome = acquire(hand);
        uint64_t granted_ns = lp_ticks_after(hand->ticks);
        if (outcome != LP_OK)
            return fail(hand, outcome, "acquire");
        lp_work_inside(&hand->work);
        uint64_t releasing_ns = lp_ticks_before(hand->ticks);
        if (!after_release(hand, hand->ops->release(hand->client)))
            return false;
        lane->acquires += granted_ns < until_ns;
        note_wait(lane, granted_ns - called_ns, granted_ns - start_ns, span_ns);
        lp_histogram_add(&lane->hold_ns, releasing_ns - granted_ns);
        lp_work_outside(&hand->work);
    }
}
