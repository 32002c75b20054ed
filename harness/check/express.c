/* SPDX-License-Identifier: MIT */
/*
 * The plain case, at the speed of memory: one object, every outcome known, each process its calls
 * in order. What is not plain is left to the rules that can do more (false is returned, and nothing
 * is said); so these passes decide little but never guess.
 *
 * Locks: a hold certainly lasts from the return of its acquire to the invocation of its release.
 * Releases come in order of their invocation, so holds come in order of their ends, and none
 * overlap if each begins no earlier than the one before ends. Then the acquires can take effect as
 * late, and the releases as early, as they can: that is an order. O(n), one pass.
 *
 * Counters and tokens: values told by the calls leave one order only. With x before y in it, y must
 * not have returned before x was invoked; it is enough to compare with the latest invocation of all
 * before. Values lie close together, so the order is found by putting each call in its place in an
 * array. O(n), two passes.
 */
#include "check/express.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

#define NONE UINT32_MAX

static void decide(struct lp_decision *decision, enum lp_decided decided, const char *rule)
{
    decision->decided = decided;
    decision->rule = rule;
    decision->keys = 1;
    decision->keys_held = decided == LP_DECIDED_HELD;
    decision->keys_broken = decided == LP_DECIDED_BROKEN;
}

static bool broken(struct lp_decision *decision, uint32_t key, const char *rule, const char *detail,
                   size_t a, size_t b)
{
    decide(decision, LP_DECIDED_BROKEN, rule);
    decision->key = key;
    snprintf(decision->detail, sizeof decision->detail, "%s", detail);
    decision->witness = lp_alloc(2, sizeof *decision->witness);
    decision->witness[0] = a < b ? a : b;
    decision->witness[1] = a < b ? b : a;
    decision->witness_count = 2;
    return true;
}

/* ---- locks ---- */

struct hold {
    uint64_t from_ns;
    uint32_t acquire; /* NONE: the process holds nothing */
    bool vague;       /* a release of its process has an unknown outcome */
};

struct locks {
    const struct lp_calls *calls;
    struct hold *of;
    size_t of_cap, of_count;
    uint64_t until_ns; /* of the hold that ended last */
    struct hold last;
};

#define LOCK_RULE "holds do not overlap"

static void more_processes(struct locks *locks, uint32_t process)
{
    locks->of = lp_grow(locks->of, &locks->of_cap, process + 1u, sizeof *locks->of);
    for (; locks->of_count < locks->of_cap; locks->of_count++)
        locks->of[locks->of_count].acquire = NONE;
}

/* Whoever releases: more acquires had returned by `time_ns` than releases been invoked, and one. */
static bool too_many(const struct lp_calls *calls, uint64_t time_ns, struct lp_decision *decision)
{
    size_t acquires = 0, releases = 0, count = 0;
    for (; count < calls->count && calls->calls[count].invoke_ns <= time_ns; count++) {
        const struct lp_call *call = &calls->calls[count];
        if (call->key != calls->calls[0].key)
            return false;
        if (call->outcome != LP_OK && call->outcome != LP_UNKNOWN)
            continue;
        acquires +=
            call->kind == LP_CALL_ACQUIRE && call->outcome == LP_OK && call->return_ns <= time_ns;
        releases += call->kind == LP_CALL_RELEASE;
    }
    if (acquires <= releases + 1)
        return false;
    decide(decision, LP_DECIDED_BROKEN, LOCK_RULE);
    decision->key = calls->calls[0].key;
    snprintf(decision->detail, sizeof decision->detail,
             "granted while another process certainly held it");
    decision->witness = lp_alloc(acquires, sizeof *decision->witness);
    for (size_t i = 0; i < count; i++) {
        const struct lp_call *call = &calls->calls[i];
        if (call->kind == LP_CALL_ACQUIRE && call->outcome == LP_OK && call->return_ns <= time_ns)
            decision->witness[decision->witness_count++] = i;
    }
    return true;
}

/* The hold in `hold`, until `until_ns`, began before the last one ended. */
static bool overlap(const struct locks *locks, enum lp_model_kind kind, const struct hold *hold,
                    uint64_t until_ns, struct lp_decision *decision)
{
    const struct hold *last = &locks->last;
    if (hold->from_ns >= locks->until_ns || last->from_ns >= until_ns)
        return false; /* they touch: not plain */
    if (kind == LP_MODEL_MUTEX)
        return too_many(locks->calls, hold->from_ns > last->from_ns ? hold->from_ns : last->from_ns,
                        decision);
    if (hold->vague || last->vague)
        return false; /* a release that never returned may have ended it after all */
    return broken(decision, locks->calls->calls[0].key, LOCK_RULE,
                  "granted while another process certainly held it", last->acquire, hold->acquire);
}

/* Holds that never ended. */
static bool end_locks(struct locks *locks, enum lp_model_kind kind, struct lp_decision *decision)
{
    for (size_t i = 0; i < locks->of_count; i++) {
        const struct hold *hold = &locks->of[i];
        if (hold->acquire == NONE)
            continue;
        if (hold->from_ns < locks->until_ns)
            return overlap(locks, kind, hold, LP_CALL_NEVER, decision);
        locks->until_ns = LP_CALL_NEVER;
        locks->last = *hold;
    }
    decide(decision, LP_DECIDED_HELD, LOCK_RULE);
    return true;
}

