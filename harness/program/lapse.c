/* SPDX-License-Identifier: MIT */
/* Sections, and which of them lie open: see the header. */
#include "program/lapse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Pairs looked at in one path: a bound on time, not on what is found first. */
#define PAIRS_MAX 50000

void lp_lapses_release(struct lp_lapses *lapses)
{
    free(lapses->lapse);
    *lapses = (struct lp_lapses){0};
}

static const char *path_of(const struct lp_tape *tape, uint32_t event)
{
    return tape->objects[tape->events[event].object].path;
}

void lp_lapses_add(struct lp_lapses *lapses, const struct lp_tape *tape,
                   const struct lp_lapse *lapse)
{
    for (size_t i = 0; i < lapses->count; i++) {
        struct lp_lapse *known = &lapses->lapse[i];
        if (known->cause != lapse->cause ||
            strcmp(path_of(tape, known->write), path_of(tape, lapse->write)) != 0)
            continue;
        uint64_t count = known->count + 1;
        if (lapse->seen && !known->seen)
            *known = *lapse;
        known->count = count;
        return;
    }
    lapses->lapse = lp_grow(lapses->lapse, &lapses->cap, lapses->count + 1, sizeof *lapses->lapse);
    lapses->lapse[lapses->count] = *lapse;
    lapses->lapse[lapses->count++].count = 1;
}

/* ---- holds ---- */

static bool ranges_meet(const struct lp_tape_hold *a, const struct lp_tape_hold *b)
{
    return a->from < b->to && b->from < a->to;
}

/* fcntl's two kinds see each other. */
static bool same_kind(uint8_t a, uint8_t b)
{
    bool fcntl_a = a == LP_FAMILY_POSIX || a == LP_FAMILY_OFD;
    bool fcntl_b = b == LP_FAMILY_POSIX || b == LP_FAMILY_OFD;
    return a == b || (fcntl_a && fcntl_b);
}

static bool goes_on(const struct lp_tape_hold *hold, const struct lp_tape_hold *next)
{
    return next->acquire == hold->release && !next->converted && next->copy == hold->copy &&
           next->object == hold->object && next->family == hold->family;
}

/* Follows a hold through changes of its mode, as long as it meets `bytes`. Returns whether it is in
   force at `to`; *shared: at some time only shared. */
static bool lasts(const struct lp_tape *tape, const struct lp_tape_hold *hold, uint32_t to,
                  const struct lp_tape_hold *bytes, bool *shared)
{
    *shared = !hold->exclusive;
    while (hold->release <= to) {
        const struct lp_tape_hold *next = NULL;
        for (size_t i = 0; i < tape->hold_count && !next; i++)
            if (goes_on(hold, &tape->holds[i]) && ranges_meet(&tape->holds[i], bytes))
                next = &tape->holds[i];
        if (!next)
            return false;
        hold = next;
        *shared |= !hold->exclusive;
    }
    return true;
}

/* A lock that may protect something: one that is asked for as such, or a name that others want. */
static bool is_lock(const struct lp_tape *tape, const struct lp_tape_hold *hold)
{
    return hold->family != LP_FAMILY_NAME || tape->objects[hold->object].shared;
}

uint32_t lp_hold_across(const struct lp_tape *tape, uint32_t copy, uint32_t from, uint32_t to)
{
    bool shared;
    for (size_t i = 0; i < tape->hold_count; i++) {
        const struct lp_tape_hold *hold = &tape->holds[i];
        if (hold->copy == copy && is_lock(tape, hold) && lp_tape_hold_covers(hold, from) &&
            lasts(tape, hold, to, hold, &shared))
            return (uint32_t)i;
    }
    return LP_NO_EVENT;
}

#define IN_FORCE_MAX 64

/* The copy's holds at an event; more than that many at once is nobody's program. */
static size_t in_force(const struct lp_tape *tape, uint32_t copy, uint32_t event,
                       const struct lp_tape_hold **found)
{
    size_t count = 0;
    for (size_t i = 0; i < tape->hold_count && count < IN_FORCE_MAX; i++)
        if (tape->holds[i].copy == copy && lp_tape_hold_covers(&tape->holds[i], event))
            found[count++] = &tape->holds[i];
    return count;
}

