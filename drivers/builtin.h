/* SPDX-License-Identifier: MIT */
/* The drivers that are part of the program; drivers/builtin.c lists them for the registry. */
#ifndef LP_BUILTIN_H
#define LP_BUILTIN_H

#include <stddef.h>
#include "drivers/driver.h"

/* file/ */
extern const struct lp_driver lp_driver_file;
extern const struct lp_driver lp_driver_flock;
extern const struct lp_driver lp_driver_posix;
extern const struct lp_driver lp_driver_ofd;
/* name/ */
extern const struct lp_driver lp_driver_lockfile;
extern const struct lp_driver lp_driver_mkdir;
extern const struct lp_driver lp_driver_pidfile;
/* memory/ */
extern const struct lp_driver lp_driver_shm;
extern const struct lp_driver lp_driver_shm_atomic;
extern const struct lp_driver lp_driver_mutex;
extern const struct lp_driver lp_driver_robust;
extern const struct lp_driver lp_driver_semaphore;
/* sqlite/ */
extern const struct lp_driver lp_driver_sqlite;
/* cmd/ */
extern const struct lp_driver lp_driver_cmd;
/* broken/ */
extern const struct lp_driver lp_driver_broken_noop;
extern const struct lp_driver lp_driver_broken_check_then_act;
extern const struct lp_driver lp_driver_broken_double_grant;
extern const struct lp_driver lp_driver_broken_forgets;

extern const struct lp_driver *const lp_builtin_drivers[];
extern const size_t lp_builtin_driver_count;

#endif
