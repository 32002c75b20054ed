/* SPDX-License-Identifier: MIT */
/*
 * Locks that are the existence of a name in a folder. The folder is opened once and every operation
 * is relative to it (openat(2)), so that the identity told is that of the folder really used.
 */
#ifndef LP_DRIVERS_NAME_NAMED_H
#define LP_DRIVERS_NAME_NAMED_H

#include "drivers/driver.h"
#include "drivers/identity.h"

struct lp_named {
    bool live;        /* the client was opened, so folder_fd says something */
    int folder_fd;    /* -1: closed */
    const char *name; /* points into the path of the parameters */
    struct lp_kernel_id kernel;
    struct lp_identity identity;
};

/* Nothing is made. LP_FAIL when the name is there already: no worker has started, so nobody who is
   alive in this run can have made it. */
enum lp_outcome lp_named_prepare(struct lp_client *client, const char *path);

/* LP_OK, or LP_FAIL with the reason. */
enum lp_outcome lp_named_open(struct lp_client *client, struct lp_named *named, const char *kind,
                              const char *path);
/* Takes a zeroed struct and a closed one too. */
void lp_named_close(struct lp_named *named);

#endif
