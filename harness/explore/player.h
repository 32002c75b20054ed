/* SPDX-License-Identifier: MIT */
/*
 * A worker that is led: it carries out a scenario's steps as in a free run, with the same code, but
 * stops before each step, at each point that a driver marks, and wherever it would have to wait,
 * until it is told to go on. It runs on a stack of its own (a fiber, or a process or thread of its
 * own: stage.h), so that it can stop in the middle of a driver's call.
 *
 * What it tells lies in a report that may be shared with another process.
 */
#ifndef LP_EXPLORE_PLAYER_H
#define LP_EXPLORE_PLAYER_H

#include "run/worker.h"

/* A round that is refused again and again ends after so many attempts. */
#define LP_ATTEMPTS_MAX 8
#define LP_PLAYER_RECORDS 4096

/* Where a player has stopped. */
enum lp_where {
    LP_AT_STEP,  /* before a step */
    LP_AT_POINT, /* inside one, at a point */
    LP_AT_WAIT,  /* inside one: what it needs is taken */
    LP_AT_RETRY, /* its round was refused; it may begin again */
    LP_AT_END,   /* all rounds are over */
};

struct lp_report {
    enum lp_where where;
    uint32_t step;  /* index into the group's steps */
    char point[40]; /* LP_AT_POINT */
    /* LP_AT_WAIT: to find it taken changed nothing, as a lock's try. Else the backend may be half
       way. */
    bool pure;
    uint32_t round, attempt;
    uint32_t held, held_shared; /* masks of locks */
    bool in_transaction;
    /* The operation that was completed last, if any since it was told to go on. */
    uint8_t kind; /* enum lp_step_kind, or 0 */
    uint8_t outcome;
    int64_t value;
    uint64_t acknowledged; /* updates; in a transaction once it is committed */
    bool plain;            /* everything so far was ok, or refused with busy and done again */
    bool unclean;          /* something may not be as it was at the start: a release that failed */
    bool cut;              /* a round was given up after LP_ATTEMPTS_MAX */
    uint64_t thinks_ns;    /* virtual; how long it thinks after its latest step */
    char error[192];       /* LP_AT_END: it could not go on; "" */
};

/* What it is told with the next turn. */
struct lp_prompt {
    bool thorough;   /* see struct lp_direction */
    bool drain;      /* come to the end, stop nowhere: this schedule is over */
    bool refuse;     /* the wait that it is in would never end: LP_WAIT_REFUSED */
    bool timed;      /* `think` is a step, and takes virtual time */
    uint32_t rounds; /* at most */
    uint64_t now_ns;
};

struct lp_player {
    struct lp_worker worker;
    struct lp_direction direction;
    unsigned rounds;
    struct lp_report *report;
    const struct lp_prompt *prompt;
    /* Hands over to whoever leads; comes back with the next turn. */
    void (*yield)(struct lp_player *player);
    void *yield_context;
    uint64_t pending; /* updates of an open transaction */
    bool open;
};

/* `memory` is where its history goes: a page and LP_PLAYER_RECORDS records, zeroed; `clock_ns` is
   for its stamps. Clients are not open yet. */
void lp_player_init(struct lp_player *player, const struct lp_crew *crew, uint32_t index,
                    unsigned rounds, void *memory, uint64_t *clock_ns, struct lp_report *report,
                    const struct lp_prompt *prompt);
#define LP_PLAYER_MEMORY (LP_HISTORY_HEADER_SIZE + LP_PLAYER_RECORDS * sizeof(struct lp_record))

int lp_player_open(struct lp_player *player, struct lp_err *err) LP_MUST_CHECK;
void lp_player_close(struct lp_player *player);
/* Before each schedule, by who leads: the player is at its first step. Its history is emptied when
   it takes that. */
void lp_report_begin(struct lp_report *report, const struct lp_group *group, bool timed);

/* Schedule after schedule, for ever. First called when told to go on for the first time. */
void lp_player_main(struct lp_player *player) LP_NORETURN;

/* The first step from `step` on that a led worker stops at; the group's step_count: none. */
uint32_t lp_player_stop(const struct lp_group *group, uint32_t step, bool timed);

#endif