/* Does some lock keep the section [read, write] of one copy and the other's write apart? */
static bool kept_apart(const struct lp_tape *tape, uint32_t read, uint32_t write, uint32_t other)
{
    const struct lp_tape_hold *ours[IN_FORCE_MAX], *theirs[IN_FORCE_MAX];
    size_t our_count = in_force(tape, tape->events[read].copy, read, ours);
    size_t their_count = in_force(tape, tape->events[other].copy, other, theirs);
    bool shared;
    for (size_t i = 0; i < their_count; i++)
        for (size_t k = 0; k < our_count; k++)
            if (ours[k]->object == theirs[i]->object &&
                same_kind(ours[k]->family, theirs[i]->family) && ranges_meet(ours[k], theirs[i]) &&
                lasts(tape, ours[k], write, theirs[i], &shared) &&
                !(shared && !theirs[i]->exclusive))
                return true;
    return false;
}

bool lp_copies_apart(const struct lp_tape *tape, uint32_t a, uint32_t b)
{
    return tape->ends[a] < tape->begins[b] || tape->ends[b] < tape->begins[a];
}

/* ---- one path ---- */

/* Any of the copy's holds at the event. */
static bool holds_at(const struct lp_tape *tape, uint32_t copy, uint32_t event)
{
    for (size_t i = 0; i < tape->hold_count; i++)
        if (tape->holds[i].copy == copy && is_lock(tape, &tape->holds[i]) &&
            lp_tape_hold_covers(&tape->holds[i], event))
            return true;
    return false;
}

/* The lock that the copy lost before the section's end, and did not take again; NULL: none. By a
   close of its own, or because another copy took its name away. */
static const struct lp_tape_hold *lost_hold(const struct lp_tape *tape, uint32_t copy, uint32_t to)
{
    for (size_t i = 0; i < tape->hold_count; i++) {
        const struct lp_tape_hold *hold = &tape->holds[i];
        bool again = false;
        if (hold->copy != copy || !hold->dropped || hold->release > to)
            continue;
        for (size_t k = i + 1; k < tape->hold_count && !again; k++)
            again = tape->holds[k].copy == copy && tape->holds[k].object == hold->object &&
                    tape->holds[k].acquire > hold->release && tape->holds[k].acquire <= to;
        if (!again)
            return hold;
    }
    return NULL;
}

static enum lp_cause cause_of_loss(const struct lp_tape *tape, const struct lp_tape_hold *hold)
{
    bool own = tape->events[hold->release].copy == hold->copy;
    return own ? LP_CAUSE_DROPPED_LOCK : LP_CAUSE_FOREIGN_RELEASE;
}

static enum lp_cover_seen cover_of(const struct lp_tape *tape, uint32_t from, uint32_t to,
                                   uint32_t *hold)
{
    uint32_t copy = tape->events[from].copy;
    *hold = lp_hold_across(tape, copy, from, to);
    if (*hold != LP_NO_EVENT)
        return LP_SEEN_FULL;
    return holds_at(tape, copy, from) || holds_at(tape, copy, to) ? LP_SEEN_PARTLY : LP_SEEN_NONE;
}

static bool anybody_locks(const struct lp_tape *tape)
{
    for (size_t i = 0; i < tape->hold_count; i++)
        if (is_lock(tape, &tape->holds[i]))
            return true;
    return false;
}

/* A lock by the same name that another copy holds, but of another object. */
static bool has_namesake(const struct lp_tape *tape, const struct lp_tape_hold *hold)
{
    for (size_t i = 0; i < tape->hold_count; i++) {
        const struct lp_tape_hold *other = &tape->holds[i];
        if (other->copy != hold->copy && other->object != hold->object && other->path[0] &&
            strcmp(other->path, hold->path) == 0)
            return true;
    }
    return false;
}

static bool uses_namesake(const struct lp_tape *tape, uint32_t from, uint32_t to)
{
    uint32_t copy = tape->events[from].copy;
    for (size_t i = 0; i < tape->hold_count; i++) {
        const struct lp_tape_hold *hold = &tape->holds[i];
        bool shared;
        if (hold->copy == copy && lp_tape_hold_covers(hold, from) &&
            lasts(tape, hold, to, hold, &shared) && has_namesake(tape, hold))
            return true;
    }
    return false;
}

/* A lock that is looked for and then made, in two steps: before `read` the copy found that there
   was no such name and made it, and after `write` it removed it. Returns the path, or NULL. */
static const char *made_by_looking(const struct lp_tape *tape, uint32_t read, uint32_t write)
{
    uint32_t copy = tape->events[read].copy;
    const char *path = NULL;
    for (uint32_t i = 0; i < tape->event_count; i++) {
        const struct lp_event *event = &tape->events[i];
        if (event->copy != copy || event->object == LP_NO_OBJECT)
            continue;
        const char *name = tape->objects[event->object].path;
        bool same = path && strcmp(path, name) == 0;
        if (i < read && event->kind == LP_EVENT_LOOK && event->result == -ENOENT &&
            tape->objects[event->object].shared && tape->objects[event->object].written)
            path = name;
        else if (i > write && same && event->kind == LP_EVENT_REMOVE) /* gone, or gone already */
            return path;
    }
    return NULL;
}

