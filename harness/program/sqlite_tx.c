/* SPDX-License-Identifier: MIT */
/*
 * SQLite's transactions, from its locks (sqlite.org/lockingv3.html, /walformat.html). In rollback
 * mode a reader holds the SHARED range, and who commits a write holds it alone; in WAL mode a
 * reader holds one of the read marks of the -shm file, and who writes its write byte. A transaction
 * lasts as long as its connection's shared lock; whether it wrote is seen by the write lock inside.
 *
 * Read and write in one transaction are safe in every mode: a shared lock keeps writers out, and in
 * WAL mode a writer whose snapshot is old is refused. Read in one and write in a later one is not,
 * if what is written comes from what was read, and that cannot be seen from outside. So it is only
 * a hint: it explains a loss, and is no finding by itself.
 */
#include <stdlib.h>
#include <string.h>

#include "program/lapse.h"

#define SHARED_FIRST UINT64_C(0x40000002)
#define WAL_WRITE_BYTE 120
#define WAL_READ_FIRST 123
#define WAL_READ_END 128
/* More of them than anybody looks at. */
#define TRANSACTIONS_MAX 4000

struct transaction {
    uint32_t copy, pid, database; /* its object */
    uint32_t begin, end;          /* events */
    uint32_t read, write;         /* events inside: its first read, its last write; or none */
    bool writes;
};

struct transactions {
    struct transaction *item;
    size_t count, cap;
};

static bool ends_in_shm(const char *path)
{
    size_t length = strlen(path);
    return length > 4 && strcmp(path + length - 4, "-shm") == 0;
}

static bool is_read_lock(const struct lp_tape *tape, const struct lp_tape_hold *hold)
{
    if (hold->family != LP_FAMILY_POSIX && hold->family != LP_FAMILY_OFD)
        return false;
    if (ends_in_shm(tape->objects[hold->object].path))
        return hold->from >= WAL_READ_FIRST && hold->to <= WAL_READ_END;
    return hold->from == SHARED_FIRST && tape->objects[hold->object].sqlite;
}

static bool is_write_lock(const struct lp_tape *tape, const struct lp_tape_hold *hold)
{
    if (ends_in_shm(tape->objects[hold->object].path))
        return hold->exclusive && hold->from <= WAL_WRITE_BYTE && WAL_WRITE_BYTE < hold->to;
    return hold->exclusive && hold->from == SHARED_FIRST && tape->objects[hold->object].sqlite;
}

bool lp_sqlite_writes(const struct lp_tape *tape, const struct lp_tape_hold *hold)
{
    return (hold->family == LP_FAMILY_POSIX || hold->family == LP_FAMILY_OFD) &&
           is_write_lock(tape, hold);
}

/* The database file and what belongs to it have one stem. */
static bool same_database(const char *a, const char *b)
{
    size_t length = strlen(a) < strlen(b) ? strlen(a) : strlen(b);
    if (strncmp(a, b, length) != 0)
        return false;
    const char *rest = strlen(a) > length ? a + length : b + length;
    return !*rest || strcmp(rest, "-wal") == 0 || strcmp(rest, "-shm") == 0 ||
           strcmp(rest, "-journal") == 0;
}

static bool same_stem(const struct lp_tape *tape, uint32_t a, uint32_t b)
{
    char left[4096] = "", right[4096] = "";
    const uint32_t both[2] = {a, b};
    char *into[2] = {left, right};
    for (int i = 0; i < 2; i++) {
        const char *path = tape->objects[both[i]].path;
        size_t length = strlen(path);
        size_t cut = ends_in_shm(path) ? 4 : 0;
        if (length - cut >= sizeof left)
            return false;
        memcpy(into[i], path, length - cut);
        into[i][length - cut] = '\0';
    }
    return same_database(left, right) || same_database(right, left);
}

static void note_accesses(struct transaction *transaction, const struct lp_tape *tape)
{
    uint32_t last =
        transaction->end < tape->event_count ? transaction->end : (uint32_t)tape->event_count - 1;
    for (uint32_t i = transaction->begin; i <= last; i++) {
        const struct lp_event *event = &tape->events[i];
        if (event->copy != transaction->copy || event->pid != transaction->pid ||
            event->object == LP_NO_OBJECT || !same_stem(tape, event->object, transaction->database))
            continue;
        if (event->kind == LP_EVENT_READ && event->result > 0 && transaction->read == LP_NO_EVENT)
            transaction->read = i;
        if (event->kind == LP_EVENT_WRITE && event->result > 0)
            transaction->write = i;
    }
}

