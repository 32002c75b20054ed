/* SPDX-License-Identifier: MIT */
/*
 * `cmd`: a lock or a store that is a program of any language, spoken to line by line. So any client
 * library can be tested with the scenarios there are. Each client has a program of its own; nothing
 * is known of what it does inside, so exploring can give no better answer than `inconclusive`.
 *
 *     open lock 3        what it is to be, and the number of the worker    ok
 *     prepare 0          make the counter of this value, unless it is there    ok
 *     try exclusive      one attempt, that does not wait    ok [token N] [ttl MS] [on NAME] | busy
 *     unlock             ok | fail: it was not held
 *     held               ok yes | ok no | ok unknown
 *     read               ok VALUE
 *     write VALUE        ok
 *     add N              ok VALUE
 *     identity           ok NAME
 *
 * "fail TEXT" is the answer when something certainly had no effect, and to what is not understood.
 */
#include "drivers/driver.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/builtin.h"
#include "drivers/cmd/dialog.h"

struct params {
    const char *program;
    uint64_t answer_ns;
};

struct state {
    struct lp_dialog dialog;
    struct lp_identity named; /* what it is by its program's words */
};

static const struct lp_param param_table[] = {
    {"program", LP_PARAM_TEXT, LP_ROLE_LOCK | LP_ROLE_STORE, offsetof(struct params, program), NULL,
     NULL, "shell command of the program that speaks the line protocol"},
    {"answer", LP_PARAM_DURATION, LP_ROLE_LOCK | LP_ROLE_STORE, offsetof(struct params, answer_ns),
     "5s", NULL, "longest time until an answer; after that its outcome is unknown"},
};

static uint64_t deadline(struct lp_client *client)
{
    const struct params *params = client->params;
    return lp_now_ns(client) + params->answer_ns;
}

/* FNV-1a (Fowler, Noll, Vo). */
static unsigned long long hash(const char *text)
{
    unsigned long long value = 14695981039346656037ull;
    for (; *text; text++)
        value = (value ^ (unsigned char)*text) * 1099511628211ull;
    return value;
}

/* Names are compared as texts: two programs that use the same name mean the same thing. */
static void name_identity(struct lp_identity *identity, const char *kind, const char *name)
{
    identity->domain = hash(kind);
    identity->object = hash(name);
    snprintf(identity->text, sizeof identity->text, "%s '%.70s'", kind, name);
}

static enum lp_outcome open_as(struct lp_client *client, unsigned role)
{
    const struct params *params = client->params;
    struct state *state = client->state;
    char answer[LP_DIALOG_LINE];
    const char *kind = role == LP_ROLE_LOCK ? "lock" : "store";
    enum lp_outcome outcome = lp_dialog_open(client, &state->dialog, params->program);
    if (outcome != LP_OK)
        return outcome;
    name_identity(&state->named, role == LP_ROLE_LOCK ? "lock of" : "store of", params->program);
    outcome = lp_dialog_ask(client, &state->dialog, deadline(client), answer, "open %s %" PRIu64,
                            kind, client->worker);
    if (outcome == LP_OK)
        return LP_OK;
    lp_dialog_close(&state->dialog);
    return LP_FAIL;
}

static void close_client(struct lp_client *client)
{
    struct state *state = client->state;
    lp_dialog_close(&state->dialog);
}

static enum lp_outcome prepare(struct lp_client *client, unsigned role, int64_t start)
{
    struct state *state = client->state;
    char answer[LP_DIALOG_LINE];
    enum lp_outcome outcome = open_as(client, role);
    if (outcome != LP_OK)
        return outcome;
    outcome =
        lp_dialog_ask(client, &state->dialog, deadline(client), answer, "prepare %" PRId64, start);
    close_client(client);
    return outcome == LP_OK ? LP_OK : LP_FAIL;
}

/* ---- lock ---- */

/* "token 7 ttl 500 on NAME", each of them or none; NAME goes to the end of the line. */
static void read_grant(const struct state *state, const char *answer, struct lp_grant *grant)
{
    const char *at = answer;
    grant->identity = state->named;
    while (*at) {
        char word[16];
        int used = 0;
        if (sscanf(at, "%15s %n", word, &used) != 1)
            return;
        at += used;
        if (strcmp(word, "on") == 0) {
            name_identity(&grant->identity, "lock", at);
            return;
        }
        char *end;
        unsigned long long number = strtoull(at, &end, 10);
        if (strcmp(word, "token") == 0)
            grant->token = number;
        else if (strcmp(word, "ttl") == 0)
            grant->ttl_ns = number * 1000000;
        else
            return;
        at = end + strspn(end, " ");
    }
}

