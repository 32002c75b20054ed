/* SPDX-License-Identifier: MIT */
/* Limits of what a trace shows. */
#include "program/limits.h"

#include <stdio.h>
#include <string.h>

const char *lp_tape_unseen(const struct lp_tape *tape)
{
    if (tape->foreign)
        return "processes of another architecture";
    if (tape->full)
        return "there were too many calls";
    if (tape->service_count > 0)
        return tape->services[0];
    for (size_t i = 0; i < tape->object_count; i++)
        if (tape->objects[i].mapped && tape->objects[i].shared && !tape->objects[i].sqlite)
            return "stores into a shared mapping";
    return NULL;
}

static bool has_locked_file(const struct lp_tape *tape, const char *path)
{
    for (size_t i = 0; i < tape->object_count; i++) {
        const struct lp_object *object = &tape->objects[i];
        if (object->kind == LP_OBJECT_FILE && object->locked && !object->sqlite &&
            strcmp(object->path, path) == 0)
            return true;
    }
    return false;
}

/* Who made the name last before the event; UINT32_MAX: nobody that is seen. */
static uint32_t maker_of(const struct lp_tape *tape, size_t event)
{
    for (size_t i = event; i-- > 0;)
        if (tape->events[i].kind == LP_EVENT_MAKE && tape->events[i].result == 0 &&
            tape->events[i].object == tape->events[event].object)
            return tape->events[i].copy;
    return UINT32_MAX;
}

const char *lp_tape_removed_lock(const struct lp_tape *tape)
{
    for (size_t i = 0; i < tape->event_count; i++) {
        const struct lp_event *event = &tape->events[i];
        bool replaces = event->kind == LP_EVENT_MAKE && event->flags & LP_EVENT_RENAMED;
        if ((event->kind != LP_EVENT_REMOVE && !replaces) || event->result != 0 ||
            event->object == LP_NO_OBJECT)
            continue;
        const struct lp_object *object = &tape->objects[event->object];
        uint32_t maker = event->kind == LP_EVENT_REMOVE ? maker_of(tape, i) : UINT32_MAX;
        if (has_locked_file(tape, object->path) || (maker != UINT32_MAX && maker != event->copy))
            return object->path;
    }
    return NULL;
}

static bool is_left(const struct lp_tape *tape, size_t make)
{
    const struct lp_event *event = &tape->events[make];
    if (event->kind != LP_EVENT_MAKE || event->result != 0 || event->object == LP_NO_OBJECT)
        return false;
    for (size_t i = make + 1; i < tape->event_count; i++)
        if (tape->events[i].kind == LP_EVENT_REMOVE && tape->events[i].result == 0 &&
            tape->events[i].object == event->object)
            return false;
    return true;
}

const char *lp_tape_common_folder(const struct lp_tape *tape)
{
    const struct lp_event *first = NULL;
    for (size_t i = 0; i < tape->event_count; i++) {
        const struct lp_event *event = &tape->events[i];
        if (!is_left(tape, i))
            continue;
        if (!first)
            first = event;
        const struct lp_object *one = &tape->objects[first->object];
        const struct lp_object *other = &tape->objects[event->object];
        if (event->copy != first->copy && one->dev == other->dev && one->ino == other->ino)
            return other->path;
    }
    return NULL;
}

static void keep(const char **kept, const char *text, struct lp_arena *arena)
{
    if (text && !*kept)
        *kept = lp_arena_strdup(arena, text);
}

void lp_limits_note(struct lp_limits *limits, const struct lp_tape *tape, struct lp_arena *arena)
{
    keep(&limits->unseen, lp_tape_unseen(tape), arena);
    keep(&limits->removed, lp_tape_removed_lock(tape), arena);
    keep(&limits->common, lp_tape_common_folder(tape), arena);
}

bool lp_limits_hinder(const struct lp_limits *limits, unsigned copies, bool shares, char *reason,
                      size_t size)
{
    if (copies < 2)
        snprintf(reason, size, "one copy alone meets nobody, so nothing was tested");
    else if (limits->unseen)
        snprintf(reason, size,
                 "nothing was lost, but copies share what exploring does not lead: %s",
                 limits->unseen);
    else if (limits->common && !shares)
        snprintf(reason, size,
                 "nothing was lost, but each copy leaves a name in one folder, and whether they "
                 "list it is not seen: %s",
                 limits->common);
    else if (limits->removed && copies < 3)
        snprintf(reason, size,
                 "nothing was lost by %u copies, but a lock's name is taken away under others, and "
                 "what goes wrong then takes three (-w 3): %s",
                 copies, limits->removed);
    else
        return false;
    return true;
}
