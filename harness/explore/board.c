/* SPDX-License-Identifier: MIT */
/* Shared memory of an exploration. */
#include "explore/board.h"

#include <sys/mman.h>

static size_t aligned(size_t size)
{
    return (size + 4095) / 4096 * 4096;
}

struct lp_board *lp_board_map(uint32_t players, uint32_t containers)
{
    size_t hands = aligned((players + containers) * sizeof(struct lp_hand));
    size_t head = aligned(sizeof(struct lp_board));
    size_t size = head + hands + players * aligned(LP_PLAYER_MEMORY);
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    struct lp_board *board = (void *)memory;
    board->player_count = players;
    board->container_count = containers;
    board->size = size;
    board->players = (void *)(memory + head);
    board->containers = board->players + players;
    board->memory = memory + head + hands;
    return board;
}

void lp_board_unmap(struct lp_board *board)
{
    if (board)
        munmap(board, board->size);
}