/* The shared lock that goes on in another mode is the same transaction. */
static bool continues(struct transactions *all, const struct lp_tape_hold *hold)
{
    for (size_t i = all->count; i-- > 0;) {
        struct transaction *transaction = &all->item[i];
        if (transaction->copy != hold->copy || transaction->pid != hold->pid ||
            transaction->database != hold->object || transaction->end != hold->acquire)
            continue;
        transaction->end = hold->release;
        return true;
    }
    return false;
}

static void find_transactions(struct transactions *all, const struct lp_tape *tape)
{
    for (size_t i = 0; i < tape->hold_count && all->count < TRANSACTIONS_MAX; i++) {
        const struct lp_tape_hold *hold = &tape->holds[i];
        if (!is_read_lock(tape, hold) || continues(all, hold))
            continue;
        all->item = lp_grow(all->item, &all->cap, all->count + 1, sizeof *all->item);
        all->item[all->count++] = (struct transaction){.copy = hold->copy,
                                                       .pid = hold->pid,
                                                       .database = hold->object,
                                                       .begin = hold->acquire,
                                                       .end = hold->release,
                                                       .read = LP_NO_EVENT,
                                                       .write = LP_NO_EVENT};
    }
    for (size_t i = 0; i < all->count; i++) {
        struct transaction *transaction = &all->item[i];
        uint32_t locked = LP_NO_EVENT;
        for (size_t k = 0; k < tape->hold_count && locked == LP_NO_EVENT; k++) {
            const struct lp_tape_hold *hold = &tape->holds[k];
            if (hold->copy == transaction->copy && hold->pid == transaction->pid &&
                hold->acquire >= transaction->begin && hold->acquire <= transaction->end &&
                hold->object == transaction->database && is_write_lock(tape, hold))
                locked = hold->acquire;
        }
        note_accesses(transaction, tape);
        transaction->writes = locked != LP_NO_EVENT;
        /* A page that would not change is not written. */
        if (transaction->write == LP_NO_EVENT)
            transaction->write = locked;
    }
}

/* A connection in WAL mode keeps a shared lock on the database file for life: what counts there is
   the -shm file. */
static bool is_for_life(const struct transactions *all, const struct lp_tape *tape,
                        const struct transaction *one)
{
    if (ends_in_shm(tape->objects[one->database].path))
        return false;
    for (size_t i = 0; i < all->count; i++) {
        const struct transaction *other = &all->item[i];
        if (other->copy == one->copy && other->database != one->database &&
            ends_in_shm(tape->objects[other->database].path) &&
            same_stem(tape, other->database, one->database))
            return true;
    }
    return false;
}

void lp_sqlite_lapses(struct lp_lapses *lapses, const struct lp_tape *tape)
{
    struct transactions all = {0};
    find_transactions(&all, tape);
    for (size_t i = 0; i < all.count; i++) {
        const struct transaction *reader = &all.item[i];
        if (reader->writes || reader->read == LP_NO_EVENT || is_for_life(&all, tape, reader))
            continue;
        const struct transaction *writer = NULL;
        for (size_t k = i + 1; k < all.count && !writer; k++)
            if (all.item[k].copy == reader->copy && all.item[k].pid == reader->pid &&
                all.item[k].database == reader->database)
                writer = &all.item[k];
        if (!writer || !writer->writes)
            continue;
        for (size_t k = 0; k < all.count; k++) {
            const struct transaction *other = &all.item[k];
            if (!other->writes || other->copy == reader->copy ||
                other->database != reader->database || other->end < reader->read ||
                other->write > writer->begin)
                continue;
            const struct lp_lapse lapse = {.cause = LP_CAUSE_NARROW_SCOPE,
                                           .read = reader->read,
                                           .write = writer->write,
                                           .other = other->write,
                                           .other_read = other->write,
                                           .seen = true,
                                           .hint = true};
            lp_lapses_add(lapses, tape, &lapse);
        }
    }
    free(all.item);
}
