/* SPDX-License-Identifier: MIT */
/*
 * Histories in memory from a compact table, for tests: one row an operation, times in ns from 1 on.
 * What a row leaves out is what usually is: outcome ok, lock 0, one store, workers that came to
 * their end, one container. Rows of one worker stand in its own order.
 *
 *     const struct hb_op ops[] = {HB_READ(0, 10, 11, 5), HB_WRITE(0, 12, 13, 6)};
 *     struct hb hb;
 *     hb_build(&hb, &(struct hb_run){HB_OPS(ops), .workers = 1, .start = 5, .final = 6});
 *     ... hb.history ...
 *     hb_release(&hb);
 */
#ifndef LP_TESTS_HISTORY_BUILDER_H
#define LP_TESTS_HISTORY_BUILDER_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "history/history.h"

#define HB_WORKERS_MAX 16
#define HB_STORE_DOMAIN 1
#define HB_STORE_OBJECT 1
#define HB_LOCK_DOMAIN 2 /* lock i is object i + 1 there */

struct hb_op {
    uint32_t worker;
    unsigned kind;
    uint64_t from, to; /* to 0: never completed */
    int64_t value;
    unsigned outcome; /* 0: ok */
    unsigned lock;
    unsigned flags;
    uint32_t round;
    unsigned attempt;
    uint64_t attempt_ns;
    unsigned busy;
    uint64_t domain, object; /* 0: the usual ones */
};

#define HB(w, k, f, t, ...)                                                                        \
    {                                                                                              \
        .worker = (w), .kind = (k), .from = (f), .to = (t), ##__VA_ARGS__                          \
    }
#define HB_LOCK(w, f, t, ...) HB(w, LP_STEP_LOCK, f, t, ##__VA_ARGS__)
#define HB_TRYLOCK(w, f, t, ...) HB(w, LP_STEP_TRYLOCK, f, t, ##__VA_ARGS__)
#define HB_TRY(w, f, t, ...) HB(w, LP_STEP_TRY, f, t, .outcome = LP_BUSY, ##__VA_ARGS__)
#define HB_UPGRADE(w, f, t, ...) HB(w, LP_STEP_UPGRADE, f, t, ##__VA_ARGS__)
#define HB_UNLOCK(w, f, t, ...) HB(w, LP_STEP_UNLOCK, f, t, ##__VA_ARGS__)
#define HB_READ(w, f, t, v, ...) HB(w, LP_STEP_READ, f, t, .value = (v), ##__VA_ARGS__)
#define HB_WRITE(w, f, t, v, ...) HB(w, LP_STEP_WRITE, f, t, .value = (v), ##__VA_ARGS__)
#define HB_CAS(w, f, t, v, ...) HB(w, LP_STEP_CAS, f, t, .value = (v), ##__VA_ARGS__)
#define HB_ADD(w, f, t, v, ...) HB(w, LP_STEP_ADD, f, t, .value = (v), ##__VA_ARGS__)
#define HB_BEGIN(w, f, t, ...) HB(w, LP_STEP_BEGIN, f, t, ##__VA_ARGS__)
#define HB_COMMIT(w, f, t, ...) HB(w, LP_STEP_COMMIT, f, t, ##__VA_ARGS__)
#define HB_ROLLBACK(w, f, t, ...) HB(w, LP_STEP_ROLLBACK, f, t, ##__VA_ARGS__)
#define HB_RENEW(w, f, t, ...) HB(w, LP_STEP_RENEW, f, t, ##__VA_ARGS__)
#define HB_TOKEN(w, f, v) HB(w, LP_STEP_TOKEN, f, f, .attempt_ns = (v)) /* a union */
#define HB_CLOSE(w, f, t, ...) HB(w, LP_STEP_CLOSE, f, t, ##__VA_ARGS__)
#define HB_IMMEDIATE .flags = 1 << LP_FLAG_BEGIN_SHIFT
#define HB_EXCLUSIVE .flags = 2 << LP_FLAG_BEGIN_SHIFT
#define HB_SHARED .flags = LP_FLAG_SHARED
#define HB_TX .flags = LP_FLAG_IN_TX
#define HB_BUSY_AT_DEADLINE .outcome = LP_BUSY, .flags = LP_FLAG_DEADLINE

struct hb_view {
    bool set; /* otherwise it is of the usual store and tells `final` */
    bool unknown;
    int64_t value;
    uint64_t domain, object;
};

