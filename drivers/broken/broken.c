/* SPDX-License-Identifier: MIT */
/* Opening and closing, the same for all of them. */
#include "drivers/broken/broken.h"

const struct lp_param lp_broken_params[] = {
    {"path", LP_PARAM_PATH, LP_ROLE_LOCK, offsetof(struct lp_broken_params, path), NULL, NULL,
     "the lock file"},
};

static const char *path_of(const struct lp_client *client)
{
    return ((const struct lp_broken_params *)client->params)->path;
}

enum lp_outcome lp_broken_prepare(struct lp_client *client, unsigned role, int64_t start)
{
    (void)role, (void)start;
    return lp_named_prepare(client, path_of(client));
}

enum lp_outcome lp_broken_open(struct lp_client *client, unsigned role)
{
    (void)role;
    return lp_lockfile_open(client, client->state, path_of(client));
}

void lp_broken_close(struct lp_client *client)
{
    lp_lockfile_close(client->state);
}
