/* SPDX-License-Identifier: MIT */
/*
 * Registers in which each value is written at most once, so that each read and each compare-and-set
 * tells which write it saw. Then all calls of one value stand together in any order: the write, its
 * reads, and last the compare-and-set that replaced it, which begins the next value. Such a chain
 * is a block, and blocks are put in order as a whole (Gibbons, Korach, "Testing shared memories",
 * SIAM J. Comput. 26, 1997: atomicity with a known read-mapping; Golab, Li, Shah 2011 for the
 * zones).
 *
 * With f the earliest return and s the latest invocation in a block, A must be before B when
 * f(A) < s(B). No order exists exactly if two blocks must each be before the other, or one block
 * cannot be put in order itself. Blocks with f < s ("forward zones") must then be disjoint, and no
 * [s, f] of another lie within one of them. O(n log n).
 *
 * A write of unknown outcome happened if its value was seen; else it is left out. A compare-and-set
 * that did not match is an observation with many explanations: it is left out when looking for a
 * violation, and when none is found the search decides. So it does when a process's own order does
 * not come out of the times (calls that touch).
 */
#include "check/zones.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "base/str.h"

#define NONE UINT32_MAX

/* All calls that saw or set one value. */
struct cluster {
    int64_t value;
    uint32_t writer; /* item, or NONE: it was there from the start */
    uint32_t reads;  /* 1 + the last read of it; linked by `before` */
    uint32_t next;   /* item: the compare-and-set that replaced it, or NONE */
    bool is_start, seen;
};

struct block {
    uint64_t first_ns, last_ns; /* f and s */
    uint32_t first, last;       /* whose they are */
    uint32_t root;              /* cluster */
};

struct zones {
    const struct lp_part *part;
    struct lp_ruling *ruling;
    struct cluster *clusters;
    size_t cluster_count;
    uint32_t *table; /* 1 + cluster, by value */
    size_t table_size;
    uint32_t *before; /* by item: 1 + the read of the same value before it */
    uint32_t *of;     /* by item: cluster that it sets; NONE */
    struct block *blocks;
    size_t block_count;
    bool observed; /* there is a compare-and-set that did not match */
};

static const struct lp_item *item_at(const struct zones *zones, uint32_t item)
{
    return &zones->part->items[item];
}

static bool is_before(const struct zones *zones, uint64_t return_ns, uint64_t invoke_ns)
{
    return return_ns < invoke_ns && invoke_ns - return_ns > zones->part->slack_ns;
}

/* ---- clusters ---- */

static uint32_t find(struct zones *zones, int64_t value, bool make)
{
    size_t at = lp_mix((uint64_t)value, 1) & (zones->table_size - 1);
    for (; zones->table[at] != 0; at = (at + 1) & (zones->table_size - 1))
        if (zones->clusters[zones->table[at] - 1].value == value)
            return zones->table[at] - 1;
    if (!make)
        return NONE;
    zones->clusters[zones->cluster_count] =
        (struct cluster){.value = value, .writer = NONE, .next = NONE};
    zones->table[at] = (uint32_t)++zones->cluster_count;
    return zones->table[at] - 1;
}

/* False when a value was written twice, or was there before it was written. */
static bool find_writers(struct zones *zones)
{
    const struct lp_part *part = zones->part;
    struct cluster *start = &zones->clusters[find(zones, part->calls->start, true)];
    start->is_start = start->seen = true;
    for (uint32_t i = 0; i < part->item_count; i++) {
        const struct lp_item *item = &part->items[i];
        zones->of[i] = NONE;
        if (item->optional && item->return_ns != LP_CALL_NEVER)
            return false; /* in its time or never */
        if (item->observes || item->kind == LP_CALL_READ)
            continue;
        uint32_t at = find(zones, item->kind == LP_CALL_CAS ? item->b : item->a, true);
        struct cluster *cluster = &zones->clusters[at];
        if (cluster->writer != NONE || cluster->is_start)
            return false;
        cluster->writer = i;
        cluster->seen = !item->optional;
        zones->of[i] = at;
    }
    return true;
}

static void broken(struct zones *zones, const char *detail)
{
    zones->ruling->decided = LP_DECIDED_BROKEN;
    snprintf(zones->ruling->detail, sizeof zones->ruling->detail, "%s", detail);
}

static void blame(struct zones *zones, uint32_t item)
{
    lp_ruling_witness(zones->ruling, item_at(zones, item)->call);
}

/* The value was seen: whoever wrote it did, and saw what it replaced. */
static void see(struct zones *zones, uint32_t at)
{
    while (!zones->clusters[at].seen) {
        struct cluster *cluster = &zones->clusters[at];
        const struct lp_item *writer = item_at(zones, cluster->writer);
        cluster->seen = true;
        if (writer->kind != LP_CALL_CAS || (at = find(zones, writer->a, false)) == NONE)
            return;
    }
}

