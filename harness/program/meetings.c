/* SPDX-License-Identifier: MIT */
#include "program/meetings.h"

#include <stdlib.h>

#include "base/histogram.h"

static bool is_change(const struct lp_event *event)
{
    return event->result >= 0 &&
           (event->kind == LP_EVENT_WRITE || event->kind == LP_EVENT_TRUNCATE);
}

static bool conflict(const struct lp_event *a, const struct lp_event *b)
{
    bool both_shared = !(a->flags & LP_EVENT_EXCLUSIVE) && !(b->flags & LP_EVENT_EXCLUSIVE);
    return a->copy != b->copy && a->object == b->object && !both_shared && a->from < b->to &&
           b->from < a->to;
}

static bool in_time(const struct lp_event *a, const struct lp_event *b)
{
    return a->invoke_ns <= b->complete_ns && b->invoke_ns <= a->complete_ns;
}

/* The tape is in order of completion, so what overlaps ends after this one began. */
static bool met_before(const struct lp_tape *tape, size_t index, bool locks)
{
    const struct lp_event *event = &tape->events[index];
    for (size_t k = index; k-- > 0;) {
        const struct lp_event *other = &tape->events[k];
        if (other->complete_ns < event->invoke_ns)
            return false;
        if (locks ? lp_event_is_attempt(other) && conflict(event, other) && in_time(event, other)
                  : is_change(other) && other->object == event->object &&
                        other->copy != event->copy && in_time(event, other))
            return true;
    }
    return false;
}

static bool met_later(const struct lp_tape *tape, size_t index, bool locks)
{
    const struct lp_event *event = &tape->events[index];
    size_t end = index + 2048 < tape->event_count ? index + 2048 : tape->event_count;
    for (size_t k = index + 1; k < end; k++) {
        const struct lp_event *other = &tape->events[k];
        if (locks ? lp_event_is_attempt(other) && conflict(event, other) && in_time(event, other)
                  : is_change(other) && other->object == event->object &&
                        other->copy != event->copy && in_time(event, other))
            return true;
    }
    return false;
}

static bool has_locks(const struct lp_tape *tape)
{
    for (size_t i = 0; i < tape->event_count; i++) {
        const struct lp_event *event = &tape->events[i];
        if (lp_event_is_attempt(event) && tape->objects[event->object].shared)
            return true;
    }
    return false;
}

void lp_meetings_add(struct lp_contention *contention, const struct lp_tape *tape)
{
    bool locks = has_locks(tape);
    uint32_t *holder = lp_alloc(tape->object_count + 1, sizeof *holder); /* copy + 1 */
    contention->counts_updates = !locks && contention->acquires == 0;
    for (size_t i = 0; i < tape->event_count; i++) {
        const struct lp_event *event = &tape->events[i];
        if (event->object == LP_NO_OBJECT || !tape->objects[event->object].shared)
            continue;
        if (locks && lp_event_is_attempt(event) && event->result < 0) {
            contention->blocked++;
        } else if (locks && lp_event_is_attempt(event)) {
            uint32_t *last = &holder[event->object];
            contention->acquires++;
            contention->handovers += *last != 0 && *last != event->copy + 1;
            *last = event->copy + 1;
            contention->meetings += met_before(tape, i, true) || met_later(tape, i, true);
        } else if (!locks && is_change(event)) {
            contention->windows++;
            contention->meetings += met_before(tape, i, false) || met_later(tape, i, false);
        }
    }
    free(holder);
}

void lp_meetings_times(const struct lp_tape *tape, struct lp_histogram *acquire_ns,
                       struct lp_histogram *hold_ns)
{
    for (size_t i = 0; i < tape->hold_count; i++) {
        const struct lp_tape_hold *hold = &tape->holds[i];
        const struct lp_event *acquire = &tape->events[hold->acquire];
        if (!lp_event_is_attempt(acquire) || !tape->objects[hold->object].shared)
            continue;
        lp_histogram_add(acquire_ns, acquire->complete_ns - acquire->invoke_ns);
        if (hold->release != LP_NO_EVENT)
            lp_histogram_add(hold_ns,
                             tape->events[hold->release].complete_ns - acquire->complete_ns);
    }
}
