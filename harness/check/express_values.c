/* SPDX-License-Identifier: MIT */
/*
 * Counters and tokens: values told by the calls leave one order only. With x before y in it, y must
 * not have returned before x was invoked; it is enough to compare with the latest invocation of all
 * before. Values lie close together, so the order is found by putting each call in its place in an
 * array. O(n), two passes.
 */
#include "check/express.h"

#include <stdlib.h>

#include "base/str.h"

#define PROCESSES 1024 /* to begin with */

/* Goes through the places in order. */
struct walk {
    uint64_t latest_ns; /* the latest invocation so far, */
    uint32_t latest;    /*   and whose it is */
};

struct places {
    const struct lp_calls *calls;
    int64_t base;    /* the value of place 0 */
    size_t count;    /* of places */
    size_t used;     /* 1 + the highest one in use */
    uint32_t *spare; /* adds of unknown outcome, in order of invocation, to fill gaps */
    size_t spare_count, spare_next;
    uint32_t *call;   /* by place: 1 + the call that stands there */
    uint32_t *read;   /* by place: 1 + the last read of that value; NULL: there are none */
    uint32_t *before; /* by call: 1 + the read of the same value before it */
    uint32_t *last;   /* by process: 1 + the last call that was placed */
    size_t last_cap;
    uint32_t twice; /* 1 + a call in whose place another one stands too, twice_by */
    uint32_t twice_by;
    const char *rule;
};

static bool in_order(struct places *places, struct walk *walk, uint32_t index, bool *plain,
                     struct lp_decision *decision)
{
    const struct lp_call *call = &places->calls->calls[index];
    if (call->return_ns < walk->latest_ns) {
        *plain = places->calls->calls[walk->latest].outcome == LP_OK; /* else: another may do */
        if (*plain)
            lp_express_broken(
                decision, call->key, places->rule,
                "it returned before a call was invoked that its value shows to be earlier",
                walk->latest, index);
        return false;
    }
    if (call->process >= places->last_cap)
        places->last =
            lp_grow(places->last, &places->last_cap, call->process + 1u, sizeof *places->last);
    if (places->last[call->process] > index + 1) {
        *plain = false; /* in one instant */
        return false;
    }
    places->last[call->process] = index + 1;
    if (call->invoke_ns >= walk->latest_ns) {
        walk->latest_ns = call->invoke_ns;
        walk->latest = index;
    }
    return true;
}

/* Reads of one value: any order of them will do that is their own. */
static bool reads_in_order(struct places *places, struct walk *walk, size_t place, bool *plain,
                           struct lp_decision *decision)
{
    uint32_t first = 0;
    for (uint32_t at = places->read[place], next; at != 0; at = next) {
        next = places->before[at - 1];
        places->before[at - 1] = first;
        first = at;
    }
    for (uint32_t at = first; at != 0; at = places->before[at - 1])
        if (!in_order(places, walk, at - 1, plain, decision))
            return false;
    return true;
}

/* Adds of unknown outcome fill the places where nothing stands; the earliest are best. */
static uint32_t fill_gap(struct places *places)
{
    if (places->spare_next == places->spare_count)
        return 0;
    return places->spare[places->spare_next++] + 1;
}

/* The same for the most part, as far as nothing is out of order and nothing was read. */
static size_t walk_quickly(struct places *places, struct walk *walk, bool gaps)
{
    const struct lp_call *calls = places->calls->calls;
    size_t place = 0;
    for (; place < places->used && places->read == NULL; place++) {
        uint32_t index = places->call[place] - 1;
        if (index == UINT32_MAX) {
            if (place > 0 && !gaps)
                break;
            continue;
        }
        const struct lp_call *call = &calls[index];
        if (call->process >= places->last_cap || call->return_ns < walk->latest_ns ||
            places->last[call->process] > index + 1)
            break;
        places->last[call->process] = index + 1;
        bool later = call->invoke_ns >= walk->latest_ns;
        walk->latest_ns = later ? call->invoke_ns : walk->latest_ns;
        walk->latest = later ? index : walk->latest;
    }
    return place;
}

static bool walk_places(struct places *places, bool gaps, struct lp_decision *decision)
{
    struct walk walk = {0};
    bool plain = true;
    places->last = lp_grow(places->last, &places->last_cap, PROCESSES, sizeof *places->last);
    if (places->twice != 0)
        return lp_express_broken(decision, places->calls->calls[0].key, places->rule,
                                 "two calls with one value", places->twice - 1, places->twice_by);
    for (size_t place = walk_quickly(places, &walk, gaps); place < places->used; place++) {
        uint32_t call = places->call[place];
        if (call == 0 && place > 0 && !gaps && (call = fill_gap(places)) == 0)
            return false; /* a value that nobody made: not plain */
        if (call != 0 && !in_order(places, &walk, call - 1, &plain, decision))
            return plain;
        if (places->read && !reads_in_order(places, &walk, place, &plain, decision))
            return plain;
    }
    lp_express_decide(decision, LP_DECIDED_HELD, places->rule);
    return true;
}

