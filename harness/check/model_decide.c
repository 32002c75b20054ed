/* SPDX-License-Identifier: MIT */
/* All objects of a history: each is decided apart, by several threads. */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/express.h"
#include "check/model_parts.h"
#include "check/sweep.h"
#include "check/zones.h"

#define THREADS_MAX 64u

struct job {
    const struct lp_model *model;
    const struct lp_calls *calls;
    const struct lp_budget *budget;
    uint32_t *index; /* calls by key, each in order; NULL: one key only */
    size_t *first;   /* key k: index[first[k]] to index[first[k + 1] - 1] */
    size_t key_count;
    _Atomic size_t next;
    _Atomic bool stop;
    pthread_mutex_t mutex; /* guards the decision */
    struct lp_decision *decision;
};

/* ---- one object ---- */

static int by_token(const void *a, const void *b)
{
    const struct lp_item *left = a, *right = b;
    int64_t x = left->kind == LP_CALL_WRITE ? left->b : left->a;
    int64_t y = right->kind == LP_CALL_WRITE ? right->b : right->a;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    if (x != y)
        return x < y ? -1 : 1;
    return (left->call > right->call) - (left->call < right->call);
}

/* The order is that of the tokens, grants first. */
static void order_tokens(const struct lp_part *part, struct lp_ruling *ruling)
{
    qsort(part->items, part->item_count, sizeof *part->items, by_token);
    for (size_t i = 0; i < part->item_count && ruling->decided == LP_DECIDED_HELD; i++)
        lp_ruling_order(ruling, part->items[i].call);
}

/* True when the one-pass rule has decided. */
static bool decide_by_rule(const struct lp_part *part, struct lp_ruling *ruling)
{
    const struct lp_sweep_rule *rule = lp_sweep_rule_of(part->model);
    if (rule == NULL || (part->budget->search_only && part->model->kind != LP_MODEL_LEASE))
        return false;
    struct lp_sweep *sweep =
        lp_sweep_new(rule, part->model, part->budget, part->calls->start, part->slack_ns);
    sweep->order = part->budget->want_order ? ruling : NULL;
    for (size_t i = 0; i < part->item_count; i++)
        if (!lp_sweep_add(sweep, &part->items[i]))
            break;
    lp_sweep_end(sweep);
    bool decided = sweep->state != LP_SWEEP_DOUBT;
    if (decided)
        lp_sweep_rule_on(sweep, ruling);
    if (sweep->state == LP_SWEEP_BROKEN && sweep->whole)
        for (size_t i = 0; i < part->item_count && part->items[i].call <= sweep->failed_by; i++)
            lp_ruling_witness(ruling, part->items[i].call);
    if (!decided)
        ruling->order_count = ruling->witness_count = 0;
    else if (part->model->kind == LP_MODEL_FENCED && part->budget->want_order)
        order_tokens(part, ruling);
    lp_sweep_free(sweep);
    return decided;
}

/* Grants and writes are two objects: see sweep_tokens.c. */
static void search_fenced(const struct lp_part *part, struct lp_ruling *ruling)
{
    struct lp_part half = *part;
    half.items = lp_alloc(part->item_count, sizeof *half.items);
    for (int writes = 0; writes < 2 && ruling->decided == LP_DECIDED_HELD; writes++) {
        half.item_count = 0;
        for (size_t i = 0; i < part->item_count; i++)
            if ((part->items[i].kind == LP_CALL_WRITE) == (writes == 1))
                half.items[half.item_count++] = part->items[i];
        lp_part_search(&half, ruling);
    }
    free(half.items);
}

static void decide_part(struct lp_part *part, struct lp_ruling *ruling)
{
    lp_part_prepare(part);
    bool is_register =
        part->model->kind == LP_MODEL_REGISTER || part->model->kind == LP_MODEL_CAS_REGISTER;
    bool decided = is_register ? !part->budget->search_only && lp_rule_zones(part, ruling)
                               : decide_by_rule(part, ruling);
    if (!decided) {
        if (part->model->kind == LP_MODEL_FENCED)
            search_fenced(part, ruling);
        else
            lp_part_search(part, ruling);
    }
    lp_part_release(part);
}

static void take_verdict(struct lp_decision *decision, const struct lp_ruling *ruling, uint32_t key)
{
    decision->decided = ruling->decided;
    decision->why = ruling->why;
    decision->rule = ruling->rule;
    decision->key = key;
    snprintf(decision->detail, sizeof decision->detail, "%s", ruling->detail);
}

