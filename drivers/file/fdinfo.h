/* SPDX-License-Identifier: MIT */
/*
 * Whether an open file description holds a lock, asked of the kernel without touching the lock:
 * /proc/PID/fdinfo/FD lists the locks taken through a descriptor (proc(5), since Linux 4.1). To try
 * the lock once more from another descriptor would tell less (somebody holds it) and disturb
 * others.
 *
 * Not every kernel and sandbox lists them, and a list without the lock would look like a lock that
 * was lost. So "no" is only believed of a probe that has said "yes" before, right after a grant.
 */
#ifndef LP_DRIVERS_FILE_FDINFO_H
#define LP_DRIVERS_FILE_FDINFO_H

#include "drivers/driver.h"

struct lp_fdinfo {
    bool open;
    int fd;       /* of the fdinfo file; belongs to one descriptor */
    bool tried;   /* has looked right after a grant */
    bool trusted; /* and found the lock */
};

/* After a grant through `fd`. `table` is "FLOCK" or "OFDLCK", as the kernel writes it. */
void lp_fdinfo_learn_now(struct lp_fdinfo *info, int fd, const char *table, bool exclusive);
/* The same, but only once in the life of a client. */
static inline void lp_fdinfo_learn(struct lp_fdinfo *info, int fd, const char *table,
                                   bool exclusive)
{
    if (!info->tried)
        lp_fdinfo_learn_now(info, fd, table, exclusive);
}
enum lp_held lp_fdinfo_held(struct lp_fdinfo *info, int fd, const char *table, bool exclusive);
/* Before `fd` is closed; what was learnt stays. Takes a zeroed struct too. */
void lp_fdinfo_clear(struct lp_fdinfo *info);

#endif
