/* SPDX-License-Identifier: MIT */
/* A table of texts, and writing it aligned for a terminal or as markdown. */
#ifndef LP_BENCH_GRID_H
#define LP_BENCH_GRID_H

#include <stdbool.h>
#include "base/arena.h"
#include "base/str.h"

#define LP_GRID_COLUMNS 20

struct lp_grid {
    struct lp_arena arena;
    size_t columns;
    const char **cells; /* rows of `columns`; the first row is the head */
    size_t count, cap;
};

void lp_grid_init(struct lp_grid *grid, const char *const *heads, size_t columns);
void lp_grid_release(struct lp_grid *grid);
/* The next cell, row by row. */
void lp_grid_add(struct lp_grid *grid, const char *fmt, ...) LP_PRINTF(2, 3);
/* Fills the row that was begun. */
void lp_grid_end_row(struct lp_grid *grid, const char *fill);

/* The first column to the left, the others to the right. */
void lp_grid_text(const struct lp_grid *grid, struct lp_str *out);
void lp_grid_markdown(const struct lp_grid *grid, struct lp_str *out);

#endif
