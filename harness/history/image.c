/* SPDX-License-Identifier: MIT */
/*
 * One history file, validated once so that nobody behind has to. A header that cannot be right is
 * an error: the file is not what the user thinks. A record that cannot be right ends the file
 * instead, and `cut` says so: what was written before it is still evidence, but nothing may be
 * concluded any more from what is absent.
 */
#include "history/image.h"

#include <string.h>

#include "scenario/scenario.h"

static bool ends(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static bool texts_end(const struct lp_history_header *header)
{
    if (!ends(header->boot_id, sizeof header->boot_id) ||
        !ends(header->scenario, sizeof header->scenario) ||
        !ends(header->group, sizeof header->group) ||
        !ends(header->store_driver, sizeof header->store_driver))
        return false;
    for (size_t i = 0; i < LP_HISTORY_LOCKS; i++)
        if (!ends(header->locks[i].name, sizeof header->locks[i].name) ||
            !ends(header->locks[i].driver, sizeof header->locks[i].driver))
            return false;
    return true;
}

static const char *impossible_header(const struct lp_history_header *header)
{
    if (header->kind != LP_HISTORY_WORKER && header->kind != LP_HISTORY_OBSERVER)
        return "neither of a worker nor of a container";
    if (header->workers == 0 || header->workers > LP_WORKERS_MAX)
        return "number of workers out of range";
    if (header->containers == 0 || header->containers > LP_CONTAINERS_MAX)
        return "number of containers out of range";
    if (header->container >= header->containers)
        return "container out of range";
    if (header->kind == LP_HISTORY_WORKER && header->worker >= header->workers)
        return "worker out of range";
    if (header->lock_count > LP_HISTORY_LOCKS)
        return "number of locks out of range";
    if (header->start_ns > LP_HISTORY_TIME_MAX)
        return "start out of range";
    return texts_end(header) ? NULL : "a text has no end";
}

static int check_header(const struct lp_history_image *source, struct lp_err *err)
{
    const struct lp_history_header *header = source->bytes;
    const char *name = source->name;
    if (source->size < LP_HISTORY_HEADER_SIZE ||
        memcmp(header->magic, LP_HISTORY_MAGIC, sizeof LP_HISTORY_MAGIC) != 0)
        return lp_err_set(err, LP_ERR_USAGE, "'%s' is not a history of lockproof", name);
    if (header->byte_order != LP_HISTORY_BYTE_ORDER)
        return lp_err_set(err, LP_ERR_USAGE, "'%s' was written by a machine of another byte order",
                          name);
    if (header->version != LP_HISTORY_VERSION || header->record_size != sizeof(struct lp_record))
        return lp_err_set(err, LP_ERR_USAGE, "'%s' is a history of version %u, expected %u", name,
                          header->version, LP_HISTORY_VERSION);
    const char *problem = impossible_header(header);
    if (problem)
        return lp_err_set(err, LP_ERR_USAGE, "'%s' is damaged: %s", name, problem);
    return 0;
}

static bool known_kind(unsigned kind, unsigned file_kind)
{
    if (file_kind == LP_HISTORY_OBSERVER)
        return kind == LP_STEP_OBSERVE || kind == LP_STEP_EXIT;
    return (kind >= LP_STEP_LOCK && kind <= LP_STEP_CAS) || kind == LP_STEP_CLOSE ||
           kind == LP_STEP_REOPEN || kind == LP_STEP_RENEW || kind == LP_STEP_TRY ||
           kind == LP_STEP_TOKEN;
}

static bool names_lock(const struct lp_record *record)
{
    unsigned kind = record->kind;
    if (kind == LP_STEP_CLOSE || kind == LP_STEP_REOPEN)
        return !(record->flags & LP_FLAG_STORE);
    return (kind >= LP_STEP_LOCK && kind <= LP_STEP_UPGRADE) || kind == LP_STEP_TRY ||
           kind == LP_STEP_RENEW || kind == LP_STEP_TOKEN;
}

/* One worker's records follow its clock, which never goes back. */
static bool possible(const struct lp_record *record, uint32_t state, uint64_t previous_ns,
                     const struct lp_history_header *header)
{
    if (state != LP_RECORD_INVOKED && state != LP_RECORD_COMPLETE)
        return false;
    if (!known_kind(record->kind, header->kind))
        return false;
    if (record->invoke_ns < previous_ns || record->invoke_ns > LP_HISTORY_TIME_MAX)
        return false;
    if (names_lock(record) && record->lock >= header->lock_count)
        return false;
    if (state == LP_RECORD_INVOKED)
        return true;
    return record->complete_ns >= record->invoke_ns && record->complete_ns <= LP_HISTORY_TIME_MAX &&
           record->outcome >= LP_OK && record->outcome <= LP_UNKNOWN;
}

/* When it completed at the earliest. */
static uint64_t earliest(const struct lp_history_header *header, const struct lp_record *record)
{
    uint64_t took_ns = record->complete_ns - record->invoke_ns;
    return took_ns > header->widened_ns ? record->complete_ns - header->widened_ns
                                        : record->invoke_ns;
}

static void read_records(struct lp_image *image, size_t room)
{
    uint64_t previous_ns = 0;
    for (size_t i = 0; i < room; i++) {
        const struct lp_record *record = &image->records[i];
        uint32_t state = record->state;
        if (state == LP_RECORD_EMPTY)
            return;
        if (!possible(record, state, previous_ns, image->header)) {
            image->cut = true;
            return;
        }
        uint64_t seen_ns =
            state == LP_RECORD_COMPLETE ? earliest(image->header, record) : record->invoke_ns;
        if (seen_ns > image->last_ns)
            image->last_ns = seen_ns;
        previous_ns = record->invoke_ns;
        image->record_count++;
    }
}

/* Does the file end before what its worker says that it did? Each round leaves a record at least.
 */
static bool is_truncated(const struct lp_image *image, size_t size)
{
    const struct lp_history_header *header = image->header;
    if ((size - LP_HISTORY_HEADER_SIZE) % sizeof(struct lp_record) != 0)
        return true;
    if (header->kind != LP_HISTORY_WORKER || header->finished == 0 || header->rounds_done == 0)
        return false;
    return image->record_count == 0 ||
           image->records[image->record_count - 1].round + UINT64_C(1) < header->rounds_done;
}

int lp_image_read(struct lp_image *image, const struct lp_history_image *source, struct lp_err *err)
{
    if ((uintptr_t)source->bytes % _Alignof(struct lp_record) != 0)
        LP_BUG("an image that is not aligned");
    if (check_header(source, err) == -1)
        return -1;
    const char *bytes = source->bytes;
    *image = (struct lp_image){.header = source->bytes};
    image->records = (const void *)(bytes + LP_HISTORY_HEADER_SIZE);
    read_records(image, (source->size - LP_HISTORY_HEADER_SIZE) / sizeof(struct lp_record));
    image->cut |= is_truncated(image, source->size);
    return 0;
}
