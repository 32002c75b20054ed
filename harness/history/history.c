/* SPDX-License-Identifier: MIT */
/*
 * From files to one history: workers by number, their ends and the final views from the observers,
 * and all operations in order of invocation. Each worker's records are in that order already, so a
 * heap over the workers merges them in O(n log workers) (Knuth, vol. 3, 5.4.1).
 */
#include "history/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/merge.h"
#include "history/image.h"

static int by_number(const void *a, const void *b)
{
    const struct lp_history_worker *left = a, *right = b;
    return (left->header->worker > right->header->worker) -
           (left->header->worker < right->header->worker);
}

/* ---- files that belong together ---- */

static bool same_boot(const struct lp_history_header *a, const struct lp_history_header *b)
{
    /* Observers do not tell. */
    return !*a->boot_id || !*b->boot_id || strcmp(a->boot_id, b->boot_id) == 0;
}

static int check_same_run(const struct lp_history_header *first, const char *first_name,
                          const struct lp_history_header *header, const char *name,
                          struct lp_err *err)
{
    if (header->workers == first->workers && header->containers == first->containers &&
        header->start_value == first->start_value && same_boot(first, header))
        return 0;
    return lp_err_set(err, LP_ERR_USAGE, "'%s' and '%s' are not of one run", first_name, name);
}

static int check_workers(const struct lp_history *history, struct lp_err *err)
{
    if (history->worker_count == 0)
        return lp_err_set(err, LP_ERR_USAGE, "no worker's history");
    for (size_t i = 1; i < history->worker_count; i++) {
        uint32_t number = history->workers[i].header->worker;
        if (history->workers[i - 1].header->worker == number)
            return lp_err_set(err, LP_ERR_USAGE, "two histories of worker %u", number);
        if (history->workers[i].header->lock_count != history->workers[0].header->lock_count)
            return lp_err_set(err, LP_ERR_USAGE, "worker %u has another number of locks", number);
    }
    return 0;
}

static void find_damage(struct lp_history *history)
{
    uint32_t planned = history->workers[0].header->workers;
    if (history->worker_count < planned) {
        history->damaged = true;
        snprintf(history->damage, sizeof history->damage,
                 "the histories of %zu of %u workers are missing",
                 (size_t)planned - history->worker_count, planned);
        return;
    }
    for (size_t i = 0; i < history->worker_count; i++) {
        const struct lp_history_worker *worker = &history->workers[i];
        if (!worker->cut)
            continue;
        history->damaged = true;
        snprintf(history->damage, sizeof history->damage,
                 "the history of worker %u is damaged after %zu operations", worker->header->worker,
                 worker->record_count);
        return;
    }
}

/* ---- what the observers saw ---- */

static struct lp_history_worker *find_worker(struct lp_history *history, int64_t number)
{
    if (number < 0 || number > UINT32_MAX)
        return NULL;
    struct lp_history_header header = {.worker = (uint32_t)number};
    struct lp_history_worker key = {.header = &header};
    return bsearch(&key, history->workers, history->worker_count, sizeof key, by_number);
}

static void take_observer(struct lp_history *history, const struct lp_image *image, bool *spoken)
{
    for (size_t i = 0; i < image->record_count; i++) {
        const struct lp_record *record = &image->records[i];
        if (record->state != LP_RECORD_COMPLETE)
            continue;
        if (record->kind == LP_STEP_OBSERVE) {
            history->views[image->header->container] =
                (struct lp_history_view){.container = image->header->container,
                                         .known = record->outcome == LP_OK,
                                         .value = record->value,
                                         .domain = record->domain,
                                         .object = record->object};
            spoken[image->header->container] = true;
            continue;
        }
        struct lp_history_worker *worker = find_worker(history, record->value);
        if (!worker)
            continue;
        worker->exited = true;
        worker->exit_status = (int)record->round;
        worker->exit_ns = record->complete_ns;
    }
}

static void take_observers(struct lp_history *history, const struct lp_image *images, size_t count)
{
    bool *spoken = lp_alloc(history->containers, sizeof *spoken);
    history->view_count = history->containers;
    history->views = lp_alloc(history->view_count, sizeof *history->views);
    for (uint32_t i = 0; i < history->containers; i++)
        history->views[i].container = i;
    for (size_t i = 0; i < count; i++)
        if (images[i].header->kind == LP_HISTORY_OBSERVER)
            take_observer(history, &images[i], spoken);
    history->complete = true;
    for (uint32_t i = 0; i < history->containers; i++)
        history->complete &= spoken[i];
    free(spoken);
}

/* ---- operations ---- */

static uint64_t invoked_at(const struct lp_history *history, uint32_t worker, size_t sequence)
{
    return history->workers[worker].records[sequence].invoke_ns;
}