static void use_place(struct places *places, uint64_t place)
{
    if (place >= places->used)
        places->used = place + 1;
}

static bool place_at(struct places *places, int64_t value, uint32_t index)
{
    uint64_t place = (uint64_t)value - (uint64_t)places->base;
    if (place >= places->count)
        return false;
    if (places->call[place] != 0) {
        places->twice = places->call[place];
        places->twice_by = index;
        return places->calls->calls[places->twice - 1].process !=
               places->calls->calls[index].process;
    }
    places->call[place] = index + 1;
    use_place(places, place);
    return true;
}

static void places_release(struct places *places)
{
    free(places->call);
    free(places->read);
    free(places->before);
    free(places->last);
    free(places->spare);
}

static bool place_read(struct places *places, int64_t value, uint32_t index)
{
    uint64_t place = (uint64_t)value - (uint64_t)places->base;
    if (place >= places->count)
        return false;
    if (places->read == NULL) {
        places->read = lp_alloc(places->count, sizeof *places->read);
        places->before = lp_alloc(places->calls->count, sizeof *places->before);
    }
    use_place(places, place);
    places->before[index] = places->read[place];
    places->read[place] = index + 1;
    return true;
}

static void keep_spare(struct places *places, uint32_t index)
{
    if (places->spare == NULL)
        places->spare = lp_alloc(places->calls->count, sizeof *places->spare);
    places->spare[places->spare_count++] = index;
}

/* Reads and calls of unknown outcome. */
static bool place_other(struct places *places, uint32_t index)
{
    const struct lp_call *call = &places->calls->calls[index];
    if (call->outcome == LP_OK)
        return call->kind == LP_CALL_READ && place_read(places, call->a, index);
    if (call->outcome != LP_UNKNOWN || call->return_ns != LP_CALL_NEVER)
        return false;
    if (call->kind != LP_CALL_ADD)
        return call->kind == LP_CALL_READ;
    keep_spare(places, index);
    return call->a == 1;
}

bool lp_express_counter(const struct lp_calls *calls, struct lp_decision *decision)
{
    struct places places = {.calls = calls, .count = calls->count + 1};
    bool decided = false, plain = true;
    uint32_t key = calls->calls[0].key;
    size_t failed = 0;
    places.rule = "values leave one order";
    places.base = calls->start == LP_CALL_NOTHING ? 0 : calls->start;
    places.call = lp_alloc(places.count, sizeof *places.call);
    for (size_t i = 0; i < calls->count && plain; i++) {
        const struct lp_call *call = &calls->calls[i];
        if (call->outcome == LP_OK && call->kind == LP_CALL_ADD)
            plain = call->a == 1 && call->key == key && call->b != places.base &&
                    place_at(&places, call->b, (uint32_t)i);
        else if (call->outcome == LP_FAIL)
            failed++;
        else
            plain = call->key == key && place_other(&places, (uint32_t)i);
    }
    decision->judged = calls->count - failed;
    if (plain)
        decided = walk_places(&places, false, decision);
    places_release(&places);
    return decided;
}

bool lp_express_tokens(const struct lp_calls *calls, struct lp_decision *decision)
{
    struct places places = {.calls = calls, .count = 2 * calls->count + 2};
    bool decided = false, plain = true;
    places.rule = "tokens leave one order";
    places.call = NULL;
    for (size_t i = 0; i < calls->count && plain; i++) {
        const struct lp_call *call = &calls->calls[i];
        if (call->outcome == LP_FAIL)
            continue;
        if (call->kind != LP_CALL_ACQUIRE) {
            plain = call->kind == LP_CALL_RELEASE;
            decision->ignored++;
            continue;
        }
        if (call->outcome == LP_UNKNOWN)
            continue;
        plain = call->outcome == LP_OK && call->key == calls->calls[0].key &&
                call->a != LP_CALL_NOTHING;
        if (plain && places.call == NULL) {
            places.call = lp_alloc(places.count, sizeof *places.call);
            places.base = (int64_t)((uint64_t)call->a - calls->count);
        }
        plain = plain && place_at(&places, call->a, (uint32_t)i);
        decision->judged++;
    }
    if (plain && places.call != NULL)
        decided = walk_places(&places, true, decision);
    places_release(&places);
    return decided;
}
