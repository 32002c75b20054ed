/* SPDX-License-Identifier: MIT */
#include "program/paths.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

void lp_paths_release(struct lp_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->path[i]);
    free(paths->path);
    *paths = (struct lp_paths){0};
}

uint32_t lp_paths_find(const struct lp_paths *paths, const char *path)
{
    for (size_t i = 0; i < paths->count; i++)
        if (strcmp(paths->path[i], path) == 0)
            return (uint32_t)i;
    return LP_NO_PATH;
}

uint32_t lp_paths_add(struct lp_paths *paths, const char *path)
{
    uint32_t found = lp_paths_find(paths, path);
    if (found != LP_NO_PATH)
        return found;
    paths->path = lp_grow(paths->path, &paths->cap, paths->count + 1, sizeof *paths->path);
    paths->path[paths->count] = lp_strdup(path);
    return (uint32_t)paths->count++;
}
