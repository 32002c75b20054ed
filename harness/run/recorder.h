/* SPDX-License-Identifier: MIT */
/*
 * Writes one worker's history: records in a mapped file, without locks or system calls, growing by
 * chunks that are reserved on disk first (a sparse one would end in SIGBUS on a full disk, which
 * reads as "the lock crashed it") and touched before they are used.
 *
 *     record = lp_recorder_begin(...);   the operation is about to be invoked
 *     ... the operation ...
 *     lp_recorder_end(record, outcome);
 *
 * Records of operations that begin later may be written in between, up to LP_RECORDER_NESTED of
 * them. One thread at a time. The layout is harness/history/record.h.
 */
#ifndef LP_RUN_RECORDER_H
#define LP_RUN_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "drivers/driver.h"
#include "history/record.h"

/* No more than fit a chunk of the smallest size. */
#define LP_RECORDER_NESTED 128

struct lp_recorder {
    int fd;
    struct lp_history_header *header; /* mapped; the caller fills in what it knows */
    struct lp_record *chunk;          /* mapped */
    struct lp_record *previous;       /* still mapped: an operation that began there may go on */
    size_t chunk_records, previous_records;
    size_t used; /* records of the chunk that are taken */
    uint64_t file_size;
    bool full;          /* no room any more: begin returned NULL */
    uint64_t *clock_ns; /* not NULL: time is virtual, and moves by LP_RECORDER_GRAIN_NS a stamp */
    uint32_t round;
    uint16_t attempt;
};

/* Makes `name` in the folder `folder_fd`. `expected` records are reserved at once, up to a limit.
 */
int lp_recorder_open(struct lp_recorder *recorder, int folder_fd, const char *name, size_t expected,
                     struct lp_err *err) LP_MUST_CHECK;
/* A history in memory that the caller owns: a page for the header, then records as far as it goes;
   zeroed. It does not grow. Closing it does nothing. Its stamps are taken from `clock_ns`, which
   whoever has the turn may use: no two are alike, however coarse the machine's clock is. */
void lp_recorder_over(struct lp_recorder *recorder, void *memory, size_t size, uint64_t *clock_ns);
#define LP_RECORDER_GRAIN_NS 1000
/* Cuts the file to what was used. Takes a zeroed struct too (fd 0 is never a history). */
void lp_recorder_close(struct lp_recorder *recorder);

/* Stamps the invocation last, so that little comes between it and the operation. NULL: no room. */
struct lp_record *lp_recorder_begin(struct lp_recorder *recorder, enum lp_step_kind kind,
                                    uint8_t lock, uint8_t flags);
/* Stamps the completion; value, identity and flags must be set before. */
void lp_recorder_end(struct lp_recorder *recorder, struct lp_record *record,
                     enum lp_outcome outcome);
/* The same with a stamp that the caller took right after the operation. */
void lp_recorder_end_at(struct lp_record *record, enum lp_outcome outcome, uint64_t complete_ns);

/* lp_clock_before() and lp_clock_after() in the recorder's time. */
uint64_t lp_recorder_before(struct lp_recorder *recorder);
uint64_t lp_recorder_after(struct lp_recorder *recorder);

/* A record of something that is over. */
void lp_recorder_note(struct lp_recorder *recorder, const struct lp_record *record);

/* The token of the grant that was just recorded. */
void lp_recorder_token(struct lp_recorder *recorder, uint8_t lock, uint64_t token,
                       uint64_t granted_ns);

/* Notes the text of an identity in the header, if it is new and there is room. */
void lp_recorder_identity(struct lp_recorder *recorder, const struct lp_identity *identity);

#endif
