/* SPDX-License-Identifier: MIT */
/* A set of paths: what the copies of a program share. Small; kept in order of the first sight. */
#ifndef LP_PROGRAM_PATHS_H
#define LP_PROGRAM_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LP_NO_PATH UINT32_MAX

struct lp_paths {
    char **path;
    size_t count, cap;
};

void lp_paths_release(struct lp_paths *paths);                   /* takes a zeroed struct too */
uint32_t lp_paths_add(struct lp_paths *paths, const char *path); /* its number */
uint32_t lp_paths_find(const struct lp_paths *paths, const char *path); /* or LP_NO_PATH */

#endif
