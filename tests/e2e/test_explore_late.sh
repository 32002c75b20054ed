#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A backend that waits where exploring cannot see it: the exploration ends, and does not claim anything.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"

cat > "$work/blocks.c" << 'C'
/* flock(2) that says it tries, and waits. */
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include "drivers/driver.h"

struct params { const char *path; };
struct state { int fd; };

static enum lp_outcome nothing(struct lp_client *client, unsigned role, int64_t start)
{
    (void)client, (void)role, (void)start;
    return LP_OK;
}

static enum lp_outcome take(struct lp_client *client, enum lp_lock_mode mode, struct lp_grant *grant)
{
    struct state *state = client->state;
    (void)mode, (void)grant;
    return flock(state->fd, LOCK_EX) == 0 ? LP_OK : LP_FAIL;
}

static enum lp_outcome give(struct lp_client *client)
{
    struct state *state = client->state;
    return flock(state->fd, LOCK_UN) == 0 ? LP_OK : LP_FAIL;
}

static enum lp_outcome enter(struct lp_client *client, unsigned role)
{
    struct state *state = client->state;
    (void)role;
    state->fd = open(((const struct params *)client->params)->path, O_RDWR | O_CREAT, 0644);
    return state->fd == -1 ? LP_FAIL : LP_OK;
}

static void leave(struct lp_client *client)
{
    close(((struct state *)client->state)->fd);
}

static const struct lp_lock_ops ops = {.acquire_try = take, .release = give};
static const struct lp_param params[] = {
    {"path", LP_PARAM_PATH, LP_ROLE_LOCK, 0, NULL, NULL, "the file"}};
static const struct lp_driver driver = {
    .magic = LP_DRIVER_MAGIC, .abi = LP_DRIVER_ABI, .size = sizeof(struct lp_driver),
    .roles = LP_ROLE_LOCK, .abilities = LP_ATOMIC_ACQUIRE, .owner = LP_OWNER_DESCRIPTION,
    .name = "blocks", .summary = "waits inside", .params = params, .param_count = 1,
    .params_size = sizeof(struct params), .state_size = sizeof(struct state), .prepare = nothing,
    .open = enter, .close = leave, .lock = &ops};
LP_DRIVER_EXPORT(driver);
C
pass_if 'the driver compiles' cc -shared -fPIC -I "$root" -I "$root/harness" -o "$work/blocks.so" "$work/blocks.c"
file=$(scenario blocks << 'YAML'
title: A driver that waits inside
expect: held
store: {driver: file, path: "{shared}/counter"}
lock: {driver: blocks, path: "{shared}/lock"}
workers: 2
steps: [lock, read, write, unlock]
YAML
)
lp explore --driver "$work/blocks.so" -o "$work/run" -f "json=$work/result" "$file"
expect_status 3 'a step that does not come back'
pass_if 'it says which' grep -q "\`lock\` did not come back" "$work/result"
pass_if 'it is not called held' [ "$(json "$work/result" scenarios.0.verdict)" = inconclusive ]
lp check -q "$work/run"
expect_status '0 3' 'what was recorded can be read'
expect_nothing_left 'after that'
