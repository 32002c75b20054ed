/* SPDX-License-Identifier: MIT */
/* A hash table of numbers beside the array of names; at most half full. */
#include "history/intern.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define SLOTS_FIRST 64

/* FNV-1a (Fowler, Noll, Vo), with a last mix, since only the low bits are used. */
static uint32_t hash_of(const char *text, size_t len)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    return (uint32_t)(hash ^ hash >> 32);
}

static void put(struct lp_intern *intern, uint32_t hash, uint32_t number)
{
    size_t mask = intern->slot_count - 1;
    size_t at = hash & mask;
    while (intern->slots[at])
        at = (at + 1) & mask;
    intern->slots[at] = number + 1;
    intern->hashes[at] = hash;
}

static void make_slots(struct lp_intern *intern, size_t slot_count)
{
    uint32_t *slots = intern->slots, *hashes = intern->hashes;
    size_t old = intern->slot_count;
    intern->slot_count = slot_count;
    intern->slots = lp_alloc(slot_count, sizeof *intern->slots);
    intern->hashes = lp_alloc(slot_count, sizeof *intern->hashes);
    for (size_t i = 0; i < old; i++)
        if (slots[i])
            put(intern, hashes[i], slots[i] - 1);
    free(slots);
    free(hashes);
}

void lp_intern_init(struct lp_intern *intern, const char ***names, size_t *count,
                    struct lp_arena *arena)
{
    size_t slot_count = SLOTS_FIRST;
    while (slot_count < 2 * *count + 2)
        slot_count *= 2;
    *intern = (struct lp_intern){.names = names, .count = count, .cap = *count, .arena = arena};
    make_slots(intern, slot_count);
    for (size_t i = 0; i < *count; i++)
        put(intern, hash_of((*names)[i], strlen((*names)[i])), (uint32_t)i);
}

void lp_intern_release(struct lp_intern *intern)
{
    free(intern->slots);
    free(intern->hashes);
    *intern = (struct lp_intern){0};
}

uint32_t lp_intern(struct lp_intern *intern, const char *text, size_t len)
{
    uint32_t hash = hash_of(text, len);
    size_t mask = intern->slot_count - 1;
    for (size_t at = hash & mask; intern->slots[at]; at = (at + 1) & mask) {
        if (intern->hashes[at] != hash)
            continue;
        const char *name = (*intern->names)[intern->slots[at] - 1];
        if (strncmp(name, text, len) == 0 && name[len] == '\0')
            return intern->slots[at] - 1;
    }
    size_t number = *intern->count;
    if (2 * (number + 1) > intern->slot_count)
        make_slots(intern, 2 * intern->slot_count);
    *intern->names = lp_grow(*intern->names, &intern->cap, number + 1, sizeof **intern->names);
    (*intern->names)[number] = lp_arena_strndup(intern->arena, text, len);
    *intern->count = number + 1;
    put(intern, hash, (uint32_t)number);
    return (uint32_t)number;
}
