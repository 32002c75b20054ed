/* SPDX-License-Identifier: MIT */
/* The lock `broken-forgets`, wrong on purpose: a lock file with a rule that removes one that seems
   stale, after less time than the work takes. */
#include "drivers/driver.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/units.h"
#include "drivers/broken/broken.h"
#include "drivers/builtin.h"
#include "drivers/name/lockfile.h"

#define STALE_NS (30 * LP_US)

static bool is_stale(const struct lp_named *named)
{
    struct stat status;
    struct timespec now;
    if (fstatat(named->folder_fd, named->name, &status, AT_SYMLINK_NOFOLLOW) == -1)
        return false;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t age_ns = (int64_t)(now.tv_sec - status.st_mtim.tv_sec) * (int64_t)LP_SEC +
                     (now.tv_nsec - status.st_mtim.tv_nsec);
    return age_ns > (int64_t)STALE_NS;
}

static enum lp_outcome acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                   struct lp_grant *grant)
{
    struct lp_lockfile *lockfile = client->state;
    const struct lp_named *named = &lockfile->named;
    (void)mode;
    if (is_stale(named)) {
        lp_point(client, "found it stale");
        unlinkat(named->folder_fd, named->name, 0);
    }
    return lp_lockfile_make(client, lockfile, grant);
}

/* Its own file may be gone, and another one's there: it removes whatever it finds. */
static enum lp_outcome release(struct lp_client *client)
{
    struct lp_lockfile *lockfile = client->state;
    if (lp_lockfile_remove(client, lockfile) != LP_OK)
        client->error[0] = '\0';
    return LP_OK;
}

static const struct lp_lock_ops lock_ops = {.acquire_try = acquire_try, .release = release};

const struct lp_driver lp_driver_broken_forgets =
    LP_BROKEN_DRIVER("broken-forgets", LP_ATOMIC_ACQUIRE,
                     "WRONG: removes a lock file that seems stale while it is held");
