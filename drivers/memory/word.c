/* SPDX-License-Identifier: MIT */
/*
 * The stores `shm` and `shm-atomic`: a 64-bit counter in memory that processes share. They differ
 * in their add(): a load and a store that others may come between, or one atomic instruction. Two
 * drivers, because what a store is able to do belongs to the driver and not to a parameter.
 *
 * Reads and writes are relaxed atomics: never torn, and never merged or left out by the compiler,
 * but ordered by nothing except the lock that is being tested.
 */
#include "drivers/driver.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>
#include "base/units.h"
#include "drivers/builtin.h"
#include "drivers/memory/map.h"

struct params {
    const char *path;
    uint64_t gap_ns;
};

typedef _Atomic int64_t word;

static const struct lp_param param_table[] = {
    {"path", LP_PARAM_PATH, LP_ROLE_STORE, offsetof(struct params, path), NULL, NULL,
     "the file that holds the memory; a container's own when in /dev/shm"},
    {"gap", LP_PARAM_DURATION, LP_ROLE_STORE, offsetof(struct params, gap_ns), "0", NULL,
     "add: time between load and store, as if preempted there; shm only"},
};

static int init_word(void *object, const struct lp_client *client, int64_t start)
{
    (void)client;
    atomic_store_explicit((word *)object, start, memory_order_relaxed);
    return 0;
}

/* One kind for both: they may share a counter. */
static const struct lp_map_kind map_kind = {"shared word", init_word};

static enum lp_outcome prepare(struct lp_client *client, unsigned role, int64_t start)
{
    const struct params *params = client->params;
    (void)role;
    return lp_map_prepare(client, &map_kind, params->path, start);
}

static enum lp_outcome reopen(struct lp_client *client)
{
    const struct params *params = client->params;
    return lp_map_open(client, client->state, &map_kind, params->path);
}

static enum lp_outcome open_client(struct lp_client *client, unsigned role)
{
    (void)role;
    return reopen(client);
}

static void close_client(struct lp_client *client)
{
    lp_map_close(client->state);
}

static word *word_of(struct lp_client *client)
{
    const struct lp_map *map = client->state;
    return map->object;
}

static enum lp_outcome read_value(struct lp_client *client, int64_t *value)
{
    *value = atomic_load_explicit(word_of(client), memory_order_relaxed);
    return LP_OK;
}

static enum lp_outcome write_value(struct lp_client *client, int64_t value)
{
    atomic_store_explicit(word_of(client), value, memory_order_relaxed);
    return LP_OK;
}

static enum lp_outcome identify(struct lp_client *client, struct lp_identity *identity)
{
    const struct lp_map *map = client->state;
    *identity = map->identity;
    return LP_OK;
}

/* What a preemption does to a thread, when the machine is not in the mood to. */
static void wait_ns(uint64_t duration_ns)
{
    struct timespec left = {.tv_sec = (time_t)(duration_ns / LP_SEC),
                            .tv_nsec = (long)(duration_ns % LP_SEC)};
    while (duration_ns && clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
        ;
}

/* `count++` as it is written in a thousand programs. */
static enum lp_outcome add_in_two(struct lp_client *client, int64_t delta, int64_t *result)
{
    word *target = word_of(client);
    int64_t value = atomic_load_explicit(target, memory_order_relaxed);
    lp_point(client, "loaded");
    wait_ns(((const struct params *)client->params)->gap_ns);
    atomic_store_explicit(target, value + delta, memory_order_relaxed);
    *result = value + delta;
    return LP_OK;
}

static enum lp_outcome add_in_one(struct lp_client *client, int64_t delta, int64_t *result)
{
    *result = atomic_fetch_add_explicit(word_of(client), delta, memory_order_relaxed) + delta;
    return LP_OK;
}

static enum lp_outcome cas(struct lp_client *client, int64_t expected, int64_t desired)
{
    bool done = atomic_compare_exchange_strong_explicit(word_of(client), &expected, desired,
                                                        memory_order_relaxed, memory_order_relaxed);
    return done ? LP_OK : LP_BUSY;
}

static enum lp_outcome drop(struct lp_client *client)
{
    close_client(client);
    return LP_OK;
}

static const struct lp_store_ops plain_ops = {
    .read = read_value,
    .write = write_value,
    .identify = identify,
    .add = add_in_two,
    .drop = drop,
    .reopen = reopen,
};

static const struct lp_store_ops atomic_ops = {
    .read = read_value,
    .write = write_value,
    .identify = identify,
    .add = add_in_one,
    .cas = cas,
    .drop = drop,
    .reopen = reopen,
};

#define WORD_DRIVER(driver_name, driver_abilities, driver_store, driver_summary)                   \
    {                                                                                              \
        .magic = LP_DRIVER_MAGIC, .abi = LP_DRIVER_ABI, .size = sizeof(struct lp_driver),          \
        .roles = LP_ROLE_STORE, .abilities = (driver_abilities), .owner = LP_OWNER_NAME,           \
        .name = (driver_name), .summary = (driver_summary), .params = param_table,                 \
        .param_count = sizeof param_table / sizeof param_table[0],                                 \
        .params_size = sizeof(struct params), .state_size = sizeof(struct lp_map),                 \
        .prepare = prepare, .open = open_client, .close = close_client, .store = (driver_store),   \
    }

const struct lp_driver lp_driver_shm = WORD_DRIVER(
    "shm", LP_ATOMIC_WRITE, &plain_ops, "a counter in shared memory; add is a load and a store");
const struct lp_driver lp_driver_shm_atomic =
    WORD_DRIVER("shm-atomic", LP_ATOMIC_WRITE | LP_ATOMIC_ADD, &atomic_ops,
                "a counter in shared memory; add and cas are atomic instructions");
