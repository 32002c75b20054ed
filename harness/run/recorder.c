/* SPDX-License-Identifier: MIT */
/* The mapped history writer. */
#include "run/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "os/clock.h"

#define PAGE ((size_t)4096)
#define CHUNK_MIN (4 * PAGE)
#define CHUNK_MAX (1024 * PAGE)
/* A worker's history ends here (64 GiB): a limit that no run reaches, so that none is endless. */
#define FILE_MAX (UINT64_C(1) << 36)
_Static_assert(CHUNK_MIN / sizeof(struct lp_record) > LP_RECORDER_NESTED,
               "one chunk back is enough");

static size_t chunk_size(size_t records)
{
    size_t size = (records * sizeof(struct lp_record) + PAGE - 1) / PAGE * PAGE;
    return size < CHUNK_MIN ? CHUNK_MIN : size > CHUNK_MAX ? CHUNK_MAX : size;
}

static void *map_range(int fd, uint64_t offset, size_t size)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, (off_t)offset);
}

/* Reserves and maps the next chunk. -1 with errno; then nothing has changed. */
static int next_chunk(struct lp_recorder *recorder, size_t size)
{
    if (recorder->file_size + size > FILE_MAX) {
        errno = EFBIG;
        return -1;
    }
    int failed;
    while ((failed = posix_fallocate(recorder->fd, (off_t)recorder->file_size, (off_t)size)) ==
           EINTR)
        ;
    if (failed) {
        errno = failed;
        return -1;
    }
    void *mapped = map_range(recorder->fd, recorder->file_size, size);
    if (mapped == MAP_FAILED)
        return -1;
    if (recorder->previous)
        munmap(recorder->previous, recorder->previous_records * sizeof(struct lp_record));
    recorder->previous = recorder->chunk;
    recorder->previous_records = recorder->chunk_records;
    recorder->chunk = mapped;
    recorder->chunk_records = size / sizeof(struct lp_record);
    recorder->used = 0;
    recorder->file_size += size;
    return 0;
}

static void begin_header(struct lp_recorder *recorder, void *memory)
{
    recorder->header = memory;
    recorder->file_size = LP_HISTORY_HEADER_SIZE;
    memcpy(recorder->header->magic, LP_HISTORY_MAGIC, sizeof LP_HISTORY_MAGIC);
    recorder->header->version = LP_HISTORY_VERSION;
    recorder->header->byte_order = LP_HISTORY_BYTE_ORDER;
    recorder->header->record_size = sizeof(struct lp_record);
}

static int open_header(struct lp_recorder *recorder)
{
    int failed = posix_fallocate(recorder->fd, 0, LP_HISTORY_HEADER_SIZE);
    if (failed) {
        errno = failed;
        return -1;
    }
    void *mapped = map_range(recorder->fd, 0, LP_HISTORY_HEADER_SIZE);
    if (mapped == MAP_FAILED)
        return -1;
    begin_header(recorder, mapped);
    return 0;
}

