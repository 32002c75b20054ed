/* SPDX-License-Identifier: MIT */
/* Seeded random numbers: xoshiro256** (Blackman, Vigna 2018), seeded by splitmix64. */
#ifndef LP_BASE_RANDOM_H
#define LP_BASE_RANDOM_H

#include <stdint.h>

struct lp_random {
    uint64_t s[4];
};

/* `stream` gives each worker a sequence of its own under one seed. */
void lp_random_init(struct lp_random *random, uint64_t seed, uint64_t stream);
uint64_t lp_random_next(struct lp_random *random);
/* Uniform in [low, high], both included; low <= high. */
uint64_t lp_random_between(struct lp_random *random, uint64_t low, uint64_t high);

/* A good 64-bit mix of two words (splitmix64's finaliser); for hashes, not for secrets. */
uint64_t lp_mix(uint64_t a, uint64_t b);

#endif
