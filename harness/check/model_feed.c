/* SPDX-License-Identifier: MIT */
/* Deciding in one pass: a rule for each object, fed call by call. Nothing is kept of calls that are
   over. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "check/model_parts.h"
#include "check/sweep.h"

/* Numbers of processes within objects: an open hash table of (key, process). */
struct member {
    uint32_t key, process, number;
    bool used;
};

/* Of the few processes that call most: found without hashing. */
#define RECENT 64

struct object {
    struct lp_sweep *sweep; /* NULL: no call that says anything yet */
    uint32_t process_count;
};

struct lp_feed {
    struct lp_model model;
    struct lp_budget budget;
    int64_t start;
    uint64_t slack_ns;
    const struct lp_sweep_rule *rule;
    struct object *objects; /* by key */
    size_t object_count, object_cap;
    struct member recent[RECENT];
    struct member *members;
    size_t member_count, member_cap; /* cap: a power of two */
    size_t fed;                      /* calls so far */
    bool unsuited, stopped;
    struct lp_decision decision;
};

struct lp_feed *lp_feed_new(const struct lp_model *model, const struct lp_budget *budget,
                            int64_t start, uint64_t uncertainty_ns, struct lp_err *err)
{
    const struct lp_sweep_rule *rule = lp_sweep_rule_of(model);
    if (rule == NULL) {
        lp_err_set(err, LP_ERR_USAGE, "a register cannot be decided in one pass");
        return NULL;
    }
    struct lp_feed *feed = lp_alloc(1, sizeof *feed);
    feed->model = *model;
    if (budget)
        feed->budget = *budget;
    feed->start = start;
    feed->slack_ns = 2 * uncertainty_ns;
    feed->rule = rule;
    feed->decision.rule = rule->name;
    feed->member_cap = 64;
    feed->members = lp_alloc(feed->member_cap, sizeof *feed->members);
    return feed;
}

static size_t find_member(const struct member *members, size_t cap, uint32_t key, uint32_t process)
{
    size_t at = lp_mix(key, process) & (cap - 1);
    while (members[at].used && (members[at].key != key || members[at].process != process))
        at = (at + 1) & (cap - 1);
    return at;
}

static void more_members(struct lp_feed *feed)
{
    size_t cap = 2 * feed->member_cap;
    struct member *members = lp_alloc(cap, sizeof *members);
    for (size_t i = 0; i < feed->member_cap; i++)
        if (feed->members[i].used)
            members[find_member(members, cap, feed->members[i].key, feed->members[i].process)] =
                feed->members[i];
    free(feed->members);
    feed->members = members;
    feed->member_cap = cap;
}

static uint32_t number_of(struct lp_feed *feed, struct object *object, const struct lp_call *call)
{
    struct member *recent = &feed->recent[(call->process ^ call->key << 3) % RECENT];
    if (recent->used && recent->key == call->key && recent->process == call->process)
        return recent->number;
    if (2 * feed->member_count >= feed->member_cap)
        more_members(feed);
    struct member *member =
        &feed->members[find_member(feed->members, feed->member_cap, call->key, call->process)];
    if (!member->used) {
        *member = (struct member){call->key, call->process, object->process_count++, true};
        feed->member_count++;
    }
    *recent = *member;
    return member->number;
}

static struct object *object_of(struct lp_feed *feed, uint32_t key)
{
    if (key >= feed->object_count) {
        feed->objects =
            lp_grow(feed->objects, &feed->object_cap, key + (size_t)1, sizeof *feed->objects);
        feed->object_count = key + (size_t)1;
    }
    struct object *object = &feed->objects[key];
    if (object->sweep == NULL) {
        object->sweep =
            lp_sweep_new(feed->rule, &feed->model, &feed->budget, feed->start, feed->slack_ns);
        feed->decision.keys++;
    }
    return object;
}