static bool find_readers(struct zones *zones)
{
    const struct lp_part *part = zones->part;
    for (uint32_t i = 0; i < part->item_count; i++) {
        const struct lp_item *item = &part->items[i];
        bool reads = item->kind == LP_CALL_READ;
        zones->observed |= item->observes && !reads;
        if ((!reads && item->kind != LP_CALL_CAS) || (item->observes && !reads) || item->optional)
            continue;
        uint32_t at = find(zones, item->a, false);
        if (at == NONE) {
            broken(zones, "a value was seen that nobody wrote");
            blame(zones, i);
            return false;
        }
        see(zones, at);
        if (reads) {
            zones->before[i] = zones->clusters[at].reads;
            zones->clusters[at].reads = i + 1;
        }
    }
    return true;
}

/* Which compare-and-set replaced each value; two cannot. */
static bool find_next(struct zones *zones)
{
    for (uint32_t i = 0; i < zones->part->item_count; i++) {
        const struct lp_item *item = item_at(zones, i);
        if (zones->of[i] == NONE || item->kind != LP_CALL_CAS ||
            !zones->clusters[zones->of[i]].seen)
            continue;
        uint32_t at = find(zones, item->a, false);
        if (at == NONE) {
            broken(zones, "a value was replaced that nobody wrote");
        } else if (zones->clusters[at].next != NONE) {
            broken(zones, "a value was replaced twice");
        } else {
            zones->clusters[at].next = i;
            continue;
        }
        zones->ruling->witness_count = 0;
        for (uint32_t j = 0; j < zones->part->item_count; j++)
            blame(zones, j);
        return false;
    }
    return true;
}

/* ---- blocks ---- */

typedef bool visit_fn(struct zones *zones, void *context, uint32_t item);

/* The calls of a block, in order. */
static bool visit_block(struct zones *zones, uint32_t root, visit_fn *visit, void *context)
{
    for (uint32_t at = root;;) {
        struct cluster *cluster = &zones->clusters[at];
        if (cluster->writer != NONE && !visit(zones, context, cluster->writer))
            return false;
        /* Reads were linked from the last to the first: turn them round. */
        uint32_t first = 0;
        for (uint32_t read = cluster->reads, next; read != 0; read = next) {
            next = zones->before[read - 1];
            zones->before[read - 1] = first;
            first = read;
        }
        uint32_t last = 0;
        bool goes = true;
        for (uint32_t read = first, next; read != 0; read = next) {
            next = zones->before[read - 1];
            goes = goes && visit(zones, context, read - 1);
            zones->before[read - 1] = last;
            last = read;
        }
        if (!goes)
            return false;
        if (cluster->next == NONE)
            return true;
        at = zones->of[cluster->next];
    }
}

static bool measure(struct zones *zones, void *context, uint32_t item)
{
    struct block *block = context;
    const struct lp_item *call = item_at(zones, item);
    if (!call->optional && call->return_ns < block->first_ns) {
        block->first_ns = call->return_ns;
        block->first = item;
    }
    if (call->optional || !is_before(zones, call->return_ns, block->last_ns)) {
        if (call->invoke_ns >= block->last_ns) {
            block->last_ns = call->invoke_ns;
            block->last = item;
        }
        return true;
    }
    broken(zones, "a call returned before another was invoked that must have come before it");
    return false;
}

static bool blame_all(struct zones *zones, void *context, uint32_t item)
{
    (void)context;
    blame(zones, item);
    return true;
}

static bool make_blocks(struct zones *zones)
{
    for (uint32_t at = 0; at < zones->cluster_count; at++) {
        const struct cluster *cluster = &zones->clusters[at];
        bool chained =
            cluster->writer != NONE && item_at(zones, cluster->writer)->kind == LP_CALL_CAS;
        if (!cluster->seen || chained)
            continue;
        struct block *block = &zones->blocks[zones->block_count++];
        *block = (struct block){.first_ns = UINT64_MAX, .first = NONE, .last = NONE, .root = at};
        if (!visit_block(zones, at, measure, block)) {
            visit_block(zones, at, blame_all, NULL);
            return false;
        }
    }
    return true;
}

/* Chains that go round and round have no root: each value in them came from another one. */
static bool has_circle(struct zones *zones)
{
    size_t reached = 0, seen = 0;
    for (size_t i = 0; i < zones->block_count; i++)
        for (uint32_t at = zones->blocks[i].root;; at = zones->of[zones->clusters[at].next]) {
            reached++;
            if (zones->clusters[at].next == NONE)
                break;
        }
    for (size_t i = 0; i < zones->cluster_count; i++)
        seen += zones->clusters[i].seen;
    return reached < seen;
}

/* ---- order ---- */

static bool is_forward(const struct zones *zones, const struct block *block)
{
    return is_before(zones, block->first_ns, block->last_ns);
}

static bool is_start(const struct zones *zones, const struct block *block)
{
    return zones->clusters[block->root].is_start;
}

