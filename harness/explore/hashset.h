/* SPDX-License-Identifier: MIT */
/* Inside the room: a set of 64-bit fingerprints, to count different ones. Open addressing. */
#ifndef LP_EXPLORE_HASHSET_H
#define LP_EXPLORE_HASHSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lp_hashset {
    uint64_t *slots; /* 0: free */
    size_t size;     /* a power of two */
    uint64_t count;
};

/* True when it was not there yet. */
bool lp_hashset_add(struct lp_hashset *set, uint64_t fingerprint);
void lp_hashset_release(struct lp_hashset *set); /* takes a zeroed struct too */

#endif