uint32_t lp_feed_kinds(const struct lp_model *model)
{
    uint32_t kinds = 0;
    for (unsigned kind = 0; kind < LP_CALL_KINDS; kind++)
        if (lp_model_judges(model->kind, (enum lp_call_kind)kind))
            kinds |= 1u << kind;
    return kinds;
}

bool lp_feed_add(struct lp_feed *feed, const struct lp_call *call)
{
    enum lp_model_kind kind = feed->model.kind;
    size_t number = feed->fed++;
    struct lp_item item;
    if (feed->stopped)
        return false;
    if (lp_model_refuses(kind, call)) {
        snprintf(feed->decision.detail, sizeof feed->decision.detail,
                 "call %zu is none that the model can judge", number);
        feed->decision.key = call->key;
        feed->unsuited = feed->stopped = true;
        return false;
    }
    if (!lp_model_judges(kind, (enum lp_call_kind)call->kind)) {
        feed->decision.ignored++;
        return true;
    }
    if (!lp_item_of(&item, kind, call, number))
        return true;
    feed->decision.judged++;
    struct object *object = object_of(feed, call->key);
    item.process = number_of(feed, object, call);
    /* In doubt of one object the others may still be broken. */
    if (!lp_sweep_add(object->sweep, &item) && object->sweep->state != LP_SWEEP_DOUBT)
        feed->stopped = true;
    return !feed->stopped;
}

static void take(struct lp_feed *feed, struct lp_decision *decision, uint32_t key)
{
    const struct lp_sweep *sweep = feed->objects[key].sweep;
    struct lp_ruling ruling = {0};
    lp_sweep_rule_on(sweep, &ruling);
    bool first = (ruling.decided == LP_DECIDED_BROKEN && decision->keys_broken == 0) ||
                 (ruling.decided == LP_DECIDED_UNKNOWN && decision->keys_broken == 0 &&
                  decision->keys_unknown == 0);
    decision->keys_held += ruling.decided == LP_DECIDED_HELD;
    decision->keys_broken += ruling.decided == LP_DECIDED_BROKEN;
    decision->keys_unknown += ruling.decided == LP_DECIDED_UNKNOWN;
    if (first) {
        free(decision->witness);
        decision->decided = ruling.decided;
        decision->why = ruling.why;
        decision->key = key;
        snprintf(decision->detail, sizeof decision->detail, "%s", ruling.detail);
        if (ruling.witness_count == 0 && ruling.decided == LP_DECIDED_BROKEN)
            lp_ruling_witness(&ruling, sweep->failed_by);
        lp_sort_calls(ruling.witness, ruling.witness_count);
        decision->witness = ruling.witness;
        decision->witness_count = ruling.witness_count;
        ruling.witness = NULL;
    }
    lp_ruling_release(&ruling);
}

void lp_feed_end(struct lp_feed *feed, struct lp_decision *decision)
{
    *decision = feed->decision;
    if (feed->unsuited || decision->judged == 0) {
        decision->decided = LP_DECIDED_UNKNOWN;
        decision->why = feed->unsuited ? LP_WHY_UNSUITED : LP_WHY_EMPTY;
        if (!feed->unsuited)
            snprintf(decision->detail, sizeof decision->detail, "no call that the model can judge");
        return;
    }
    for (size_t key = 0; key < feed->object_count; key++) {
        struct lp_sweep *sweep = feed->objects[key].sweep;
        if (sweep == NULL)
            continue;
        if (!feed->stopped)
            lp_sweep_end(sweep);
        if (!feed->stopped || sweep->state != LP_SWEEP_GOES)
            take(feed, decision, (uint32_t)key);
    }
}

void lp_feed_free(struct lp_feed *feed)
{
    if (feed == NULL)
        return;
    for (size_t key = 0; key < feed->object_count; key++)
        lp_sweep_free(feed->objects[key].sweep);
    free(feed->objects);
    free(feed->members);
    free(feed);
}
