/* SPDX-License-Identifier: MIT */
/*
 * The memory that all processes of an exploration share: one anonymous mapping, made by the command
 * before it forks. Each player and each container has a *hand*: whoever's turn it is owns what is
 * in it. Histories lie behind it.
 */
#ifndef LP_EXPLORE_BOARD_H
#define LP_EXPLORE_BOARD_H

#include "explore/explore.h"
#include "explore/player.h"

enum lp_task {
    LP_TASK_GO,   /* player: to the next stop */
    LP_TASK_OPEN, /* player: its clients; container: those that it looks with */
    LP_TASK_CLOSE,
    LP_TASK_REMOVE,  /* container: what prepare made */
    LP_TASK_PREPARE, /* container */
    LP_TASK_RESET,   /* container: store and locks, cheaply */
    LP_TASK_LOOK,    /* container: its view of the store */
    LP_TASK_KILL,    /* container: a player of its own, by SIGKILL */
    LP_TASK_FORK,    /* container: that player again */
    LP_TASK_QUIT,    /* container */
};

struct lp_hand {
    _Atomic uint32_t turn; /* futex: 0 the director's, 1 the other's */
    enum lp_task task;
    uint32_t player; /* of LP_TASK_KILL and FORK */
    bool failed;
    struct lp_err err;
    union {
        struct {
            struct lp_prompt prompt;
            struct lp_report report;
        };
        struct {
            bool known; /* LOOK: the store could be read */
            int64_t value;
            struct lp_identity identity;
        };
    };
} __attribute__((aligned(64)));

struct lp_board {
    const struct lp_explore_request *request; /* the command's, inherited by fork */
    struct lp_explore_outcome outcome;
    uint32_t player_count, container_count;
    int cpu;                /* for all who hand over to each other */
    _Atomic uint64_t turns; /* of players, given and taken back: odd while one has its turn */
    uint32_t turn_of;       /* who had the latest */
    uint64_t clock_ns;      /* virtual, for stamps; of whose turn it is */
    size_t size;
    struct lp_hand *players;    /* in the same mapping, */
    struct lp_hand *containers; /*   at the same address in all processes */
    char *memory;               /* LP_PLAYER_MEMORY each */
};

/* NULL when there is no memory. */
struct lp_board *lp_board_map(uint32_t players, uint32_t containers);
void lp_board_unmap(struct lp_board *board); /* takes NULL too */

static inline void *lp_board_memory(const struct lp_board *board, uint32_t player)
{
    return board->memory + player * (size_t)LP_PLAYER_MEMORY;
}

#endif
