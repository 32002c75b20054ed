/* SPDX-License-Identifier: MIT */
/* The explicit table of built-in drivers, in the order in which people see them. */
#include "drivers/builtin.h"

const struct lp_driver *const lp_builtin_drivers[] = {
    &lp_driver_file,
    &lp_driver_shm,
    &lp_driver_shm_atomic,
    &lp_driver_sqlite,
    &lp_driver_flock,
    &lp_driver_posix,
    &lp_driver_ofd,
    &lp_driver_lockfile,
    &lp_driver_mkdir,
    &lp_driver_pidfile,
    &lp_driver_mutex,
    &lp_driver_robust,
    &lp_driver_semaphore,
    &lp_driver_cmd,
    &lp_driver_broken_noop,
    &lp_driver_broken_check_then_act,
    &lp_driver_broken_double_grant,
    &lp_driver_broken_forgets,
};
const size_t lp_builtin_driver_count = sizeof lp_builtin_drivers / sizeof lp_builtin_drivers[0];
