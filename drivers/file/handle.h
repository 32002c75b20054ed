/* SPDX-License-Identifier: MIT */
/*
 * The descriptor of a lock file: opened once for the life of a client, or for each acquire. In the
 * second form it stays open between tries until the acquire was granted or given up; a program
 * that opened anew for each try would find another file and hide the bugs of unlinked lock files.
 */
#ifndef LP_DRIVERS_FILE_HANDLE_H
#define LP_DRIVERS_FILE_HANDLE_H

#include "drivers/driver.h"
#include "drivers/file/fdinfo.h"
#include "drivers/identity.h"

/* Indexes into lp_open_choices. */
enum lp_open_when {
    LP_OPEN_ONCE,
    LP_OPEN_EACH,
};
extern const char *const lp_open_choices[];
#define LP_OPEN_HELP "open the file once, or anew for each use"

struct lp_handle {
    bool live; /* the client was opened, so fd says something */
    int fd;    /* -1: closed */
    struct lp_kernel_id kernel;
    struct lp_identity identity; /* of what is open now */
    struct lp_fdinfo info;
};

/* Makes the file when there is none. LP_OK, or LP_FAIL with the reason. */
enum lp_outcome lp_handle_prepare(struct lp_client *client, const char *path);

void lp_handle_init(struct lp_handle *handle);
/* LP_OK, or LP_FAIL with the reason. It must not be open. */
enum lp_outcome lp_handle_open_now(struct lp_client *client, struct lp_handle *handle,
                                   const char *kind, const char *path);
/* The same when it is not open; nothing when it is. */
static inline enum lp_outcome lp_handle_open(struct lp_client *client, struct lp_handle *handle,
                                             const char *kind, const char *path)
{
    return handle->fd != -1 ? LP_OK : lp_handle_open_now(client, handle, kind, path);
}
/* Takes a zeroed struct and a closed one too. */
void lp_handle_close(struct lp_handle *handle);

/* A system call that takes a lock and knows no timeout, and the same one when it does not wait. */
struct lp_handle_calls {
    int (*block)(int fd, int type);
    int (*attempt)(int fd, int type);
};
/* After an attempt that found it taken: waits until `deadline_ns`. 0, or an errno; EINTR means that
   the deadline passed. */
int lp_handle_block(struct lp_client *client, const struct lp_handle_calls *calls, int fd, int type,
                    uint64_t deadline_ns);

#endif
