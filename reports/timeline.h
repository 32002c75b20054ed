/* SPDX-License-Identifier: MIT */
/*
 * A history made ready to be drawn by the HTML report: levels of detail for whoever looks from far,
 * and every operation and hold, packed, for whoever looks closely. Nothing is dropped: the counts
 * of each level add up to the number of operations.
 *
 * A level divides the run into `buckets` of equal width; a cell tells of one worker ("lane", an
 * index into history->workers) in one bucket. Levels come finest first, each LP_TIMELINE_STEP times
 * coarser than the one before.
 */
#ifndef LP_REPORTS_TIMELINE_H
#define LP_REPORTS_TIMELINE_H

#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "check/check.h"

#define LP_TIMELINE_STEP 4
#define LP_TIMELINE_LEVELS_MAX 8
#define LP_TIMELINE_BUCKETS_MAX 8192
#define LP_TIMELINE_CELLS_MAX 262144 /* of the finest level, over all lanes */
#define LP_TIMELINE_BLOCK 8192       /* operations or holds in one packed block */

struct lp_timeline_level {
    size_t buckets;
    uint64_t width_ns; /* of a bucket; the last may be wider than what is left of the run */
    /* Cells, [lane * buckets + bucket]: */
    uint32_t *ops;   /* operations invoked in it */
    uint32_t *bad;   /* of those, that did not end with LP_OK */
    uint8_t *held;   /* share of the bucket in which the worker certainly held a lock, 0..255 */
    uint8_t *waited; /* share in which an acquire was under way, 0..255 */
};

struct lp_timeline {
    const struct lp_checks *checks;
    uint64_t span_ns; /* from the history's start to the last sign of life */
    size_t lanes;
    struct lp_timeline_level levels[LP_TIMELINE_LEVELS_MAX];
    size_t level_count;
};

void lp_timeline_init(struct lp_timeline *timeline, const struct lp_checks *checks);
void lp_timeline_release(struct lp_timeline *timeline);

/*
 * Packed operations: what of an operation repeats (worker, step, lock, mode, outcome) is its
 * "shape", a number into a table; the rest follows as LEB128 numbers (DWARF 5, 7.6), differences
 * where neighbours are alike:
 *
 *     shape, invoked since the previous operation of the block (first: since the start),
 *     1 + duration (0: never ended), zigzag(value - previous value),
 *     zigzag(round - previous round of the worker), and how often it was found taken if the shape
 *     says that it was
 *
 * Each block starts afresh, so that a reader decodes only what is looked at.
 */
struct lp_shape {
    uint32_t lane;
    uint8_t kind, lock, flags, outcome;
    bool done, was_busy;
};

struct lp_shapes {
    struct lp_shape *rows;
    size_t count, cap;
    uint32_t *slots; /* open addressing; 1 + row, 0: empty */
    size_t slot_count;
};

void lp_shapes_release(struct lp_shapes *shapes); /* takes a zeroed struct too */
void lp_timeline_pack_ops(const struct lp_history *history, size_t from, size_t count,
                          struct lp_shapes *shapes, struct lp_str *out);

/* Packed holds: worker, lock, flags (1 shared, 2 lost, 4 never released, 8 a transaction), begun
   since the previous one's begin, certain length, and 1 + how long after that it may have been held
   on (0: nobody knows). */
void lp_timeline_pack_holds(const struct lp_checks *checks, size_t from, size_t count,
                            struct lp_str *out);

/* From a history's start to the end of everything in the block, for those who seek in it. */
uint64_t lp_timeline_ops_end(const struct lp_history *history, size_t from, size_t count);
uint64_t lp_timeline_holds_end(const struct lp_checks *checks, size_t from, size_t count);

/* Values that a reader with doubles cannot hold exactly are packed as 0 and told apart. */
#define LP_TIMELINE_VALUE_MAX (INT64_C(1) << 52)

#endif
