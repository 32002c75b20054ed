/* SPDX-License-Identifier: MIT */
/*
 * What the locks that are wrong on purpose share: a lock file's path. They are ordinary drivers and
 * run in every CI, where each must be called broken: a harness that lets one through is blind.
 */
#ifndef LP_DRIVERS_BROKEN_BROKEN_H
#define LP_DRIVERS_BROKEN_BROKEN_H

#include "drivers/name/lockfile.h"

struct lp_broken_params {
    const char *path;
};

extern const struct lp_param lp_broken_params[];
enum lp_outcome lp_broken_prepare(struct lp_client *client, unsigned role, int64_t start);
enum lp_outcome lp_broken_open(struct lp_client *client, unsigned role);
void lp_broken_close(struct lp_client *client);

/* The state begins with a struct lp_lockfile. `lock_ops` is the file's own table. */
#define LP_BROKEN_DRIVER_OF(state_type, driver_name, driver_abilities, driver_summary)             \
    {                                                                                              \
        .magic = LP_DRIVER_MAGIC, .abi = LP_DRIVER_ABI, .size = sizeof(struct lp_driver),          \
        .roles = LP_ROLE_LOCK, .abilities = (driver_abilities), .owner = LP_OWNER_NAME,            \
        .name = (driver_name), .summary = (driver_summary), .params = lp_broken_params,            \
        .param_count = 1, .params_size = sizeof(struct lp_broken_params),                          \
        .state_size = sizeof(state_type), .prepare = lp_broken_prepare, .open = lp_broken_open,    \
        .close = lp_broken_close, .lock = &lock_ops,                                               \
    }
#define LP_BROKEN_DRIVER(driver_name, driver_abilities, driver_summary)                            \
    LP_BROKEN_DRIVER_OF(struct lp_lockfile, driver_name, driver_abilities, driver_summary)

#endif
