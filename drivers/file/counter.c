/* SPDX-License-Identifier: MIT */
/*
 * The store `file`: a counter as text in a file.
 *
 * `format: fixed` writes always the same 21 bytes in place, so that a lost update is all that can
 * happen to it: a number that grew shorter would leave digits of the old one behind and look like
 * something else. `format: plain` is what most scripts do: truncate, then write; whoever reads in
 * between finds an empty file, which counts as 0 there as it does to the shell.
 */
#include "drivers/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "drivers/builtin.h"
#include "drivers/file/handle.h"
#include "drivers/identity.h"

#define KIND "file"
#define DIGITS 20 /* room for a sign and the 19 digits of INT64_MIN */
#define TEXT_SIZE (DIGITS + 2)

enum format {
    FORMAT_FIXED,
    FORMAT_PLAIN,
};

static const char *const format_choices[] = {"fixed", "plain", NULL};

struct params {
    const char *path;
    unsigned open;   /* enum lp_open_when */
    unsigned format; /* enum format */
};

struct state {
    bool live;
    int fd; /* -1: closed */
    struct lp_kernel_id kernel;
    struct lp_identity identity;
};

static const struct lp_param param_table[] = {
    {"path", LP_PARAM_PATH, LP_ROLE_STORE, offsetof(struct params, path), NULL, NULL,
     "the file that holds the counter"},
    {"open", LP_PARAM_CHOICE, LP_ROLE_STORE, offsetof(struct params, open), "once", lp_open_choices,
     LP_OPEN_HELP},
    {"format", LP_PARAM_CHOICE, LP_ROLE_STORE, offsetof(struct params, format), "fixed",
     format_choices, "fixed width rewritten in place, or truncated and rewritten"},
};

/* printf was a tenth of what exploring costs beside the system calls. */
static int format_fixed(int64_t value, char text[TEXT_SIZE])
{
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    for (int i = DIGITS; i-- > 0; rest /= 10)
        text[i] = (char)('0' + rest % 10);
    if (value < 0)
        text[0] = '-';
    text[DIGITS] = '\n';
    text[DIGITS + 1] = '\0';
    return DIGITS + 1;
}

static int format_value(unsigned format, int64_t value, char text[TEXT_SIZE])
{
    if (format == FORMAT_FIXED)
        return format_fixed(value, text);
    return snprintf(text, TEXT_SIZE, "%" PRId64 "\n", value);
}

/* These say that nothing was written at all; after any other error the file may have changed. */
static bool is_refusal(int errnum)
{
    return errnum == EBADF || errnum == ENOSPC || errnum == EDQUOT || errnum == EROFS ||
           errnum == EPERM || errnum == EACCES;
}

static enum lp_outcome put(struct lp_client *client, int fd, int64_t value)
{
    const struct params *params = client->params;
    char text[TEXT_SIZE];
    int len = format_value(params->format, value, text);

    if (params->format == FORMAT_PLAIN) {
        if (ftruncate(fd, 0) == -1)
            return lp_fail(client, is_refusal(errno) ? LP_FAIL : LP_UNKNOWN, errno,
                           "unable to truncate '%s'", params->path);
        lp_point(client, "truncated");
    }
    ssize_t put = pwrite(fd, text, (size_t)len, 0);
    if (put == len)
        return LP_OK;
    if (put == -1 && params->format == FORMAT_FIXED && is_refusal(errno))
        return lp_fail(client, LP_FAIL, errno, "unable to write '%s'", params->path);
    return lp_fail(client, LP_UNKNOWN, put == -1 ? errno : 0, "'%s' was not written as a whole",
                   params->path);
}

static enum lp_outcome parse(struct lp_client *client, const char *text, int64_t *value)
{
    const struct params *params = client->params;
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    const bool whole = end != text && errno == 0 && strcmp(end, "\n") == 0;

    if (params->format == FORMAT_FIXED && (!whole || end - text != DIGITS))
        return lp_fail(client, LP_FAIL, 0, "'%s' holds no counter of %d digits", params->path,
                       DIGITS);
    *value = number;
    return LP_OK;
}

