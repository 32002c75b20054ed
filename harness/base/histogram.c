/* SPDX-License-Identifier: MIT */
/*
 * Log-linear buckets. Values below 32 have a bucket each; an octave from 2^e on is cut into 32
 * equal buckets of 2^(e-5), numbered on: (e - 5) * 32 + the value's 6 leading bits. 2^63 is in
 * bucket 1888, the last of 64 bits in 1919.
 */
#include "base/histogram.h"

#include <string.h>

enum { SUB_BITS = 5, SUB = 1 << SUB_BITS };

_Static_assert((63 - SUB_BITS) * SUB + 2 * SUB == LP_HISTOGRAM_BUCKETS, "64 bits fit exactly");

void lp_histogram_init(struct lp_histogram *histogram)
{
    memset(histogram, 0, sizeof(*histogram));
}

static unsigned bucket_of(uint64_t value)
{
    if (value < SUB)
        return (unsigned)value;
    const unsigned shift = 63u - (unsigned)__builtin_clzll(value) - SUB_BITS;
    return shift * SUB + (unsigned)(value >> shift);
}

/* The largest value that falls into the bucket. */
static uint64_t bucket_end(unsigned bucket)
{
    if (bucket < 2 * SUB)
        return bucket;
    const unsigned shift = bucket / SUB - 1;
    const uint64_t lead = bucket % SUB + SUB;
    return (lead << shift) + ((UINT64_C(1) << shift) - 1);
}

void lp_histogram_add(struct lp_histogram *histogram, uint64_t value)
{
    histogram->bucket[bucket_of(value)]++;
    histogram->count++;
    if (value > histogram->max)
        histogram->max = value;
}

void lp_histogram_merge(struct lp_histogram *to, const struct lp_histogram *from)
{
    for (unsigned i = 0; i < LP_HISTOGRAM_BUCKETS; i++)
        to->bucket[i] += from->bucket[i];
    to->count += from->count;
    if (from->max > to->max)
        to->max = from->max;
}

uint64_t lp_histogram_quantile(const struct lp_histogram *histogram, double quantile)
{
    uint64_t seen = 0;

    if (histogram->count == 0)
        return 0;
    if (!(quantile > 0.0))
        quantile = 0.0;
    if (quantile >= 1.0)
        return histogram->max;
    /* The smallest rank that covers the quantile; at least the first value. */
    const double exact = quantile * (double)histogram->count;
    uint64_t rank = (uint64_t)exact;
    if ((double)rank < exact || rank == 0)
        rank++;
    for (unsigned i = 0; i < LP_HISTOGRAM_BUCKETS; i++) {
        seen += histogram->bucket[i];
        if (seen >= rank) {
            const uint64_t end = bucket_end(i);
            return end < histogram->max ? end : histogram->max;
        }
    }
    return histogram->max;
}
