/* SPDX-License-Identifier: MIT */
/* Levels of detail add up to what they were made of, and what is packed can be read back. */
#include <check.h>
#include <stdlib.h>

#include "base/random.h"
#include "reports/timeline.h"
#include "tests/unit/history_builder.h"
#include "tests/unit/unit.h"

enum { OPS = 6000, WORKERS = 5 };

struct sample {
    struct hb_op *ops;
    struct hb hb;
    struct lp_checks checks;
};

/* Rounds of lock, read, write, unlock of workers in turn, some of them not ok; the last one never
   ends. */
static void make_sample(struct sample *sample, size_t count)
{
    struct lp_random random;
    uint64_t now = 100;
    lp_random_init(&random, 7, 0);
    sample->ops = lp_alloc(count, sizeof *sample->ops);
    for (size_t i = 0; i < count; i++) {
        static const enum lp_step_kind kinds[] = {LP_STEP_LOCK, LP_STEP_READ, LP_STEP_WRITE,
                                                  LP_STEP_UNLOCK};
        uint64_t from = now + lp_random_between(&random, 1, 3000);
        now = from + lp_random_between(&random, 1, 900);
        sample->ops[i] = (struct hb_op){.worker = (uint32_t)(i / 4 % WORKERS),
                                        .kind = kinds[i % 4],
                                        .from = from,
                                        .to = i + 1 == count ? 0 : now,
                                        .round = (uint32_t)(i / 4 / WORKERS),
                                        .value = i % 4 == 1   ? (int64_t)(i / 4)
                                                 : i % 4 == 2 ? (int64_t)(i / 4) + 1
                                                              : 0,
                                        .busy = i % 16 == 0 ? 3 : 0,
                                        .outcome = i % 101 == 2 ? LP_FAIL : LP_OK};
    }
    struct hb_run run = {.ops = sample->ops, .op_count = count, .workers = WORKERS};
    hb_build(&sample->hb, &run);
    lp_checks_run(&sample->checks, &sample->hb.history);
}

static void release_sample(struct sample *sample)
{
    lp_checks_release(&sample->checks);
    hb_release(&sample->hb);
    free(sample->ops);
}

static uint64_t sum(const uint32_t *cells, size_t count)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += cells[i];
    return total;
}

START_TEST(levels_add_up)
{
    struct sample sample;
    struct lp_timeline timeline;
    make_sample(&sample, OPS);
    lp_timeline_init(&timeline, &sample.checks);
    const struct lp_history *history = &sample.hb.history;
    uint64_t bad = 0;
    for (size_t i = 0; i < history->op_count; i++)
        bad += !lp_op_ok(&history->ops[i]);
    ck_assert_uint_eq(timeline.lanes, WORKERS);
    ck_assert_uint_ge(timeline.level_count, 2);
    for (size_t i = 0; i < timeline.level_count; i++) {
        const struct lp_timeline_level *level = &timeline.levels[i];
        ck_assert_uint_ge(level->buckets * level->width_ns, timeline.span_ns);
        ck_assert_uint_eq(sum(level->ops, timeline.lanes * level->buckets), OPS);
        ck_assert_uint_eq(sum(level->bad, timeline.lanes * level->buckets), bad);
        for (size_t lane = 0; lane < timeline.lanes; lane++)
            ck_assert_uint_eq(sum(level->ops + lane * level->buckets, level->buckets),
                              history->workers[lane].record_count);
    }
    lp_timeline_release(&timeline);
    release_sample(&sample);
}
END_TEST

/* Each coarse cell is exactly its fine ones. */
START_TEST(cells_nest)
{
    struct sample sample;
    struct lp_timeline timeline;
    make_sample(&sample, OPS);
    lp_timeline_init(&timeline, &sample.checks);
    for (size_t i = 1; i < timeline.level_count; i++) {
        const struct lp_timeline_level *fine = &timeline.levels[i - 1];
        const struct lp_timeline_level *coarse = &timeline.levels[i];
        ck_assert_uint_eq(coarse->buckets * LP_TIMELINE_STEP, fine->buckets);
        ck_assert_uint_eq(coarse->width_ns, fine->width_ns * LP_TIMELINE_STEP);
        for (size_t cell = 0; cell < timeline.lanes * coarse->buckets; cell++)
            ck_assert_uint_eq(coarse->ops[cell],
                              sum(fine->ops + cell * LP_TIMELINE_STEP, LP_TIMELINE_STEP));
    }
    lp_timeline_release(&timeline);
    release_sample(&sample);
}
END_TEST

/* What was held for all of a bucket is full, what was not held is empty. */
START_TEST(shares_are_of_time_held)
{
    struct hb_op ops[] = {
        {.worker = 0, .kind = LP_STEP_LOCK, .from = 1000, .to = 2000},
        {.worker = 0, .kind = LP_STEP_UNLOCK, .from = 52000, .to = 53000},
        {.worker = 1, .kind = LP_STEP_READ, .from = 100000, .to = 101000},
    };
    struct hb_run run = {.ops = ops, .op_count = LP_ARRAY_LEN(ops), .workers = 2};
    struct hb hb;
    struct lp_checks checks;
    struct lp_timeline timeline;
    hb_build(&hb, &run);
    lp_checks_run(&checks, &hb.history);
    lp_timeline_init(&timeline, &checks);
    const struct lp_timeline_level *level = &timeline.levels[0];
    size_t middle = (size_t)((27000 - hb.history.start_ns) / level->width_ns);
    ck_assert_uint_lt(middle, level->buckets);
    size_t last = level->buckets - 1;
    ck_assert_uint_gt(level->held[0], 0);
    ck_assert_uint_eq(level->held[last], 0);
    ck_assert_uint_eq(level->held[level->buckets + middle], 0);
    ck_assert_uint_gt(level->waited[0], 0);
    ck_assert_uint_eq(level->waited[last], 0);
    lp_timeline_release(&timeline);
    lp_checks_release(&checks);
    hb_release(&hb);
}
END_TEST

