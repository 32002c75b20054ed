/* SPDX-License-Identifier: MIT */
/* Columns. */
#include "bench/grid.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void lp_grid_init(struct lp_grid *grid, const char *const *heads, size_t columns)
{
    *grid = (struct lp_grid){.columns = columns};
    lp_arena_init(&grid->arena);
    for (size_t i = 0; i < columns; i++)
        lp_grid_add(grid, "%s", heads[i]);
}

void lp_grid_release(struct lp_grid *grid)
{
    free(grid->cells);
    lp_arena_release(&grid->arena);
    *grid = (struct lp_grid){0};
}

void lp_grid_add(struct lp_grid *grid, const char *fmt, ...)
{
    struct lp_str text;
    va_list args;
    lp_str_init(&text);
    va_start(args, fmt);
    lp_str_vaddf(&text, fmt, args);
    va_end(args);
    grid->cells = lp_grow(grid->cells, &grid->cap, grid->count + 1, sizeof *grid->cells);
    grid->cells[grid->count++] = lp_arena_strdup(&grid->arena, text.ptr);
    lp_str_release(&text);
}

void lp_grid_end_row(struct lp_grid *grid, const char *fill)
{
    while (grid->count % grid->columns)
        lp_grid_add(grid, "%s", fill);
}

static size_t width_of(const struct lp_grid *grid, size_t column)
{
    size_t width = 0;
    for (size_t i = column; i < grid->count; i += grid->columns) {
        size_t len = strlen(grid->cells[i]);
        width = len > width ? len : width;
    }
    return width;
}

static void pad(struct lp_str *out, size_t count)
{
    while (count-- > 0)
        lp_str_add(out, " ");
}

void lp_grid_text(const struct lp_grid *grid, struct lp_str *out)
{
    for (size_t i = 0; i < grid->count; i++) {
        const size_t column = i % grid->columns, len = strlen(grid->cells[i]);
        const size_t blank = width_of(grid, column) - len;
        pad(out, column ? 2 + blank : 2);
        lp_str_add(out, grid->cells[i]);
        if (column == 0 && grid->columns > 1)
            pad(out, blank);
        if (column + 1 == grid->columns)
            lp_str_add(out, "\n");
    }
}

/* A bar in a cell would begin another one. */
static void add_escaped(struct lp_str *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            lp_str_add(out, "\\");
        lp_str_add_bytes(out, text, 1);
    }
}

void lp_grid_markdown(const struct lp_grid *grid, struct lp_str *out)
{
    for (size_t i = 0; i < grid->count; i++) {
        const bool last = (i + 1) % grid->columns == 0;
        lp_str_add(out, "| ");
        add_escaped(out, grid->cells[i]);
        lp_str_add(out, last ? " |\n" : " ");
        if (i + 1 == grid->columns) {
            lp_str_add(out, "| --- ");
            for (size_t k = 1; k < grid->columns; k++)
                lp_str_add(out, "| ---: ");
            lp_str_add(out, "|\n");
        }
    }
    lp_str_add(out, "\n");
}
