/* SPDX-License-Identifier: MIT */
/* A trace in words, and as JSON lines. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "program/tape.h"
#include "reports/clean.h"

const char *lp_event_name(enum lp_event_kind kind)
{
    static const char *const names[] = {
        [LP_EVENT_START] = "start",       [LP_EVENT_EXIT] = "exit",
        [LP_EVENT_READ] = "read",         [LP_EVENT_WRITE] = "write",
        [LP_EVENT_TRUNCATE] = "truncate", [LP_EVENT_LOCK] = "lock",
        [LP_EVENT_UNLOCK] = "unlock",     [LP_EVENT_LOOK] = "look",
        [LP_EVENT_MAKE] = "make",         [LP_EVENT_REMOVE] = "remove",
        [LP_EVENT_MAP] = "map",           [LP_EVENT_CONNECT] = "connect",
        [LP_EVENT_SLEEP] = "sleep",
    };
    return names[kind];
}

const char *lp_family_name(enum lp_family family)
{
    static const char *const names[] = {
        [LP_FAMILY_NONE] = "none",     [LP_FAMILY_FLOCK] = "flock", [LP_FAMILY_POSIX] = "fcntl",
        [LP_FAMILY_OFD] = "fcntl-ofd", [LP_FAMILY_NAME] = "name",
    };
    return names[family];
}

static void add_range(const struct lp_event *event, struct lp_str *out)
{
    if (event->from == 0 && event->to == LP_RANGE_END)
        return;
    if (event->to == LP_RANGE_END)
        lp_str_addf(out, " from byte %" PRIu64, event->from);
    else
        lp_str_addf(out, " bytes %" PRIu64 "..%" PRIu64, event->from, event->to);
}

void lp_event_text(const struct lp_tape *tape, const struct lp_event *event, struct lp_str *out)
{
    lp_str_add(out, lp_event_name((enum lp_event_kind)event->kind));
    if (event->kind == LP_EVENT_LOCK)
        lp_str_addf(out, " %s %s", lp_family_name((enum lp_family)event->family),
                    event->flags & LP_EVENT_EXCLUSIVE ? "exclusive" : "shared");
    if (event->object != LP_NO_OBJECT) {
        lp_str_add(out, " ");
        lp_clean_line(out, tape->objects[event->object].path);
    }
    if (event->kind == LP_EVENT_READ || event->kind == LP_EVENT_WRITE ||
        event->kind == LP_EVENT_LOCK)
        add_range(event, out);
    if (event->result < 0)
        lp_str_addf(out, ": %s", strerror(-event->result));
}

static json_t *text_of(const char *text)
{
    struct lp_str clean;
    lp_str_init(&clean);
    lp_clean_utf8(&clean, text);
    json_t *value = json_stringn(clean.ptr, clean.len);
    lp_str_release(&clean);
    return value;
}

static void set_range(json_t *row, const struct lp_event *event)
{
    json_object_set_new(row, "from", json_integer((json_int_t)event->from));
    json_object_set_new(
        row, "to", event->to == LP_RANGE_END ? json_null() : json_integer((json_int_t)event->to));
}

static json_t *event_json(const struct lp_tape *tape, const struct lp_event *event)
{
    json_t *row = json_object();
    json_object_set_new(row, "t_ns", json_integer((json_int_t)event->invoke_ns));
    json_object_set_new(row, "t_end_ns", json_integer((json_int_t)event->complete_ns));
    json_object_set_new(row, "copy", json_integer(event->copy));
    json_object_set_new(row, "pid", json_integer(event->pid));
    json_object_set_new(row, "call", json_integer(event->call));
    json_object_set_new(row, "event", json_string(lp_event_name((enum lp_event_kind)event->kind)));
    if (event->object != LP_NO_OBJECT) {
        const struct lp_object *object = &tape->objects[event->object];
        json_object_set_new(row, "path", text_of(object->path));
        if (object->kind == LP_OBJECT_FILE)
            json_object_set_new(row, "inode", json_integer((json_int_t)object->ino));
    }
    if (event->family != LP_FAMILY_NONE)
        json_object_set_new(row, "lock",
                            json_string(lp_family_name((enum lp_family)event->family)));
    if (event->kind == LP_EVENT_LOCK)
        json_object_set_new(row, "exclusive", json_boolean(event->flags & LP_EVENT_EXCLUSIVE));
    if (event->to != 0)
        set_range(row, event);
    if (event->flags & LP_EVENT_APPEND)
        json_object_set_new(row, "append", json_true());
    json_object_set_new(row, "result", json_integer(event->result));
    return row;
}

void lp_tape_write(const struct lp_tape *tape, unsigned trial, struct lp_str *out)
{
    for (size_t i = 0; i < tape->event_count; i++) {
        json_t *row = event_json(tape, &tape->events[i]);
        json_object_set_new(row, "trial", json_integer(trial));
        char *line = json_dumps(row, JSON_COMPACT);
        if (line)
            lp_str_addf(out, "%s\n", line);
        free(line);
        json_decref(row);
    }
}
