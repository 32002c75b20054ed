/* SPDX-License-Identifier: MIT */
/* Objects, events, and the locks that are held between events. */
#include "program/tape.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"

/* 100 MB of events; what goes on behind that is not judged. */
#define EVENTS_MAX (1u << 20)
#define BUCKETS_FIRST 256

void lp_tape_init(struct lp_tape *tape)
{
    *tape = (struct lp_tape){0};
    lp_arena_init(&tape->arena);
}

void lp_tape_release(struct lp_tape *tape)
{
    free(tape->objects);
    free(tape->buckets);
    free(tape->events);
    free(tape->holds);
    free(tape->open);
    free(tape->services);
    free(tape->begins);
    free(tape->ends);
    lp_arena_release(&tape->arena);
    *tape = (struct lp_tape){0};
}

/* ---- objects ---- */

static uint64_t hash_text(const char *text)
{
    uint64_t hash = 0;
    for (; *text; text++)
        hash = lp_mix(hash, (unsigned char)*text);
    return hash;
}

/* A name's last part counts, a file's path does not. */
static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static uint64_t hash_of(enum lp_object_kind kind, uint64_t dev, uint64_t ino, uint64_t born,
                        const char *path)
{
    uint64_t hash = lp_mix(lp_mix(dev, ino), born + (uint64_t)kind);
    return kind == LP_OBJECT_NAME ? lp_mix(hash, hash_text(last_part(path))) : hash;
}

static bool is_same(const struct lp_object *object, enum lp_object_kind kind, uint64_t dev,
                    uint64_t ino, uint64_t born, const char *path)
{
    return object->kind == kind && object->dev == dev && object->ino == ino &&
           object->born == born &&
           (kind != LP_OBJECT_NAME || strcmp(last_part(object->path), last_part(path)) == 0);
}

static void put_in_bucket(struct lp_tape *tape, uint32_t index)
{
    const struct lp_object *object = &tape->objects[index];
    uint64_t hash = hash_of(object->kind, object->dev, object->ino, object->born, object->path);
    size_t at = hash % tape->bucket_count;
    while (tape->buckets[at])
        at = (at + 1) % tape->bucket_count;
    tape->buckets[at] = index + 1;
}

static void make_room(struct lp_tape *tape)
{
    if (tape->object_count * 2 < tape->bucket_count)
        return;
    free(tape->buckets);
    tape->bucket_count = tape->bucket_count ? tape->bucket_count * 2 : BUCKETS_FIRST;
    tape->buckets = lp_alloc(tape->bucket_count, sizeof *tape->buckets);
    for (size_t i = 0; i < tape->object_count; i++)
        put_in_bucket(tape, (uint32_t)i);
}

bool lp_path_is_system(const char *path)
{
    static const char *const folders[] = {"/usr/", "/lib",   "/bin/", "/sbin/",
                                          "/etc/", "/proc/", "/sys/", "/dev/"};
    if (strncmp(path, "/dev/shm/", strlen("/dev/shm/")) == 0)
        return false;
    for (size_t i = 0; i < LP_ARRAY_LEN(folders); i++)
        if (strncmp(path, folders[i], strlen(folders[i])) == 0)
            return true;
    return false;
}

static bool ends_in(const char *path, const char *end)
{
    size_t length = strlen(path), wanted = strlen(end);
    return length >= wanted && strcmp(path + length - wanted, end) == 0;
}

uint32_t lp_tape_object(struct lp_tape *tape, enum lp_object_kind kind, uint64_t dev, uint64_t ino,
                        uint64_t born, const char *path)
{
    make_room(tape);
    size_t at = hash_of(kind, dev, ino, born, path) % tape->bucket_count;
    for (; tape->buckets[at]; at = (at + 1) % tape->bucket_count) {
        uint32_t index = tape->buckets[at] - 1;
        if (is_same(&tape->objects[index], kind, dev, ino, born, path))
            return index;
    }
    tape->objects =
        lp_grow(tape->objects, &tape->object_cap, tape->object_count + 1, sizeof *tape->objects);
    struct lp_object *object = &tape->objects[tape->object_count];
    *object = (struct lp_object){.kind = kind,
                                 .path = lp_arena_strdup(&tape->arena, path),
                                 .dev = dev,
                                 .ino = ino,
                                 .born = born,
                                 .first_copy = UINT32_MAX,
                                 .system = lp_path_is_system(path)};
    object->sqlite = kind == LP_OBJECT_FILE &&
                     (ends_in(path, "-journal") || ends_in(path, "-wal") || ends_in(path, "-shm"));
    put_in_bucket(tape, (uint32_t)tape->object_count);
    return (uint32_t)tape->object_count++;
}

uint32_t lp_tape_file(const struct lp_tape *tape, uint64_t dev, uint64_t ino, uint64_t born)
{
    if (tape->bucket_count == 0)
        return LP_NO_OBJECT;
    size_t at = hash_of(LP_OBJECT_FILE, dev, ino, born, "") % tape->bucket_count;
    for (; tape->buckets[at]; at = (at + 1) % tape->bucket_count)
        if (is_same(&tape->objects[tape->buckets[at] - 1], LP_OBJECT_FILE, dev, ino, born, ""))
            return tape->buckets[at] - 1;
    return LP_NO_OBJECT;
}

void lp_tape_service(struct lp_tape *tape, const char *address)
{
    for (size_t i = 0; i < tape->service_count; i++)
        if (strcmp(tape->services[i], address) == 0)
            return;
    tape->services = lp_grow(tape->services, &tape->service_cap, tape->service_count + 1,
                             sizeof *tape->services);
    tape->services[tape->service_count++] = lp_arena_strdup(&tape->arena, address);
}

