/* SPDX-License-Identifier: MIT */
/*
 * Making and removing a lock file, for the driver `lockfile` and for a broken one that differs from
 * it by one rule only.
 */
#ifndef LP_DRIVERS_NAME_LOCKFILE_H
#define LP_DRIVERS_NAME_LOCKFILE_H

#include "drivers/driver.h"
#include "drivers/name/named.h"

struct lp_lockfile {
    struct lp_named named;
    bool made;   /* held_fd is open */
    int held_fd; /* of the file made: while it is open its inode number is not given again */
};

enum lp_outcome lp_lockfile_open(struct lp_client *client, struct lp_lockfile *lockfile,
                                 const char *path);
/* The file stays: a name has no owner who could take it along. */
void lp_lockfile_close(struct lp_lockfile *lockfile);

/* One open(2) with O_CREAT and O_EXCL: LP_OK, LP_BUSY, LP_FAIL. */
enum lp_outcome lp_lockfile_make(struct lp_client *client, struct lp_lockfile *lockfile,
                                 struct lp_grant *grant);
/* Removes the name, whoever made it. LP_FAIL when it is not there. */
enum lp_outcome lp_lockfile_remove(struct lp_client *client, struct lp_lockfile *lockfile);
/* Whether the name still stands for the file that this client made. */
enum lp_held lp_lockfile_held(const struct lp_lockfile *lockfile);

#endif