struct hb_run {
    const struct hb_op *ops;
    size_t op_count;
    uint32_t workers;    /* 0: 1 + the greatest number among the operations */
    uint32_t containers; /* 0: 1; worker i is in container i % containers */
    int64_t start, final;
    bool no_final; /* nobody looked at the end: the run was killed */
    struct hb_view views[4];
    uint32_t lock_count;                 /* 0: 1 + the greatest index among the operations */
    uint32_t capacity[LP_HISTORY_LOCKS]; /* 0: 1 */
    uint32_t store_flags;
    unsigned unfinished; /* bit set of workers that did not come to their end */
    unsigned deadline;   /* those that gave up at a deadline */
    unsigned killed;     /* those that a signal ended, right after their last operation */
    unsigned missing;    /* those whose files are not there */
    uint64_t widened_ns; /* of all, as from hosts with clocks of their own */
    const char *groups[HB_WORKERS_MAX];
};

#define HB_OPS(array) .ops = (array), .op_count = LP_ARRAY_LEN(array)

struct hb {
    struct lp_history history;
    struct lp_history_image images[HB_WORKERS_MAX + 4];
    size_t image_count;
    char names[HB_WORKERS_MAX + 4][16];
};

static inline bool hb_is_lock_kind(const struct hb_op *op)
{
    return (op->kind >= LP_STEP_LOCK && op->kind <= LP_STEP_UPGRADE) || op->kind == LP_STEP_TRY ||
           op->kind == LP_STEP_RENEW || op->kind == LP_STEP_TOKEN ||
           ((op->kind == LP_STEP_CLOSE || op->kind == LP_STEP_REOPEN) &&
            !(op->flags & LP_FLAG_STORE));
}

static inline bool hb_in(unsigned set, uint32_t worker)
{
    return worker < 32 && set >> worker & 1;
}

static inline void hb_defaults(struct hb_run *run)
{
    for (size_t i = 0; i < run->op_count; i++) {
        const struct hb_op *op = &run->ops[i];
        if (op->worker >= run->workers)
            run->workers = op->worker + 1;
        if (hb_is_lock_kind(op) && op->lock >= run->lock_count)
            run->lock_count = op->lock + 1;
    }
    run->workers = run->workers ? run->workers : 1;
    run->containers = run->containers ? run->containers : 1;
}

/* A file with room for `records`; its header says what all headers of a run say. */
static inline char *hb_add_image(struct hb *hb, const struct hb_run *run, unsigned kind,
                                 uint32_t number, size_t records)
{
    size_t size = LP_HISTORY_HEADER_SIZE + records * sizeof(struct lp_record);
    char *bytes = lp_alloc(1, size);
    struct lp_history_header *header = (void *)bytes;
    char *name = hb->names[hb->image_count];
    snprintf(name, sizeof hb->names[0], "%c%u.lph", kind == LP_HISTORY_WORKER ? 'w' : 'c', number);
    hb->images[hb->image_count++] = (struct lp_history_image){bytes, size, name};
    memcpy(header->magic, LP_HISTORY_MAGIC, sizeof LP_HISTORY_MAGIC);
    header->version = LP_HISTORY_VERSION;
    header->byte_order = LP_HISTORY_BYTE_ORDER;
    header->record_size = sizeof(struct lp_record);
    header->kind = kind;
    header->worker = number;
    header->workers = run->workers;
    header->containers = run->containers;
    header->container = number % run->containers;
    header->start_value = run->start;
    header->start_ns = 1;
    header->store_flags = run->store_flags;
    header->lock_count = run->lock_count;
    for (uint32_t i = 0; i < LP_HISTORY_LOCKS; i++) {
        header->locks[i].capacity = run->capacity[i] ? run->capacity[i] : 1;
        snprintf(header->locks[i].name, sizeof header->locks[i].name,
                 run->lock_count > 1 ? "lock%u" : "lock", i);
    }
    return bytes;
}

static inline struct lp_record *hb_records(char *bytes)
{
    return (void *)(bytes + LP_HISTORY_HEADER_SIZE);
}