int lp_recorder_open(struct lp_recorder *recorder, int folder_fd, const char *name, size_t expected,
                     struct lp_err *err)
{
    memset(recorder, 0, sizeof *recorder);
    recorder->fd = openat(folder_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (recorder->fd == -1) {
        recorder->fd = 0;
        return lp_err_sys(err, LP_ERR_SELF, errno, "unable to make history file '%s'", name);
    }
    if (open_header(recorder) == -1 || next_chunk(recorder, chunk_size(expected)) == -1) {
        int failed = errno;
        lp_recorder_close(recorder);
        return lp_err_sys(err, LP_ERR_SELF, failed, "no room for the history '%s'", name);
    }
    return 0;
}

void lp_recorder_over(struct lp_recorder *recorder, void *memory, size_t size, uint64_t *clock_ns)
{
    *recorder = (struct lp_recorder){.fd = -1, .clock_ns = clock_ns};
    begin_header(recorder, memory);
    recorder->chunk = (void *)((char *)memory + LP_HISTORY_HEADER_SIZE);
    recorder->chunk_records = (size - LP_HISTORY_HEADER_SIZE) / sizeof(struct lp_record);
    recorder->file_size = FILE_MAX; /* there is no file to grow */
}

void lp_recorder_close(struct lp_recorder *recorder)
{
    if (recorder->fd <= 0)
        return;
    size_t unused = (recorder->chunk_records - recorder->used) * sizeof(struct lp_record);
    /* Failing to give the rest back harms nobody: readers stop at the first empty record. */
    if (recorder->chunk && ftruncate(recorder->fd, (off_t)(recorder->file_size - unused)) == -1)
        errno = 0;
    if (recorder->previous)
        munmap(recorder->previous, recorder->previous_records * sizeof(struct lp_record));
    if (recorder->chunk)
        munmap(recorder->chunk, recorder->chunk_records * sizeof(struct lp_record));
    if (recorder->header)
        munmap(recorder->header, LP_HISTORY_HEADER_SIZE);
    close(recorder->fd);
    memset(recorder, 0, sizeof *recorder);
}

/* The next free record, or NULL when the history is full. */
static struct lp_record *take(struct lp_recorder *recorder)
{
    if (recorder->used == recorder->chunk_records) {
        size_t larger = recorder->chunk_records * sizeof(struct lp_record) * 2;
        if (recorder->full || next_chunk(recorder, larger > CHUNK_MAX ? CHUNK_MAX : larger) == -1) {
            recorder->full = true;
            return NULL;
        }
    }
    return &recorder->chunk[recorder->used++];
}

static uint64_t tick(uint64_t *clock_ns)
{
    return *clock_ns += LP_RECORDER_GRAIN_NS;
}

uint64_t lp_recorder_before(struct lp_recorder *recorder)
{
    return recorder->clock_ns ? tick(recorder->clock_ns) : lp_clock_before();
}

uint64_t lp_recorder_after(struct lp_recorder *recorder)
{
    return recorder->clock_ns ? tick(recorder->clock_ns) : lp_clock_after();
}

struct lp_record *lp_recorder_begin(struct lp_recorder *recorder, enum lp_step_kind kind,
                                    uint8_t lock, uint8_t flags)
{
    struct lp_record *record = take(recorder);
    if (!record)
        return NULL;
    record->round = recorder->round;
    record->attempt = recorder->attempt;
    record->kind = (uint8_t)kind;
    record->lock = lock;
    record->flags = flags;
    record->outcome = LP_UNKNOWN;
    record->invoke_ns = lp_recorder_before(recorder);
    atomic_store_explicit(&record->state, LP_RECORD_INVOKED, memory_order_release);
    return record;
}

void lp_recorder_end_at(struct lp_record *record, enum lp_outcome outcome, uint64_t complete_ns)
{
    record->complete_ns = complete_ns;
    record->outcome = (uint8_t)outcome;
    atomic_store_explicit(&record->state, LP_RECORD_COMPLETE, memory_order_release);
}

void lp_recorder_end(struct lp_recorder *recorder, struct lp_record *record,
                     enum lp_outcome outcome)
{
    lp_recorder_end_at(record, outcome, lp_recorder_after(recorder));
}

void lp_recorder_note(struct lp_recorder *recorder, const struct lp_record *record)
{
    struct lp_record *to = take(recorder);
    if (!to)
        return;
    /* All but the state, which is the last word of a record. */
    memcpy(to, record, offsetof(struct lp_record, state));
    to->round = recorder->round;
    to->attempt = recorder->attempt;
    atomic_store_explicit(&to->state, LP_RECORD_COMPLETE, memory_order_release);
}

/* A record of its own: few locks have one. */
void lp_recorder_token(struct lp_recorder *recorder, uint8_t lock, uint64_t token,
                       uint64_t granted_ns)
{
    struct lp_record record = {.invoke_ns = granted_ns,
                               .complete_ns = granted_ns,
                               .token = token,
                               .kind = LP_STEP_TOKEN,
                               .outcome = LP_OK,
                               .lock = lock};
    lp_recorder_note(recorder, &record);
}

void lp_recorder_identity(struct lp_recorder *recorder, const struct lp_identity *identity)
{
    struct lp_history_identity *known = recorder->header->identities;
    for (size_t i = 0; i < LP_HISTORY_IDENTITIES; i++) {
        if (known[i].text[0] == '\0') {
            known[i].domain = identity->domain;
            known[i].object = identity->object;
            memcpy(known[i].text + 1, identity->text + 1, sizeof known[i].text - 2);
            atomic_signal_fence(memory_order_release);
            known[i].text[0] = identity->text[0];
            return;
        }
        if (known[i].domain == identity->domain && known[i].object == identity->object)
            return;
    }
}
