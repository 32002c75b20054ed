/* SPDX-License-Identifier: MIT */
/*
 * xoshiro256** 1.0 (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2018),
 * seeded with splitmix64 as its authors advise (Steele, Lea, Flood, OOPSLA 2014). Numbers in a
 * range by Lemire's multiplication ("Fast Random Integer Generation in an Interval", 2019): no
 * bias.
 */
#include "base/random.h"

void lp_random_init(struct lp_random *random, uint64_t seed, uint64_t stream)
{
    uint64_t state = lp_mix(seed, stream);

    for (int i = 0; i < 4; i++) {
        state += LP_GOLDEN;
        random->s[i] = lp_finalise(state); /* four different inputs: never all zero */
    }
}

static uint64_t rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

uint64_t lp_random_next(struct lp_random *random)
{
    uint64_t *s = random->s;
    const uint64_t result = rotate(s[1] * 5, 7) * 9;
    const uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t lp_random_between(struct lp_random *random, uint64_t low, uint64_t high)
{
    const uint64_t span = high - low + 1;

    if (span == 0) /* all of 64 bits */
        return lp_random_next(random);
    unsigned __int128 product = (unsigned __int128)lp_random_next(random) * span;
    if ((uint64_t)product < span) {
        const uint64_t threshold = -span % span; /* 2^64 mod span */
        while ((uint64_t)product < threshold)
            product = (unsigned __int128)lp_random_next(random) * span;
    }
    return low + (uint64_t)(product >> 64);
}