/* A process is granted what it holds already. */
static bool acquire_again(const struct lp_calls *calls, enum lp_model_kind kind,
                          const struct hold *hold, uint32_t index, struct lp_decision *decision)
{
    const struct lp_call *call = &calls->calls[index];
    if (kind == LP_MODEL_MUTEX)
        return too_many(calls, call->return_ns, decision);
    if (kind != LP_MODEL_OWNED_MUTEX || hold->vague || hold->from_ns > call->invoke_ns)
        return false;
    return broken(decision, call->key, LOCK_RULE, "granted to a process that certainly held it",
                  hold->acquire, index);
}

/* An acquire of unknown outcome need not have happened; a release of unknown outcome may have. */
static bool pass_locks(struct locks *locks, enum lp_model_kind kind, struct lp_decision *decision)
{
    const struct lp_calls *calls = locks->calls;
    uint32_t key = calls->calls[0].key;
    for (size_t i = 0; i < calls->count; i++) {
        const struct lp_call *call = &calls->calls[i];
        bool unknown = call->outcome == LP_UNKNOWN && call->return_ns == LP_CALL_NEVER;
        if (call->outcome == LP_FAIL)
            continue;
        if ((call->outcome != LP_OK && !unknown) || call->key != key ||
            (call->kind != LP_CALL_ACQUIRE && call->kind != LP_CALL_RELEASE))
            return false;
        if (call->process >= locks->of_count)
            more_processes(locks, call->process);
        struct hold *hold = &locks->of[call->process];
        decision->judged++;
        if (call->kind == LP_CALL_ACQUIRE) {
            if (unknown)
                continue;
            if (hold->acquire != NONE)
                return acquire_again(calls, kind, hold, (uint32_t)i, decision);
            hold->from_ns = call->return_ns;
            hold->acquire = (uint32_t)i;
            continue;
        }
        if (hold->acquire == NONE || hold->from_ns > call->invoke_ns)
            return false;
        if (hold->from_ns < locks->until_ns)
            return overlap(locks, kind, hold, call->invoke_ns, decision);
        locks->until_ns = call->invoke_ns;
        locks->last = *hold;
        hold->acquire = NONE;
        hold->vague |= unknown;
    }
    return end_locks(locks, kind, decision);
}

static bool express_locks(enum lp_model_kind kind, const struct lp_calls *calls,
                          struct lp_decision *decision)
{
    struct locks locks = {.calls = calls};
    bool decided = pass_locks(&locks, kind, decision);
    free(locks.of);
    return decided;
}

/* ---- values that leave one order ---- */

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

/* Walks the places in order. `latest` is the call with the latest invocation so far. */
struct walk {
    uint64_t latest_ns;
    uint32_t latest;
};

static bool in_order(struct places *places, struct walk *walk, uint32_t index, bool *plain,
                     struct lp_decision *decision)
{
    const struct lp_call *call = &places->calls->calls[index];
    if (call->return_ns < walk->latest_ns) {
        *plain = places->calls->calls[walk->latest].outcome == LP_OK; /* else: another may do */
        if (*plain)
            broken(decision, call->key, places->rule,
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

static bool walk_places(struct places *places, bool gaps, struct lp_decision *decision)
{
    struct walk walk = {0, 0};
    bool plain = true;
    if (places->twice != 0)
        return broken(decision, places->calls->calls[0].key, places->rule,
                      "two calls with one value", places->twice - 1, places->twice_by);
    for (size_t place = 0; place < places->used; place++) {
        uint32_t call = places->call[place];
        if (call == 0 && place > 0 && !gaps && (call = fill_gap(places)) == 0)
            return false; /* a value that nobody made: not plain */
        if (call != 0 && !in_order(places, &walk, call - 1, &plain, decision))
            return plain;
        if (places->read && !reads_in_order(places, &walk, place, &plain, decision))
            return plain;
    }
    decide(decision, LP_DECIDED_HELD, places->rule);
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

static bool express_counter(const struct lp_calls *calls, struct lp_decision *decision)
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

static bool express_tokens(const struct lp_calls *calls, struct lp_decision *decision)
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

bool lp_express(const struct lp_model *model, const struct lp_calls *calls,
                struct lp_decision *decision)
{
    if (calls->count == 0 || calls->count >= NONE || calls->uncertainty_ns != 0)
        return false;
    bool decided = false;
    switch (model->kind) {
    case LP_MODEL_MUTEX:
    case LP_MODEL_OWNED_MUTEX:
    case LP_MODEL_REENTRANT:
        decided = express_locks(model->kind, calls, decision);
        break;
    case LP_MODEL_FENCED:
        decided = express_tokens(calls, decision);
        break;
    case LP_MODEL_COUNTER:
        decided = express_counter(calls, decision);
        break;
    default:
        break;
    }
    if (!decided)
        *decision = (struct lp_decision){.rule = ""};
    return decided;
}
