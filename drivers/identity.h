/* SPDX-License-Identifier: MIT */
/*
 * Which object it really was. Workers that name one path may have opened different files (a path of
 * their own container, a lock file that was unlinked and made again); their identities differ then.
 *
 * A number of an inode alone says little: it is given again as soon as the file is gone, and it
 * means nothing without the filesystem and the kernel it belongs to. So an identity holds the boot
 * id of the kernel, the device, the inode, its time of birth and, where the filesystem has one, its
 * generation. Mount namespaces, bind mounts and paths do not matter, as they do not to the kernel.
 */
#ifndef LP_DRIVERS_IDENTITY_H
#define LP_DRIVERS_IDENTITY_H

#include "drivers/driver.h"

/* What a client keeps between identities: it is zeroed at first and filled by the first one. */
struct lp_kernel_id {
    bool known;
    uint64_t boot;
};

/* Fills `identity` from an open file or folder (not one opened with O_PATH). `kind` names the lock
   table: flock and fcntl locks of one inode are two objects. LP_OK, or LP_FAIL with the reason. */
enum lp_outcome lp_identity_of_file(struct lp_client *client, struct lp_kernel_id *kernel,
                                    const char *kind, int fd, struct lp_identity *identity);

/* The same of a name in an open folder, for locks that are the existence of that name: the inode
   behind it is a new one with each grant. */
enum lp_outcome lp_identity_of_name(struct lp_client *client, struct lp_kernel_id *kernel,
                                    const char *kind, int folder_fd, const char *name,
                                    struct lp_identity *identity);

/* Into a grant. The text is only copied when it is another object than the grant names already. */
static inline void lp_identity_grant(struct lp_grant *grant, const struct lp_identity *identity)
{
    if (grant->identity.domain != identity->domain || grant->identity.object != identity->object)
        grant->identity = *identity;
}

#endif
