/* SPDX-License-Identifier: MIT */
/* A page of a file, mapped and initialised once. */
#include "drivers/memory/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *const lp_map_init_choices[] = {"once", "each", NULL};

struct page_head {
    _Atomic uint32_t ready; /* 1: `kind` and the object are there */
    char kind[32];
};
_Static_assert(sizeof(struct page_head) <= LP_MAP_OFFSET, "the object lies behind the head");

static enum lp_outcome map_page(struct lp_client *client, int fd, const char *path, void **base)
{
    *base = mmap(NULL, LP_MAP_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (*base != MAP_FAILED)
        return LP_OK;
    *base = NULL;
    return lp_fail(client, LP_FAIL, errno, "unable to map '%s'", path);
}

static enum lp_outcome check_kind(struct lp_client *client, const struct page_head *head,
                                  const struct lp_map_kind *kind, const char *path)
{
    if (atomic_load_explicit(&head->ready, memory_order_acquire) == 1 &&
        strncmp(head->kind, kind->name, sizeof head->kind) == 0)
        return LP_OK;
    return lp_fail(client, LP_FAIL, 0, "'%s' holds something other than a %s", path, kind->name);
}

static enum lp_outcome init_page(struct lp_client *client, void *base,
                                 const struct lp_map_kind *kind, const char *path, int64_t start)
{
    struct page_head *head = base;

    if (atomic_load_explicit(&head->ready, memory_order_acquire) != 0)
        return check_kind(client, head, kind, path);
    int failed = kind->init((char *)base + LP_MAP_OFFSET, client, start);
    if (failed)
        return lp_fail(client, LP_FAIL, failed, "unable to initialise the %s in '%s'", kind->name,
                       path);
    snprintf(head->kind, sizeof head->kind, "%s", kind->name);
    atomic_store_explicit(&head->ready, 1, memory_order_release);
    return LP_OK;
}

enum lp_outcome lp_map_prepare(struct lp_client *client, const struct lp_map_kind *kind,
                               const char *path, int64_t start)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to make '%s'", path);
    /* Room is taken now: a sparse page on a full filesystem would end in SIGBUS. */
    int failed;
    do {
        failed = posix_fallocate(fd, 0, LP_MAP_SIZE);
    } while (failed == EINTR);
    void *base = NULL;
    enum lp_outcome outcome =
        failed ? lp_fail(client, LP_FAIL, failed, "unable to get room for '%s'", path)
               : map_page(client, fd, path, &base);
    close(fd);
    if (outcome != LP_OK)
        return outcome;
    outcome = init_page(client, base, kind, path, start);
    munmap(base, LP_MAP_SIZE);
    return outcome;
}

enum lp_outcome lp_map_open(struct lp_client *client, struct lp_map *map,
                            const struct lp_map_kind *kind, const char *path)
{
    map->base = NULL;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd == -1)
        return lp_fail(client, LP_FAIL, errno, "unable to open '%s'", path);
    enum lp_outcome outcome =
        lp_identity_of_file(client, &map->kernel, kind->name, fd, &map->identity);
    if (outcome == LP_OK && lseek(fd, 0, SEEK_END) < LP_MAP_SIZE)
        outcome = lp_fail(client, LP_FAIL, 0, "'%s' is too short for a %s", path, kind->name);
    if (outcome == LP_OK)
        outcome = map_page(client, fd, path, &map->base);
    close(fd);
    if (outcome == LP_OK)
        outcome = check_kind(client, map->base, kind, path);
    if (outcome != LP_OK) {
        lp_map_close(map);
        return outcome;
    }
    map->object = (char *)map->base + LP_MAP_OFFSET;
    return LP_OK;
}

enum lp_outcome lp_map_init_again(struct lp_client *client, struct lp_map *map,
                                  const struct lp_map_kind *kind)
{
    int failed = kind->init(map->object, client, 0);
    if (!failed)
        return LP_OK;
    lp_map_close(map);
    return lp_fail(client, LP_FAIL, failed, "unable to initialise the %s", kind->name);
}

void lp_map_close(struct lp_map *map)
{
    if (map->base)
        munmap(map->base, LP_MAP_SIZE);
    map->base = NULL;
    map->object = NULL;
}
