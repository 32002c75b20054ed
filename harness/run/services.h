/* SPDX-License-Identifier: MIT */
/* What the harness offers to drivers in a free run (struct lp_services of drivers/driver.h). */
#ifndef LP_RUN_SERVICES_H
#define LP_RUN_SERVICES_H

#include "drivers/driver.h"
#include "os/alarm.h"

/* What a client's `host` points to: what its thread needs for waiting. */
struct lp_host {
    struct lp_alarm alarm;
};

/* Points are passed without stopping. */
extern const struct lp_services lp_free_services;

#endif