/* ---- events ---- */

static void touch(struct lp_object *object, const struct lp_event *event)
{
    if (object->first_copy == UINT32_MAX)
        object->first_copy = event->copy;
    object->shared |= object->first_copy != event->copy;
    object->locked |= event->kind == LP_EVENT_LOCK;
    object->mapped |= event->kind == LP_EVENT_MAP;
    if (event->result < 0)
        return;
    switch ((enum lp_event_kind)event->kind) {
    case LP_EVENT_WRITE:
    case LP_EVENT_TRUNCATE:
        object->written = true;
        object->overwritten |= !(event->flags & LP_EVENT_APPEND);
        break;
    case LP_EVENT_MAKE:
    case LP_EVENT_REMOVE:
        object->written = true;
        break;
    default:
        break;
    }
}

static void note_copy(struct lp_tape *tape, const struct lp_event *event)
{
    while (event->copy >= tape->copies) {
        tape->begins =
            lp_grow(tape->begins, &tape->begin_cap, tape->copies + 1, sizeof *tape->begins);
        tape->ends = lp_grow(tape->ends, &tape->end_cap, tape->copies + 1, sizeof *tape->ends);
        tape->begins[tape->copies] = tape->ends[tape->copies] = LP_NO_EVENT;
        tape->copies++;
    }
    if (event->kind == LP_EVENT_START)
        tape->begins[event->copy] = (uint32_t)tape->event_count;
    if (event->kind == LP_EVENT_EXIT)
        tape->ends[event->copy] = (uint32_t)tape->event_count;
}

uint32_t lp_tape_add(struct lp_tape *tape, const struct lp_event *event)
{
    if (tape->event_count == EVENTS_MAX) {
        tape->full = true;
        return LP_NO_EVENT;
    }
    tape->events =
        lp_grow(tape->events, &tape->event_cap, tape->event_count + 1, sizeof *tape->events);
    tape->events[tape->event_count] = *event;
    if (event->object != LP_NO_OBJECT)
        touch(&tape->objects[event->object], event);
    note_copy(tape, event);
    return (uint32_t)tape->event_count++;
}

/* ---- holds ---- */

/* fcntl's two kinds stand in each other's way, but each has its own owner. */
static bool is_owners(const struct lp_tape_hold *hold, const struct lp_event *event)
{
    return hold->object == event->object && hold->family == event->family &&
           hold->copy == event->copy &&
           (hold->family != LP_FAMILY_POSIX || hold->pid == event->pid);
}

static uint32_t begin_hold(struct lp_tape *tape, const struct lp_tape_hold *hold)
{
    tape->holds = lp_grow(tape->holds, &tape->hold_cap, tape->hold_count + 1, sizeof *tape->holds);
    tape->holds[tape->hold_count] = *hold;
    tape->open = lp_grow(tape->open, &tape->open_cap, tape->open_count + 1, sizeof *tape->open);
    tape->open[tape->open_count++] = (uint32_t)tape->hold_count;
    return (uint32_t)tape->hold_count++;
}

void lp_tape_end_hold(struct lp_tape *tape, uint32_t hold, uint32_t event, bool dropped)
{
    tape->holds[hold].release = event;
    tape->holds[hold].dropped = dropped;
    for (size_t i = 0; i < tape->open_count; i++) {
        if (tape->open[i] != hold)
            continue;
        tape->open[i] = tape->open[--tape->open_count];
        return;
    }
}

/* Takes [from, to) out of the owner's holds; what lies beside goes on. Returns whether any of them
   was there. */
static bool cut_out(struct lp_tape *tape, uint32_t index, bool dropped)
{
    const struct lp_event *event = &tape->events[index];
    bool found = false;
    for (size_t i = tape->open_count; i-- > 0;) {
        uint32_t number = tape->open[i];
        struct lp_tape_hold hold = tape->holds[number];
        if (!is_owners(&hold, event) || hold.to <= event->from || event->to <= hold.from)
            continue;
        found = true;
        lp_tape_end_hold(tape, number, index, dropped);
        struct lp_tape_hold rest = hold;
        rest.acquire = index;
        if (hold.from < event->from) {
            rest.to = event->from;
            begin_hold(tape, &rest);
        }
        rest.to = hold.to;
        if (event->to < hold.to) {
            rest.from = event->to;
            begin_hold(tape, &rest);
        }
    }
    return found;
}

void lp_tape_grant(struct lp_tape *tape, uint32_t event, const char *path)
{
    if (event == LP_NO_EVENT)
        return;
    bool had = cut_out(tape, event, false);
    const struct lp_event *granted = &tape->events[event];
    const struct lp_tape_hold hold = {
        .copy = granted->copy,
        .object = granted->object,
        .pid = granted->pid,
        .acquire = event,
        .release = LP_NO_EVENT,
        .from = granted->from,
        .to = granted->to,
        .path = lp_arena_strdup(&tape->arena, path),
        .fd = granted->fd,
        .family = granted->family,
        .exclusive = granted->flags & LP_EVENT_EXCLUSIVE,
        .converted = had && granted->family == LP_FAMILY_FLOCK,
    };
    begin_hold(tape, &hold);
}

void lp_tape_let_go(struct lp_tape *tape, uint32_t event, bool dropped)
{
    if (event != LP_NO_EVENT)
        cut_out(tape, event, dropped);
}
