/* SPDX-License-Identifier: MIT */
/* Tapes for tests: one call a line, in the order in which they completed. */
#ifndef LP_TESTS_TAPE_BUILDER_H
#define LP_TESTS_TAPE_BUILDER_H

#include "program/tape.h"

static inline uint32_t tb_file(struct lp_tape *tape, const char *path, uint64_t inode)
{
    return lp_tape_object(tape, LP_OBJECT_FILE, 1, inode, 0, path);
}

static inline uint32_t tb_name(struct lp_tape *tape, const char *path)
{
    return lp_tape_object(tape, LP_OBJECT_NAME, 1, 2, 0, path);
}

static inline uint32_t tb_event(struct lp_tape *tape, uint32_t copy, enum lp_event_kind kind,
                                uint32_t object, uint64_t from, uint64_t to)
{
    uint64_t now = 1000 * (tape->event_count + 1);
    const struct lp_event event = {
        .invoke_ns = now - 500,
        .complete_ns = now,
        .from = from,
        .to = to,
        .object = object,
        .copy = copy,
        .pid = copy + 100,
        .result = kind == LP_EVENT_READ || kind == LP_EVENT_WRITE ? (int32_t)(to - from) : 0,
        .kind = (uint8_t)kind,
        .fd = 3};
    return lp_tape_add(tape, &event);
}

static inline void tb_start(struct lp_tape *tape, uint32_t copy)
{
    tb_event(tape, copy, LP_EVENT_START, LP_NO_OBJECT, 0, 0);
}

static inline void tb_exit(struct lp_tape *tape, uint32_t copy)
{
    tb_event(tape, copy, LP_EVENT_EXIT, LP_NO_OBJECT, 0, 0);
}

static inline uint32_t tb_read(struct lp_tape *tape, uint32_t copy, uint32_t object)
{
    return tb_event(tape, copy, LP_EVENT_READ, object, 0, 4);
}

static inline uint32_t tb_write(struct lp_tape *tape, uint32_t copy, uint32_t object)
{
    return tb_event(tape, copy, LP_EVENT_WRITE, object, 0, 4);
}

static inline void tb_append(struct lp_tape *tape, uint32_t copy, uint32_t object)
{
    struct lp_event event = {.object = object,
                             .copy = copy,
                             .to = 4,
                             .result = 4,
                             .kind = LP_EVENT_WRITE,
                             .flags = LP_EVENT_APPEND};
    lp_tape_add(tape, &event);
}

static inline uint32_t tb_lock(struct lp_tape *tape, uint32_t copy, uint32_t object,
                               enum lp_family family, bool exclusive, uint64_t from, uint64_t to)
{
    uint32_t number = tb_event(tape, copy, family == LP_FAMILY_NAME ? LP_EVENT_MAKE : LP_EVENT_LOCK,
                               object, from, to);
    tape->events[number].family = (uint8_t)family;
    tape->events[number].flags = exclusive ? LP_EVENT_EXCLUSIVE : 0;
    lp_tape_grant(tape, number, tape->objects[object].path);
    return number;
}

static inline uint32_t tb_unlock(struct lp_tape *tape, uint32_t copy, uint32_t object,
                                 enum lp_family family, uint64_t from, uint64_t to)
{
    uint32_t number = tb_event(tape, copy, LP_EVENT_UNLOCK, object, from, to);
    tape->events[number].family = (uint8_t)family;
    lp_tape_let_go(tape, number, false);
    return number;
}

static inline void tb_flock(struct lp_tape *tape, uint32_t copy, uint32_t object)
{
    tb_lock(tape, copy, object, LP_FAMILY_FLOCK, true, 0, LP_RANGE_END);
}

static inline void tb_unflock(struct lp_tape *tape, uint32_t copy, uint32_t object)
{
    tb_unlock(tape, copy, object, LP_FAMILY_FLOCK, 0, LP_RANGE_END);
}

#endif
