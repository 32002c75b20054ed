/* SPDX-License-Identifier: MIT */
/* The folder that a lock's name lies in. */
#include "drivers/name/named.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static enum lp_outcome open_folder(struct lp_client *client, const char *path, int *folder_fd,
                                   const char **name)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) + 1 : 0;

    *name = path + len;
    if (**name == '\0' || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0)
        return lp_fail(client, LP_FAIL, 0, "'%s' names a folder; a name in it is needed", path);
    if (len >= sizeof folder)
        return lp_fail(client, LP_FAIL, ENAMETOOLONG, "unable to open the folder of '%s'", path);
    memcpy(folder, path, len);
    folder[len] = '\0';
    *folder_fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*folder_fd == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to open the folder of '%s'", path);
    return LP_OK;
}

enum lp_outcome lp_named_prepare(struct lp_client *client, const char *path)
{
    int folder_fd;
    const char *name;
    enum lp_outcome outcome = open_folder(client, path, &folder_fd, &name);
    if (outcome != LP_OK)
        return outcome;
    if (faccessat(folder_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        outcome =
            lp_fail(client, LP_FAIL, 0,
                    "'%s' is there before anybody started: left behind, or somebody else's", path);
    close(folder_fd);
    return outcome;
}

enum lp_outcome lp_named_open(struct lp_client *client, struct lp_named *named, const char *kind,
                              const char *path)
{
    const struct lp_kernel_id kernel = named->kernel;

    *named = (struct lp_named){.live = true, .folder_fd = -1, .kernel = kernel};
    enum lp_outcome outcome = open_folder(client, path, &named->folder_fd, &named->name);
    if (outcome == LP_OK)
        outcome = lp_identity_of_name(client, &named->kernel, kind, named->folder_fd, named->name,
                                      &named->identity);
    if (outcome != LP_OK)
        lp_named_close(named);
    return outcome;
}

void lp_named_close(struct lp_named *named)
{
    if (!named->live || named->folder_fd == -1)
        return;
    close(named->folder_fd);
    named->folder_fd = -1;
}