static void merge(struct job *job, uint32_t key, struct lp_ruling *ruling)
{
    struct lp_decision *decision = job->decision;
    pthread_mutex_lock(&job->mutex);
    decision->keys++;
    switch (ruling->decided) {
    case LP_DECIDED_BROKEN:
        if (decision->keys_broken++ == 0) {
            take_verdict(decision, ruling, key);
            decision->witness = ruling->witness;
            ruling->witness = NULL;
            decision->witness_count = ruling->witness_count;
            lp_sort_calls(decision->witness, decision->witness_count);
        }
        job->stop = true;
        break;
    case LP_DECIDED_UNKNOWN:
        if (decision->keys_broken == 0 && decision->keys_unknown == 0)
            take_verdict(decision, ruling, key);
        decision->keys_unknown++;
        break;
    default:
        decision->keys_held++;
        if (decision->keys_unknown == 0 && decision->keys_broken == 0)
            decision->rule = ruling->rule;
        decision->order =
            realloc(decision->order,
                    (decision->order_count + ruling->order_count + 1) * sizeof *decision->order);
        for (size_t i = 0; i < ruling->order_count; i++)
            decision->order[decision->order_count++] = ruling->order[i];
        break;
    }
    pthread_mutex_unlock(&job->mutex);
}

static void *work(void *context)
{
    struct job *job = context;
    struct lp_numbers numbers = {0};
    for (;;) {
        size_t key = job->next++;
        if (key >= job->key_count || job->stop)
            break;
        struct lp_part part = {
            .model = job->model,
            .calls = job->calls,
            .budget = job->budget,
            .key = (uint32_t)key,
            .index = job->index ? job->index + job->first[key] : NULL,
            .count = job->index ? job->first[key + 1] - job->first[key] : job->calls->count,
            .numbers = &numbers,
            .slack_ns = 2 * job->calls->uncertainty_ns,
        };
        if (part.count == 0)
            continue;
        struct lp_ruling ruling = {0};
        decide_part(&part, &ruling);
        merge(job, job->index ? part.key : job->calls->calls[0].key, &ruling);
        lp_ruling_release(&ruling);
    }
    lp_numbers_release(&numbers);
    return NULL;
}

/* ---- all ---- */

static bool survey(struct job *job)
{
    const struct lp_calls *calls = job->calls;
    struct lp_decision *decision = job->decision;
    enum lp_model_kind kind = job->model->kind;
    size_t key_count = 1;
    bool several = false;
    for (size_t i = 0; i < calls->count; i++) {
        const struct lp_call *call = &calls->calls[i];
        if (lp_model_refuses(kind, call)) {
            decision->decided = LP_DECIDED_UNKNOWN;
            decision->why = LP_WHY_UNSUITED;
            decision->key = call->key;
            snprintf(decision->detail, sizeof decision->detail,
                     "call %zu is none that the model can judge", i);
            return false;
        }
        if (lp_model_judges(kind, (enum lp_call_kind)call->kind))
            decision->judged += lp_model_tells(kind, call) != LP_TELLS_NOTHING;
        else
            decision->ignored++;
        several |= call->key != calls->calls[0].key;
        if (call->key >= key_count)
            key_count = call->key + 1u;
    }
    job->key_count = several ? key_count : calls->count > 0;
    return true;
}

/* A counting sort by key. */
static void partition(struct job *job)
{
    const struct lp_calls *calls = job->calls;
    if (job->key_count <= 1)
        return;
    job->first = lp_alloc(job->key_count + 2, sizeof *job->first);
    job->index = lp_alloc(calls->count, sizeof *job->index);
    for (size_t i = 0; i < calls->count; i++)
        job->first[calls->calls[i].key + 2]++;
    for (size_t key = 2; key < job->key_count + 2; key++)
        job->first[key] += job->first[key - 1];
    for (size_t i = 0; i < calls->count; i++)
        job->index[job->first[calls->calls[i].key + 1]++] = (uint32_t)i;
}

static void run_threads(struct job *job)
{
    pthread_t threads[THREADS_MAX];
    unsigned wanted = job->budget->threads < THREADS_MAX ? job->budget->threads : THREADS_MAX;
    unsigned started = 0;
    while (started + 1 < wanted && started + 1 < job->key_count) {
        if (pthread_create(&threads[started], NULL, work, job) != 0)
            break;
        started++;
    }
    work(job);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

void lp_model_decide(const struct lp_model *model, const struct lp_calls *calls,
                     const struct lp_budget *budget, struct lp_decision *decision)
{
    static const struct lp_budget boundless = {0};
    struct job job = {
        .model = model,
        .calls = calls,
        .budget = budget ? budget : &boundless,
        .decision = decision,
    };
    *decision = (struct lp_decision){.rule = ""};
    if (!job.budget->want_order && !job.budget->search_only && lp_express(model, calls, decision))
        return;
    if (!survey(&job))
        return;
    if (decision->judged == 0) {
        decision->decided = LP_DECIDED_UNKNOWN;
        decision->why = LP_WHY_EMPTY;
        snprintf(decision->detail, sizeof decision->detail, "no call that the model can judge");
        return;
    }
    pthread_mutex_init(&job.mutex, NULL);
    partition(&job);
    run_threads(&job);
    pthread_mutex_destroy(&job.mutex);
    free(job.first);
    free(job.index);
}

void lp_decision_release(struct lp_decision *decision)
{
    free(decision->witness);
    free(decision->order);
    *decision = (struct lp_decision){0};
}
