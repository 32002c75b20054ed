/* SPDX-License-Identifier: MIT */
/*
 * A network of our own, so that links can be cut: each container and each server is a node in a
 * network namespace of its own (network_namespaces(7)), and all packets between nodes are forwarded
 * by one hub, where nftables rules drop and count them.
 *
 *     node 0 (10.99.0.2) --veth-- hub --veth-- (10.99.1.2) node 1
 *
 * Needs root, and the programs ip, nft and tc.
 */
#ifndef LP_FAULT_NETWORK_H
#define LP_FAULT_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define LP_NODES_MAX 200

struct lp_node {
    int fd; /* its network namespace */
    char address[16];
};

struct lp_network {
    bool made;
    struct lp_node nodes[LP_NODES_MAX];
    unsigned count;
    unsigned cuts; /* made so far: names of rules */
};

/* Whether it can be made here: 0, or -1 with LP_ERR_NEED. Tried in a child. */
int lp_network_usable(struct lp_err *err) LP_MUST_CHECK;
/* Makes the calling process the hub: it and what it forks lives in a new network namespace. */
int lp_network_init(struct lp_network *network, struct lp_err *err) LP_MUST_CHECK;
void lp_network_release(struct lp_network *network); /* takes a zeroed struct too */

/* A new node; its number is network->count before. */
int lp_network_add(struct lp_network *network, struct lp_err *err) LP_MUST_CHECK;

enum lp_cut_way {
    LP_CUT_BOTH,
    LP_CUT_OUT, /* from `a` to `b` only */
    LP_CUT_IN,
};

/* From now on packets between two nodes are dropped. *cut names it for the other two. */
int lp_network_cut(struct lp_network *network, unsigned a, unsigned b, enum lp_cut_way way,
                   unsigned *cut, struct lp_err *err) LP_MUST_CHECK;
/* How many packets it has dropped so far. */
int lp_network_dropped(unsigned cut, uint64_t *packets, struct lp_err *err) LP_MUST_CHECK;
int lp_network_heal(unsigned cut, struct lp_err *err) LP_MUST_CHECK;

/* The node's link is narrowed to 64 kbit/s in both directions; `delayed` counts the packets that
   had to wait for that. */
int lp_network_slow(const struct lp_network *network, unsigned node,
                    struct lp_err *err) LP_MUST_CHECK;
int lp_network_delayed(const struct lp_network *network, unsigned node, uint64_t *packets,
                       struct lp_err *err) LP_MUST_CHECK;
int lp_network_quicken(const struct lp_network *network, unsigned node,
                       struct lp_err *err) LP_MUST_CHECK;

/* The number behind each `word` in a tool's text, added up. */
uint64_t lp_count_of(const char *text, const char *word);

#endif
