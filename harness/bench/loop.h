/* SPDX-License-Identifier: MIT */
/*
 * The loops themselves. Each carries out a number of pairs (acquire, critical section, release,
 * pause) as tightly as it can: what differs between two loops is only what is to be compared.
 */
#ifndef LP_BENCH_LOOP_H
#define LP_BENCH_LOOP_H

#include <stdbool.h>
#include "bench/cell.h"
#include "base/random.h"
#include "run/recorder.h"

/* LP_LOOP_SAMPLED records one pair of so many. */
#define LP_SAMPLE_EVERY 256

/* One worker's hand on one lock. */
struct lp_hand {
    struct lp_client *client;
    const struct lp_lock_ops *ops;
    const struct lp_bare *bare; /* NULL: there is none */
    const struct lp_ticks *ticks;
    struct lp_work work;
    struct lp_grant grant;
    uint64_t deadline_ns; /* of any acquire */
    struct lp_random random;
    struct lp_recorder *recorder;              /* for SAMPLED and FULL */
    struct lp_histogram *acquire_ns, *hold_ns; /* for TIMED */
    unsigned until_sample;
    uint64_t refusals;
    char error[192]; /* when a loop returned false */
};

/* Blocks until granted: LP_OK; LP_BUSY when the deadline passed. Polls as `lockproof run` does. */
enum lp_outcome lp_hand_acquire(struct lp_hand *hand);

/* False: an operation failed, hand->error says how. */
bool lp_loop_do(enum lp_loop loop, struct lp_hand *hand, uint32_t pairs);

/* The timed loop until `until_ns`, with what a point needs beside it. */
bool lp_loop_point(struct lp_hand *hand, struct lp_lane *lane, uint64_t start_ns,
                   uint64_t until_ns);

#endif