/* ---- reading back ---- */

struct reader {
    const unsigned char *at, *end;
};

static uint64_t next(struct reader *reader)
{
    uint64_t number = 0;
    for (unsigned shift = 0;; shift += 7) {
        ck_assert(reader->at < reader->end);
        number |= (uint64_t)(*reader->at & 0x7f) << shift;
        if (!(*reader->at++ & 0x80))
            return number;
    }
}

static int64_t next_signed(struct reader *reader)
{
    uint64_t number = next(reader);
    return (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
}

static void check_op(const struct lp_history *history, size_t index, const struct lp_shape *shape,
                     uint64_t invoke_ns, uint64_t took, int64_t value, uint64_t round)
{
    const struct lp_op *op = &history->ops[index];
    const struct lp_record *record = op->record;
    ck_assert_uint_eq(shape->lane, op->worker);
    ck_assert_uint_eq(shape->kind, record->kind);
    ck_assert_uint_eq(shape->outcome, lp_op_result(op));
    ck_assert_uint_eq(history->start_ns + invoke_ns, record->invoke_ns);
    ck_assert_uint_eq(took, lp_op_done(op) ? record->complete_ns - record->invoke_ns + 1 : 0);
    ck_assert_int_eq(value, record->value);
    ck_assert_uint_eq(round, record->round);
}

START_TEST(packed_ops_read_back)
{
    struct sample sample;
    struct lp_shapes shapes = {0};
    struct lp_str bytes;
    make_sample(&sample, OPS);
    lp_str_init(&bytes);
    for (size_t from = 0; from < OPS; from += 2000) {
        int64_t rounds[WORKERS] = {0}, value = 0;
        uint64_t now = 0;
        lp_str_clear(&bytes);
        lp_timeline_pack_ops(&sample.hb.history, from, 2000, &shapes, &bytes);
        struct reader reader = {(const unsigned char *)bytes.ptr,
                                (const unsigned char *)bytes.ptr + bytes.len};
        for (size_t i = from; i < from + 2000; i++) {
            uint64_t row = next(&reader);
            ck_assert_uint_lt(row, shapes.count);
            const struct lp_shape *shape = &shapes.rows[row];
            now += next(&reader);
            uint64_t took = next(&reader);
            value += next_signed(&reader);
            rounds[shape->lane] += next_signed(&reader);
            check_op(&sample.hb.history, i, shape, now, took, value, (uint64_t)rounds[shape->lane]);
            if (shape->was_busy)
                ck_assert_uint_eq(next(&reader), sample.hb.history.ops[i].record->busy);
        }
        ck_assert_ptr_eq(reader.at, reader.end);
        ck_assert_uint_le(bytes.len, 2000 * 12);
    }
    lp_shapes_release(&shapes);
    lp_str_release(&bytes);
    release_sample(&sample);
}
END_TEST

START_TEST(packed_holds_read_back)
{
    struct sample sample;
    struct lp_str bytes;
    make_sample(&sample, 400);
    lp_str_init(&bytes);
    const struct lp_checks *checks = &sample.checks;
    ck_assert_uint_gt(checks->hold_count, 50);
    lp_timeline_pack_holds(checks, 0, checks->hold_count, &bytes);
    struct reader reader = {(const unsigned char *)bytes.ptr,
                            (const unsigned char *)bytes.ptr + bytes.len};
    uint64_t now = sample.hb.history.start_ns;
    for (size_t i = 0; i < checks->hold_count; i++) {
        const struct lp_hold *hold = &checks->holds[i];
        ck_assert_uint_eq(next(&reader), hold->worker);
        ck_assert_uint_eq(next(&reader), hold->lock);
        ck_assert_uint_eq(next(&reader) & 1, hold->shared);
        now += next(&reader);
        ck_assert_uint_eq(now, hold->from_ns);
        ck_assert_uint_eq(next(&reader), hold->until_ns - hold->from_ns);
        uint64_t after = next(&reader);
        ck_assert_uint_eq(after, hold->release_complete_ns == UINT64_MAX
                                     ? 0
                                     : hold->release_complete_ns - hold->until_ns + 1);
    }
    ck_assert_ptr_eq(reader.at, reader.end);
    lp_str_release(&bytes);
    release_sample(&sample);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("timeline");
    TCase *tests = tcase_create("timeline");
    tcase_add_test(tests, levels_add_up);
    tcase_add_test(tests, cells_nest);
    tcase_add_test(tests, shares_are_of_time_held);
    tcase_add_test(tests, packed_ops_read_back);
    tcase_add_test(tests, packed_holds_read_back);
    suite_add_tcase(suite, tests);
    return suite;
}

LP_UNIT_MAIN(make_suite)