static void merge_ops(struct lp_history *history)
{
    size_t total = 0, left = 0;
    struct lp_merge_entry *heap = lp_alloc(history->worker_count, sizeof *heap);
    size_t *next = lp_alloc(history->worker_count, sizeof *next);
    for (uint32_t i = 0; i < history->worker_count; i++) {
        total += history->workers[i].record_count;
        if (history->workers[i].record_count > 0)
            heap[left++] = (struct lp_merge_entry){invoked_at(history, i, 0), i};
    }
    lp_merge_make(heap, left);
    history->ops = lp_alloc(total, sizeof *history->ops);
    while (left > 0) {
        uint32_t worker = heap[0].item;
        size_t sequence = next[worker]++;
        history->ops[history->op_count++] =
            (struct lp_op){.record = &history->workers[worker].records[sequence],
                           .worker = worker,
                           .sequence = (uint32_t)sequence};
        if (next[worker] == history->workers[worker].record_count)
            heap[0] = heap[--left];
        else
            heap[0].key = invoked_at(history, worker, next[worker]);
        if (left > 0)
            lp_merge_sift(heap, left, 0);
    }
    free(heap);
    free(next);
}

static void find_start(struct lp_history *history)
{
    uint64_t start_ns = UINT64_MAX;
    for (size_t i = 0; i < history->worker_count; i++) {
        uint64_t own_ns = history->workers[i].header->start_ns;
        if (own_ns != 0 && own_ns < start_ns)
            start_ns = own_ns;
    }
    if (start_ns == UINT64_MAX)
        start_ns = history->op_count > 0 ? history->ops[0].record->invoke_ns : 0;
    history->start_ns = start_ns;
}

/* ---- all of it ---- */

static void take_workers(struct lp_history *history, const struct lp_image *images, size_t count)
{
    history->workers = lp_alloc(count, sizeof *history->workers);
    for (size_t i = 0; i < count; i++) {
        const struct lp_image *image = &images[i];
        if (image->header->kind != LP_HISTORY_WORKER)
            continue;
        history->workers[history->worker_count++] =
            (struct lp_history_worker){.header = image->header,
                                       .records = image->records,
                                       .record_count = image->record_count,
                                       .last_ns = image->last_ns,
                                       .cut = image->cut};
    }
    qsort(history->workers, history->worker_count, sizeof *history->workers, by_number);
}

static int assemble(struct lp_history *history, const struct lp_image *images, size_t count,
                    struct lp_err *err)
{
    take_workers(history, images, count);
    if (check_workers(history, err) == -1)
        return -1;
    const struct lp_history_header *header = lp_history_any_header(history);
    history->containers = header->containers;
    history->start_value = header->start_value;
    take_observers(history, images, count);
    find_damage(history);
    return 0;
}

/* Written by the same hand as the histories, but whoever edits it must not crash us. */
static bool possible_fault(const struct lp_fault_record *fault)
{
    return fault->invoke_ns <= LP_HISTORY_TIME_MAX && fault->complete_ns <= LP_HISTORY_TIME_MAX &&
           fault->over_ns <= LP_HISTORY_TIME_MAX && fault->complete_ns >= fault->invoke_ns &&
           fault->outcome <= LP_UNKNOWN && memchr(fault->fault, '\0', sizeof fault->fault) &&
           memchr(fault->target, '\0', sizeof fault->target) &&
           memchr(fault->proof, '\0', sizeof fault->proof);
}

int lp_history_take_faults(struct lp_history *history, const struct lp_history_image *image,
                           struct lp_err *err)
{
    const struct lp_faults_header *header = image->bytes;
    if (image->size < sizeof *header ||
        memcmp(header->magic, LP_FAULTS_MAGIC, sizeof LP_FAULTS_MAGIC) != 0 ||
        header->byte_order != LP_HISTORY_BYTE_ORDER)
        return lp_err_set(err, LP_ERR_USAGE, "'%s' is no file of faults", image->name);
    if (header->version != LP_HISTORY_VERSION ||
        header->record_size != sizeof(struct lp_fault_record))
        return lp_err_set(err, LP_ERR_USAGE, "'%s' is of version %u, expected %u", image->name,
                          header->version, LP_HISTORY_VERSION);
    size_t count = (image->size - sizeof *header) / sizeof(struct lp_fault_record);
    history->faults = (const void *)(header + 1);
    for (size_t i = 0; i < count && possible_fault(&history->faults[i]); i++)
        history->fault_count++;
    return 0;
}

int lp_history_of_files(struct lp_history *history, const struct lp_history_image *images,
                        size_t count, struct lp_err *err)
{
    *history = (struct lp_history){0};
    struct lp_image *read = lp_alloc(count, sizeof *read);
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        result = lp_image_read(&read[i], &images[i], err);
        if (result == 0)
            result =
                check_same_run(read[0].header, images[0].name, read[i].header, images[i].name, err);
    }
    if (result == 0)
        result = assemble(history, read, count, err);
    free(read);
    if (result == -1)
        lp_history_release(history);
    return result;
}

void lp_history_merge(struct lp_history *history)
{
    merge_ops(history);
    find_start(history);
}

int lp_history_from_images(struct lp_history *history, const struct lp_history_image *images,
                           size_t count, struct lp_err *err)
{
    if (lp_history_of_files(history, images, count, err) == -1)
        return -1;
    lp_history_merge(history);
    return 0;
}

const struct lp_history_header *lp_history_any_header(const struct lp_history *history)
{
    return history->workers[0].header;
}
