/* SPDX-License-Identifier: MIT */
/* Descriptors of lock files, and blocking on them no longer than a deadline. */
#include "drivers/file/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Read and write: fcntl locks want both, each for its own mode. */
#define LOCK_FILE_FLAGS (O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY)

const char *const lp_open_choices[] = {"once", "each", NULL};

enum lp_outcome lp_handle_prepare(struct lp_client *client, const char *path)
{
    int fd = open(path, LOCK_FILE_FLAGS, 0666);
    if (fd == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to make the lock file '%s'", path);
    close(fd);
    return LP_OK;
}

void lp_handle_init(struct lp_handle *handle)
{
    memset(handle, 0, sizeof *handle);
    handle->live = true;
    handle->fd = -1;
}

enum lp_outcome lp_handle_open_now(struct lp_client *client, struct lp_handle *handle,
                                   const char *kind, const char *path)
{
    handle->fd = open(path, LOCK_FILE_FLAGS, 0666);
    if (handle->fd == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to open the lock file '%s'", path);
    /* Once for a descriptor: whatever happens to the path, it stays on this inode. */
    enum lp_outcome outcome =
        lp_identity_of_file(client, &handle->kernel, kind, handle->fd, &handle->identity);
    if (outcome != LP_OK)
        lp_handle_close(handle);
    return outcome;
}

void lp_handle_close(struct lp_handle *handle)
{
    if (!handle->live || handle->fd == -1)
        return;
    lp_fdinfo_clear(&handle->info);
    close(handle->fd);
    handle->fd = -1;
}

int lp_handle_block(struct lp_client *client, const struct lp_handle_calls *calls, int fd, int type,
                    uint64_t deadline_ns)
{
    int failed = EAGAIN;
    enum lp_waited waited;
    while (failed == EAGAIN && (waited = lp_wait(client)) != LP_WAIT_YOURSELF) {
        if (waited != LP_WAITED)
            return waited == LP_WAIT_REFUSED ? EDEADLK : EINTR;
        failed = calls->attempt(fd, type) == 0 ? 0 : errno;
    }
    if (failed != EAGAIN)
        return failed;
    lp_alarm_start(client, deadline_ns);
    do {
        failed = calls->block(fd, type) == 0 ? 0 : errno;
        /* Somebody else's signal may interrupt as well. */
    } while (failed == EINTR && lp_now_ns(client) < deadline_ns);
    lp_alarm_stop(client);
    return failed;
}
