/* SPDX-License-Identifier: MIT */
/*
 * A history as models see it: calls on one or more abstract objects, without anything of
 * lockproof's own scenarios. Every reader (own format, EDN, JSON, logs) ends here, every model in
 * harness/check begins here, every export is written from here.
 *
 * A call took effect, if it did, at one moment in [invoke_ns, return_ns]. What is certain:
 *   LP_OK       it took effect in that interval
 *   LP_FAIL     it had no effect at all
 *   LP_BUSY     it had no effect, and this answer is itself an observation: a try that found the
 *               lock taken, a compare that did not match
 *   LP_UNKNOWN  it may have taken effect at any moment from invoke_ns on, or never. (Its return_ns
 *               is LP_CALL_NEVER, unless it is known to be over by then: only shrinking makes such)
 */
#ifndef LP_HISTORY_CALLS_H
#define LP_HISTORY_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/outcome.h"

#define LP_CALL_NEVER UINT64_MAX  /* return_ns of a call that may yet take effect at any time */
#define LP_CALL_NOTHING INT64_MIN /* a value that is absent: nil, a register before any write */
#define LP_CALL_NO_KEY 0u

enum lp_call_kind {
    LP_CALL_ACQUIRE,        /* a: the fencing token that came with it, or LP_CALL_NOTHING */
    LP_CALL_ACQUIRE_SHARED, /* the same in shared mode */
    LP_CALL_RELEASE,
    LP_CALL_READ,  /* a: what was read */
    LP_CALL_WRITE, /* a: what was written; b: the fencing token presented, or LP_CALL_NOTHING */
    LP_CALL_ADD,   /* a: how much; b: the value after it, or LP_CALL_NOTHING */
    LP_CALL_CAS,   /* a: expected; b: desired */
    LP_CALL_KINDS,
};

/* 56 bytes; a million of them stay well below 100 MB. */
struct lp_call {
    uint64_t
        invoke_ns; /* any clock that is the same for all; order of the file where it has none */
    uint64_t return_ns; /* of an LP_UNKNOWN one: LP_CALL_NEVER, nearly always */
    int64_t a, b;       /* meaning by kind, above; texts stand as their number in `texts` */
    uint64_t lease_ns;  /* ACQUIRE: the grant ends by itself so long after invoke_ns; 0: never */
    uint32_t process;
    uint32_t key; /* of the object; calls on different keys do not affect one another */
    uint32_t
        source;   /* where it stands in the input, for messages: its line, or number in the file */
    uint8_t kind; /* enum lp_call_kind */
    uint8_t outcome; /* enum lp_outcome */
    uint8_t reserved[2];
};
_Static_assert(sizeof(struct lp_call) == 56, "no padding");

/* Operations that no model here knows (":txn", ":append"): counted and named, not in `calls`. A
   history that has any cannot be decided as a whole. */
struct lp_foreign {
    const char *name;
    size_t count;
    uint32_t source; /* of the first one */
    bool data;       /* certainly not of a lock: models of locks may pass over it */
};

/*
 * Sorted by invoke_ns, then source. A process makes one call at a time, and its calls took effect
 * in the order in which they stand here (one of unknown outcome: then, later, or never). A process
 * that is known to have ended while it may have held something, and whose end may have freed that
 * (the kernel drops its flock, its session ends), gets a last RELEASE of unknown outcome from its
 * last sign of life on; without one, it holds for ever.
 */
struct lp_calls {
    struct lp_call *calls; /* malloc'd, as are the other arrays here */
    size_t count;
    const char **keys; /* names by number; keys[LP_CALL_NO_KEY] is "" */
    size_t key_count;
    const char **processes; /* as the input names them */
    size_t process_count;
    const char **texts; /* values that are no integers, as the input writes them; */
    size_t text_count;  /*   such a value v stands as LP_CALL_TEXT(index) */
    struct lp_foreign *foreign;
    size_t foreign_count;
    int64_t start;     /* what each object holds before all calls; LP_CALL_NOTHING: a register nil,
                          a counter 0 */
    uint32_t capacity; /* how many may hold at once, when the history itself says so; else 0 */
    uint64_t uncertainty_ns; /* clocks of different processes may be wrong by so much. Times are as
                                recorded; models allow for it, between processes only */
    bool timed;              /* times are nanoseconds; false: places in the file's order */
    bool truncated;          /* the input ended early: what is absent proves nothing */
    struct lp_arena arena;   /* names and texts */
};

/* Values that are texts are numbered from the far negative end, where no history counts. */
#define LP_CALL_TEXT(index) (INT64_MIN + 1 + (int64_t)(index))

void lp_calls_init(struct lp_calls *calls);
void lp_calls_release(struct lp_calls *calls); /* takes a zeroed struct too */
/* Into the order that is asked for above. */
void lp_calls_sort(struct lp_calls *calls);

#endif
