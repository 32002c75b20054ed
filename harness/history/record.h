/* SPDX-License-Identifier: MIT */
/*
 * The history on disk: what one worker did, operation by operation, in one file that is mapped into
 * the worker and written without locks or system calls.
 *
 *     offset 0     struct lp_history_header, padded to LP_HISTORY_HEADER_SIZE
 *     offset 4096  struct lp_record [0], [1], [2] ...  up to the first with state LP_RECORD_EMPTY
 *
 * A record is written twice: when the operation is invoked (state INVOKED, outcome LP_UNKNOWN) and
 * when it completed (state COMPLETE). `state` is stored last, with release order, so that the file
 * is readable up to the last record after a SIGKILL of the worker, of the coordinator, or of both.
 * Only a crash of the kernel can lose what the page cache held. An INVOKED record that was never
 * completed is an operation that may or may not have happened.
 *
 * Each container has a file of the same form for what its supervisor saw (`kind` OBSERVER): how its
 * workers ended, and its own view of the store after that.
 *
 * What was done to the run on purpose is in a file of its own, LP_FAULTS_FILE: struct
 * lp_faults_header, then struct lp_fault_record, one a fault in the order in which they struck, on
 * the same clock. An entry is written when the fault has struck, and again when it was lifted.
 *
 * Byte order and layout are those of the machine that wrote it; `byte_order` tells a stranger.
 */
#ifndef LP_HISTORY_RECORD_H
#define LP_HISTORY_RECORD_H

#include <stdint.h>
#include "base/outcome.h"
#include "scenario/step.h"

#define LP_HISTORY_MAGIC "LPHIST1"
#define LP_HISTORY_VERSION 2u
#define LP_HISTORY_BYTE_ORDER 0x01020304u
#define LP_HISTORY_HEADER_SIZE 4096u
#define LP_HISTORY_LOCKS 8
#define LP_HISTORY_IDENTITIES 20

enum lp_record_state {
    LP_RECORD_EMPTY = 0,
    LP_RECORD_INVOKED = 1,
    LP_RECORD_COMPLETE = 2,
};

enum lp_record_flag {
    LP_FLAG_SHARED = 1 << 0,     /* LOCK, TRYLOCK: shared mode */
    LP_FLAG_BEGIN_SHIFT = 1,     /* BEGIN: enum lp_begin_mode in bits 1 and 2 */
    LP_FLAG_BEGIN_MASK = 3 << 1, /*   0: deferred, which takes no lock before its first write */
    LP_FLAG_HELD_YES = 1 << 3,   /* UNLOCK: just before, the backend said: held by this client */
    LP_FLAG_HELD_NO = 1 << 4,    /* UNLOCK: just before, the backend said: not held by it */
    LP_FLAG_STORE = 1 << 5,      /* CLOSE, REOPEN: of the store's handle, not of a lock's */
    LP_FLAG_IN_TX = 1 << 6,      /* READ, WRITE, ADD, CAS inside begin..commit */
    LP_FLAG_DEADLINE = 1 << 7,   /* LOCK, UPGRADE: ended because its deadline passed */
    LP_FLAG_STALE = 1 << 0,      /* READ, WRITE: refused (LP_FAIL) as the store had seen a newer
                                    token; `token` is the one that was shown */
};

/* One operation; 64 bytes, one cache line. All times are CLOCK_MONOTONIC ns. */
struct lp_record {
    uint64_t invoke_ns;
    uint64_t complete_ns; /* 0 while INVOKED */
    union {
        uint64_t attempt_ns; /* LOCK, UPGRADE, BEGIN: when the try that was granted began; ==
                                invoke_ns when it blocked in the backend all the time */
        uint64_t token;      /* READ, WRITE: the fencing token that was shown to the store; TOKEN:
                                that of the grant just before it; 0: none */
    };
    int64_t value;   /* READ, OBSERVE: read; WRITE, CAS: written; ADD: the value after it;
                        LOCK, RENEW: ttl of the lease in ns, or 0 */
    uint64_t domain; /* identity of the lock or store that was touched */
    uint64_t object;
    uint32_t round;         /* counts from 0 */
    uint16_t attempt;       /* of the round: 0, 1 after a first retry, ... */
    uint16_t busy;          /* LOCK: tries that found it taken (saturates) */
    uint8_t kind;           /* enum lp_step_kind */
    uint8_t outcome;        /* enum lp_outcome */
    uint8_t lock;           /* index of the lock; 0xff: none */
    uint8_t flags;          /* enum lp_record_flag */
    _Atomic uint32_t state; /* enum lp_record_state; stored last */
};
_Static_assert(sizeof(struct lp_record) == 64, "a record is one cache line");

