/* SPDX-License-Identifier: MIT */
/*
 * Where scenarios and plug-ins are found: beside the program in its source tree, else where it was
 * installed. And the scenarios that a command line names: bundled names, files, folders.
 */
#ifndef LP_CLI_CATALOGUE_H
#define LP_CLI_CATALOGUE_H

#include "base/arena.h"
#include "base/err.h"
#include "drivers/registry.h"
#include "scenario/scenario.h"

struct lp_catalogue {
    struct lp_arena arena;
    const char *scenario_dir; /* of the bundled ones; NULL: not found */
    const char *plugin_dir;   /* may not exist */
    const char *worker;       /* the static worker; NULL: not there */
    const char *plot_dir;     /* of the gnuplot scripts; NULL: not found */
    struct lp_registry registry;
    struct lp_vocabulary vocabulary;
};

/* `drivers`: further drivers to load (--driver), may be NULL. */
int lp_catalogue_init(struct lp_catalogue *catalogue, const char *const *drivers,
                      size_t driver_count, struct lp_err *err) LP_MUST_CHECK;
void lp_catalogue_release(struct lp_catalogue *catalogue);

/* Files in order, texts in the catalogue's arena. */
struct lp_scenario_files {
    const char **file;
    size_t count, cap;
};

/* Adds what `name` stands for: a bundled name or FAMILY/NAME, a YAML file, or all below a folder;
   NULL: all bundled ones. LP_ERR_USAGE with the nearest bundled name when it stands for nothing. */
int lp_catalogue_find(struct lp_catalogue *catalogue, const char *name,
                      struct lp_scenario_files *files, struct lp_err *err) LP_MUST_CHECK;

/* Reads and parses one file. */
int lp_catalogue_load(const struct lp_catalogue *catalogue, const char *file,
                      struct lp_scenario *scenario, struct lp_err *err) LP_MUST_CHECK;

/* "sqlite" of ".../scenarios/sqlite/naive.yaml". */
const char *lp_catalogue_family(const char *file, struct lp_arena *arena);

#endif