static enum lp_outcome get(struct lp_client *client, int fd, int64_t *value)
{
    const struct params *params = client->params;
    char text[TEXT_SIZE + 1]; /* one more than was ever written, to see what is too long */

    ssize_t got = pread(fd, text, sizeof text - 1, 0);
    if (got == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to read '%s'", params->path);
    text[got] = '\0';
    return parse(client, text, value);
}

static enum lp_outcome prepare(struct lp_client *client, unsigned role, int64_t start)
{
    const struct params *params = client->params;
    (void)role;

    int fd = open(params->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to make '%s'", params->path);
    enum lp_outcome outcome = LP_OK;
    off_t size = lseek(fd, 0, SEEK_END);
    if (size == -1)
        outcome = lp_fail(client, LP_FAIL, errno, "unable to tell the size of '%s'", params->path);
    else if (size == 0)
        outcome = put(client, fd, start) == LP_OK ? LP_OK : LP_FAIL;
    else
        outcome = get(client, fd, &start);
    close(fd);
    return outcome;
}

static enum lp_outcome open_fd(struct lp_client *client)
{
    const struct params *params = client->params;
    struct state *state = client->state;

    if (state->fd != -1)
        return LP_OK;
    state->fd = open(params->path, O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (state->fd == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to open '%s'", params->path);
    return LP_OK;
}

static void close_fd(struct lp_client *client)
{
    struct state *state = client->state;
    if (!state->live || state->fd == -1)
        return;
    close(state->fd);
    state->fd = -1;
}

/* After each operation of `open: each`. */
static void let_go(struct lp_client *client)
{
    const struct params *params = client->params;
    if (params->open == LP_OPEN_EACH)
        close_fd(client);
}

static enum lp_outcome open_and_identify(struct lp_client *client)
{
    struct state *state = client->state;
    enum lp_outcome outcome = open_fd(client);
    if (outcome == LP_OK)
        outcome = lp_identity_of_file(client, &state->kernel, KIND, state->fd, &state->identity);
    let_go(client);
    return outcome;
}

static enum lp_outcome open_client(struct lp_client *client, unsigned role)
{
    struct state *state = client->state;
    (void)role;
    *state = (struct state){.live = true, .fd = -1};
    return open_and_identify(client);
}

static enum lp_outcome read_value(struct lp_client *client, int64_t *value)
{
    struct state *state = client->state;
    enum lp_outcome outcome = open_fd(client);
    if (outcome != LP_OK)
        return outcome;
    outcome = get(client, state->fd, value);
    let_go(client);
    return outcome;
}

static enum lp_outcome write_value(struct lp_client *client, int64_t value)
{
    struct state *state = client->state;
    enum lp_outcome outcome = open_fd(client);
    if (outcome != LP_OK)
        return outcome;
    outcome = put(client, state->fd, value);
    let_go(client);
    return outcome;
}

static enum lp_outcome identify(struct lp_client *client, struct lp_identity *identity)
{
    const struct params *params = client->params;
    struct state *state = client->state;
    if (params->open == LP_OPEN_EACH) {
        enum lp_outcome outcome = open_and_identify(client);
        if (outcome != LP_OK)
            return outcome;
    }
    *identity = state->identity;
    return LP_OK;
}

static enum lp_outcome drop(struct lp_client *client)
{
    close_fd(client);
    return LP_OK;
}

static const struct lp_store_ops store_ops = {
    .read = read_value,
    .write = write_value,
    .identify = identify,
    .drop = drop,
    .reopen = open_and_identify,
};

const struct lp_driver lp_driver_file = {
    .magic = LP_DRIVER_MAGIC,
    .abi = LP_DRIVER_ABI,
    .size = sizeof(struct lp_driver),
    .roles = LP_ROLE_STORE,
    .owner = LP_OWNER_NAME,
    .name = "file",
    .summary = "a counter as text in a file",
    .params = param_table,
    .param_count = sizeof param_table / sizeof param_table[0],
    .params_size = sizeof(struct params),
    .state_size = sizeof(struct state),
    .prepare = prepare,
    .open = open_client,
    .close = close_fd,
    .store = &store_ops,
};
