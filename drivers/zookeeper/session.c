/* SPDX-License-Identifier: MIT */
/*
 * A session through libzookeeper-mt, whose own threads keep it alive: so it goes on as long as this
 * process runs and reaches a server, and ends at the server when it has heard nothing for the
 * session's timeout. The library reconnects by itself; a call that was in the air then ends with
 * connection loss: nobody knows whether it was done.
 */
#include "drivers/zookeeper/zookeeper.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

_Static_assert(sizeof((struct lp_session *)NULL)->key == sizeof((clientid_t *)NULL)->passwd,
               "a session's password fits");

static void be_silent(const char *message)
{
    (void)message;
}

static void note_state(zhandle_t *handle, int type, int state, const char *path, void *context)
{
    struct zk_news *news = context;
    (void)handle, (void)path;
    if (type != ZOO_SESSION_EVENT)
        return;
    pthread_mutex_lock(&news->mutex);
    news->state = state;
    pthread_cond_broadcast(&news->changed);
    pthread_mutex_unlock(&news->mutex);
}

void zk_touch(zhandle_t *handle, int type, int state, const char *path, void *context)
{
    struct zk_news *news = context;
    (void)handle, (void)type, (void)state, (void)path;
    pthread_mutex_lock(&news->mutex);
    news->touched++;
    pthread_cond_broadcast(&news->changed);
    pthread_mutex_unlock(&news->mutex);
}

static void make_news(struct zk_state *state)
{
    pthread_condattr_t clock;
    if (state->news_made)
        return;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&state->news.mutex, NULL);
    pthread_cond_init(&state->news.changed, &clock);
    pthread_condattr_destroy(&clock);
    state->news_made = true;
}

static struct timespec time_of(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / 1000000000),
                             .tv_nsec = (long)(ns % 1000000000)};
}

/* Until the session is connected, or can never be. */
static int wait_connected(struct zk_news *news, uint64_t deadline_ns)
{
    struct timespec until = time_of(deadline_ns);
    int failed = 0;
    pthread_mutex_lock(&news->mutex);
    while (news->state != ZOO_CONNECTED_STATE && news->state != ZOO_EXPIRED_SESSION_STATE &&
           news->state != ZOO_AUTH_FAILED_STATE && failed != ETIMEDOUT)
        failed = pthread_cond_timedwait(&news->changed, &news->mutex, &until);
    int state = news->state;
    pthread_mutex_unlock(&news->mutex);
    return state;
}

void zk_wait_connected(struct lp_client *client, uint64_t deadline_ns)
{
    wait_connected(&zk_state_of(client)->news, deadline_ns);
}

unsigned zk_touched(struct lp_client *client)
{
    struct zk_news *news = &zk_state_of(client)->news;
    pthread_mutex_lock(&news->mutex);
    unsigned touched = news->touched;
    pthread_mutex_unlock(&news->mutex);
    return touched;
}

bool zk_wait_touched(struct lp_client *client, unsigned before, uint64_t deadline_ns)
{
    struct zk_news *news = &zk_state_of(client)->news;
    struct timespec until = time_of(deadline_ns);
    int failed = 0;
    pthread_mutex_lock(&news->mutex);
    while (news->touched == before && news->state != ZOO_EXPIRED_SESSION_STATE &&
           failed != ETIMEDOUT)
        failed = pthread_cond_timedwait(&news->changed, &news->mutex, &until);
    bool touched = news->touched != before || news->state == ZOO_EXPIRED_SESSION_STATE;
    pthread_mutex_unlock(&news->mutex);
    return touched;
}

void zk_hang_up(struct lp_client *client)
{
    struct zk_state *state = zk_state_of(client);
    if (state->handle)
        zookeeper_close(state->handle);
    state->handle = NULL;
    state->node[0] = '\0';
    client->session.id = 0;
    if (state->news_made) {
        pthread_cond_destroy(&state->news.changed);
        pthread_mutex_destroy(&state->news.mutex);
    }
    state->news_made = false;
}

/* All members of an ensemble, separated by commas. */
static void name_servers(const struct lp_client *client, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < client->server_count && used < size; i++) {
        int put = snprintf(text + used, size - used, "%s%s", i ? "," : "", client->server_urls[i]);
        used += put > 0 ? (size_t)put : 0;
    }
}