enum lp_history_kind {
    LP_HISTORY_WORKER = 1,
    LP_HISTORY_OBSERVER = 2,
};

struct lp_history_lock {
    char name[32];
    char driver[32];
    uint32_t capacity; /* how many exclusive holds at once are lawful: 1; a semaphore: N */
    uint32_t reserved;
};

struct lp_history_identity {
    uint64_t domain;
    uint64_t object;
    char text[96];
};

enum lp_store_flag {
    LP_STORE_ATOMIC_ADD = 1 << 0,   /* the store offers an atomic add */
    LP_STORE_TRANSACTIONS = 1 << 1, /* the store offers transactions, */
    LP_STORE_WEAK_TX = 1 << 2,      /*   which do not keep one's read and write together */
};

struct lp_history_header {
    char magic[8];
    uint32_t version;
    uint32_t byte_order;
    uint32_t record_size;
    uint32_t kind;    /* enum lp_history_kind */
    uint32_t worker;  /* number in the run; OBSERVER: number of the container */
    uint32_t workers; /* in the run */
    uint32_t container;
    uint32_t containers;
    uint32_t rounds; /* planned; 0: by duration */
    uint32_t pid;    /* as the worker sees it */
    int64_t start_value;
    uint64_t start_ns; /* when the gate was opened, 0 if never */
    uint64_t finished; /* 1 + the enum lp_worker_end below; 0: it was still going on */
    uint64_t rounds_done;
    uint32_t store_flags; /* enum lp_store_flag */
    uint32_t lock_count;
    char boot_id[40];
    char scenario[64];
    char group[32];
    char store_driver[32];
    struct lp_history_lock locks[LP_HISTORY_LOCKS];
    /* The first identities this worker met, as text; filled from 0, release order by text[0] last.
     */
    struct lp_history_identity identities[LP_HISTORY_IDENTITIES];
    /* Times were moved here from another host's clock, and intervals widened by so much in all:
       what completed may have done so that much earlier. */
    uint64_t widened_ns;
};
_Static_assert(sizeof(struct lp_history_header) <= LP_HISTORY_HEADER_SIZE, "header fits its page");

#define LP_FAULTS_FILE "faults.lpf"
#define LP_FAULTS_MAGIC "LPFAULT"
#define LP_FAULT_NOBODY UINT32_MAX

struct lp_faults_header {
    char magic[8];
    uint32_t version; /* LP_HISTORY_VERSION */
    uint32_t byte_order;
    uint32_t record_size;
    uint32_t reserved[11];
};
_Static_assert(sizeof(struct lp_faults_header) == 64, "no padding");

/* One fault. Texts end with '\0'. */
struct lp_fault_record {
    uint64_t invoke_ns;   /* it was about to strike */
    uint64_t complete_ns; /* by then it had certainly struck */
    uint64_t over_ns;     /* by then it was certainly lifted: resumed, healed, started again; 0: not
                             in this run */
    uint64_t count;     /* what its proof counts: packets dropped, bytes that filled a disk; or 0 */
    uint32_t row;       /* of the scenario's list, from 0 */
    uint32_t worker;    /* that was struck, or LP_FAULT_NOBODY */
    uint32_t container; /* the same */
    uint32_t outcome;   /* enum lp_outcome; LP_OK: it was seen to have happened */
    char fault[16];     /* "pause" */
    char target[48];    /* "worker 3, the holder" */
    char proof[144];    /* "process 4711 was stopped: state T in /proc" */
};
_Static_assert(sizeof(struct lp_fault_record) == 256, "no padding");

/* Why a worker stopped. */
enum lp_worker_end {
    LP_END_DONE = 0,     /* all rounds, or the duration was over */
    LP_END_STOPPED = 1,  /* told to stop: interrupted or out of time */
    LP_END_DEADLINE = 2, /* one operation took longer than its deadline */
    LP_END_ERROR = 3,    /* the backend failed in a way that no retry mends */
    LP_END_FULL = 4,     /* no room for the history */
};

#endif
