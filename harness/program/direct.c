/* SPDX-License-Identifier: MIT */
/*
 * A directed schedule: copy 0 goes on until it has read the path and is about to write it; copy 1
 * then goes as far as it can; copy 0 after it. When a lock keeps the two apart after all, copy 1
 * has to wait, copy 0 goes on, and nothing is lost.
 */
#include <string.h>

#include "program/exec.h"
#include "program/world.h"

#define STEPS_MAX 20000

static bool has_read(const struct lp_program_world *world, unsigned copy, const char *path)
{
    for (size_t i = 0; i < world->tape.event_count; i++) {
        const struct lp_event *event = &world->tape.events[i];
        if (event->copy == copy && event->kind == LP_EVENT_READ && event->result >= 0 &&
            strcmp(world->tape.objects[event->object].path, path) == 0)
            return true;
    }
    return false;
}

static bool is_about_to_write(const struct lp_program_world *world, unsigned copy, const char *path)
{
    const struct lp_task *task = world->held[copy];
    if (world->states[copy] != LP_COPY_STEP || !task)
        return false;
    for (unsigned i = 0; i < task->pending.event_count; i++) {
        const struct lp_event *event = &task->pending.events[i];
        bool writes = event->kind == LP_EVENT_WRITE || event->kind == LP_EVENT_TRUNCATE ||
                      (event->kind == LP_EVENT_MAKE && event->flags & LP_EVENT_RENAMED);
        if (writes && strcmp(world->tape.objects[event->object].path, path) == 0)
            return true;
    }
    return false;
}

/* As far as the copy can, or (`path`) until its write. Returns whether it moved at all. */
static int go(struct lp_program_world *world, unsigned copy, const char *path, bool *moved,
              struct lp_err *err)
{
    struct lp_effect effect = {.went = LP_WENT_DONE};
    for (unsigned i = 0; i < STEPS_MAX && effect.went == LP_WENT_DONE; i++) {
        if (world->states[copy] == LP_COPY_ENDED ||
            (path && is_about_to_write(world, copy, path) && has_read(world, copy, path)))
            return 0;
        if (world->world.step(world, copy, &effect, err) == -1)
            return -1;
        *moved |= effect.went == LP_WENT_DONE;
    }
    return 0;
}

static int carry_out(struct lp_program_world *world, const char *path, struct lp_outcome_seen *seen,
                     struct lp_err *err)
{
    unsigned copies = world->program->copies, ended = 0;
    bool moved = true;
    if (world->world.reset(world, true, err) == -1)
        return -1;
    world->free_time = true;
    if (go(world, 0, path, &moved, err) == -1)
        return -1;
    while (moved && ended < copies) {
        moved = false;
        ended = 0;
        for (unsigned i = 1; i <= copies; i++) {
            unsigned copy = i % copies;
            if (go(world, copy, NULL, &moved, err) == -1)
                return -1;
            ended += world->states[copy] == LP_COPY_ENDED;
        }
    }
    return world->world.judge(world, ended == copies ? LP_ENDING_ALL : LP_ENDING_CUT, seen, err);
}

int lp_direct(const struct lp_program *program, const char *path, const char *folder, uint64_t seed,
              struct lp_program_outcome *outcome, const char **lost, struct lp_arena *arena,
              struct lp_err *err)
{
    struct lp_program two = *program;
    struct lp_program_world world;
    struct lp_outcome_seen seen;
    *lost = NULL;
    two.copies = 2;
    lp_program_world_init(&world, &two, folder, seed);
    int result = lp_program_world_learn(&world, &seen, err);
    lp_paths_add(&world.shared, path);
    /* Which of the two is the careless one is not known: roles may be dealt by process number. */
    for (unsigned attempt = 0; attempt < 2 && result == 0 && !*lost; attempt++) {
        result = carry_out(&world, path, &seen, err);
        if (result == -1 || seen.found != LP_FOUND_VIOLATION)
            continue;
        struct lp_str text;
        lp_str_init(&text);
        lp_outcome_text(&world.outcome, &text);
        *lost = lp_arena_strdup(arena, text.ptr);
        *outcome = world.outcome;
        lp_str_release(&text);
    }
    lp_program_world_release(&world);
    return result;
}
