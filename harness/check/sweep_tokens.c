/* SPDX-License-Identifier: MIT */
/*
 * Fencing tokens (Kleppmann 2016; Chubby's sequencers, Burrows 2006). Each grant's token is newer
 * than those of all grants before it; the same one again only to the process that has it. A write
 * is accepted only if its token is no older than that of any write accepted before. Grants and
 * writes are two objects: a store knows of a grant only by what writes bring along.
 *
 * Tokens leave one order only, but for equal ones, whose order is free. So it is enough that each
 * call's token is not older than the newest of those that returned before it was invoked, and that
 * no two grants of different processes that overlap have the same. Exact, in O(n (log c + c)) for c
 * grants in flight at once.
 */
#include <stdlib.h>

#include "check/sweep.h"

/* What has come before, for certain. */
struct newest {
    bool any;
    int64_t token;
    uint32_t process;
    size_t call;
};

struct tokens {
    struct lp_sweep base;
    struct lp_heap grants, writes;        /* in flight */
    struct newest granted, written;       /* of those that returned */
    struct newest *own_grant, *own_write; /* by process */
    size_t own_cap, own_write_cap;
};

static void begin(struct lp_sweep *sweep)
{
    (void)sweep;
}

static int64_t token_of(const struct lp_item *item)
{
    return item->kind == LP_CALL_ACQUIRE ? item->a : item->b;
}

static void settle(struct newest *newest, const struct lp_item *item)
{
    int64_t token = token_of(item);
    if (!newest->any || token >= newest->token)
        *newest = (struct newest){true, token, item->process, item->call};
}

static void advance(struct lp_sweep *sweep, uint64_t time_ns)
{
    struct tokens *tokens = (struct tokens *)sweep;
    while (lp_is_past(sweep, lp_heap_top_ns(&tokens->grants), time_ns)) {
        struct lp_item item = lp_heap_pop(&tokens->grants);
        settle(&tokens->granted, &item);
    }
    while (lp_is_past(sweep, lp_heap_top_ns(&tokens->writes), time_ns)) {
        struct lp_item item = lp_heap_pop(&tokens->writes);
        settle(&tokens->written, &item);
    }
}

static void broken(struct lp_sweep *sweep, size_t before, const struct lp_item *item,
                   const char *detail)
{
    lp_sweep_witness(sweep, before);
    lp_sweep_witness(sweep, item->call);
    lp_sweep_broken(sweep, detail);
}

static void invoke_write(struct tokens *tokens, const struct lp_item *item)
{
    const struct newest *own = &tokens->own_write[item->process];
    if (tokens->written.any && item->b < tokens->written.token)
        broken(&tokens->base, tokens->written.call, item,
               "accepted with an older token than a write before it");
    else if (own->any && item->b < own->token)
        broken(&tokens->base, own->call, item,
               "accepted with an older token than its process's write before it");
    lp_heap_push(&tokens->writes, item);
    settle(&tokens->own_write[item->process], item);
}

static void invoke_grant(struct tokens *tokens, const struct lp_item *item)
{
    const struct newest *last = &tokens->granted, *own = &tokens->own_grant[item->process];
    struct lp_sweep *sweep = &tokens->base;
    if (last->any &&
        (item->a < last->token || (item->a == last->token && item->process != last->process)))
        broken(sweep, last->call, item,
               "granted with a token no newer than that of a grant before");
    else if (own->any && item->a < own->token)
        broken(sweep, own->call, item, "granted with an older token than its process had");
    for (size_t i = 0; i < tokens->grants.count; i++) {
        const struct lp_item *other = &tokens->grants.items[i];
        if (other->a == item->a && other->process != item->process)
            broken(sweep, other->call, item, "the same token as another grant");
    }
    lp_heap_push(&tokens->grants, item);
    settle(&tokens->own_grant[item->process], item);
}

static void invoke(struct lp_sweep *sweep, const struct lp_item *item)
{
    struct tokens *tokens = (struct tokens *)sweep;
    tokens->own_grant =
        lp_grow(tokens->own_grant, &tokens->own_cap, item->process + 1u, sizeof *tokens->own_grant);
    tokens->own_write = lp_grow(tokens->own_write, &tokens->own_write_cap, item->process + 1u,
                                sizeof *tokens->own_write);
    if (item->kind == LP_CALL_ACQUIRE)
        invoke_grant(tokens, item);
    else
        invoke_write(tokens, item);
}

static void release(struct lp_sweep *sweep)
{
    struct tokens *tokens = (struct tokens *)sweep;
    free(tokens->grants.items);
    free(tokens->writes.items);
    free(tokens->own_grant);
    free(tokens->own_write);
}

const struct lp_sweep_rule lp_sweep_tokens = {
    .name = "tokens: none older than one before",
    .size = sizeof(struct tokens),
    .begin = begin,
    .advance = advance,
    .invoke = invoke,
    .release = release,
};
