/* SPDX-License-Identifier: MIT */
/* The lock `broken-check-then-act`, wrong on purpose: "[ -e lock ] || touch lock". Two can find the
   file missing before either has made it. */
#include "drivers/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "drivers/broken/broken.h"
#include "drivers/builtin.h"
#include "drivers/name/lockfile.h"

static enum lp_outcome acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                   struct lp_grant *grant)
{
    const struct lp_named *named = &((const struct lp_lockfile *)client->state)->named;
    (void)mode;
    if (faccessat(named->folder_fd, named->name, F_OK, 0) == 0)
        return LP_BUSY;
    lp_point(client, "found it missing");
    int fd = openat(named->folder_fd, named->name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to make '%s'", named->name);
    close(fd);
    grant->identity = named->identity;
    return LP_OK;
}

/* Whoever comes second finds it removed already, and thinks nothing of it. */
static enum lp_outcome release(struct lp_client *client)
{
    const struct lp_named *named = &((const struct lp_lockfile *)client->state)->named;
    unlinkat(named->folder_fd, named->name, 0);
    return LP_OK;
}

static const struct lp_lock_ops lock_ops = {.acquire_try = acquire_try, .release = release};

const struct lp_driver lp_driver_broken_check_then_act =
    LP_BROKEN_DRIVER("broken-check-then-act", LP_ATOMIC_ACQUIRE,
                     "WRONG: looks whether the file is there, then makes it");
