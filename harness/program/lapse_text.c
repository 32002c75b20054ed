/* SPDX-License-Identifier: MIT */
/* A lapse in one sentence: who, where in its run, what each held. */
#include <inttypes.h>
#include <string.h>

#include "program/lapse.h"
#include "reports/clean.h"

static void add_holds(const struct lp_tape *tape, uint32_t copy, uint32_t event, struct lp_str *out)
{
    unsigned count = 0;
    for (size_t i = 0; i < tape->hold_count; i++) {
        const struct lp_tape_hold *hold = &tape->holds[i];
        if (hold->copy != copy || !lp_tape_hold_covers(hold, event))
            continue;
        if (count++ == 3)
            break;
        const struct lp_object *object = &tape->objects[hold->object];
        lp_str_addf(out, "%s%s %s on ", count > 1 ? " and " : "holding ",
                    hold->exclusive ? "exclusive" : "shared",
                    hold->family == LP_FAMILY_NAME ? "name lock"
                                                   : lp_family_name((enum lp_family)hold->family));
        lp_clean_line(out, hold->path[0] ? hold->path : object->path);
        if (object->kind == LP_OBJECT_FILE)
            lp_str_addf(out, " (inode %" PRIu64 ")", object->ino);
    }
    if (count == 0)
        lp_str_add(out, "holding no lock");
}

static void add_access(const struct lp_tape *tape, uint32_t number, const char *verb,
                       struct lp_str *out)
{
    const struct lp_event *event = &tape->events[number];
    lp_str_addf(out, "%s (pid %u, call %u) ", verb, event->pid, event->call);
    add_holds(tape, event->copy, number, out);
}

static void add_sqlite(const struct lp_tape *tape, const struct lp_lapse *lapse, struct lp_str *out)
{
    const struct lp_event *read = &tape->events[lapse->read];
    const struct lp_event *write = &tape->events[lapse->write];
    const struct lp_event *other = &tape->events[lapse->other];
    lp_str_addf(out, "copy %u read ", read->copy);
    lp_clean_line(out, tape->objects[read->object].path);
    lp_str_addf(out,
                " in one transaction (pid %u, call %u) and wrote it in a later one (call %u); "
                "copy %u committed a write between the two (call %u)",
                read->pid, read->call, write->call, other->copy, other->call);
}

void lp_lapse_text(const struct lp_tape *tape, const struct lp_lapse *lapse, struct lp_str *out)
{
    const struct lp_event *read = &tape->events[lapse->read];
    const struct lp_event *other = &tape->events[lapse->other];
    if (lapse->hint) {
        add_sqlite(tape, lapse, out);
        return;
    }
    lp_clean_line(out, tape->objects[tape->events[lapse->write].object].path);
    lp_str_addf(out, ": copy %u read it", read->copy);
    add_access(tape, lapse->read, "", out);
    lp_str_add(out, ", and wrote it");
    add_access(tape, lapse->write, "", out);
    lp_str_addf(out, "; copy %u wrote it", other->copy);
    add_access(tape, lapse->other, "", out);
    lp_str_add(out, lapse->seen ? ", between the two" : ", and may do so between the two");
}
