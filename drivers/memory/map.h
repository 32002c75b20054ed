/* SPDX-License-Identifier: MIT */
/*
 * One page of a file that several processes map: the home of words, mutexes and semaphores. The
 * path decides who shares it: a file in {shared}, or one in /dev/shm, which every container has for
 * itself.
 *
 * The page starts with a word that says which driver initialised it, stored last with release
 * order: whoever reads it sees the rest. So an object is initialised exactly once, however many
 * containers prepare it; a second pthread_mutex_init() of a mutex in use would be undefined.
 */
#ifndef LP_DRIVERS_MEMORY_MAP_H
#define LP_DRIVERS_MEMORY_MAP_H

#include "drivers/driver.h"
#include "drivers/identity.h"

#define LP_MAP_SIZE 4096
#define LP_MAP_OFFSET 64 /* of the driver's own object: on a cache line of its own */

struct lp_map {
    void *base; /* NULL: not mapped */
    void *object;
    struct lp_kernel_id kernel;
    struct lp_identity identity;
};

/* What lies in the page; the names of the kinds must differ within the program. */
struct lp_map_kind {
    const char *name;
    /* Initialises the zeroed object of a client's parameters: 0, or an errno value. */
    int (*init)(void *object, const struct lp_client *client, int64_t start);
};

/* Indexes into lp_map_init_choices. */
enum lp_map_init {
    LP_MAP_INIT_ONCE,
    LP_MAP_INIT_EACH,
};
extern const char *const lp_map_init_choices[];
#define LP_MAP_INIT_HELP "initialise it once, or wrongly at each open"

/* Makes and initialises the file when that is not done yet. LP_OK, or LP_FAIL with the reason. */
enum lp_outcome lp_map_prepare(struct lp_client *client, const struct lp_map_kind *kind,
                               const char *path, int64_t start);
enum lp_outcome lp_map_open(struct lp_client *client, struct lp_map *map,
                            const struct lp_map_kind *kind, const char *path);
/* The mistake of programs in which everybody who comes initialises: what is held becomes free. */
enum lp_outcome lp_map_init_again(struct lp_client *client, struct lp_map *map,
                                  const struct lp_map_kind *kind);
/* Takes a zeroed struct too. */
void lp_map_close(struct lp_map *map);

#endif
