/* SPDX-License-Identifier: MIT */
/* The lock `broken-noop`, wrong on purpose: it grants to everybody. A harness that calls it held is
   blind. */
#include "drivers/driver.h"

#include "drivers/broken/broken.h"
#include "drivers/builtin.h"
#include "drivers/name/lockfile.h"

static enum lp_outcome acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                   struct lp_grant *grant)
{
    const struct lp_lockfile *lockfile = client->state;
    (void)mode;
    grant->identity = lockfile->named.identity;
    return LP_OK;
}

static enum lp_outcome release(struct lp_client *client)
{
    (void)client;
    return LP_OK;
}

static const struct lp_lock_ops lock_ops = {.acquire_try = acquire_try, .release = release};

const struct lp_driver lp_driver_broken_noop =
    LP_BROKEN_DRIVER("broken-noop", LP_ATOMIC_ACQUIRE, "WRONG: grants to everybody");