static enum lp_outcome acquire_try(struct lp_client *client, enum lp_lock_mode mode,
                                   struct lp_grant *grant)
{
    struct state *state = client->state;
    char answer[LP_DIALOG_LINE];
    enum lp_outcome outcome = lp_dialog_ask(client, &state->dialog, deadline(client), answer,
                                            "try %s", mode == LP_SHARED ? "shared" : "exclusive");
    if (outcome == LP_OK)
        read_grant(state, answer, grant);
    return outcome;
}

static enum lp_outcome release(struct lp_client *client)
{
    struct state *state = client->state;
    char answer[LP_DIALOG_LINE];
    return lp_dialog_ask(client, &state->dialog, deadline(client), answer, "unlock");
}

static enum lp_held still_held(struct lp_client *client)
{
    struct state *state = client->state;
    char answer[LP_DIALOG_LINE];
    if (lp_dialog_ask(client, &state->dialog, deadline(client), answer, "held") != LP_OK)
        return LP_HELD_UNKNOWN;
    if (strcmp(answer, "yes") == 0)
        return LP_HELD_YES;
    return strcmp(answer, "no") == 0 ? LP_HELD_NO : LP_HELD_UNKNOWN;
}

/* ---- store ---- */

static enum lp_outcome read_number(struct lp_client *client, const char *answer, int64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoll(answer, &end, 10);
    if (end == answer || *end || errno)
        return lp_fail(client, LP_UNKNOWN, 0, "answered 'ok %.60s', not 'ok' and a whole number",
                       answer);
    return LP_OK;
}

static enum lp_outcome read_value(struct lp_client *client, int64_t *value)
{
    struct state *state = client->state;
    char answer[LP_DIALOG_LINE];
    enum lp_outcome outcome =
        lp_dialog_ask(client, &state->dialog, deadline(client), answer, "read");
    return outcome == LP_OK ? read_number(client, answer, value) : outcome;
}

static enum lp_outcome write_value(struct lp_client *client, int64_t value)
{
    struct state *state = client->state;
    char answer[LP_DIALOG_LINE];
    return lp_dialog_ask(client, &state->dialog, deadline(client), answer, "write %" PRId64, value);
}

static enum lp_outcome add(struct lp_client *client, int64_t delta, int64_t *result)
{
    struct state *state = client->state;
    char answer[LP_DIALOG_LINE];
    enum lp_outcome outcome =
        lp_dialog_ask(client, &state->dialog, deadline(client), answer, "add %" PRId64, delta);
    return outcome == LP_OK ? read_number(client, answer, result) : outcome;
}

static enum lp_outcome identify(struct lp_client *client, struct lp_identity *identity)
{
    struct state *state = client->state;
    char answer[LP_DIALOG_LINE];
    *identity = state->named;
    /* A program that knows no name for it is taken by the name of its command. */
    if (lp_dialog_ask(client, &state->dialog, deadline(client), answer, "identity") == LP_OK &&
        answer[0])
        name_identity(identity, "store", answer);
    return LP_OK;
}

static const struct lp_lock_ops lock_ops = {
    .acquire_try = acquire_try,
    .release = release,
    .still_held = still_held,
};

static const struct lp_store_ops store_ops = {
    .read = read_value,
    .write = write_value,
    .identify = identify,
    .add = add,
};

const struct lp_driver lp_driver_cmd = {
    .magic = LP_DRIVER_MAGIC,
    .abi = LP_DRIVER_ABI,
    .size = sizeof(struct lp_driver),
    .roles = LP_ROLE_LOCK | LP_ROLE_STORE,
    .abilities = LP_SHARED_MODE | LP_ATOMIC_ADD,
    .owner = LP_OWNER_SESSION,
    .name = "cmd",
    .summary = "a program of any language, by a line protocol",
    .params = param_table,
    .param_count = sizeof param_table / sizeof param_table[0],
    .params_size = sizeof(struct params),
    .state_size = sizeof(struct state),
    .prepare = prepare,
    .open = open_as,
    .close = close_client,
    .lock = &lock_ops,
    .store = &store_ops,
};
