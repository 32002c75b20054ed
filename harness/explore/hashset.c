/* SPDX-License-Identifier: MIT */
/* Linear probing at a load of at most one half (Knuth, TAOCP 3, 6.4, algorithm L). */
#include "explore/hashset.h"

#include <stdlib.h>

#include "base/random.h"
#include "base/str.h"

#define SIZE_MIN 1024

static bool put(struct lp_hashset *set, uint64_t fingerprint)
{
    size_t at = lp_mix(fingerprint, 0) & (set->size - 1);
    while (set->slots[at]) {
        if (set->slots[at] == fingerprint)
            return false;
        at = (at + 1) & (set->size - 1);
    }
    set->slots[at] = fingerprint;
    return true;
}

static void grow(struct lp_hashset *set)
{
    struct lp_hashset larger = {.size = set->size ? 2 * set->size : SIZE_MIN};
    larger.slots = lp_alloc(larger.size, sizeof *larger.slots);
    for (size_t i = 0; i < set->size; i++)
        if (set->slots[i])
            put(&larger, set->slots[i]);
    larger.count = set->count;
    free(set->slots);
    *set = larger;
}

bool lp_hashset_add(struct lp_hashset *set, uint64_t fingerprint)
{
    if (2 * (set->count + 1) > set->size)
        grow(set);
    bool added = put(set, fingerprint ? fingerprint : 1);
    set->count += added;
    return added;
}

void lp_hashset_release(struct lp_hashset *set)
{
    free(set->slots);
    *set = (struct lp_hashset){0};
}
