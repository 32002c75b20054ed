/* SPDX-License-Identifier: MIT */
/* What the files of the ZooKeeper plug-in share; nobody else includes it. */
#ifndef LP_DRIVERS_ZOOKEEPER_ZOOKEEPER_H
#define LP_DRIVERS_ZOOKEEPER_ZOOKEEPER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <zookeeper/zookeeper.h>
#include "drivers/driver.h"

#define ZK_PATH_SIZE 300

struct zk_params {
    const char *path;
    uint64_t session_ns;
    uint64_t timeout_ns;
};

/* The library's threads tell by this what happened; both members are guarded by the mutex. */
struct zk_news {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int state;        /* of the session */
    unsigned touched; /* how often a node that was watched changed */
};

struct zk_state {
    zhandle_t *handle; /* NULL: no session */
    struct zk_news news;
    bool news_made;
    char node[ZK_PATH_SIZE]; /* of the lock that is held or waited for; "" */
    char path[ZK_PATH_SIZE]; /* of the lock or the counter */
    int version;             /* store: of the node that was read */
};

static inline const struct zk_params *zk_params_of(const struct lp_client *client)
{
    return client->params;
}

static inline struct zk_state *zk_state_of(struct lp_client *client)
{
    return client->state;
}

/* Of the clock by which the library's threads go on, also while exploring. */
static inline uint64_t zk_now_ns(struct lp_client *client)
{
    struct timespec now;
    if (!lp_is_led(client))
        return lp_now_ns(client);
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* session.c */
enum lp_outcome zk_connect(struct lp_client *client);
void zk_hang_up(struct lp_client *client);
/* The library reconnects by itself; comes back when it has, or never can, or at the deadline. */
void zk_wait_connected(struct lp_client *client, uint64_t deadline_ns);
/* What an answer of the library means, with a sentence in client->error when it is not ZOK. An
   expired session is hung up. */
enum lp_outcome zk_outcome(struct lp_client *client, int code, bool writes, const char *what);
/* The number of such changes so far; and waiting until it is another one, or the session is not
   connected any more: false when the deadline passed first. */
unsigned zk_touched(struct lp_client *client);
bool zk_wait_touched(struct lp_client *client, unsigned before, uint64_t deadline_ns);
void zk_touch(zhandle_t *handle, int type, int state, const char *path, void *context);
enum lp_outcome zk_harm(struct lp_client *client, enum lp_harm harm,
                        const struct lp_session *victim);
void zk_identity(struct lp_client *client, const char *path, struct lp_identity *identity);
/* mkdir -p: nodes that stay. */
enum lp_outcome zk_make_path(struct lp_client *client, const char *path);

extern const struct lp_lock_ops zk_lock_ops;
extern const struct lp_store_ops zk_store_ops;

#endif
