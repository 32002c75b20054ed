/* SPDX-License-Identifier: MIT */
/*
 * All drivers by name: one explicit table (constructors in a static archive are dropped by the
 * linker, silently). Loadable ones are found beside the program or in the library folder; a wrong
 * magic, ABI or size is refused with both versions named.
 */
#ifndef LP_REGISTRY_H
#define LP_REGISTRY_H

#include <stddef.h>
#include "base/arena.h"
#include "base/err.h"
#include "drivers/driver.h"

/* A row: built in, loaded, or known but not available (then `driver` is NULL and `reason` says why
   and `remedy` the command that provides it). Rows start with their name (lp_nearest). */
struct lp_driver_row {
    const char *name;
    const struct lp_driver *driver;
    const char *reason;
    const char *remedy;
};

struct lp_registry {
    struct lp_driver_row *rows;
    size_t count, cap;
    void **handles; /* of dlopen, closed at release */
    size_t handle_count, handle_cap;
    struct lp_arena texts; /* of the rows that are not constant */
};

/* Built-in drivers, and the plug-ins of `plugin_dir` (NULL: none). A plug-in that cannot be loaded
   becomes a row with its reason; that is no error. */
void lp_registry_init(struct lp_registry *registry, const char *plugin_dir);
void lp_registry_release(struct lp_registry *registry); /* takes a zeroed struct too */
/* Loads a driver of the user's own (--driver FILE.so), or gives the driver `cmd` its program
   (--driver cmd:PROGRAM). A name that is taken is refused. */
int lp_registry_load(struct lp_registry *registry, const char *file,
                     struct lp_err *err) LP_MUST_CHECK;

/* The same under another name: two builds of one driver side by side. */
int lp_registry_load_as(struct lp_registry *registry, const char *file, const char *name,
                        struct lp_err *err) LP_MUST_CHECK;

/* NULL when there is no row of that name. */
const struct lp_driver_row *lp_registry_find(const struct lp_registry *registry, const char *name);

/* Checks magic, ABI, size and that all required members are set. */
int lp_driver_check(const struct lp_driver *driver, const char *origin,
                    struct lp_err *err) LP_MUST_CHECK;

/* Parses the text of one parameter's value into `params` (a zeroed struct of driver->params_size).
   Texts are not copied: `value` must live as long as the struct. Error texts have no position. */
int lp_param_set(const struct lp_param *param, void *params, const char *value,
                 struct lp_err *err) LP_MUST_CHECK;

/* Only says whether `value` could be given: a text with variables not yet replaced may be. */
int lp_param_check(const struct lp_param *param, const char *value,
                   struct lp_err *err) LP_MUST_CHECK;

/* Sets every parameter that has a default. `params` as for lp_param_set; `driver` has passed
   lp_driver_check, so nothing can fail. */
void lp_params_default(const struct lp_driver *driver, void *params);

#endif