static inline void hb_put(struct lp_record *record, const struct hb_op *op)
{
    bool lock = hb_is_lock_kind(op);
    bool done = op->to != 0;
    *record = (struct lp_record){
        .invoke_ns = op->from,
        .complete_ns = op->to,
        .attempt_ns = op->attempt_ns,
        .value = op->value,
        .domain = op->domain ? op->domain
                  : lock     ? HB_LOCK_DOMAIN
                             : HB_STORE_DOMAIN,
        .object = op->object ? op->object
                  : lock     ? op->lock + 1
                             : HB_STORE_OBJECT,
        .round = op->round,
        .attempt = (uint16_t)op->attempt,
        .busy = (uint16_t)op->busy,
        .kind = (uint8_t)op->kind,
        .outcome = (uint8_t)(!done         ? LP_UNKNOWN
                             : op->outcome ? op->outcome
                                           : LP_OK),
        .lock = lock ? (uint8_t)op->lock : 0xff,
        .flags = (uint8_t)op->flags,
        .state = done ? LP_RECORD_COMPLETE : LP_RECORD_INVOKED,
    };
}

static inline uint64_t hb_add_worker(struct hb *hb, const struct hb_run *run, uint32_t worker)
{
    size_t count = 0;
    uint64_t last_ns = 1;
    for (size_t i = 0; i < run->op_count; i++)
        count += run->ops[i].worker == worker;
    char *bytes = hb_add_image(hb, run, LP_HISTORY_WORKER, worker, count);
    struct lp_history_header *header = (void *)bytes;
    bool unfinished = hb_in(run->unfinished | run->killed, worker);
    header->widened_ns = run->widened_ns;
    header->finished = unfinished                     ? 0
                       : hb_in(run->deadline, worker) ? 1 + LP_END_DEADLINE
                                                      : 1 + LP_END_DONE;
    if (worker < HB_WORKERS_MAX && run->groups[worker])
        snprintf(header->group, sizeof header->group, "%s", run->groups[worker]);
    struct lp_record *record = hb_records(bytes);
    for (size_t i = 0; i < run->op_count; i++) {
        if (run->ops[i].worker != worker)
            continue;
        hb_put(record++, &run->ops[i]);
        uint64_t seen_ns = run->ops[i].to ? run->ops[i].to : run->ops[i].from;
        last_ns = seen_ns > last_ns ? seen_ns : last_ns;
    }
    return last_ns;
}

static inline void hb_add_observer(struct hb *hb, const struct hb_run *run, uint32_t container,
                                   const uint64_t *last_ns)
{
    char *bytes = hb_add_image(hb, run, LP_HISTORY_OBSERVER, container, run->workers + 1);
    struct lp_record *record = hb_records(bytes);
    uint64_t end_ns = 1;
    for (uint32_t i = container; i < run->workers; i += run->containers) {
        end_ns = last_ns[i] > end_ns ? last_ns[i] : end_ns;
        /* Ends are told one after the other: worker 0's at once, no other's before it. */
        hb_put(record, &(struct hb_op){.kind = LP_STEP_EXIT,
                                       .from = end_ns,
                                       .to = end_ns,
                                       .value = i,
                                       .round = hb_in(run->killed, i) ? SIGKILL : 0});
        record++;
    }
    const struct hb_view *view = container < 4 ? &run->views[container] : &run->views[0];
    hb_put(record, &(struct hb_op){.kind = LP_STEP_OBSERVE,
                                   .from = end_ns + 1,
                                   .to = end_ns + 2,
                                   .value = view->set ? view->value : run->final,
                                   .domain = view->domain,
                                   .object = view->object,
                                   .outcome = view->unknown ? LP_FAIL : LP_OK});
}

/* The images only; for tests of what reads them. */
static inline void hb_images(struct hb *hb, const struct hb_run *given)
{
    struct hb_run run = *given;
    uint64_t last_ns[HB_WORKERS_MAX] = {0};
    *hb = (struct hb){.image_count = 0};
    hb_defaults(&run);
    if (run.workers > HB_WORKERS_MAX || run.containers > 4)
        LP_BUG("more workers or containers than the builder has room for");
    for (uint32_t i = 0; i < run.workers; i++)
        if (!hb_in(run.missing, i))
            last_ns[i] = hb_add_worker(hb, &run, i);
    for (uint32_t i = 0; i < run.containers && !run.no_final; i++)
        hb_add_observer(hb, &run, i, last_ns);
}

static inline void hb_build(struct hb *hb, const struct hb_run *run)
{
    struct lp_err err = {0};
    hb_images(hb, run);
    if (lp_history_from_images(&hb->history, hb->images, hb->image_count, &err) == -1)
        lp_bug(__FILE__, __LINE__, err.text);
}

static inline void hb_release(struct hb *hb)
{
    lp_history_release(&hb->history);
    for (size_t i = 0; i < hb->image_count; i++)
        free((void *)(uintptr_t)hb->images[i].bytes);
    *hb = (struct hb){.image_count = 0};
}

#endif