static int by_key(const void *a, const void *b, void *context)
{
    const struct zones *zones = context;
    const struct block *left = a, *right = b;
    bool left_start = is_start(zones, left), right_start = is_start(zones, right);
    if (left_start != right_start)
        return left_start ? -1 : 1;
    bool left_forward = is_forward(zones, left), right_forward = is_forward(zones, right);
    uint64_t x = left_forward ? left->first_ns + zones->part->slack_ns : left->last_ns;
    uint64_t y = right_forward ? right->first_ns + zones->part->slack_ns : right->last_ns;
    if (x != y)
        return x < y ? -1 : 1;
    if (left_forward != right_forward)
        return left_forward ? 1 : -1;
    return (left->last > right->last) - (left->last < right->last);
}

static bool blame_chain(struct zones *zones, void *context, uint32_t item)
{
    const struct block *block = context;
    if (item == block->first || item == block->last || item_at(zones, item)->kind == LP_CALL_CAS)
        blame(zones, item);
    return true;
}

static void report(struct zones *zones, struct block *a, struct block *b)
{
    broken(zones, "each of two values must have come before the other one");
    visit_block(zones, a->root, blame_chain, a);
    visit_block(zones, b->root, blame_chain, b);
}

/* In sorted order it is enough to look back at the forward zone that reaches furthest. */
static bool are_apart(struct zones *zones)
{
    struct block *reach = NULL;
    for (size_t i = 0; i < zones->block_count; i++) {
        struct block *block = &zones->blocks[i];
        if (is_start(zones, block)) {
            if (block->last != NONE && item_at(zones, block->last)->invoke_ns > 0)
                reach = block;
            continue;
        }
        if (reach != NULL && is_before(zones, block->first_ns, reach->last_ns) &&
            (is_start(zones, reach) || is_before(zones, reach->first_ns, block->last_ns))) {
            report(zones, reach, block);
            return false;
        }
        if ((reach == NULL || block->last_ns > reach->last_ns) && is_forward(zones, block))
            reach = block;
    }
    return true;
}

/* Does the order that was found hold, for each process's own too? Tells it on the way. */
struct check {
    uint64_t latest_ns;
    size_t *last; /* by process: 1 + call */
    bool tell;
};

static bool check_item(struct zones *zones, void *context, uint32_t item)
{
    struct check *check = context;
    const struct lp_item *call = item_at(zones, item);
    if (!call->optional && (is_before(zones, call->return_ns, check->latest_ns) ||
                            check->last[call->process] > call->call + 1))
        return false;
    if (call->invoke_ns > check->latest_ns)
        check->latest_ns = call->invoke_ns;
    if (call->call + 1 > check->last[call->process])
        check->last[call->process] = call->call + 1;
    if (check->tell)
        lp_ruling_order(zones->ruling, call->call);
    return true;
}

static bool check_order(struct zones *zones)
{
    struct check check = {.tell = zones->part->budget->want_order};
    bool good = true;
    check.last = lp_alloc(zones->part->process_count + 1u, sizeof *check.last);
    for (size_t i = 0; i < zones->block_count && good; i++)
        good = visit_block(zones, zones->blocks[i].root, check_item, &check);
    free(check.last);
    return good;
}

/* True when it has decided. */
static bool decide(struct zones *zones)
{
    if (!find_writers(zones))
        return false;
    if (!find_readers(zones) || !find_next(zones))
        return true;
    if (!make_blocks(zones))
        return true;
    if (has_circle(zones)) {
        broken(zones, "values that each replaced another one, round and round");
        for (uint32_t i = 0; i < zones->part->item_count; i++)
            blame(zones, i);
        return true;
    }
    qsort_r(zones->blocks, zones->block_count, sizeof *zones->blocks, by_key, zones);
    if (!are_apart(zones))
        return true;
    return !zones->observed && check_order(zones);
}

bool lp_rule_zones(const struct lp_part *part, struct lp_ruling *ruling)
{
    struct zones zones = {.part = part, .ruling = ruling, .table_size = 16};
    size_t count = part->item_count + 2;
    while (zones.table_size < 2 * count)
        zones.table_size *= 2;
    zones.clusters = lp_alloc(count, sizeof *zones.clusters);
    zones.table = lp_alloc(zones.table_size, sizeof *zones.table);
    zones.before = lp_alloc(count, sizeof *zones.before);
    zones.of = lp_alloc(count, sizeof *zones.of);
    zones.blocks = lp_alloc(count, sizeof *zones.blocks);
    bool decided = decide(&zones);
    ruling->rule = "zones: calls of one value stand together";
    if (!decided) {
        ruling->order_count = ruling->witness_count = 0;
        ruling->decided = LP_DECIDED_HELD;
    }
    free(zones.clusters);
    free(zones.table);
    free(zones.before);
    free(zones.of);
    free(zones.blocks);
    return decided;
}
