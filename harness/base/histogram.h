/* SPDX-License-Identifier: MIT */
/*
 * Latencies in log-linear buckets: 32 buckets an octave, so a percentile is at most 3.2 % too high
 * (the idea of HdrHistogram, Tene). Values are ns, 0 up to 2^63. Fixed size, no allocation.
 */
#ifndef LP_BASE_HISTOGRAM_H
#define LP_BASE_HISTOGRAM_H

#include <stdint.h>

#define LP_HISTOGRAM_BUCKETS 1920

struct lp_histogram {
    uint64_t count;
    uint64_t max;
    uint64_t bucket[LP_HISTOGRAM_BUCKETS];
};

void lp_histogram_init(struct lp_histogram *histogram);
void lp_histogram_add(struct lp_histogram *histogram, uint64_t value);
/* All of `from` into `to`. */
void lp_histogram_merge(struct lp_histogram *to, const struct lp_histogram *from);
/* Upper end of the bucket that holds the given quantile (0..1), never above max; 0 when empty. */
uint64_t lp_histogram_quantile(const struct lp_histogram *histogram, double quantile);

#endif