static zhandle_t *dial(struct lp_client *client, const clientid_t *known)
{
    struct zk_state *state = zk_state_of(client);
    char servers[1024];
    make_news(state);
    state->news.state = 0;
    name_servers(client, servers, sizeof servers);
    return zookeeper_init2(servers, note_state, (int)(zk_params_of(client)->session_ns / 1000000),
                           known, &state->news, 0, be_silent);
}

enum lp_outcome zk_connect(struct lp_client *client)
{
    struct zk_state *state = zk_state_of(client);
    if (state->handle && zoo_state(state->handle) != ZOO_EXPIRED_SESSION_STATE)
        return LP_OK;
    zk_hang_up(client);
    state->handle = dial(client, NULL);
    if (!state->handle)
        return lp_fail(client, LP_FAIL, errno, "cannot begin a ZooKeeper session");
    if (wait_connected(&state->news, zk_now_ns(client) + zk_params_of(client)->timeout_ns) !=
        ZOO_CONNECTED_STATE) {
        zk_hang_up(client);
        return lp_fail(client, LP_FAIL, 0, "cannot connect to ZooKeeper");
    }
    const clientid_t *id = zoo_client_id(state->handle);
    client->session.id = (uint64_t)id->client_id;
    memcpy(client->session.key, id->passwd, sizeof client->session.key);
    return LP_OK;
}

enum lp_outcome zk_outcome(struct lp_client *client, int code, bool writes, const char *what)
{
    if (code == ZOK)
        return LP_OK;
    bool unknown = code == ZCONNECTIONLOSS || code == ZOPERATIONTIMEOUT;
    enum lp_outcome outcome = unknown && writes ? LP_UNKNOWN : LP_FAIL;
    lp_fail(client, outcome, 0, "%s: %s", what, zerror(code));
    if (code == ZSESSIONEXPIRED || code == ZINVALIDSTATE || code == ZCLOSING)
        zk_hang_up(client);
    return outcome;
}

/* FNV-1a (Fowler, Noll, Vo). An ensemble has no name of its own: it is known by where it is. */
static uint64_t hash_text(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash;
}

void zk_identity(struct lp_client *client, const char *path, struct lp_identity *identity)
{
    char servers[1024];
    name_servers(client, servers, sizeof servers);
    identity->domain = hash_text(servers);
    identity->object = hash_text(path);
    snprintf(identity->text, sizeof identity->text, "node \"%.40s\" of ZooKeeper at %.30s", path,
             client->server_url ? client->server_url : "");
}

enum lp_outcome zk_make_path(struct lp_client *client, const char *path)
{
    char part[ZK_PATH_SIZE];
    for (const char *at = path; *at;) {
        size_t len = strcspn(at + 1, "/") + 1;
        snprintf(part, sizeof part, "%.*s", (int)(at + len - path), path);
        int code =
            zoo_create(zk_state_of(client)->handle, part, "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0);
        if (code != ZOK && code != ZNODEEXISTS)
            return zk_outcome(client, code, true, "cannot make a node");
        at += len;
    }
    return LP_OK;
}

/* Whoever knows number and password of a session may go on with it, and end it. Its client comes
   back meanwhile and takes it over again, so this is done until somebody who asks for it is told
   that it is gone. */
enum lp_outcome zk_harm(struct lp_client *client, enum lp_harm harm,
                        const struct lp_session *victim)
{
    struct zk_state *state = zk_state_of(client);
    clientid_t id = {.client_id = (int64_t)victim->id};
    uint64_t until_ns = zk_now_ns(client) + zk_params_of(client)->timeout_ns;
    int seen = 0;
    if (harm != LP_HARM_EXPIRE)
        return lp_fail(client, LP_FAIL, 0, "ZooKeeper cuts no connection on demand");
    memcpy(id.passwd, victim->key, sizeof id.passwd);
    while (seen != ZOO_EXPIRED_SESSION_STATE && zk_now_ns(client) < until_ns) {
        zk_hang_up(client);
        state->handle = dial(client, &id);
        seen = state->handle ? wait_connected(&state->news, until_ns) : 0;
    }
    zk_hang_up(client);
    return seen == ZOO_EXPIRED_SESSION_STATE
               ? LP_OK
               : lp_fail(client, LP_FAIL, 0, "the session is still there");
}
