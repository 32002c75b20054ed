/* SPDX-License-Identifier: MIT */
/* Operations and holds as short numbers; about eight bytes an operation. */
#include "reports/timeline.h"

#include <stdlib.h>

#include "base/random.h"

#define SLOTS_MIN 64

static void put(struct lp_str *out, uint64_t number)
{
    char bytes[10];
    size_t len = 0;
    do {
        unsigned low = number & 0x7f;
        number >>= 7;
        bytes[len++] = (char)(low | (number ? 0x80 : 0));
    } while (number);
    lp_str_add_bytes(out, bytes, len);
}

static void put_signed(struct lp_str *out, int64_t number)
{
    put(out, ((uint64_t)number << 1) ^ (number < 0 ? UINT64_MAX : 0));
}

static uint64_t since_start(const struct lp_history *history, uint64_t time_ns)
{
    return time_ns > history->start_ns ? time_ns - history->start_ns : 0;
}

/* ---- shapes ---- */

static uint64_t key_of(const struct lp_shape *shape)
{
    return (uint64_t)shape->lane << 34 | (uint64_t)shape->kind << 26 | (uint64_t)shape->lock << 18 |
           (uint64_t)shape->flags << 10 | (uint64_t)shape->outcome << 2 | shape->done << 1 |
           shape->was_busy;
}

static void index_row(struct lp_shapes *shapes, size_t row)
{
    size_t slot = lp_mix(key_of(&shapes->rows[row]), 0) & (shapes->slot_count - 1);
    while (shapes->slots[slot])
        slot = (slot + 1) & (shapes->slot_count - 1);
    shapes->slots[slot] = (uint32_t)row + 1;
}

static size_t add_shape(struct lp_shapes *shapes, const struct lp_shape *shape)
{
    shapes->rows = lp_grow(shapes->rows, &shapes->cap, shapes->count + 1, sizeof *shapes->rows);
    shapes->rows[shapes->count++] = *shape;
    if (shapes->count * 2 > shapes->slot_count) {
        shapes->slot_count = shapes->slot_count ? shapes->slot_count * 2 : SLOTS_MIN;
        free(shapes->slots);
        shapes->slots = lp_alloc(shapes->slot_count, sizeof *shapes->slots);
        for (size_t i = 0; i < shapes->count; i++)
            index_row(shapes, i);
    } else {
        index_row(shapes, shapes->count - 1);
    }
    return shapes->count - 1;
}

static size_t find_shape(struct lp_shapes *shapes, const struct lp_shape *shape)
{
    uint64_t key = key_of(shape);
    if (shapes->slot_count == 0)
        return add_shape(shapes, shape);
    size_t slot = lp_mix(key, 0) & (shapes->slot_count - 1);
    for (; shapes->slots[slot]; slot = (slot + 1) & (shapes->slot_count - 1))
        if (key_of(&shapes->rows[shapes->slots[slot] - 1]) == key)
            return shapes->slots[slot] - 1;
    return add_shape(shapes, shape);
}

void lp_shapes_release(struct lp_shapes *shapes)
{
    free(shapes->rows);
    free(shapes->slots);
    *shapes = (struct lp_shapes){0};
}

/* ---- operations ---- */

static struct lp_shape shape_of(const struct lp_op *op)
{
    const struct lp_record *record = op->record;
    return (struct lp_shape){.lane = op->worker,
                             .kind = record->kind,
                             .lock = record->lock,
                             .flags = record->flags,
                             .outcome = (uint8_t)lp_op_result(op),
                             .done = lp_op_done(op),
                             .was_busy = record->busy > 0};
}

static int64_t value_of(const struct lp_record *record)
{
    return record->value > LP_TIMELINE_VALUE_MAX || record->value < -LP_TIMELINE_VALUE_MAX
               ? 0
               : record->value;
}

void lp_timeline_pack_ops(const struct lp_history *history, size_t from, size_t count,
                          struct lp_shapes *shapes, struct lp_str *out)
{
    int64_t *rounds = lp_alloc(history->worker_count, sizeof *rounds);
    uint64_t last_ns = 0;
    int64_t last_value = 0;
    for (size_t i = from; i < from + count; i++) {
        const struct lp_op *op = &history->ops[i];
        const struct lp_record *record = op->record;
        const struct lp_shape shape = shape_of(op);
        uint64_t invoke_ns = since_start(history, record->invoke_ns);
        put(out, find_shape(shapes, &shape));
        put(out, invoke_ns - last_ns);
        if (!shape.done)
            put(out, 0);
        else
            put(out, record->complete_ns > record->invoke_ns
                         ? record->complete_ns - record->invoke_ns + 1
                         : 1);
        put_signed(out, value_of(record) - last_value);
        put_signed(out, record->round - rounds[op->worker]);
        if (shape.was_busy)
            put(out, record->busy);
        last_ns = invoke_ns;
        last_value = value_of(record);
        rounds[op->worker] = record->round;
    }
    free(rounds);
}

uint64_t lp_timeline_ops_end(const struct lp_history *history, size_t from, size_t count)
{
    uint64_t end_ns = 0;
    for (size_t i = from; i < from + count; i++) {
        const struct lp_op *op = &history->ops[i];
        uint64_t seen_ns =
            lp_op_done(op) ? op->record->complete_ns : history->workers[op->worker].last_ns;
        seen_ns = since_start(history, seen_ns);
        end_ns = seen_ns > end_ns ? seen_ns : end_ns;
    }
    return end_ns;
}

/* ---- holds ---- */

void lp_timeline_pack_holds(const struct lp_checks *checks, size_t from, size_t count,
                            struct lp_str *out)
{
    uint64_t last_ns = 0;
    for (size_t i = from; i < from + count; i++) {
        const struct lp_hold *hold = &checks->holds[i];
        uint64_t from_ns = since_start(checks->history, hold->from_ns);
        bool transaction = hold->lock == LP_LOCK_TX;
        put(out, hold->worker);
        put(out, transaction ? 0 : hold->lock);
        put(out, (unsigned)hold->shared | (unsigned)hold->lost << 1 |
                     (unsigned)(hold->end == LP_HOLD_OPEN) << 2 | (unsigned)transaction << 3);
        put(out, from_ns - last_ns);
        put(out, hold->until_ns > hold->from_ns ? hold->until_ns - hold->from_ns : 0);
        if (hold->release_complete_ns == UINT64_MAX)
            put(out, 0);
        else
            put(out, hold->release_complete_ns > hold->until_ns
                         ? hold->release_complete_ns - hold->until_ns + 1
                         : 1);
        last_ns = from_ns;
    }
}

uint64_t lp_timeline_holds_end(const struct lp_checks *checks, size_t from, size_t count)
{
    uint64_t end_ns = 0;
    for (size_t i = from; i < from + count; i++) {
        const struct lp_hold *hold = &checks->holds[i];
        uint64_t last_ns = checks->history->workers[hold->worker].last_ns;
        uint64_t until_ns =
            hold->release_complete_ns == UINT64_MAX ? last_ns : hold->release_complete_ns;
        until_ns =
            since_start(checks->history, until_ns > hold->until_ns ? until_ns : hold->until_ns);
        end_ns = until_ns > end_ns ? until_ns : end_ns;
    }
    return end_ns;
}
