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

#define LP_GOLDEN UINT64_C(0x9e3779b97f4a7c15)

/* splitmix64's finaliser: a bijection. */
static inline uint64_t lp_finalise(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A good 64-bit mix of two words; for hashes, not for secrets. Bijective in each argument when the
   other is fixed, and not symmetric. */
static inline uint64_t lp_mix(uint64_t a, uint64_t b)
{
    return lp_finalise((lp_finalise(a + LP_GOLDEN) ^ b) + LP_GOLDEN);
}

#endif
