/* SPDX-License-Identifier: MIT */
/*
 * Actors: clients that do what they are told, one at a time, either in a process of their own or
 * all in this one. Some locks, such as those of fcntl(2), treat the two apart.
 */
#ifndef LP_TESTS_ACTOR_H
#define LP_TESTS_ACTOR_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "drivers/builtin.h"
#include "os/file.h"
#include "os/process.h"
#include "tests/unit/drivers/one_client.h"

enum act {
    ACT_END, /* of a script; of an actor */
    ACT_OPEN,
    ACT_READ,
    ACT_WRITE,
    ACT_ADD,
    ACT_CAS, /* from arg to arg + 1 */
    ACT_BEGIN,
    ACT_COMMIT,
    ACT_ROLLBACK,
    ACT_IDENTIFY,
    ACT_TRY,
    ACT_TRY_SHARED,
    ACT_WAIT, /* for the lock, `arg` ns at most */
    ACT_UPGRADE,
    ACT_RELEASE,
    ACT_HELD,
    ACT_DROP,
    ACT_REOPEN,
    ACT_CLOSE,
};

/* A folder of its own for each test; below /dev/shm, since fsync of a disk is not what is tested.
 */
static char scratch[64];

static void scratch_make(void)
{
    snprintf(scratch, sizeof scratch, "%s/lp-actor-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(scratch));
}

static void scratch_remove(void)
{
    lp_folder_remove(scratch);
}

struct answer {
    enum lp_outcome outcome; /* ACT_HELD: enum lp_held */
    int64_t value;
    struct lp_grant grant; /* of a lock */
    struct lp_identity identity;
    char error[192];
};

struct actor {
    struct lp_client *client;
    unsigned role;
    struct lp_child child; /* pid 0: in this process */
    int fd;
};

struct order {
    enum act act;
    int64_t arg;
};

static enum lp_outcome act_store(struct lp_client *client, const struct order *order,
                                 struct answer *answer)
{
    const struct lp_store_ops *store = client->driver->store;
    switch (order->act) {
    case ACT_READ:
        return store->read(client, &answer->value);
    case ACT_WRITE:
        return store->write(client, order->arg);
    case ACT_ADD:
        return store->add(client, order->arg, &answer->value);
    case ACT_CAS:
        return store->cas(client, order->arg, order->arg + 1);
    case ACT_BEGIN:
        return store->begin(client, (enum lp_begin_mode)order->arg);
    case ACT_COMMIT:
        return store->commit(client);
    case ACT_ROLLBACK:
        return store->rollback(client);
    case ACT_IDENTIFY:
        return store->identify(client, &answer->identity);
    case ACT_DROP:
        return store->drop(client);
    case ACT_REOPEN:
        return store->reopen(client);
    case ACT_END:
    case ACT_OPEN:
    case ACT_TRY:
    case ACT_TRY_SHARED:
    case ACT_WAIT:
    case ACT_UPGRADE:
    case ACT_RELEASE:
    case ACT_HELD:
    case ACT_CLOSE:
        break;
    }
    abort();
}

static enum lp_outcome act_lock(struct lp_client *client, const struct order *order,
                                struct answer *answer)
{
    const struct lp_lock_ops *lock = client->driver->lock;
    switch (order->act) {
    case ACT_TRY:
        return lock->acquire_try(client, LP_EXCLUSIVE, &answer->grant);
    case ACT_TRY_SHARED:
        return lock->acquire_try(client, LP_SHARED, &answer->grant);
    case ACT_WAIT:
        return lock->acquire_wait(client, LP_EXCLUSIVE, one_now_ns(NULL) + (uint64_t)order->arg,
                                  &answer->grant);
    case ACT_UPGRADE:
        return lock->upgrade(client, one_now_ns(NULL) + (uint64_t)order->arg, &answer->grant);
    case ACT_RELEASE:
        return lock->release(client);
    case ACT_HELD:
        return (enum lp_outcome)lock->still_held(client);
    case ACT_DROP:
        return lock->drop(client);
    case ACT_REOPEN:
        return lock->reopen(client);
    default:
        abort();
    }
}

static struct answer act_here(struct actor *actor, const struct order *order)
{
    struct answer answer = {.value = 0};
    actor->client->error[0] = '\0';
    if (order->act == ACT_OPEN) {
        answer.outcome = actor->client->driver->open(actor->client, actor->role);
    } else if (order->act == ACT_CLOSE) {
        actor->client->driver->close(actor->client);
        answer.outcome = LP_OK;
    } else if (actor->role == LP_ROLE_STORE) {
        answer.outcome = act_store(actor->client, order, &answer);
    } else {
        answer.outcome = act_lock(actor->client, order, &answer);
        answer.identity = answer.grant.identity;
    }
    memcpy(answer.error, actor->client->error, sizeof answer.error);
    return answer;
}

static void serve_orders(struct actor *actor)
{
    struct order order;
    while (recv(actor->fd, &order, sizeof order, 0) == sizeof order && order.act != ACT_END) {
        struct answer answer = act_here(actor, &order);
        if (send(actor->fd, &answer, sizeof answer, MSG_NOSIGNAL) != sizeof answer)
            break;
    }
    one_client_free(actor->client);
    _exit(0);
}

static void actor_init(struct actor *actor, const struct lp_driver *driver,
                       const char *const *settings, const char *url, unsigned role, uint64_t worker,
                       bool own_process)
{
    int pair[2];
    memset(actor, 0, sizeof *actor);
    actor->client = one_client(driver, settings, url, worker);
    actor->role = role;
    actor->fd = -1;
    if (!own_process)
        return;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    ck_assert_int_eq(lp_process_fork(&actor->child, 0), 0);
    actor->fd = pair[actor->child.pid == 0];
    close(pair[actor->child.pid != 0]);
    if (actor->child.pid == 0)
        serve_orders(actor);
}

static struct answer act(struct actor *actor, enum act what, int64_t arg)
{
    struct order order = {.act = what, .arg = arg};
    struct answer answer;
    if (actor->fd == -1)
        return act_here(actor, &order);
    ck_assert_int_eq(send(actor->fd, &order, sizeof order, MSG_NOSIGNAL), sizeof order);
    ck_assert_int_eq(recv(actor->fd, &answer, sizeof answer, 0), sizeof answer);
    return answer;
}

static void actor_release(struct actor *actor)
{
    if (actor->fd != -1) {
        /* Told, and not by a closed socket: actors made later have inherited a copy of it. */
        struct order end = {.act = ACT_END};
        send(actor->fd, &end, sizeof end, MSG_NOSIGNAL);
        close(actor->fd);
        ck_assert_int_eq(lp_process_wait(&actor->child), 0);
    }
    one_client_free(actor->client);
}

#endif
