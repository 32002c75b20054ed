/* SPDX-License-Identifier: MIT */
/*
 * Copies that say they did it and did not: an exit of 0 without a write to any of the data that
 * others of the trial did write. A program that swallows "database is locked" is one, and its lock
 * is not to blame.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "program/exec.h"

/* Data: files that copies share and overwrite. Logs that are appended to are not, nor the files
   that SQLite keeps beside a database, which may be written without a transaction. */
static bool is_store(const struct lp_object *object)
{
    size_t length = strlen(object->path);
    bool shm = length > 4 && strcmp(object->path + length - 4, "-shm") == 0;
    return object->kind == LP_OBJECT_FILE && object->overwritten && !shm;
}

static bool is_change(const struct lp_event *event)
{
    return (event->kind == LP_EVENT_WRITE && event->result > 0) ||
           (event->kind == LP_EVENT_TRUNCATE && event->result >= 0) ||
           (event->kind == LP_EVENT_MAKE && event->flags & LP_EVENT_RENAMED && event->result == 0);
}

/* Is any object of this path shared data? A file that is replaced by rename is a new object. */
static bool is_store_path(const struct lp_tape *tape, uint32_t object)
{
    for (size_t i = 0; i < tape->object_count; i++)
        if ((tape->objects[i].shared || tape->objects[i].sqlite) && is_store(&tape->objects[i]) &&
            strcmp(tape->objects[i].path, tape->objects[object].path) == 0)
            return true;
    return false;
}

unsigned lp_silent_copies(const struct lp_trial *trial)
{
    const struct lp_tape *tape = &trial->tape;
    bool *wrote = lp_alloc(trial->copies + 1, sizeof *wrote);
    bool *store = lp_alloc(tape->object_count + 1, sizeof *store);
    unsigned silent = 0, loud = 0;
    for (size_t i = 0; i < tape->object_count; i++)
        store[i] = is_store_path(tape, (uint32_t)i);
    for (size_t i = 0; i < tape->event_count; i++) {
        const struct lp_event *event = &tape->events[i];
        if (event->object == LP_NO_OBJECT || !is_change(event))
            continue;
        /* Data that is replaced by rename only is never overwritten: its name is the store. */
        if (store[event->object] ||
            (event->kind == LP_EVENT_MAKE && tape->objects[event->object].shared))
            wrote[event->copy] = true;
    }
    for (size_t i = 0; i < tape->hold_count; i++)
        if (lp_sqlite_writes(tape, &tape->holds[i]))
            wrote[tape->holds[i].copy] = true;
    for (unsigned i = 0; i < trial->copies; i++) {
        if (!WIFEXITED(trial->statuses[i]) || WEXITSTATUS(trial->statuses[i]) != 0)
            continue;
        silent += !wrote[i];
        loud += wrote[i];
    }
    free(wrote);
    free(store);
    return loud > 0 && !tape->foreign && !tape->full ? silent : 0;
}
