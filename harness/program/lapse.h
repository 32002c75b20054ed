/* SPDX-License-Identifier: MIT */
/*
 * Lockset diagnosis for files: places where data of one copy lay open to another.
 *
 * Eraser's idea (Savage et al., 1997) is that every access to one datum shares a lock. A single
 * unlocked access proves little here: files are read by monitors, appended to, replaced whole. What
 * is looked for is the section: a copy reads a file and later writes it. A lapse is a section of
 * one copy and a write of another which no lock keeps apart: none that the first held without a
 * break from its read to its write and the second at its write, in modes that exclude each other.
 *
 * Not looked at: what one copy does before another began or after it ended; files that are only
 * appended to; the contents of lock files; SQLite databases, which are judged by their transactions
 * (lp_sqlite_lapses).
 *
 * A lapse is no loss. It says where to look, and why a loss that was seen came about.
 */
#ifndef LP_PROGRAM_LAPSE_H
#define LP_PROGRAM_LAPSE_H

#include "program/tape.h"
#include "verdict/cause.h"

enum lp_cover_seen { LP_SEEN_NONE, LP_SEEN_PARTLY, LP_SEEN_FULL };

struct lp_lapse {
    enum lp_cause cause;
    uint32_t read, write; /* events: the section of one copy */
    uint32_t other;       /* event: the write of the other */
    uint32_t other_read;  /* where the other's section begins; == other when it did not read */
    bool seen;            /* the other's write did come between the two */
    bool hint;      /* only an explanation if something was lost; nothing to report by itself */
    uint64_t count; /* such pairs of this cause on this path */
};

struct lp_lapses {
    struct lp_lapse *lapse;
    size_t count, cap;
};

/* All of a trial. */
void lp_lapses_find(struct lp_lapses *lapses, const struct lp_tape *tape);
/* Adds those of SQLite databases; called by lp_lapses_find(). */
void lp_sqlite_lapses(struct lp_lapses *lapses, const struct lp_tape *tape);
/* Is it the lock under which SQLite writes? A transaction that held it did write, even if no byte
   had to be changed. */
bool lp_sqlite_writes(const struct lp_tape *tape, const struct lp_tape_hold *hold);
void lp_lapses_release(struct lp_lapses *lapses); /* takes a zeroed struct too */
/* Adds it, or counts it when one of its cause and path is there. */
void lp_lapses_add(struct lp_lapses *lapses, const struct lp_tape *tape,
                   const struct lp_lapse *lapse);

/* One sentence: both accesses, what each held, what is wrong. */
void lp_lapse_text(const struct lp_tape *tape, const struct lp_lapse *lapse, struct lp_str *out);

/* Held by the copy without a break from one event to another, on one object and family? The first
   such hold, or LP_NO_EVENT. */
uint32_t lp_hold_across(const struct lp_tape *tape, uint32_t copy, uint32_t from, uint32_t to);
/* Did one copy end before the other began? */
bool lp_copies_apart(const struct lp_tape *tape, uint32_t a, uint32_t b);

#endif
