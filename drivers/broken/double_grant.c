/* SPDX-License-Identifier: MIT */
/* The lock `broken-double-grant`, wrong on purpose: a lock file that is right but for every tenth
   try of a client, which is granted although the file is there. */
#include "drivers/driver.h"

#include "drivers/broken/broken.h"
#include "drivers/builtin.h"
#include "drivers/name/lockfile.h"

#define WRONG_EVERY 10

struct state {
    struct lp_lockfile lockfile; /* first: opened and closed as that of any broken driver */
    unsigned tries;
    bool wrong; /* the latest grant was of nothing */
};

static enum lp_outcome acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                   struct lp_grant *grant)
{
    struct state *state = client->state;
    (void)mode;
    enum lp_outcome outcome = lp_lockfile_make(client, &state->lockfile, grant);
    state->wrong = outcome == LP_BUSY && ++state->tries % WRONG_EVERY == 0;
    if (!state->wrong)
        return outcome;
    grant->identity = state->lockfile.named.identity;
    return LP_OK;
}

static enum lp_outcome release(struct lp_client *client)
{
    struct state *state = client->state;
    return state->wrong ? LP_OK : lp_lockfile_remove(client, &state->lockfile);
}

static const struct lp_lock_ops lock_ops = {.acquire_try = acquire_try, .release = release};

const struct lp_driver lp_driver_broken_double_grant =
    LP_BROKEN_DRIVER_OF(struct state, "broken-double-grant", LP_ATOMIC_ACQUIRE,
                        "WRONG: every tenth refusal is a grant");