static bool looks_then_makes(const struct lp_tape *tape, const struct lp_lapse *lapse)
{
    const char *here = made_by_looking(tape, lapse->read, lapse->write);
    const char *there = made_by_looking(tape, lapse->other_read, lapse->other);
    return here && there && strcmp(here, there) == 0;
}

/* By what each side had (docs/CHECKER.md, causes of a losing pair). */
static enum lp_cause classify(const struct lp_tape *tape, const struct lp_lapse *lapse)
{
    uint32_t ours, theirs;
    uint32_t copy = tape->events[lapse->read].copy, other = tape->events[lapse->other].copy;
    const struct lp_object *ours_store = &tape->objects[tape->events[lapse->write].object];
    const struct lp_object *theirs_store = &tape->objects[tape->events[lapse->other].object];
    if (ours_store->kind == LP_OBJECT_FILE && theirs_store->kind == LP_OBJECT_FILE &&
        ours_store->dev != theirs_store->dev)
        return LP_CAUSE_DIFFERENT_STORE;
    if (uses_namesake(tape, lapse->read, lapse->write) &&
        uses_namesake(tape, lapse->other_read, lapse->other))
        return LP_CAUSE_DIFFERENT_LOCK;
    enum lp_cover_seen here = cover_of(tape, lapse->read, lapse->write, &ours);
    enum lp_cover_seen there = cover_of(tape, lapse->other_read, lapse->other, &theirs);
    const struct lp_tape_hold *lost =
        here == LP_SEEN_FULL ? NULL : lost_hold(tape, copy, lapse->write);
    if (!lost && there != LP_SEEN_FULL)
        lost = lost_hold(tape, other, lapse->other);
    if (lost)
        return cause_of_loss(tape, lost);
    if (here == LP_SEEN_FULL && there == LP_SEEN_FULL) {
        const struct lp_tape_hold *a = &tape->holds[ours], *b = &tape->holds[theirs];
        bool same = a->object == b->object && same_kind(a->family, b->family);
        return same ? LP_CAUSE_NARROW_SCOPE : LP_CAUSE_DIFFERENT_LOCK;
    }
    if (here == LP_SEEN_PARTLY || there == LP_SEEN_PARTLY)
        return LP_CAUSE_NARROW_SCOPE;
    if (looks_then_makes(tape, lapse))
        return LP_CAUSE_DOUBLE_GRANT;
    if (here == LP_SEEN_NONE && there == LP_SEEN_NONE && !anybody_locks(tape))
        return LP_CAUSE_NO_LOCK;
    return LP_CAUSE_ADVISORY_BYPASS;
}

struct section {
    uint32_t read, write; /* read == write: a write that follows no read */
};

struct path_events {
    uint32_t *event;
    size_t count, cap;
    struct section *section;
    size_t section_count, section_cap;
};

static bool is_data_write(const struct lp_event *event)
{
    if (event->result < 0)
        return false;
    return event->kind == LP_EVENT_WRITE || event->kind == LP_EVENT_TRUNCATE ||
           (event->kind == LP_EVENT_MAKE && event->flags & LP_EVENT_RENAMED);
}

static bool is_data(const struct lp_event *event)
{
    return (event->kind == LP_EVENT_READ && event->result >= 0) || is_data_write(event);
}

/* Different parts of one file do not touch each other. */
static bool overlap(const struct lp_event *a, const struct lp_event *b)
{
    if (a->object != b->object || a->kind == LP_EVENT_MAKE || b->kind == LP_EVENT_MAKE)
        return true;
    if (a->to <= a->from || b->to <= b->from)
        return true; /* nothing was there to be read */
    return a->from < b->to && b->from < a->to;
}

/* A copy's last read before it writes, and its last write before it reads again. */
static void find_sections(struct path_events *path, const struct lp_tape *tape)
{
    for (size_t i = 0; i < path->count; i++) {
        const struct lp_event *event = &tape->events[path->event[i]];
        if (!is_data_write(event))
            continue;
        uint32_t read = path->event[i];
        struct section *last = NULL;
        for (size_t k = i; k-- > 0;) {
            const struct lp_event *before = &tape->events[path->event[k]];
            if (before->copy != event->copy)
                continue;
            if (before->kind == LP_EVENT_READ && overlap(before, event)) {
                read = path->event[k];
                break;
            }
        }
        for (size_t k = path->section_count; k-- > 0 && !last;)
            if (path->section[k].read == read && read != path->event[i])
                last = &path->section[k];
        if (last) {
            last->write = path->event[i];
            continue;
        }
        path->section = lp_grow(path->section, &path->section_cap, path->section_count + 1,
                                sizeof *path->section);
        path->section[path->section_count++] = (struct section){read, path->event[i]};
    }
}

static void compare(struct lp_lapses *lapses, const struct lp_tape *tape,
                    const struct section *ours, const struct section *theirs)
{
    const struct lp_event *write = &tape->events[ours->write];
    const struct lp_event *other = &tape->events[theirs->write];
    if (ours->read == ours->write || write->copy == other->copy || !overlap(write, other) ||
        (write->flags & other->flags & LP_EVENT_APPEND))
        return;
    if (kept_apart(tape, ours->read, ours->write, theirs->write) ||
        lp_copies_apart(tape, write->copy, other->copy))
        return;
    struct lp_lapse lapse = {
        .read = ours->read,
        .write = ours->write,
        .other = theirs->write,
        .other_read = theirs->read,
        .seen = ours->read < theirs->write && theirs->write < ours->write,
    };
    lapse.cause = classify(tape, &lapse);
    lp_lapses_add(lapses, tape, &lapse);
}

static void judge_path(struct lp_lapses *lapses, const struct lp_tape *tape,
                       struct path_events *path)
{
    size_t pairs = 0;
    find_sections(path, tape);
    for (size_t i = 0; i < path->section_count; i++)
        for (size_t k = 0; k < path->section_count && pairs < PAIRS_MAX; k++, pairs++)
            compare(lapses, tape, &path->section[i], &path->section[k]);
}

/* ---- all paths ---- */

struct about {
    bool shared, overwritten, is_lock, sqlite;
    uint32_t copy;
};

static struct about ask(const struct lp_tape *tape, const char *path)
{
    struct about about = {.copy = UINT32_MAX};
    for (size_t i = 0; i < tape->object_count; i++) {
        const struct lp_object *object = &tape->objects[i];
        if (strcmp(object->path, path) != 0)
            continue;
        about.shared |=
            object->shared || (about.copy != UINT32_MAX && object->first_copy != about.copy);
        about.copy = object->first_copy;
        about.overwritten |=
            object->overwritten || (object->kind == LP_OBJECT_NAME && object->written);
        about.sqlite |= object->sqlite;
    }
    for (size_t i = 0; i < tape->hold_count && !about.is_lock; i++)
        about.is_lock = tape->holds[i].family == LP_FAMILY_NAME &&
                        strcmp(tape->objects[tape->holds[i].object].path, path) == 0;
    return about;
}

/* What an interpreter keeps to start faster: whoever writes it writes the same. */
static bool is_cache(const char *path)
{
    return strstr(path, "/__pycache__/") != NULL;
}

static void gather(struct path_events *path, const struct lp_tape *tape, const char *name)
{
    bool *of_path = lp_alloc(tape->object_count + 1, sizeof *of_path);
    for (size_t i = 0; i < tape->object_count; i++)
        of_path[i] = strcmp(tape->objects[i].path, name) == 0;
    for (size_t i = 0; i < tape->event_count; i++) {
        const struct lp_event *event = &tape->events[i];
        if (event->object == LP_NO_OBJECT || !of_path[event->object] || !is_data(event))
            continue;
        path->event = lp_grow(path->event, &path->cap, path->count + 1, sizeof *path->event);
        path->event[path->count++] = (uint32_t)i;
    }
    free(of_path);
}

static bool told_before(const struct lp_tape *tape, size_t object)
{
    for (size_t i = 0; i < object; i++)
        if (tape->objects[i].written &&
            strcmp(tape->objects[i].path, tape->objects[object].path) == 0)
            return true;
    return false;
}

void lp_lapses_find(struct lp_lapses *lapses, const struct lp_tape *tape)
{
    *lapses = (struct lp_lapses){0};
    for (size_t i = 0; i < tape->object_count; i++) {
        const struct lp_object *object = &tape->objects[i];
        if (!object->written || is_cache(object->path) || told_before(tape, i))
            continue;
        const struct about about = ask(tape, object->path);
        if (!about.shared || !about.overwritten || about.is_lock || about.sqlite)
            continue;
        struct path_events path = {0};
        gather(&path, tape, object->path);
        judge_path(lapses, tape, &path);
        free(path.event);
        free(path.section);
    }
    lp_sqlite_lapses(lapses, tape);
}
